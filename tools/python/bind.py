#!/usr/bin/env python3
"""Writes the part of the package that repeats the C headers: enums, structs, functions.

  bind.py            writes convoy/_enums.py, convoy/_structs.py and convoy/_functions.py
  bind.py --check    writes nothing; exit status 1 if one of them is not what it would write

What it reads are the public headers, in the one style that they are written in; what it does not
understand, it refuses. check_layout.py then asks a C compiler whether the structs came out right.
"""
import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / 'include' / 'convoy'
HEADERS = ['core.h', 'plan.h', 'ops.h', 'graph.h', 'tune.h', 'onnx.h', 'convoy.h']

SCALARS = {
    'bool': 'c_bool', 'float': 'c_float', 'double': 'c_double', 'int': 'c_int', 'char': 'c_char',
    'int32_t': 'c_int32', 'int64_t': 'c_int64', 'uint64_t': 'c_uint64', 'size_t': 'c_size_t',
}


def fail(what):
    sys.exit(f'bind.py: {what}')


class Api:
    """What the headers declare, in their order."""

    def __init__(self):
        self.version = ''
        self.constants = {}         # numbers of #define
        self.enums = {}             # C name -> [(member, value)]
        self.structs = {}           # C name -> [(field, ctypes expression)]
        self.enum_fields = {}       # C name of a struct -> [(field, C name of its enum)]
        self.callbacks = {}         # C name -> ctypes expression
        self.handles = set()
        self.aliases = {}           # C name -> ctypes expression
        self.functions = {}         # C name -> (result, [argument]); ctypes expressions

    # Types ---------------------------------------------------------------------------------------

    def base(self, name):
        if name in SCALARS:
            return SCALARS[name]
        if name in self.enums:
            return 'c_int'
        if name in self.aliases:
            return self.aliases[name]
        if name in self.structs or name in self.callbacks:
            return name
        return fail(f'unknown type {name}')

    def pointer(self, name, stars):
        """A pointer to a struct by its type; to a handle, an array or unknown memory: c_void_p."""
        if name == 'void' or name in self.handles:
            return 'c_void_p' if stars == 1 else 'POINTER(c_void_p)'
        if name == 'char':
            return 'c_char_p' if stars == 1 else 'POINTER(c_char_p)'
        if stars > 2:
            return fail(f'{stars} pointers to {name}')
        inner = f'POINTER({self.base(name)})'
        return inner if stars == 1 else f'POINTER({inner})'

    def ctype(self, text):
        words = text.replace('*', ' * ').replace('struct ', '').split()
        stars = words.count('*')
        names = [word for word in words if word not in ('*', 'const')]
        if len(names) != 1:
            fail(f'the type "{text}"')
        return self.pointer(names[0], stars) if stars else self.base(names[0])

    def number(self, text):
        return int(text) if text.isdigit() else self.constants[text]

    # Declarations --------------------------------------------------------------------------------

    def enum(self, name, body):
        value, members = -1, []
        for part in filter(None, (part.strip() for part in body.split(','))):
            member, _, given = part.partition('=')
            value = int(given) if given else value + 1
            members.append((member.strip(), value))
        self.enums[name] = members

    def declarator(self, kind, text):
        """One name of a declaration, with its stars and array, such as "*x" or "size[3]"."""
        match = re.fullmatch(r'(\**)\s*(\w+)((?:\[\w+\])*)', text.strip())
        if not match:
            fail(f'the declarator "{text}"')
        ctype = self.ctype(kind + match.group(1))
        for extent in reversed(re.findall(r'\[(\w+)\]', match.group(3))):
            ctype = f'{ctype} * {self.number(extent)}'
        return match.group(2), ctype

    def struct(self, name, body):
        fields, enums = [], []
        for line in filter(None, (line.strip() for line in body.split(';'))):
            function = re.fullmatch(r'void \(\*(\w+)\)\(void \*user\)', line)
            if function:
                fields.append((function.group(1), 'CFUNCTYPE(None, c_void_p)'))
                continue
            match = re.fullmatch(r'((?:const )?\w+)((?:\s*\*\s*const\s*\*)|\s)\s*(.*)', line, re.S)
            if not match:
                fail(f'the field "{line}" of {name}')
            if '*' in match.group(2):
                fields.append((match.group(3), 'POINTER(c_void_p)'))
                continue
            some = [self.declarator(match.group(1), part) for part in match.group(3).split(',')]
            fields += some
            if match.group(1) in self.enums:
                enums += [(field, match.group(1)) for field, _ in some]
        self.structs[name] = fields
        self.enum_fields[name] = enums

    def arguments(self, text):
        if text.strip() == 'void':
            return []
        kinds = [re.fullmatch(r'(.*?)(\w+)(\[\w*\])?', part.strip(), re.S)
                 for part in text.split(',')]
        return [self.ctype(kind.group(1)) for kind in kinds]

    def read(self, text):
        text = re.sub(r'//[^\n]*', '', text)
        for name, value in re.findall(r'^#define (CVY_\w+) \(?(-?\d+)\)?[ ]*$', text, re.M):
            self.constants[name] = int(value)
        version = re.search(r'CVY_VERSION_TEXT "([^"]+)"', text)
        self.version = version.group(1) if version else self.version
        pattern = re.compile(
            r'typedef enum (?P<enum>\w+) \{(?P<members>.*?)\} \w+;|'
            r'typedef struct (?P<struct>\w+) \{(?P<fields>.*?)\} \w+;|'
            r'typedef struct (?P<handle>\w+) \w+;|'
            r'typedef (?P<result>\w+) \(\*(?P<callback>\w+)\)\((?P<takes>.*?)\);|'
            r'typedef (?P<of>\w+) (?P<alias>\w+);|'
            r'CVY_API (?P<gives>[\w\s]+?\s?\*?)(?P<function>cvy_\w+)\((?P<args>.*?)\);', re.S)
        found = [match.groupdict() for match in pattern.finditer(text)]
        if len(found) != len(re.findall(r'^(?:typedef|CVY_API) ', text, re.M)):
            fail('a declaration in a style that it does not know')
        for each in found:
            self.declare(each)

    def declare(self, found):
        if found['enum']:
            self.enum(found['enum'], found['members'])
        elif found['struct']:
            self.struct(found['struct'], found['fields'])
        elif found['handle']:
            self.handles.add(found['handle'])
        elif found['alias']:
            self.aliases[found['alias']] = self.base(found['of'])
        elif found['callback']:
            result = self.ctype(found['result']) if found['result'] != 'void' else 'None'
            takes = ', '.join([result] + self.arguments(found['takes']))
            self.callbacks[found['callback']] = f'CFUNCTYPE({takes})'
            self.structs[found['callback']] = None      # keeps its place in the order
        else:
            gives = found['gives'].strip()
            result = 'None' if gives == 'void' else self.ctype(gives)
            self.functions[found['function']] = (result, self.arguments(found['args']))


