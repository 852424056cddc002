"""Devices and contexts, and the default context of this process."""
from __future__ import annotations

import ctypes
import logging
import os
import threading
import weakref
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any, Callable, Iterator, List, Optional, Union

from . import _structs
from ._cache import Cache
from ._enums import LogLevel
from ._library import check, lib
from ._values import Handle, fill, pointer_of, record
from .errors import CancelledError

Progress = Callable[[int, int, str, float], Optional[bool]]
_LEVELS = {LogLevel.ERROR: logging.ERROR, LogLevel.WARNING: logging.WARNING,
           LogLevel.INFO: logging.INFO}
_logger = logging.getLogger('convoy')
_logger.addHandler(logging.NullHandler())


def devices() -> List[SimpleNamespace]:
    """What there is: platform, device, type, name, driver, global_bytes ... of each device."""
    count = ctypes.c_size_t()
    check(lib.cvy_device_list(None, 0, ctypes.byref(count)))
    out = (_structs.cvy_device_info * count.value)()
    check(lib.cvy_device_list(out, count.value, ctypes.byref(count)))
    return [record(each) for each in out[:count.value]]


class ProgressCall:
    """A Python function as a cvy_progress_fn. What it raises cancels, and is raised again by
    `check`. Returning False cancels; None, as a function without a return does, goes on."""

    def __init__(self, function: Optional[Progress]):
        self._function = function
        self._raised: Optional[BaseException] = None
        self.pointer = _structs.cvy_progress_fn(self._call if function else 0)

    def _call(self, _user: Any, done: int, total: int, name: bytes, seconds: float) -> bool:
        try:
            assert self._function is not None
            text = (name or b'').decode('utf-8', 'replace')
            return self._function(done, total, text, seconds) is not False
        except BaseException as error:
            self._raised = error
            return False

    def check(self, status: int) -> None:
        try:
            check(status)
        except CancelledError:
            if self._raised is not None:
                raise self._raised from None
            raise


class Context(Handle):
    """One device with its kernels; any thread.

    device: None for the best, 'cpu', 'gpu', 'P:D', or part of a name.
    compile: 'lazy' (each kernel when first needed), 'background' (the rest of the start-up set
    follows in a thread) or 'eager' (all of it, here and now).
    cl_context, cl_device: yours to share, as addresses or pyopencl objects.
    cache: the folder where compiled kernels are kept, False for none; the user's by default.
    progress: called as (done, total, name, seconds) while kernels compile; False cancels.
    What the library has to say goes to logging's logger 'convoy'.
    """

    _destroy = 'cvy_context_destroy'

    def __init__(self, device: Optional[str] = None, *, compile: str = 'lazy',
                 cl_context: Any = None, cl_device: Any = None,
                 cache: Union[str, bool, None] = None, progress: Optional[Progress] = None):
        call = ProgressCall(progress)
        keep: List[Any] = []
        params = fill(_structs.cvy_context_params, dict(
            device=device, compile=compile, cl_context=pointer_of(cl_context),
            cl_device=pointer_of(cl_device)), keep)
        params.cache = fill(_structs.cvy_cache_params, dict(
            folder=cache if isinstance(cache, str) else None, off=cache is False), keep)
        params.progress = call.pointer
        self._log = _structs.cvy_log_fn(self._say)
        params.log = self._log
        out = ctypes.c_void_p()
        call.check(lib.cvy_context_create(ctypes.byref(params), ctypes.byref(out)))
        self._own(out)
        self._progress = call       # the context may call it again: it lives as long
        self._lock = threading.Lock()
        self._queue: Any = None
        self.plans = Cache(256)     # of the functions, by operator and params; limit may be set
        _contexts.add(self)

    @staticmethod
    def _say(_user: Any, level: int, text: bytes) -> None:
        _logger.log(_LEVELS.get(LogLevel(level), logging.INFO), '%s',
                    (text or b'').decode('utf-8', 'replace'))

    @property
    def info(self) -> SimpleNamespace:
        """The facts of the device: name, type, driver, vector_width, global_bytes ..."""
        out = _structs.cvy_device_info()
        check(lib.cvy_context_device_info(self.handle, ctypes.byref(out)))
        return record(out)

    @property
    def stats(self) -> SimpleNamespace:
        """What compiling has cost so far: kernels, programs, failed, build_seconds, loaded; and
        what came of the cache."""
        out = _structs.cvy_context_stats()
        check(lib.cvy_context_stats_get(self.handle, ctypes.byref(out)))
        return record(out)

    def save_programs(self, budget: float = 0) -> None:
        """Compiles the start-up set and keeps all in the cache: later processes compile nothing.
        budget: seconds, 0 for as long as it takes."""
        check(lib.cvy_context_save_programs(self.handle, budget))

    @property
    def cl_context(self) -> int:
        """The address of the cl_context, for pyopencl's Context.from_int_ptr."""
        return lib.cvy_context_cl_context(self.handle)

    @property
    def cl_device(self) -> int:
        return lib.cvy_context_cl_device(self.handle)

    @property
    def queue(self) -> Any:
        """The Queue that functions of this context use, from all threads in turn."""
        from .queue import Queue
        with self._lock:
            if self._queue is None:
                self._queue = Queue(self)
            return self._queue

    def clear_cache(self) -> None:
        """Forgets the plans of earlier calls."""
        self.plans.clear()

    def close(self) -> None:
        if not self.closed:
            self._queue = None
            self.plans.clear()
        super().close()

    def __repr__(self) -> str:
        return '<convoy.Context closed>' if self.closed else f'<convoy.Context {self.info.name}>'


# The default context ------------------------------------------------------------------------------

_contexts: 'weakref.WeakSet[Context]' = weakref.WeakSet()     # for their locks after a fork
_default_lock = threading.RLock()
_default: Optional[Context] = None
_wanted: Optional[str] = None
_current: ContextVar[Optional[Context]] = ContextVar('convoy', default=None)


def default_context() -> Context:
    """The context of functions that are given none: opened at the first use, one for the process.

    Its device is what set_device said, else the variable CONVOY_DEVICE, else the best one.
    """
    global _default
    current = _current.get()
    if current is not None:
        return current
    with _default_lock:
        if _default is None or _default.closed:
            _default = Context(_wanted or os.environ.get('CONVOY_DEVICE') or None)
        return _default


@contextmanager
def using(device: Union[str, Context]) -> Iterator[Context]:
    """Within the `with`, functions of this thread (and of its tasks) use another context."""
    context = device if isinstance(device, Context) else Context(device)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def set_device(device: Union[str, Context, None]) -> None:
    """Sets the default context's device: a selector as Context takes it, a Context of your own, or
    None for the best. Buffers and plans of the one before stay what they are."""
    global _default, _wanted
    with _default_lock:
        _default, _wanted = (device, None) if isinstance(device, Context) else (None, device)


def _after_fork_in_child() -> None:
    """Locks that another thread of the parent held would never be released here. The contexts stay:
    the library says ERR_FORKED for each use of them, where a new one might hang in its driver."""
    global _default_lock
    _default_lock = threading.RLock()
    for context in _contexts:
        context._lock = threading.Lock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork_in_child)
