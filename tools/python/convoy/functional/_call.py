"""What the functions share: how an argument is read, and how a plan is found and run."""
from __future__ import annotations

import operator
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from .._enums import Layout, Status
from .._values import ArrayLike, Desc, as_array, dtype_code
from ..buffer import Buffer
from ..device import Context, default_context
from ..errors import ShapeError, UnsupportedError
from ..plan import Plan, run

Array = Any         # ndarray, or Buffer where the input is one
Size = Union[int, Sequence[int]]
Activation = Union[None, str, Tuple[Any, ...]]


def operand(value: ArrayLike) -> Any:
    return value if isinstance(value, Buffer) else as_array(value)


def shape_error(text: str) -> ShapeError:
    return ShapeError(text, Status.ERR_SHAPE)


def expect(name: str, value: ArrayLike, shape: Sequence[int], dtype: Any = np.float32) -> Any:
    """An operand of that very shape and dtype: plans know their operands by size only."""
    value = operand(value)
    if tuple(value.shape) != tuple(shape):
        raise shape_error(f'{name} is {list(value.shape)}, {list(shape)} is wanted')
    return typed(name, value, dtype)


def typed(name: str, value: Any, dtype: Any) -> Any:
    if value.dtype != dtype:
        raise TypeError(f'{name} is {value.dtype}, {np.dtype(dtype)} is wanted')
    return value


def several(name: str, value: Size, count: int) -> Tuple[int, ...]:
    """One number for each spatial axis: a single one stands for all."""
    if hasattr(value, '__index__'):
        return (operator.index(value),) * count
    try:
        values = tuple(operator.index(each) for each in value)
    except TypeError:
        raise TypeError(f'{name} is {value!r}, whole numbers are wanted') from None
    if len(values) == 1:
        values *= count
    if len(values) != count:
        raise shape_error(f'{name} is {list(values)}, 1 or {count} numbers are wanted')
    return values


def positive(params: Dict[str, Any], *names: str) -> None:
    """Zero means a default in the library's params: from a caller of these functions it is an
    error."""
    for name in names:
        values = params[name] if isinstance(params[name], tuple) else (params[name],)
        if any(value < 1 for value in values):
            raise ValueError(f'{name} is {params[name]}, 1 or more is wanted')


# Maps ---------------------------------------------------------------------------------------------

class Map(NamedTuple):
    """A batch of feature maps, and whether it came without its batch axis."""

    value: Any
    desc: Desc
    bare: bool

    @property
    def channels(self) -> int:
        return self.desc.size[1]

    @property
    def spatial(self) -> Tuple[int, ...]:
        return self.desc.size[2:]

    def out(self, array: Any) -> Any:
        """An output of the same kind: without its batch axis if the input had none."""
        if array is None or not self.bare:
            return array
        return array.reshape(array.shape[1:])


def sizes(shape: Sequence[int], channels_last: bool) -> Tuple[int, ...]:
    """A shape in the order N, C, spatial."""
    shape = tuple(shape)
    return (shape[0], shape[-1]) + shape[1:-1] if channels_last else shape


def as_map(value: ArrayLike, axes: int, channels_last: bool, name: str = 'input') -> Map:
    """Input with so many spatial axes, with or without a batch axis."""
    value = operand(value)
    if value.ndim not in (axes + 1, axes + 2):
        raise shape_error(f'{name} has {value.ndim} axes, {axes + 2} are wanted, or {axes + 1} '
                          'without a batch')
    bare = value.ndim == axes + 1
    if bare:
        value = value.reshape((1,) + tuple(value.shape))
    layout = Layout.NHWC if channels_last else Layout.NCHW
    return Map(value, Desc(sizes(value.shape, channels_last), dtype_code(value.dtype), layout),
               bare)


def as_plain(value: ArrayLike) -> Tuple[Any, Desc]:
    """Input whose axes have no meaning. A scalar goes as one element."""
    value = operand(value)
    return value, Desc(tuple(value.shape) or (1,), dtype_code(value.dtype), Layout.PLAIN)


def as_any(value: ArrayLike, channels_last: bool) -> Tuple[Any, Desc]:
    """Input of [n][c] and any spatial axes."""
    value = operand(value)
    if value.ndim < 2:
        raise shape_error(f'input has {value.ndim} axes, at least 2 are wanted: batch and channels')
    layout = Layout.NHWC if channels_last and value.ndim > 2 else Layout.NCHW
    return value, Desc(sizes(value.shape, channels_last and value.ndim > 2),
                       dtype_code(value.dtype), layout)


def axis_of(dim: int, rank: int) -> int:
    if not -rank <= dim < rank:
        raise IndexError(f'dim is {dim}, from {-rank} to {rank - 1} is wanted')
    return dim % rank


# Calls --------------------------------------------------------------------------------------------

def context_of(slots: Dict[str, Any]) -> Context:
    for value in slots.values():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, Buffer):
                return each.context
    return default_context()


def call(op: str, params: Dict[str, Any], slots: Dict[str, Any]) -> Tuple[Any, Any]:
    """Runs an operator: (dst, indices). Plans are kept by operator and params."""
    slots = {name: value for name, value in slots.items() if value is not None}
    context = context_of(slots)
    key = (op,) + tuple(params.items())
    try:
        plan = context.plans.get(key, lambda: Plan(op, context=context, **params))
    except UnsupportedError as error:
        if getattr(slots.get('src'), 'dtype', None) == np.float64:     # what NumPy makes of most
            error.text += '. Convert the input: x.astype(numpy.float32)'
        raise
    residual = slots.get('residual')
    if residual is not None and tuple(residual.shape) != plan.dst.shape:
        raise shape_error(f'residual is {list(residual.shape)}, {list(plan.dst.shape)} is wanted')
    return run(plan, slots)


def fused(activation: Activation, channels: int) -> Tuple[Optional[Tuple[Any, ...]], Any]:
    """(activation, slope) of an activation behind an operator; ('prelu', slopes) has the latter."""
    if activation is None:
        return None, None
    words = (activation,) if isinstance(activation, str) else tuple(activation)
    if words[0] == 'prelu':
        slope = operand(words[1] if len(words) > 1 else 0.25)
        if slope.size == 1 and not isinstance(slope, Buffer):
            slope = np.full(channels, slope.reshape(()), slope.dtype)
        return ('prelu',), expect('slope', slope, (channels,))
    return words, None
