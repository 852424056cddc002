"""Padding, resizing, rearranging, matrices and normalisation against PyTorch."""
import unittest

import numpy as np
import torch
from common import Compare, convoy, first, last, tensor


class Moves(Compare):
    def test_pad(self):
        def arguments(random):
            mode = random.choice(['constant', 'reflect', 'replicate', 'circular'])
            axes = random.int(1, 3)
            x = random.array(2, 3, *random.ints(axes, 4, 7))
            low = -1 if mode == 'constant' else 0
            words = dict(mode=mode, pad=random.ints(2 * axes, low, 3))
            if mode == 'constant':
                words['value'] = random.choice([0.0, -2.5])
            return (x,), words
        self.maps('pad', arguments)

    def test_pad_of_any_axis(self):
        def arguments(random):
            x = random.array(*random.shape(1, 6, 4))
            return (x, random.ints(2 * random.int(1, x.ndim), 0, 2)), dict(value=1.5)
        self.plain('pad', arguments)

    def interpolations(self, random, mode, axes):
        x = random.array(2, 3, *random.ints(axes, 2, 8))
        if random.bool():
            words = dict(size=random.ints(axes, 1, 13))
        else:
            words = dict(scale_factor=tuple(random.choice([0.5, 0.75, 1.0, 1.3, 2.0, 3.0])
                                            for _ in range(axes)),
                         recompute_scale_factor=random.maybe(True))
        if mode not in ('nearest', 'nearest-exact', 'area'):
            words['align_corners'] = random.bool()
        return (x,), dict(words, mode=mode)

    def test_interpolate(self):
        for mode, axes in (('nearest', 1), ('nearest', 2), ('nearest', 3), ('nearest-exact', 2),
                           ('linear', 1), ('bilinear', 2), ('trilinear', 3), ('bicubic', 2),
                           ('area', 1), ('area', 2), ('area', 3)):
            self.maps('interpolate', lambda random, mode=mode, axes=axes:
                      self.interpolations(random, mode, axes))

    def test_pixel_shuffle(self):
        def arguments(up):
            def arguments(random):
                block = random.int(1, 3)
                deep, wide = (block * block, 1) if up else (1, block)
                return (random.array(2, deep * random.int(1, 3), *(
                    wide * each for each in random.ints(2, 1, 5))), block), {}
            return arguments
        self.maps('pixel_shuffle', arguments(True))
        self.maps('pixel_unshuffle', arguments(False))

    def test_cat(self):
        def parts(random):
            shape = list(random.shape(2, 4, 5))
            dim = random.int(-len(shape), len(shape) - 1)
            return [random.array(*shape[:dim % len(shape)], random.int(1, 4),
                                 *shape[dim % len(shape) + 1:])
                    for _ in range(random.int(1, 4))], dim

        def check(random):
            arrays, dim = parts(random)
            wanted = torch.cat([tensor(each) for each in arrays], dim)
            self.close('cat', convoy.cat(arrays, dim), wanted)
            found = convoy.cat([last(each) for each in arrays], dim, channels_last=True)
            self.close('cat', first(found), wanted)
        self.each('cat', check)

    def test_order(self):
        def order(random):
            x = random.array(*random.shape(1, 6, 4))
            return (x, tuple(int(each) for each in random.rng.permutation(x.ndim))), {}
        self.plain('permute', order, theirs=torch.permute)

        def dims(random):
            x = random.array(*random.shape(1, 6, 4))
            return (x, tuple(i for i in range(x.ndim) if random.bool())), {}
        self.plain('flip', dims, theirs=torch.flip)

    def test_picking(self):
        def some(random):
            x = random.array(*random.shape(1, 4, 7))
            dim = random.int(-x.ndim, x.ndim - 1)
            start = random.int(0, x.shape[dim] - 1)
            return (x, dim, start, random.int(1, x.shape[dim] - start)), {}
        self.plain('narrow', some, theirs=torch.narrow)

        def index(random):
            x = random.array(*random.shape(1, 4, 7))
            dim = random.int(-x.ndim, x.ndim - 1)
            kind = random.choice([np.int32, np.int64])
            return (x, dim, random.rng.integers(0, x.shape[dim], random.int(1, 6)).astype(kind)), {}
        self.plain('index_select', index, theirs=torch.index_select)

    def test_glu_and_embedding(self):
        def halves(random):
            x = random.array(*(2 * size for size in random.shape(1, 4, 4)))
            return (x, random.int(-x.ndim, x.ndim - 1)), {}
        self.plain('glu', halves)

        def rows(random):
            weight = random.array(random.int(1, 9), random.int(1, 6))
            return (random.rng.integers(0, len(weight), random.shape(1, 3, 4)), weight), {}
        self.plain('embedding', rows)

    def test_layouts(self):
        def check(random):
            x = random.array(2, 3, *random.shape(1, 3, 5))
            self.close('to_channels_last', convoy.to_channels_last(x), last(x).astype(float))
            self.close('to_channels_first', convoy.to_channels_first(last(x)), x.astype(float))
        self.each('to_channels_last', check)


