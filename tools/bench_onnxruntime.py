#!/usr/bin/env python3
"""Whole networks beside onnxruntime: interleaved times of one run and its wait.

  bench_onnxruntime.py [--pairs N] [--device D] [--json FILE] MODEL.onnx...

For each model a line with both medians in milliseconds and their ratio, above 1 where Convoy is
faster; last the geometric mean. MODEL.input.npy beside a model is its input, else it is random. The
outputs are compared before any time is taken; exit status 1 if they differ.

Both sides have a thread for each core, which stays there, and memory of inputs and outputs that is
bound beforehand. onnxruntime's threads spin after a run: a turn waits until they are at rest.
Needs numpy and onnxruntime (python3 -m pip install onnxruntime), and Convoy: installed, or built
in build/, or CONVOY_LIBRARY. Models: tools/export_models.py, tools/fetch_models.sh.
"""
import argparse
import json
import math
import os
import pathlib
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE.parent / 'build' / 'runtime' / 'libconvoy.so'
ALLOWED = 1e-3          # of an output's range
SAMPLE = 5e-3           # seconds that a sample takes at least
WARM = 3e-3             # seconds of runs before it, as in bench_time.c
TRIES = 3
STEADY = 1.15           # median over lower quartile of a machine that keeps its speed
WINDOW = 12e-3          # in which a process at rest uses no processor time


def prepare_environment():
    """What PoCL and the package read when they are loaded."""
    os.environ.setdefault('POCL_AFFINITY', '1')
    sys.path.insert(0, str(HERE / 'python'))
    if 'CONVOY_LIBRARY' not in os.environ and BUILT.exists():
        os.environ['CONVOY_LIBRARY'] = str(BUILT)


prepare_environment()
import numpy as np              # noqa: E402
import onnxruntime              # noqa: E402

import convoy                   # noqa: E402
from convoy import _structs     # noqa: E402
from convoy._library import check, lib          # noqa: E402

CORES = sorted(os.sched_getaffinity(0))


def tensors(buffers):
    each = [buffer.tensor() for buffer in buffers]
    return (_structs.cvy_tensor * max(len(each), 1))(*each)


class Convoy:
    name, spins, cores = 'convoy', False, set(CORES)

    def __init__(self, path, feed, context):
        graph = convoy.load_onnx(path)
        self.network = graph.compile({name: x.shape for name, x in feed.items()}, context=context)
        self.queue = context.queue
        self.inputs = [convoy.Buffer.of(feed[name], context=context)
                       for name in self.network.inputs]
        self.outputs = {name: convoy.Buffer(desc.shape, desc.dtype.name.lower(), context=context)
                        for name, desc in self.network.outputs.items()}
        self.call = (self.network.handle, self.queue.handle, tensors(self.inputs),
                     tensors(self.outputs.values()), None, None)

    def run(self):
        """As a C program runs a network: without an event, which Network.enqueue gives."""
        check(lib.cvy_network_enqueue(*self.call))
        self.queue.finish()

    def results(self):
        return {name: buffer.numpy() for name, buffer in self.outputs.items()}


class Onnxruntime:
    name, spins, cores = 'onnxruntime', True, {CORES[0]}

    def __init__(self, path, feed):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(CORES)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3      # errors
        if len(CORES) > 1:      # its own numbers begin at 1; the calling thread has the first core
            options.add_session_config_entry('session.intra_op_thread_affinities',
                                             ';'.join(str(core + 1) for core in CORES[1:]))
        self.session = onnxruntime.InferenceSession(path, options, ['CPUExecutionProvider'])
        names = [output.name for output in self.session.get_outputs()]
        values = self.session.run(names, feed)
        self.binding = self.session.io_binding()
        self.outputs = {}
        for name, x in feed.items():
            self.binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(x))
        for name, value in zip(names, values):
            self.outputs[name] = onnxruntime.OrtValue.ortvalue_from_numpy(value)
            self.binding.bind_ortvalue_output(name, self.outputs[name])

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def results(self):
        return {name: value.numpy() for name, value in self.outputs.items()}


# Data --------------------------------------------------------------------------------------------

def inputs_of(path):
    """name -> array, as the model wants it."""
    ports = convoy.load_onnx(path).inputs
    example = pathlib.Path(path).with_suffix('.input.npy')
    if len(ports) == 1 and example.exists():
        return {ports[0].name: np.load(example)}
    random = np.random.default_rng(1)
    feed = {}
    for port in ports:
        if port.size is None or None in port.size:
            raise ValueError(f'input {port.name} is of any size: {example} is not there')
        feed[port.name] = random.standard_normal(port.size).astype(port.dtype.name.lower())
    return feed


