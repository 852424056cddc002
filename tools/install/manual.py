#!/usr/bin/env python3
"""Makes the manual page and the shells' completions from what the program says of itself.

  manual.py CONVOY MAN BASH ZSH FISH      CONVOY is the program, the others are written

Called by meson. It relies on the form of --help: usage, a paragraph or more, then options, each
`  --name VALUE   what it does`, with what follows further in.
"""
import os
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r'^  (--.*?)(?:   *(\S.*))?$')
NAME = re.compile(r'(--[a-z][a-z-]*)(?: ([^\s,]+))?')
VALUES = {'--device': ['cpu', 'gpu'], '--layout': ['nchw', 'nhwc'],
          '--suite': ['layers', 'nets', 'bandwidth'], '--peer': ['onednn', 'clblast']}
FILE = re.compile(r'FILE|DIR|\.onnx')


class Command:
    """One subcommand: usage lines, paragraphs of text, options as (words, text)."""

    def __init__(self, name, about, text):
        self.name, self.about = name, about
        head, *blocks = text.rstrip().split('\n\n')
        self.usage = [re.sub(r'^(usage:|      )\s*', '', line) for line in head.split('\n')]
        self.paragraphs, self.options = [], []
        for block in blocks:
            if block.startswith('  --'):
                self.read_options(block)
            else:
                self.paragraphs.append(block)
        # Options that the usage alone names.
        known = {name for words, _ in self.options for name, _ in NAME.findall(words)}
        for name, value in NAME.findall(re.sub(r'[\[\]]', ' ', ' '.join(self.usage))):
            if name not in known:
                text = 'machine-readable output' if name == '--json' else ''
                self.options.append((f'{name} {value}'.strip(), text))

    def read_options(self, block):
        for line in block.split('\n'):
            match = OPTION.match(line)
            if match:
                self.options.append((match.group(1).strip(), match.group(2) or ''))
            else:
                words, text = self.options[-1]
                self.options[-1] = (words, f'{text} {line.strip()}'.strip())

    def flat(self):
        """(--name, VALUE or '', text) for each option."""
        return [(name, value, text) for words, text in self.options
                for name, value in NAME.findall(words)]


def ask(program, *words):
    # A leak checker has nothing to say here; the test stages run it.
    environment = dict(os.environ, ASAN_OPTIONS='detect_leaks=0')
    return subprocess.run([program, *words], check=True, capture_output=True, text=True,
                          env=environment).stdout


def roff(text):
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq')
    return '\n'.join('\\&' + line if line[:1] == '.' else line for line in text.split('\n'))


def bold_options(words):
    return re.sub(r'(--[a-z-]+)', lambda match: f'\\fB{roff(match.group(1))}\\fR', words)


def man(version, commands, notes):
    out = ['.\\" Made from convoy --help.', f'.TH CONVOY 1 "" "{version}" "User Commands"',
           '.SH NAME', 'convoy \\- CNN operators and ONNX models on any OpenCL device',
           '.SH SYNOPSIS', '.nf', '\\fBconvoy\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR]...',
           '\\fBconvoy help\\fR \\fICOMMAND\\fR', '\\fBconvoy \\-\\-version\\fR', '.fi',
           '.SH DESCRIPTION']
    status = ''
    for note in notes:
        for part in re.split(r'\n(?=Exit status:)', note):
            if part.startswith('Exit status:'):
                status = part.split(':', 1)[1].strip()
            elif not part.startswith('  '):
                out += [roff(part), '.PP']
    out.append('.SH COMMANDS')
    for command in commands:
        out += [f'.SS {command.name}', '.nf', *map(roff, command.usage), '.fi']
        for paragraph in command.paragraphs:
            out += ['.PP', roff(paragraph)]
        for words, text in command.options:
            out += ['.TP', bold_options(words), roff(text)]
    out += ['.SH EXIT STATUS']
    for part in status.rstrip('.').split(', '):
        number, meaning = part.split(' ', 1)
        out += ['.TP', f'\\fB{number}\\fR', roff(meaning)]
    out += ['.SH ENVIRONMENT', '.TP', '\\fBCONVOY_DEVICE\\fR',
            'the device, where no \\fB\\-\\-device\\fR says which', '.TP', '\\fBCONVOY_WISDOM\\fR',
            'the file that tune writes and other commands read, instead of ~/.cache/convoy/wisdom; '
            'empty: none', '.TP', '\\fBPOCL_AFFINITY\\fR',
            'set to 1 unless it is set: PoCL then keeps each thread on a core of its own']
    return '\n'.join(out) + '\n'


