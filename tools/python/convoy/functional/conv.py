"""Convolutions and what is like them: transposed, separable, fully connected."""
from __future__ import annotations

from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from .._values import ArrayLike
from ._call import (Activation, Array, Map, Size, as_map, as_plain, call, expect, fused, operand,
                    positive, several, shape_error, typed)

__all__ = [
    'conv1d', 'conv2d', 'conv3d', 'conv_transpose1d', 'conv_transpose2d', 'conv_transpose3d',
    'separable_conv2d', 'spatial_separable_conv2d', 'linear',
]

Padding = Union[int, str, Sequence[Any]]


def padding_params(padding: Any, axes: int) -> Dict[str, Any]:
    """'valid', 'same', a number, one for each axis, or (before, after) for each axis."""
    if isinstance(padding, str):
        if padding not in ('valid', 'same'):
            raise ValueError(f"padding is {padding!r}, 'valid', 'same' or numbers are wanted")
        return {'padding_rule': 'same'} if padding == 'same' else {}
    if isinstance(padding, (list, tuple)) and any(isinstance(each, (list, tuple))
                                                  for each in padding):
        pairs = [several('padding', each, 2) for each in padding]
        before, after = zip(*(pairs * axes if len(pairs) == 1 else pairs))
        return {'padding_rule': 'begin_end', 'padding': several('padding', before, axes),
                'padding_end': several('padding', after, axes)}
    return {'padding': several('padding', padding, axes)}


def _ends(x: Map, channels: int, bias: Any, residual: Any, activation: Activation
          ) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """What follows a convolution: params and slots."""
    words, slope = fused(activation, channels)
    if residual is not None:
        residual = typed('residual', operand(residual), np.float32)
        if x.bare:
            residual = residual.reshape((1,) + tuple(residual.shape))
    if bias is not None:
        bias = expect('bias', bias, (channels,))
    return (dict(bias=bias is not None, residual=residual is not None, activation=words),
            dict(bias=bias, residual=residual, slope=slope))


def _weight(name: str, weight: ArrayLike, axes: int) -> Any:
    weight = typed(name, operand(weight), np.float32)
    if weight.ndim != axes + 2:
        raise shape_error(f'{name} has {weight.ndim} axes, {axes + 2} are wanted')
    return weight


def _run(op: str, x: Map, params: Dict[str, Any], slots: Dict[str, Any]) -> Array:
    out, _ = call(op, params, dict(slots, src=x.value))
    return x.out(out)


def _conv(axes: int, input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike], stride: Size,
          padding: Padding, dilation: Size, groups: int, padding_mode: str,
          activation: Activation, residual: Optional[ArrayLike], channels_last: bool) -> Array:
    x = as_map(input, axes, channels_last)
    weight = _weight('weight', weight, axes)
    out_channels = weight.shape[0]
    if groups > 0 and weight.shape[1] * groups != x.channels:
        raise shape_error(f'weight is {list(weight.shape)} in {groups} groups: input has '
                          f'{x.channels} channels, {weight.shape[1] * groups} are wanted')
    params, slots = _ends(x, out_channels, bias, residual, activation)
    params = dict(params, src=x.desc, out_channels=out_channels,
                  kernel_size=tuple(weight.shape[2:]), stride=several('stride', stride, axes),
                  dilation=several('dilation', dilation, axes), groups=groups,
                  padding_mode=padding_mode, **padding_params(padding, axes))
    positive(params, 'stride', 'dilation', 'groups')
    return _run('conv', x, params, dict(slots, weights=weight))


def conv1d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
           stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1, *,
           padding_mode: str = 'zeros', activation: Activation = None,
           residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv1d: conv2d with one spatial axis.

    input [n, c, w] or [c, w]; weight [k, c / groups, r]; bias [k]. See conv2d.
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups, padding_mode,
                 activation, residual, channels_last)


def conv2d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
           stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1, *,
           padding_mode: str = 'zeros', activation: Activation = None,
           residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv2d, with the padding modes of torch.nn.Conv2d.

    input         [n, c, h, w] or [c, h, w]; with channels_last [n, h, w, c] or [h, w, c], and the
                  result alike. Everything else speaks of n, c, h, w in either case.
    weight        [k, c / groups, r, s]; bias [k]
    padding       a number, one for each axis, (before, after) for each axis, 'valid', or 'same'
    padding_mode  'zeros', 'reflect', 'replicate', 'circular'
    activation    fused behind it: 'relu', ('leaky_relu', 0.1), ('clip', 0, 6), ('prelu', slopes)
    residual      added before the activation; the shape of the result

    Returns activation(conv(input) + bias + residual): [n, k, oh, ow].
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups, padding_mode,
                 activation, residual, channels_last)


