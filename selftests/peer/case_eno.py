# SPDX-License-Identifier: GPL-2.0-only
"""TCP-ENO: every rule of RFC 8547 section 4."""
import asyncio
import os
import socket

import proto as tc
from net import (ACK, CWR, ECE, EMPTY_ENO, EXCLUDED, FIN, MSS, PSH, SYN, check, connect,
                 eno, split_options)
from scenario import encrypted, outcome, scenario

X = b'\x23'
NOT_OURS = b'\x00' * 9


# ------------------------------------- what the SYN says, to a kernel that listens

def syn_option(name, contents, want, tep=None, options=MSS):
    """A SYN with this ENO option. want: the TEP byte that B answers with, or
    the counter that says why there is none, or None for no counter at all."""
    field = contents if isinstance(contents, list) else [eno(contents)]

    async def to_encryption(p):
        await p.open_passive(b''.join(field), options=options)
        p.eno_a = next(o for o in split_options(b''.join(field)) if o[0] == 69)
        check(p.negotiated() == want, 'answered with TEP %#x' % p.eno_b[3])
        await p.key_exchange()
        await p.is_encrypted()

    async def to_plain(p):
        synack = await p.open_passive(b''.join(field), options=options)
        check(synack.eno is None, 'the SYN-ACK has an ENO option: %r' % synack)
        await p.is_plain()

    if isinstance(want, int):
        scenario('SYN, ' + name, to_encryption, ['Established'], teps=tep or ())
    else:
        scenario('SYN, ' + name, to_plain, [want] if want else [])


for name, contents, want in (
        # section 4.2, the global suboption
        ('implicit global suboption', X, 0x23),
        ('explicit global suboption', b'\x00' + X, 0x23),
        ('a = 1', b'\x02' + X, 0x23),
        ('z bits are ignored', b'\x1c' + X, 0x23),
        ('z bits and a = 1', b'\x1e' + X, 0x23),
        ('global suboption last', X + b'\x02', 0x23),
        ('of two global suboptions the first counts', b'\x00\x01' + X, 0x23),
        ('a later global suboption is ignored', b'\x02' + X + b'\x03', 0x23),
        ('b = 1 in the first of two', b'\x01\x00' + X, 'FallbackRole'),
        ('b = 1', b'\x01' + X, 'FallbackRole'),
        ('b = 1 after the TEP', X + b'\x01', 'FallbackRole'),
        ('b = 1 and z bits', b'\x1d' + X, 'FallbackRole'),
        # section 4.5, the negotiated TEP
        ('P-256', b'\x21', 0x21),
        ('our preference, not the order of A', b'\x21\x23', 0x23),
        ('our preference, other order', b'\x23\x21', 0x23),
        ('experimental TEP first', b'\x20' + X, 0x23),
        ('unknown TEPs around', b'\x25\x7f' + X + b'\x40', 0x23),
        ('unknown TEPs only', b'\x20\x25\x7f', 'FallbackNoTep'),
        ('many unknown TEPs', bytes(range(0x30, 0x50)), 'FallbackNoTep'),
        ('repeated unknown TEP', b'\x25\x25' + X, 0x23),
        ('a repeated TEP is not valid', X + X, 'FallbackNoTep'),
        ('a TEP repeated with data is not valid', X + b'\xa3' + NOT_OURS, 'FallbackNoTep'),
        ('a TEP beside a repeated one', X + X + b'\x21', 0x21),
        # section 4.4, suboption data
        ('data of an unknown TEP to the end', X + b'\xc0\xff\xff\x23', 0x23),
        ('unknown TEP with v = 1 and no data', X + b'\xff', 0x23),
        ('length byte, unknown TEP', b'\x82\xa5\x01\x02\x03' + X, 0x23),
        ('length byte, data that looks like a TEP', b'\x81\xa5\x21\x21' + X, 0x23),
        ('length byte, data to the very end', X + b'\x80\xa5\x01', 0x23),
        ('two length bytes', b'\x80\xa5\x01\x81\xff\x01\x02' + X, 0x23),
        ('longest data with a length byte', b'\x9f\xff' + bytes(32) + X, 0x23),
        ('data swallows the TEP', b'\xa5\x23', 'FallbackNoTep'),
        ('data swallows b = 1', X + b'\xa5\x01', 0x23),
        ('data past the end', b'\x84\xa5\x01\x02' + X, 'FallbackIllFormed'),
        ('data one past the end', X + b'\x80\xa5', 'FallbackIllFormed'),
        ('length byte, then v = 0', b'\x80\x25\x01' + X, 'FallbackIllFormed'),
        ('length byte, then a global suboption', b'\x80\x01\x01' + X, 'FallbackIllFormed'),
        ('length byte, then a length byte', b'\x80\x80\xa5\x01' + X, 'FallbackIllFormed'),
        ('length byte alone', b'\x80', 'FallbackIllFormed'),
        ('length byte last', X + b'\x9f', 'FallbackIllFormed'),
        ('length byte, then 0x9f', b'\x80\x9f\x01' + X, 'FallbackIllFormed'),
        ('length byte, then 0xa0', b'\x80\xa0\x01' + X, 0x23),
        # RFC 8548 section 3.5: an offer of resumption offers a fresh exchange
        ('resumption without an identifier', b'\xa3', 0x23),
        ('resumption, one byte', b'\xa3\x00', 0x23),
        ('resumption, eight bytes', b'\xa3' + bytes(8), 0x23),
        ('resumption, unknown identifier', b'\xa3' + NOT_OURS, 0x23),
        ('resumption, unknown identifier and nonce', b'\xa3' + NOT_OURS + bytes(8), 0x23),
        ('resumption with a length byte', b'\x88\xa3' + NOT_OURS + b'\x21', 0x23),
        ('resumption with short data and a length byte', b'\x80\xa3\x00', 0x23),
        ('resumption, nonce of nine bytes', b'\xa3' + NOT_OURS + bytes(9), 'FallbackNoTep'),
        ('resumption, long nonce, another TEP', b'\x91\xa3' + NOT_OURS + bytes(9) + b'\x21',
         0x21),
        # section 4.6, vacuous
        ('vacuous', b'', 'FallbackVacuous'),
        ('vacuous with a global suboption', b'\x00', 'FallbackVacuous'),
        ('vacuous with a = 1', b'\x02', 'FallbackVacuous'),
):
    syn_option(name, contents, want, options=MSS if len(contents) < 34 else b'')

