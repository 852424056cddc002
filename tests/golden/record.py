#!/usr/bin/python3
"""Records what PyTorch answers to the problems of specs.txt, for tests/test_golden.c to replay.

  record.py           rewrites golden.txt and golden.bin beside this file, and counts the cases

Run by hand, with Debian's python3-torch and python3-numpy. specs.txt has one problem a line, in
OP-SPEC text. {a,b} stands for either; a line without layout is recorded in both, with whole numbers
in one and real numbers in the other, by turns. A line that starts with "special:" has NaN and
infinities among whole numbers; one that starts with "waiting:" is computed but not recorded,
because Convoy's text does not have it yet. `#` starts a comment.

golden.txt has one case a line, four parts divided by " | ":

  spec            for cvy_plan_from_spec
  seed            of the one stream of random numbers that fills the inputs, one behind the other
  inputs          SLOT=DATA:SIZES[:LAYOUT][:DTYPE], where layout is plain and dtype f32 if left out.
                  SIZES and the order of elements are N, C, spatial, whatever the layout. DATA is a
                  letter and a number:
                    rE  k 2^(E - 23), k whole, from -2^23 to 2^23; pE the same from 1 to 2^23
                    iN  whole numbers from -N to N; jN from 0 to N - 1; gN from -N to N - 1
                    sN  as iN, but 1 in 4 is NaN, Inf, -Inf or -0 (two numbers drawn for each)
  answer          DTYPE:SIZES:HOW@OFFSET of dst, and perhaps "indices". HOW is bits (equal bit for
                  bit, NaN to NaN), equal (0 and -0 alike) or near (within a tolerance each)

golden.bin has, at OFFSET, dst in the order N, C, spatial; then for near 16 bits for each element,
the upper half of a float32, rounded up: its tolerance; then for indices 32 bits for each.
All little-endian. Numbers are splitmix64's; a whole number from a to b is a + z mod (b - a + 1).
Answers are computed in double precision, and rounded to float32 once. Tolerances are those of the
policy for direct summation; the rounding of the answer itself is added.
"""
import itertools
import pathlib
import re
import sys

import numpy as np
import torch

sys.dont_write_bytecode = True

import answers    # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MASK = (1 << 64) - 1
GAMMA = 0x9e3779b97f4a7c15
SPECIALS = [np.nan, np.inf, -np.inf, -0.0]
DTYPES = {'f32': np.float32, 'f16': np.float16, 'bf16': None, 'f64': np.float64, 'i8': np.int8,
          'u8': np.uint8, 'i32': np.int32, 'i64': np.int64, 'bool': np.uint8}
LAYOUTS = ('nchw', 'nhwc', 'plain')


# Random numbers ----------------------------------------------------------------------------------

class Random:
    """splitmix64, many at a time."""
    def __init__(self, seed):
        self.state = seed

    def bits(self, count):
        steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)
        z = steps + np.uint64(self.state)
        self.state = (self.state + count * GAMMA) & MASK
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return z ^ (z >> np.uint64(31))

    def between(self, low, high, count):
        return (self.bits(count) % np.uint64(high - low + 1)).astype(np.int64) + low

    def draw(self, data, count):
        kind, number = data[0], int(data[1:])
        if kind == 'r' or kind == 'p':
            low = 1 if kind == 'p' else -2 ** 23
            return self.between(low, 2 ** 23, count) * 2.0 ** (number - 23)
        if kind == 's':
            return self.draw_special(number, count)
        low = {'i': -number, 'j': 0, 'g': -number}[kind]
        return self.between(low, number if kind == 'i' else number - 1, count).astype(np.float64)

    def draw_special(self, number, count):
        z = self.bits(2 * count).reshape(count, 2)
        roll = (z[:, 0] % np.uint64(16)).astype(np.int64)
        whole = (z[:, 1] % np.uint64(2 * number + 1)).astype(np.int64) - number
        return np.where(roll < 4, np.array(SPECIALS)[roll % 4], whole)


# Problems ----------------------------------------------------------------------------------------

def numbers(text, between):
    return [int(word) for word in text.split(between)]


