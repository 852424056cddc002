"""PyTorch's answers to the element-wise operators, normalisation and reduction."""
import torch
import torch.nn.functional as F

from policy import Answer, LEAST, ROUNDS_ONCE, Sum, U, activation_of, finite, float32, near, \
    sum_bound, ulp
from windows import per_channel


def flag_float(case, flag, standard):
    return float32(case.flags.get(flag, [standard])[0])


# A sum of one tap with weight 1. Kinds that only choose or round once are exact (T6).
def activation(case):
    x = case.source('i8', 'r3')
    count = int(case.flags.get('prelu', ['1'])[0]) if case.flags.get('prelu') else 1
    view = [-1] + [1] * (x.dim() - 2) if count > 1 else [1]
    chosen = activation_of(case, lambda: case.draw('slope', 'r0', [count]).reshape(view))
    value = chosen.apply(x)
    if chosen.kind in ROUNDS_ONCE:
        return Answer(value, 'equal')
    bound = sum_bound(1, x.abs())
    return near(value, chosen.lipschitz * bound + chosen.own_error(value))


def softmax(case):
    x = case.source('i8', 'r3')
    axis = int(case.flags.get('axis', [0])[0])
    n = case.shape[axis]
    if 'log' in case.flags:
        value = F.log_softmax(x, axis)
        return near(value, (8 + n ** 0.5) * 2 * U * value.abs().clamp(min=1.0))
    value = F.softmax(x, axis)
    return near(value, (n / 8 + 8) * 2 * U * value + LEAST)


def activated(case, value, bound):
    """Behind the activation that the flags name, of a value that is `bound` from the truth."""
    channels = value.shape[1]
    chosen = activation_of(case, lambda: per_channel(case.draw('slope', 'r0', [channels]),
                                                     value.dim()))
    result = chosen.apply(value)
    return near(result, chosen.lipschitz * bound + chosen.own_error(result))


# Normalisation -----------------------------------------------------------------------------------

def draw_affine(case):
    channels = case.shape[1]
    scale = case.draw('scale', 'r1', [channels]) if 'scale' in case.flags else None
    bias = case.draw('bias', 'r0', [channels]) if 'bias' in case.flags else None
    return scale, bias


def of_channels(vector, rank, standard):
    return torch.full([1] * rank, standard) if vector is None else per_channel(vector, rank)


def batch_norm(case):
    rank, eps = len(case.shape), flag_float(case, 'eps', 1e-5)
    x = case.source('i8', 'r1')
    mean = case.draw('mean', 'r0', [case.shape[1]])
    variance = case.draw('variance', 'p1', [case.shape[1]])
    scale, bias = draw_affine(case)
    value = F.batch_norm(x, mean, variance, scale, bias, False, 0.0, eps)
    factor = of_channels(scale, rank, 1.0) / (per_channel(variance, rank) + eps).sqrt()
    terms = (factor * x).abs() + (factor * per_channel(mean, rank)).abs() \
        + of_channels(bias, rank, 0.0).abs()
    return activated(case, value, sum_bound(2, terms))


def instance_norm(case):
    rank, eps = len(case.shape), flag_float(case, 'eps', 1e-5)
    axes = list(range(2, rank))
    n = 1
    for size in case.shape[2:]:
        n *= size
    x = case.source('i8', 'r1')
    scale, bias = draw_affine(case)
    mean, variance = x.mean(axes, True), x.var(axes, False, True)
    value = torch.instance_norm(x, scale, bias, None, None, True, 0.0, eps, False)
    factor = of_channels(scale, rank, 1.0).abs() / (variance + eps).sqrt()
    # T1 of the mean and of the variance, half of which reaches the root; T1 of the two terms.
    of_mean = sum_bound(n, x.abs().mean(axes, True))
    of_variance = (sum_bound(n, variance) + of_mean * of_mean) / (2 * (variance + eps))
    term = factor * (x - mean).abs()
    bound = sum_bound(2, term + of_channels(bias, rank, 0.0).abs()) + finite(
        factor * of_mean + of_variance * term)
    return activated(case, value, bound)


def lrn(case):
    x, size = case.source('i8', 'r1'), int(case.flags['size'][0])
    alpha, beta = flag_float(case, 'alpha', 1e-4), flag_float(case, 'beta', 0.75)
    k = flag_float(case, 'k', 1)
    if 'later' in case.flags:
        value = F.local_response_norm(x.flip(1), size, alpha, beta, k).flip(1)
    else:
        value = F.local_response_norm(x, size, alpha, beta, k)
    # T1 of the sum of squares, through the slope of the power.
    squares = (value.abs() / x.abs()) ** (-1 / beta) - k
    slope = (value * beta * alpha / size / (k + squares)).abs()
    bound = finite(slope * sum_bound(size, squares * size / alpha))
    return near(value, bound + 8 * ulp(value) + LEAST)


# Arithmetic --------------------------------------------------------------------------------------

UNARY = {
    'abs': torch.abs, 'neg': torch.neg, 'exp': torch.exp, 'log': torch.log, 'sqrt': torch.sqrt,
    'reciprocal': torch.reciprocal, 'erf': torch.erf, 'softsign': F.softsign,
}
POSITIVE = ('log', 'sqrt', 'reciprocal')


def unary(case):
    x = case.source('i8', 'p3' if case.kind in POSITIVE else 'r3')
    if case.kind == 'thresholded_relu':
        return Answer(F.threshold(x, flag_float(case, 'alpha', 1), 0.0), 'equal')
    value = UNARY[case.kind](x)
    if case.kind in ('abs', 'neg'):
        return Answer(value)
    return near(value, 8 * ulp(value) + LEAST)


