"""Finds and opens the two C libraries, and turns their statuses into exceptions."""
from __future__ import annotations

import ctypes
import ctypes.util
import glob
import os
import sys
import threading
from typing import Any, Iterator, Optional

from ._enums import VERSION, Status
from ._functions import FUNCTIONS
from .errors import ConvoyError, ForkedError, LibraryError, error_of

_HERE = os.path.dirname(os.path.abspath(__file__))
_ONNX = ('cvy_onnx_',)
_lock = threading.RLock()


def _beside(folder: str, stem: str) -> Iterator[str]:
    """Files of that name in a folder, the plain name first."""
    for pattern in (f'lib{stem}.so', f'lib{stem}.so.*', f'lib{stem}.dylib', f'{stem}.dll'):
        for path in sorted(glob.glob(os.path.join(folder, pattern))):
            if os.path.isfile(path):
                yield path


def _candidates(variable: str, stem: str, near: Optional[str]) -> Iterator[str]:
    named = os.environ.get(variable)
    if named:
        yield named
        return
    for folder in ([near, os.path.join(near, 'onnx')] if near else []) + [_HERE]:
        yield from _beside(folder, stem)
    found = ctypes.util.find_library(stem)
    yield found or (f'lib{stem}.dylib' if sys.platform == 'darwin' else f'lib{stem}.so.0')


def _open(variable: str, stem: str, near: Optional[str]) -> ctypes.CDLL:
    tried = []
    for path in _candidates(variable, stem, near):
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            tried.append(str(error))
    raise LibraryError(f'lib{stem} cannot be opened ({"; ".join(tried)}): install it, or set '
                       f'{variable} to the path of lib{stem}.so')


def _file_of(library: ctypes.CDLL) -> Optional[str]:
    """The folder a library was opened from, None if the loader searched for it."""
    path = str(library._name)
    return os.path.dirname(os.path.abspath(path)) if os.sep in path else None


class Library:
    """Every function of the headers as an attribute. Opens nothing before the first is used."""

    def __init__(self) -> None:
        self._core: Optional[ctypes.CDLL] = None
        self._onnx: Optional[ctypes.CDLL] = None

    def _open_core(self) -> ctypes.CDLL:
        if self._core is None:
            core = _open('CONVOY_LIBRARY', 'convoy', None)
            version = core.cvy_version
            version.restype = ctypes.c_char_p
            found = version().decode()
            # Structs may change with every 0.x: other versions would read the wrong bytes.
            if found.split('.')[:2] != VERSION.split('.')[:2]:
                raise LibraryError(f'{core._name} is Convoy {found}, this package is for '
                                   f'{VERSION}: set CONVOY_LIBRARY to another libconvoy.so')
            self._core = core
        return self._core

    def _open_onnx(self) -> ctypes.CDLL:
        core = self._open_core()
        if self._onnx is None:
            self._onnx = _open('CONVOY_ONNX_LIBRARY', 'convoy-onnx', _file_of(core))
        return self._onnx

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(name)
        with _lock:
            library = self._open_onnx() if name.startswith(_ONNX) else self._open_core()
            function = getattr(library, name, None)
            if function is None:
                raise LibraryError(f'{library._name} has no {name}: it is not Convoy {VERSION}')
            function.restype, function.argtypes = FUNCTIONS[name]
            setattr(self, name, function)
        return function


lib = Library()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, 'register_at_fork'):
    os.register_at_fork(after_in_child=_after_fork_in_child)
_FORK_HINT = ("; with multiprocessing use the start method 'spawn', or open no device before the "
              'fork')


def check(status: int) -> None:
    """Raises what the calling thread's last call had to say, unless it was OK."""
    if status != Status.OK:
        raise last_error(status)


def last_error(status: int) -> ConvoyError:
    opencl = lib.cvy_error_opencl()
    error = error_of(status, lib.cvy_error_text().decode('utf-8', 'replace'), opencl)
    if isinstance(error, ForkedError):
        error.text += _FORK_HINT
    return error


def version() -> str:
    """The version of the C library that runs, such as '0.1.0'."""
    return lib.cvy_version().decode()