for name, contents, want, tep in (
        ('P-521', b'\x22', 0x22, ['p521']),
        ('X448', b'\x24', 0x24, ['x448']),
        ('all four', b'\x24\x23\x22\x21', 0x23, ['p521', 'x448']),
        ('the two NIST curves', b'\x21\x22', 0x21, ['p521']),
):
    syn_option(name, contents, want, tep)

for name, field, want in (
        ('no option', [], None),
        ('two ENO options', [eno(X), eno(X)], 'FallbackMultipleEno'),
        ('two different ENO options', [eno(X), eno(b'\x21')], 'FallbackMultipleEno'),
        ('two, one of them vacuous', [eno(X), eno()], 'FallbackMultipleEno'),
        ('two, one of them ill-formed', [eno(b'\x80'), eno(X)], 'FallbackMultipleEno'),
        ('three ENO options', [eno(X)] * 3, 'FallbackMultipleEno'),
        ('the option behind the end of options', [b'\x00' + eno(X)], None),
        ('experimental option 253, ExID 0x454E', [b'\xfd\x05\x45\x4e\x23'], None),
        ('length 0', [b'\x45\x00\x23\x01'], None),
        ('length 1', [b'\x45\x01\x23\x01'], None),
        ('the option ends behind the header', [b'\x45\x09\x23\x01'], None),
        ('nothing but the kind', [b'\x01\x01\x01\x45'], None),
):
    syn_option(name, field, want)

