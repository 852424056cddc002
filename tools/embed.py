#!/usr/bin/env python3
"""Puts kernel files into a C source, or writes the registry of algorithms.

  embed.py --out FILE --prelude PRELUDE --binding C FILES...
                                                   kernels: text, macros, signature, digest of each
  embed.py --registry FILE NAMES...                the array of algorithms by name

A kernel file has one kernel, `__kernel void FN(<stem>)(parameters)`. Its signature has one letter
for each parameter: p a global pointer, l a 64-bit and i a 32-bit integer, f a float. After each
pointer comes the ulong number of its first element. In the library a kernel takes its pointers, and
then one struct of its scalars.
"""
import argparse
import hashlib
import pathlib
import re
import sys

LETTERS = {
    'ulong': 'l', 'long': 'l', 'int': 'i', 'uint': 'i', 'float': 'f', 'ACC': 'f',
}
KERNEL = re.compile(r'\b(?:__)?kernel\b')
HEAD = re.compile(r'\b(?:__)?kernel\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?'
                  r'void\s+FN\(\s*(\w+)\s*\)\s*\(', re.S)
DEFINE = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(\w+)', re.M)


class Bad(Exception):
    """A kernel file that breaks the contract."""


def strip_comments(text):
    """Blanks comments, keeping line ends, so that line numbers stay right."""
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/', blank, text, flags=re.S)


def uncommented(text):
    """The same in as many lines."""
    return '\n'.join(line.rstrip() for line in strip_comments(text).split('\n'))


def check_text(text):
    for number, line in enumerate(text.split('\n'), 1):
        if not line.isascii():
            raise Bad(f'{number}: a byte that is not ASCII')
        if '//' in line and line.rstrip().endswith('\\'):
            raise Bad(f'{number}: a // comment that ends in a backslash swallows the next line')
    bare = re.sub(r'//[^\n]*', '', text)
    if bare.count('/*') != bare.count('*/'):
        raise Bad('1: a /* comment is not closed')


def parameters(code):
    """The kernel's name and its parameter list, split at commas."""
    heads = list(HEAD.finditer(code))
    if len(heads) != 1 or len(KERNEL.findall(code)) != 1:
        raise Bad(f'1: {len(KERNEL.findall(code))} kernels, {len(heads)} of them written '
                  '`__kernel void FN(name)(`; one is needed')
    head = heads[0]
    end = code.find(')', head.end())
    inside = code[head.end():end]
    if end < 0 or '(' in inside:
        raise Bad('1: the parameter list has parentheses')
    line = code.count('\n', 0, head.start()) + 1
    return head.group(1), [part.strip() for part in inside.split(',')], line


def letter(parameter):
    words = re.findall(r'\w+', parameter)
    if '*' in parameter:
        if '__global' in words or 'global' in words:
            return 'p'
        raise Bad(f'pointer `{parameter}` is not global')
    for word in words[:-1]:
        if word in LETTERS:
            return LETTERS[word]
    raise Bad(f'parameter `{parameter}` is no pointer, int, uint, long, ulong, float or ACC')


def signature(code, stem):
    name, parts, line = parameters(code)
    if name != stem:
        raise Bad(f'{line}: the kernel is called {name}, the file {stem}')
    try:
        letters = ''.join(letter(part) for part in parts)
    except Bad as bad:
        raise Bad(f'{line}: {bad}') from None
    for index, kind in enumerate(letters):
        if kind == 'p' and (letters[index + 1:index + 2] != 'l' or 'ulong' not in parts[index + 1]):
            raise Bad(f'{line}: pointer `{parts[index]}` is not followed by a ulong first element')
    return letters


