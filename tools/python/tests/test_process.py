"""Errors with the library's text, threads, forks, and how the library is found."""
import os
import subprocess
import sys
import threading
import unittest

import numpy as np
from common import convoy

PACKAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')


def floats(*shape):
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def python(code, **variables):
    """(what it printed, exit status) of a process of its own."""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, PYTHONPATH=PACKAGE, **variables))
    return done.stdout + done.stderr, done.returncode


class Errors(unittest.TestCase):
    def refused(self, kind, text, function, *args, **words):
        with self.assertRaisesRegex(kind, text) as caught:
            function(*args, **words)
        return caught.exception

    def test_the_librarys_text(self):
        x, w = floats(1, 2, 5, 5), floats(3, 2, 3, 3)
        error = self.refused(ValueError, 'padding', convoy.conv2d, x, w, padding=6,
                             padding_mode='reflect')
        self.assertIsInstance(error, convoy.ConvoyError)
        self.assertEqual(error.status, convoy.Status.ERR_SHAPE)
        self.assertEqual(error.opencl, 0)
        self.refused(convoy.ConvoyError, 'groups|multiple', convoy.conv2d, x, floats(3, 1, 3, 3),
                     groups=2)
        self.refused(convoy.ConvoyError, 'stride', convoy.conv2d, x, w, None, 2, 'same')
        self.refused(convoy.ShapeError, '.', convoy.conv2d, x, floats(3, 2, 7, 7))
        self.refused(convoy.ConvoyError, 'output_padding', convoy.conv_transpose2d,
                     x, floats(2, 3, 3, 3), output_padding=1)
        self.refused(convoy.ConvoyError, '.', convoy.add, floats(3), floats(4))
        self.refused(convoy.ConvoyError, '.', convoy.matmul, floats(3, 4), floats(3, 4))
        self.refused(convoy.ConvoyError, '.', convoy.cat, [floats(3, 4), floats(3)])
        self.refused(convoy.ConvoyError, '.', convoy.relu, floats(1, 1, 1, 1, 1, 1, 1))

    def test_dtypes(self):
        error = self.refused(NotImplementedError, 'F64.*float32', convoy.relu, np.zeros(3))
        self.assertIsInstance(error, convoy.UnsupportedError)
        self.refused(TypeError, 'uint16', convoy.relu, np.zeros(3, np.uint16))
        self.refused(TypeError, 'weight is float64', convoy.conv1d, floats(1, 2, 5),
                     np.zeros((1, 2, 3)))
        self.refused(TypeError, 'bias is float64', convoy.conv1d, floats(1, 2, 5),
                     floats(3, 2, 3), np.zeros(3))
        self.refused(TypeError, 'numbers', convoy.relu, 'words')
        self.refused(TypeError, 'numbers', convoy.relu, None)

    def test_our_own_checks(self):
        x, w = floats(1, 2, 5, 5), floats(3, 2, 3, 3)
        self.refused(convoy.ShapeError, 'weight has 3 axes', convoy.conv2d, x, floats(3, 2, 3))
        self.refused(convoy.ShapeError, 'channels', convoy.conv2d, x, floats(3, 1, 3, 3))
        self.refused(convoy.ShapeError, r'bias is \[4\]', convoy.conv2d, x, w, floats(4))
        self.refused(convoy.ShapeError, 'residual', convoy.conv2d, x, w, residual=x)
        self.refused(convoy.ShapeError, '3 are wanted, or 2', convoy.conv1d, x, w)
        self.refused(ValueError, 'stride is', convoy.conv2d, x, w, stride=0)
        self.refused(ValueError, 'padding is', convoy.conv2d, x, w, padding='full')
        self.refused(TypeError, 'padding is 1.5', convoy.conv2d, x, w, padding=1.5)
        self.refused(ValueError, 'sideways', convoy.conv2d, x, w, padding_mode='sideways')
        self.refused(ValueError, 'none of', convoy.conv2d, x, w, activation='rleu')
        self.refused(IndexError, 'dim is 4', convoy.softmax, x, 4)
        self.refused(NotImplementedError, 'training', convoy.batch_norm, x, floats(2), floats(2),
                     training=True)

    def test_no_such_device(self):
        error = self.refused(RuntimeError, 'no such device|nonesuch', convoy.Context, 'nonesuch')
        self.assertIsInstance(error, convoy.NoDeviceError)

    def test_memory(self):
        self.refused((convoy.LimitError, convoy.OutOfMemoryError), '.', convoy.Buffer, (1 << 40,))

    def test_the_next_call_works(self):
        for _ in range(20):
            self.refused(convoy.ShapeError, '.', convoy.conv2d, floats(1, 1, 2, 2),
                         floats(1, 1, 3, 3))
            np.testing.assert_array_equal(convoy.neg(floats(2)), -floats(2))


