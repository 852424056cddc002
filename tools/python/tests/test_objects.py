"""Contexts, buffers, queues, events and plans; DLPack; objects of pyopencl's kind."""
import gc
import tempfile
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from common import Compare, convoy, tensor


class IntPtr:
    """What pyopencl's objects look like from here."""

    def __init__(self, pointer):
        self.int_ptr = pointer


def floats(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


class Objects(unittest.TestCase):
    def setUp(self):
        self.context = convoy.default_context()

    def test_devices(self):
        found = convoy.devices()
        self.assertGreaterEqual(len(found), 1)
        self.assertTrue(found[0].name)
        self.assertIn(found[0].type.name, ('OTHER', 'CPU', 'GPU'))

    def test_context(self):
        self.assertTrue(self.context.info.name)
        self.assertGreaterEqual(self.context.stats.build_seconds, 0)
        with convoy.Context(str(self.context.info.platform) + ':0') as context:
            self.assertFalse(context.closed)
            self.assertIn(context.info.name, repr(context))
        self.assertTrue(context.closed)
        with self.assertRaises(convoy.StateError):
            context.info

    def test_cache_of_programs(self):
        with tempfile.TemporaryDirectory() as folder, convoy.Context(cache=folder) as context:
            self.assertEqual(context.stats.cache.hits, 0)
            with self.assertRaises(convoy.ArgumentError):
                context.save_programs(-1)
        with convoy.Context(cache=False) as context:
            with self.assertRaises(convoy.StateError):
                context.save_programs()

    def test_shared_opencl_context(self):
        context = convoy.Context(cl_context=IntPtr(self.context.cl_context),
                                 cl_device=self.context.cl_device)
        owner = convoy.Queue(self.context)
        queue = convoy.Queue(context, cl_queue=IntPtr(owner.cl_queue))
        theirs = convoy.Buffer.of(floats(2, 3), context=self.context)
        self.context.queue.finish()
        ours = convoy.Buffer((2, 3), context=context, cl_mem=IntPtr(theirs.cl_mem))
        np.testing.assert_array_equal(queue.read(ours), floats(2, 3))

    def test_using_another_context(self):
        other = convoy.Context()
        with convoy.using(other):
            self.assertIs(convoy.default_context(), other)
            np.testing.assert_array_equal(convoy.relu(floats(3)), np.maximum(floats(3), 0))
        self.assertIs(convoy.default_context(), self.context)
        self.assertEqual(len(other.plans), 1)

    def test_progress(self):
        seen = []

        def stop(done, total, name, seconds):
            seen.append((done, total, name))
            raise KeyError('enough')
        with self.assertRaises(KeyError):
            convoy.Context(compile='eager', progress=stop)
        self.assertEqual(len(seen), 1)
        with self.assertRaises(convoy.CancelledError):
            convoy.Context(compile='eager', progress=lambda *args: False)

    def test_plans_are_kept_and_bounded(self):
        context = convoy.Context()
        context.plans.limit = 3
        with convoy.using(context):
            for size in range(1, 9):
                convoy.relu(floats(size))
                convoy.relu(floats(size))
        self.assertEqual(len(context.plans), 3)
        context.clear_cache()
        self.assertEqual(len(context.plans), 0)

    # Buffers and queues --------------------------------------------------------------------------

    def test_buffer(self):
        x = floats(3, 4)
        buffer = convoy.Buffer.of(x)
        self.assertEqual((buffer.shape, buffer.dtype, buffer.nbytes, len(buffer)),
                         ((3, 4), np.float32, 48, 3))
        np.testing.assert_array_equal(buffer.numpy(), x)
        np.testing.assert_array_equal(np.asarray(buffer), x)
        np.testing.assert_array_equal(buffer.reshape(-1, 2).numpy(), x.reshape(-1, 2))
        part = buffer.view((2, 4), byte_offset=16)
        np.testing.assert_array_equal(part.numpy(), x[1:])
        del buffer
        np.testing.assert_array_equal(part.view(4, byte_offset=16).numpy(), x[2])
        part.write(x[:2])
        np.testing.assert_array_equal(part.numpy(), x[:2])
        with self.assertRaises(ValueError):
            part.write(x)
        with self.assertRaises(convoy.ArgumentError):
            part.view(100)

    def test_strided_and_foreign_byte_order(self):
        x = floats(4, 6)
        np.testing.assert_array_equal(convoy.Buffer.of(x.T).numpy(), x.T)
        np.testing.assert_array_equal(convoy.relu(x[::2, ::-3]), np.maximum(x[::2, ::-3], 0))
        np.testing.assert_array_equal(convoy.neg(x.astype('>f4')), -x)

    def test_queue(self):
        queue = convoy.Queue(self.context, profiling=True)
        x = floats(64)
        a, b = convoy.Buffer(64), convoy.Buffer(64)
        written = queue.write(a, x, block=False)
        copied = queue.copy(a, b, wait=[written])
        out, read = queue.read(b, wait=[copied], block=False)
        read.wait(10)
        self.assertTrue(read.done and copied.done)
        np.testing.assert_array_equal(out, x)
        self.assertGreaterEqual(read.times.ended, read.times.started)
        queue.fill(a, 7)
        queue.flush()
        queue.finish()
        np.testing.assert_array_equal(queue.read(a), np.full(64, 7, np.float32))
        with queue.map(b) as array:
            np.testing.assert_array_equal(array, x)
            array[:] = 3
        np.testing.assert_array_equal(queue.read(b, np.empty(64, np.float32)), [3.0] * 64)
        self.assertEqual(queue.read(b, offset=252).shape, (4,))
        wrapped = convoy.Event(self.context, cl_event=IntPtr(copied.cl_event))
        wrapped.wait()

    def test_queue_refuses(self):
        queue, buffer = convoy.Queue(self.context), convoy.Buffer(4)
        with self.assertRaisesRegex(convoy.ArgumentError, '16'):
            queue.write(buffer, floats(5))
        with self.assertRaises(ValueError):
            queue.read(buffer, np.empty((2, 4), np.float32)[:, ::2])
        with self.assertRaisesRegex(convoy.ConvoyError, 'profiling'):
            event = queue.fill(buffer, 1)
            event.wait()
            event.times

    # Plans ---------------------------------------------------------------------------------------

    def test_plan_from_params(self):
        plan = convoy.Plan('conv', src=convoy.nhwc(1, 8, 8, 3), out_channels=4,
                           kernel_size=(3, 3), padding=(1, 1), bias=True, activation='relu',
                           options={'exact': True})
        x, w, b = floats(1, 8, 8, 3), floats(4, 3, 3, 3), floats(4)
        wanted = torch.relu(F.conv2d(torch.from_numpy(np.moveaxis(x, 3, 1)), torch.from_numpy(w),
                                     torch.from_numpy(b), padding=1)).numpy()
        np.testing.assert_allclose(np.moveaxis(plan.run(x, weights=w, bias=b), 3, 1), wanted,
                                   rtol=1e-4, atol=1e-5)
        weights = plan.prepare(weights=w, bias=b)
        weights.wait()
        weights.release_raw()
        queue = convoy.Queue(self.context)
        src, dst = convoy.Buffer.of(x), convoy.Buffer(plan.dst.shape)
        self.context.queue.finish()
        plan.enqueue(queue, src=src, dst=dst, prepared=weights).wait()
        np.testing.assert_allclose(np.moveaxis(dst.numpy(), 3, 1), wanted, rtol=1e-4, atol=1e-5)
        self.assertEqual(plan.dst.shape, (1, 8, 8, 4))
        self.assertEqual(plan.info.macs, 64 * 4 * 27)

    def test_plan_from_spec(self):
        plan = convoy.Plan.from_spec('conv n1 c2 h5 w5 k3 r3x3 f32 nchw +bias +relu')
        again = convoy.Plan.from_spec(plan.info.spec, algorithm='conv_reference')
        self.assertEqual(again.info.spec, plan.info.spec)
        self.assertIn('conv_reference', again.info.algorithm)
        args = dict(weights=floats(3, 2, 3, 3), bias=floats(3))
        np.testing.assert_allclose(plan.run(floats(1, 2, 5, 5), **args),
                                   again.run(floats(1, 2, 5, 5), **args), rtol=1e-4, atol=1e-5)
        pool = convoy.Plan.from_spec('pool max n1 c1 h4 w4 r2x2 s2x2 f32 nchw +indices')
        values, places = pool.run(np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))
        np.testing.assert_array_equal(places, [[[[5, 7], [13, 15]]]])
        with self.assertRaisesRegex(convoy.ArgumentError, 'z9'):
            convoy.Plan.from_spec('conv z9')

    def test_plan_with_pitches(self):
        plan = convoy.Plan('activation', src=convoy.plain(2, 3), activation='relu',
                           dst=convoy.plain(2, 3)._replace(stride=(4, 1)))
        x = floats(2, 3)
        np.testing.assert_array_equal(plan.run(x), np.maximum(x, 0))

    def test_plan_refuses(self):
        with self.assertRaisesRegex(ValueError, 'no operator'):
            convoy.Plan('convolve', src=convoy.nchw(1, 1, 4, 4))
        with self.assertRaisesRegex(TypeError, 'has no strides'):
            convoy.Plan('conv', src=convoy.nchw(1, 1, 4, 4), strides=(1, 1))
        with self.assertRaisesRegex(ValueError, 'sideways'):
            convoy.Plan('conv', src=convoy.nchw(1, 1, 4, 4), padding_mode='sideways')
        with self.assertRaisesRegex(ValueError, 'kernel_size'):
            convoy.Plan('conv', src=convoy.nchw(1, 1, 4, 4), kernel_size=(1, 1, 1, 1))
        with self.assertRaisesRegex(convoy.ShapeError, 'kernel_size'):
            convoy.Plan('conv', src=convoy.nchw(1, 1, 4, 4), out_channels=1)
        plan = convoy.Plan('activation', src=convoy.plain(4), activation='relu')
        self.assertIn('activation', repr(plan))
        with self.assertRaisesRegex(TypeError, 'float64'):
            plan.run(np.zeros(4))
        with self.assertRaisesRegex(TypeError, 'no slot'):
            plan.run(floats(4), weight=floats(4))


