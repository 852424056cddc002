#!/usr/bin/env python3
"""Checks the rules that a compiler does not: tiers, OpenCL, what a library may call, style.

  lint.py [ROOT]      one line `file:line: what` for each breach; exit status 1 if there is any

The last line says how many files were looked at.
"""
import pathlib
import re
import sys

import embed

FOLDERS = ['runtime', 'include', 'cl_kernels', 'tests', 'tools']
SUFFIXES = {'.c', '.h', '.hpp', '.cpp', '.cl', '.py', '.sh', '.cmake', '.md'}
NAMES = {'meson.build', 'CMakeLists.txt', 'Doxyfile'}
C_SUFFIXES = {'.c', '.h', '.hpp', '.cpp'}
COLUMNS, LINES = 100, 600
HEADS = {'.py': ('"""', '#'), '.sh': '#', '.cmake': '#', '.txt': '#', '.build': '', '.md': '# '}

# Tier -> the tiers whose headers its files may include.
TIERS = {
    'common': {'common'},
    'cl': {'common', 'cl'},
    'plan': {'common', 'cl', 'plan'},
    'ops': {'common', 'cl', 'plan', 'ops'},
    'algo': {'common', 'cl', 'plan', 'algo'},
    'graph': {'common', 'cl', 'plan', 'ops', 'graph'},
    'onnx': {'onnx'},           # a library of its own: public headers alone
}
# The header of a tier that others may include; the rest is the tier's own.
CL_FACE = 'cl/cl.h'

FORBIDDEN = re.compile(r'\b(' + '|'.join(['to' 'do', 'fix' 'me', 'x' 'xx']) + r')\b', re.I)
# A library does not print, exit, look at the environment, or keep state that its user owns.
CALLS = re.compile(
    r'\b(printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|putc|fputc|perror|abort|exit|_exit|'
    r'_Exit|quick_exit|atexit|getenv|secure_getenv|setenv|putenv|assert|raise|kill|signal|'
    r'sigaction|system|popen|setlocale|sprintf|vsprintf|gets|rand|srand)\s*\(')
STREAMS = re.compile(r'\b(stdout|stderr)\b')
FILE_CALL = re.compile(
    r'(?<![\w>.])(f?open(at|dir)?|creat|close(dir)?|p?readv?|p?writev?|fread|fwrite|fsync|'
    r'fdatasync|f?l?stat(at)?|futimens|utimensat|rename(at)?|unlink(at)?|remove|mkdir(at)?|rmdir|'
    r'readdir|fdopendir|getcwd|flock|lockf|f?truncate|fallocate|mmap|mkstemp)\s*\(')
CL_CALL = re.compile(r'(?<![\w>.])cl[A-Z]\w*\s*\(')
CL_INCLUDE = re.compile(r'#\s*include\s*[<"](CL/[^>"]*)')
INCLUDE = re.compile(r'#\s*include\s*([<"])([^>"]+)[>"]')
MUTABLE = re.compile(r'^static\s+(?!.*\bconst\b)(?!_Thread_local\b)[^()]*[;=]')
# The tables of OpenCL and of the file system's calls, which tests replace, and the threads that
# compile, which must end before the driver's destructors run.
MAY_BE_MUTABLE = {'runtime/cl/opencl.c', 'runtime/common/file.c', 'runtime/cl/worker.c'}
# Where the user's cache is: all that the library reads of the environment, as core.h says. And the
# end of those threads.
MAY_CALL = {'runtime/cl/cache_folder.c': 'secure_getenv', 'runtime/cl/worker.c': 'atexit'}

# Kernels: what source.c binds for each instance, and what OpenCL C itself has in capitals.
BOUND = {'LOCAL_X', 'LOCAL_Y', 'LOCAL_Z', 'T', 'ACC', 'LOAD', 'STORE', 'FN', 'V', 'VT', 'VLOAD',
         'VSTORE'}
BUILT_IN = re.compile(r'(CLK_\w+|FLT_\w+|DBL_\w+|M_\w+_F|U?(CHAR|SHRT|INT|LONG)_(MAX|MIN)|'
                      r'INFINITY|NAN|HUGE_VALF|MAXFLOAT|CHAR_BIT)$')
VENDOR = re.compile(r'\b(__NV\w*|__AMD\w*|__INTEL\w*|cl_nv_\w+|cl_amd_\w+|cl_intel_\w+|POCL\w*)\b')


