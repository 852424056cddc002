"""PyTorch's answers to the operators with a window, and to linear."""
import math

import torch
import torch.nn.functional as F

from policy import Activation, Answer, LEAST, Sum, U, activation_of, finite, near, sum_bound, ulp

MODES = {'zeros': 'constant', 'reflect': 'reflect', 'replicate': 'replicate',
         'circular': 'circular'}


def of_rank(name, spatial):
    """Such as F.conv2d."""
    return getattr(F, f'{name}{spatial}d')


def padded(x, begin, end, mode='constant', value=0.0):
    """F.pad by lists for the spatial axes, outermost first."""
    pairs = [n for pair in reversed(list(zip(begin, end))) for n in pair]
    if not any(pairs):
        return x
    return F.pad(x, pairs, mode, value) if mode == 'constant' else F.pad(x, pairs, mode)


def padding_of(case, kernel, dilation):
    begin = case.list('p', 0)
    if 'same' in case.flags:
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        return [n // 2 for n in total], [n - n // 2 for n in total]
    return begin, case.letters.get('q', begin)


def per_channel(vector, rank):
    return vector.reshape([1, -1] + [1] * (rank - 2))


def real_weights(shape):
    """Data of weights whose sums stay near 1."""
    return f'r{round(math.log2(2 / math.sqrt(max(1, math.prod(shape[1:])))))}'


def draw_weights(case, slot, shape):
    return case.draw(slot, 'i8' if case.integer else real_weights(shape), shape)


def draw_term(case, slot, shape, layout='plain'):
    return case.draw(slot, 'i64' if case.integer else 'r0', shape, layout)


def finish(case, total, channel_axis=1):
    """Adds residual, takes the activation."""
    shape = list(total.value.shape)
    channels = shape[channel_axis]
    view = [channels if a == channel_axis % len(shape) else 1 for a in range(len(shape))]
    if 'residual' in case.flags:
        total.add(draw_term(case, 'residual', shape, case.dst_layout()))
    activation = activation_of(case, lambda: case.draw('slope', 'r0', [channels]).reshape(view))
    return total.answer(case, activation)


# Convolution -------------------------------------------------------------------------------------

def convolution(case, mode, kernel, axes=slice(None), groups=1):
    """x, w -> sums, by F.convNd; padding by itself where it can. axes: those of a kernel that is
    not 1."""
    def chosen(values, neutral):
        return [v if i in range(*axes.indices(case.spatial)) else neutral
                for i, v in enumerate(values)]
    dilation = chosen(case.list('l', 1), 1)
    stride = chosen(case.list('s', 1), 1)
    begin, end = padding_of(case, kernel, dilation)
    begin, end = chosen(begin, 0), chosen(end, 0)
    convolve = of_rank('conv', case.spatial)

    def run(x, w):
        if 'same' in case.flags and mode == 'zeros' and axes == slice(None):
            return convolve(x, w, None, stride, 'same', dilation, groups)
        if begin == end and mode == 'zeros':
            return convolve(x, w, None, stride, begin, dilation, groups)
        return convolve(padded(x, begin, end, MODES[mode]), w, None, stride, 0, dilation, groups)
    return run


def conv(case):
    kernel, groups = case.letters['r'], case.number('g', 1)
    x = case.source()
    w = draw_weights(case, 'weights', [case.number('k'), case.shape[1] // groups] + kernel)
    total = Sum(convolution(case, case.mode, kernel, groups=groups), x, w)
    if 'bias' in case.flags:
        total.add(per_channel(draw_term(case, 'bias', [case.number('k')]), x.dim()))
    return finish(case, total)


def cropped(x, begin, end):
    for axis, (b, e) in enumerate(zip(begin, end), 2):
        x = x.narrow(axis, b, x.shape[axis] - b - e)
    return x


def deconv(case):
    kernel, groups = case.letters['r'], case.number('g', 1)
    stride, dilation, extra = case.list('s', 1), case.list('l', 1), case.list('o', 0)
    begin, end = padding_of(case, kernel, dilation)
    transposed = of_rank('conv_transpose', case.spatial)
    x = case.source()
    w = draw_weights(case, 'weights', [case.shape[1], case.number('k') // groups] + kernel)

    def run(x, w):
        if begin == end:
            return transposed(x, w, None, stride, begin, extra, groups, dilation)
        return cropped(transposed(x, w, None, stride, 0, extra, groups, dilation), begin, end)
    total = Sum(run, x, w)
    if 'bias' in case.flags:
        total.add(per_channel(draw_term(case, 'bias', [case.number('k')]), x.dim()))
    return finish(case, total)


def separable_shapes(case):
    """Kernels of both, axes of both, channels between and behind, groups of both."""
    kernel, channels, ones = case.letters['r'], case.shape[1], [1] * case.spatial
    if case.kind in (None, 'depthwise'):
        between = channels * case.number('m', 1)
        return ((kernel, ones), (slice(None), slice(0)), between, case.number('k'), (channels, 1))
    outputs = case.number('k', channels)
    kernels = (kernel[:1] + ones[1:], [1] + kernel[1:])
    axes = (slice(0, 1), slice(1, None))
    if case.kind == 'spatial':
        return kernels, axes, channels, channels, (channels, channels)
    return kernels, axes, case.number('m', outputs), outputs, (1, 1)


def separable(case):
    kernels, axes, between, outputs, groups = separable_shapes(case)
    rank, mid = len(case.shape), case.flags.get('mid', [None])
    x = case.source()
    w = draw_weights(case, 'weights', [between, case.shape[1] // groups[0]] + kernels[0])
    first = Sum(convolution(case, case.mode, kernels[0], axes[0], groups[0]), x, w)
    if 'bias' in case.flags:
        first.add(per_channel(draw_term(case, 'bias', [between]), rank))
    middle, error = first.activated(Activation(mid[0], mid[1:]))
    w = draw_weights(case, 'weights2', [outputs, between // groups[1]] + kernels[1])
    exact = case.integer and mid[0] in (None, 'relu', 'relu6', 'clip')
    total = Sum(convolution(case, case.mode, kernels[1], axes[1], groups[1]), middle, w,
                None if exact else error)
    if 'bias2' in case.flags:
        total.add(per_channel(draw_term(case, 'bias2', [outputs]), rank))
    return finish(case, total)


def linear(case):
    x = case.source()
    w = draw_weights(case, 'weights', [case.number('k'), case.shape[-1]])
    total = Sum(F.linear, x, w)
    if 'bias' in case.flags:
        total.add(draw_term(case, 'bias', [case.number('k')]))
    return finish(case, total, -1)


# Pooling -----------------------------------------------------------------------------------------

def plane_indices(indices, shape, wide, begin):
    """Indices into a padded plane of sizes `wide` as those into the plane itself."""
    result = torch.zeros_like(indices)
    for axis, size in enumerate(shape):
        step = math.prod(wide[axis + 1:])
        result = result * size + torch.div(indices, step, rounding_mode='floor') % wide[axis]
        result -= begin[axis]
    return result


def max_pool(case, x):
    if case.kind == 'adaptive_max':
        return of_rank('adaptive_max_pool', case.spatial)(x, case.letters['o'], True)
    if 'global' in case.flags:
        return of_rank('adaptive_max_pool', case.spatial)(x, 1, True)
    kernel, dilation = case.letters['r'], case.list('l', 1)
    stride, ceil = case.letters.get('s', kernel), 'ceil' in case.flags
    begin, end = padding_of(case, kernel, dilation)
    pool = of_rank('max_pool', case.spatial)
    if begin == end:
        return pool(x, kernel, stride, begin, dilation, ceil, True)
    wide = padded(x, begin, end, 'constant', -math.inf)
    value, indices = pool(wide, kernel, stride, 0, dilation, ceil, True)
    return value, plane_indices(indices, case.shape[2:], wide.shape[2:], begin)


def pool_max(case):
    value, indices = max_pool(case, case.source('i99'))
    if 'indices' not in case.flags:
        return Answer(value)
    if case.flags['indices'][:1] == ['tensor']:
        planes = torch.arange(case.shape[0] * case.shape[1])
        step = math.prod(case.shape[2:])
        indices = indices + (planes * step).reshape(case.shape[:2] + [1] * case.spatial)
    return Answer(value, indices=indices)


def average_pool(case, divisor=None, include=True):
    """x -> averages by F.avg_poolNd, or by a convolution with ones where that has no dilation."""
    kernel, dilation = case.letters['r'], case.list('l', 1)
    stride, ceil = case.letters.get('s', kernel), 'ceil' in case.flags
    begin, end = padding_of(case, kernel, dilation)

    def direct(x):
        pool, outer = of_rank('avg_pool', case.spatial), []
        if begin != end:
            return pool(padded(x, begin, end), kernel, stride, 0, ceil, True, divisor)
        if case.spatial > 1:
            return pool(x, kernel, stride, begin, ceil, include, divisor)
        args = [outer + values for values in ([1] + kernel, [1] + stride, [0] + begin)]
        return F.avg_pool2d(x.unsqueeze(2), *args, ceil, include, divisor).squeeze(2)

    def dilated(x):
        ones = torch.ones([case.shape[1], 1] + kernel, dtype=x.dtype)
        total = of_rank('conv', case.spatial)(padded(x, begin, end), ones, None, stride, 0,
                                              dilation, case.shape[1])
        return total / (divisor or math.prod(kernel))
    return direct if set(dilation) == {1} else dilated


def average_parts(case, x):
    """Averages of x and of |x|, and how many taps each has."""
    if case.kind == 'adaptive_average' or 'global' in case.flags:
        pool = of_rank('adaptive_avg_pool', case.spatial)
        mean = [pool(t, case.letters.get('o', 1)) for t in (x, x.abs())]
        taps = math.prod(-(-n // o) + 1 for n, o in
                         zip(case.shape[2:], case.letters.get('o', [1] * case.spatial)))
        return *mean, torch.as_tensor(float(taps))
    include = 'exclude_pad' not in case.flags
    divisor = int(case.flags['div'][0]) if 'div' in case.flags else None
    taps = average_pool(case, 1)(torch.ones_like(x))
    if not include and divisor is None:
        counted = average_pool(case, 1)
        if case.list('p', 0) == case.letters.get('q', case.list('p', 0)) \
                and 'l' not in case.letters and 'same' not in case.flags:
            counted = average_pool(case, None, False)
            return counted(x), counted(x.abs()), taps
        return counted(x) / taps, counted(x.abs()) / taps, taps
    mean = average_pool(case, divisor)
    return mean(x), mean(x.abs()), taps


def pool_average(case):
    mean, magnitude, taps = average_parts(case, case.source())
    return near(mean, finite(2 * U * (taps ** 0.5 + 4) * magnitude) + 2.5 * ulp(mean))


def lp_sums(case, x, p):
    """Sums of |x|^p, and their taps. F.lp_pool itself is asked by pool_lp where it can answer."""
    if 'global' in case.flags:
        axes = list(range(2, x.dim()))
        taps = torch.as_tensor(float(math.prod(case.shape[2:])))
        return (x.abs() ** p).sum(axes, True), taps
    return average_pool(case, 1)(x.abs() ** p), average_pool(case, 1)(torch.ones_like(x))


def pool_lp(case):
    p = float(case.flags.get('norm', [2])[0])
    x = case.source()
    total, taps = lp_sums(case, x, p)
    value = total ** (1 / p)
    if not set(case.letters) & set('pql') and not {'ceil', 'global', 'same'} & set(case.flags) \
            and case.spatial < 3:
        kernel = case.letters['r']
        whole = of_rank('lp_pool', case.spatial)
        shape = (kernel, case.letters.get('s', kernel)) if case.spatial > 1 else \
            (kernel[0], case.letters.get('s', kernel)[0])
        value = whole(x.abs(), p, *shape)
    bound = sum_bound(taps, total)
    above = (total + bound) ** (1 / p) - value
    below = value - (total - bound).clamp(min=0.0) ** (1 / p)
    return near(value, finite(torch.maximum(above, below)) + 16 * ulp(value) + LEAST)


def pool(case):
    if case.kind in ('max', 'adaptive_max'):
        return pool_max(case)
    return pool_lp(case) if case.kind == 'lp' else pool_average(case)


def unpool_size(case):
    kernel = case.letters.get('r')
    if 'o' in case.letters:
        return case.letters['o']
    return [(n - 1) * s - 2 * p + k for n, k, s, p in
            zip(case.shape[2:], kernel, case.letters.get('s', kernel), case.list('p', 0))]


def unpool(case):
    whole, dtype = [*case.flags.get('indices', []), 'plane'][0] == 'tensor', 'i64'
    if 'i32' in case.flags.get('indices', []):
        dtype = 'i32'
    size = unpool_size(case)
    plane = math.prod(size)
    x = case.source('i999')
    if whole:
        limit = case.shape[0] * case.shape[1] * plane
        indices = case.draw('indices', f'j{limit}', case.shape, case.layout, dtype)
        flat = torch.zeros(limit, dtype=x.dtype)
        for i, value in zip(indices.reshape(-1).long(), x.reshape(-1)):
            flat[i] = value
        return Answer(flat.reshape(case.shape[:2] + size))
    indices = case.draw('indices', f'j{plane}', case.shape, case.layout, dtype)
    if 'r' not in case.letters:
        return Answer(torch._C._nn.max_unpool2d(x, indices.long(), size))
    kernel = case.letters['r']
    value = of_rank('max_unpool', case.spatial)(x, indices.long(), kernel,
                                                case.letters.get('s', kernel),
                                                case.list('p', 0), case.shape[:2] + size)
    return Answer(value)
