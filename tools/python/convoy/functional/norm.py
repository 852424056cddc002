"""Normalisation: batch, instance, group, layer, local response."""
from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from .._enums import Status
from .._values import TINY, ArrayLike
from ..errors import UnsupportedError
from ._call import (Activation, Array, as_any, as_plain, call, expect, fused,
                    shape_error)
from .elements import add, mul

__all__ = [
    'batch_norm', 'instance_norm', 'group_norm', 'layer_norm', 'local_response_norm',
]


def _vectors(channels: int, activation: Activation,
             **named: Optional[ArrayLike]) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Params and slots of what a normalisation does behind."""
    words, slope = fused(activation, channels)
    slots = {slot: expect(name, value, (channels,)) for (slot, name), value in
             zip((('scale', 'weight'), ('bias', 'bias'), ('mean', 'running_mean'),
                  ('variance', 'running_var')), named.values()) if value is not None}
    params = dict(scale='scale' in slots, bias='bias' in slots, activation=words)
    return params, dict(slots, slope=slope)


def batch_norm(input: ArrayLike, running_mean: ArrayLike, running_var: ArrayLike,
               weight: Optional[ArrayLike] = None, bias: Optional[ArrayLike] = None,
               training: bool = False, momentum: float = 0.1, eps: float = 1e-5, *,
               activation: Activation = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.batch_norm with the statistics of training.

    input [n, c, ...] with up to 3 spatial axes; running_mean, running_var, weight, bias [c].
    """
    if training:
        raise UnsupportedError('training is True: Convoy has no training',
                               Status.ERR_UNSUPPORTED)
    x, desc = as_any(input, channels_last)
    params, slots = _vectors(desc.size[1], activation, weight=weight, bias=bias,
                             mean=running_mean, variance=running_var)
    out, _ = call('batch_norm', dict(params, src=desc, eps=eps or TINY), dict(slots, src=x))
    return out


def instance_norm(input: ArrayLike, running_mean: Optional[ArrayLike] = None,
                  running_var: Optional[ArrayLike] = None, weight: Optional[ArrayLike] = None,
                  bias: Optional[ArrayLike] = None, use_input_stats: bool = True,
                  momentum: float = 0.1, eps: float = 1e-5, *, activation: Activation = None,
                  channels_last: bool = False) -> Array:
    """torch.nn.functional.instance_norm of [n, c, ...] with 1 to 3 spatial axes.

    With use_input_stats=False the running statistics are taken, as in batch_norm.
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise ValueError('running_mean and running_var are wanted without use_input_stats')
        return batch_norm(input, running_mean, running_var, weight, bias, eps=eps,
                          activation=activation, channels_last=channels_last)
    x, desc = as_any(input, channels_last)
    params, slots = _vectors(desc.size[1], activation, weight=weight, bias=bias)
    out, _ = call('instance_norm', dict(params, src=desc, eps=eps or TINY), dict(slots, src=x))
    return out


def group_norm(input: ArrayLike, num_groups: int, weight: Optional[ArrayLike] = None,
               bias: Optional[ArrayLike] = None, eps: float = 1e-5) -> Array:
    """torch.nn.functional.group_norm of [n, c, ...]; weight, bias [c]."""
    x, desc = as_any(input, False)
    channels = desc.size[1]
    if num_groups < 1 or channels % num_groups:
        raise shape_error(f'num_groups is {num_groups}, {channels} channels are no multiple of it')
    out = instance_norm(x.reshape((desc.size[0], num_groups, -1)), eps=eps).reshape(x.shape)
    shape = (channels,) + (1,) * (len(desc.size) - 2)
    if weight is not None:
        out = mul(out, expect('weight', weight, (channels,)).reshape(shape))
    if bias is not None:
        out = add(out, expect('bias', bias, (channels,)).reshape(shape))
    return out


def layer_norm(input: ArrayLike, normalized_shape: Union[int, Sequence[int]],
               weight: Optional[ArrayLike] = None, bias: Optional[ArrayLike] = None,
               eps: float = 1e-5) -> Array:
    """torch.nn.functional.layer_norm over the last axes; weight, bias [normalized_shape]."""
    x, desc = as_plain(input)
    last = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not last or desc.size[-len(last):] != last:
        raise shape_error(f'normalized_shape is {list(last)}, input is {list(desc.size)}')
    count = int(np.prod(last))
    out = instance_norm(x.reshape((1, -1, count)), eps=eps).reshape(x.shape)
    if weight is not None:
        out = mul(out, expect('weight', weight, last))
    if bias is not None:
        out = add(out, expect('bias', bias, last))
    return out


def local_response_norm(input: ArrayLike, size: int, alpha: float = 1e-4, beta: float = 0.75,
                        k: float = 1.0, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.local_response_norm of [n, c, ...] with 1 to 3 spatial axes."""
    x, desc = as_any(input, channels_last)
    params = dict(src=desc, size=size, alpha=alpha or TINY, beta=beta or TINY, k=k or TINY)
    out, _ = call('lrn', params, {'src': x})
    return out
