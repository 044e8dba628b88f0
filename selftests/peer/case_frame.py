# SPDX-License-Identifier: GPL-2.0-only
"""Encryption frames, RFC 8548 sections 3.6, 3.8 and 4.2."""
import asyncio
import ctypes
import errno
import os
import socket

import proto as tc
from net import ACK, PSH, check, libc
from scenario import one_family, scenario

BAD, MALFORMED = 'FrameAuthFailed', 'FrameMalformed'


def frames(name, run, counts=(), cipher=None, **more):
    """An encrypted connection, and what follows; the kernel once as B, once as A."""
    async def whole(p):
        if cipher:
            await p.encrypt(**({'ciphers': [cipher]} if p.active else {'cipher': cipher}))
        else:
            await p.encrypt()
        await run(p)

    for active, who in ((True, 'kernel is B'), (False, 'kernel is A')):
        scenario('%s (%s)' % (name, who), whole, ['Established', *counts], active=active,
                 **more)


# ------------------------------------------------------------- what is accepted

def accepted(name, frame, data, **more):
    async def run(p):
        # whatever is marked urgent stays in the stream
        p.app.sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        p.write(frame(p))
        p.frame(b' and more')
        check(await p.app.read(len(data) + 9) == data + b' and more', 'other data')
        await p.is_encrypted()
    frames(name, run, **more)


accepted('an empty frame', lambda p: p.tx.seal(b''), b'')
accepted('many empty frames', lambda p: b''.join(p.tx.seal(b'') for _ in range(200)), b'')
accepted('one byte', lambda p: p.tx.seal(b'1'), b'1')
for size in (15, 16, 17, 255, 256, 1400, 4095, 4096, 16384, 65518):
    data = os.urandom(size)
    accepted('%d bytes' % size, lambda p, d=data: p.tx.seal(d), data)
accepted('reserved control bits are ignored', lambda p: p.tx.seal(b'cres', control=0xfe),
         b'cres')
accepted('reserved flags are ignored', lambda p: p.tx.seal(b'fres', flags=0xfc), b'fres')
accepted('URGp: the data is data', lambda p: p.tx.seal(b'urgent', urgent=6), b'urgent')
accepted('URGp without data', lambda p: p.tx.seal(b'', urgent=0), b'')
accepted('URGp that points far ahead', lambda p: p.tx.seal(b'u', urgent=65535), b'u')
accepted('URGp in every frame', lambda p: b''.join(p.tx.seal(b'u', urgent=1)
                                                  for _ in range(20)), b'u' * 20)
accepted('100 frames in a row',
         lambda p: b''.join(p.tx.seal(bytes([i]) * i) for i in range(100)),
         b''.join(bytes([i]) * i for i in range(100)))


def pieces(name, cut, **more):
    """Frames that segments cut in another way."""
    async def run(p):
        data = os.urandom(300)
        wire = p.tx.seal(data[:7]) + p.tx.seal(data[7:7]) + p.tx.seal(data[7:])
        start = p.snd
        for off, part in cut(wire):
            p.send(PSH | ACK, part, seq=start + off)
        p.snd = start + len(wire)
        check(await p.app.read(300) == data, 'other data')
        await p.is_encrypted()
    frames(name, run, **more)


pieces('one byte in a segment', lambda w: [(i, w[i:i + 1]) for i in range(len(w))])
pieces('one byte in a segment, backwards',
       lambda w: [(i, w[i:i + 1]) for i in reversed(range(len(w)))], families=(4,))
pieces('cut in the header', lambda w: [(0, w[:1]), (1, w[1:2]), (2, w[2:])])
pieces('cut in the tag', lambda w: [(0, w[:-9]), (len(w) - 9, w[-9:])])
pieces('overlapping', lambda w: [(i, w[i:i + 90]) for i in range(0, len(w), 13)])
pieces('the last part first', lambda w: [(100, w[100:]), (0, w[:100])])


async def first_copy_counts(p):
    """TCP keeps the bytes it has taken: another copy of them changes nothing."""
    wire = p.tx.seal(b'the first copy')
    p.send(PSH | ACK, wire[10:], seq=p.snd + 10)
    p.send(PSH | ACK, b'\xee' * 5, seq=p.snd + 15)
    p.send(PSH | ACK, wire[:10])
    p.snd += len(wire) - 10
    check(await p.app.read(14) == b'the first copy', 'other data')
    await p.is_encrypted()

frames('a forged copy of what has come is ignored', first_copy_counts)