class OnDevice(Compare):
    """Functions over Buffers: nothing comes to the host in between."""

    def test_a_chain(self):
        x, w = floats(1, 3, 9, 9), floats(4, 3, 3, 3)
        y = convoy.conv2d(convoy.Buffer.of(x), w, padding=1, activation='relu')
        y, places = convoy.max_pool2d(y, 2, return_indices=True)
        y = convoy.softmax(convoy.linear(y.reshape(1, -1), floats(5, 64)), 1)
        self.assertIsInstance(y, convoy.Buffer)
        self.assertEqual(places.dtype, np.int64)
        wanted = F.max_pool2d(torch.relu(F.conv2d(tensor(x), tensor(w), padding=1)), 2)
        wanted = torch.softmax(F.linear(wanted.reshape(1, -1), tensor(floats(5, 64))), 1)
        self.close('softmax', y.numpy(), wanted)

    def test_either_side(self):
        x = floats(3)
        self.assertIsInstance(convoy.add(x, convoy.Buffer.of(x)), convoy.Buffer)
        self.assertIsInstance(convoy.where(x > 0, convoy.Buffer.of(x), 0.0), convoy.Buffer)
        self.assertIsInstance(convoy.cat([x, convoy.Buffer.of(x)]), convoy.Buffer)
        self.close('group_norm', convoy.group_norm(
            convoy.Buffer.of(floats(2, 4, 3)), 2, floats(4), floats(4)).numpy(),
            F.group_norm(tensor(floats(2, 4, 3)), 2, tensor(floats(4)), tensor(floats(4))))