def pack_scalars(text, code, letters):
    """The kernel with its scalars as one struct, those of 64 bits first: PoCL allocates and copies
    each argument of each launch by itself."""
    head = HEAD.search(code)
    stem, parts, _ = parameters(code)
    end = code.find(')', head.end())
    brace = code.index('{', end) + 1
    group = re.search(r'__attribute__\s*\(\(.*\)\)\s*$', code[:head.start()])
    begin = group.start() if group else head.start()
    scalars = [part for wanted in ('l', 'if') for part, kind in zip(parts, letters)
               if kind in wanted]
    if not scalars:
        return text
    fields = ' '.join(f'{" ".join(part.split())};' for part in scalars)
    if 'l' in letters and len(re.findall('[if]', letters)) % 2:
        fields += ' int padding_;'      # rusticl counts no padding behind the last
    names = [part.split()[-1] for part in scalars]
    copies = ''.join(f' {" ".join(part.split())} = SCALAR({name});'
                     for part, name in zip(scalars, names))
    pointers = [' '.join(part.split()) for part, kind in zip(parts, letters) if kind == 'p']
    packed = ', '.join(pointers + [f'SCALARS(struct FN({stem}_scalars))'])
    lines = '\n' * code.count('\n', head.end(), end)
    return (text[:begin] + f'struct FN({stem}_scalars) {{ {fields} }}; ' + text[begin:head.end()]
            + packed + lines + text[end:brace] + copies + text[brace:])


def macros(code):
    return list(dict.fromkeys(DEFINE.findall(code)))


def char_array(name, text):
    """An array and no literal: C promises only 4,095 characters in a literal."""
    codes = [str(byte) for byte in text.encode('ascii')] + ['0']
    lines = [', '.join(codes[at:at + 24]) for at in range(0, len(codes), 24)]
    return f'static const char {name}[] = {{\n    ' + ',\n    '.join(lines) + '\n};\n'


def read(path):
    text = path.read_bytes().decode('latin-1').replace('\r\n', '\n')
    check_text(text)
    return text


def digest(data):
    return hashlib.sha256(data).hexdigest()[:32]


def kernels(prelude, binding, paths):
    out = ['// Generated by tools/embed.py from cl_kernels/. Do not edit.\n',
           '#include "cl/source.h"\n']
    rows = []
    errors = 0
    for path in [prelude] + paths:
        try:
            # PoCL reads the text at each start, even where it has the code: 0.13 ms for a KiB.
            text = uncommented(read(path))
            if path is prelude:
                out.append(char_array('prelude', text))
                continue
            stem = path.stem
            letters = signature(text, stem)
            names = ''.join(f'"{name}", ' for name in macros(text))
            text = pack_scalars(text, text, letters)
            out.append(char_array(f'text_{stem}', text))
            out.append(f'static const char *const macros_{stem}[] = {{ {names}NULL }};\n')
            rows.append(f'    {{ "{stem}", text_{stem}, macros_{stem}, "{letters}",\n'
                        f'      "{digest(text.encode("ascii"))}" }},\n')
        except Bad as bad:
            print(f'{path}:{bad}', file=sys.stderr)
            errors += 1
    count = len(rows)
    if not rows:
        rows.append('    { 0 },\n')
    out.append('const struct kernel_source kernel_sources[] = {\n' + ''.join(rows) + '};\n'
               f'const size_t kernel_source_count = {count};\n'
               'const char *const kernel_prelude = prelude;\n'
               'const char *const kernel_prelude_digest = '
               f'"{digest(uncommented(read(prelude)).encode() + binding.read_bytes())}";\n')
    return '\n'.join(out), errors


def registry(names):
    declared = ''.join(f'extern const struct algo algo_{name};\n' for name in names)
    listed = ''.join(f'    &algo_{name},\n' for name in names)
    return ('// Generated by tools/embed.py from the list in runtime/meson.build. Do not edit.\n'
            f'#include "plan/algo.h"\n\n{declared}\n'
            f'const struct algo *const algos[] = {{\n{listed}}};\n'
            f'const size_t algo_count = {len(names)};\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--out', type=pathlib.Path)
    parser.add_argument('--prelude', type=pathlib.Path)
    parser.add_argument('--binding', type=pathlib.Path)
    parser.add_argument('--registry', type=pathlib.Path)
    parser.add_argument('names', nargs='*')
    args = parser.parse_args()
    if args.registry:
        args.registry.write_text(registry(args.names))
        return 0
    if not args.out or not args.prelude or not args.binding:
        parser.error('give --out, --prelude and --binding, or --registry')
    text, errors = kernels(args.prelude, args.binding, [pathlib.Path(name) for name in args.names])
    if errors:
        return 1
    args.out.write_text(text)
    return 0


if __name__ == '__main__':
    sys.exit(main())
