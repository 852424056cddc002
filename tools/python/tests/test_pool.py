"""Pooling against PyTorch: every argument, 1-D to 3-D, both layouts, indices exactly."""
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from common import Compare, convoy, first, last, tensor


class Pool(Compare):
    def windows(self, random, axes, dilated=False):
        """Windows as PyTorch allows them: padding at most half of the kernel."""
        kernel = random.ints(axes, 1, 3)
        words = dict(kernel_size=kernel, stride=random.maybe(random.ints(axes, 1, 3)),
                     padding=tuple(random.int(0, each // 2) for each in kernel),
                     ceil_mode=random.bool())
        if dilated:
            words['dilation'] = random.ints(axes, 1, 2)
        return words

    def input(self, random, axes):
        return random.array(random.int(1, 2), random.int(1, 4), *random.ints(axes, 5, 9))

    def max_pool(self, axes):
        def arguments(random):
            return (self.input(random, axes),), dict(
                self.windows(random, axes, dilated=True), return_indices=random.bool())
        self.maps(f'max_pool{axes}d', arguments)

    def test_max_pool1d(self):
        self.max_pool(1)

    def test_max_pool2d(self):
        self.max_pool(2)

    def test_max_pool3d(self):
        self.max_pool(3)

    def avg_pool(self, axes):
        def arguments(random):
            words = dict(self.windows(random, axes), count_include_pad=random.bool())
            if axes > 1:
                words['divisor_override'] = random.maybe(random.int(1, 9), 0.3)
            return (self.input(random, axes),), words
        self.maps(f'avg_pool{axes}d', arguments)

    def test_avg_pool1d(self):
        self.avg_pool(1)

    def test_avg_pool2d(self):
        self.avg_pool(2)

    def test_avg_pool3d(self):
        self.avg_pool(3)

    def lp_pool(self, axes):
        def arguments(random):
            words = self.windows(random, axes)
            del words['padding']
            p = random.choice([1, 2, 2, 2.5, 3, 4])
            if axes == 1:       # its PyTorch function takes one number
                words['kernel_size'] = words['kernel_size'][0]
            x = self.input(random, axes)
            return (np.abs(x) if p not in (2, 4) else x, p), dict(words, ceil_mode=False)
        self.maps(f'lp_pool{axes}d', arguments)

    def test_lp_pool1d(self):
        self.lp_pool(1)

    def test_lp_pool2d(self):
        self.lp_pool(2)

    def test_lp_pool3d(self):       # younger than Debian's PyTorch
        def theirs(x, p, kernel):
            taps = kernel[0] * kernel[1] * kernel[2]
            return (F.avg_pool3d(x.abs() ** p, kernel) * taps) ** (1 / p)
        self.maps('lp_pool3d', lambda random: ((
            self.input(random, 3), random.choice([1, 2, 3]), random.ints(3, 1, 3)), {}), theirs)

    def test_lp_pool_of_windows_that_stick_out(self):
        """ceil_mode and the sign of odd powers: by the formula that PyTorch documents."""
        x = np.random.default_rng(5).standard_normal((1, 1, 5, 5)).astype(np.float32)
        found = convoy.lp_pool2d(x, 3, 2, ceil_mode=True)
        cubes = np.pad(np.abs(x.astype(np.float64)) ** 3, ((0, 0), (0, 0), (0, 1), (0, 1)))
        wanted = cubes.reshape(1, 1, 3, 2, 3, 2).sum((3, 5)) ** (1 / 3)
        self.close('lp_pool2d', found, wanted)

    def test_without_a_batch(self):
        x = np.random.default_rng(6).standard_normal((2, 6, 6)).astype(np.float32)
        wanted, places = F.max_pool2d(tensor(x), 2, return_indices=True)
        found, ours = convoy.max_pool2d(x, 2, return_indices=True)
        self.close('max_pool2d', found, wanted)
        self.close('max_pool2d', ours, places)


class Adaptive(Compare):
    def adaptive(self, kind, axes):
        def arguments(random):
            x = random.array(random.int(1, 2), random.int(1, 4), *random.ints(axes, 3, 9))
            size = random.choice([random.int(1, 6), random.ints(axes, 1, 6),
                                  (None,) + random.ints(axes - 1, 1, 5)])
            if axes == 1 and not isinstance(size, int):
                size = random.int(1, 6)
            words = dict(return_indices=random.bool()) if kind == 'max' else {}
            return (x, size), words
        self.maps(f'adaptive_{kind}_pool{axes}d', arguments)

    def test_adaptive_avg_pool1d(self):
        self.adaptive('avg', 1)

    def test_adaptive_avg_pool2d(self):
        self.adaptive('avg', 2)

    def test_adaptive_avg_pool3d(self):
        self.adaptive('avg', 3)

    def test_adaptive_max_pool1d(self):
        self.adaptive('max', 1)

    def test_adaptive_max_pool2d(self):
        self.adaptive('max', 2)

    def test_adaptive_max_pool3d(self):
        self.adaptive('max', 3)


class Unpool(Compare):
    def unpool(self, axes):
        pool, unpool = getattr(F, f'max_pool{axes}d'), getattr(F, f'max_unpool{axes}d')

        def check(random):
            kernel = random.ints(axes, 2, 3)
            size = tuple(random.int(2, 4) * each + random.int(0, each - 1) for each in kernel)
            x = random.array(random.int(1, 2), random.int(1, 3), *size)
            pooled, places = pool(torch.from_numpy(x), kernel, return_indices=True)
            wanted = unpool(pooled.double(), places, kernel, output_size=size)
            ours = getattr(convoy, f'max_unpool{axes}d')
            pooled, places = pooled.numpy(), places.numpy()
            whole = random.maybe(x.shape) or size
            found = ours(pooled, places, kernel, output_size=whole)
            self.close(f'max_unpool{axes}d', found, wanted)
            found = ours(last(pooled), last(places).astype(np.int32), kernel, output_size=size,
                         channels_last=True)
            self.close(f'max_unpool{axes}d', first(found), wanted)
        self.each(f'max_unpool{axes}d', check)

    def test_max_unpool1d(self):
        self.unpool(1)

    def test_max_unpool2d(self):
        self.unpool(2)

    def test_max_unpool3d(self):
        self.unpool(3)

    def test_size_by_default(self):
        x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
        pooled, places = convoy.max_pool2d(x, 2, return_indices=True)
        wanted = F.max_unpool2d(tensor(pooled), torch.from_numpy(places), 2)
        self.close('max_unpool2d', convoy.max_unpool2d(pooled, places, 2), wanted)


if __name__ == '__main__':
    unittest.main()
