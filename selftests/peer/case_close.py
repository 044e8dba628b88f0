# SPDX-License-Identifier: GPL-2.0-only
"""The end of a connection, and TCP's header: RFC 8548 section 3.7."""
import asyncio
import errno
import select

import proto as tc
from case_frame import frames
from net import ACK, FIN, PSH, RST, URG, check


def readable(sock, seconds):
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


async def eof(p):
    check(await p.app.recv() == b'', 'not an EOF')
    check(await p.app.recv() == b'', 'not an EOF the second time')


# ------------------------------------------------------------- the peer's end

async def finp_and_fin(p):
    p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP))
    await eof(p)

frames('FINp and FIN in a segment: EOF', finp_and_fin)


async def finp_with_data(p):
    p.send(PSH | ACK | FIN, p.tx.seal(b'the end', flags=tc.FINP))
    check(await p.app.read(7) == b'the end', 'data')
    await eof(p)

frames('FINp with data: data, then EOF', finp_with_data)


async def finp_alone(p):
    """EOF when and only when FINp is received: FIN is not waited for."""
    p.frame(b'', flags=tc.FINP)
    await eof(p)
    p.send(FIN | ACK)
    await eof(p)

frames('FINp, FIN comes later: EOF at once', finp_alone)


async def finp_polled(p):
    """The same for who waits in poll(): no FIN tells him."""
    p.frame(b'data')
    p.frame(b'', flags=tc.FINP)
    check(await p.app.read(4) == b'data', 'data')
    check(readable(p.app.sock, 20), 'poll() does not tell of FINp')
    await eof(p)

frames('FINp, FIN comes later: poll() tells of it', finp_polled)


async def finp_wakes_poll(p):
    """The frame comes while he waits."""
    waiting = p.host.loop.run_in_executor(None, readable, p.app.sock, 20)
    await asyncio.sleep(0.1)
    check(not waiting.done(), 'poll() returned early')
    p.frame(b'', flags=tc.FINP)
    check(await waiting, 'poll() does not tell of FINp')
    await eof(p)

frames('FINp, FIN comes later: poll() wakes', finp_wakes_poll)


async def finp_reserved(p):
    p.frame(b'x', flags=tc.FINP | 0xfc)
    check(await p.app.read(1) == b'x', 'data')
    await eof(p)

frames('FINp among reserved flags', finp_reserved)


async def finp_urgp(p):
    p.frame(b'x', flags=tc.FINP, urgent=1)
    check(await p.app.read(1) == b'x', 'data')
    await eof(p)

frames('FINp and URGp', finp_urgp)


async def finp_rekey(p):
    p.frame(b'x', flags=tc.FINP, rekey=True)
    check(await p.app.read(1) == b'x', 'data')
    await eof(p)
    check((await p.read_frame())[0], 'the rekey was not answered')

frames('FINp and rekey in a frame', finp_rekey)


async def half_closed(p):
    """The other direction goes on."""
    p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP))
    await eof(p)
    await p.app.send(b'still here')
    check(await p.read_data(10) == b'still here', 'data')

frames('half closed by the peer: we send on', half_closed)


def behind_finp(name, wire):
    async def run(p):
        p.write(p.tx.seal(b'the end', flags=tc.FINP) + wire(p))
        check(await p.app.read(7) == b'the end', 'data')
        try:
            got = await p.app.recv()
        except OSError as e:
            check(e.errno == errno.EBADMSG, repr(e))
        else:
            check(got == b'', 'data behind FINp was delivered: %r' % got)
        try:
            check(not await p.app.recv(), 'data behind FINp was delivered later')
        except OSError as e:
            check(e.errno == errno.EBADMSG, repr(e))
    return run


AFTER = 'DataAfterFinp'
for name, wire, counted in (
        ('data', lambda p: p.tx.seal(b'more'), AFTER),
        ('an empty frame', lambda p: p.tx.seal(b''), AFTER),
        ('another FINp', lambda p: p.tx.seal(b'', flags=tc.FINP), AFTER),
        ('garbage', lambda p: bytes(60), 'FrameMalformed')):
    frames('behind FINp: %s' % name, behind_finp(name, wire), [counted])


def truncated(name, end, counts=('FinWithoutFinp',), err=errno.EBADMSG, data=b'good'):
    """An end of the stream that nobody has authenticated."""
    async def run(p):
        p.frame(b'good')
        end(p)
        if data:
            check(await p.app.read(len(data)) == data, 'data')
        await p.error(err)
        await p.error(err)
    frames(name, run, counts)


