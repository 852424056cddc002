"""Convolutions against PyTorch: every argument, 1-D to 3-D, both layouts."""
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from common import Compare, convoy, tensor

MODES = ['zeros', 'reflect', 'replicate', 'circular']
ACTIVATIONS = [(None, lambda x: x), ('relu', torch.relu), (('leaky_relu', 0.2), lambda x:
               F.leaky_relu(x, 0.2)), (('clip', -0.5, 0.75), lambda x: x.clamp(-0.5, 0.75)),
               ('silu', F.silu), ('gelu', F.gelu), ('sigmoid', torch.sigmoid)]
CONVS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSES = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def padded_conv(axes):
    """torch.nn.Conv's padding modes on top of the function."""
    def conv(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1,
             padding_mode='zeros', activation=None, residual=None):
        if padding_mode != 'zeros':
            sides = [each for size in reversed(padding) for each in (size, size)]
            x, padding = F.pad(x, sides, mode=padding_mode), 0
        y = CONVS[axes](x, weight, bias, stride, padding, dilation, groups)
        if residual is not None:
            y = y + residual
        return dict((repr(key), each) for key, each in ACTIVATIONS)[repr(activation)](y)
    return conv


class Conv(Compare):
    def arguments(self, axes):
        def arguments(random):
            groups = random.choice([1, 1, 2, 3])
            channels, out = groups * random.int(1, 3), groups * random.int(1, 4)
            kernel = random.ints(axes, 1, 3)
            dilation = random.ints(axes, 1, 2)
            mode = random.choice(MODES)
            size = random.ints(axes, 6, 9 if axes < 3 else 7)
            padding = random.ints(axes, 0, 2)
            if random.int(0, 4) == 0:
                mode, padding = 'zeros', random.choice(['same', 'valid'])
            stride = (1,) * axes if padding == 'same' else random.ints(axes, 1, 2)
            words = dict(stride=stride, padding=padding, dilation=dilation, groups=groups,
                         padding_mode=mode, activation=random.choice(ACTIVATIONS)[0])
            x = random.array(random.int(1, 2), channels, *size)
            weight = random.array(out, channels // groups, *kernel)
            bias = random.maybe(random.array(out))
            if random.int(0, 2) == 0:
                shape = padded_conv(axes)(tensor(x), tensor(weight), **words).shape
                words['residual'] = random.array(*shape)
            return (x, weight, bias), words
        return arguments

    def test_conv1d(self):
        self.maps('conv1d', self.arguments(1), padded_conv(1), only=['residual'])

    def test_conv2d(self):
        self.maps('conv2d', self.arguments(2), padded_conv(2), only=['residual'])

    def test_conv3d(self):
        self.maps('conv3d', self.arguments(3), padded_conv(3), only=['residual'])

    def test_padding_before_and_after(self):
        def arguments(random):
            pads = tuple(random.ints(2, 0, 2) for _ in range(2))
            return (random.array(1, 2, 7, 6), random.array(3, 2, 3, 2)), dict(padding=pads)

        def theirs(x, weight, padding):
            return F.conv2d(F.pad(x, padding[1] + padding[0]), weight)
        self.maps('conv2d', arguments, theirs)

    def test_without_a_batch(self):
        x, weight = np.ones((2, 5, 6), np.float32), np.ones((3, 2, 3, 3), np.float32)
        self.close('conv2d', convoy.conv2d(x, weight), F.conv2d(tensor(x), tensor(weight)))
        found = convoy.conv2d(np.moveaxis(x, 0, -1), weight, channels_last=True)
        self.assertEqual(found.shape, (3, 4, 3))

    def test_an_empty_batch(self):
        weight = np.ones((3, 2, 3, 3), np.float32)
        found = convoy.conv2d(np.ones((0, 2, 5, 6), np.float32), weight)
        self.assertEqual((found.shape, found.dtype), ((0, 3, 3, 4), np.float32))

    def test_prelu_behind(self):
        slopes = np.array([0.1, -0.5, 0.0, 2.0], np.float32)

        def check(random):
            args = random.array(2, 3, 5, 5), random.array(4, 3, 3, 3)
            wanted = F.prelu(F.conv2d(*map(tensor, args)), tensor(slopes))
            self.close('conv2d', convoy.conv2d(*args, activation=('prelu', slopes)), wanted)
        self.each('conv2d', check)


class Transpose(Compare):
    def arguments(self, axes):
        def arguments(random):
            groups = random.choice([1, 1, 2, 3])
            channels, out = groups * random.int(1, 3), random.int(1, 3)
            kernel = random.ints(axes, 2, 4)
            stride, dilation = random.ints(axes, 1, 3), random.ints(axes, 1, 2)
            output_padding = tuple(random.int(0, max(s, d) - 1) for s, d in zip(stride, dilation))
            words = dict(stride=stride, padding=random.ints(axes, 0, 1), groups=groups,
                         output_padding=output_padding, dilation=dilation)
            return (random.array(random.int(1, 2), channels, *random.ints(axes, 3, 6)),
                    random.array(channels, out, *kernel),
                    random.maybe(random.array(out * groups))), words
        return arguments

    def test_conv_transpose1d(self):
        self.maps('conv_transpose1d', self.arguments(1))

    def test_conv_transpose2d(self):
        self.maps('conv_transpose2d', self.arguments(2))

    def test_conv_transpose3d(self):
        self.maps('conv_transpose3d', self.arguments(3))


class Separable(Compare):
    def words(self, random):
        return dict(stride=random.ints(2, 1, 2), padding=random.ints(2, 0, 2),
                    dilation=random.ints(2, 1, 2),
                    activation=random.choice(ACTIVATIONS)[0],
                    padding_mode=random.choice(MODES))

    def test_separable_conv2d(self):
        def arguments(random):
            channels, times, out = random.int(1, 4), random.int(1, 2), random.int(1, 5)
            x = random.array(random.int(1, 2), channels, *random.ints(2, 6, 9))
            return (x, random.array(channels * times, 1, *random.ints(2, 1, 3)),
                    random.array(out, channels * times, *random.choice([(), (1, 1)])),
                    random.maybe(random.array(out))), dict(
                self.words(random), depthwise_bias=random.maybe(random.array(channels * times)),
                depthwise_activation=random.choice([None, 'relu']))

        def theirs(x, depthwise, pointwise, bias, depthwise_bias, depthwise_activation,
                   activation, **words):
            y = padded_conv(2)(x, depthwise, depthwise_bias, groups=x.shape[1],
                               activation=depthwise_activation, **words)
            return padded_conv(2)(y, pointwise.reshape(*pointwise.shape[:2], 1, 1), bias,
                                  activation=activation)
        self.maps('separable_conv2d', arguments, theirs)

    def spatial(self, x, column, row, bias=None, stride=1, padding=0, dilation=1,
                activation=None, padding_mode='zeros', column_bias=None):
        channels = x.shape[1]
        if column.ndim == 1:
            column = column.reshape(1, 1, -1, 1).repeat(channels, 1, 1, 1)
            row = row.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1)
        own = column.shape[:2] == row.shape[:2] == (channels, 1)
        groups = channels if own else 1
        y = padded_conv(2)(x, column, column_bias, (stride[0], 1), (padding[0], 0),
                           (dilation[0], 1), groups, padding_mode)
        return padded_conv(2)(y, row, bias, (1, stride[1]), (0, padding[1]), (1, dilation[1]),
                              groups, padding_mode, activation)

    def test_spatial_separable_conv2d(self):
        def arguments(random):
            channels, between, out = random.int(1, 4), random.int(1, 4), random.int(1, 4)
            r, s = random.ints(2, 1, 4)
            x = random.array(random.int(1, 2), channels, *random.ints(2, 8, 11))
            kind = random.choice(['vectors', 'own', 'dense'])
            if kind == 'vectors':
                filters, between, out = (random.array(r), random.array(s)), channels, channels
            elif kind == 'own':
                filters = random.array(channels, 1, r, 1), random.array(channels, 1, 1, s)
                between = out = channels
            else:
                filters = random.array(between, channels, r, 1), random.array(out, between, 1, s)
            return (x,) + filters + (random.maybe(random.array(out)),), dict(
                self.words(random), column_bias=random.maybe(random.array(between)))
        self.maps('spatial_separable_conv2d', arguments, self.spatial)


class Linear(Compare):
    def test_linear(self):
        def arguments(random):
            shape, out = random.shape(1, 4), random.int(1, 20)
            return (random.array(*shape), random.array(out, shape[-1]),
                    random.maybe(random.array(out))), {}
        self.plain('linear', arguments)

    def test_linear_and_what_follows(self):
        def theirs(x, weight, bias, residual, activation):
            return torch.relu(F.linear(x, weight, bias) + residual)

        def arguments(random):
            return (random.array(3, 7), random.array(5, 7), random.array(5)), dict(
                residual=random.array(3, 5), activation='relu')
        self.plain('linear', arguments, theirs=theirs)


if __name__ == '__main__':
    unittest.main()
