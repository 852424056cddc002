#!/usr/bin/env python3
"""Checks what libraries define for the programs that link them: the public functions, each of them
and nothing else.

  symbols.py LIST INCLUDE LIBRARY...    a line `where: what` for each breach; exit status 1 if any

LIST has a name a line, in alphabetical order. INCLUDE is the folder with convoy/*.h: what its
headers declare is what LIST has. LIBRARY is a .so or a .a; libconvoy-onnx has the names that begin
with cvy_onnx_, libconvoy the others. A .so has each of them under the version CONVOY_...
"""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r'^CVY_API[^;(]*?\b(cvy_\w+)\(', re.M)


def declared(include):
    names = set()
    for header in sorted(pathlib.Path(include).glob('convoy/*.h')):
        names |= set(DECLARED.findall(header.read_text()))
    return names


def defined(library):
    kind = ['-D'] if '.so' in library.name else ['-g']
    lines = subprocess.run(['nm', '--defined-only', '-P', *kind, library], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    words = [line.split() for line in lines]
    # The version itself is an absolute symbol.
    return {parts[0] for parts in words if len(parts) > 1 and parts[1] != 'A'}


def compare(where, names, wanted):
    return [f'{where}: {name} is not among the public functions'
            for name in sorted(names - wanted)] + [
                f'{where}: no {name}' for name in sorted(wanted - names)]


def check(library, public):
    found = defined(library)
    names = {name.split('@')[0] for name in found}
    onnx = library.name.startswith('libconvoy-onnx')
    wanted = {name for name in public if name.startswith('cvy_onnx_') == onnx}
    print(f'{library}: {len(names)} symbols')
    breaches = compare(library, names, wanted)
    if '.so' in library.name:
        breaches += [f'{library}: {name} has no version' for name in sorted(found)
                     if '@@CONVOY_' not in name]
    return breaches


def main():
    listed, include, *libraries = map(pathlib.Path, sys.argv[1:])
    lines = listed.read_text().split()
    public = set(lines)
    breaches = compare(listed, public, declared(include))
    if lines != sorted(public):
        breaches.append(f'{listed}: not in alphabetical order, or a name twice')
    for library in libraries:
        breaches += check(library, public)
    for line in breaches:
        print(line)
    return 1 if breaches or not libraries else 0


if __name__ == '__main__':
    sys.exit(main())