BINARY = {
    'add': torch.add, 'sub': torch.sub, 'mul': torch.mul, 'div': torch.div, 'max': torch.maximum,
    'min': torch.minimum, 'pow': torch.pow,
}
COMPARISONS = {
    'equal': torch.eq, 'not_equal': torch.ne, 'less': torch.lt, 'less_equal': torch.le,
    'greater': torch.gt, 'greater_equal': torch.ge,
}
ERRORS = {'div': 2.5, 'pow': 16}        # in ulp; the others round once


def bracket_layout(case, word):
    return 'nhwc' if ':nhwc' in word else 'nchw' if ':nchw' in word else case.layout


def second(case, slot, whole, real):
    word = case.brackets[0]
    return case.draw(slot, case.data(whole, real), case.bracket_shape(word),
                     bracket_layout(case, word))


def binary(case):
    if case.kind in COMPARISONS:
        x, y = case.source('i2', 'r0'), second(case, 'src2', 'i2', 'r0')
        return Answer(COMPARISONS[case.kind](x, y), dtype='bool')
    powers = case.kind == 'pow'
    x = case.source('i8', 'p2' if powers else 'r2')
    y = second(case, 'src2', 'j4' if powers else 'i8', 'p1' if case.kind == 'div' else 'r1')
    value = BINARY[case.kind](x, y)
    chosen = activation_of(case)
    if chosen.kind in (None, 'relu', 'relu6', 'clip') and case.kind not in ERRORS:
        return Answer(chosen.apply(value), 'equal')
    bound = ERRORS.get(case.kind, 1) * ulp(value) + LEAST
    result = chosen.apply(value)
    return near(result, torch.where(value.isfinite(), chosen.lipschitz * bound
                                    + chosen.own_error(result), 0.0))


def where(case):
    condition = case.draw('srcs', 'j3', case.shape, case.layout, 'bool')
    picks = [case.draw('srcs', case.data('i999', 'r0'), case.bracket_shape(word),
                       bracket_layout(case, word)) for word in case.brackets]
    return Answer(torch.where(condition != 0, *picks))


RANGES = {'f32': 'r8', 'f64': 'r8', 'f16': 'i99', 'bf16': 'i99', 'i8': 'i99', 'u8': 'j200',
          'i32': 'i99999999', 'i64': 'i99999999999', 'bool': 'j2'}
# What each type holds, so that no rule about ranges is in question: PyTorch has none.
NARROW = {'i8': 'i100', 'u8': 'j100', 'bool': 'i2'}
TYPES = {'f32': torch.float32, 'f16': torch.float16, 'bf16': torch.bfloat16, 'f64': torch.float64,
         'i8': torch.int8, 'u8': torch.uint8, 'i32': torch.int32, 'i64': torch.int64,
         'bool': torch.bool}


def cast(case):
    target = case.flags['as'][0]
    data = RANGES[case.dtype]
    if case.dtype in ('i8', 'u8') and target in ('i8', 'u8'):
        data = 'j100'
    elif target in NARROW and case.dtype not in ('i8', 'u8', 'bool'):
        fractions = case.dtype in ('f32', 'f64') and target != 'bool' and not case.integer
        data = 'p6' if fractions else NARROW[target]
    elif case.dtype == 'i64' and target == 'i32':
        data = 'i99999999'
    elif case.dtype == 'f64' and case.integer:
        data = 'i99999999'
    x = case.draw('src', data, case.shape, case.layout, case.dtype)
    return Answer(x.to(TYPES[target]), dtype=target)


# Reduction ---------------------------------------------------------------------------------------

def reduce(case):
    special = 'i9' if case.kind in ('argmax', 'argmin') else 'i99'
    x = case.source(special, 'r0')
    axes = [a % x.dim() for a in case.values('axes', range(x.dim()))]
    keep = 'keep_dims' in case.flags
    n = 1
    for axis in axes:
        n *= case.shape[axis]
    if case.kind in ('max', 'min'):
        return Answer((torch.amax if case.kind == 'max' else torch.amin)(x, axes, keep))
    if case.kind in ('argmax', 'argmin'):
        pick = torch.argmax if case.kind == 'argmax' else torch.argmin
        return Answer(pick(x, axes[0], keep), dtype='i32' if 'i32' in case.flags else 'i64')
    if case.kind == 'sum':
        total = x.sum(axes, keep)
        return Answer(total, 'equal') if case.integer else near(
            total, sum_bound(n, x.abs().sum(axes, keep)))
    mean = x.mean(axes, keep)
    return near(mean, 2 * U * (n ** 0.5 + 4) * x.abs().mean(axes, keep) + 2.5 * ulp(mean))


# Matrices ----------------------------------------------------------------------------------------

def matmul(case):
    alpha, beta = flag_float(case, 'alpha', 1), flag_float(case, 'beta', 1)
    x, y = case.source('i8', 'r0'), second(case, 'src2', 'i8', 'r0')
    x = x.transpose(-1, -2) if 'transpose' in case.flags else x
    y = y.transpose(-1, -2) if 'transpose2' in case.flags else y
    total = Sum(torch.matmul, x, y)
    total.value, total.magnitude = alpha * total.value, abs(alpha) * total.magnitude
    if len(case.brackets) > 1:
        total.add(beta * case.draw('bias', case.data('i64', 'r0'),
                                   case.bracket_shape(case.brackets[1])))
    exact = (alpha * 4) % 1 == 0 and (beta * 4) % 1 == 0
    chosen = activation_of(case)
    if exact:
        return total.answer(case, chosen)
    return near(*total.activated(chosen))


ANSWERS = {
    'activation': activation, 'softmax': softmax, 'batch_norm': batch_norm,
    'instance_norm': instance_norm, 'lrn': lrn, 'unary': unary, 'binary': binary, 'where': where,
    'cast': cast, 'reduce': reduce, 'matmul': matmul,
}
