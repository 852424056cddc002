#!/usr/bin/python3
"""Runs models with `convoy run` and compares with what another program computed.

  compare_models.py CONVOY FOLDER [NAME...]     all models in FOLDER, or those named

For each NAME.onnx in FOLDER there are NAME.input.npy and NAME.output0.npy, NAME.output1.npy ... A
line for each: largest error as a share of the output's range, kernels launched, arena and times.
Exit status 1 if an error is over a thousandth or there is no model. Needs python3-numpy.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

ALLOWED = 1e-3


def expected_files(stem):
    files = []
    while os.path.exists(f'{stem}.output{len(files)}.npy'):
        files.append(f'{stem}.output{len(files)}.npy')
    return files


def share(got, want):
    """Largest error as a share of the range of what is expected."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return float('inf')
    spread = float(want.max() - want.min())
    error = float(np.abs(got.astype('f8') - want.astype('f8')).max())
    return error / spread if np.isfinite(error) and spread > 0.0 else float('inf')


def ask(convoy, command, stem, *words):
    words = [convoy, command, stem + '.onnx', '--input', stem + '.input.npy', '--json', *words]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def compare(convoy, stem):
    """The error of one model; prints its line."""
    files = expected_files(stem)
    with tempfile.TemporaryDirectory() as folder:
        outputs = [o['name'] for o in ask(convoy, 'explain', stem)['outputs']]
        if not files or len(files) != len(outputs):
            raise ValueError(f'{len(outputs)} outputs, but {len(files)} files')
        report = ask(convoy, 'run', stem, '--repeat', '1',
                     *(f'--output={name}={folder}/{i}.npy' for i, name in enumerate(outputs)))
        worst = max(share(np.load(f'{folder}/{i}.npy'), np.load(file))
                    for i, file in enumerate(files))
    arena, between = report['arena_bytes'], report['intermediate_bytes']
    print(f'{os.path.basename(stem):22} error {worst:.1e} of the range  '
          f'{report["launches"]:4} launches  arena {arena / 2**20:6.2f} MiB, '
          f'{100 * arena / max(between, 1):3.0f} % of intermediates  '
          f'{report["ms"]["min"]:8.2f} ms, compiling {report["ms"]["compile"]:5.0f} ms',
          flush=True)
    return worst


def main():
    if len(sys.argv) < 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    convoy, folder = sys.argv[1:3]
    stems = [os.path.join(folder, name) for name in sys.argv[3:]] or \
        sorted(path[:-len('.onnx')] for path in glob.glob(os.path.join(folder, '*.onnx')))
    bad = 0 if stems else 1
    for stem in stems:
        try:
            bad += not compare(convoy, stem) <= ALLOWED
        except (subprocess.CalledProcessError, OSError, ValueError) as error:
            print(f'{os.path.basename(stem)}: {error}')
            bad += 1
    print(f'{len(stems)} models, {bad} bad')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
