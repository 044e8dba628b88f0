# SPDX-License-Identifier: GPL-2.0-only
"""A scenario is a coroutine function of a Peer; the list of all of them, what
each must count, and how one is run.
"""
import asyncio
import traceback

from net import Failure, check
from peer import Peer

# What tells one outcome from another. A scenario counts what it says of these,
# and nothing else.
OUTCOMES = ('SynNoSpace', 'SynExcluded', 'SynIneligible', 'SynAckNoSpace', 'HalfOpenFull',
            'MigratedListener', 'NoMemory', 'FallbackNoSynAckEno', 'FallbackNoAckEno',
            'FallbackMultipleEno', 'FallbackIllFormed', 'FallbackVacuous', 'FallbackNoTep',
            'FallbackRole', 'FallbackNotAware', 'FallbackSynRetries',
            'FallbackSimultaneous', 'FallbackSynCookie', 'FallbackRefused', 'Established',
            'KexTimeout', 'KexProtocolError', 'KexBadPublicKey', 'KexNoCommonCipher',
            'KexLocalError', 'FrameAuthFailed', 'FrameMalformed', 'FinWithoutFinp',
            'DataAfterFinp', 'KeepaliveTimeouts', 'Resumed')

SCENARIOS = []


class Scenario:
    def __init__(self, name, run, counts, families, active, teps, alone, sysctl):
        self.name = name
        self.run = run
        self.counts = counts
        self.families = families
        self.active = active
        self.teps = teps
        self.sysctl = sysctl


def scenario(name, run, counts=(), families=(4, 6), active=True, teps=(), alone=False,
             **sysctl):
    """Add one. counts: names of OUTCOMES, each once. active: the peer sends the
    SYN. teps: beyond the default ones. sysctl: of net.tcpcrypt, for its time."""
    SCENARIOS.append(Scenario(name, run, counts, families, active, teps, alone, sysctl))


def one_family():
    """For long tables that have nothing to do with addresses: by turns."""
    n = len(SCENARIOS)
    return ((4,), (6,))[(n // 2 + n) % 2]


def encrypted(name, *, counts=(), **more):
    """Decorator: a scenario that must get the connection encrypted."""
    return lambda run: scenario(name, run, ('Established', *counts), **more)


def outcome(name, *counts, **more):
    """Decorator: a scenario that counts these outcomes."""
    return lambda run: scenario(name, run, counts, **more)


async def run(one, host, family):
    """None, or why it failed."""
    peer = Peer(host, family)
    peer.active = one.active
    before = host.counters()
    try:
        for name, value in one.sysctl.items():
            host.sysctl('net/tcpcrypt/' + name, value)
        await asyncio.wait_for(one.run(peer), 60)
        await counted(one, host, before)
    except Failure as e:
        return str(e)
    except Exception as e:  # pylint: disable=broad-except
        return '%r: %s' % (e, traceback.format_tb(e.__traceback__)[-1])
    finally:
        peer.done()
        for name in one.sysctl:
            host.sysctl('net/tcpcrypt/' + name, host.defaults[name])
    return None


async def counted(one, host, before):
    """The counters may follow a moment later."""
    want = {}
    for name in one.counts:
        want[name] = want.get(name, 0) + 1
    for _ in range(40):
        now = host.counters()
        got = {k: now[k] - before[k] for k in OUTCOMES if now[k] != before[k]}
        if got == want:
            return
        await asyncio.sleep(0.05)
    check(False, 'counted %s, not %s' % (got, want))
