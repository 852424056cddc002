"""Pooling: max, average, Lp, adaptive, and max pooling undone."""
from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from .._values import ArrayLike
from ._call import (Array, Size, as_map, call, expect, operand, positive, several, shape_error,
                    sizes)

__all__ = [
    'max_pool1d', 'max_pool2d', 'max_pool3d', 'avg_pool1d', 'avg_pool2d', 'avg_pool3d', 'lp_pool1d',
    'lp_pool2d', 'lp_pool3d', 'adaptive_avg_pool1d', 'adaptive_avg_pool2d', 'adaptive_avg_pool3d',
    'adaptive_max_pool1d', 'adaptive_max_pool2d', 'adaptive_max_pool3d', 'max_unpool1d',
    'max_unpool2d', 'max_unpool3d',
]

Pooled = Union[Array, Tuple[Array, Array]]
AdaptiveSize = Union[None, int, Sequence[Optional[int]]]


def _windows(axes: int, kernel_size: Size, stride: Optional[Size], padding: Size) -> Any:
    kernel = several('kernel_size', kernel_size, axes)
    steps = kernel if stride is None or stride == () else several('stride', stride, axes)
    params = dict(kernel_size=kernel, stride=steps, padding=several('padding', padding, axes))
    positive(params, 'kernel_size', 'stride')
    return params


def _pool(axes: int, kind: str, input: ArrayLike, params: Any, channels_last: bool,
          return_indices: bool = False) -> Pooled:
    x = as_map(input, axes, channels_last)
    params = dict(params, kind=kind, src=x.desc)
    if return_indices:
        params['indices'] = 'plane'
    out, indices = call('pool', params, {'src': x.value})
    return (x.out(out), x.out(indices)) if return_indices else x.out(out)


# Max ----------------------------------------------------------------------------------------------

def _max_pool(axes: int, input: ArrayLike, kernel_size: Size, stride: Optional[Size],
              padding: Size, dilation: Size, ceil_mode: bool, return_indices: bool,
              channels_last: bool) -> Pooled:
    params = dict(_windows(axes, kernel_size, stride, padding),
                  dilation=several('dilation', dilation, axes), ceil_mode=bool(ceil_mode))
    positive(params, 'dilation')
    return _pool(axes, 'max', input, params, channels_last, return_indices)


def max_pool1d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, dilation: Size = 1, ceil_mode: bool = False,
               return_indices: bool = False, *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.max_pool1d: max_pool2d with one spatial axis, [n, c, w] or [c, w]."""
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices,
                     channels_last)


def max_pool2d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, dilation: Size = 1, ceil_mode: bool = False,
               return_indices: bool = False, *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.max_pool2d of [n, c, h, w] or [c, h, w].

    With return_indices also where each maximum was, int64, counted row by row in its channel's
    plane. channels_last: [n, h, w, c] or [h, w, c], and the results alike.
    """
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices,
                     channels_last)


def max_pool3d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, dilation: Size = 1, ceil_mode: bool = False,
               return_indices: bool = False, *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.max_pool3d: max_pool2d with three spatial axes, [n, c, d, h, w]."""
    return _max_pool(3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices,
                     channels_last)


# Average and Lp -----------------------------------------------------------------------------------

def _avg_pool(axes: int, input: ArrayLike, kernel_size: Size, stride: Optional[Size],
              padding: Size, ceil_mode: bool, count_include_pad: bool,
              divisor_override: Optional[int], channels_last: bool) -> Array:
    if divisor_override == 0:
        raise ValueError('divisor_override is 0')
    params = dict(_windows(axes, kernel_size, stride, padding), ceil_mode=bool(ceil_mode),
                  count_include_pad='include' if count_include_pad else 'exclude',
                  divisor_override=divisor_override)
    return _pool(axes, 'average', input, params, channels_last)


def avg_pool1d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, ceil_mode: bool = False, count_include_pad: bool = True, *,
               channels_last: bool = False) -> Array:
    """torch.nn.functional.avg_pool1d of [n, c, w] or [c, w]."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None,
                     channels_last)


