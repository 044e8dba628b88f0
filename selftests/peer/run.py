#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""run.py [-j PROCESSES] [-w HOSTS] [-l] [PATTERN...]: the scenarios whose name
holds a PATTERN, or all; prints TAP. Needs root, the module and /dev/net/tun.
"""
import argparse
import asyncio
import os
import sys
import tempfile
import time

import case_close
import case_eno
import case_frame
import case_init
import case_option
import case_resume
import net
import scenario

assert (case_eno and case_init and case_frame and case_close and case_option and
        case_resume)


def chosen(patterns):
    """(scenario, family), one after the other, as TAP will list them."""
    try:
        with open('/sys/module/tcpcrypt/parameters/teps', encoding='ascii') as f:
            teps = f.read().strip().split(',')
    except FileNotFoundError:
        teps = ('x25519', 'p256', 'x448', 'p521')
    for one in scenario.SCENARIOS:
        if any(t not in teps for t in one.teps):
            continue
        for family in one.families:
            name = 'IPv%d: %s' % (family, one.name)
            if not patterns or any(p in name for p in patterns):
                yield name, one, family


async def worker(host, todo, report):
    while todo:
        index, name, one, family = todo.pop(0)
        start = time.monotonic()
        why = await scenario.run(one, host, family)
        report(index, name, why, time.monotonic() - start)


async def process(todo, hosts, report):
    made = []
    for _ in range(min(hosts, len(todo))):
        host = net.Host()
        # What one connection leaves behind must not change the next.
        host.sysctl('net/tcpcrypt/resume', 0)
        host.sysctl('net/tcpcrypt/blackhole_size', 0)
        # A busy machine is no reason to give up; some scenarios set their own.
        host.sysctl('net/tcpcrypt/kex_timeout', 60)
        host.defaults = {n: open('/proc/sys/net/tcpcrypt/' + n, encoding='ascii').read().strip()
                         for n in os.listdir('/proc/sys/net/tcpcrypt')}
        made.append(host)
    await asyncio.gather(*(worker(h, todo, report) for h in made))


def child(todo, hosts, out):
    def report(index, name, why, seconds):
        line = '%d\t%s\t%.2f\t%s\n' % (index, name, seconds, (why or '').replace('\n', ' '))
        # One write to a file that is open for appending stays whole.
        os.write(out.fileno(), line.encode())

    asyncio.run(process(todo, hosts, report))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-j', type=int, default=os.cpu_count())
    parser.add_argument('-w', type=int, default=12)
    parser.add_argument('-l', action='store_true', help='only list')
    parser.add_argument('patterns', nargs='*')
    args = parser.parse_args()
    todo = [(i, *c) for i, c in enumerate(chosen(args.patterns), 1)]
    if args.l:
        print('\n'.join(t[1] for t in todo))
        return 0
    results = {}
    with tempfile.TemporaryFile('a+') as out:
        for j in range(args.j):
            if not os.fork():
                try:
                    child(todo[j::args.j], args.w, out)
                finally:
                    os._exit(0)
        for _ in range(args.j):
            os.wait()
        out.seek(0)
        for line in out:
            index, name, seconds, why = line.rstrip('\n').split('\t')
            results[int(index)] = (name, float(seconds), why)
    bad = 0
    for index, name, *_ in todo:
        name, seconds, why = results.get(index, (name, 0, 'was not run'))
        bad += bool(why)
        slow = ' # %.1f s' % seconds if seconds > 5 else ''
        print('%sok %d - %s%s' % ('not ' if why else '', index, name, slow))
        if why:
            print('# ' + why)
    print('1..%d' % len(todo))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