async def larger_than_window(p):
    """A frame that does not fit into the receive buffer in one go."""
    p.app.sock.setsockopt(1, 8, 4096)
    data = os.urandom(60000)
    wire = p.tx.seal(data)
    start, end = p.snd, p.snd + len(wire)
    loop = p.host.loop
    limit = loop.time() + 20
    reading = asyncio.ensure_future(p.app.read(60000))
    while not reading.done() and loop.time() < limit:
        last = p.segs[-1]
        while (p.snd - last.ack) & 0xffffffff < last.window and p.snd != end:
            part = wire[p.snd - start:p.snd - start + 500]
            p.send(PSH | ACK, part)
        n = len(p.segs)
        try:
            await p.until(lambda n=n: reading.done() or len(p.segs) > n, 'ACK', 1)
        except Exception:  # pylint: disable=broad-except
            # a shut window: probe it
            p.send(ACK, seq=p.snd - 1)
    check(await reading == data, 'other data')

frames('a frame larger than the receive buffer', larger_than_window, families=(4,))


# -------------------------------------------------------------- what is refused

def refused(name, wire, count, before=True, **more):
    """What came before is delivered; then EBADMSG for good, and RST."""
    async def run(p):
        if before:
            p.frame(b'good')
            check(await p.app.read(4) == b'good', 'the good frame')
        p.write(wire(p))
        await p.is_reset(errno.EBADMSG)
    frames(name, run, [count], families=one_family(), **more)


def flipped(at, mask=1, data=b'flip a bit of this'):
    def wire(p):
        w = bytearray(p.tx.seal(data))
        w[at] ^= mask
        return bytes(w)
    return wire


refused('clen 0', lambda p: bytes(3), MALFORMED)
refused('clen 16, authentic', lambda p: p.tx.seal(plain=b''), MALFORMED)
for clen in (1, 15, 16):
    refused('clen %d' % clen, lambda p, n=clen: bytes([0, 0, n]) + bytes(n), MALFORMED)
refused('nothing but a tag\'s worth of zeros', lambda p: bytes([0, 0, 17]) + bytes(17), BAD)
refused('URGp without the urgent field', lambda p: p.tx.seal(plain=b'\x02'), MALFORMED)
refused('URGp with half of it', lambda p: p.tx.seal(plain=b'\x02\x00'), MALFORMED)
refused('FINp and URGp, no urgent field', lambda p: p.tx.seal(plain=b'\x03'), MALFORMED)
for at, what in ((0, 'a reserved control bit'), (3, 'the flags'), (4, 'the data'),
                 (12, 'the data, further on'), (-1, 'the end of the tag'),
                 (-16, 'the beginning of the tag')):
    refused('flipped: %s' % what, flipped(at, 0x40), BAD)
refused('flipped: the rekey bit', flipped(0), BAD)
refused('clen one less', lambda p: flipped(2, 1, b'12')(p), BAD)
refused('clen one more', lambda p: flipped(2, 1, b'1')(p) + b'\0', BAD)
refused('a rekey bit that was taken out', lambda p: (
    lambda w: bytes([0]) + w[1:])(p.tx.seal(b'x', rekey=True)), BAD)
refused('replayed', lambda p: (lambda w: w + w)(p.tx.seal(b''))  , BAD)
refused('two frames swapped', lambda p: (
    lambda a, b: b + a)(p.tx.seal(b'one'), p.tx.seal(b'two')), BAD)
refused('a frame left out', lambda p: (p.tx.seal(b'one'), p.tx.seal(b'two'))[1], BAD)
refused('at another offset', lambda p: p.tx.seal(b'x', offset=p.tx.offset + 1), BAD)
refused('at offset 0', lambda p: p.tx.seal(b'x', offset=0), BAD)
refused('offset beyond 2^32', lambda p: p.tx.seal(b'x', offset=p.tx.offset + 2 ** 32), BAD)
refused('with the keys of the other direction', lambda p: p.session.stream(
    not p.role_a, p.tx.offset).seal(b'mirrored'), BAD)
refused('a generation too far ahead', lambda p: (
    setattr(p.tx, 'generation', 1), p.tx.seal(b'x', rekey=True))[1], BAD)
refused('the next generation without the rekey bit', lambda p: (
    setattr(p.tx, 'generation', 1), p.tx.seal(b'x'))[1], BAD)
refused('plain text', lambda p: b'GET / HTTP/1.0\r\n\r\n' + bytes(20000), BAD)
refused('the first frame is forged', lambda p: bytes([0, 0, 40]) + bytes(40), BAD,
        before=False)
for cipher, name in ((tc.AES256, 'AES-256-GCM'), (tc.CHACHA, 'ChaCha20-Poly1305')):
    refused('flipped: a bit, %s' % name, flipped(9), BAD, cipher=cipher)
    refused('replayed, %s' % name, lambda p: (lambda w: w + w)(p.tx.seal(b'')), BAD,
            cipher=cipher)


