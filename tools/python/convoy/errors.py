"""Convoy's statuses as exceptions, each with the library's own text."""
from __future__ import annotations

from ._enums import Status


class ConvoyError(Exception):
    """Any failure of the library. Its text names the parameter, its value and what would be right.

    status: the Status; opencl: the driver's own code, 0 if OpenCL had no part in it.
    """

    def __init__(self, text: str, status: Status = Status.ERR_INTERNAL, opencl: int = 0):
        super().__init__(text)
        self.text = text
        self.status = status
        self.opencl = opencl

    def __str__(self) -> str:
        return self.text


class ArgumentError(ConvoyError, ValueError):
    """A parameter is out of range, foreign or contradictory, badly aligned, or tensors overlap."""


class ShapeError(ConvoyError, ValueError):
    """Sizes do not fit together."""


class LimitError(ConvoyError, ValueError):
    """Larger than the device or 64-bit arithmetic allows."""


class UnsupportedError(ConvoyError, NotImplementedError):
    """Legal, but not to be had here."""


class OutOfMemoryError(ConvoyError, MemoryError):
    """No memory on the host or on the device."""


class NoDeviceError(ConvoyError, RuntimeError):
    """No OpenCL loader, platform or device, or none that matches."""


class BuildError(ConvoyError, RuntimeError):
    """A kernel did not compile."""


class DeviceLostError(ConvoyError, RuntimeError):
    """The driver says that the device is gone: make a new context."""


class DependencyError(ConvoyError, RuntimeError):
    """A job that this one waited for has failed."""


class StateError(ConvoyError, RuntimeError):
    """Not now: the object is in another state, such as closed."""


class ForkedError(ConvoyError, RuntimeError):
    """Called in a child of a process that had opened OpenCL. With multiprocessing, use the start
    method 'spawn' or 'forkserver', or open no device before the fork."""


class CancelledError(ConvoyError, RuntimeError):
    """A progress callback said stop."""


class WaitTimeoutError(ConvoyError, TimeoutError):
    """Not complete within the time given."""


class FileError(ConvoyError, OSError):
    """A file cannot be read."""


class ModelError(ConvoyError, ValueError):
    """Not a model, a damaged one, or one beyond the limits."""


class ModelOperatorError(ModelError, NotImplementedError):
    """A model with operators, dtypes or opsets that are not supported: the text lists them all."""


class InternalError(ConvoyError, RuntimeError):
    """A fault of Convoy's own: please report it."""


class LibraryError(ConvoyError, OSError):
    """The C library is missing, or its version is not this package's."""


_CLASSES = {
    Status.ERR_ARGUMENT: ArgumentError, Status.ERR_SHAPE: ShapeError,
    Status.ERR_LIMIT: LimitError, Status.ERR_UNSUPPORTED: UnsupportedError,
    Status.ERR_ALIGN: ArgumentError, Status.ERR_ALIAS: ArgumentError,
    Status.ERR_NOMEM_HOST: OutOfMemoryError, Status.ERR_NOMEM_DEVICE: OutOfMemoryError,
    Status.ERR_NO_DEVICE: NoDeviceError, Status.ERR_BUILD: BuildError,
    Status.ERR_DEVICE_LOST: DeviceLostError, Status.ERR_DEPENDENCY: DependencyError,
    Status.ERR_STATE: StateError, Status.ERR_FORKED: ForkedError,
    Status.ERR_CANCELLED: CancelledError, Status.ERR_TIMEOUT: WaitTimeoutError,
    Status.ERR_IO: FileError, Status.ERR_MODEL: ModelError, Status.ERR_MODEL_LIMIT: ModelError,
    Status.ERR_MODEL_OP: ModelOperatorError, Status.ERR_INTERNAL: InternalError,
}


def error_of(code: int, text: str, opencl: int) -> ConvoyError:
    """The exception for a status that is not OK. Codes that this package does not know are errors,
    too."""
    try:
        status = Status(code)
    except ValueError:
        status = Status.ERR_INTERNAL
        text = f'{text} (status {code})'
    return _CLASSES.get(status, ConvoyError)(text or status.name, status, opencl)