def difference(got, want):
    """Largest error as a share of the range of what is expected."""
    if got.shape != want.shape:
        return math.inf
    spread = float(want.max() - want.min())
    error = float(np.abs(got.astype('f8') - want.astype('f8')).max())
    return error / spread if math.isfinite(error) and spread > 0.0 else math.inf


# Time --------------------------------------------------------------------------------------------

def settle():
    """Waits until no thread of this process is at work."""
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(WINDOW)
        if time.process_time() - before < 1e-3:
            return


class Turns:
    """Samples of sides in turns."""

    def __init__(self, sides):
        self.sides, self.spinning = sides, True

    def sample(self, side, calls):
        """Seconds of one run, of `calls` in a row; runs before them wake threads and caches."""
        if self.spinning and not side.spins:
            settle()
        self.spinning = side.spins
        os.sched_setaffinity(0, side.cores)
        end = time.perf_counter() + WARM
        while time.perf_counter() < end:
            side.run()
        begin = time.perf_counter()
        for _ in range(calls):
            side.run()
        return (time.perf_counter() - begin) / calls

    def samples(self, pairs, calls):
        samples = {side.name: [] for side in self.sides}
        for turn in range(pairs):
            for side in self.sides if turn % 2 == 0 else self.sides[::-1]:
                samples[side.name].append(self.sample(side, calls))
        return samples

    def medians(self, pairs):
        """Again while the samples scatter, as they do where others use the machine."""
        least = min(self.sample(side, 3) for side in self.sides)
        best, steadiest = {}, math.inf
        for _ in range(TRIES):
            samples = self.samples(pairs, math.ceil(SAMPLE / least))
            scatter = max(statistics.median(values) / sorted(values)[len(values) // 4]
                          for values in samples.values())
            if scatter < steadiest:
                best, steadiest = samples, scatter
            if scatter < STEADY:
                break
        return {name: statistics.median(values) * 1e3 for name, values in best.items()}


# -------------------------------------------------------------------------------------------------

def compare(path, context, pairs):
    """One row: names, milliseconds, ratio, difference."""
    feed = inputs_of(path)
    ours, theirs = Convoy(path, feed, context), Onnxruntime(path, feed)
    for side in (ours, theirs):
        side.run()
    want = theirs.results()
    worst = max(difference(got, want[name]) for name, got in ours.results().items())
    row = {'model': pathlib.Path(path).stem, 'difference': worst}
    if worst <= ALLOWED:
        ms = Turns([ours, theirs]).medians(pairs)
        row.update(ms=ms[ours.name], peer_ms=ms[theirs.name], ratio=ms[theirs.name] / ms[ours.name])
    return row


def tell(row):
    if 'ratio' not in row:
        print(f'{row["model"]:22} WRONG by {row["difference"]:.1e} of the range', flush=True)
        return
    print(f'{row["model"]:22} {row["ms"]:9.3f} {row["peer_ms"]:12.3f} {row["ratio"]:7.2f}  '
          f'{row["difference"]:.1e}', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('models', nargs='+', metavar='MODEL.onnx')
    parser.add_argument('--pairs', type=int, default=25, help='samples of each side')
    parser.add_argument('--device', help='as for the convoy program')
    parser.add_argument('--json', metavar='FILE', help='machine-readable results')
    words = parser.parse_args()
    context = convoy.Context(words.device or os.environ.get('CONVOY_DEVICE') or 'cpu')
    print(f'Convoy {convoy.version()} on {context.info.name}, onnxruntime '
          f'{onnxruntime.__version__}, {len(CORES)} threads\n\n'
          f'{"MODEL":22} {"CONVOY MS":>9} {"ONNXRUNTIME":>12} {"RATIO":>7}  DIFFERENCE', flush=True)
    rows = []
    for path in words.models:
        rows.append(compare(path, context, max(words.pairs, 1)))
        tell(rows[-1])
    ratios = [row['ratio'] for row in rows if 'ratio' in row]
    mean = math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else 0.0
    print(f'{"geometric mean":22} {"":9} {"":12} {mean:7.2f}')
    if words.json:
        with open(words.json, 'w') as file:
            json.dump({'device': context.info.name, 'onnxruntime': onnxruntime.__version__,
                       'rows': rows, 'geomean_ratio': mean}, file, indent=2)
    return 0 if len(ratios) == len(rows) else 1


if __name__ == '__main__':
    sys.exit(main())