class Lint:
    def __init__(self, root):
        self.root = root
        self.breaches = []
        self.prelude_macros = set()

    def breach(self, path, line, what):
        self.breaches.append(f'{path}:{line}: {what}')

    def each_match(self, path, code, pattern, what):
        for match in pattern.finditer(code):
            line = code.count('\n', 0, match.start()) + 1
            self.breach(path, line, what.format(match.group(0).strip(' (')))


def blank_strings(text):
    """Blanks string and character literals, so that their contents match no rule."""
    def blank(match):
        return match.group(0)[0] + ' ' * (len(match.group(0)) - 2) + match.group(0)[-1]
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text)


def code_of(text):
    """The text without literals and comments; #include lines keep their names."""
    lines = []
    for line in text.split('\n'):
        if re.match(r'\s*#\s*(include|line)\b', line):
            lines.append(line.split('//')[0])
            continue
        # Quotes in a comment are no literals: cut at the first // outside of one.
        bare = blank_strings(line)
        lines.append(bare.split('//')[0] if '//' in bare else bare)
    return '\n'.join(lines)


# Every file --------------------------------------------------------------------------------------

def check_text(lint, path, text):
    lines = text.split('\n')
    if len(lines) - 1 > LINES:
        lint.breach(path, len(lines), f'{len(lines) - 1} lines, {LINES} at most: two subjects?')
    if text and not text.endswith('\n'):
        lint.breach(path, len(lines), 'no line end at the end')
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and not (path.suffix == '.md' and line.startswith('|')):
            lint.breach(path, number, f'{len(line)} columns, {COLUMNS} at most')
        if '\t' in line:
            lint.breach(path, number, 'a tab')
        if line != line.rstrip():
            lint.breach(path, number, 'white space at the end')
        word = FORBIDDEN.search(line)
        if word:
            lint.breach(path, number, f'the word "{word.group(0)}"')
    head = lines[1] if lines[0].startswith('#!') and len(lines) > 1 else lines[0]
    suffix = path.with_suffix('').suffix if path.suffix == '.in' else path.suffix
    suffix = '.txt' if path.name == 'Doxyfile' else suffix
    if not head.startswith(HEADS.get(suffix, '//')):
        lint.breach(path, 1, 'no head comment: what is this file for?')


# C -----------------------------------------------------------------------------------------------

def check_includes(lint, path, code):
    parts = path.parts
    for number, line in enumerate(code.split('\n'), 1):
        match = INCLUDE.match(line.strip())
        if not match:
            continue
        name = match.group(2)
        if parts[0] == 'include' and ('/' in name and not name.startswith('convoy/')):
            lint.breach(path, number, f'a public header includes {name}')
        if parts[0] != 'runtime' or match.group(1) == '<':
            continue
        tier, other = parts[1], name.split('/')[0]
        if other not in TIERS.get(tier, set()):
            lint.breach(path, number, f'tier {tier} includes {name}')
        if other == 'cl' and tier != 'cl' and name != CL_FACE:
            lint.breach(path, number, f'{name} is private to runtime/cl: include {CL_FACE}')


def check_library(lint, path, code):
    in_cl = path.parts[:2] == ('runtime', 'cl')
    calls = code.replace(MAY_CALL[str(path)], '') if str(path) in MAY_CALL else code
    lint.each_match(path, calls, CALLS, 'a library does not call {}')
    if path.parts[1] not in ('onnx', 'convoy'):     # onnx: a library of its own
        lint.each_match(path, code, FILE_CALL, '{} is called past the table of file.h')
    lint.each_match(path, code, STREAMS, 'a library does not use {}')
    lint.each_match(path, code, CL_CALL, '{} is called past the table of opencl.h' if in_cl
                    else '{}: OpenCL is called in runtime/cl only')
    if not in_cl:
        lint.each_match(path, code, CL_INCLUDE, '{}: OpenCL is included in runtime/cl only')
    if str(path) not in MAY_BE_MUTABLE:
        for number, line in enumerate(code.split('\n'), 1):
            if MUTABLE.match(line):
                lint.breach(path, number, 'a mutable global')


def check_c(lint, path, code):
    lint.each_match(path, code, re.compile(r'/\*'), 'a /* comment: // only')
    check_includes(lint, path, code)
    if path.parts[0] in ('runtime', 'include'):
        check_library(lint, path, code)
        if path.parts[1] not in TIERS and path.parts[0] == 'runtime':
            lint.breach(path, 1, f'runtime/{path.parts[1]} is no tier')


# Kernels -----------------------------------------------------------------------------------------

