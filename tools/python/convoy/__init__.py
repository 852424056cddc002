"""CNN operators on any OpenCL device: PyTorch's functions over NumPy arrays, and the C library's
contexts, queues, plans and graphs beneath them.

    import convoy
    y = convoy.conv2d(x, weight, bias, padding='same', padding_mode='reflect')
    scores = convoy.load_onnx('model.onnx').run(image)['scores']

Needs libconvoy (and libconvoy-onnx for models): CONVOY_LIBRARY=path/to/libconvoy.so, or beside this
package, or where the system looks. CONVOY_DEVICE or set_device picks the device.
"""
from . import functional
from ._enums import VERSION as __version__
from ._enums import Dtype, Layout, Status
from ._library import version
from ._values import Desc, nchw, nhwc, plain
from .buffer import Buffer
from .device import Context, default_context, devices, set_device, using
from .dlpack import from_dlpack
from .errors import (ArgumentError, BuildError, CancelledError, ConvoyError, DependencyError,
                     DeviceLostError, FileError, ForkedError, InternalError, LibraryError,
                     LimitError, ModelError, ModelOperatorError, NoDeviceError, OutOfMemoryError,
                     ShapeError, StateError, UnsupportedError, WaitTimeoutError)
from .functional import *
from .graph import Graph, Network, Port, Value, load_onnx, onnx_operators
from .plan import Plan, Weights
from .queue import Event, Queue

__all__ = [
    'ArgumentError', 'Buffer', 'BuildError', 'CancelledError', 'Context', 'ConvoyError',
    'DependencyError', 'Desc', 'DeviceLostError', 'Dtype', 'Event', 'FileError', 'ForkedError',
    'Graph', 'InternalError', 'Layout', 'LibraryError', 'LimitError', 'ModelError',
    'ModelOperatorError', 'Network', 'NoDeviceError', 'OutOfMemoryError', 'Plan', 'Port', 'Queue',
    'ShapeError', 'StateError', 'Status', 'UnsupportedError', 'Value', 'WaitTimeoutError',
    'Weights', '__version__', 'default_context', 'devices', 'from_dlpack', 'functional',
    'load_onnx', 'nchw', 'nhwc', 'onnx_operators', 'plain', 'set_device', 'using', 'version',
]
__all__ += functional.__all__
