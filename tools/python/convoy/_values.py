"""What Python values mean to the C library: arrays, dtypes, descriptions, params, handles."""
from __future__ import annotations

import ctypes
import operator
import os
from types import SimpleNamespace
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from . import _enums, _structs
from ._enums import ActivationKind, Dtype, Layout, Status
from ._library import lib
from .errors import StateError

_NUMPY: Dict[Dtype, np.dtype] = {
    Dtype.F32: np.dtype(np.float32), Dtype.F16: np.dtype(np.float16),
    Dtype.F64: np.dtype(np.float64), Dtype.I8: np.dtype(np.int8), Dtype.U8: np.dtype(np.uint8),
    Dtype.I32: np.dtype(np.int32), Dtype.I64: np.dtype(np.int64), Dtype.BOOL: np.dtype(np.bool_),
}
_NAMES = {dtype.name: code for code, dtype in _NUMPY.items()}
_NAMES.update({code.name.lower(): code for code in Dtype if code})
_NAMES['bfloat16'] = Dtype.BF16
DtypeLike = Union[str, type, np.dtype, Dtype]


def dtype_code(dtype: Any) -> Dtype:
    """The Dtype of anything that NumPy takes for one, or of a name such as 'bf16'."""
    if isinstance(dtype, Dtype):
        return dtype
    name = dtype if isinstance(dtype, str) else getattr(dtype, 'name', None)
    if name not in _NAMES:
        name = np.dtype(dtype).name
    if name not in _NAMES:
        raise TypeError(f'Convoy has no dtype {name}: it has ' +
                        ', '.join(dtype.name for dtype in _NUMPY.values()) + ' and bfloat16')
    return _NAMES[name]


def numpy_dtype(code: int) -> np.dtype:
    """NumPy's dtype for one of Convoy's; bfloat16 comes as the uint16 of its bits."""
    return _NUMPY.get(Dtype(code)) or np.dtype(np.uint16)


TINY = 1e-38        # stands for a 0 where the library takes 0 for "the default"


# Arrays -------------------------------------------------------------------------------------------

ArrayLike = Any     # NumPy arrays, CPU tensors that speak DLPack, nested lists of numbers, Buffers


def as_array(value: Any) -> np.ndarray:
    """An array of what is on the host: without a copy if it speaks DLPack or NumPy's interfaces.

    Numbers and lists of them become float32, as in PyTorch.
    """
    if isinstance(value, np.ndarray):
        return value if value.dtype.isnative else value.astype(value.dtype.newbyteorder('='))
    if hasattr(value, '__dlpack__') and not isinstance(value, np.generic):
        try:
            return np.from_dlpack(value)
        except (BufferError, RuntimeError) as error:
            if not hasattr(value, '__array__'):
                raise TypeError(f'a {type(value).__name__} is no host array: {error}') from error
    array = np.asarray(value)
    if isinstance(value, (list, tuple, int, float)) and array.dtype == np.float64:
        array = array.astype(np.float32)
    if array.dtype.kind in 'OUSMm':
        raise TypeError(f'a {type(value).__name__} is no array of numbers')
    return array


def dense(array: np.ndarray) -> np.ndarray:
    """The same elements, one behind the other."""
    return array if array.flags.c_contiguous else np.array(array, order='C')


# Descriptions -------------------------------------------------------------------------------------

class Desc(NamedTuple):
    """The shape of a tensor and how it lies in memory. Sizes, and strides in elements, are in the
    order N, C, spatial whatever the layout; no strides: dense."""

    size: Tuple[int, ...]
    dtype: Dtype = Dtype.F32
    layout: Layout = Layout.NCHW
    stride: Tuple[int, ...] = ()

    @property
    def shape(self) -> Tuple[int, ...]:
        """The sizes as the axes lie in memory: channels last for NHWC."""
        if self.layout == Layout.NHWC and len(self.size) > 2:
            return (self.size[0],) + self.size[2:] + (self.size[1],)
        return self.size

    def struct(self) -> _structs.cvy_desc:
        out = _structs.cvy_desc(int(self.dtype), int(self.layout), len(self.size))
        if len(self.size) <= _enums.MAX_RANK:       # a longer one is the library's to refuse
            out.size[:len(self.size)] = self.size
            out.stride[:len(self.stride)] = self.stride
        return out


def desc_of(struct: _structs.cvy_desc) -> Desc:
    rank = max(struct.rank, 0)
    return Desc(tuple(struct.size[:rank]), Dtype(struct.dtype), Layout(struct.layout),
                tuple(struct.stride[:rank]))


def nchw(*size: int, dtype: DtypeLike = 'f32') -> Desc:
    """nchw(n, c, h, w), and (n, c), (n, c, w), (n, c, d, h, w): spatial axes innermost."""
    return Desc(size, dtype_code(dtype), Layout.NCHW)


def nhwc(*size: int, dtype: DtypeLike = 'f32') -> Desc:
    """nhwc(n, h, w, c), and (n, c), (n, w, c), (n, d, h, w, c): channels innermost."""
    return Desc((size[0], size[-1]) + size[1:-1], dtype_code(dtype), Layout.NHWC)


def plain(*size: int, dtype: DtypeLike = 'f32') -> Desc:
    """plain(...): axes without meaning, row-major."""
    return Desc(size, dtype_code(dtype), Layout.PLAIN)


# Params -------------------------------------------------------------------------------------------