class Matrices(Compare):
    def test_matmul(self):
        def arguments(random):
            m, k, n = random.ints(3, 1, 8)
            batch = random.shape(1, 3, 3)
            left = tuple(random.choice([1, each]) for each in batch)
            return random.choice([
                (random.array(m, k), random.array(k, n)), (random.array(k), random.array(k, n)),
                (random.array(*batch, m, k), random.array(k)), (random.array(k), random.array(k)),
                (random.array(*left, m, k), random.array(*batch, k, n)),
                (random.array(*batch, m, k), random.array(k, n))]), {}
        self.plain('matmul', arguments, theirs=torch.matmul)

    def test_bmm(self):
        def arguments(random):
            b, m, k, n = random.ints(4, 1, 6)
            return (random.array(b, m, k), random.array(b, k, n)), {}
        self.plain('bmm', arguments, theirs=torch.bmm)

    def test_addmm(self):
        def arguments(random):
            m, k, n = random.ints(3, 1, 6)
            bias = random.array(*random.choice([(m, n), (n,), (m, 1), (1,)]))
            return (bias, random.array(m, k), random.array(k, n)), dict(
                alpha=random.choice([1.0, 0.5]), beta=random.choice([1.0, 0.0, -2.0]))
        self.plain('addmm', arguments, theirs=torch.addmm)


class Norm(Compare):
    def input(self, random, low=0):
        return random.array(random.int(1, 3), random.int(1, 5), *random.ints(random.int(low, 3),
                                                                             2, 6))

    def vectors(self, random, channels):
        return random.maybe(random.array(channels)), random.maybe(random.array(channels))

    def test_batch_norm(self):
        def arguments(random):
            x = self.input(random)
            c = x.shape[1]
            return (x, random.array(c), random.positive(c)) + self.vectors(random, c), dict(
                eps=random.choice([1e-5, 1e-3, 0.0]))
        self.maps('batch_norm', arguments)

    def test_instance_norm(self):
        def arguments(random):
            x = self.input(random, 1)
            c = x.shape[1]
            stats = random.bool()
            return (x, None if stats else random.array(c), None if stats else random.positive(c)
                    ) + self.vectors(random, c), dict(
                use_input_stats=stats, eps=random.choice([1e-5, 1e-2]))
        self.maps('instance_norm', arguments, tolerance=2e-5)

    def test_group_norm(self):
        def arguments(random):
            groups = random.int(1, 3)
            c = groups * random.int(1, 3)
            x = random.array(random.int(1, 3), c, *random.ints(random.int(1, 3), 2, 6))
            return (x, groups) + self.vectors(random, c), {}
        self.plain('group_norm', arguments, tolerance=2e-5)

    def test_layer_norm(self):
        def arguments(random):
            x = random.array(*random.ints(random.int(1, 4), 2, 6))
            shape = x.shape[-random.int(1, x.ndim):]
            return (x, shape, random.maybe(random.array(*shape)),
                    random.maybe(random.array(*shape))), {}
        self.plain('layer_norm', arguments, tolerance=2e-5)

    def test_local_response_norm(self):
        def arguments(random):
            return (self.input(random, 1), random.int(1, 6)), dict(
                alpha=random.choice([1e-4, 0.5, 0.0]), beta=random.choice([0.75, 0.5]),
                k=random.choice([1.0, 2.0]))
        self.maps('local_response_norm', arguments)


if __name__ == '__main__':
    unittest.main()
