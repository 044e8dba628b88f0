#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Does what Documentation/rfc-conformance.rst names as a test exist? Prints TAP:
a line for each test that is named.
"""
import glob
import os
import re
import sys

import case_close
import case_eno
import case_frame
import case_init
import case_option
import case_resume
import scenario

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, '..', '..')

assert (case_eno and case_init and case_frame and case_close and case_option and
        case_resume)


def named(text):
    """(kind, name) of each "Test:" line, put together if it is wrapped."""
    for test in re.findall(r'^ +Test: ((?:.+\n)(?: {6,}\S.*\n)*)', text, re.M):
        test = ' '.join(test.split())
        kind, _, name = test.partition(' ')
        # a name ends with the first full stop that is not inside of it
        yield kind, re.split(r'\.(?:\s|$)', name)[0]


def exists(kind, name):
    if kind == 'peer':
        return any(name in s.name for s in scenario.SCENARIOS)
    if kind == 'host':
        return os.path.exists(os.path.join(TOP, 'selftests/host', name + '.c'))
    if kind == 'semantics':
        for path in glob.glob(os.path.join(TOP, 'selftests/semantics/*.c')):
            with open(path, encoding='utf-8') as f:
                if name in f.read():
                    return True
        return False
    return os.path.exists(os.path.join(TOP, 'selftests', kind.rstrip('.')))


def main():
    with open(os.path.join(TOP, 'Documentation/rfc-conformance.rst'), encoding='utf-8') as f:
        text = f.read()
    bad = 0
    tests = sorted(set(named(text)))
    for n, (kind, name) in enumerate(tests, 1):
        ok = exists(kind, name)
        bad += not ok
        print('%sok %d - %s' % ('' if ok else 'not ', n, ' '.join((kind, name)).strip()))
    print('1..%d' % len(tests))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
