#!/usr/bin/python3
# Trains the small ConvNet of digits.c on scikit-learn's handwritten digits and writes its two data
# files, digits.weights and digits.png. DIGITS.md says what is in them and who made the images.
# Needs Debian's python3-torch, python3-sklearn and python3-pil; building Convoy needs none of them.

import os
import struct
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_digits

SEED = 1998             # the year in which the data set was given away
SIDE = 20               # of one image, in pixels,
MARGIN = 2              # with an empty border of this many
CLASSES = 10            # rows of the sheet
COLUMNS = 36            # held-back images of each class
HELD_BACK = CLASSES * COLUMNS
EPOCHS = 80
BATCH = 32
MAGIC = b"CVYDIGIT"
LEAST_ACCURACY = 97.5   # percent

HERE = os.path.dirname(os.path.abspath(__file__))
WEIGHTS = os.path.join(HERE, "digits.weights")
SHEET = os.path.join(HERE, "digits.png")


class Net(torch.nn.Module):
    """The network that digits.c builds: two blocks of 5x5 convolution, ReLU, pool; then linear."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(16, 32, 5, padding=2)
        self.linear = torch.nn.Linear(32 * (SIDE // 4) ** 2, CLASSES)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.linear(x.flatten(1))


def load_images():
    """All images as bytes [n][SIDE][SIDE], enlarged from 8x8, and their labels."""
    digits = load_digits()
    small = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1)
    inner = SIDE - 2 * MARGIN
    large = F.interpolate(small, size=(inner, inner), mode="bilinear", align_corners=False)
    framed = F.pad(large.squeeze(1), (MARGIN,) * 4)
    pixels = (framed * (255.0 / 16.0)).round().clamp(0, 255)
    return pixels.numpy().astype(np.uint8), digits.target.astype(np.int64)


def split(labels):
    """Which images to train on, and which to hold back: COLUMNS of each class, class by class."""
    order = np.random.default_rng(SEED).permutation(len(labels))
    by_class = [order[labels[order] == digit] for digit in range(CLASSES)]
    return (np.concatenate([i[COLUMNS:] for i in by_class]),
            np.concatenate([i[:COLUMNS] for i in by_class]))


def as_input(pixels):
    """Bytes to what the network sees: pixel / 255, [n][1][SIDE][SIDE]."""
    return torch.from_numpy(pixels).float().div(255.0).unsqueeze(1)


def shifted(x):
    """Each image of a batch moved by up to its margin each way, so that place matters less."""
    padded = F.pad(x, (MARGIN,) * 4)
    offsets = torch.randint(0, 2 * MARGIN + 1, (len(x), 2)).tolist()
    return torch.stack([padded[i, :, dy:dy + SIDE, dx:dx + SIDE]
                        for i, (dy, dx) in enumerate(offsets)])


def train(x, labels):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    for epoch in range(EPOCHS):
        total = 0.0
        for batch in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(shifted(x[batch])), labels[batch])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        schedule.step()
        print(f"epoch {epoch + 1:2} of {EPOCHS}: loss {total / len(x):.4f}", file=sys.stderr)
    return net


def write_weights(net):
    """DIGITS.md has the format: a head that describes every tensor, then the values of all."""
    tensors = {name: t.detach().numpy() for name, t in net.named_parameters()}
    with open(WEIGHTS, "wb") as f:
        f.write(MAGIC + struct.pack("<I", len(tensors)))
        for name, values in tensors.items():
            sizes = list(values.shape) + [1] * (4 - values.ndim)
            f.write(struct.pack("<16s5I", name.encode(), values.ndim, *sizes))
        for values in tensors.values():
            f.write(values.astype("<f4").tobytes())


def read_weights():
    with open(WEIGHTS, "rb") as f:
        assert f.read(8) == MAGIC
        count, = struct.unpack("<I", f.read(4))
        heads = [struct.unpack("<16s5I", f.read(36)) for _ in range(count)]
        tensors = {}
        for name, rank, *sizes in heads:
            values = np.frombuffer(f.read(4 * int(np.prod(sizes))), "<f4")
            tensors[name.rstrip(b"\0").decode()] = torch.tensor(values).reshape(sizes[:rank])
        assert f.read() == b""
    return tensors


def write_sheet(pixels):
    """One class in each row. No margin between images but their own."""
    sheet = pixels.reshape(CLASSES, COLUMNS, SIDE, SIDE).swapaxes(1, 2)
    Image.fromarray(sheet.reshape(CLASSES * SIDE, COLUMNS * SIDE), "L").save(SHEET, optimize=True)


def read_sheet():
    sheet = np.array(Image.open(SHEET)).reshape(CLASSES, SIDE, COLUMNS, SIDE)
    return sheet.swapaxes(1, 2).reshape(HELD_BACK, SIDE, SIDE)


def verify():
    """Reads the written files back and runs them, as digits.c does. True if good enough."""
    net = Net()
    net.load_state_dict(read_weights())
    labels = np.arange(HELD_BACK) // COLUMNS
    with torch.no_grad():
        answers = net(as_input(read_sheet())).argmax(1).numpy()
    right = int((answers == labels).sum())
    percent = 100.0 * right / HELD_BACK
    print(f"PyTorch {torch.__version__}: {right} of {HELD_BACK} held-back digits right "
          f"({percent:.1f} %)")
    for i in np.nonzero(answers != labels)[0]:
        print(f"  a {labels[i]}, column {i % COLUMNS}, was read as {answers[i]}")
    return percent >= LEAST_ACCURACY


def main():
    if sys.argv[1:] == ["verify"]:
        return 0 if verify() else 1
    if sys.argv[1:]:
        print("usage: train_digits.py [verify]", file=sys.stderr)
        return 2
    torch.manual_seed(SEED)
    torch.set_num_threads(1)            # sums in one order, so that every run gives the same files
    torch.use_deterministic_algorithms(True)
    pixels, labels = load_images()
    trained, held_back = split(labels)
    net = train(as_input(pixels[trained]), torch.from_numpy(labels[trained]))
    write_weights(net)
    write_sheet(pixels[held_back])
    return 0 if verify() else 1


if __name__ == "__main__":
    sys.exit(main())
