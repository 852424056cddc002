"""The enums of Convoy, less their prefixes.

Written by bind.py from the headers of Convoy 0.1.0: change those, then run it.
"""

from enum import IntEnum

VERSION = '0.1.0'
MAX_RANK = 6
MAX_SOURCES = 64
ANY_SIZE = -1
ANY_RANK = -1
MAX_TUNABLES = 6


class Status(IntEnum):
    """cvy_status"""

    OK = 0
    ERR_ARGUMENT = -1
    ERR_SHAPE = -2
    ERR_LIMIT = -3
    ERR_UNSUPPORTED = -4
    ERR_ALIGN = -5
    ERR_ALIAS = -6
    ERR_NOMEM_HOST = -7
    ERR_NOMEM_DEVICE = -8
    ERR_NO_DEVICE = -9
    ERR_BUILD = -10
    ERR_DEVICE_LOST = -11
    ERR_DEPENDENCY = -12
    ERR_STATE = -13
    ERR_FORKED = -14
    ERR_CANCELLED = -15
    ERR_TIMEOUT = -16
    ERR_IO = -17
    ERR_MODEL = -18
    ERR_MODEL_LIMIT = -19
    ERR_MODEL_OP = -20
    ERR_INTERNAL = -21


class Dtype(IntEnum):
    """cvy_dtype"""

    DTYPE_DEFAULT = 0
    F32 = 1
    F16 = 2
    BF16 = 3
    F64 = 4
    I8 = 5
    U8 = 6
    I32 = 7
    I64 = 8
    BOOL = 9


class Layout(IntEnum):
    """cvy_layout"""

    LAYOUT_DEFAULT = 0
    NCHW = 1
    NHWC = 2
    PLAIN = 3


class LogLevel(IntEnum):
    """cvy_log_level"""

    ERROR = 1
    WARNING = 2
    INFO = 3


class DeviceType(IntEnum):
    """cvy_device_type"""

    OTHER = 0
    CPU = 1
    GPU = 2


class CompilePolicy(IntEnum):
    """cvy_compile_policy"""

    DEFAULT = 0
    EAGER = 1
    BACKGROUND = 2
    LAZY = 3


class Access(IntEnum):
    """cvy_access"""

    READ_WRITE = 0
    READ_ONLY = 1
    WRITE_ONLY = 2


class Effort(IntEnum):
    """cvy_effort"""

    DEFAULT = 0
    ESTIMATE = 1
    MEASURE = 2
    EXHAUSTIVE = 3


class TrialResult(IntEnum):
    """cvy_trial_result"""

    TIMED = 0
    SLOW = 1
    WRONG = 2
    FAILED = 3
    CHOSEN = 4


class ActivationKind(IntEnum):
    """cvy_activation_kind"""

    NONE = 0
    RELU = 1
    CLIP = 2
    RELU6 = 3
    LEAKY_RELU = 4
    PRELU = 5
    ELU = 6
    SELU = 7
    SIGMOID = 8
    HARD_SIGMOID = 9
    TANH = 10
    SILU = 11
    HARD_SWISH = 12
    SOFTPLUS = 13
    GELU = 14
    GELU_TANH = 15
    MISH = 16


class PaddingMode(IntEnum):
    """cvy_padding_mode"""

    ZEROS = 0
    REFLECT = 1
    REPLICATE = 2
    CIRCULAR = 3


class PaddingRule(IntEnum):
    """cvy_padding_rule"""

    SYMMETRIC = 0
    BEGIN_END = 1
    SAME = 2


class PoolKind(IntEnum):
    """cvy_pool_kind"""

    MAX = 1
    AVERAGE = 2
    LP = 3
    ADAPTIVE_MAX = 4
    ADAPTIVE_AVERAGE = 5


class Indices(IntEnum):
    """cvy_indices"""

    NONE = 0
    PLANE = 1
    TENSOR = 2


class CountPad(IntEnum):
    """cvy_count_pad"""

    DEFAULT = 0
    INCLUDE = 1
    EXCLUDE = 2


class SeparableKind(IntEnum):
    """cvy_separable_kind"""

    DEPTHWISE = 0
    SPATIAL = 1
    SPATIAL_DENSE = 2


class UnaryKind(IntEnum):
    """cvy_unary_kind"""

    ABS = 1
    NEG = 2
    EXP = 3
    LOG = 4
    SQRT = 5
    RECIPROCAL = 6
    ERF = 7
    SOFTSIGN = 8
    THRESHOLDED_RELU = 9
    FLOOR = 10
    CEIL = 11
    ROUND = 12


class BinaryKind(IntEnum):
    """cvy_binary_kind"""

    ADD = 1
    SUB = 2
    MUL = 3
    DIV = 4
    MAX = 5
    MIN = 6
    POW = 7
    EQUAL = 8
    NOT_EQUAL = 9
    LESS = 10
    LESS_EQUAL = 11
    GREATER = 12
    GREATER_EQUAL = 13


class ReduceKind(IntEnum):
    """cvy_reduce_kind"""

    SUM = 1
    MEAN = 2
    MAX = 3
    MIN = 4
    ARGMAX = 5
    ARGMIN = 6


class ResizeMode(IntEnum):
    """cvy_resize_mode"""

    NEAREST = 0
    BILINEAR = 1
    BICUBIC = 2


class ResizeCoordinates(IntEnum):
    """cvy_resize_coordinates"""

    COORDINATES_DEFAULT = 0
    HALF_PIXEL = 1
    ASYMMETRIC = 2
    ALIGN_CORNERS = 3
    PYTORCH_HALF_PIXEL = 4
    HALF_PIXEL_SYMMETRIC = 5
    TF_HALF_PIXEL = 6
    TF_CROP_AND_RESIZE = 7


class ResizeRounding(IntEnum):
    """cvy_resize_rounding"""

    FLOOR = 0
    CEIL = 1
    PREFER_FLOOR = 2
    PREFER_CEIL = 3


class WisdomSource(IntEnum):
    """cvy_wisdom_source"""

    USER = 0
    SYSTEM = 1