def enum_value(kind: str, value: Any) -> int:
    """A member by number, by name in any case, or itself."""
    if not isinstance(value, str):
        return int(value)
    members = getattr(_enums, kind).__members__
    if value.upper() not in members:
        raise ValueError(f'{value!r} is none of ' + ', '.join(map(str.lower, members)))
    return int(members[value.upper()])


def _whole(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f'{name} is {value!r}, a whole number is wanted') from None


def _fill_field(struct: ctypes.Structure, name: str, ctype: Any, value: Any,
                keep: List[Any]) -> None:
    if isinstance(value, Desc):
        value = value.struct()
    elif name in struct._enums_:
        value = dtype_code(value) if isinstance(value, (np.dtype, type)) else value
        value = enum_value(struct._enums_[name], value)
    elif ctype is _structs.cvy_activation:
        value = activation(value)
    elif ctype is ctypes.c_char_p:
        value = os.fsencode(value)
    elif isinstance(ctype, type) and issubclass(ctype, ctypes.Array):
        values = list(value) if isinstance(value, (Sequence, np.ndarray)) else [value]
        try:
            value = ctype(*values)
        except IndexError:
            raise ValueError(f'{name} has {len(values)} entries, which is too many') from None
    elif name == 'options':
        options = fill(_structs.cvy_plan_options, value, keep)
        value = ctypes.pointer(options)
    elif name == 'srcs':
        entries = (_structs.cvy_desc * len(value))(*(desc.struct() for desc in value))
        keep.append(entries)
        struct.src_count = len(value)
        value = ctypes.cast(entries, ctypes.POINTER(_structs.cvy_desc))
    elif ctype in (ctypes.c_int64, ctypes.c_int32, ctypes.c_size_t):
        value = _whole(name, value)
    try:
        setattr(struct, name, value)
    except TypeError as error:
        raise TypeError(f'{name} is {value!r}: {error}') from None
    keep.append(value)


def fill(kind: Any, values: Dict[str, Any], keep: List[Any]) -> Any:
    """A struct of that kind with these fields; None leaves a field at zero, its default. What it
    points to is put into keep."""
    struct = kind()
    types = dict(kind._fields_)
    for name, value in values.items():
        if name not in types:
            raise TypeError(f'{kind.__name__[4:]} has no {name}: it has ' + ', '.join(types))
        if value is not None:
            _fill_field(struct, name, types[name], value, keep)
    return struct


def activation(value: Any) -> _structs.cvy_activation:
    """From 'relu', ('leaky_relu', 0.1), ('clip', 0, 6) or None."""
    if value is None:
        return _structs.cvy_activation()
    words = (value,) if isinstance(value, (str, int)) else tuple(value)
    kind = enum_value('ActivationKind', words[0])
    numbers = [float(word) for word in words[1:]]
    # A 0 that is meant: the library would take it for the default.
    if kind in (ActivationKind.LEAKY_RELU, ActivationKind.ELU) and numbers[:1] == [0.0]:
        return _structs.cvy_activation(ActivationKind.RELU)
    if kind == ActivationKind.SOFTPLUS:
        if numbers[:1] == [0.0]:
            raise ValueError('beta is 0')
        numbers[1:] = [number or TINY for number in numbers[1:]]
    return _structs.cvy_activation(kind, *numbers)


def field_names(struct: Any) -> List[str]:
    return [field[0] for field in struct._fields_]


def record(struct: ctypes.Structure) -> SimpleNamespace:
    """A struct that the library filled, as Python values."""
    out = SimpleNamespace()
    for name in field_names(struct):
        value = getattr(struct, name)
        if isinstance(value, bytes):
            value = value.decode('utf-8', 'replace')
        elif isinstance(value, _structs.cvy_desc):
            value = desc_of(value)
        elif isinstance(value, ctypes.Structure):
            value = record(value)
        elif isinstance(value, ctypes.Array):
            value = tuple(value)
        elif name in struct._enums_:
            value = getattr(_enums, struct._enums_[name])(value)
        setattr(out, name, value)
    return out


# Handles ------------------------------------------------------------------------------------------

def pointer_of(value: Any) -> Optional[int]:
    """The address of an OpenCL object: an int, a c_void_p, or anything with pyopencl's int_ptr."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, ctypes.c_void_p):
        return value.value
    if hasattr(value, 'int_ptr'):
        return int(value.int_ptr)
    raise TypeError(f'a {type(value).__name__} is no OpenCL object: an address or an object with '
                    'int_ptr is wanted')


class Handle:
    """An object of the library. close() or the end of a `with` destroys it, as does losing the last
    reference; work in flight completes."""

    _destroy = ''
    _pointer: Optional[int] = None

    def _own(self, pointer: ctypes.c_void_p) -> None:
        self._pointer = pointer.value
        self._process = os.getpid()

    @property
    def handle(self) -> int:
        """The C library's pointer."""
        if self._pointer is None:
            raise StateError(f'this {type(self).__name__} is closed', Status.ERR_STATE)
        return self._pointer

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def close(self) -> None:
        pointer, self._pointer = self._pointer, None
        if pointer is not None and self._process == os.getpid():
            getattr(lib, self._destroy)(ctypes.byref(ctypes.c_void_p(pointer)))

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exc: Any) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:       # the interpreter ends: modules are gone, and so is the device soon
            pass

    def __reduce__(self) -> Any:
        raise TypeError(f'a {type(self).__name__} belongs to this process: it cannot be pickled')
