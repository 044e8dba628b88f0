# SPDX-License-Identifier: GPL-2.0-only
"""Session resumption, RFC 8548 section 3.5."""
import errno
import os

import proto as tc
from case_option import BASE, CACHE_FLUSH, TCP, ask, asking
from net import ACK, EMPTY_ENO, MSS, PSH, RST, SYN, check, connect, eno, within
from peer import Peer
from scenario import scenario

HALF = 9
RESUMED = ('Established', 'Resumed')


class Chain:
    """The secrets that follow a session, and who was A in it."""

    def __init__(self, p):
        self.tep = p.tep
        self.cipher = p.session.aead
        self.role_a = p.role_a          # the peer's role
        self.ss = p.session.ss
        self.i = 0
        self.next()

    def next(self):
        self.ss = tc.next_secret(self.ss)
        self.i += 1
        return self

    def half(self, of_a):
        name = tc.resume_id(self.ss)
        return name[:HALF] if of_a else name[HALF:]

    @property
    def ours(self):
        return self.half(self.role_a)

    @property
    def theirs(self):
        return self.half(not self.role_a)

    def suboption(self, nonce, half=None, tep=None):
        return bytes([0x80 | (tep or self.tep)]) + (half or self.ours) + nonce

    def use(self, p, nonce, kernel_nonce):
        """Keys follow the original roles, offsets begin at 0."""
        sn = nonce + kernel_nonce if self.role_a else kernel_nonce + nonce
        p.session = tc.Session(0x80 | self.tep, self.ss, self.cipher, sn)
        p.tx = p.session.stream(self.role_a, 0)
        p.rx = p.session.stream(not self.role_a, 0)


def twin(p):
    """Another connection to the same address and port of the peer: a session is
    found by whom we connect to. p gets what comes for it when this is done."""
    q = Peer(p.host, p.family)
    q.active = q.role_a = False
    p.host.conns.pop((p.family, q.sport))
    q.sport = p.sport
    p.host.conns[q.family, q.sport] = q
    return q


async def first(p, active=None, **more):
    """A fresh session to resume: the peer of another connection of this host."""
    if p.active if active is None else active:
        q = Peer(p.host, p.family)
    else:
        q = twin(p)
    await q.encrypt(**more)
    await q.is_encrypted()
    q.done()
    p.host.conns[p.family, p.sport] = p
    return Chain(q)


def kernel_suboption(option, chain, b):
    """The nonce of the kernel's resumption suboption, or None if it has none."""
    body = option[2:]
    if b:
        check(body[0] < 0x20 and body[0] & 1, 'global suboption')
        body = body[1:]
    for i, byte in enumerate(body):
        if byte == 0x80 | chain.tep:
            check(body[i + 1:i + 1 + HALF] == chain.theirs, 'another half of the identifier')
            nonce = body[i + 1 + HALF:]
            check(len(nonce) <= 8, 'a nonce of %d bytes' % len(nonce))
            return nonce
        if byte & 0x80:
            break
    return None


async def resume(p, chain, nonce=None, extra=b'', options=MSS):
    """The peer connects and proposes to resume; True if the kernel agrees."""
    nonce = os.urandom(8) if nonce is None else nonce
    await p.open_passive(eno(extra + chain.suboption(nonce)), options=options)
    theirs = kernel_suboption(p.eno_b, chain, True)
    if theirs is None:
        return False
    check(len(theirs) == 8, 'the nonce does not default to 8 bytes')
    chain.use(p, nonce, theirs)
    return True


async def be_resumed(p, chain, nonce=None, half=None, before=None):
    """The kernel connects and proposes; the peer agrees. True if it did propose."""
    nonce = os.urandom(8) if nonce is None else nonce
    p.role_a = False
    p.app, syn = await connect(p.host, p, before)
    p.eno_a = syn.eno
    theirs = kernel_suboption(p.eno_a, chain, False)
    if theirs is None:
        return False
    p.eno_b = eno(b'\x01' + chain.suboption(nonce, half))
    p.send(SYN | ACK, options=MSS + p.eno_b)
    chain.use(p, nonce, theirs)
    return True