async def good_then_bad(p):
    """What is authentic is delivered although something bad is behind it."""
    p.write(p.tx.seal(b'authentic') + flipped(5)(p))
    check(await p.app.read(9) == b'authentic', 'the good frame')
    await p.is_reset(errno.EBADMSG)

frames('a good frame and a forged one in a segment', good_then_bad, [BAD])


def disconnect(sock):
    """connect(AF_UNSPEC): Python's own has no such address."""
    if libc.connect(sock.fileno(), bytes(16), 16):
        raise OSError(ctypes.get_errno(), 'connect')


async def reused_at_once(p):
    """The socket's next use is not reset in place of the connection it had. On one
    processor, and first in line, nothing runs here but this until it sleeps."""
    cpus = os.sched_getaffinity(0)
    p.write(flipped(5)(p))
    os.sched_setaffinity(0, {max(cpus)})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        await p.error(errno.EBADMSG)
        disconnect(p.app.sock)
        p.app.sock.listen(1)
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, cpus)
    await p.reset()
    await asyncio.sleep(0.2)
    check(p.app.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
          'what listened has been closed')

frames('a forged frame, and the socket is used again', reused_at_once, [BAD], families=(4,))


# ----------------------------------------------------------- what the kernel sends

async def sent_frames(p):
    """cres and fres are zero, every frame opens: read_frame() asserts it."""
    data = os.urandom(100000)
    sending = asyncio.ensure_future(p.app.send(data))
    check(await p.read_data(len(data)) == data, 'other data')
    await sending

frames('100000 bytes from the kernel', sent_frames)


async def retransmitted(p):
    """The same sequence numbers, the same bytes."""
    p.auto_ack = False
    n = len(p.segs)
    await p.app.send(b'will be sent twice')
    first = await p.seg(lambda s: s.data, 'frame', n)
    n = len(p.segs)
    again = await p.seg(lambda s: s.data, 'retransmission', n)
    check(first.seq == again.seq and first.data == again.data, 'other bytes')
    p.auto_ack = True
    check(await p.read_data(18) == b'will be sent twice', 'data')

frames('a retransmitted frame is the same', retransmitted, families=(4,))


# --------------------------------------------------------------------- rekeying

async def rekey(p):
    """Section 3.8: answered at once, with a frame of the new generation."""
    p.frame(b'', rekey=True)
    check((await p.read_frame())[0], 'the answer has not the rekey bit')
    check(p.rx.generation == 1, 'generation')
    p.frame(b'', rekey=False)
    await p.is_encrypted()

frames('rekey, nobody reads', rekey)


async def rekey_unaccepted(p):
    """The same while the connection waits for accept()."""
    await p.open_passive()
    await p.key_exchange()
    for data in (b'', b'before accept()'):
        p.frame(data, rekey=True)
        check((await p.read_frame())[0], 'the answer has not the rekey bit')
    await p.accepted()
    check(await p.app.read(15) == b'before accept()', 'data')
    await p.is_encrypted()

scenario('rekey before accept()', rekey_unaccepted, ['Established'], active=True)


async def rekey_unread(p):
    """Data that nobody reads, more than the kernel takes out of TCP's queue."""
    sent = b''
    for n in (24, 1, 8):
        for _ in range(n):
            data = os.urandom(1000)
            sent += data
            p.frame(data)
        p.frame(b'and', rekey=True)
        sent += b'and'
        check((await p.read_frame())[0], 'the answer has not the rekey bit')
    check(await p.app.read(len(sent)) == sent, 'other data')
    await p.is_encrypted()

frames('rekey behind data that nobody reads', rekey_unread)


async def rekey_data(p):
    p.frame(b'old ')
    p.frame(b'new', rekey=True)
    check(await p.app.read(7) == b'old new', 'data')
    check((await p.read_frame())[0], 'the answer has not the rekey bit')
    await p.is_encrypted()

frames('rekey with data', rekey_data)


async def rekey_pipelined(p):
    """Five of them before the kernel has answered one."""
    for i in range(5):
        p.frame(b'%d' % i, rekey=True)
    check(await p.app.read(5) == b'01234', 'data')
    while p.rx.generation < 5:
        check((await p.read_frame())[0], 'a frame without the rekey bit')
    await p.is_encrypted()
    check(p.rx.generation == 5, 'generation %d' % p.rx.generation)

frames('rekey, five pipelined', rekey_pipelined)


