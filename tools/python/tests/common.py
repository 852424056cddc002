"""What the tests share: random arguments, both layouts, and the comparison with PyTorch.

PyTorch computes in double precision, so that the errors seen are Convoy's own.
"""
import atexit
import os
import sys
import unittest
import warnings

os.environ.setdefault('POCL_AFFINITY', '1')
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

import numpy as np  # noqa: E402
import torch  # noqa: E402

import convoy  # noqa: E402

torch.set_num_threads(1)
warnings.filterwarnings('ignore', category=UserWarning, module='torch')
SEED = int(os.environ.get('CONVOY_TEST_SEED', '2077'))
CASES = int(os.environ.get('CONVOY_TEST_CASES', '30'))
TOLERANCE = 1e-5        # of the largest value; a few hundred products are summed at most
worst = {}              # function -> largest error seen, and how many cases


@atexit.register
def say_worst():
    if os.environ.get('CONVOY_TEST_WORST'):
        for name, (error, count) in sorted(worst.items(), key=lambda item: -item[1][0]):
            print(f'{name:28} {count:5} cases, error {error:.2e}')


def last(array):
    """[n, c, ...] to [n, ..., c]."""
    return np.ascontiguousarray(np.moveaxis(array, 1, -1))


def first(array):
    """[n, ..., c] to [n, c, ...]."""
    return np.moveaxis(array, -1, 1)


def tensor(value):
    """For PyTorch: floats as doubles."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(np.ascontiguousarray(value))
        return value.double() if value.dtype == torch.float32 else value
    return value


class Random:
    """Arguments of one case; its seed names it in a message."""

    def __init__(self, name, case):
        # A hash of Python's own would be another in each process.
        self.rng = np.random.default_rng([SEED, case] + list(name.encode()))

    def array(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def positive(self, *shape):
        return self.rng.uniform(0.3, 2.0, shape).astype(np.float32)

    def int(self, low, high):
        """From low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def ints(self, count, low, high):
        return tuple(self.int(low, high) for _ in range(count))

    def maybe(self, value, chance=0.5):
        return value if self.rng.random() < chance else None

    def bool(self):
        return bool(self.rng.random() < 0.5)

    def choice(self, values):
        return values[self.int(0, len(values) - 1)]

    def shape(self, low=1, high=4, most=9):
        return tuple(self.int(1, most) for _ in range(self.int(low, high)))


class Compare(unittest.TestCase):
    """Cases of one function against another."""

    def each(self, name, check):
        """check(random) for each case."""
        for case in range(CASES):
            with self.subTest(function=name, case=case, seed=SEED):
                check(Random(name, case))

    def close(self, name, ours, wanted, tolerance=TOLERANCE):
        """Shapes and dtypes are equal, and floats as near as float32 allows."""
        wanted = wanted.numpy() if isinstance(wanted, torch.Tensor) else np.asarray(wanted)
        self.assertIsInstance(ours, (np.ndarray, np.generic))
        self.assertEqual(tuple(ours.shape), tuple(wanted.shape))
        error = 0.0
        if wanted.dtype == np.float64:
            self.assertEqual(ours.dtype, np.float32)
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(wanted))
            with np.errstate(invalid='ignore'):
                gap = np.where(ours == wanted, 0.0, np.abs(ours - wanted))
            finite = np.abs(wanted[np.isfinite(wanted)])
            error = float(np.nanmax(gap, initial=0.0)) / max(1.0, float(finite.max(initial=0.0)))
            self.assertLessEqual(error, tolerance)
        else:
            self.assertEqual(ours.dtype, wanted.dtype)
            np.testing.assert_array_equal(ours, wanted)
        before, count = worst.get(name, (0.0, 0))
        worst[name] = (max(before, error), count + 1)

    def plain(self, name, arguments, ours=None, theirs=None, tolerance=TOLERANCE):
        """A function that has no layouts: arguments(random) gives args and keywords."""
        ours = ours or getattr(convoy, name)
        theirs = theirs or getattr(torch.nn.functional, name)

        def check(random):
            args, keywords = arguments(random)
            wanted = theirs(*map(tensor, args), **{
                key: tensor(value) for key, value in keywords.items()})
            self.close(name, ours(*args, **keywords), wanted, tolerance)
        self.each(name, check)

    def maps(self, name, arguments, theirs=None, tolerance=TOLERANCE, only=()):
        """A function of maps, in both layouts. Arguments in `only` (by place or keyword) are arrays
        that lie as the first does."""
        ours = getattr(convoy, name)
        theirs = theirs or getattr(torch.nn.functional, name)

        def check(random):
            args, keywords = arguments(random)
            wanted = theirs(*map(tensor, args), **{
                key: tensor(value) for key, value in keywords.items()})
            wanted = wanted if isinstance(wanted, tuple) else (wanted,)
            for channels_last in (False, True):
                given, words = list(args), dict(keywords)
                if channels_last:
                    given[0] = last(given[0])
                    given[1:] = [last(each) if i in only else each
                                 for i, each in enumerate(given) if i]
                    words = {key: last(each) if key in only and each is not None else each
                             for key, each in words.items()}
                found = ours(*given, **words, channels_last=channels_last)
                for mine, right in zip(found if isinstance(found, tuple) else (found,), wanted):
                    self.close(name, first(mine) if channels_last else mine, right, tolerance)
        self.each(name, check)