def conv3d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
           stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1, *,
           padding_mode: str = 'zeros', activation: Activation = None,
           residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv3d: conv2d with three spatial axes.

    input [n, c, d, h, w] or [c, d, h, w]; weight [k, c / groups, t, r, s]; bias [k]. See conv2d.
    """
    return _conv(3, input, weight, bias, stride, padding, dilation, groups, padding_mode,
                 activation, residual, channels_last)


# Transposed ---------------------------------------------------------------------------------------

def _transpose(axes: int, input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike],
               stride: Size, padding: Padding, output_padding: Size, groups: int, dilation: Size,
               activation: Activation, residual: Optional[ArrayLike],
               channels_last: bool) -> Array:
    x = as_map(input, axes, channels_last)
    weight = _weight('weight', weight, axes)
    if weight.shape[0] != x.channels:
        raise shape_error(f'weight is {list(weight.shape)}: input has {x.channels} channels, '
                          f'{weight.shape[0]} are wanted')
    if isinstance(padding, str):
        raise ValueError(f'padding is {padding!r}, numbers are wanted')
    out_channels = weight.shape[1] * groups
    params, slots = _ends(x, out_channels, bias, residual, activation)
    params = dict(params, src=x.desc, out_channels=out_channels,
                  kernel_size=tuple(weight.shape[2:]), stride=several('stride', stride, axes),
                  dilation=several('dilation', dilation, axes), groups=groups,
                  output_padding=several('output_padding', output_padding, axes),
                  **padding_params(padding, axes))
    positive(params, 'stride', 'dilation', 'groups')
    return _run('conv_transpose', x, params, dict(slots, weights=weight))


def conv_transpose1d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
                     stride: Size = 1, padding: Padding = 0, output_padding: Size = 0,
                     groups: int = 1, dilation: Size = 1, *, activation: Activation = None,
                     residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv_transpose1d: conv_transpose2d with one spatial axis.

    input [n, c, w] or [c, w]; weight [c, k / groups, r]; bias [k]. See conv_transpose2d.
    """
    return _transpose(1, input, weight, bias, stride, padding, output_padding, groups, dilation,
                      activation, residual, channels_last)


def conv_transpose2d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
                     stride: Size = 1, padding: Padding = 0, output_padding: Size = 0,
                     groups: int = 1, dilation: Size = 1, *, activation: Activation = None,
                     residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv_transpose2d, also with (before, after) padding for each axis.

    input [n, c, h, w] or [c, h, w]; weight [c, k / groups, r, s]; bias [k]. activation, residual
    and channels_last as in conv2d.
    """
    return _transpose(2, input, weight, bias, stride, padding, output_padding, groups, dilation,
                      activation, residual, channels_last)


def conv_transpose3d(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None,
                     stride: Size = 1, padding: Padding = 0, output_padding: Size = 0,
                     groups: int = 1, dilation: Size = 1, *, activation: Activation = None,
                     residual: Optional[ArrayLike] = None, channels_last: bool = False) -> Array:
    """torch.nn.functional.conv_transpose3d: conv_transpose2d with three spatial axes.

    input [n, c, d, h, w] or [c, d, h, w]; weight [c, k / groups, t, r, s]; bias [k].
    """
    return _transpose(3, input, weight, bias, stride, padding, output_padding, groups, dilation,
                      activation, residual, channels_last)


# Separable ----------------------------------------------------------------------------------------

def separable_conv2d(input: ArrayLike, depthwise: ArrayLike, pointwise: ArrayLike,
                     bias: Optional[ArrayLike] = None, stride: Size = 1, padding: Padding = 0,
                     dilation: Size = 1, *, depthwise_bias: Optional[ArrayLike] = None,
                     depthwise_activation: Activation = None, activation: Activation = None,
                     residual: Optional[ArrayLike] = None, padding_mode: str = 'zeros',
                     channels_last: bool = False) -> Array:
    """A depthwise and a pointwise convolution as one. In PyTorch:

        x = F.conv2d(input, depthwise, depthwise_bias, stride, padding, dilation, groups=c)
        activation(F.conv2d(depthwise_activation(x), pointwise, bias) + residual)

    input [n, c, h, w] or [c, h, w]; depthwise [c m, 1, r, s]; pointwise [k, c m] or [k, c m, 1, 1].
    """
    x = as_map(input, 2, channels_last)
    depthwise = _weight('depthwise', depthwise, 2)
    pointwise = typed('pointwise', operand(pointwise), np.float32)
    between = depthwise.shape[0]
    expect('depthwise', depthwise, (between, 1) + tuple(depthwise.shape[2:]))
    if between % x.channels:
        raise shape_error(f'depthwise has {between} filters, a multiple of the {x.channels} '
                          'channels is wanted')
    expect('pointwise', pointwise, (pointwise.shape[0], between) + (1, 1)[:pointwise.ndim - 2])
    return _separable(x, 'depthwise', depthwise, pointwise, pointwise.shape[0], bias, stride,
                      padding, dilation, depthwise_bias, depthwise_activation, activation,
                      residual, padding_mode,
                      channel_multiplier=between // x.channels,
                      kernel_size=tuple(depthwise.shape[2:]))


def _separable(x: Map, kind: str, first: Any, second: Any, channels: int, bias: Any, stride: Size,
               padding: Padding, dilation: Size, first_bias: Any, first_activation: Activation,
               activation: Activation, residual: Any, padding_mode: str,
               **rest: Any) -> Array:
    params, slots = _ends(x, channels, bias, residual, activation)
    if first_bias is not None:
        first_bias = expect('bias of the first', first_bias, (first.shape[0],))
    params = dict(kind=kind, src=x.desc, out_channels=channels, stride=several('stride', stride, 2),
                  dilation=several('dilation', dilation, 2), padding_mode=padding_mode,
                  bias=first_bias is not None, bias2=params['bias'], residual=params['residual'],
                  activation=fused(first_activation, 0)[0], activation2=params['activation'],
                  **rest, **padding_params(padding, 2))
    positive(params, 'stride', 'dilation')
    return _run('separable', x, params,
                dict(weights=first, weights2=second, bias=first_bias, bias2=slots['bias'],
                     slope=slots['slope'], residual=slots['residual']))


def _filter(name: str, value: ArrayLike, channels: int, axis: int) -> Any:
    """A filter as [k, c, r, 1] or [k, c, 1, s]; a vector stands for each channel's own."""
    value = typed(name, operand(value), np.float32)
    if value.ndim == 1:
        shape = (1, 1, value.shape[0], 1) if axis == 2 else (1, 1, 1, value.shape[0])
        value = np.ascontiguousarray(np.broadcast_to(np.asarray(value).reshape(shape),
                                                     (channels,) + shape[1:]))
    if value.ndim != 4 or value.shape[5 - axis] != 1:
        raise shape_error(f'{name} is {list(value.shape)}, ' + ('[k, c, r, 1]', '[k, c, 1, s]')
                          [axis - 2] + ' or a vector is wanted')
    return value


