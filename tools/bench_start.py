#!/usr/bin/env python3
"""Measures what a start costs: empty caches, warm ones, a worker behind, many processes at once.

  bench_start.py PROBE MODEL [--runs N] [--json FILE]

PROBE is the program start_probe of a build folder, MODEL an ONNX model, such as BlazeFace. Each
figure is the median of N processes (3), from the start of the process where it says so; the caches
of Convoy, PoCL and Mesa are folders of its own.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

EIGHT = 8


class Caches:
    """Folders that only this run knows."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='convoy-start-'))

    def environment(self):
        names = {'POCL_CACHE_DIR': 'pocl', 'MESA_SHADER_CACHE_DIR': 'mesa',
                 'XDG_CACHE_HOME': 'convoy'}
        for folder in names.values():
            (self.root / folder).mkdir(exist_ok=True)
        return {**os.environ, **{name: str(self.root / folder) for name, folder in names.items()}}

    def empty(self, *folders):
        for folder in folders or ('pocl', 'mesa', 'convoy'):
            shutil.rmtree(self.root / folder, ignore_errors=True)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)


class Probe:
    def __init__(self, program, caches):
        self.program, self.caches = program, caches

    def start(self, *words):
        return subprocess.Popen([self.program, *map(str, words)], stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, env=self.caches.environment(),
                                text=True)

    @staticmethod
    def end(process):
        text = process.communicate()[0]
        if process.returncode:
            sys.exit(f'{process.args}: exit status {process.returncode}')
        return json.loads(text)

    def run(self, *words):
        """What the probe says, and the seconds of the whole process."""
        begin = time.monotonic()
        result = self.end(self.start(*words))
        return {**result, 'process': time.monotonic() - begin}

    def median(self, runs, key, *words, before=lambda: None):
        results = []
        for _ in range(runs):
            before()
            results.append(self.run(*words)[key])
        return statistics.median(results)


def starts(probe, model, runs):
    caches = probe.caches
    out = {}
    out['eager_cold'] = probe.median(runs, 'context', 'eager', before=caches.empty)
    out['eager_warm'] = probe.median(2 * runs + 1, 'context', 'eager')
    out['result_cold'] = probe.median(runs, 'first_result', 'background', model,
                                      before=caches.empty)
    out['background_context'] = probe.median(2 * runs + 1, 'context', 'background')
    out['lazy_context'] = probe.median(2 * runs + 1, 'context', 'lazy')
    out['result_warm'] = probe.median(2 * runs + 1, 'process', 'background', model)
    return out


def after_warm(probe, model, runs):
    """What `convoy warm` stored serves alone."""
    caches = probe.caches
    out = {'save': probe.median(1, 'process', 'save', before=caches.empty)}
    stored = dict(before=lambda: caches.empty('pocl', 'mesa'))
    out['stored_eager'] = probe.median(2 * runs + 1, 'context', 'eager', **stored)
    out['stored_result'] = probe.median(2 * runs + 1, 'process', 'background', model, **stored)
    caches.empty('pocl', 'mesa')
    out['stored_compiled_programs'] = probe.run('eager', model)['compiled_programs']
    return out


def stall(probe, model):
    probe.caches.empty()
    return {'worst_run': probe.run('background', model, 8)['worst_run']}


def eight(probe, model):
    caches = probe.caches
    begin = time.monotonic()
    for _ in range(EIGHT):
        caches.empty()
        probe.run('background', model)
    row = time.monotonic() - begin
    caches.empty()
    begin = time.monotonic()
    for process in [probe.start('background', model) for _ in range(EIGHT)]:
        probe.end(process)
    once = time.monotonic() - begin
    return {'eight_in_a_row': row, 'eight_at_once': once, 'eight_ratio': once / row}


ROWS = [
    ('eager_cold', 'context, EAGER, all caches empty', 's'),
    ('eager_warm', 'context, EAGER, the driver\'s cache warm', 'ms'),
    ('background_context', 'context, BACKGROUND, the driver\'s cache warm', 'ms'),
    ('lazy_context', 'context, LAZY, the driver\'s cache warm', 'ms'),
    ('result_cold', 'first result, BACKGROUND, all caches empty', 's'),
    ('result_warm', 'whole process, BACKGROUND, the driver\'s cache warm', 'ms'),
    ('save', 'storing everything, all caches empty', 's'),
    ('stored_eager', 'context, EAGER, from Convoy\'s cache alone', 'ms'),
    ('stored_result', 'whole process, BACKGROUND, from Convoy\'s cache alone', 'ms'),
    ('stored_compiled_programs', 'programs compiled then', ''),
    ('worst_run', 'longest of a run each ms, while the worker compiles', 'ms'),
    ('eight_in_a_row', '8 cold processes one after the other', 's'),
    ('eight_at_once', '8 cold processes at once', 's'),
    ('eight_ratio', 'the second by the first', ''),
]


def show(key, text, unit, value):
    shown = {'s': f'{value:.2f} s', 'ms': f'{value * 1e3:.1f} ms'}.get(unit, f'{value:.3g}')
    print(f'{shown:>10}  {text}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('probe')
    parser.add_argument('model')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--json')
    args = parser.parse_args()
    caches = Caches()
    try:
        probe = Probe(args.probe, caches)
        out = {**starts(probe, args.model, args.runs), **after_warm(probe, args.model, args.runs),
               **stall(probe, args.model), **eight(probe, args.model)}
    finally:
        caches.remove()
    for key, text, unit in ROWS:
        show(key, text, unit, out[key])
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(out, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