def passive(name, run, counts, **more):
    scenario(name, run, counts, resume=1, **more)


def active(name, run, counts, **more):
    scenario(name, run, counts, active=False, resume=1, **more)


# -------------------------------------------------------------- the kernel listens

for tep, name, teps in ((tc.X25519, 'X25519', []), (tc.P256, 'P-256', []),
                        (tc.X448, 'X448', ['x448']), (tc.P521, 'P-521', ['p521'])):
    for cipher, cipher_name in ((tc.AES128, 'AES-128'), (tc.AES256, 'AES-256'),
                                (tc.CHACHA, 'ChaCha20')):
        async def run(p, tep=tep, cipher=cipher):
            q = Peer(p.host, p.family)
            q.tep = tep
            await q.open_passive(eno(bytes([tep])))
            await q.key_exchange(ciphers=[cipher])
            await q.is_encrypted()
            q.done()
            check(await resume(p, Chain(q)), 'resumption refused')
            await p.is_encrypted()
        passive('resumed, kernel listens, %s, %s' % (name, cipher_name), run,
                ['Established', *RESUMED], teps=teps)


for length in range(9):
    async def run(p, length=length):
        chain = await first(p)
        check(await resume(p, chain, bytes(range(length))), 'resumption refused')
        await p.is_encrypted()
    passive('resumed, our nonce has %d bytes' % length, run, ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    nonce = os.urandom(8)
    await p.open_passive(eno(chain.suboption(nonce)), third=False)
    chain.use(p, nonce, kernel_suboption(p.eno_b, chain, True))
    p.send(PSH | ACK, p.tx.seal(b'no round trip'), EMPTY_ENO)
    await p.accepted()
    check(await p.app.read(13) == b'no round trip', 'data')
    await p.is_encrypted()
passive('resumed, data in the third segment', run, ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    check(await resume(p, chain, extra=b'\x21\x24'), 'resumption refused')
    await p.is_encrypted()
passive('resumed, other TEPs beside it', run, ['Established', *RESUMED])


async def run(p):
    """With all the options that Linux sends there is just room for it."""
    chain = await first(p)
    options = MSS + b'\x04\x02\x08\x0a' + bytes(3) + b'\1' + bytes(4)
    nonce = os.urandom(4)
    await p.open_passive(eno(chain.suboption(nonce)), options=options)
    theirs = kernel_suboption(p.eno_b, chain, True)
    check(theirs is not None, 'resumption refused')
    chain.use(p, nonce, theirs)
    p.ack_options = b''
    await p.is_encrypted()
passive('resumed, timestamps and SACK in the SYN', run, ['Established', *RESUMED])


async def run(p):
    """Ten connections in a row, each secret once."""
    chain = await first(p)
    for _ in range(10):
        q = Peer(p.host, p.family)
        check(await resume(q, chain), 'resumption %d refused' % chain.i)
        await q.is_encrypted()
        q.done()
        chain.next()
    check(await resume(p, chain), 'resumption refused')
    await p.is_encrypted()
passive('resuming, a chain of ten, kernel listens', run, ['Established', *RESUMED * 11])


async def run(p):
    """The peer may have lost some: the lowest it has not tried is a later one."""
    chain = await first(p)
    chain.next().next()
    check(await resume(p, chain), 'resumption refused')
    await p.is_encrypted()
passive('resumed, two secrets skipped', run, ['Established', *RESUMED])


async def refused(p, chain, **more):
    check(not await resume(p, chain, **more), 'a session was resumed')
    await p.key_exchange()
    await p.is_encrypted()


async def run(p):
    chain = await first(p)
    q = Peer(p.host, p.family)
    check(await resume(q, chain), 'resumption refused')
    await q.is_encrypted()
    q.done()
    await refused(p, chain)
passive('resumed, then the same secret again: a fresh exchange', run,
        ['Established', *RESUMED, 'Established'])


async def run(p):
    """The very same SYN from another port: the secret is used up."""
    chain = await first(p)
    nonce = os.urandom(8)
    q = Peer(p.host, p.family)
    check(await resume(q, chain, nonce), 'resumption refused')
    await q.is_encrypted()
    q.done()
    p.isn = q.isn
    check(not await resume(p, chain, nonce), 'a replayed SYN was resumed')
    await p.key_exchange()
    await p.is_encrypted()
passive('resumed, the SYN replayed: a fresh exchange', run,
        ['Established', *RESUMED, 'Established'])


async def run(p):
    """A replay while the first one is half open."""
    chain = await first(p)
    nonce = os.urandom(8)
    q = Peer(p.host, p.family)
    await q.open_passive(eno(chain.suboption(nonce)), third=False)
    check(kernel_suboption(q.eno_b, chain, True) is not None, 'resumption refused')
    check(not await resume(p, chain, nonce), 'a replayed SYN was resumed')
    await p.key_exchange()
    await p.is_encrypted()
    q.done()
passive('resumed, the SYN replayed while it is half open', run, ['Established'] * 2)


async def run(p):
    """SYN repeated: the same half, and the same nonce."""
    chain = await first(p)
    nonce = os.urandom(8)
    synack = await p.open_passive(eno(chain.suboption(nonce)), third=False)
    n = len(p.segs)
    p.syn(MSS + p.eno_a)
    check((await p.synack(n)).eno == synack.eno, 'the option changed')
    p.send(ACK, options=EMPTY_ENO)
    chain.use(p, nonce, kernel_suboption(p.eno_b, chain, True))
    await p.is_encrypted()
passive('resumed, the SYN repeated: the same answer', run, ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    nonce = os.urandom(8)
    await p.open_passive(eno(chain.suboption(nonce)), third=False)
    p.send(ACK)
    await p.is_plain()
passive('resuming, third segment without ENO', run, ['Established', 'FallbackNoAckEno'])


def other(name, change, counts=('Established', 'Established')):
    async def run(p):
        chain = await first(p)
        await change(p, chain)
    passive('resuming, ' + name, run, counts)


async def wrong_half(p, chain):
    nonce = os.urandom(8)
    await p.open_passive(eno(chain.suboption(nonce, chain.theirs)))
    check(p.eno_b[3] == chain.tep, 'answered with v = 1')
    await p.key_exchange()
    await p.is_encrypted()

other("our own half, which is the kernel's to send", wrong_half)


async def bit_off(p, chain):
    half = bytes([chain.ours[0], chain.ours[1] ^ 1]) + chain.ours[2:]
    await p.open_passive(eno(chain.suboption(os.urandom(8), half)))
    check(p.eno_b[3] == chain.tep, 'answered with v = 1')
    await p.key_exchange()
    await p.is_encrypted()

other('a bit of the identifier off', bit_off)


async def wrong_tep(p, chain):
    await p.open_passive(eno(chain.suboption(os.urandom(8), tep=tc.P256)))
    check(p.eno_b[3] == tc.P256, 'answered with v = 1')
    p.tep = tc.P256
    await p.key_exchange()
    await p.is_encrypted()

other('with another TEP', wrong_tep)


async def long_nonce(p, chain):
    """Not valid; the other TEP is."""
    sub = chain.suboption(os.urandom(9))
    await p.open_passive(eno(b'\x91' + sub + b'\x21'))
    check(p.eno_b[3] == tc.P256, 'not the other TEP')
    p.tep = tc.P256
    await p.key_exchange()
    await p.is_encrypted()

other('a nonce of nine bytes', long_nonce)


async def run(p):
    q = Peer(p.host, p.family)
    await q.encrypt()
    await q.is_encrypted()
    q.done()
    chain = Chain(q)
    chain.ss = q.session.ss
    await refused(p, chain)
passive('resuming, ss[0]', run, ['Established', 'Established'])


async def run(p):
    """Keys of another session: nothing passes."""
    chain = await first(p)
    check(await resume(p, chain), 'resumption refused')
    p.session = tc.Session(0xa3, os.urandom(32), chain.cipher)
    p.tx = p.session.stream(True, 0)
    await p.accepted()
    p.frame(b'nobody can read this')
    await p.is_reset(errno.EBADMSG)
passive('resumed, frames of somebody who does not know the secret', run,
        ['Established', *RESUMED, 'FrameAuthFailed'])


async def run(p):
    chain = await first(p)
    check(await resume(p, chain), 'resumption refused')
    await p.accepted()
    p.frame(b'', rekey=True)
    check((await p.read_frame())[0], 'no answer to the rekey')
    await p.is_encrypted()
passive('resumed, then rekeyed', run, ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    p.host.sysctl('net/tcpcrypt/resume', 0)
    await refused(p, chain)
passive('resuming, but it is switched off', run, ['Established', 'Established'])


# ------------------------------------------------------------- the kernel connects

async def run(p):
    chain = await first(p)
    check(await be_resumed(p, chain), 'the kernel does not propose to resume')
    await p.is_encrypted()
active('resumed, kernel connects', run, ['Established', *RESUMED])


async def run(p):
    """The application's first data leaves with the third segment."""
    chain = await first(p)
    check(await be_resumed(p, chain), 'the kernel does not propose to resume')
    await p.connected()
    await p.app.send(b'at once')
    check(await p.read_data(7) == b'at once', 'data')
    await p.is_encrypted()
active('resumed, kernel connects and sends at once', run, ['Established', *RESUMED])


for length in (0, 1, 7):
    async def run(p, length=length):
        chain = await first(p)
        check(await be_resumed(p, chain, os.urandom(length)), 'no proposal')
        await p.is_encrypted()
    active('resumed, kernel connects, our nonce has %d bytes' % length, run,
           ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    for _ in range(10):
        q = twin(p)
        check(await be_resumed(q, chain), 'no proposal for ss[%d]' % chain.i)
        await q.is_encrypted()
        q.done()
        chain.next()
    p.host.conns[p.family, p.sport] = p
    check(await be_resumed(p, chain), 'no proposal for ss[%d]' % chain.i)
    await p.is_encrypted()
active('resuming, a chain of ten, kernel connects', run, ['Established', *RESUMED * 11])


async def run(p):
    """v = 0 for an answer: a fresh exchange with the same TEP."""
    chain = await first(p)
    await p.open_active()
    check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
    await p.key_exchange()
    await p.is_encrypted()
active('resuming, the peer wants a fresh exchange', run, ['Established', 'Established'])


async def run(p):
    """Another TEP for an answer."""
    chain = await first(p)
    p.tep = tc.P256
    await p.open_active(eno(b'\x01\x21'))
    check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
    await p.key_exchange()
    await p.is_encrypted()
active('resuming, the peer wants another TEP', run, ['Established', 'Established'])


def wrong(name, answer):
    async def run(p):
        chain = await first(p)
        p.role_a = False
        p.app, syn = await connect(p.host, p)
        p.eno_a = syn.eno
        check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
        n = len(p.segs)
        p.send(SYN | ACK, options=MSS + eno(b'\x01' + answer(chain)))
        third = await p.seg(lambda s: s.has(ACK), 'third segment', n)
        check(not third.eno, 'ENO after a half that does not match')
        await p.is_plain()
    active('resuming, ' + name, run, ['Established', 'FallbackNoTep'])


wrong('the other half is wrong', lambda c: c.suboption(bytes(8), bytes(9)))
wrong('the other half is an echo', lambda c: c.suboption(bytes(8), c.theirs))
wrong('the other half is of the next secret',
      lambda c: (lambda s: bytes([0xa3]) + s + bytes(8))(
          tc.resume_id(tc.next_secret(c.ss))[:HALF] if c.role_a else
          tc.resume_id(tc.next_secret(c.ss))[HALF:]))
wrong('the answer is too short', lambda c: bytes([0xa3]) + c.ours[:8])
wrong('the answer has a long nonce', lambda c: c.suboption(bytes(9)))
wrong('the answer has no data', lambda c: b'\xa3')


async def run(p):
    """A wrong half, and another TEP before it: the last valid one counts."""
    chain = await first(p)
    p.tep = tc.P256
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    p.eno_a = syn.eno
    check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
    p.eno_b = eno(b'\x01\x21' + chain.suboption(bytes(8), bytes(9)))
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()
active('resuming, wrong half behind another TEP', run, ['Established', 'Established'])


async def run(p):
    """SYN lost: the same suboption, the same nonce."""
    chain = await first(p)
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    again = await p.seg(lambda s: s.flags & SYN, 'second SYN', 1)
    check(again.eno == syn.eno, 'the option changed')
    p.eno_a = syn.eno
    nonce = os.urandom(8)
    theirs = kernel_suboption(p.eno_a, chain, False)
    p.send(SYN | ACK, options=MSS + eno(b'\x01' + chain.suboption(nonce)))
    chain.use(p, nonce, theirs)
    await p.is_encrypted()
active('resuming, SYN lost', run, ['Established', *RESUMED])


async def run(p):
    """"successfully or not": a secret that stood in a SYN nobody took is used up."""
    chain = await first(p)
    q = twin(p)
    q.app, syn = await connect(q.host, q)
    check(kernel_suboption(syn.eno, chain, False) is not None, 'no proposal')
    q.send(RST | ACK, ack=(syn.seq + 1) & 0xffffffff)
    try:
        await within(20, 'connect()', q.app.connecting)
        check(False, 'connect() succeeds')
    except OSError as e:
        check(e.errno == errno.ECONNREFUSED, 'connect() failed with %r' % e)
    q.done()
    p.host.conns[p.family, p.sport] = p
    check(await be_resumed(p, chain.next()), 'no proposal for the next secret')
    await p.is_encrypted()
active('resuming, a secret that was proposed in vain is not proposed again', run,
       ['Established', 'FallbackRefused', *RESUMED])


async def run(p):
    """Both hosts propose the same secret, and these are two connections: both
    exchange keys."""
    chain = await first(p)
    p.role_a = False
    p.app, syn = await connect(p.host, p)
    p.eno_a = syn.eno
    check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
    q = Peer(p.host, p.family)
    check(not await resume(q, chain), 'a secret has been used twice')
    await q.key_exchange()
    await q.is_encrypted()
    p.eno_b = eno(b'\x01' + bytes([chain.tep]))
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()
    q.done()
active('resuming, both propose the same secret in two connections', run,
       ['Established'] * 3)


# ------------------------------------------------------- what an application asks for

async def fresh_answer(p):
    """The kernel has sent its SYN: keys are exchanged."""
    p.eno_b = eno(b'\x01\x23')
    p.send(SYN | ACK, options=MSS + p.eno_b)
    await p.key_exchange()
    await p.is_encrypted()


for length in (0, 3):
    async def run(p, length=length):
        chain = await first(p)
        nonce = os.urandom(8)
        p.role_a = False
        p.app, syn = await connect(p.host, p, ask(NONCELEN=length))
        p.eno_a = syn.eno
        theirs = kernel_suboption(p.eno_a, chain, False)
        check(theirs is not None and len(theirs) == length, 'the nonce: %r' % theirs)
        p.eno_b = eno(b'\x01' + chain.suboption(nonce))
        p.send(SYN | ACK, options=MSS + p.eno_b)
        chain.use(p, nonce, theirs)
        await p.is_encrypted()
    active('resumed, the application wants a nonce of %d bytes' % length, run,
           ['Established', *RESUMED])


async def run(p):
    chain = await first(p)
    check(not await be_resumed(p, chain, before=ask(RESUME=0)), 'a proposal')
    await fresh_answer(p)
active('resuming, the application does not want to', run, ['Established'] * 2)


async def run(p):
    chain = await first(p)
    p.dport = asking(p, 7600, RESUME=0)
    await refused(p, chain)
passive('resuming, the listener does not want to', run, ['Established'] * 2)


async def run(p):
    q = twin(p)
    await q.open_active(before=ask(CACHE=0))
    await q.key_exchange()
    await q.is_encrypted()
    q.done()
    p.host.conns[p.family, p.sport] = p
    check(not await be_resumed(p, Chain(q)), 'a proposal')
    await fresh_answer(p)
active('resuming, nothing was to be cached', run, ['Established'] * 2)


async def run(p):
    q = Peer(p.host, p.family)
    q.dport = asking(p, 7601, CACHE=0)
    await q.encrypt()
    await q.is_encrypted()
    q.done()
    await refused(p, Chain(q))
passive('resuming, the listener was not to cache anything', run, ['Established'] * 2)


async def run(p):
    """What resulted from a connection, and what has been used in one."""
    for resumed in (False, True):
        q = twin(p)
        chain = None
        if resumed:
            chain = await first(q)
            check(await be_resumed(q, chain), 'no proposal')
            chain.next()
        else:
            await q.encrypt()
        await q.is_encrypted()
        q.app.sock.setsockopt(TCP, BASE + CACHE_FLUSH, 1)
        q.done()
        p.host.conns[p.family, p.sport] = p
        q2 = twin(p)
        check(not await be_resumed(q2, chain or Chain(q)), 'a proposal')
        await fresh_answer(q2)
        q2.app.sock.setsockopt(TCP, BASE + CACHE_FLUSH, 1)
        q2.done()
        p.host.conns[p.family, p.sport] = p
active('resuming, the application has had the cache flushed', run,
       ['Established'] * 4 + list(RESUMED))


async def run(p):
    q = Peer(p.host, p.family)
    await q.encrypt()
    await q.is_encrypted()
    q.app.sock.setsockopt(TCP, BASE + CACHE_FLUSH, 1)
    q.done()
    await refused(p, Chain(q))
passive('resuming, the passive end has had the cache flushed', run, ['Established'] * 2)


# ---------------------------------------------------------------- simultaneous open

async def crossing(p, b, option):
    """The SYNs cross, then the SYN-ACKs. The kernel's option."""
    p.app, syn = await connect(p.host, p, ask(ROLEOVERRIDE=b))
    n = len(p.segs)
    p.send(SYN, options=MSS + option, seq=p.isn)
    answer = await p.seg(lambda s: s.has(SYN | ACK), 'SYN-ACK', n)
    check(answer.eno == syn.eno, 'the SYN-ACK does not repeat the option')
    p.snd = (p.isn + 1) & 0xffffffff
    p.send(SYN | ACK, options=MSS + option, seq=p.isn)
    p.ack_options = EMPTY_ENO
    return syn.eno


async def run(p):
    """The kernel has b = 1: an offer the peer cannot take would end in plain TCP."""
    chain = await first(p)
    p.role_a = True
    p.eno_a = eno(b'\x23')
    p.eno_b = await crossing(p, 1, p.eno_a)
    check(kernel_suboption(p.eno_b, chain, True) is None, 'B proposes to resume')
    p.tep = tc.X25519
    p.negotiated = lambda: None
    await p.key_exchange()
    await p.is_encrypted()
active('resuming, simultaneous open, the kernel has b = 1: a fresh exchange', run,
       ['Established'] * 2)


async def run(p):
    """The kernel is A and proposes, the peer is B and does not."""
    chain = await first(p)
    p.role_a = False
    p.eno_b = eno(b'\x01\x23')
    p.eno_a = await crossing(p, 0, p.eno_b)
    check(kernel_suboption(p.eno_a, chain, False) is not None, 'no proposal')
    await p.key_exchange()
    await p.is_encrypted()
active('resuming, simultaneous open, the peer has b = 1 and no session', run,
       ['Established'] * 2)


async def run(p):
    """Both propose the same secret in the same connection."""
    chain = await first(p)
    p.role_a = False
    nonce = os.urandom(8)
    p.eno_b = eno(b'\x01' + chain.suboption(nonce))
    p.eno_a = await crossing(p, 0, p.eno_b)
    chain.use(p, nonce, kernel_suboption(p.eno_a, chain, False))
    await p.is_encrypted()
active('resumed, simultaneous open, both propose the same secret', run,
       ['Established', *RESUMED])


# -------------------------------------------------------------------- roles swapped

async def run(p):
    """The kernel was B and connects now: it sends the half of B, and its keys
    stay those of B."""
    chain = await first(p, active=True)
    check(await be_resumed(p, chain), 'the kernel does not propose to resume')
    await p.is_encrypted()
active('resumed, roles swapped, kernel connects', run, ['Established', *RESUMED])


async def run(p):
    chain = await first(p, active=False)
    p.role_a = True
    check(await resume(p, chain), 'resumption refused')
    await p.is_encrypted()
passive('resumed, roles swapped, kernel listens', run, ['Established', *RESUMED])
