#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the tests and the functions exist that Documentation/rfc-conformance.rst names,
and has each clause one? Prints TAP: a line for each of them.
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
    if kind == 'kunit':
        return os.path.exists(os.path.join(TOP, 'kernel/tests', name + '_kunit.c'))
    if kind == 'semantics':
        for path in glob.glob(os.path.join(TOP, 'selftests/semantics/*.c')):
            with open(path, encoding='utf-8') as f:
                if name in f.read():
                    return True
        return False
    return os.path.exists(os.path.join(TOP, 'selftests', kind.rstrip('.')))


def functions(text):
    """(what is named in the text, whether the module has it) of functions and files."""
    code = ''
    for path in glob.glob(os.path.join(TOP, 'kernel/*.[ch]')):
        with open(path, encoding='utf-8') as f:
            code += f.read()
    for name in sorted(set(re.findall(r'``(\w+)\(\)``', text))):
        yield name + '()', re.search(r'\b%s\(' % name, code)
    for name in sorted(set(re.findall(r'``(\w+\.c)``', text))):
        yield name, os.path.exists(os.path.join(TOP, 'kernel', name))


def untested(text):
    """The beginning of each clause that says nothing of a test."""
    for entry in re.split(r'\n\n+', text):
        if re.match(r'\S.*\n(\S.*\n)*    \S', entry) and not entry.startswith('..') and \
                not re.search(r'^    (.*\. )?(Test|No test): |\bSee ', entry, re.M):
            yield entry.split('\n', maxsplit=1)[0]


def main():
    with open(os.path.join(TOP, 'Documentation/rfc-conformance.rst'), encoding='utf-8') as f:
        text = f.read()
    results = [(' '.join(test).strip(), exists(*test)) for test in sorted(set(named(text)))]
    results += functions(text)
    # the conventions at the top look like clauses
    # what explains the names of tests looks like clauses
    clauses = text[text.index('\nTCP-ENO (RFC'):]
    results += [('a test for: ' + clause, False) for clause in untested(clauses)]
    for n, (what, ok) in enumerate(results, 1):
        print('%sok %d - %s' % ('' if ok else 'not ', n, what))
    print('1..%d' % len(results))
    return not all(ok for _, ok in results)


if __name__ == '__main__':
    sys.exit(main())
