"""Graphs, networks and ONNX models."""
import os
import unittest

import numpy as np
import torch
import torch.nn.functional as F
from common import convoy, last

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples')
DIGITS = os.path.join(EXAMPLES, 'digits.onnx')


def floats(*shape):
    return np.random.default_rng(2).standard_normal(shape).astype(np.float32)


def seven():
    """The photo as the digits' network takes it: 20 x 20, from 0 to 1."""
    from PIL import Image
    image = Image.open(os.path.join(EXAMPLES, 'seven.png')).convert('L').resize((20, 20))
    return (np.asarray(image, np.float32) / 255.0).reshape(1, 1, 20, 20)


class Graphs(unittest.TestCase):
    def build(self):
        graph = convoy.Graph()
        x = graph.input('image', (None, 3, None, None))
        y = graph.conv(src=x, weights=floats(4, 3, 3, 3), bias=floats(4), padding=(1, 1),
                       activation='relu', name='first')
        pooled, places = graph.pool(src=y, kind='max', kernel_size=(2, 2), indices='plane')
        y = graph.concat(srcs=[pooled, graph.unary(src=pooled, kind='neg')], axis=1)
        graph.output('features', graph.binary(src=y, src2=np.float32(2), kind='mul'))
        graph.output('places', places)
        return graph

    def wanted(self, x):
        y = torch.relu(F.conv2d(torch.from_numpy(x), torch.from_numpy(floats(4, 3, 3, 3)),
                                torch.from_numpy(floats(4)), padding=1))
        y, places = F.max_pool2d(y, 2, return_indices=True)
        return 2 * torch.cat([y, -y], 1).numpy(), places.numpy()

    def test_a_graph(self):
        graph = self.build()
        self.assertEqual(graph.inputs, [convoy.Port('image', (None, 3, None, None),
                                                    convoy.Dtype.F32)])
        self.assertEqual([port.name for port in graph.outputs], ['features', 'places'])
        for shape in ((1, 3, 6, 6), (2, 3, 8, 4), (1, 3, 6, 6)):
            x = floats(*shape)
            features, places = self.wanted(x)
            found = graph.run(x)
            self.assertEqual(list(found), ['features', 'places'])
            np.testing.assert_allclose(found['features'], features, rtol=1e-4, atol=1e-5)
            np.testing.assert_array_equal(found['places'], places)
            found = graph.run(last(x), channels_last=True)
            np.testing.assert_allclose(found['features'], last(features), rtol=1e-4, atol=1e-5)

    def test_a_network(self):
        network = self.build().compile({'image': (1, 3, 6, 6)}, no_fusion=True)
        self.assertEqual(network.inputs['image'].shape, (1, 3, 6, 6))
        self.assertEqual(network.info.nodes, len(network.steps))
        self.assertTrue(network.steps[0].name)
        x = floats(1, 3, 6, 6)
        network.reserve()
        found = network.run(image=convoy.Buffer.of(x))
        self.assertIsInstance(found['features'], convoy.Buffer)
        np.testing.assert_allclose(found['features'].numpy(), self.wanted(x)[0], rtol=1e-4,
                                   atol=1e-5)
        outputs = [convoy.Buffer(desc.shape, desc.dtype) for desc in network.outputs.values()]
        network.enqueue([convoy.Buffer.of(x)], outputs).wait()
        np.testing.assert_array_equal(outputs[1].numpy(), self.wanted(x)[1])

    def test_reshape_and_expand(self):
        graph = convoy.Graph()
        x = graph.input('x', (2, 1, 3))
        graph.output('y', graph.expand(src=graph.reshape(src=x, size=(2, 1, -1)), size=(2, 4, 3)))
        x = floats(2, 1, 3)
        np.testing.assert_array_equal(graph.run(x)['y'], np.broadcast_to(x, (2, 4, 3)))

    def test_a_constant_input(self):
        graph = convoy.Graph()
        x = graph.input('x', (2, 3))
        w = graph.input('w', (4, 3), constant=True)
        graph.output('y', graph.linear(src=x, weights=w))
        for times in (1, 2):
            found = graph.run(x=floats(2, 3), w=times * floats(4, 3))['y']
            np.testing.assert_allclose(found, times * floats(2, 3) @ floats(4, 3).T, rtol=1e-4,
                                       atol=1e-5)

    def test_refusals(self):
        graph = self.build()
        with self.assertRaisesRegex(TypeError, 'no input picture'):
            graph.run(picture=floats(1, 3, 6, 6))
        with self.assertRaisesRegex(convoy.ConvoyError, 'image'):
            graph.compile()
        with self.assertRaisesRegex(convoy.ShapeError, 'image|first'):
            graph.run(floats(1, 4, 6, 6))
        network = graph.compile({'image': (1, 3, 6, 6)})
        with self.assertRaisesRegex(ValueError, 'input image is'):
            network.run(floats(1, 3, 6, 7))
        with self.assertRaises(TypeError):
            network.run()
        with self.assertRaises(AttributeError):
            graph.convolve
        with self.assertRaises(convoy.CancelledError):
            graph.compile({'image': (1, 3, 6, 6)}, progress=lambda *args: False)


class Onnx(unittest.TestCase):
    def test_digits(self):
        model = convoy.load_onnx(DIGITS)
        scores = model.run(seven())['scores']
        self.assertEqual((scores.shape, int(scores.argmax())), ((1, 10), 7))
        with open(DIGITS, 'rb') as file:
            again = convoy.load_onnx(file.read())
        np.testing.assert_array_equal(again.run(image=seven())['scores'], scores)
        self.assertIn('Conv', convoy.onnx_operators())
        self.assertEqual(repr(model), '<convoy.Graph image -> scores>')
        network = model.compile()
        self.assertEqual(repr(network), '<convoy.Network image (1, 1, 20, 20) -> scores (1, 10)>')

    def test_refusals(self):
        with self.assertRaisesRegex(convoy.FileError, 'nowhere') as caught:
            convoy.load_onnx('nowhere.onnx')
        self.assertIsInstance(caught.exception, OSError)
        with self.assertRaises(convoy.ModelError):
            convoy.load_onnx(b'no model')
        with self.assertRaises(convoy.ModelError):
            convoy.load_onnx(DIGITS, max_bytes=100)


if __name__ == '__main__':
    unittest.main()
