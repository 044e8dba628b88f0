# SPDX-License-Identifier: GPL-2.0-only
"""What an application asks for: the a bit, the b bit, encryption or nothing.

run.py imports this once the module lets applications set these options.
"""
import errno

import proto as tc
from net import ACK, EMPTY_ENO, MSS, SYN, check, connect, eno, within
from scenario import scenario

TCP, TCP_ULP, BASE = 6, 31, 0x454e00
ENABLED, NEGTEP, SELF_AWARE, PEER_AWARE, ROLEOVERRIDE, ROLE = 1, 3, 5, 6, 7, 8
TRANSCRIPT, RESUME, CACHE, CACHE_FLUSH, NONCELEN = 11, 14, 15, 16, 17


def ask(**options):
    """For connect(): ask for the ULP, then set options on the socket."""
    def before(sock):
        sock.setsockopt(TCP, TCP_ULP, b'tcpcrypt')
        for name, value in options.items():
            sock.setsockopt(TCP, BASE + globals()[name], value)
    return before


def asking(p, port, **options):
    """A port whose listener asks for these options."""
    if (p.family, port) not in p.host.listeners:
        listener = p.host.listen(p.family, port)
        p.host.listeners[p.family, port] = listener
        ask(**options)(listener)
    return port


def get(p, option):
    return p.app.sock.getsockopt(TCP, BASE + option)


# --------------------------------------------------------- the application-aware bit

for mine in (0, 1, 2):
    for theirs in (0, 1):
        async def run(p, mine=mine, theirs=theirs):
            syn, third = await p.open_active(eno(bytes([1 | theirs << 1]) + b'\x23'),
                                             before=ask(SELF_AWARE=mine))
            globals_ = [b for b in syn.eno[2:] if b < 0x20]
            check((globals_[0] if globals_ else 0) == (2 if mine else 0), 'the a bit')
            if mine == 2 and not theirs:
                check(not third.eno, 'ENO in the third segment')
                await p.is_plain()
                return
            await p.key_exchange()
            await p.is_encrypted()
            check(get(p, PEER_AWARE) == theirs, 'PEER_AWARE')
            check(get(p, ROLE) == 0, 'ROLE')
            check(get(p, NEGTEP) == 0x23, 'NEGTEP')
            check(p.app.sock.getsockopt(TCP, BASE + TRANSCRIPT, 80) == p.eno_a + p.eno_b,
                  'TRANSCRIPT')

        name = 'application-aware mode is mandatory' if mine == 2 else \
            'application-aware %d' % mine
        scenario('%s, kernel connects, the peer says %d' % (name, theirs), run,
                 ['FallbackNotAware' if mine == 2 and not theirs else 'Established'],
                 active=False)

        async def run(p, mine=mine, theirs=theirs):
            p.dport = asking(p, 7500 + mine, SELF_AWARE=mine)
            synack = await p.open_passive(eno(bytes([theirs << 1]) + b'\x23'))
            if mine == 2 and not theirs:
                check(not synack.eno, 'ENO in the SYN-ACK')
                await p.is_plain()
                return
            check(bool(synack.eno[2] & 2) == bool(mine), 'the a bit')
            await p.key_exchange()
            await p.is_encrypted()
            check(get(p, PEER_AWARE) == theirs, 'PEER_AWARE')
            check(get(p, ROLE) == 1, 'ROLE')

        scenario('%s, kernel listens, the peer says %d' % (name, theirs), run,
                 ['FallbackNotAware' if mine == 2 and not theirs else 'Established'])


# ------------------------------------------------- role override, simultaneous open

async def override_passive(p):
    """b = 1 against a passive opener, who has b = 1: plain."""
    syn, third = await p.open_active(eno(b'\x01\x23'), before=ask(ROLEOVERRIDE=1))
    check(syn.eno[2] == 1, 'b is not set in the SYN')
    check(not third.eno, 'ENO in the third segment')
    await p.is_plain()

scenario('role override against a passive opener', override_passive, ['FallbackRole'],
         active=False)