def spatial_separable_conv2d(input: ArrayLike, column: ArrayLike, row: ArrayLike,
                             bias: Optional[ArrayLike] = None, stride: Size = 1,
                             padding: Padding = 0, dilation: Size = 1, *,
                             column_bias: Optional[ArrayLike] = None,
                             column_activation: Activation = None, activation: Activation = None,
                             residual: Optional[ArrayLike] = None, padding_mode: str = 'zeros',
                             channels_last: bool = False) -> Array:
    """A k x 1 and a 1 x k convolution as one: Gaussian and Sobel filters, factorised layers.

    input [n, c, h, w] or [c, h, w]. column and row are either
        vectors [r] and [s]                         the same filter for every channel,
        [c, 1, r, 1] and [c, 1, 1, s]               each channel with its own, or
        [mid, c, r, 1] and [k, mid, 1, s]           over all channels, as two conv2d in PyTorch.
    The first takes stride, padding and dilation of the height, the second those of the width.
    """
    x = as_map(input, 2, channels_last)
    column = _filter('column', column, x.channels, 2)
    row = _filter('row', row, x.channels, 3)
    own = column.shape[:2] == row.shape[:2] == (x.channels, 1)
    if not own:
        expect('column', column, (column.shape[0], x.channels, column.shape[2], 1))
        expect('row', row, (row.shape[0], column.shape[0], 1, row.shape[3]))
    rest = {} if own else {'mid_channels': column.shape[0]}
    return _separable(x, 'spatial' if own else 'spatial_dense', column, row, row.shape[0], bias,
                      stride, padding, dilation, column_bias, column_activation, activation,
                      residual, padding_mode,
                      kernel_size=(column.shape[2], row.shape[3]), **rest)


# Fully connected ----------------------------------------------------------------------------------

def linear(input: ArrayLike, weight: ArrayLike, bias: Optional[ArrayLike] = None, *,
           activation: Activation = None, residual: Optional[ArrayLike] = None) -> Array:
    """torch.nn.functional.linear: activation(input weight^T + bias + residual).

    input [..., in_features]; weight [out_features, in_features]; bias [out_features].
    """
    x, desc = as_plain(input)
    weight = typed('weight', operand(weight), np.float32)
    if weight.ndim != 2:
        raise shape_error(f'weight has {weight.ndim} axes, 2 are wanted')
    features = weight.shape[0]
    expect('weight', weight, (features, desc.size[-1]))
    words, slope = fused(activation, features)
    if bias is not None:
        bias = expect('bias', bias, (features,))
    if residual is not None:
        residual = expect('residual', residual, tuple(x.shape[:-1]) + (features,))
    params = dict(src=desc, out_features=features, bias=bias is not None,
                  residual=residual is not None, activation=words)
    out, _ = call('linear', params, dict(src=x, weights=weight, bias=bias, residual=residual,
                                         slope=slope))
    return out
