"""Device memory, and the arrays in it."""
from __future__ import annotations

import ctypes
import math
from typing import TYPE_CHECKING, Any, Optional, Sequence, Tuple, Union

import numpy as np

from . import _structs
from ._library import check, lib
from ._values import ArrayLike, DtypeLike, Handle, as_array, dense, dtype_code, fill, numpy_dtype
from ._values import pointer_of
from .device import Context, default_context

if TYPE_CHECKING:
    from .queue import Queue


class Buffer(Handle):
    """Memory of a device, with a shape and a dtype as an array has them; any thread.

    Buffer(shape, dtype)            new memory
    Buffer(shape, dtype, cl_mem=m)  your cl_mem, an address or a pyopencl object; retained
    Buffer.of(array)                a copy of a host array, or what DLPack has on an OpenCL device
    buffer.view(shape, dtype, byte_offset)      a part of it

    The functions of this package take Buffers where they take arrays. With a Buffer as first
    argument they return Buffers, and do not wait: nothing is copied between host and device.
    """

    _destroy = 'cvy_buffer_destroy'
    _owner: Any = None          # of memory that came by DLPack

    def __init__(self, shape: Union[int, Sequence[int]] = (), dtype: DtypeLike = 'float32', *,
                 context: Optional[Context] = None, access: str = 'read_write',
                 cl_mem: Any = None, _parent: Optional['Buffer'] = None, _offset: int = 0):
        self.context = context or default_context()
        self.shape: Tuple[int, ...] = (shape,) if isinstance(shape, int) else tuple(shape)
        self.dtype = numpy_dtype(dtype_code(dtype))
        self._keep = _parent        # what owns the memory
        params = fill(_structs.cvy_buffer_params, dict(
            bytes=math.prod(self.shape) * self.dtype.itemsize, access=access,
            cl_mem=pointer_of(cl_mem), parent=_parent and _parent.handle, offset=_offset), [])
        out = ctypes.c_void_p()
        check(lib.cvy_buffer_create(self.context.handle, ctypes.byref(params), ctypes.byref(out)))
        self._own(out)

    @classmethod
    def of(cls, array: ArrayLike, *, context: Optional[Context] = None,
           queue: Optional['Queue'] = None) -> 'Buffer':
        """Copies a host array to the device. An array that DLPack has on an OpenCL device is
        wrapped, without a copy."""
        if isinstance(array, Buffer):
            return array
        device = getattr(array, '__dlpack_device__', None)
        if device is not None and not isinstance(array, np.ndarray):
            from . import dlpack
            if device()[0] == dlpack.OPENCL:
                return dlpack.wrap(array, context or default_context())
        array = dense(as_array(array))
        context = context or (queue.context if queue else default_context())
        buffer = cls(array.shape, array.dtype, context=context)
        (queue or context.queue).write(buffer, array)
        return buffer

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def cl_mem(self) -> int:
        """The address of the cl_mem, for pyopencl's Buffer.from_int_ptr. A view has its parent's:
        its own bytes begin at `offset`."""
        return lib.cvy_buffer_cl_mem(self.handle)

    def tensor(self, offset: int = 0) -> _structs.cvy_tensor:
        return _structs.cvy_tensor(self.handle, offset)

    def view(self, shape: Union[int, Sequence[int]], dtype: Optional[DtypeLike] = None,
             byte_offset: int = 0) -> 'Buffer':
        """A part of this buffer's memory under another shape."""
        view = Buffer(shape, self.dtype if dtype is None else dtype, context=self.context,
                      _parent=self, _offset=byte_offset)
        view._offset = self.byte_offset + byte_offset
        return view

    def reshape(self, *shape: int) -> 'Buffer':
        """The same memory under other sizes, one of which may be -1."""
        sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        return self.view(np.broadcast_to(np.int8(0), self.shape).reshape(sizes).shape)

    _offset = 0

    @property
    def byte_offset(self) -> int:
        """Where in its cl_mem a view begins."""
        return self._offset

    def numpy(self) -> np.ndarray:
        """A copy on the host, when all that was enqueued before is done."""
        return self.context.queue.read(self)

    def write(self, array: ArrayLike) -> None:
        """Replaces the contents by those of a host array of the same size."""
        array = as_array(array)
        if array.dtype != self.dtype or array.size != math.prod(self.shape):
            raise ValueError(f'{array.shape} {array.dtype} does not fit into {self!r}')
        self.context.queue.write(self, array)

    def __array__(self, dtype: Any = None, copy: Optional[bool] = None) -> np.ndarray:
        array = self.numpy()
        return array if dtype is None else array.astype(dtype)

    def __dlpack_device__(self) -> Tuple[int, int]:
        from . import dlpack
        return dlpack.OPENCL, self.context.info.device

    def __dlpack__(self, *, stream: Any = None, **_options: Any) -> Any:
        """A kDLOpenCL capsule: its data is the cl_mem. Waits for the jobs that are enqueued."""
        from . import dlpack
        self.context.queue.finish()
        return dlpack.capsule(self)

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f'<convoy.Buffer {self.shape} {self.dtype}{" closed" if self.closed else ""}>'
