#!/usr/bin/env python3
"""Turns headers and guides into what Doxygen reads; Doxygen's INPUT_FILTER.

  filter.py FILE      writes the file to stdout

Of a guide the title becomes a label, and links to guides and headers become references. Of a header
the plain // comments become Doxygen's:

- The head comment describes the header's group, and each `// Title ----` line opens a group in it.
- A block of comment lines describes the declaration behind it. Indented lines in it are code or
  tables and stay as they are, (a) (b) and - are lists. A comment behind a member describes it.
- A function without a comment gets one that points to the struct or function before it.
- What Doxygen would take for a command or for HTML is escaped; names of the API become links.
"""
import pathlib
import re
import sys

TITLES = {
    'convoy': 'Everything', 'core': 'Core', 'ops': 'Operators', 'plan': 'Plans', 'tune': 'Tuning',
    'graph': 'Networks', 'onnx': 'ONNX models', 'convoy.hpp': 'C++', 'onnx.hpp': 'C++: ONNX models',
}
COMMENT = re.compile(r'(\s*)//(?: ?)(.*)$')
SECTION = re.compile(r'// (.*?) -{4,}$')
TRAILING = re.compile(r'^(.*?\S)(\s+)//\s?(.*)$')
FUNCTION = re.compile(r'CVY_API [\w ]+?[ *](cvy_\w+)\(')
MEMBERS = re.compile(r'^(\s+)((?:const )?\w+) ([^(){}]+);$')


def names_of(folder):
    """What the headers declare, to know a link from a word."""
    code = ''.join(re.sub(r'//.*', '', path.read_text()) for path in folder.glob('*.h'))
    return set(re.findall(r'\b(?:cvy|CVY)_\w+', code)) - {'CVY_API', 'CVY_STATIC'}


def escape(text, names):
    parts = text.split('`')
    for i in range(0, len(parts), 2):       # not between backquotes
        part = re.sub(r'([\\@<>#*%&])', r'\\\1', parts[i])
        part = part.replace('][', ']&zwj;[')        # no link of Markdown's
        parts[i] = re.sub(r'(?<![\w"])(?:cvy|CVY)_\w+', lambda match: '#' * (
            match.group(0) in names) + match.group(0), part)
    return '`'.join(parts)


def paragraphs(lines, names):
    """A comment's lines as Doxygen's: code and tables in blocks of their own, lists as lists."""
    out, block, item = [], False, False

    def close():
        nonlocal block
        if block:
            out.append('@endcode')
        block = False

    for i, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        listed = re.match(r' ?(\(\w\)|-) (.*)', line)
        if listed and not block:
            item = True
            mark = '' if listed.group(1) == '-' else listed.group(1) + ' '
            out.append('- ' + escape(mark + listed.group(2), names))
        elif indent >= 2 and not item:
            if not block:
                block = True
                out.append('@code{.c}' if indent >= 4 else '@code{.unparsed}')
            out.append(line)
        elif not line.strip() and block and lines[i + 1:i + 2] and lines[i + 1].startswith('  '):
            out.append('')
        else:
            close()
            if item and indent == 0:
                out.append('')
            item = item and indent > 0
            out.append(('  ' if item else '') + escape(line.strip(), names))
    close()
    return out


def joined(lines):
    """Comments behind code that go on below, each on one line."""
    out = []
    for line in lines:
        alone = COMMENT.match(line)
        above = TRAILING.match(out[-1]) if out else None
        if alone and len(alone.group(1)) > 8 and above and not COMMENT.match(out[-1]):
            out[-1] += ' ' + alone.group(2).strip()
        else:
            out.append(line)
    return out


def comment(lines):
    return [('/// ' + line).rstrip() for line in lines]


