#!/usr/bin/env python3
"""Makes a static library that defines nothing but its public symbols.

  localise.py OUT ARCHIVE OBJCOPY AR CC...

All objects of ARCHIVE become one, in which hidden symbols are local: a program that links OUT can
have functions of the same names as the library's own. Called by meson.
"""
import pathlib
import subprocess
import sys


def main():
    out, archive, objcopy, ar, *cc = sys.argv[1:]
    whole = pathlib.Path(out).with_suffix('.o')
    subprocess.run(cc + ['-r', '-nostdlib', '-o', str(whole), '-Wl,--whole-archive', archive,
                         '-Wl,--no-whole-archive'], check=True)
    subprocess.run([objcopy, '--localize-hidden', str(whole)], check=True)
    pathlib.Path(out).unlink(missing_ok=True)
    subprocess.run([ar, 'rcs', out, str(whole)], check=True)
    whole.unlink()


if __name__ == '__main__':
    main()
