#!/usr/bin/python3
"""Exports networks of torchvision as ONNX models, each with an input and PyTorch's output.

  export_models.py FOLDER [NAME...]      squeezenet1_1 mobilenet_v2 shufflenet_v2_x0_5 resnet18
                                         densenet121, or those named
  export_models.py digits FILE.onnx      the network of tools/examples/digits.weights

Writes FOLDER/NAME.onnx, NAME.input.npy and NAME.output0.npy. Weights are random with a fixed seed,
and so are the statistics of batch normalisation: as PyTorch makes them they would change nothing.
Needs Debian's python3-torch and python3-torchvision.
"""
import os
import sys
import warnings

import numpy as np
import torch

SEED = 20
OPSET = 13
NAMES = ['squeezenet1_1', 'mobilenet_v2', 'shufflenet_v2_x0_5', 'resnet18', 'densenet121']
HERE = os.path.dirname(os.path.abspath(__file__))


def randomise(net, generator):
    """Gives batch normalisation work to do, while values stay of order 1 through any depth."""
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, low, high in ((module.running_mean, -0.3, 0.3),
                                      (module.running_var, 0.5, 2.0),
                                      (module.weight.data, 0.7, 1.3),
                                      (module.bias.data, -0.2, 0.2)):
                tensor.uniform_(low, high, generator=generator)


def settle(net, x):
    """Sets the statistics near those of x, so that no layer grows or fades out, then moves them."""
    generator = torch.Generator().manual_seed(SEED + 1)
    randomise(net, generator)
    net.train()
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    with torch.no_grad():
        net(x)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            factor = torch.empty_like(module.running_var).uniform_(0.8, 1.25, generator=generator)
            offset = torch.empty_like(module.running_mean).uniform_(-0.2, 0.2, generator=generator)
            module.running_mean += offset * module.running_var.sqrt()
            module.running_var *= factor
    net.eval()


def write(net, x, path):
    """PRESERVE keeps batch normalisation as nodes; EVAL would fold it into the convolutions."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(net, x, path, opset_version=OPSET, input_names=['image'],
                          output_names=['scores'],
                          training=torch.onnx.TrainingMode.PRESERVE)


def export(name, folder):
    import torchvision
    torch.manual_seed(SEED)
    net = getattr(torchvision.models, name)(weights=None)
    x = torch.randn(1, 3, 224, 224)
    settle(net, torch.randn(4, 3, 224, 224))
    with torch.no_grad():
        y = net(x).numpy()
    path = os.path.join(folder, name)
    write(net, x, path + '.onnx')
    np.save(path + '.input.npy', x.numpy())
    np.save(path + '.output0.npy', y)
    print(f'{name}: {y.shape} from {y.min():.3f} to {y.max():.3f}, '
          f'{os.path.getsize(path + ".onnx")} bytes')


def export_digits(path):
    sys.path.insert(0, os.path.join(HERE, 'examples'))
    import train_digits
    net = train_digits.Net()
    net.load_state_dict(train_digits.read_weights())
    net.eval()
    write(net, torch.zeros(1, 1, train_digits.SIDE, train_digits.SIDE), path)


def main():
    torch.set_num_threads(1)
    words = sys.argv[1:]
    if len(words) == 2 and words[0] == 'digits':
        export_digits(words[1])
        return 0
    unknown = [name for name in words[1:] if name not in NAMES]
    if not words or words[0].startswith('-') or unknown:
        print(__doc__.strip() if not unknown else f'no network {unknown[0]}', file=sys.stderr)
        return 2
    os.makedirs(words[0], exist_ok=True)
    for name in words[1:] or NAMES:
        export(name, words[0])
    return 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