class Filter:
    def __init__(self, path, names):
        self.header = path.name if path.suffix == '.hpp' else path.stem
        self.label = self.header.replace('.', '_')
        self.file = path.name
        self.names = names
        self.out = []
        self.block = []         # comment lines that wait for a declaration
        self.opened = 0         # groups
        self.seen = None        # the last thing with more than a line to say, to point to
        self.adjacent = False   # no blank line since

    def head(self, lines):
        text = paragraphs(lines, self.names)
        first = text[0].split('. ')[0].rstrip('.:')
        self.out += comment([f'@file {self.file}', f'@brief {first}.', '',
                             f'See @ref {self.label}.'])
        self.out += ['']
        title = f'{TITLES.get(self.header, self.header)} ({self.file})'
        self.out += comment([f'@defgroup {self.label} {title}'] + text)
        self.out += ['']

    def close(self):
        self.out += ['/// @}'] * self.opened
        self.opened = 0

    def section(self, title):
        self.close()
        label = self.label + '_' + re.sub(r'\W+', '_', title.lower())
        self.out += comment([f'@defgroup {label} {title}', f'@ingroup {self.label}', '@{'])
        self.opened = 1

    def flush(self):
        text = paragraphs(self.block, self.names)
        self.block = []
        return comment(text)

    def pointer(self, line):
        """A comment for a function that has none."""
        match = FUNCTION.match(line)
        if not match:
            return []
        if match.group(1).endswith('_destroy'):
            return ['/// Destroys what the handle stands for and sets it to NULL; NULL is fine.']
        return [f'/// See #{self.seen}.'] if self.adjacent and self.seen else []

    def declaration(self, line):
        doc = self.flush()
        name = FUNCTION.match(line) or re.match(r'typedef (?:struct|enum) (\w+) \{', line)
        if len(doc) > 1 or (name and 'typedef' in line):
            self.seen = name.group(1) if name else self.seen
        elif not doc and not (name and TRAILING.match(line)):
            doc = self.pointer(line)
        self.out += doc

    def member(self, line):
        """A declaration with a comment behind it, which goes for each name on the line."""
        code, space, text = TRAILING.match(line).groups()
        text = escape(text, self.names)
        several = MEMBERS.match(code)
        listed = re.match(r'^(\s+)((?:CVY_\w+, )+CVY_\w+,?)$', code)
        if several and ', ' in several.group(3):
            indent, kind, declarators = several.groups()
            self.out += [f'{indent}{kind} {one}; ///< {text}' for one in declarators.split(', ')]
        elif listed:
            words = listed.group(2).rstrip(',').split(', ')
            self.out += [f'{listed.group(1)}{word}, ///< {text}' for word in words]
        else:
            self.out.append(f'{code}{space}///< {text}')

    def line(self, line):
        section, alone = SECTION.match(line), COMMENT.match(line)
        if section:
            self.section(section.group(1))
        elif alone:
            self.block.append(alone.group(2))
        else:
            self.code(line)

    def code(self, line):
        if not line.strip():
            self.out += self.flush() + [line]
            self.adjacent = False
            return
        if re.match(r'#ifdef __cplusplus|#endif|\}\}', line) and self.opened:
            self.close()
        if line.startswith('}}'):
            line = '}'
        line = line.replace('{ inline namespace CONVOY_MODE {', '{')
        self.declaration(line)
        if TRAILING.match(line) and not line.startswith('#endif'):
            self.member(line)
        else:
            self.out.append(line)
        self.adjacent = True

    def run(self, text):
        lines = text.split('\n')
        count = 0
        while lines[count].startswith('//'):
            count += 1
        self.head([line[3:] for line in lines[:count]])
        for line in joined(lines[count:]):
            self.line(line)
        return '\n'.join(self.out)


def guide(path, text):
    def reference(match):
        title, name = match.groups()
        stem, suffix = name.rsplit('.', 1)
        return f'@ref {name.replace(".", "_") if suffix == "hpp" else stem} "{title}"'

    label = 'mainpage' if path.stem == 'guides' else path.stem
    text = text.replace('\n', f' {{#{label}}}\n', 1)
    return re.sub(r'\[([^]]+)\]\((?:[\w./]*/)?(\w+\.(?:h|hpp|md))\)', reference, text)


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text()
    sys.stdout.write(guide(path, text) if path.suffix == '.md' else
                     Filter(path, names_of(path.parent)).run(text))
    return 0


if __name__ == '__main__':
    sys.exit(main())