def bash(commands):
    names = ' '.join(command.name for command in commands)
    out = ['# Completion of convoy for bash, made from convoy --help.', '_convoy()', '{',
           '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words=',
           '    case $COMP_CWORD,${COMP_WORDS[1]},$before in',
           f'    1,*) words="{names} help --help --version" ;;',
           f'    2,help,*) words="{names}" ;;']
    out += [f'    *,{name}) words="{" ".join(words)}" ;;' for name, words in VALUES.items()]
    for command in commands:
        options = ' '.join(dict.fromkeys([name for name, _, _ in command.flat()] + ['--help']))
        out.append(f'    *,{command.name},*) [[ $word == -* ]] && words="{options}" ;;')
    out += ['    esac', '    # shellcheck disable=SC2207   # one word for each',
            '    COMPREPLY=($(compgen -W "$words" -- "$word"))', '}',
            '# Without a match, file names.', 'complete -o default -F _convoy convoy']
    return '\n'.join(out) + '\n'


def zsh(commands):
    def quoted(text):
        return "'" + text.replace("'", "'\\''") + "'"

    def plain(text):
        return re.sub(r'([][:\\])', r'\\\1', text)

    out = ['#compdef convoy', '# Completion of convoy for zsh, made from convoy --help.',
           '_convoy()', '{', '    local -a commands', '    commands=(']
    out += ['        ' + quoted(f'{command.name}:{plain(command.about)}') for command in commands]
    out += ["        'help:tell a command'\\''s options'", '    )',
            '    if (( CURRENT == 2 )) || [[ $words[2] == help ]]; then',
            '        _describe command commands', '        return', '    fi', '    shift words',
            '    (( CURRENT-- ))', '    case $words[1] in']
    for command in commands:
        out.append(f'    {command.name})')
        parts = []
        for name, value, text in command.flat():
            many = '*' if any(f'[{name} ' in use and ']...' in use for use in command.usage) else ''
            spec = f'{many}{name}[{plain(text)}]'
            if value:
                action = f'({" ".join(VALUES[name])})' if name in VALUES else (
                    '_files' if FILE.search(value) else ' ')
                spec += f':{plain(value)}:{action}'
            parts.append(quoted(spec))
        if any(FILE.search(use) for use in command.usage):
            parts.append("'*:file:_files'")
        out.append('        _arguments \\\n            ' + ' \\\n            '.join(parts))
        out.append('        ;;')
    out += ['    esac', '}', '_convoy "$@"']
    return '\n'.join(out) + '\n'


def fish(commands):
    def quoted(text):
        return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"

    out = ['# Completion of convoy for fish, made from convoy --help.']
    for command in commands:
        out.append(f'complete -c convoy -f -n __fish_use_subcommand -a {command.name} '
                   f'-d {quoted(command.about)}')
        for name, value, text in command.flat():
            line = (f'complete -c convoy -n "__fish_seen_subcommand_from {command.name}" '
                    f'-l {name[2:]} -d {quoted(text)}')
            if name in VALUES:
                line += f' -x -a {quoted(" ".join(VALUES[name]))}'
            elif value:
                line += ' -r' if FILE.search(value) else ' -x'
            out.append(line)
    return '\n'.join(out) + '\n'


def main():
    program, *outs = sys.argv[1:]
    usage, table, *notes = ask(program, '--help').rstrip().split('\n\n')
    commands = []
    for line in table.split('\n'):
        name, about = line.split(None, 1)
        commands.append(Command(name, about, ask(program, name, '--help')))
    texts = [man(ask(program, '--version').strip(), commands, notes), bash(commands),
             zsh(commands), fish(commands)]
    for path, text in zip(outs, texts):
        pathlib.Path(path).write_text(text)
    return 0 if usage.startswith('usage: convoy ') and commands else 1


if __name__ == '__main__':
    sys.exit(main())
