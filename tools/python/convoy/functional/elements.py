"""Element by element: activations, arithmetic, comparisons, dtypes; and sums over axes."""
from __future__ import annotations

from typing import Any, Optional, Sequence, Tuple, Union

import numpy as np

from .._values import ArrayLike, DtypeLike, dtype_code
from ..buffer import Buffer
from ._call import (Activation, Array, as_any, as_plain, axis_of, call, expect, operand,
                    shape_error)

__all__ = [
    'relu', 'relu6', 'hardtanh', 'clamp', 'leaky_relu', 'prelu', 'elu', 'selu', 'sigmoid',
    'hardsigmoid', 'tanh', 'silu', 'hardswish', 'softplus', 'gelu', 'mish', 'celu', 'logsigmoid',
    'tanhshrink', 'hardshrink', 'softshrink', 'softmax', 'log_softmax', 'softmin', 'abs', 'neg',
    'exp', 'log', 'sqrt', 'reciprocal', 'erf', 'softsign', 'threshold', 'floor', 'ceil',
    'round', 'add', 'sub', 'mul', 'div',
    'maximum', 'minimum', 'pow', 'eq', 'ne', 'less', 'less_equal', 'greater', 'greater_equal',
    'where', 'cast', 'sum', 'mean', 'amax', 'amin', 'argmax', 'argmin',
]

Number = Union[int, float]


def _like(value: Any, out: Any) -> Any:
    """A scalar went as one element and comes back as a scalar."""
    return out.reshape(value.shape) if value.ndim == 0 else out


def _activate(input: ArrayLike, *words: Any) -> Array:
    x, desc = as_plain(input)
    out, _ = call('activation', dict(src=desc, activation=words), {'src': x})
    return _like(x, out)


# Activations --------------------------------------------------------------------------------------

def relu(input: ArrayLike) -> Array:
    """torch.nn.functional.relu: max(x, 0)."""
    return _activate(input, 'relu')


def relu6(input: ArrayLike) -> Array:
    """torch.nn.functional.relu6: min(max(x, 0), 6)."""
    return _activate(input, 'relu6')


