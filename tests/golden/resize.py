"""PyTorch's answers to resize."""
import torch
import torch.nn.functional as F

from policy import Answer, float32, near, sum_bound

MODES = {'nearest': ['nearest'] * 3, 'bilinear': ['linear', 'bilinear', 'trilinear'],
         'bicubic': [None, 'bicubic', None]}


def axis_weights(size, out, scale, mode, corners):
    """The matrix [out][size] of one axis, by resizing the identity along it alone."""
    eye = torch.eye(size, dtype=torch.float64)[None, None]
    if scale is None:
        return F.interpolate(eye, [out, size], mode=mode, align_corners=corners)[0, 0]
    return F.interpolate(eye, scale_factor=[scale, 1.0], mode=mode, align_corners=corners)[0, 0]


def magnitudes(case, x, scales, mode, corners):
    """Sums of |weight x|."""
    total = x.abs()
    for i in range(case.spatial):
        scale = scales[i] if scales else None
        out = None if scales else case.letters['o'][i]
        matrix = axis_weights(case.shape[2 + i], out, scale, mode, corners).abs()
        total = torch.movedim(torch.movedim(total, 2 + i, -1) @ matrix.T, -1, 2 + i)
    return total


def nearest(case, x, where):
    # PyTorch's nearest-exact rounds half up, its nearest down from the asymmetric position.
    exact = 'half_pixel' in case.flags
    return Answer(F.interpolate(x, mode='nearest-exact' if exact else 'nearest', **where))


def resize(case):
    scales = None
    if 'scale' in case.flags:
        scales = [float32(text) for text in case.flags['scale'][0].split('x')]
    where = {'scale_factor': scales} if scales else {'size': case.letters['o']}
    x = case.source('i99', 'r0')
    if case.kind == 'nearest':
        return nearest(case, x, where)
    corners = 'align_corners' in case.flags
    value = F.interpolate(x, mode=MODES[case.kind][case.spatial - 1], align_corners=corners,
                          **where)
    flat = 'bicubic' if case.kind == 'bicubic' else 'bilinear'
    taps = (4 if case.kind == 'bicubic' else 2) ** case.spatial
    return near(value, sum_bound(taps, magnitudes(case, x, scales, flat, corners)))