async def crossing(p, b, option, synack=True):
    """The SYNs cross; then SYN-ACKs, each with the option of its SYN."""
    # a first suboption below 0x20 is the global one, with b
    p.role_a = (option + b'\0')[2] & 0xe1 != 1
    p.app, syn = await connect(p.host, p, ask(ROLEOVERRIDE=b))
    mine, theirs = option, syn.eno
    n = len(p.segs)
    p.send(SYN, options=MSS + mine, seq=p.isn)
    answer = await p.seg(lambda s: s.has(SYN | ACK), 'SYN-ACK', n)
    p.eno_a, p.eno_b = (mine, theirs) if p.role_a else (theirs, mine)
    p.snd = (p.isn + 1) & 0xffffffff
    if synack:
        p.send(SYN | ACK, options=MSS + mine, seq=p.isn)
    return syn, answer


for b, option, outcome in ((0, b'\x23', 'FallbackRole'), (1, b'\x01\x23', 'FallbackRole'),
                           (0, b'', 'FallbackVacuous'), (0, b'\x01\x25', 'FallbackNoTep')):
    async def run(p, b=b, option=option):
        syn, answer = await crossing(p, b, eno(option))
        check(answer.eno in (None, syn.eno), 'the option changed in the SYN-ACK')
        await p.is_plain()
    scenario('simultaneous open, b = %d and %s: plain' % (b, option.hex() or 'vacuous'), run,
             [outcome], active=False)


async def crossing_plain(p):
    p.app, _ = await connect(p.host, p)
    n = len(p.segs)
    p.send(SYN, options=MSS, seq=p.isn)
    answer = await p.seg(lambda s: s.has(SYN | ACK), 'SYN-ACK', n)
    check(not answer.eno, 'ENO in the SYN-ACK')
    p.send(SYN | ACK, options=MSS, seq=p.isn)
    p.snd = (p.isn + 1) & 0xffffffff
    await p.is_plain()

scenario('simultaneous open without ENO', crossing_plain, ['FallbackNoSynAckEno'],
         active=False)


async def crossing_b(p):
    """The kernel is A, the peer B, of a simultaneous open."""
    syn, answer = await crossing(p, 0, eno(b'\x01\x23'))
    check(answer.eno == syn.eno, 'the SYN-ACK does not repeat the option')
    p.ack_options = EMPTY_ENO
    await p.key_exchange()
    await p.is_encrypted()

scenario('simultaneous open, the peer has b = 1', crossing_b, ['Established'], active=False)


async def crossing_a(p):
    """The kernel is B: it has b = 1."""
    syn, answer = await crossing(p, 1, eno(b'\x23'))
    check(answer.eno == syn.eno, 'the SYN-ACK does not repeat the option')
    p.tep = tc.X25519
    p.negotiated = lambda: None
    p.ack_options = EMPTY_ENO
    await p.key_exchange()
    await p.is_encrypted()

scenario('simultaneous open, the kernel has b = 1', crossing_a, ['Established'],
         active=False)


# ----------------------------------------------------------- encryption or nothing

async def required(p, option, third):
    syn, answer = await p.open_active(option, before=ask(ENABLED=2), third=False)
    check(syn.eno, 'no ENO in the SYN')
    try:
        await within(20, 'connect()', p.app.connecting)
        await p.app.send(b'in clear')
        check(not p.stream, 'in clear although encryption is required')
        await p.error(errno.EPROTO)
    except OSError as e:
        check(e.errno == errno.EPROTO, 'connect() failed with %r' % e)
    await p.reset()
    check(not p.stream, 'data although encryption is required')

for name, option, counted in (('no option', None, 'FallbackNoSynAckEno'),
                              ('b = 0', eno(b'\x23'), 'FallbackRole'),
                              ('vacuous', eno(b'\x01'), 'FallbackVacuous')):
    async def run(p, option=option):
        await required(p, option, False)
    scenario('encryption required, SYN-ACK: %s' % name, run, [counted], active=False)


async def required_ok(p):
    await p.open_active(before=ask(ENABLED=2))
    await p.key_exchange()
    await p.is_encrypted()

scenario('encryption required and agreed on', required_ok, ['Established'], active=False)


async def disabled(p):
    syn, _ = await p.open_active(None, before=ask(ENABLED=0))
    check(not syn.eno, 'ENO although it is off')
    await p.is_plain()

scenario('switched off by the application', disabled, ['SynExcluded'], active=False)
