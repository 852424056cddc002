"""DLPack's capsules for memory of OpenCL devices: `data` is the cl_mem, byte_offset counts in it.

Host arrays need none of this: NumPy's own from_dlpack takes them.
"""
from __future__ import annotations

import ctypes
import sys
import threading
from ctypes import c_char_p, c_int, c_int32, c_int64, c_uint8, c_uint16, c_uint64, c_void_p
from typing import TYPE_CHECKING, Any, Dict, List, Tuple

import numpy as np

if TYPE_CHECKING:
    from .buffer import Buffer
    from .device import Context

CPU = 1
OPENCL = 4
_NAME, _USED = b'dltensor', b'used_dltensor'
_KINDS = {'i': 0, 'u': 1, 'f': 2, 'b': 6}


class _Tensor(ctypes.Structure):
    _fields_ = [('data', c_void_p), ('device_type', c_int32), ('device_id', c_int32),
                ('ndim', c_int32), ('code', c_uint8), ('bits', c_uint8), ('lanes', c_uint16),
                ('shape', ctypes.POINTER(c_int64)), ('strides', ctypes.POINTER(c_int64)),
                ('byte_offset', c_uint64)]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, c_void_p)
_Managed._fields_ = [('tensor', _Tensor), ('context', c_void_p), ('deleter', _Deleter)]

_new = ctypes.pythonapi.PyCapsule_New
_new.restype, _new.argtypes = ctypes.py_object, [c_void_p, c_char_p, c_void_p]
_valid = ctypes.pythonapi.PyCapsule_IsValid
_valid.restype, _valid.argtypes = c_int, [c_void_p, c_char_p]
_get = ctypes.pythonapi.PyCapsule_GetPointer
_get.restype, _get.argtypes = c_void_p, [c_void_p, c_char_p]
_rename = ctypes.pythonapi.PyCapsule_SetName
_rename.restype, _rename.argtypes = c_int, [c_void_p, c_char_p]

_alive: Dict[int, Tuple[Any, ...]] = {}     # what consumers of our capsules still hold
_lock = threading.Lock()
_offered: List[Any] = []                    # capsules that nobody may have taken yet


@_Deleter
def _forget(address: int) -> None:
    """The consumer is done. It may be so while an exception is on its way, where a call of any
    function would go wrong: a statement does not."""
    del _alive[address]


def _sweep() -> None:
    """Lets go of what capsules hold that nobody took and nobody has. (A destructor of the capsule
    would do it at once, but might run while an exception is on its way.)"""
    with _lock:
        for i in reversed(range(len(_offered))):
            capsule = _offered[i]
            if not _valid(id(capsule), _NAME):
                del _offered[i]             # taken: its consumer calls _forget
            elif sys.getrefcount(capsule) <= 3:     # _offered, this variable, the argument
                del _offered[i]
                del _alive[_get(id(capsule), _NAME)]


def capsule(buffer: 'Buffer') -> Any:
    """A capsule that keeps the buffer alive until its consumer is done."""
    _sweep()
    shape = (c_int64 * max(buffer.ndim, 1))(*buffer.shape)
    managed = _Managed()
    managed.tensor = _Tensor(
        buffer.cl_mem, *buffer.__dlpack_device__(), buffer.ndim, _KINDS[buffer.dtype.kind],
        8 * buffer.dtype.itemsize, 1, shape, None, buffer.byte_offset)
    managed.deleter = _forget
    address = ctypes.addressof(managed)
    _alive[address] = (managed, shape, buffer)
    made = _new(address, _NAME, None)
    with _lock:
        _offered.append(made)
    return made


class _Owner:
    """Calls a producer's deleter when the last Buffer over its memory goes."""

    def __init__(self, managed: _Managed):
        self._managed = managed

    def __del__(self) -> None:
        if self._managed.deleter:
            self._managed.deleter(ctypes.addressof(self._managed))


def _dtype_of(tensor: _Tensor) -> np.dtype:
    letters = {code: letter for letter, code in _KINDS.items()}
    if tensor.code not in letters or tensor.lanes != 1:
        raise TypeError(f'a DLPack dtype of code {tensor.code} and {tensor.lanes} lanes')
    return np.dtype(f'{letters[tensor.code]}{tensor.bits // 8}')


def _check_dense(tensor: _Tensor, shape: Tuple[int, ...]) -> None:
    step = 1
    for axis in reversed(range(len(shape)) if tensor.strides else ()):
        if shape[axis] != 1 and tensor.strides[axis] != step:
            raise ValueError('a DLPack tensor with gaps between its elements: make it contiguous')
        step *= shape[axis]


def wrap(source: Any, context: 'Context') -> 'Buffer':
    """A Buffer over the memory of an object that speaks DLPack for an OpenCL device."""
    from .buffer import Buffer
    if isinstance(source, Buffer):
        return source
    taken = source.__dlpack__()
    address = _get(id(taken), _NAME)
    managed = ctypes.cast(address, ctypes.POINTER(_Managed)).contents
    tensor = managed.tensor
    shape = tuple(tensor.shape[:tensor.ndim])
    _check_dense(tensor, shape)
    buffer = _over(tensor, shape, context)
    _rename(id(taken), _USED)
    buffer._owner = _Owner(managed)
    return buffer


def _over(tensor: _Tensor, shape: Tuple[int, ...], context: 'Context') -> 'Buffer':
    from .buffer import Buffer
    dtype = _dtype_of(tensor)
    if not tensor.byte_offset:
        return Buffer(shape, dtype, context=context, cl_mem=tensor.data)
    end = tensor.byte_offset + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    whole = Buffer((end,), np.uint8, context=context, cl_mem=tensor.data)
    return whole.view(shape, dtype, tensor.byte_offset)


def from_dlpack(source: Any, context: Any = None) -> Any:
    """What an object that speaks DLPack holds, without a copy: a Buffer if its memory is an OpenCL
    device's, else an array."""
    if source.__dlpack_device__()[0] != OPENCL:
        return np.from_dlpack(source)
    from .device import default_context
    return wrap(source, context or default_context())