# What is written ----------------------------------------------------------------------------------

HEAD = '''"""{what}

Written by bind.py from the headers of Convoy {version}: change those, then run it.
"""
'''


def class_name(name):
    return ''.join(word.capitalize() for word in name.split('_')[1:])


def short_members(name, members):
    """Less the prefix that all of them share: CVY_POOL_MAX is MAX, CVY_ERR_SHAPE ERR_SHAPE."""
    if re.search(r'_(END|COUNT)$', members[-1][0]):
        members = members[:-1]
    words = [member.split('_') for member, _ in members]
    shared = 1
    while all(len(each) > shared + 1 and each[shared] == words[0][shared] for each in words):
        shared += 1
    if name == 'cvy_count_pad':
        shared = 3
    return [('_'.join(each[shared:]), value) for each, (_, value) in zip(words, members)]


def wrapped(text, indent):
    return textwrap.fill(text, 100, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def enums_text(api):
    lines = [HEAD.format(what='The enums of Convoy, less their prefixes.', version=api.version),
             'from enum import IntEnum', '', f'VERSION = {api.version!r}']
    lines += [f'{name[4:]} = {value}' for name, value in api.constants.items()
              if not name.startswith('CVY_VERSION')]
    for name, members in api.enums.items():
        lines += ['', '', f'class {class_name(name)}(IntEnum):', f'    """{name}"""', '']
        lines += [f'    {member} = {value}' for member, value in short_members(name, members)]
    return '\n'.join(lines) + '\n'


def structs_text(api):
    lines = [HEAD.format(what='The structs of Convoy as ctypes has them.', version=api.version),
             'from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p,',
             'c_double, c_float, c_int, c_int32, c_int64, c_size_t, c_uint64, c_void_p)',
             'from typing import Dict']
    for name, fields in api.structs.items():
        if fields is None:
            lines += ['', f'{name} = {api.callbacks[name]}']
            continue
        lines += ['', '', f'class {name}(Structure):', '    _fields_ = [']
        lines += [wrapped(' '.join(f'({field!r}, {ctype}),'.replace(' ', '\0')
                                   for field, ctype in fields), ' ' * 8).replace('\0', ' ')]
        lines += ['    ]']
        enums = ', '.join(f'{field!r}:\0{class_name(kind)!r}'
                          for field, kind in api.enum_fields[name])
        table = textwrap.fill(f'_enums_:\0Dict[str,\0str] = {{{enums}}}', 100,
                              initial_indent=' ' * 4, subsequent_indent=' ' * 31)
        lines += [table.replace('\0', ' '), '']
    text = '\n'.join(lines) + '\n'
    return re.sub(r'\n{4,}', '\n\n\n', text).rstrip('\n') + '\n'


def functions_text(api):
    lines = [HEAD.format(what='The functions of Convoy: what each gives and takes.',
                         version=api.version),
             'from ctypes import (POINTER, c_bool, c_char_p, c_double, c_int, c_int32, c_int64,',
             '                    c_size_t, c_void_p)', '',
             'from . import _structs as s', '', 'FUNCTIONS = {']
    structs = '|'.join(sorted((name for name in api.structs), key=len, reverse=True))
    for name, (result, arguments) in api.functions.items():
        takes = re.sub(rf'\b({structs})\b', r's.\1', f'{result}, [{", ".join(arguments)}]')
        line = f'    {name!r}: ({takes}),'
        lines.append(line if len(line) <= 100 else
                     f'    {name!r}:\n' + wrapped(f'({takes}),', ' ' * 8))
    lines.append('}')
    return unused('\n'.join(lines) + '\n')


def unused(text):
    """Leaves the import of what is used."""
    head, _, rest = text.partition(')\n')
    before, _, names = head.partition('from ctypes import (')
    used = [name for name in re.split(r'[,\s]+', names) if re.search(rf'\b{name}\b', rest)]
    line = textwrap.fill(', '.join(used), 99, initial_indent='from ctypes import (',
                         subsequent_indent=' ' * 20)
    return f'{before}{line})\n{rest}'


def read_headers(include=INCLUDE):
    api = Api()
    for name in HEADERS:
        api.read((include / name).read_text())
    return api


def main():
    if sys.argv[1:] not in ([], ['--check']):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    api = read_headers()
    status = 0
    for name, text in (('_enums.py', enums_text(api)), ('_structs.py', unused(structs_text(api))),
                       ('_functions.py', functions_text(api))):
        path = HERE / 'convoy' / name
        if len(sys.argv) == 1:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            print(f'{path}: not what the headers say: run tools/python/bind.py')
            status = 1
    structs = sum(fields is not None for fields in api.structs.values())
    print(f'{len(api.enums)} enums, {structs} structs, {len(api.functions)} functions')
    return status


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
