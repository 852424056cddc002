#!/usr/bin/env python3
"""Compiles the C of the guides, and runs what is a whole program.

  snippets.py FOLDER LIBRARY      FOLDER is for what is built; LIBRARY has libconvoy.so in it

A ```c block with a main() is a program: it is built as a user would, and run. One with a #include
of runtime/ is a file of the library's own. One with a function (a line that is a { alone) is code
outside of functions. All others stand in a function of their own, where the names of PROLOGUE are
known and CHECK(call) returns what failed. A ```opencl block is a kernel that obeys the contract.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / 'tools'))
import lint                                     # noqa: E402

FLAGS = ['-std=c11', '-Wall', '-Wextra', '-Werror', '-I' + str(ROOT / 'include')]
PROLOGUE = '''#include <convoy/onnx.h>
#include <convoy/convoy.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define CHECK(call) do { cvy_status st_ = (call); if (st_ != CVY_OK) return st_; } while (0)
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
extern cvy_context *context;
extern cvy_queue *queue, *other;
extern cvy_plan *plan;
extern cvy_weights *prepared;
extern cvy_graph *graph;
extern cvy_network *network;
extern cvy_event *event;
extern cvy_tensor src, dst, weights, bias;
extern float *x, *y;
extern size_t bytes;
'''


def blocks(path, language):
    """(line, text) of each block of a language."""
    found, start = [], None
    for number, line in enumerate(path.read_text().split('\n'), 1):
        if start is None and line.strip() == '```' + language:
            start, text = number + 1, []
        elif start is not None and line.strip() == '```':
            found.append((start, '\n'.join(text) + '\n'))
            start = None
        elif start is not None:
            text.append(line)
    if start is not None:
        raise SystemExit(f'{path}: the block at line {start} does not end')
    return found


def compiled(source, *more):
    return subprocess.run(['gcc', *FLAGS, str(source), *more], check=False).returncode == 0


def run(program):
    result = subprocess.run([str(program)], timeout=120, check=False, stdout=subprocess.DEVNULL)
    if result.returncode:
        print(f'{program}: exit status {result.returncode}')
    return result.returncode == 0


def program(source, library):
    built = source.with_suffix('')
    names = ['-lconvoy-onnx'] * ((library / 'onnx').is_dir())
    return compiled(source, '-o', str(built), '-L' + str(library), '-L' + str(library / 'onnx'),
                    f'-Wl,-rpath,{library}:{library / "onnx"}', *names, '-lconvoy', '-lm') \
        and run(built)


def kernel(path, line, text):
    """What tools/lint.py says of a kernel file."""
    judge = lint.Lint(ROOT)
    prelude = (ROOT / 'cl_kernels' / 'prelude.cl').read_text()
    judge.prelude_macros = set(lint.embed.macros(lint.code_of(prelude)))
    name = re.search(r'__kernel void FN\((\w+)\)', text).group(1)
    file = path.relative_to(ROOT) / (name + '.cl')
    lint.check_text(judge, file, text)
    lint.check_kernel(judge, file, text, lint.code_of(text))
    print(*judge.breaches, sep='\n', end='\n' * bool(judge.breaches))
    return not judge.breaches


def check(folder, library, path, line, text):
    source = folder / f'{path.stem}_{line}.c'
    where = f'#line {line} "{path.relative_to(ROOT)}"\n'
    if re.search(r'\bmain\(', text):
        source.write_text(where + text)
        return program(source, library)
    if '#include "' in text:
        source.write_text(where + text)
        return compiled(source, '-I' + str(ROOT / 'runtime'), '-D_GNU_SOURCE', '-fsyntax-only',
                        '-Wno-missing-field-initializers')
    inside = text
    if not re.search(r'^\{$', text, re.M):
        inside = ('cvy_status snippet(void);\ncvy_status snippet(void)\n{\n' + where + text
                  + 'return CVY_OK;\n}\n')
    source.write_text(PROLOGUE + where + inside)
    return compiled(source, '-fsyntax-only')


def main():
    folder, library = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    count = failed = 0
    for path in sorted(path for part in ('include', 'runtime', 'tests')
                       for path in (ROOT / part).rglob('guide*.md')):
        results = [(line, check(folder, library, path, line, text))
                   for line, text in blocks(path, 'c')]
        results += [(line, kernel(path, line, text)) for line, text in blocks(path, 'opencl')]
        for line, good in results:
            count += 1
            failed += not good
            if not good:
                print(f'{path.relative_to(ROOT)}:{line}: this block fails')
    print(f'{count} blocks, {failed} failed')
    return 1 if failed or not count else 0


if __name__ == '__main__':
    sys.exit(main())