def declared_names(code):
    """Parameters and variables in capitals, which are no macros."""
    names = set(re.findall(r'\b(?:int|uint|long|ulong|float|size_t|T|ACC|VT)\s+([A-Z]\w*)', code))
    for inside in re.findall(r'\bFN\(\s*\w+\s*\)\s*\(([^)]*)\)', code):
        for part in inside.split(','):
            words = re.findall(r'\w+', part)
            if len(words) >= 2:
                names.add(words[-1])
    # int a, B, C;
    for inside in re.findall(r'\b(?:int|uint|long|ulong|T|ACC|VT)\s+([^;(){}]*)[;=]', code):
        names.update(re.findall(r'(?:^|,)\s*([A-Z]\w*)', inside))
    for inside in re.findall(r'#\s*define\s+\w+\(([^)]*)\)', code):
        names.update(re.findall(r'\w+', inside))
    return names


def check_macros(lint, path, code):
    known = BOUND | lint.prelude_macros | set(embed.macros(code)) | declared_names(code)
    for number, line in enumerate(code.split('\n'), 1):
        for name in re.findall(r'(?<![\w.])[A-Z][A-Z0-9_]*\b', line):
            if name not in known and not BUILT_IN.match(name):
                lint.breach(path, number, f'{name} has no default under #ifndef')
                known.add(name)


def check_defaults(lint, path, code):
    for name in embed.macros(code):
        if name in BOUND:
            lint.breach(path, 1, f'{name} is bound by the runtime: the file may not define it')


def check_restrict(lint, path, parts, line):
    """A pointer without restrict has another beside it that it may equal (in-place operators)."""
    bare = [part for part in parts if '*' in part and 'restrict' not in part]
    if len(bare) == 1:
        lint.breach(path, line, f'`{bare[0]}` has no restrict')
    if len(bare) > 1 and not any('const' not in part for part in bare):
        lint.breach(path, line, f'{len(bare)} read-only pointers without restrict')


def check_types(lint, path, code):
    # A scalar parameter comes from the host as float, whatever the tensors are.
    rest = re.sub(r'\bfloat(?=\s+\w+\s*[,)])', '     ', code)
    lint.each_match(path, rest, re.compile(r'\b(float|half|double)(\d+)?\b'),
                    '{}: only prelude.cl says so; use T, ACC or VT')


def check_kernel(lint, path, text, code):
    lint.each_match(path, code, re.compile(r'/\*'), 'a /* comment: // only')
    lint.each_match(path, code, re.compile(r'\b(native|half)_\w+\s*\('), '{} is not exact enough')
    lint.each_match(path, code, VENDOR, '{}: the runtime passes HAVE_..., kernels know no vendor')
    lint.each_match(path, code, re.compile(r'\bget_global_offset\b'), '{}: offsets are arguments')
    if path.name == 'prelude.cl':
        return
    try:
        embed.check_text(text)
        embed.signature(code, path.stem)
        _, parts, line = embed.parameters(code)
    except embed.Bad as bad:
        number, what = str(bad).split(': ', 1)
        lint.breach(path, number, what)
        return
    if 'reqd_work_group_size' not in code:
        lint.breach(path, line, 'no reqd_work_group_size')
    check_macros(lint, path, code)
    check_defaults(lint, path, code)
    check_restrict(lint, path, parts, line)
    check_types(lint, path, code)


# -------------------------------------------------------------------------------------------------

def files_of(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob('*')):
            written = path.with_suffix('') if path.suffix == '.in' else path
            if path.is_file() and (written.suffix in SUFFIXES or path.name in NAMES):
                if not any(part.startswith(('.', 'build', '__')) for part in path.parts[1:-1]):
                    yield path.relative_to(root)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here
    lint = Lint(root)
    prelude = root / 'cl_kernels' / 'prelude.cl'
    if prelude.exists():
        lint.prelude_macros = set(embed.macros(code_of(prelude.read_text())))
    count = 0
    for path in files_of(root):
        text = (root / path).read_bytes().decode('utf-8', 'replace')
        code = code_of(text)
        check_text(lint, path, text)
        if path.suffix in C_SUFFIXES:
            check_c(lint, path, code)
        elif path.suffix == '.cl':
            check_kernel(lint, path, text, code)
        count += 1
    for line in lint.breaches:
        print(line)
    print(f'{count} files, {len(lint.breaches)} breaches')
    return 1 if lint.breaches or not count else 0


if __name__ == '__main__':
    sys.dont_write_bytecode = True
    sys.exit(main())
