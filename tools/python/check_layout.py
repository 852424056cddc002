#!/usr/bin/env python3
"""Compares the package's structs and enums with what a C compiler makes of the headers.

  check_layout.py [CC...]     one line for each difference; exit status 1 if there is any

CC is the compiler with its options, `cc` by default.
"""
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import bind

SIZE = '    printf("%zu\\n", sizeof({0}));'
FIELD = ('    printf("%zu %zu\\n", offsetof({0}, {1}), sizeof((({0} *)0)->{1}));')
MEMBER = '    printf("%lld\\n", (long long){0});'


def questions(api, structs, enums):
    """(what, line of C that prints it, what the package says)"""
    for name, fields in api.structs.items():
        if fields is None:
            continue
        struct = getattr(structs, name)
        yield name, SIZE.format(name), str(ctypes.sizeof(struct))
        for field, _ in struct._fields_:
            where = getattr(struct, field)
            yield f'{name}.{field}', FIELD.format(name, field), f'{where.offset} {where.size}'
    for name, members in api.enums.items():
        yield f'enum {name}', SIZE.format(name), str(ctypes.sizeof(ctypes.c_int))
        ours = getattr(enums, bind.class_name(name))
        short = bind.short_members(name, members)
        for (member, _), (brief, _) in zip(members, short):
            yield member, MEMBER.format(member), str(int(ours[brief]))


def answers(lines, compiler):
    source = '\n'.join(['#include <stdio.h>', '#include <convoy/convoy.h>',
                        '#include <convoy/onnx.h>', 'int main(void)', '{'] + lines +
                       ['    return 0;', '}', ''])
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'layout.c'
        path.write_text(source)
        subprocess.run(compiler + ['-std=c11', f'-I{bind.INCLUDE.parent}', str(path), '-o',
                                   str(path.with_suffix(''))], check=True)
        return subprocess.run([str(path.with_suffix(''))], check=True, capture_output=True,
                              text=True).stdout.splitlines()


def main():
    sys.path.insert(0, str(bind.HERE))
    from convoy import _enums, _structs
    asked = list(questions(bind.read_headers(), _structs, _enums))
    said = answers([line for _, line, _ in asked], sys.argv[1:] or ['cc'])
    wrong = [f'{what}: C says {c}, the package {ours}'
             for (what, _, ours), c in zip(asked, said) if c != ours]
    for line in wrong:
        print(line)
    print(f'{len(asked)} sizes, offsets and values, {len(wrong)} differ')
    return 1 if wrong or len(said) != len(asked) else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