def hardtanh(input: ArrayLike, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """torch.nn.functional.hardtanh: min(max(x, min_val), max_val)."""
    return _activate(input, 'clip', min_val, max_val)


def clamp(input: ArrayLike, min: Optional[float] = None, max: Optional[float] = None) -> Array:
    """torch.clamp with numbers."""
    return _activate(input, 'clip', -np.inf if min is None else min, np.inf if max is None else max)


def leaky_relu(input: ArrayLike, negative_slope: float = 0.01) -> Array:
    """torch.nn.functional.leaky_relu: x < 0 ? negative_slope x : x."""
    return _activate(input, 'leaky_relu', negative_slope)


def prelu(input: ArrayLike, weight: ArrayLike, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.prelu: x < 0 ? weight[c] x : x.

    input [n, c, ...] ([n, ..., c] with channels_last); weight [c], or [1] for all.
    """
    slope = operand(weight)
    if slope.ndim == 0:
        slope = slope.reshape((1,))
    count = slope.shape[0]
    if count == 1:
        x, desc = as_plain(input)
    else:
        x, desc = as_any(input, channels_last)
        if count != desc.size[1]:
            raise shape_error(f'weight is {list(slope.shape)}, [1] or [{desc.size[1]}] is wanted')
    params = dict(src=desc, activation=('prelu',), num_parameters=count)
    return _like(x, call('activation', params, {
        'src': x, 'slope': expect('weight', slope, (count,))})[0])


def elu(input: ArrayLike, alpha: float = 1.0) -> Array:
    """torch.nn.functional.elu: x < 0 ? alpha (exp(x) - 1) : x."""
    return _activate(input, 'elu', alpha)


def selu(input: ArrayLike) -> Array:
    """torch.nn.functional.selu."""
    return _activate(input, 'selu')


def sigmoid(input: ArrayLike) -> Array:
    """torch.sigmoid: 1 / (1 + exp(-x))."""
    return _activate(input, 'sigmoid')


def hardsigmoid(input: ArrayLike) -> Array:
    """torch.nn.functional.hardsigmoid: min(max(x / 6 + 1/2, 0), 1)."""
    return _activate(input, 'hard_sigmoid')


def tanh(input: ArrayLike) -> Array:
    """torch.tanh."""
    return _activate(input, 'tanh')


def silu(input: ArrayLike) -> Array:
    """torch.nn.functional.silu: x sigmoid(x)."""
    return _activate(input, 'silu')


def hardswish(input: ArrayLike) -> Array:
    """torch.nn.functional.hardswish: x min(max(x / 6 + 1/2, 0), 1)."""
    return _activate(input, 'hard_swish')


def softplus(input: ArrayLike, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """torch.nn.functional.softplus: beta x > threshold ? x : log(1 + exp(beta x)) / beta."""
    return _activate(input, 'softplus', beta, threshold)


def gelu(input: ArrayLike, approximate: str = 'none') -> Array:
    """torch.nn.functional.gelu, approximate 'none' or 'tanh'."""
    if approximate not in ('none', 'tanh'):
        raise ValueError(f"approximate is {approximate!r}, 'none' or 'tanh' is wanted")
    return _activate(input, 'gelu' if approximate == 'none' else 'gelu_tanh')


def mish(input: ArrayLike) -> Array:
    """torch.nn.functional.mish: x tanh(softplus(x))."""
    return _activate(input, 'mish')


def celu(input: ArrayLike, alpha: float = 1.0) -> Array:
    """torch.nn.functional.celu: x < 0 ? alpha (exp(x / alpha) - 1) : x."""
    return mul(elu(div(input, float(alpha))), float(alpha))


def logsigmoid(input: ArrayLike) -> Array:
    """torch.nn.functional.logsigmoid: -softplus(-x)."""
    return neg(softplus(neg(input)))


def tanhshrink(input: ArrayLike) -> Array:
    """torch.nn.functional.tanhshrink: x - tanh(x)."""
    return sub(input, tanh(input))


def hardshrink(input: ArrayLike, lambd: float = 0.5) -> Array:
    """torch.nn.functional.hardshrink: |x| > lambd ? x : 0."""
    return where(greater(abs(input), float(lambd)), input, 0.0)


def softshrink(input: ArrayLike, lambd: float = 0.5) -> Array:
    """torch.nn.functional.softshrink: x less what of it is from -lambd to lambd."""
    return sub(input, clamp(input, -lambd, lambd))


# Softmax ------------------------------------------------------------------------------------------

def _softmax(input: ArrayLike, dim: int, log: bool, channels_last: bool) -> Array:
    x, desc = as_any(input, True) if channels_last else as_plain(input)
    params = dict(src=desc, log=log, axis=axis_of(dim, len(desc.size)))
    return _like(x, call('softmax', params, {'src': x})[0])


def softmax(input: ArrayLike, dim: int, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.softmax along an axis; with channels_last dim 1 is still the channels."""
    return _softmax(input, dim, False, channels_last)


def log_softmax(input: ArrayLike, dim: int, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.log_softmax along an axis."""
    return _softmax(input, dim, True, channels_last)


def softmin(input: ArrayLike, dim: int, *, channels_last: bool = False) -> Array:
    """torch.nn.functional.softmin: softmax(-x)."""
    return softmax(neg(input), dim, channels_last=channels_last)


# One source ---------------------------------------------------------------------------------------

def _unary(kind: str, input: ArrayLike, alpha: Optional[float] = None) -> Array:
    x, desc = as_plain(input)
    out, _ = call('unary', dict(kind=kind, src=desc, alpha=alpha), {'src': x})
    return _like(x, out)


def abs(input: ArrayLike) -> Array:
    """torch.abs."""
    return _unary('abs', input)


def neg(input: ArrayLike) -> Array:
    """torch.neg."""
    return _unary('neg', input)


def exp(input: ArrayLike) -> Array:
    """torch.exp."""
    return _unary('exp', input)


def log(input: ArrayLike) -> Array:
    """torch.log."""
    return _unary('log', input)


def sqrt(input: ArrayLike) -> Array:
    """torch.sqrt."""
    return _unary('sqrt', input)


def reciprocal(input: ArrayLike) -> Array:
    """torch.reciprocal."""
    return _unary('reciprocal', input)


def erf(input: ArrayLike) -> Array:
    """torch.erf."""
    return _unary('erf', input)


def softsign(input: ArrayLike) -> Array:
    """torch.nn.functional.softsign: x / (1 + |x|)."""
    return _unary('softsign', input)


def floor(input: ArrayLike) -> Array:
    """torch.floor."""
    return _unary('floor', input)


def ceil(input: ArrayLike) -> Array:
    """torch.ceil."""
    return _unary('ceil', input)


def round(input: ArrayLike) -> Array:
    """torch.round: halves to the even neighbour."""
    return _unary('round', input)


def threshold(input: ArrayLike, threshold: float, value: float = 0.0) -> Array:
    """torch.nn.functional.threshold: x > threshold ? x : value."""
    if value == 0.0 and threshold != 0.0:
        return _unary('thresholded_relu', input, threshold)
    return where(less_equal(input, np.float32(threshold)), np.float32(value), input)


# Two sources --------------------------------------------------------------------------------------

def _pair(input: ArrayLike, other: ArrayLike) -> Tuple[Any, Any]:
    """Operands of one dtype: a number takes the other's."""
    x, y = operand(input), operand(other)
    if isinstance(other, (int, float)) and not isinstance(other, bool):
        y = np.asarray(other, x.dtype)
    elif isinstance(input, (int, float)) and not isinstance(input, bool):
        x = np.asarray(input, y.dtype)
    if isinstance(y, Buffer) and not isinstance(x, Buffer):
        x = Buffer.of(x, context=y.context)     # a Buffer on either side: the result is one
    return x, y


def _binary(kind: str, input: ArrayLike, other: ArrayLike, activation: Activation = None) -> Array:
    x, y = _pair(input, other)
    words = (activation,) if isinstance(activation, str) else activation
    params = dict(kind=kind, src=as_plain(x)[1], src2=as_plain(y)[1],
                  activation=words if words is None else tuple(words))
    out, _ = call('binary', params, {'src': x, 'src2': y})
    return out.reshape(()) if x.ndim == y.ndim == 0 else out


def add(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.add, with broadcasting; an activation can be fused behind it."""
    return _binary('add', input, other, activation)


def sub(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.sub, with broadcasting."""
    return _binary('sub', input, other, activation)


def mul(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.mul, with broadcasting."""
    return _binary('mul', input, other, activation)


def div(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.div, with broadcasting."""
    return _binary('div', input, other, activation)


def maximum(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.maximum, with broadcasting; NaN wins."""
    return _binary('max', input, other, activation)


def minimum(input: ArrayLike, other: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.minimum, with broadcasting; NaN wins."""
    return _binary('min', input, other, activation)


def pow(input: ArrayLike, exponent: ArrayLike, *, activation: Activation = None) -> Array:
    """torch.pow, with broadcasting."""
    return _binary('pow', input, exponent, activation)


def eq(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.eq: bool."""
    return _binary('equal', input, other)


def ne(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.ne: bool."""
    return _binary('not_equal', input, other)


def less(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.less: bool."""
    return _binary('less', input, other)


def less_equal(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.less_equal: bool."""
    return _binary('less_equal', input, other)


def greater(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.greater: bool."""
    return _binary('greater', input, other)


def greater_equal(input: ArrayLike, other: ArrayLike) -> Array:
    """torch.greater_equal: bool."""
    return _binary('greater_equal', input, other)


def where(condition: ArrayLike, input: ArrayLike, other: ArrayLike) -> Array:
    """torch.where: condition ? input : other, the three broadcast; condition is bool."""
    condition = operand(condition)
    x, y = _pair(input, other)
    if any(isinstance(each, Buffer) for each in (condition, x, y)):
        condition = Buffer.of(condition)
    params = dict(condition=as_plain(condition)[1], src=as_plain(x)[1], src2=as_plain(y)[1])
    out, _ = call('where', params, {'srcs': (condition, x, y)})
    return out.reshape(()) if condition.ndim == x.ndim == y.ndim == 0 else out


def cast(input: ArrayLike, dtype: DtypeLike) -> Array:
    """torch.Tensor.to(dtype), between any two of Convoy's dtypes. To integers towards 0, beyond the
    range to its ends, NaN to 0."""
    x, desc = as_plain(input)
    out, _ = call('cast', dict(src=desc, dtype=dtype_code(dtype)), {'src': x})
    return _like(x, out)


# Reductions ---------------------------------------------------------------------------------------

Dims = Union[None, int, Sequence[int]]


def _reduce(kind: str, input: ArrayLike, dim: Dims, keepdim: bool) -> Array:
    x, desc = as_plain(input)
    rank = len(desc.size)
    dims: Any = () if dim is None else (dim,) if hasattr(dim, '__index__') else dim
    named = {axis_of(each, rank) for each in dims}
    axes = tuple(axis in named for axis in range(rank))
    params = dict(kind=kind, src=desc, axes=axes, keep_dims=bool(keepdim))
    out, _ = call('reduce', params, {'src': x})
    gone = not keepdim and (not named or len(named) == rank)
    return out.reshape(()) if gone or x.ndim == 0 else out


def sum(input: ArrayLike, dim: Dims = None, keepdim: bool = False) -> Array:
    """torch.sum over one axis, several, or all."""
    return _reduce('sum', input, dim, keepdim)


def mean(input: ArrayLike, dim: Dims = None, keepdim: bool = False) -> Array:
    """torch.mean over one axis, several, or all."""
    return _reduce('mean', input, dim, keepdim)


def amax(input: ArrayLike, dim: Dims = None, keepdim: bool = False) -> Array:
    """torch.amax over one axis, several, or all; NaN wins."""
    return _reduce('max', input, dim, keepdim)


def amin(input: ArrayLike, dim: Dims = None, keepdim: bool = False) -> Array:
    """torch.amin over one axis, several, or all; NaN wins."""
    return _reduce('min', input, dim, keepdim)


def _position(kind: str, input: ArrayLike, dim: Optional[int], keepdim: bool) -> Array:
    if dim is not None:
        return _reduce(kind, input, dim, keepdim)
    x = operand(input)
    return _reduce(kind, x.reshape((-1,)), 0, False)


def argmax(input: ArrayLike, dim: Optional[int] = None, keepdim: bool = False) -> Array:
    """torch.argmax: int64; the first among equals."""
    return _position('argmax', input, dim, keepdim)


def argmin(input: ArrayLike, dim: Optional[int] = None, keepdim: bool = False) -> Array:
    """torch.argmin: int64; the first among equals."""
    return _position('argmin', input, dim, keepdim)