def avg_pool2d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: Optional[int] = None, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.avg_pool2d of [n, c, h, w] or [c, h, w]; see max_pool2d."""
    return _avg_pool(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override, channels_last)


def avg_pool3d(input: ArrayLike, kernel_size: Size, stride: Optional[Size] = None,
               padding: Size = 0, ceil_mode: bool = False, count_include_pad: bool = True,
               divisor_override: Optional[int] = None, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.avg_pool3d of [n, c, d, h, w] or [c, d, h, w]."""
    return _avg_pool(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad,
                     divisor_override, channels_last)


def _lp_pool(axes: int, input: ArrayLike, norm_type: float, kernel_size: Size,
             stride: Optional[Size], padding: Size, ceil_mode: bool, channels_last: bool) -> Array:
    if not norm_type > 0:
        raise ValueError(f'norm_type is {norm_type}, more than 0 is wanted')
    params = dict(_windows(axes, kernel_size, stride, padding), ceil_mode=bool(ceil_mode),
                  norm_type=float(norm_type))
    return _pool(axes, 'lp', input, params, channels_last)


def lp_pool1d(input: ArrayLike, norm_type: float, kernel_size: Size,
              stride: Optional[Size] = None, ceil_mode: bool = False, *, padding: Size = 0,
              channels_last: bool = False) -> Array:
    """torch.nn.functional.lp_pool1d of [n, c, w] or [c, w]; see lp_pool2d."""
    return _lp_pool(1, input, norm_type, kernel_size, stride, padding, ceil_mode, channels_last)


def lp_pool2d(input: ArrayLike, norm_type: float, kernel_size: Size,
              stride: Optional[Size] = None, ceil_mode: bool = False, *, padding: Size = 0,
              channels_last: bool = False) -> Array:
    """torch.nn.functional.lp_pool2d: (sum |x|^p)^(1/p) of each window.

    PyTorch sums x^p without the |.|, which differs for odd p and negative x; and where ceil_mode
    lets a window stick out, it scales what is inside up to a full window.
    """
    return _lp_pool(2, input, norm_type, kernel_size, stride, padding, ceil_mode, channels_last)


def lp_pool3d(input: ArrayLike, norm_type: float, kernel_size: Size,
              stride: Optional[Size] = None, ceil_mode: bool = False, *, padding: Size = 0,
              channels_last: bool = False) -> Array:
    """torch.nn.functional.lp_pool3d of [n, c, d, h, w] or [c, d, h, w]; see lp_pool2d."""
    return _lp_pool(3, input, norm_type, kernel_size, stride, padding, ceil_mode, channels_last)


# Adaptive -----------------------------------------------------------------------------------------

def _adaptive(axes: int, kind: str, input: ArrayLike, output_size: AdaptiveSize,
              channels_last: bool, return_indices: bool = False) -> Pooled:
    x = as_map(input, axes, channels_last)
    wanted = output_size if isinstance(output_size, (list, tuple)) else (output_size,)
    wanted = tuple(wanted) * (axes if len(wanted) == 1 else 1)
    if len(wanted) != axes:
        raise shape_error(f'output_size is {list(wanted)}, 1 or {axes} numbers are wanted')
    size = tuple(own if each is None else each for each, own in zip(wanted, x.spatial))
    return _pool(axes, kind, input, {'output_size': size}, channels_last, return_indices)


def adaptive_avg_pool1d(input: ArrayLike, output_size: AdaptiveSize, *,
                        channels_last: bool = False) -> Array:
    """torch.nn.functional.adaptive_avg_pool1d of [n, c, w] or [c, w]."""
    return _adaptive(1, 'adaptive_average', input, output_size, channels_last)


def adaptive_avg_pool2d(input: ArrayLike, output_size: AdaptiveSize, *,
                        channels_last: bool = False) -> Array:
    """torch.nn.functional.adaptive_avg_pool2d of [n, c, h, w] or [c, h, w]; None keeps a size."""
    return _adaptive(2, 'adaptive_average', input, output_size, channels_last)