class DLPack(unittest.TestCase):
    def test_host_arrays_are_not_copied(self):
        x = torch.arange(6, dtype=torch.float32)
        view = convoy.from_dlpack(x)
        x[0] = 9
        self.assertEqual(view[0], 9)
        np.testing.assert_array_equal(convoy.neg(x), -x.numpy())
        np.testing.assert_array_equal(convoy.neg(x.reshape(2, 3).t()), -x.numpy().reshape(2, 3).T)
        torch.from_dlpack(convoy.neg(x))

    def test_a_gradient_is_refused(self):
        x = torch.ones(3, requires_grad=True)
        with self.assertRaises((TypeError, RuntimeError)):
            convoy.relu(x)

    def test_device_memory(self):
        from convoy import dlpack
        x = floats(2, 5)
        buffer = convoy.Buffer.of(x)
        self.assertEqual(buffer.__dlpack_device__()[0], dlpack.OPENCL)

        class Producer:
            """Another library that hands out the second half of its cl_mem."""
            def __dlpack_device__(self):
                return buffer.__dlpack_device__()

            def __dlpack__(self, **options):
                return buffer.view(5, byte_offset=20).__dlpack__(**options)
        taken = convoy.from_dlpack(Producer())
        self.assertEqual(taken.shape, (5,))
        self.assertEqual(len(dlpack._alive), 1)
        del buffer
        np.testing.assert_array_equal(taken.numpy(), x[1])
        np.testing.assert_array_equal(convoy.neg(taken).numpy(), -x[1])
        del taken
        gc.collect()
        self.assertEqual(len(dlpack._alive), 0)

    def test_a_capsule_that_nobody_takes(self):
        from convoy import dlpack
        capsule = convoy.Buffer.of(floats(3)).__dlpack__()
        self.assertEqual(len(dlpack._alive), 1)
        del capsule             # its memory goes with the next one
        dlpack._sweep()
        self.assertEqual(len(dlpack._alive), 0)

    def test_others_refuse_it(self):
        with self.assertRaises(Exception):
            np.from_dlpack(convoy.Buffer.of(floats(3)))
        with self.assertRaises(Exception):
            torch.from_dlpack(convoy.Buffer.of(floats(3)))


if __name__ == '__main__':
    unittest.main()