truncated('FIN without FINp', lambda p: p.send(FIN | ACK))
truncated('FIN on a frame without FINp', lambda p: p.send(PSH | ACK | FIN, p.tx.seal(b'!')),
          data=b'good!')
truncated('FIN inside of a header', lambda p: p.send(PSH | ACK | FIN, p.tx.seal(b'no')[:2]))
truncated('FIN inside of a frame', lambda p: p.send(PSH | ACK | FIN, p.tx.seal(b'no')[:-1]))
truncated('FIN inside of the frame with FINp',
          lambda p: p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP)[:-1]))
truncated('RST', lambda p: p.send(RST | ACK), (), errno.ECONNRESET)
truncated('RST inside of a frame',
          lambda p: (p.write(p.tx.seal(b'no')[:-1]), p.send(RST | ACK)), (),
          errno.ECONNRESET)


async def forged_fin_ahead(p):
    """A FIN ahead of what has come: TCP waits, and so do we."""
    wire = p.tx.seal(b'on its way')
    p.send(FIN | ACK, seq=p.snd + len(wire))
    await asyncio.sleep(0.1)
    p.write(wire)
    check(await p.app.read(10) == b'on its way', 'data')
    await p.is_reset(errno.EBADMSG)

frames('a forged FIN ahead of the data', forged_fin_ahead, ['FinWithoutFinp'])


async def forged_rst_outside(p):
    """Neither outside of the window nor merely inside of it (RFC 5961)."""
    p.send(RST, seq=p.snd + 0x40000000)
    p.send(RST, seq=p.snd + 1000)
    await p.is_encrypted()

frames('forged RSTs off the mark are ignored', forged_rst_outside)


async def urgent_pointer(p):
    """TCP's own urgent pointer is not protected: it means nothing."""
    wire = p.tx.seal(b'not urgent')
    p.send(PSH | ACK | URG, wire, urgent=8)
    check(await p.app.read(10) == b'not urgent', 'data')
    await p.is_encrypted()

frames("TCP's own urgent pointer is ignored", urgent_pointer)


async def urgent_pointer_everywhere(p):
    wire = b''.join(p.tx.seal(b'%02d' % i) for i in range(30))
    for i in range(0, len(wire), 11):
        p.send(PSH | ACK | URG, wire[i:i + 11], urgent=i % 13)
    check(await p.app.read(60) == b''.join(b'%02d' % i for i in range(30)), 'data')
    await p.is_encrypted()

frames("TCP's own urgent pointer on every segment", urgent_pointer_everywhere)


# ------------------------------------------------------------- the kernel's end

async def closes(p):
    """FINp on the last frame and on no other, then FIN; nothing behind."""
    await p.app.send(b'last words')
    p.app.close()
    check(await p.read_data(10) == b'last words', 'data')
    while not p.kernel_fin:
        await p.read_frame()
    await p.until(lambda: p.fin, 'FIN')
    p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP))
    await asyncio.sleep(0.1)
    check(not p.rst, 'RST after an orderly close')
    check(p.taken == len(p.stream), 'data behind FINp')

frames('close(): FINp, then FIN', closes)


async def shuts_down(p):
    p.app.sock.shutdown(1)
    check((await p.read_frame())[1] & tc.FINP, 'no FINp')
    await p.until(lambda: p.fin, 'FIN')
    p.frame(b'we hear you')
    check(await p.app.read(11) == b'we hear you', 'data')
    p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP))
    await eof(p)

frames('shutdown(): FINp, FIN, and it reads on', shuts_down)


async def closes_last(p):
    p.send(PSH | ACK | FIN, p.tx.seal(b'', flags=tc.FINP))
    await eof(p)
    p.app.close()
    check((await p.read_frame())[1] & tc.FINP, 'no FINp')
    await p.until(lambda: p.fin, 'FIN')
    # A copy that is acknowledged once more may find the socket gone.
    first = next(s for s in p.segs if s.flags & (FIN | RST))
    check(first.has(FIN), 'RST instead of an orderly close')

frames('close() after the peer has: FINp, then FIN', closes_last)


async def closes_unread(p):
    """Data that nobody will read: RST, as plain TCP does."""
    p.frame(b'unread')
    await asyncio.sleep(0.05)
    p.app.close()
    await p.reset()
    check(not p.fin, 'FIN although data was not read')

frames('close() with unread data: RST', closes_unread)


async def closes_hard(p):
    p.app.sock.setsockopt(1, 13, b'\1\0\0\0\0\0\0\0')
    p.app.close()
    await p.reset()
    check(not p.fin, 'FIN although an abort was asked for')

frames('close() with SO_LINGER 0: RST, no FINp', closes_hard)