def adaptive_avg_pool3d(input: ArrayLike, output_size: AdaptiveSize, *,
                        channels_last: bool = False) -> Array:
    """torch.nn.functional.adaptive_avg_pool3d of [n, c, d, h, w] or [c, d, h, w]."""
    return _adaptive(3, 'adaptive_average', input, output_size, channels_last)


def adaptive_max_pool1d(input: ArrayLike, output_size: AdaptiveSize, return_indices: bool = False,
                        *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.adaptive_max_pool1d of [n, c, w] or [c, w]; see max_pool2d."""
    return _adaptive(1, 'adaptive_max', input, output_size, channels_last, return_indices)


def adaptive_max_pool2d(input: ArrayLike, output_size: AdaptiveSize, return_indices: bool = False,
                        *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.adaptive_max_pool2d of [n, c, h, w] or [c, h, w]; see max_pool2d."""
    return _adaptive(2, 'adaptive_max', input, output_size, channels_last, return_indices)


def adaptive_max_pool3d(input: ArrayLike, output_size: AdaptiveSize, return_indices: bool = False,
                        *, channels_last: bool = False) -> Pooled:
    """torch.nn.functional.adaptive_max_pool3d of [n, c, d, h, w]; see max_pool2d."""
    return _adaptive(3, 'adaptive_max', input, output_size, channels_last, return_indices)


# Unpooling ----------------------------------------------------------------------------------------

def _unpool(axes: int, input: ArrayLike, indices: ArrayLike, kernel_size: Size,
            stride: Optional[Size], padding: Size, output_size: Optional[Sequence[int]],
            channels_last: bool) -> Array:
    x = as_map(input, axes, channels_last)
    places = operand(indices)
    if x.bare and places.ndim == axes + 1:
        places = places.reshape((1,) + tuple(places.shape))
    if places.dtype not in (np.int64, np.int32):
        raise TypeError(f'indices are {places.dtype}, int64 or int32 is wanted')
    expect('indices', places, x.value.shape, places.dtype)
    params = dict(_windows(axes, kernel_size, stride, padding), src=x.desc, indices='plane',
                  indices_dtype=places.dtype.name.replace('int', 'i'))
    if output_size is not None:
        size = tuple(output_size)
        if len(size) > axes:    # PyTorch takes whole shapes, too
            size = sizes(size, channels_last)[-axes:] if len(size) == axes + 2 else size[-axes:]
        params['output_size'] = several('output_size', size, axes)
    out, _ = call('max_unpool', params, {'src': x.value, 'indices': places})
    return x.out(out)


def max_unpool1d(input: ArrayLike, indices: ArrayLike, kernel_size: Size,
                 stride: Optional[Size] = None, padding: Size = 0,
                 output_size: Optional[Sequence[int]] = None, *,
                 channels_last: bool = False) -> Array:
    """torch.nn.functional.max_unpool1d of [n, c, w] or [c, w]; see max_unpool2d."""
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size, channels_last)


def max_unpool2d(input: ArrayLike, indices: ArrayLike, kernel_size: Size,
                 stride: Optional[Size] = None, padding: Size = 0,
                 output_size: Optional[Sequence[int]] = None, *,
                 channels_last: bool = False) -> Array:
    """torch.nn.functional.max_unpool2d: 0 everywhere but where max_pool2d's indices say.

    input, indices [n, c, h, w] or [c, h, w]; output_size: the result's [h, w], or whole shape.
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size, channels_last)


def max_unpool3d(input: ArrayLike, indices: ArrayLike, kernel_size: Size,
                 stride: Optional[Size] = None, padding: Size = 0,
                 output_size: Optional[Sequence[int]] = None, *,
                 channels_last: bool = False) -> Array:
    """torch.nn.functional.max_unpool3d of [n, c, d, h, w] or [c, d, h, w]; see max_unpool2d."""
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size, channels_last)