async def rekey_many(p):
    """One after the other: each is answered once, none starts another."""
    for i in range(20):
        p.frame(b'x' if i % 2 else b'', rekey=True)
        check((await p.read_frame())[0], 'the answer has not the rekey bit')
        if i % 2:
            check(await p.app.read(1) == b'x', 'data')
    await p.is_encrypted()
    check(p.rx.generation == 20, 'generation %d' % p.rx.generation)

frames('rekey, twenty in turn', rekey_many)


async def rekey_with_reserved(p):
    p.frame(b'data', rekey=True, control=0xfe)
    check(await p.app.read(4) == b'data', 'data')
    check((await p.read_frame())[0], 'the answer has not the rekey bit')
    await p.is_encrypted()

frames('rekey with reserved control bits', rekey_with_reserved)


async def rekey_after_shutdown(p):
    """No answer behind a FIN, but what comes is read on."""
    p.app.sock.shutdown(1)
    frame = await p.read_frame()
    check(frame[1] & tc.FINP, 'no FINp')
    await p.until(lambda: p.fin, 'FIN')
    n = len(p.stream)
    p.frame(b'after the FIN', rekey=True)
    check(await p.app.read(13) == b'after the FIN', 'data')
    await asyncio.sleep(0.1)
    check(len(p.stream) == n, 'something was sent behind the FIN')

frames('rekey after FIN is not answered', rekey_after_shutdown)


# The kernel begins: setsockopt(TCPCRYPT_REKEY)
TCPCRYPT_REKEY = 0x454e00 + 18


def rekey_now(p):
    p.app.sock.setsockopt(6, TCPCRYPT_REKEY, 1)


async def rekey_by_kernel(p):
    rekey_now(p)
    frame = await p.read_frame()
    check(frame[0] and not frame[3], 'not an empty frame with the rekey bit')
    p.frame(b'', rekey=True)
    await p.is_encrypted()
    check(p.rx.generation == 1, 'generation %d' % p.rx.generation)

frames('rekey by the kernel', rekey_by_kernel)


async def rekey_unanswered(p):
    """With no data to send there is one at a time, and data goes on meanwhile."""
    for _ in range(3):
        try:
            rekey_now(p)
        except OSError:
            pass
    check((await p.read_frame())[0], 'no rekey bit')
    await asyncio.sleep(0.2)
    check(p.taken == len(p.stream), 'a second empty rekey while one is outstanding')
    await p.app.send(b'meanwhile')
    check(await p.read_data(9) == b'meanwhile', 'data')
    p.frame(b'old keys still')
    check(await p.app.read(14) == b'old keys still', 'data under the old keys')
    p.frame(b'', rekey=True)
    await p.is_encrypted()
    rekey_now(p)
    check((await p.read_frame())[0], 'no rekey after the answer')

frames('rekey by the kernel, twice without an answer', rekey_unanswered)


async def rekey_crossing(p):
    """Both begin at once: each has what the other asks for already."""
    p.auto_ack = False
    rekey_now(p)
    p.frame(b'', rekey=True)
    p.auto_ack = True
    check((await p.read_frame())[0], 'no rekey bit')
    await asyncio.sleep(0.2)
    await p.is_encrypted()
    check(p.rx.generation in (1, 2), 'generation %d' % p.rx.generation)

frames('rekey by both at once', rekey_crossing)


async def rekey_two_ahead(p):
    """The peer is two ahead of our first: we follow to the second."""
    rekey_now(p)
    check((await p.read_frame())[0], 'no rekey bit')
    p.frame(b'', rekey=True)
    p.frame(b'', rekey=True)
    check((await p.read_frame())[0], 'no answer to the second')
    await p.is_encrypted()
    check(p.rx.generation == 2, 'generation %d' % p.rx.generation)

frames('rekey by the kernel, answered twice', rekey_two_ahead)


def keepalive(sock):
    """One second of silence, one between probes, two of them."""
    for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1),
                          (socket.TCP_KEEPCNT, 2)):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


async def keepalive_unanswered(p):
    """TCP acknowledges each probe, but only an answer with the new keys counts
    (section 3.9)."""
    keepalive(p.app.sock)
    check((await p.read_frame())[0], 'a probe is no rekey')
    await p.error(errno.ETIMEDOUT)

frames('keep-alive that nobody answers', keepalive_unanswered, ['KeepaliveTimeouts'])


async def keepalive_answered(p):
    keepalive(p.app.sock)
    for _ in range(2):
        check((await p.read_frame())[0], 'a probe is no rekey')
        p.frame(b'', rekey=True)
    p.app.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 0)
    await p.is_encrypted()

frames('keep-alive that is answered', keepalive_answered)