for name, field in (
        ('NOPs around the option', [b'\x01' + eno(X), b'\x01\x01']),
        ('between timestamps and window scale', [b'\x08\x0a' + bytes(8), eno(X), b'\x03\x03\x07']),
        ('the option first', [eno(X), b'\x04\x02', b'\x03\x03\x07']),
        ('an unknown option before it', [b'\xe0\x04\x45\x02', eno(X)]),
        ('multipath TCP beside it', [b'\x1e\x04\x00\x81', eno(X)]),
):
    syn_option(name, field, 0x23)


@encrypted('SYN, ECN set up')
async def _(p):
    await p.open_passive(flags=SYN | ECE | CWR)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN with data: not acknowledged, not delivered')
async def _(p):
    await p.open_passive(data=b'SYN data must be discarded')
    await p.key_exchange()
    await p.is_encrypted()


@outcome('SYN with data and a TEP that fails', 'FallbackNoTep')
async def _(p):
    await p.open_passive(eno(b'\x25'), data=b'discard me')
    await p.is_plain()


def fast_open(host, value):
    """A listener of its own that takes data from SYNs, and the sysctl for it."""
    host.sysctl('net/ipv4/tcp_fastopen', value)
    for listener in host.listeners.values():
        listener.setsockopt(6, 23, 16 if value else 0)


# RFC 8547 section 4.7: also "when ENO has been disabled by configuration"
for name, option, want, enable in (
        ('', eno(X), ['Established'], 1),
        (', no common TEP', eno(b'\x25'), ['FallbackNoTep'], 1),
        (', two options', eno(X) + eno(X), ['FallbackMultipleEno'], 1),
        (', ill-formed', eno(X + b'\x9f'), ['FallbackIllFormed'], 1),
        (', vacuous', eno(), ['FallbackVacuous'], 1),
        (', enable = 0', eno(X), ['SynExcluded'], 0)):
    @outcome('fast open without cookies: data of a SYN with ENO is discarded' + name, *want,
             enable=enable)
    async def _(p, option=option, want=want):
        fast_open(p.host, 0x602 | 0x200)
        try:
            await p.open_passive(option, data=b'SYN data must be discarded')
            if want[0] == 'Established':
                await p.key_exchange()
                await p.is_encrypted()
            else:
                await p.is_plain()
        finally:
            fast_open(p.host, 1)


for name, enable in (('', 1), (', enable = 0', 0)):
    @outcome('fast open: data of a SYN with ENO and a good cookie is discarded' + name,
             enable=enable)
    async def _(p):
        fast_open(p.host, 3)
        try:
            # a plain connection asks for the cookie
            q = type(p)(p.host, p.family)
            synack = await q.open_passive(b'\x22\x02', third=False)
            cookie = next(o for o in synack.options if o[0] == 34)
            q.abort()
            check(len(cookie) > 2, 'no cookie')
            q = type(p)(p.host, p.family)
            q.syn(MSS + cookie, b'ordinary fast open')
            synack = await q.synack()
            check(synack.ack != (q.isn + 1) & 0xffffffff, 'the cookie does not work')
            q.abort()
            synack = await p.open_passive(eno(X) + cookie,
                                          data=b'SYN data must be discarded', third=False)
            p.send(ACK, options=EMPTY_ENO if synack.eno else b'')
            if synack.eno:
                check(False, 'encrypted beside a fast open cookie')
            await p.is_plain()
        finally:
            fast_open(p.host, 1)


@outcome('fast open: no SYN-ACK has a cookie and ENO', 'SynIneligible')
async def _(p):
    """RFC 8547 section 4.7 on what we send: a SYN that asks for a cookie, too."""
    fast_open(p.host, 3)
    try:
        synack = await p.open_passive(b'\x22\x02' + eno(X), third=False)
        cookie = [o for o in synack.options if o[0] == 34 and len(o) > 2]
        check(not (cookie and synack.eno), 'a fast open cookie beside ENO')
        check(cookie, 'no cookie')
        p.send(ACK)
        await p.is_plain()
    finally:
        fast_open(p.host, 1)


@outcome('the SYN is answered with a cookie', 'FallbackSynCookie')
async def _(p):
    p.host.sysctl('net/ipv4/tcp_syncookies', 2)
    try:
        check(not (await p.open_passive()).eno, 'ENO in a SYN cookie')
        await p.is_plain()
    finally:
        p.host.sysctl('net/ipv4/tcp_syncookies', 1)