class Processes(unittest.TestCase):
    def test_threads(self):
        x, w = floats(2, 3, 12, 12), floats(4, 3, 3, 3)
        wanted = [convoy.conv2d(x, w, padding=pad % 3) for pad in range(6)]
        wrong, start = [], threading.Barrier(6)
        context = convoy.Context()      # nothing compiled, nothing cached

        def work(pad):
            start.wait()
            try:
                with convoy.using(context):
                    for _ in range(25):
                        np.testing.assert_array_equal(convoy.conv2d(x, w, padding=pad % 3),
                                                      wanted[pad])
                        with np.testing.assert_raises_regex(convoy.ShapeError, 'channels'):
                            convoy.conv2d(x[:, :1 + pad % 2], w)
            except BaseException as error:
                wrong.append(error)
        threads = [threading.Thread(target=work, args=(pad,)) for pad in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertLessEqual(len(context.plans), 6)

    def test_a_fork_is_told(self):
        convoy.relu(floats(3))
        code = '''
import os, sys, threading
import numpy as np, convoy
x = np.ones(3, np.float32)
convoy.relu(x)
buffer = convoy.Buffer.of(x)
lock = convoy.default_context().plans._lock     # as another thread would hold it
lock.acquire()
child = os.fork()
if child == 0:
    try:
        convoy.relu(x)
    except convoy.ForkedError as error:
        told = 'spawn' in str(error)
    try:
        convoy.Context()
    except convoy.ForkedError:
        os._exit(0 if told else 3)
    os._exit(4)
lock.release()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
convoy.relu(x)
sys.exit(status)
'''
        said, status = python(code)
        self.assertEqual((said, status), ('', 0))

    def test_a_fork_before_the_first_use(self):
        code = '''
import os, sys
import numpy as np, convoy
child = os.fork()
if child == 0:
    os._exit(0 if convoy.relu(np.float32(2)) == 2 else 3)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
'''
        self.assertEqual(python(code), ('', 0))

    def test_pickle_is_refused(self):
        import pickle
        with self.assertRaisesRegex(TypeError, 'pickled'):
            pickle.dumps(convoy.Buffer(3))

    def test_no_library(self):
        said, status = python('import convoy; convoy.version()', CONVOY_LIBRARY='/nowhere.so')
        self.assertNotEqual(status, 0)
        self.assertIn('LibraryError', said)
        self.assertIn('set CONVOY_LIBRARY', said)

    def test_the_environment_picks_a_device(self):
        said, status = python('import convoy; convoy.default_context()',
                              CONVOY_DEVICE='nonesuch')
        self.assertIn('NoDeviceError', said)
        said, status = python('import convoy; convoy.set_device("cpu"); '
                              'print(convoy.default_context().info.type.name)')
        self.assertEqual((said, status), ('CPU\n', 0))

    def test_no_opencl(self):
        said, _ = python('import convoy; convoy.devices()', OCL_ICD_VENDORS='/nowhere')
        self.assertIn('NoDeviceError', said)

    def test_the_end_of_a_process(self):
        """Whatever is left, an interpreter ends quietly."""
        code = '''
import numpy as np, convoy
b = convoy.Buffer.of(np.ones(9, np.float32))
q = convoy.Queue()
e = q.write(b, np.ones(9, np.float32), block=False)
p = convoy.Plan('activation', src=convoy.plain(9), activation='relu')
c = b.__dlpack__()
y = convoy.relu(b)
'''
        self.assertEqual(python(code), ('', 0))

    def test_version(self):
        self.assertEqual(convoy.version().split('.')[:2], convoy.__version__.split('.')[:2])


if __name__ == '__main__':
    unittest.main()
