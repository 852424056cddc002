"""How close a float32 result must be (T0, T1, T6 and T11 of the policy), and activations."""
import numpy as np
import torch
import torch.nn.functional as F

U = 2.0 ** -24              # half an ulp of 1 in float32
LEAST = 2.0 ** -126         # the least normal float32: denormals may be flushed


class Answer:
    """What a problem gives. how: bits, equal or near (tolerance is there then)."""
    def __init__(self, value, how='bits', tolerance=None, indices=None, dtype='f32'):
        self.value, self.how, self.tolerance = value, how, tolerance
        self.indices, self.dtype, self.shape = indices, dtype, None


def near(value, tolerance):
    return Answer(value, 'near', torch.as_tensor(tolerance).broadcast_to(value.shape))


def ulp(x):
    """Of a float32; the least one of what is not finite."""
    _, exponent = np.frexp(finite(x).abs().numpy())
    return torch.from_numpy(np.asarray(np.ldexp(1.0, np.maximum(exponent - 24, -149))))


def finite(bound):
    """An infinite sum says nothing about a finite result, such as tanh(inf)."""
    return torch.where(torch.isfinite(bound), bound, 0.0)


def sum_bound(taps, magnitude):
    return finite(2 * U * (taps ** 0.5 + 4) * magnitude + taps * LEAST)


# Activations -------------------------------------------------------------------------------------

def float32(text):
    return float(np.float32(text))


def hard_sigmoid(x, alpha, beta):
    return F.hardsigmoid(x) if alpha is None else torch.clamp(alpha * x + beta, 0.0, 1.0)


def values_of(flag, kind, standard):
    """The numbers behind an activation's name, as the float32 that Convoy takes them for."""
    given = [float32(text) for text in flag]
    return given + [value if value is None else float32(value) for value in standard[len(given):]]


# Name -> PyTorch's function of x and the numbers, their defaults, and the largest slope.
ACTIVATIONS = {
    'relu': (torch.relu, [], 1),
    'clip': (torch.clamp, [None, None], 1),
    'relu6': (F.relu6, [], 1),
    'leaky_relu': (F.leaky_relu, [0.01], 1),
    'elu': (F.elu, [1.0], 1),
    'selu': (F.selu, [], 1.759),
    'sigmoid': (torch.sigmoid, [], 0.25),
    'hard_sigmoid': (hard_sigmoid, [None, None], 1 / 6),
    'tanh': (torch.tanh, [], 1),
    'silu': (F.silu, [], 1.1),
    'hard_swish': (F.hardswish, [], 1.5),
    'softplus': (F.softplus, [1.0, 20.0], 1),
    'gelu': (F.gelu, [], 1.13),
    'gelu_tanh': (lambda x: F.gelu(x, approximate='tanh'), [], 1.13),
    'mish': (F.mish, [], 1.09),
}
CHOOSES = ('relu', 'clip', 'relu6')                     # between exact values
ROUNDS_ONCE = CHOOSES + ('leaky_relu', 'prelu')         # at most


class Activation:
    """One by name and numbers; kind None does nothing. slope: of prelu, broadcast to x."""
    def __init__(self, kind=None, flag=(), slope=None):
        self.kind, self.slope = kind, slope
        self.function, standard, self.lipschitz = ACTIVATIONS.get(kind, (None, [], 1))
        self.values = values_of(flag, kind, standard) if self.function else []
        if kind in ('leaky_relu', 'elu'):
            self.lipschitz = max(1.0, abs(self.values[0]))
        elif kind == 'hard_sigmoid' and flag:
            self.lipschitz = abs(self.values[0])
        elif kind == 'prelu':
            self.lipschitz = slope.abs().clamp(min=1.0)

    def apply(self, x):
        if self.kind == 'prelu':
            return torch.where(x < 0, self.slope * x, x)
        return self.function(x, *self.values) if self.function else x

    def own_error(self, value):
        if self.kind is None or self.kind in CHOOSES:
            return 0.0
        return finite(8 * ulp(value) + LEAST)


def activation_of(case, slope=None):
    """The one that the flags name. slope(): draws prelu's slopes, broadcast to the output."""
    for kind, flag in case.flags.items():
        if kind == 'prelu':
            return Activation(kind, (), slope())
        if kind in ACTIVATIONS:
            return Activation(kind, flag)
    return Activation()


# Sums --------------------------------------------------------------------------------------------

class Sum:
    """Sums of products by one linear function: their values, S, K, and what they carry of earlier
    errors."""
    def __init__(self, function, x, w, carried=None):
        self.value = function(x, w)
        self.magnitude = function(x.abs(), w.abs())
        self.taps = function(torch.ones_like(x), torch.ones_like(w))
        self.carried = 0.0 if carried is None else function(carried, w.abs())

    def add(self, term):
        self.value = self.value + term
        self.magnitude = self.magnitude + term.abs()

    def activated(self, activation):
        """The value behind the activation, and its tolerance."""
        bound = sum_bound(self.taps, self.magnitude) + self.carried
        value = activation.apply(self.value)
        return value, activation.lipschitz * bound + activation.own_error(value)

    def answer(self, case, activation):
        value, tolerance = self.activated(activation)
        plain = activation.kind is None or activation.kind in ROUNDS_ONCE
        if case.integer and plain and isinstance(self.carried, float):
            assert (finite(self.magnitude) <= 2 ** 24).all()
            return Answer(value, 'equal')
        return near(value, tolerance)
