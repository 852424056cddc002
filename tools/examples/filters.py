#!/usr/bin/env python3
"""Filters a photo on an OpenCL device and writes what comes out side by side as a PNG.

  filters.py [PHOTO [FOUND.png]]      by default harbour.jpg beside this script, and filters.png

From a checkout, after building:

  CONVOY_LIBRARY=build/runtime/libconvoy.so PYTHONPATH=tools/python \
      python3 tools/examples/filters.py

Needs Pillow (Debian's python3-pil). The photo goes to the device once, and each picture comes back
once: with a Buffer as input the functions of convoy give Buffers and wait for nothing.
"""
import math
import os
import sys

import numpy as np
from PIL import Image

import convoy

HERE = os.path.dirname(os.path.abspath(__file__))
GREY = np.array([0.299, 0.587, 0.114], np.float32).reshape(1, 3, 1, 1)      # BT.601


def gaussian(image, sigma):
    """A blur: a column and a row for each channel, in one pass. The border mirrors the photo."""
    radius = math.ceil(3 * sigma)
    steps = np.arange(-radius, radius + 1, dtype=np.float32)
    weights = np.exp(-steps ** 2 / (2 * sigma ** 2))
    weights /= weights.sum()
    return convoy.spatial_separable_conv2d(image, weights, weights, padding=radius,
                                           padding_mode='reflect', channels_last=True)


def sobel(image):
    """The length of the gradient of the brightness: two separable filters of 3 x 3."""
    smooth = np.array([1, 2, 1], np.float32) / 2
    slope = np.array([-1, 0, 1], np.float32)
    grey = convoy.conv2d(image, GREY, channels_last=True)
    words = dict(padding=1, padding_mode='replicate', channels_last=True)
    across = convoy.spatial_separable_conv2d(grey, smooth, slope, **words)
    down = convoy.spatial_separable_conv2d(grey, slope, smooth, **words)
    squares = convoy.add(convoy.mul(across, across), convoy.mul(down, down))
    return convoy.clamp(convoy.sqrt(squares), 0, 1)


def sharpen(image):
    """A Laplacian on top of the photo, for each channel, cut off at black and white."""
    weights = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]], np.float32)
    weights = np.tile(weights, (3, 1, 1, 1))
    return convoy.conv2d(image, weights, padding=1, groups=3, padding_mode='reflect',
                         activation=('clip', 0, 1), channels_last=True)


def mosaic(image, cell):
    """The mean of each cell, drawn large again."""
    small = convoy.avg_pool2d(image, cell, ceil_mode=True, channels_last=True)
    height, width = image.shape[1:3]
    large = convoy.interpolate(small, scale_factor=cell, channels_last=True)
    return convoy.narrow(convoy.narrow(large, 1, 0, height), 2, 0, width)


def read(path):
    """[1, h, w, 3], from 0 to 1."""
    return np.asarray(Image.open(path).convert('RGB'), np.float32)[np.newaxis] / 255


def tile(buffers):
    """Pictures of the same size as one: two in a row."""
    arrays = [np.broadcast_to(each.numpy(), each.shape[:3] + (3,))[0] for each in buffers]
    rows = [np.hstack(arrays[i:i + 2]) for i in range(0, len(arrays), 2)]
    return Image.fromarray((np.vstack(rows) * 255 + 0.5).astype(np.uint8))


def main():
    if len(sys.argv) > 3 or '--help' in sys.argv or '-h' in sys.argv:
        print(__doc__.strip())
        return 0 if len(sys.argv) == 2 else 2
    photo = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, 'harbour.jpg')
    found = sys.argv[2] if len(sys.argv) > 2 else 'filters.png'
    try:
        image = convoy.Buffer.of(read(photo))
        pictures = [gaussian(image, 4), sobel(image), sharpen(image), mosaic(image, 12)]
        tile(pictures).save(found)
    except (convoy.ConvoyError, OSError) as error:
        print(f'filters.py: {error}', file=sys.stderr)
        return 1
    height, width = image.shape[1:3]
    print(f'{found}: {width} x {height} blurred, its edges, sharpened, as a mosaic, on '
          f'{convoy.default_context().info.name}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