@outcome('the listening port is excluded', 'SynExcluded')
async def _(p):
    p.dport = EXCLUDED
    check(not (await p.open_passive()).eno, 'ENO on an excluded port')
    await p.is_plain()


@outcome('enable = 0, the peer connects', 'SynExcluded', enable=0)
async def _(p):
    check(not (await p.open_passive()).eno, 'ENO while disabled')
    await p.is_plain()


# ----------------------------------------- the first segments, the kernel listens

@encrypted('third segment, contents are ignored')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK, options=eno(b'\x01\x02\x80'))
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('third segment, two ENO options')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK, options=EMPTY_ENO + eno(b'\x77'))
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('third segment lost, Init1 carries ENO')
async def _(p):
    await p.open_passive(third=False)
    await p.key_exchange(options=EMPTY_ENO)
    await p.is_encrypted()


@encrypted('third segment repeated')
async def _(p):
    await p.open_passive(third=False)
    for _ in range(3):
        p.send(ACK, options=EMPTY_ENO)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('a repetition of the third segment without ENO changes nothing')
async def _(p):
    await p.open_passive()
    p.send(ACK)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('data overtakes the third segment')
async def _(p):
    await p.open_passive(third=False)

    async def reversed_order(m1):
        p.send(PSH | ACK, m1[20:], EMPTY_ENO, seq=p.snd + 20)
        p.send(ACK, m1[:20], EMPTY_ENO)
        p.snd += len(m1) - 20
    await p.key_exchange(send=reversed_order)
    await p.is_encrypted()


@outcome('third segment without ENO', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK)
    await p.is_plain()


