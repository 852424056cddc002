"""Queues and events: jobs in order, and the completion of one."""
from __future__ import annotations

import ctypes
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from . import _structs
from ._enums import Access
from ._library import check, lib
from ._values import ArrayLike, Handle, as_array, dense, pointer_of, record
from .buffer import Buffer
from .device import Context, default_context
from .errors import WaitTimeoutError


class Event(Handle):
    """The completion of one job; any thread. Made by queues, or wrapped:
    Event(context, cl_event=...)."""

    _destroy = 'cvy_event_destroy'

    def __init__(self, context: Context, *, cl_event: Any):
        out = ctypes.c_void_p()
        check(lib.cvy_event_wrap(context.handle, pointer_of(cl_event), ctypes.byref(out)))
        self._adopt(out, context, None)

    def _adopt(self, pointer: ctypes.c_void_p, context: Context, keep: Any) -> None:
        self._own(pointer)
        self.context = context
        self._keep = keep       # host memory that the job reads or writes

    @classmethod
    def _of(cls, pointer: ctypes.c_void_p, context: Context, keep: Any = None) -> 'Event':
        event = cls.__new__(cls)
        event._adopt(pointer, context, keep)
        return event

    def wait(self, timeout: Optional[float] = None) -> None:
        """Waits for the job, at most timeout seconds (WaitTimeoutError), and raises what it failed
        with."""
        check(lib.cvy_event_wait(self.handle, -1 if timeout is None else int(timeout * 1e9)))
        self._keep = None

    @property
    def done(self) -> bool:
        """Whether the job is complete; raises what it failed with."""
        try:
            self.wait(0)
        except WaitTimeoutError:
            return False
        return True

    @property
    def times(self) -> SimpleNamespace:
        """queued, submitted, started, ended in nanoseconds, of a job on a profiling queue."""
        out = _structs.cvy_event_times()
        check(lib.cvy_event_times_get(self.handle, ctypes.byref(out)))
        return record(out)

    @property
    def cl_event(self) -> Optional[int]:
        return lib.cvy_event_cl_event(self.handle)

    def close(self) -> None:
        """Never waits, unless the job still reads or writes memory of Python's."""
        if not self.closed and self._keep is not None:
            lib.cvy_event_wait(self._pointer, -1)
            self._keep = None
        super().close()


def wait_list(events: Sequence[Event]) -> Any:
    """A cvy_wait of these events, or None."""
    if not events:
        return None
    array = (ctypes.c_void_p * len(events))(*(event.handle for event in events))
    return _structs.cvy_wait(array, len(events))


class Queue(Handle):
    """Jobs in order on one context; serialises the threads that use it.

    profiling: events carry device times. cl_queue: wrap an in-order command queue of the context.
    read, write and map return when done unless block=False; everything else returns an Event at
    once. wait: Events to wait for first.
    """

    _destroy = 'cvy_queue_destroy'

    def __init__(self, context: Optional[Context] = None, *, profiling: bool = False,
                 cl_queue: Any = None):
        self.context = context or default_context()
        params = _structs.cvy_queue_params(pointer_of(cl_queue), profiling)
        out = ctypes.c_void_p()
        check(lib.cvy_queue_create(self.context.handle, ctypes.byref(params), ctypes.byref(out)))
        self._own(out)

    @property
    def cl_queue(self) -> int:
        return lib.cvy_queue_cl_queue(self.handle)

    def _job(self, function: Any, *args: Any, wait: Sequence[Event] = (),
             keep: Any = None) -> Event:
        out = ctypes.c_void_p()
        check(function(self.handle, *args, wait_list(wait), ctypes.byref(out)))
        return Event._of(out, self.context, keep)

    def write(self, buffer: Buffer, array: ArrayLike, *, offset: int = 0,
              wait: Sequence[Event] = (), block: bool = True) -> Optional[Event]:
        """Copies a host array into a buffer, from byte `offset` on. Without block the array must
        not change until the event is complete."""
        array = dense(as_array(array))
        args = (buffer.tensor(offset), array.ctypes.data, array.nbytes)
        if not array.nbytes:
            return None
        if block:
            check(lib.cvy_queue_write(self.handle, *args, wait_list(wait), None))
            return None
        return self._job(lib.cvy_queue_write, *args, wait=wait, keep=array)

    def read(self, buffer: Buffer, out: Optional[np.ndarray] = None, *, offset: int = 0,
             wait: Sequence[Event] = (), block: bool = True) -> Any:
        """Copies a buffer to the host: into `out`, a dense array, or a new one of its shape and
        dtype. Returns the array; without block the array and the event."""
        if out is None:
            shape, dtype = buffer.shape, buffer.dtype
            if offset:
                shape, dtype = (buffer.nbytes - offset,), np.dtype(np.uint8)
            out = np.empty(shape, dtype)
        elif not (out.flags.c_contiguous and out.flags.writeable):
            raise ValueError('out is not contiguous or not writeable')
        args = (buffer.tensor(offset), out.ctypes.data, out.nbytes)
        if block:
            check(lib.cvy_queue_read(self.handle, *args, wait_list(wait), None))
            return out
        return out, self._job(lib.cvy_queue_read, *args, wait=wait, keep=out)

    def copy(self, src: Buffer, dst: Buffer, nbytes: int = 0, *, src_offset: int = 0,
             dst_offset: int = 0, wait: Sequence[Event] = ()) -> Event:
        """Copies nbytes, by default all behind src_offset."""
        return self._job(lib.cvy_queue_copy, src.tensor(src_offset), dst.tensor(dst_offset),
                         nbytes or src.nbytes - src_offset, wait=wait)

    def fill(self, buffer: Buffer, value: Any, *, wait: Sequence[Event] = ()) -> Event:
        """Sets every element to a value of the buffer's dtype."""
        pattern = np.full(1, value, buffer.dtype)
        return self._job(lib.cvy_queue_fill, buffer.tensor(), pattern.ctypes.data, pattern.nbytes,
                         buffer.nbytes, wait=wait)

    @contextmanager
    def map(self, buffer: Buffer, access: str = 'read_write', *,
            wait: Sequence[Event] = ()) -> Iterator[np.ndarray]:
        """The buffer's memory as an array, until the end of the `with`: no copy where the device
        shares memory with the host."""
        pointer = ctypes.c_void_p()
        code = Access[access.upper()]
        check(lib.cvy_queue_map(self.handle, buffer.tensor(), buffer.nbytes, int(code),
                                wait_list(wait), ctypes.byref(pointer), None))
        try:
            raw = (ctypes.c_char * buffer.nbytes).from_address(pointer.value or 0)
            array = np.frombuffer(memoryview(raw), buffer.dtype).reshape(buffer.shape)
            array.flags.writeable = code != Access.READ_ONLY
            yield array
        finally:
            check(lib.cvy_queue_unmap(self.handle, buffer.tensor(), pointer, None, None))

    def flush(self) -> None:
        """Sends what is queued to the device."""
        check(lib.cvy_queue_flush(self.handle))

    def finish(self) -> None:
        """Waits for everything queued; raises the first failure since the last finish."""
        check(lib.cvy_queue_finish(self.handle))
