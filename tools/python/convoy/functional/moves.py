"""Rearranging: padding, sizes, order of axes, joining, picking; and matrix products."""
from __future__ import annotations

import math
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from .._enums import Layout, Status
from .._values import ArrayLike, Desc, dtype_code
from ..buffer import Buffer
from ..errors import UnsupportedError
from ._call import (Activation, Array, Size, as_any, as_map, as_plain, axis_of, call, context_of,
                    operand, several, shape_error)
from .elements import mul, sigmoid
from .pool import _adaptive

__all__ = [
    'pad', 'interpolate', 'pixel_shuffle', 'pixel_unshuffle', 'cat', 'permute', 'flip', 'narrow',
    'index_select', 'embedding', 'glu', 'to_channels_last', 'to_channels_first', 'matmul', 'bmm',
    'addmm',
]

_MODES = {'constant': 'zeros', 'reflect': 'reflect', 'replicate': 'replicate',
          'circular': 'circular'}


def _either(input: ArrayLike, channels_last: bool) -> Tuple[Any, Desc]:
    return as_any(input, True) if channels_last else as_plain(input)


def pad(input: ArrayLike, pad: Sequence[int], mode: str = 'constant',
        value: Optional[float] = None, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.pad: (left, right, top, bottom, ...) from the last axis on.

    mode 'constant' (with value; negative numbers cut), 'reflect', 'replicate', 'circular', each on
    any axis. With channels_last input is [n, h, w, c], and pad still begins with the width.
    """
    if mode not in _MODES:
        raise ValueError(f'mode is {mode!r}, one of {", ".join(_MODES)} is wanted')
    x, desc = _either(input, channels_last)
    rank = len(desc.size)
    if len(pad) % 2 or len(pad) > 2 * rank:
        raise shape_error(f'pad has {len(pad)} numbers, an even count up to {2 * rank} is wanted')
    missing = (0,) * (rank - len(pad) // 2)
    before = missing + tuple(pad[0::2])[::-1]
    after = missing + tuple(pad[1::2])[::-1]
    params = dict(src=desc, before=before, after=after, mode=_MODES[mode],
                  value=float(value or 0.0))
    return call('pad', params, {'src': x})[0]


# Resizing -----------------------------------------------------------------------------------------

_INTERPOLATE = {        # mode -> axes, mode and rule of the library
    'nearest': ((1, 2, 3), 'nearest', 'asymmetric'),
    'nearest-exact': ((1, 2, 3), 'nearest', 'tf_half_pixel'),
    'linear': ((1,), 'bilinear', 'half_pixel'),
    'bilinear': ((2,), 'bilinear', 'half_pixel'),
    'trilinear': ((3,), 'bilinear', 'half_pixel'),
    'bicubic': ((2,), 'bicubic', 'half_pixel'),
}


def _interpolated_size(spatial: Sequence[int], size: Optional[Size], scale_factor: Any,
                       recompute: Optional[bool]) -> Tuple[Tuple[int, ...], Optional[Tuple]]:
    axes = len(spatial)
    if (size is None) == (scale_factor is None):
        raise ValueError('either size or scale_factor is wanted')
    if size is not None:
        if recompute:
            raise ValueError('recompute_scale_factor needs scale_factor')
        return several('size', size, axes), None
    factors = tuple(float(each) for each in np.broadcast_to(scale_factor, (axes,)))
    wanted = tuple(math.floor(own * factor) for own, factor in zip(spatial, factors))
    return wanted, None if recompute else factors


def interpolate(input: ArrayLike, size: Optional[Size] = None,
                scale_factor: Union[None, float, Sequence[float]] = None, mode: str = 'nearest',
                align_corners: Optional[bool] = None,
                recompute_scale_factor: Optional[bool] = None, antialias: bool = False, *,
                channels_last: bool = False) -> Array:
    """torch.nn.functional.interpolate of [n, c, ...] with 1 to 3 spatial axes.

    mode 'nearest', 'nearest-exact', 'linear' (1-D), 'bilinear', 'bicubic' (2-D), 'trilinear' (3-D),
    'area'. Positions are exact fractions: where float arithmetic lets PyTorch's nearest miss a
    pixel's edge, this does not.
    """
    x, desc = as_any(input, channels_last)
    axes = len(desc.size) - 2
    if antialias:
        raise UnsupportedError('antialias is True: Convoy has none', Status.ERR_UNSUPPORTED)
    if align_corners is not None and mode in ('nearest', 'nearest-exact', 'area'):
        raise ValueError(f'align_corners goes with the linear and cubic modes, not {mode}')
    wanted, scale = _interpolated_size(desc.size[2:], size, scale_factor, recompute_scale_factor)
    if mode == 'area':
        return _adaptive(axes, 'adaptive_average', x, wanted, channels_last)
    if mode not in _INTERPOLATE:
        raise ValueError(f'mode is {mode!r}, one of {", ".join(_INTERPOLATE)}, area is wanted')
    takes, kind, rule = _INTERPOLATE[mode]
    if axes not in takes:
        raise shape_error(f'mode {mode} with {axes} spatial axes, {takes[0]} are wanted')
    if align_corners:
        rule, scale = 'align_corners', None
    if scale and kind == 'bilinear':    # PyTorch copies along an axis whose size stays
        scale = tuple(0.0 if new == own else factor
                      for new, own, factor in zip(wanted, desc.size[2:], scale))
    params = dict(src=desc, output_size=wanted, scale=scale, mode=kind, coordinates=rule)
    return call('resize', params, {'src': x})[0]


def _block(op: str, input: ArrayLike, block: int, channels_last: bool) -> Array:
    x = as_map(input, 2, channels_last)
    out, _ = call(op, dict(src=x.desc, block=block), {'src': x.value})
    return x.out(out)


def pixel_shuffle(input: ArrayLike, upscale_factor: int, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.pixel_shuffle: [n, c r r, h, w] to [n, c, h r, w r]."""
    return _block('depth_to_space', input, upscale_factor, channels_last)


def pixel_unshuffle(input: ArrayLike, downscale_factor: int, *,
                    channels_last: bool = False) -> Array:
    """torch.nn.functional.pixel_unshuffle: [n, c, h r, w r] to [n, c r r, h, w]."""
    return _block('space_to_depth', input, downscale_factor, channels_last)


# Order, joining, picking --------------------------------------------------------------------------

def cat(tensors: Sequence[ArrayLike], dim: int = 0, *, channels_last: bool = False) -> Array:
    """torch.cat: one behind the other along an axis."""
    values = [operand(each) for each in tensors]
    if any(isinstance(each, Buffer) for each in values):
        context = context_of({'srcs': values})
        values = [Buffer.of(each, context=context) for each in values]
    descs = tuple(_either(each, channels_last)[1] for each in values)
    axis = axis_of(dim, len(descs[0].size)) if descs else 0
    return call('concat', dict(srcs=descs, axis=axis), {'srcs': values})[0]


def permute(input: ArrayLike, dims: Sequence[int]) -> Array:
    """torch.permute: axis i of the result is axis dims[i] of the input."""
    x, desc = as_plain(input)
    rank = len(desc.size)
    if len(dims) != rank:
        raise shape_error(f'dims has {len(dims)} axes, input has {rank}')
    order = tuple(axis_of(dim, rank) for dim in dims)
    return call('transpose', dict(src=desc, order=order), {'src': x})[0]


def _slice(input: ArrayLike, changes: Dict[int, Tuple[int, int, int]]) -> Array:
    """Axis -> (start, step, size)."""
    x, desc = as_plain(input)
    rank = len(desc.size)
    start, step, size = [0] * rank, [1] * rank, [0] * rank
    for axis, values in changes.items():
        start[axis], step[axis], size[axis] = values
    params = dict(src=desc, start=tuple(start), step=tuple(step), size=tuple(size))
    return call('slice', params, {'src': x})[0]


def flip(input: ArrayLike, dims: Sequence[int]) -> Array:
    """torch.flip: backwards along the axes named."""
    x, desc = as_plain(input)
    return _slice(x, {axis_of(dim, len(desc.size)): (-1, -1, 0) for dim in dims})


def narrow(input: ArrayLike, dim: int, start: int, length: int) -> Array:
    """torch.narrow: `length` elements of an axis from `start` on."""
    x, desc = as_plain(input)
    axis = axis_of(dim, len(desc.size))
    if length < 1:
        raise shape_error(f'length is {length}, 1 or more is wanted')
    return _slice(x, {axis: (start, 1, length)})


def index_select(input: ArrayLike, dim: int, index: ArrayLike) -> Array:
    """torch.index_select: the entries of an axis that index names. Negative ones count from the
    end; one outside gives zeros."""
    x, desc = as_plain(input)
    places = operand(index)
    if places.dtype not in (np.int32, np.int64) or places.ndim != 1:
        raise TypeError(f'index is {places.dtype} with {places.ndim} axes, a vector of int64 or '
                        'int32 is wanted')
    params = dict(src=desc, axis=axis_of(dim, len(desc.size)),
                  indices=Desc(tuple(places.shape), dtype_code(places.dtype), Layout.PLAIN))
    return call('gather', params, {'src': x, 'indices': places})[0]


def embedding(input: ArrayLike, weight: ArrayLike) -> Array:
    """torch.nn.functional.embedding: for each index the row of weight that it names."""
    places = operand(input)
    rows, desc = as_plain(weight)
    if places.dtype not in (np.int32, np.int64):
        raise TypeError(f'input is {places.dtype}, int64 or int32 is wanted')
    params = dict(src=desc, axis=0, indices=as_plain(places)[1])
    out = call('gather', params, {'src': rows, 'indices': places})[0]
    return out.reshape(tuple(places.shape) + tuple(rows.shape[1:]))


def glu(input: ArrayLike, dim: int = -1) -> Array:
    """torch.nn.functional.glu: the first half of an axis times the sigmoid of the second."""
    x, desc = as_plain(input)
    half, odd = divmod(desc.size[axis_of(dim, len(desc.size))], 2)
    if odd:
        raise shape_error(f'dim {dim} has {2 * half + 1} entries, an even number is wanted')
    return mul(narrow(x, dim, 0, half), sigmoid(narrow(x, dim, half, half)))


def to_channels_last(input: ArrayLike) -> Array:
    """[n, c, ...] to [n, ..., c]."""
    x, desc = as_any(input, False)
    return call('copy', dict(src=desc, dst=desc._replace(layout=Layout.NHWC)), {'src': x})[0]


def to_channels_first(input: ArrayLike) -> Array:
    """[n, ..., c] to [n, c, ...]."""
    x, desc = as_any(input, True)
    return call('copy', dict(src=desc, dst=desc._replace(layout=Layout.NCHW)), {'src': x})[0]


# Matrices -----------------------------------------------------------------------------------------

def _product(x: Any, y: Any, **rest: Any) -> Array:
    slots = {'src': x, 'src2': y, 'bias': rest.pop('bias', None)}
    params = dict(src=as_plain(x)[1], src2=as_plain(y)[1], **rest)
    if slots['bias'] is not None:
        params['bias'] = as_plain(slots['bias'])[1]
    return call('matmul', params, slots)[0]


def matmul(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.matmul: [..., m, k] [..., k, n], batches that broadcast, or vectors on either side."""
    x, y = operand(input), operand(other)
    if x.ndim < 1 or y.ndim < 1:
        raise shape_error('a matrix product of a scalar')
    left, right = x.ndim == 1, y.ndim == 1
    x = x.reshape((1, -1)) if left else x
    y = y.reshape((-1, 1)) if right else y
    out = _product(x, y, activation=(activation,) if isinstance(activation, str) else activation)
    shape = list(out.shape)
    if right:
        del shape[-1]
    if left:
        del shape[-1 if right else -2]
    return out.reshape(tuple(shape))


def bmm(input: ArrayLike, mat2: ArrayLike) -> Array:
    """torch.bmm: [b, m, k] [b, k, n]."""
    x, y = operand(input), operand(mat2)
    if x.ndim != 3 or y.ndim != 3 or x.shape[0] != y.shape[0]:
        raise shape_error(f'input is {list(x.shape)}, mat2 {list(y.shape)}: [b, m, k] and '
                          '[b, k, n] are wanted')
    return _product(x, y)


def addmm(input: ArrayLike, mat1: ArrayLike, mat2: ArrayLike, *, beta: float = 1.0,
          alpha: float = 1.0) -> Array:
    """torch.addmm: beta input + alpha mat1 mat2; input broadcasts."""
    if not alpha:
        raise ValueError('alpha is 0')
    bias = operand(input) if beta else None
    return _product(operand(mat1), operand(mat2), bias=bias, alpha=alpha, beta=beta or None)