class Case:
    """One problem: its text taken apart, and the inputs drawn for it."""
    def __init__(self, spec, data, seed):
        self.spec, self.seed = spec, seed
        self.integer, self.special = data != 'real', data == 'special'
        self.random = Random(seed)
        self.inputs = []
        self.kind, self.mode, self.layout, self.dtype = None, 'zeros', None, 'f32'
        self.letters, self.flags, self.brackets = {}, {}, []
        self.op, *words = spec.split()
        for word in words:
            self.read(word)
        self.shape = self.source_shape()
        self.spatial = len(self.shape) - 2

    def read(self, word):
        if word[0] == '+':
            name, *values = word[1:].split(':')
            self.flags[name] = values
        elif word[0] == '[':
            self.brackets.append(word)
        elif word.startswith('pad:'):
            self.mode = word[4:]
        elif word in LAYOUTS:
            self.layout = word
        elif word in DTYPES:
            self.dtype = word
        elif re.fullmatch(r'[a-z][\d.x-]+', word):
            self.letters[word[0]] = numbers(word[1:], 'x')
        else:
            self.kind = word

    def source_shape(self):
        if 'n' not in self.letters:
            self.layout = self.layout or 'plain'
            return self.bracket_shape(self.brackets.pop(0))
        return [self.letters[name][0] for name in 'ncdhw' if name in self.letters]

    @staticmethod
    def bracket_shape(word):
        return numbers(word[1:word.index(']')], ',')

    def list(self, letter, standard=None):
        return self.letters.get(letter, [standard] * self.spatial)

    def number(self, letter, standard=None):
        return self.letters.get(letter, [standard])[0]

    def values(self, flag, standard):
        """The numbers of a flag such as +start:0x1x2."""
        return numbers(self.flags[flag][0], 'x') if flag in self.flags else standard

    def dst_layout(self):
        return self.flags['to'][0] if 'to' in self.flags else self.layout

    def draw(self, slot, data, shape, layout='plain', dtype='f32'):
        """A double tensor, and a word in the index."""
        text = f'{slot}={data}:{"x".join(map(str, shape))}'
        text += '' if layout == 'plain' else f':{layout}'
        text += '' if dtype == 'f32' else f':{dtype}'
        self.inputs.append(text)
        flat = self.random.draw(data, int(np.prod(shape)))
        return torch.from_numpy(flat.reshape(tuple(shape)))

    def data(self, whole, real):
        return f's{whole[1:]}' if self.special else whole if self.integer else real

    def source(self, whole='i8', real='r0'):
        return self.draw('src', self.data(whole, real), self.shape, self.layout, self.dtype)


def expanded(line):
    """Each text that the braces of a line stand for."""
    parts = re.split(r'\{([^}]*)\}', line)
    choices = [part.split(',') if i % 2 else [part] for i, part in enumerate(parts)]
    return [' '.join(''.join(choice).split()) for choice in itertools.product(*choices)]


def problems(lines):
    """Of each: spec, what its data is (whole, real or special), whether it waits."""
    turn = 0
    for line in lines:
        prefix, text = re.fullmatch(r'(special:|waiting:)?(.*)', line.split('#')[0]).groups()
        for spec in expanded(text):
            if not spec:
                continue
            turn += 1
            data = ['special'] * 2 if prefix == 'special:' else ['whole', 'real']
            words = spec.split()
            plain = not re.search(r' n\d', spec)
            if plain or any(word in LAYOUTS for word in words):
                yield spec, data[turn % 2], prefix == 'waiting:'
                continue
            yield f'{spec} nchw', data[turn % 2], prefix == 'waiting:'
            yield f'{spec} nhwc', data[(turn + 1) % 2], prefix == 'waiting:'


# Files -------------------------------------------------------------------------------------------

def tolerance_bits(tolerance, value):
    """The tolerance and the answer's own rounding, rounded up to the upper half of a float32."""
    stored = value.astype(np.float32)
    finite = np.isfinite(stored)
    full = np.where(finite, tolerance, 0)
    full[finite] += np.abs(value[finite] - stored[finite].astype(np.float64))
    assert np.isfinite(full).all() and (full >= 0).all()
    narrow = np.nextafter(full.astype(np.float32), np.float32(np.inf))
    bits = (narrow.view(np.uint32).astype(np.uint64) + 0xffff) >> 16
    return bits.astype(np.uint16)


def stored(value, dtype):
    if dtype == 'bf16':
        return value.to(torch.bfloat16).view(torch.int16).numpy().tobytes()
    if dtype == 'f16':
        return value.to(torch.float16).numpy().tobytes()
    return value.numpy().astype(DTYPES[dtype]).tobytes()


def record(case, offset):
    """The line and the bytes of a case."""
    answer = answers.answer(case)
    shape = answer.shape or list(answer.value.shape)
    value = answer.value.reshape(-1)
    data = stored(value, answer.dtype)
    if answer.how == 'near':
        data += tolerance_bits(answer.tolerance.reshape(-1).numpy(), value.numpy()).tobytes()
    if answer.indices is not None:
        data += answer.indices.numpy().astype(np.int32).tobytes()
    data += bytes(-len(data) % 4)
    last = f'{answer.dtype}:{"x".join(map(str, shape))}:{answer.how}@{offset}'
    last += ' indices' if answer.indices is not None else ''
    return f'{case.spec} | {case.seed} | {" ".join(case.inputs)} | {last}', data


def main():
    torch.set_num_threads(1)
    np.seterr(over='ignore')
    counts, lines, blocks, offset, waiting = {}, [], [], 0, 0
    specs = (HERE / 'specs.txt').read_text().split('\n')
    for seed, (spec, data, waits) in enumerate(problems(specs), 1):
        case = Case(spec, data, seed)
        try:
            line, block = record(case, offset)
        except Exception:
            print(f'{spec}: failed', file=sys.stderr)
            raise
        if waits:
            waiting += 1
            continue
        lines.append(line)
        blocks.append(block)
        offset += len(block)
        counts[case.op] = counts.get(case.op, 0) + 1
    (HERE / 'golden.bin').write_bytes(b''.join(blocks))
    (HERE / 'golden.txt').write_text('\n'.join(lines) + '\n')
    for op, count in counts.items():
        print(f'{op:16} {count}')
    print(f'{"all":16} {len(lines)}, {offset} bytes of answers; {waiting} wait')


if __name__ == '__main__':
    main()