@outcome('third segment without ENO, data without it too', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(PSH | ACK, b'in clear, ')
    await p.is_plain(b'in clear, from the peer')


@outcome('third segment without ENO, a later one has it', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK)
    p.send(ACK, options=EMPTY_ENO)
    p.send(PSH | ACK, b'in clear, ', EMPTY_ENO)
    await p.is_plain(b'in clear, from the peer')


@outcome('third segment with ENO and a bad checksum, then one without',
         'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK, options=EMPTY_ENO, damage=True)
    p.send(ACK)
    await p.is_plain()


@outcome('ENO outside of the window, then a third segment without it', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK, options=EMPTY_ENO, seq=p.snd + 0x40000000)
    p.send(ACK)
    await p.is_plain()


@outcome('ENO that acknowledges what was never sent', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    p.send(ACK, options=EMPTY_ENO, ack=p.rcv + 5)
    await p.reset()
    p.rst = False
    p.send(ACK)
    await p.is_plain()


@encrypted('SYN repeated: the same answer')
async def _(p):
    first = await p.open_passive(third=False)
    n = len(p.segs)
    p.syn(MSS + p.eno_a)
    again = await p.synack(n)
    check(again.eno == first.eno, 'another ENO option in the second SYN-ACK')
    p.send(ACK, options=EMPTY_ENO)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN-ACK repeated by the kernel: the same option')
async def _(p):
    first = await p.open_passive(third=False)
    again = await p.synack(len(p.segs))
    check(again.eno == first.eno, 'another ENO option in the second SYN-ACK')
    p.send(ACK, options=EMPTY_ENO)
    await p.key_exchange()
    await p.is_encrypted()


@outcome('SYN repeated without ENO', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    n = len(p.segs)
    p.syn(MSS)
    check(not (await p.synack(n)).eno, 'ENO although the second SYN has none')
    p.send(ACK)
    await p.is_plain()


@outcome('SYN repeated without ENO, third segment with it', 'FallbackNoAckEno')
async def _(p):
    await p.open_passive(third=False)
    n = len(p.segs)
    p.syn(MSS)
    await p.synack(n)
    p.send(ACK, options=EMPTY_ENO)
    await p.is_plain()


@outcome('SYN without ENO, repeated with it')
async def _(p):
    await p.open_passive(b'', third=False)
    n = len(p.segs)
    p.syn(MSS + eno(X))
    check(not (await p.synack(n)).eno, 'ENO although the first SYN-ACK had none')
    p.send(ACK, options=EMPTY_ENO)
    await p.is_plain()


@outcome('SYN refused, repeated with a good option', 'FallbackVacuous')
async def _(p):
    await p.open_passive(eno(), third=False)
    n = len(p.segs)
    p.syn(MSS + eno(X))
    check(not (await p.synack(n)).eno, 'ENO although the first SYN-ACK had none')
    p.send(ACK, options=EMPTY_ENO)
    await p.is_plain()


@encrypted('SYN repeated with another option: the first answer stands')
async def _(p):
    first = await p.open_passive(third=False)
    n = len(p.segs)
    p.syn(MSS + eno(b'\x21'))
    check((await p.synack(n)).eno == first.eno, 'the SYN-ACK changed')
    p.send(ACK, options=EMPTY_ENO)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('a stray SYN with a bad checksum does not disable ENO')
async def _(p):
    await p.open_passive(third=False)
    p.syn(MSS, damage=True)
    p.send(ACK, options=EMPTY_ENO)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('a half-open connection reset, then the port again')
async def _(p):
    await p.open_passive(third=False)
    p.send(4, seq=p.snd)
    p.isn = (p.isn + 123456) & 0xffffffff
    p.segs.clear()
    await p.open_passive()
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('no ENO from the kernel after the SYN-ACK; ours is ignored later')
async def _(p):
    await p.open_passive()
    await p.key_exchange(options=eno(b'\x01'))
    await p.is_encrypted()
    check(not any(s.eno for s in p.segs if not s.flags & SYN), 'B sends ENO after the SYN')
    p.write(p.tx.seal(b'with ENO'), eno(X) + eno(b''))
    check(await p.app.read(8) == b'with ENO', 'data with an option')


# ----------------------------------------------- what the SYN-ACK says to a kernel
# ----------------------------------------------- that connects

def synack_option(name, contents, want, tep=None):
    field = contents if isinstance(contents, list) else [eno(contents)]

    async def to_encryption(p):
        syn, third = await p.open_active(b''.join(field))
        check_syn(syn)
        check(third.eno == EMPTY_ENO, 'the third segment has not the empty ENO option')
        p.tep = want & 0x7f
        await p.key_exchange()
        await p.is_encrypted()

    async def to_plain(p):
        syn, third = await p.open_active(b''.join(field))
        check_syn(syn)
        check(third.eno is None, 'ENO in the third segment')
        await p.is_plain()

    if isinstance(want, int):
        scenario('SYN-ACK, ' + name, to_encryption, ['Established'], active=False,
                 teps=tep or ())
    else:
        scenario('SYN-ACK, ' + name, to_plain, [want], active=False)


def check_syn(syn):
    """Section 4.1 and 4.2: one option, b = 0, a = 0, z = 0, TEPs, no data."""
    option = syn.eno
    check(option, 'no ENO option in the SYN')
    body = option[2:]
    globals_ = [b for b in body if b < 0x20]
    check(globals_ in ([], [0]), 'global suboption %r' % globals_)
    teps = [b & 0x7f for b in body if b >= 0x20 and b != 0]
    check(tc.X25519 in teps, 'the REQUIRED TEP is not offered')
    check(not syn.data, 'data in the SYN')
    check(not any(o[0] in (34, 253) for o in syn.options), 'TFO or ExID beside ENO')


for name, contents, want in (
        ('one TEP', b'\x01' + X, 0x23),
        ('P-256', b'\x01\x21', 0x21),
        ('of two TEPs the last valid one', b'\x01\x21\x23', 0x23),
        ('of two TEPs the last, other order', b'\x01\x23\x21', 0x21),
        ('an unknown TEP last', b'\x01\x23\x25', 0x23),
        ('unknown TEPs first', b'\x01\x20\x7f\x23', 0x23),
        ('TEP with data A did not offer last', b'\x01\x23\xa5\x00\x21', 0x23),
        ('length byte and unknown TEP', b'\x01\x80\xff\x00\x23', 0x23),
        ('global suboption last', b'\x23\x01', 0x23),
        ('a = 1', b'\x03' + X, 0x23),
        ('z bits are ignored', b'\x1d' + X, 0x23),
        ('a later global suboption is ignored', b'\x01\x00' + X, 0x23),
        ('resumption nobody asked for is ignored', b'\x01\x21\xa3' + NOT_OURS + bytes(8),
         0x21),
        ('the same with a length byte', b'\x01\x88\xa3' + NOT_OURS + b'\x21', 0x21),
        ('a repeated TEP is not valid, another is', b'\x01\x21\x23\x23', 0x21),
        ('nothing but resumption nobody asked for', b'\x01\xa3' + NOT_OURS + bytes(8),
         'FallbackNoTep'),
        ('resumption without an identifier', b'\x01\xa3', 'FallbackNoTep'),
        ('a TEP we did not offer', b'\x01\x25', 'FallbackNoTep'),
        ('a repeated TEP', b'\x01\x23\x23', 'FallbackNoTep'),
        ('b = 0', b'\x00' + X, 'FallbackRole'),
        ('implicit b = 0', X, 'FallbackRole'),
        ('b = 1 in the second global suboption', b'\x00\x01' + X, 'FallbackRole'),
        ('an echo of our SYN', b'\x23\x21', 'FallbackRole'),
        ('vacuous', b'\x01', 'FallbackVacuous'),
        ('vacuous without b', b'', 'FallbackVacuous'),
        ('data past the end', b'\x01\x84\xa5\x01\x23', 'FallbackIllFormed'),
        ('length byte, then v = 0', b'\x01\x80\x23\x01', 'FallbackIllFormed'),
        ('length byte, then global', b'\x01\x80\x01\x23', 'FallbackIllFormed'),
        ('length byte last', b'\x01\x23\x80', 'FallbackIllFormed'),
        ('no option', [b''], 'FallbackNoSynAckEno'),
        ('two ENO options', [eno(b'\x01\x23')] * 2, 'FallbackMultipleEno'),
        ('two, one vacuous', [eno(b'\x01\x23'), eno()], 'FallbackMultipleEno'),
        ('behind the end of options', [b'\x00' + eno(b'\x01\x23')], 'FallbackNoSynAckEno'),
        ('ExID 0x454E', [b'\xfd\x06\x45\x4e\x01\x23'], 'FallbackNoSynAckEno'),
):
    synack_option(name, contents, want)

synack_option('P-521', b'\x01\x22', 0x22, ['p521'])
synack_option('X448', b'\x01\x24', 0x24, ['x448'])


@outcome('connecting to an excluded port', 'SynExcluded', active=False)
async def _(p):
    p.host.conns.pop((p.family, p.sport))
    p.sport = EXCLUDED
    p.host.conns[p.family, p.sport] = p
    syn, third = await p.open_active(None)
    check(not syn.eno and not third.eno, 'ENO on an excluded port')
    await p.is_plain()


@outcome('enable = 0, the kernel connects', active=False, enable=0)
async def _(p):
    syn, third = await p.open_active(None)
    check(not syn.eno and not third.eno, 'ENO while disabled')
    await p.is_plain()


@encrypted('ENO in every segment until the first without SYN comes', active=False)
async def _(p):
    p.auto_ack = False
    await p.open_active()
    await p.seg(lambda s: s.data, 'Init1')
    # a copy, sent because nothing is acknowledged
    n = len(p.segs)
    await p.seg(lambda s: s.data, 'Init1 again', n)
    check(all(s.eno for s in p.segs), 'a segment without ENO: %r' % p.segs)
    p.auto_ack = True
    n = len(p.segs)
    await p.key_exchange()
    await p.is_encrypted()
    check(not any(s.eno for s in p.segs[n:] if s.data and len(s.data) < 60),
          'ENO although the peer has answered')


@encrypted('SYN lost: the same option again', active=False)
async def _(p):
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    again = await p.seg(lambda s: s.flags & SYN, 'second SYN', 1)
    check(again.eno == syn.eno, 'the ENO option has changed')
    p.eno_a, p.eno_b = syn.eno, eno(b'\x01\x23')
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN-ACK repeated: ENO in the answer', active=False)
async def _(p):
    p.auto_ack = False
    await p.open_active()
    await p.seg(lambda s: s.data, 'Init1')
    n = len(p.segs)
    p.send(SYN | ACK, options=MSS + p.eno_b, seq=p.isn)
    answer = await p.seg(lambda s: s.has(ACK) and not s.data, 'answer', n)
    check(answer.eno, 'no ENO in the answer to the second SYN-ACK')
    p.auto_ack = True
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN-ACK with data: not acknowledged, not read', active=False)
async def _(p):
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    p.eno_a, p.eno_b = syn.eno, eno(b'\x01\x23')
    p.send(SYN | ACK, b'SYN-ACK data', MSS + p.eno_b, seq=p.isn)
    p.snd = (p.isn + 1) & 0xffffffff
    third = await p.seg(lambda s: s.has(ACK) and not s.has(SYN), 'third segment')
    check(third.ack == p.snd, 'SYN-ACK data acknowledged')
    await p.key_exchange()
    await p.is_encrypted()


@outcome('SYN-ACK without ENO, repeated with it', 'FallbackNoSynAckEno', active=False)
async def _(p):
    await p.open_active(None)
    n = len(p.segs)
    p.send(SYN | ACK, options=MSS + eno(b'\x01\x23'), seq=p.isn)
    answer = await p.seg(lambda s: s.has(ACK), 'answer', n)
    check(not answer.eno, 'ENO after falling back')
    await p.is_plain()


@encrypted('SYN-ACK with ENO, a copy without it comes later', active=False)
async def _(p):
    await p.open_active()
    p.send(SYN | ACK, options=MSS, seq=p.isn)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN-ACK without ENO and a bad checksum is ignored', active=False)
async def _(p):
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    p.eno_a, p.eno_b = syn.eno, eno(b'\x01\x23')
    p.send(SYN | ACK, options=MSS, seq=p.isn, damage=True)
    p.send(SYN | ACK, options=MSS + p.eno_b, seq=p.isn, ack=p.rcv + 77)
    await p.reset()
    p.rst = False
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()


@encrypted('SYN-ACK with the wrong acknowledgment and no ENO is ignored', active=False)
async def _(p):
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    p.eno_a, p.eno_b = syn.eno, eno(b'\x01\x23')
    p.send(SYN | ACK, options=MSS, seq=p.isn, ack=p.rcv + 77)
    await p.reset()
    p.rst = False
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()


@outcome('connection refused', 'FallbackRefused', active=False)
async def _(p):
    p.app, _ = await connect(p.host, p)
    p.send(4 | ACK, seq=0)
    try:
        await asyncio.wait_for(p.app.connecting, 20)
        check(False, 'connected')
    except ConnectionRefusedError:
        pass


# -------------------------------------- a host that knows nothing of any of this

TCP_ULP = 31


async def ordinary(p, asked):
    """All a connection to such a host is used for. asked: segments with ENO."""
    await p.is_plain()
    to_peer, from_peer = os.urandom(100000), os.urandom(20000)
    await p.app.send(to_peer)
    check(await p.read(len(to_peer)) == to_peer, 'much data to the peer')
    p.write(from_peer)
    check(await p.app.read(len(from_peer)) == from_peer, 'much data from the peer')
    p.app.sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')
    p.send(FIN | ACK)
    check(await p.app.recv() == b'', 'not an EOF')
    p.app.sock.shutdown(socket.SHUT_WR)
    await p.until(lambda: p.fin, 'FIN')
    check(not p.rst, 'a reset')
    check(sum(s.eno is not None for s in p.segs) == asked, 'ENO options: %r' % p.segs[:6])


@outcome('a host without the module connects')
async def _(p):
    await p.open_passive(b'', options=MSS)
    await ordinary(p, 0)


@outcome('a host without the module is connected to', 'FallbackNoSynAckEno', active=False)
async def _(p):
    await p.open_active(None)
    await ordinary(p, 1)
