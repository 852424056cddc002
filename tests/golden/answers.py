"""PyTorch's answer to a case of any operator: the operators that only move values, and the table
of all."""
import math

import numpy as np
import torch
import torch.nn.functional as F

import elements
import resize
import windows
from policy import Answer
from windows import MODES, padded

# numpy's names of the modes, for axes that F.pad does not take.
NUMPY_MODES = {'reflect': 'reflect', 'replicate': 'edge', 'circular': 'wrap'}


def concat(case):
    sources = [case.draw('srcs', case.data('i999', 'r0'), case.shape, case.layout)]
    for word in case.brackets:
        layout = 'nhwc' if ':nhwc' in word else 'nchw' if ':nchw' in word else case.layout
        sources.append(case.draw('srcs', case.data('i999', 'r0'), case.bracket_shape(word), layout))
    return Answer(torch.cat(sources, int(case.flags.get('axis', [0])[0])))


def copy(case):
    return Answer(case.source('i999'))


def pad(case):
    rank = len(case.shape)
    x = case.source('i999')
    before, after = case.values('before', [0] * rank), case.values('after', [0] * rank)
    if case.mode == 'zeros':
        value = float(np.float32(case.flags.get('value', [0])[0]))
        return Answer(padded(x, before, after, 'constant', value))
    if 3 <= rank <= 5 and not any(before[:2] + after[:2]):
        return Answer(padded(x, before[2:], after[2:], MODES[case.mode]))
    widths = list(zip(before, after))
    return Answer(torch.from_numpy(np.pad(x.numpy(), widths, NUMPY_MODES[case.mode])))


def slice_axis(start, step, size, length):
    start, step = start + length if start < 0 else start, step or 1
    places = np.arange(start, length if step > 0 else -1, step)
    return places[:size] if size else places


def slice_(case):
    x, zeros = case.source('i999'), [0] * len(case.shape)
    parts = [case.values(name, zeros) for name in ('start', 'step', 'size')]
    picks = [slice_axis(*part, n) for *part, n in zip(*parts, case.shape)]
    return Answer(torch.from_numpy(x.numpy()[np.ix_(*picks)].copy()))


def transpose(case):
    x = case.source('i999')
    return Answer(x.permute(case.values('order', list(range(x.dim())))).contiguous())


# ONNX's DCR for depth_last; PyTorch has CRD only.
def depth_to_space(case):
    x, b = case.source('i999'), case.number('b')
    if 'depth_last' not in case.flags:
        return Answer(F.pixel_shuffle(x, b))
    n, c, h, w = x.shape
    c //= b * b
    parts = x.reshape(n, b, b, c, h, w).permute(0, 3, 4, 1, 5, 2)
    return Answer(parts.reshape(n, c, h * b, w * b))


def space_to_depth(case):
    x, b = case.source('i999'), case.number('b')
    if 'depth_last' not in case.flags:
        return Answer(F.pixel_unshuffle(x, b))
    n, c, h, w = x.shape
    parts = x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4)
    return Answer(parts.reshape(n, c * b * b, h // b, w // b))


def gather(case):
    word = case.brackets[0]
    dtype = 'i32' if ':i32' in word else 'i64'
    axis, shape = int(case.flags.get('axis', [0])[0]), case.bracket_shape(word)
    x = case.source('i999')
    axis %= x.dim()
    length = case.shape[axis]
    # One more than there are, at either end: those outside give zeros.
    picks = case.draw('indices', f'g{length + 1}', shape, 'plain', dtype).long().reshape(-1)
    inside = (picks >= -length) & (picks < length)
    value = x.index_select(axis, torch.where(inside, picks, 0) % length)
    value = torch.where(inside.reshape([-1] + [1] * (x.dim() - 1 - axis)), value, 0.0)
    return Answer(value.reshape(case.shape[:axis] + shape + case.shape[axis + 1:]))


ANSWERS = {
    'conv': windows.conv, 'deconv': windows.deconv, 'pool': windows.pool,
    'unpool': windows.unpool, 'separable': windows.separable, 'linear': windows.linear,
    'concat': concat, 'copy': copy, 'pad': pad, 'slice': slice_, 'transpose': transpose,
    'depth_to_space': depth_to_space, 'space_to_depth': space_to_depth, 'gather': gather,
    'resize': resize.resize, **elements.ANSWERS,
}


def answer(case):
    """The Answer, its shape that of dst."""
    result = ANSWERS[case.op](case)
    result.shape = list(result.value.shape) or [1]
    assert math.prod(result.shape) == result.value.numel()
    return result
