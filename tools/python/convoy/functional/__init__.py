"""The operators as functions, by PyTorch's names and arguments.

Arrays in, arrays out: NumPy's, or whatever shares host memory by DLPack. Where the first argument
is a Buffer the result is one, too, and nothing waits. dtype float32 unless a function says more.

channels_last=True says how arrays lie: [n, h, w, c]. Every other argument speaks of n, c, h, w as
in PyTorch, whatever the layout.
"""
from . import conv, elements, moves, norm, pool
from .conv import *
from .elements import *
from .moves import *
from .norm import *
from .pool import *

__all__ = []
__all__ += conv.__all__
__all__ += elements.__all__
__all__ += moves.__all__
__all__ += norm.__all__
__all__ += pool.__all__
