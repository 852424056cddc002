#!/usr/bin/env python3
"""Checks what libraries define for the programs that link them: the public functions, each of them
and nothing else.

  symbols.py INCLUDE LIBRARY...     one line `library: what` for each breach; exit status 1 if any

INCLUDE is the folder with convoy/*.h, LIBRARY a .so or a .a. onnx.h is libconvoy-onnx's, the other
headers are libconvoy's.
"""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r'^CVY_API[^;(]*?\b(cvy_\w+)\(', re.M)


def declared(include, onnx):
    names = set()
    for header in sorted(pathlib.Path(include).glob('convoy/*.h')):
        if (header.name == 'onnx.h') == onnx:
            names |= set(DECLARED.findall(header.read_text()))
    return names


def defined(library):
    kind = ['-D'] if '.so' in pathlib.Path(library).name else ['-g']
    lines = subprocess.run(['nm', '--defined-only', '-P'] + kind + [library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0].split('@')[0] for line in lines if len(line.split()) > 1}


def main():
    breaches = []
    for library in sys.argv[2:]:
        public = declared(sys.argv[1], 'convoy-onnx' in pathlib.Path(library).name)
        breaches += [] if public else [f'{sys.argv[1]}: no public function for {library}']
        names = defined(library)
        breaches += [f'{library}: defines {name}, which no header declares'
                     for name in sorted(names - public)]
        breaches += [f'{library}: does not define {name}' for name in sorted(public - names)]
        print(f'{library}: {len(names)} symbols')
    for line in breaches:
        print(line)
    return 1 if breaches or len(sys.argv) < 3 else 0


if __name__ == '__main__':
    sys.exit(main())
