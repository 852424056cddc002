"""Activations, arithmetic, comparisons, dtypes, sums and softmax against PyTorch."""
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from common import Compare, convoy, tensor


def shaped(random):
    return (3 * random.array(*random.shape()),), {}


class Activations(Compare):
    def check(self, name, arguments=shaped, theirs=None, tolerance=1e-5):
        self.plain(name, arguments, theirs=theirs, tolerance=tolerance)

    def test_without_parameters(self):
        for name in ('relu', 'relu6', 'selu', 'hardsigmoid', 'silu', 'hardswish', 'mish',
                     'softsign'):
            self.check(name)
        for name in ('floor', 'ceil', 'round'):
            self.check(name, theirs=getattr(torch, name))
        self.check('sigmoid', theirs=torch.sigmoid)
        self.check('tanh', theirs=torch.tanh)

    def test_with_parameters(self):
        def one(key, values):
            return lambda random: (shaped(random)[0], {key: random.choice(values)})
        self.check('leaky_relu', one('negative_slope', [0.01, 0.0, 0.3, 1.5]))
        self.check('elu', one('alpha', [1.0, 0.0, 0.7, 2.5]))
        self.check('gelu', one('approximate', ['none', 'tanh']))
        self.check('softplus', lambda random: (shaped(random)[0], dict(
            beta=random.choice([1.0, 0.5, 3.0]), threshold=random.choice([20.0, 1.0, 0.0]))))
        self.check('hardtanh', lambda random: (shaped(random)[0], dict(
            min_val=random.choice([-1.0, -3.0]), max_val=random.choice([1.0, 0.25]))))
        self.check('threshold', lambda random: (shaped(random)[0] + random.choice(
            [(0.5, 0.0), (-1.0, 7.0), (0.0, 0.0)]), {}))
        self.check('clamp', lambda random: (shaped(random)[0], random.choice(
            [dict(min=-1.0), dict(max=2.0), dict(min=0.0, max=1.0)])), torch.clamp)

    def test_made_of_others(self):
        for name in ('logsigmoid', 'tanhshrink', 'hardshrink', 'softshrink'):
            self.check(name)
        self.check('celu', lambda random: (shaped(random)[0], {'alpha': random.choice([1., 0.4])}))

    def test_prelu(self):
        def arguments(random):
            x = random.array(2, random.int(2, 5), *random.ints(random.int(1, 3), 1, 6))
            return (x, random.array(random.choice([1, x.shape[1]]))), {}
        self.maps('prelu', arguments)

    def test_nan_and_infinities(self):
        x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e30, -1e30], np.float32)
        for name in ('relu', 'leaky_relu', 'elu', 'softplus', 'hardswish', 'hardsigmoid'):
            self.close(name, getattr(convoy, name)(x), getattr(F, name)(tensor(x)))


class Arithmetic(Compare):
    def test_one_source(self):
        for name in ('abs', 'neg', 'exp', 'erf'):
            self.plain(name, shaped, theirs=getattr(torch, name))
        for name in ('log', 'sqrt', 'reciprocal'):
            self.plain(name, lambda random: ((random.positive(*random.shape()),), {}),
                       theirs=getattr(torch, name))

    def operands(self, random):
        shape = random.shape(1, 4, 6)
        other = tuple(random.choice([1, size]) for size in shape)[random.int(0, len(shape) - 1):]
        x, y = random.array(*shape), random.array(*other)
        return (x, y) if random.bool() else (y, x)

    def test_two_sources(self):
        for name in ('add', 'sub', 'mul', 'maximum', 'minimum'):
            self.plain(name, lambda random: (self.operands(random), {}),
                       theirs=getattr(torch, name))

        def positive(random):
            return tuple(np.abs(each) + np.float32(0.2) for each in self.operands(random)), {}
        self.plain('div', positive, theirs=torch.div)
        self.plain('pow', positive, theirs=torch.pow, tolerance=2e-5)

    def test_comparisons(self):
        for name in ('eq', 'ne', 'less', 'less_equal', 'greater', 'greater_equal'):
            self.plain(name, lambda random: (tuple(
                np.round(each) for each in self.operands(random)), {}),
                theirs=getattr(torch, name))

    def test_where(self):
        self.plain('where', lambda random: ((
            random.array(4, 1, 3) > 0, random.array(5, 3), random.array(4, 5, 1)), {}),
            theirs=torch.where)

    def test_numbers(self):
        x = np.array([1.0, -2.0], np.float32)
        self.close('add', convoy.add(x, 1), tensor(x) + 1)
        self.close('sub', convoy.sub(1.5, x), 1.5 - tensor(x))
        self.close('relu', convoy.relu(np.float32(-2)), np.float64(0))
        self.close('mul', convoy.mul(np.float32(3), np.float32(2)), np.float64(6))
        self.close('relu', convoy.relu([-1.0, 2.0]), np.array([0.0, 2.0]))
        self.close('add', convoy.add(x, x, activation='relu'), torch.relu(2 * tensor(x)))

    def test_cast(self):
        x = np.array([-1.9, 0.0, 2.7, 300.0, np.nan], np.float32)
        for dtype in ('int8', 'uint8', 'int32', 'int64', 'bool', 'float16', 'float64'):
            found = convoy.cast(x, dtype)
            self.assertEqual(found.dtype, np.dtype(dtype))
        np.testing.assert_array_equal(convoy.cast(x, np.int8), [-1, 0, 2, 127, 0])
        np.testing.assert_array_equal(convoy.cast(x, 'float16'), x.astype(np.float16))
        np.testing.assert_array_equal(convoy.cast(np.arange(3), np.float32), [0, 1, 2])


class Reductions(Compare):
    def dims(self, random, x):
        dims = tuple(i - random.choice([0, x.ndim]) for i in range(x.ndim) if random.bool())
        return random.choice([dims or (0,), random.int(-x.ndim, x.ndim - 1)])

    def test_sums_and_extremes(self):
        def arguments(random):
            x = random.array(*random.shape())
            return (x, self.dims(random, x), random.bool()), {}
        for name in ('sum', 'mean', 'amax', 'amin'):
            self.plain(name, arguments, theirs=getattr(torch, name))

    def test_all_axes(self):
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        for name in ('sum', 'mean', 'amax', 'amin'):
            self.close(name, getattr(convoy, name)(x), getattr(torch, name)(tensor(x)))

    def test_positions(self):
        def arguments(random):
            x = np.round(2 * random.array(*random.shape()))
            return (x, random.maybe(random.int(-x.ndim, x.ndim - 1), 0.7)), {}

        def theirs(kind):       # PyTorch does not say which of equals it takes: NumPy does
            return lambda x, dim: np.asarray(kind(x.numpy(), dim), np.int64)
        self.plain('argmax', arguments, theirs=theirs(np.argmax))
        self.plain('argmin', arguments, theirs=theirs(np.argmin))

    def test_softmax(self):
        def arguments(random):
            x = 3 * random.array(*random.shape())
            return (x, random.int(-x.ndim, x.ndim - 1)), {}
        for name in ('softmax', 'log_softmax', 'softmin'):
            self.plain(name, arguments)
            self.maps(name, lambda random: ((3 * random.array(2, 3, *random.shape(1, 3, 5)),
                                             random.choice([0, 1, -1])), {}))


if __name__ == '__main__':
    unittest.main()
