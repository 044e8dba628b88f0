# SPDX-License-Identifier: GPL-2.0-only
"""The key exchange: Init1 and Init2, RFC 8548 sections 3.3, 4.1 and 5."""
import asyncio
import errno

import proto as tc
from net import ACK, FIN, PSH, RST, URG, check, eno
from scenario import encrypted, one_family, outcome, scenario

NAMES = {tc.AES128: 'AES-128-GCM', tc.AES256: 'AES-256-GCM', tc.CHACHA: 'ChaCha20-Poly1305'}
TEPS = {tc.X25519: ('X25519', []), tc.P256: ('P-256', []),
        tc.X448: ('X448', ['x448']), tc.P521: ('P-521', ['p521'])}


async def negotiate(p, tep=tc.X25519):
    """Up to the key exchange, with this TEP."""
    p.tep = tep
    if p.active:
        await p.open_passive(eno(bytes([tep])))
        await p.accepted()
    else:
        await p.open_active(eno(bytes([1, tep])))


def both(name, run, counts=(), **more):
    """A scenario with the kernel as B, and one with the kernel as A."""
    for active, who in ((True, 'Init1'), (False, 'Init2')):
        scenario('%s: %s' % (who, name), run, counts, active=active, **more)


# ------------------------------------------------------------ all combinations

for tep, (tep_name, teps) in TEPS.items():
    for cipher, cipher_name in NAMES.items():
        async def combination(p, tep=tep, cipher=cipher):
            await negotiate(p, tep)
            if p.active:
                await p.key_exchange(ciphers=[cipher])
            else:
                await p.key_exchange(cipher=cipher)
            check(p.session.aead == cipher, 'another cipher')
            await p.is_encrypted()

        both('%s, %s' % (tep_name, cipher_name), combination, ['Established'], teps=teps)


# -------------------------------------------------------------- how they are sent

def segments(name, split):
    """The Init message in pieces: split(message) gives (offset, bytes) pairs."""
    async def run(p):
        async def send(m):
            start = p.snd
            for off, part in split(m):
                p.send(PSH | ACK, part, seq=start + off)
                if len(m) < 100:
                    await asyncio.sleep(0)
            p.snd = start + len(m)

        await negotiate(p)
        await p.key_exchange(send=send)
        await p.is_encrypted()

    both(name, run, ['Established'])


segments('one byte at a time', lambda m: [(i, m[i:i + 1]) for i in range(len(m))])
segments('one byte at a time, backwards',
         lambda m: [(i, m[i:i + 1]) for i in reversed(range(len(m)))])
segments('cut inside of the magic', lambda m: [(0, m[:2]), (2, m[2:])])
segments('cut inside of the length', lambda m: [(0, m[:6]), (6, m[6:])])
segments('cut behind the header', lambda m: [(0, m[:8]), (8, m[8:])])
segments('the last byte alone', lambda m: [(0, m[:-1]), (len(m) - 1, m[-1:])])
segments('halves in the wrong order', lambda m: [(40, m[40:]), (0, m[:40])])
segments('overlapping pieces',
         lambda m: [(i, m[i:i + 20]) for i in range(0, len(m), 7)])
segments('everything twice', lambda m: [(0, m), (0, m)])
segments('a hole that is filled last',
         lambda m: [(0, m[:10]), (30, m[30:]), (5, m[5:35])])


async def no_push(p):
    await negotiate(p)

    async def send(m):
        p.send(ACK, m)
    await p.key_exchange(send=send)
    await p.is_encrypted()

both('without PSH', no_push, ['Established'])


async def urgent(p):
    await negotiate(p)

    async def send(m):
        p.send(PSH | ACK | URG, m, urgent=20)
    await p.key_exchange(send=send)
    await p.is_encrypted()

both('with an urgent pointer that nobody authenticates', urgent, ['Established'])


def every_cut(active):
    """The message cut in two at each place, one connection for each."""
    async def run(p):
        length = 8 + 1 + 6 + 32 + 32 if active else 10 + 32 + 32
        for cut in range(1, length):
            q = type(p)(p.host, p.family)
            q.active = active

            async def send(m, q=q, cut=cut):
                q.write(m[:cut])
                q.write(m[cut:])
            try:
                await negotiate(q)
                await q.key_exchange(send=send)
                await q.ready()
                q.frame(b'x')
                check(await q.app.read(1) == b'x', 'cut at %d' % cut)
            finally:
                q.done()
        await p.encrypt()

    scenario('Init%d: cut at every byte' % (1 if active else 2), run,
             ['Established'] * (79 if active else 74), active=active, families=(4,))


every_cut(True)
every_cut(False)


async def waits_for_keys(p):
    """Section 3.3: host B may send frames at once, behind Init2."""
    await negotiate(p)
    m1 = await p.read_init()
    ciphers, n_a, pub = tc.parse_init1(p.tep, m1)
    pair, n_b = tc.key_pair(p.tep), tc.random_bytes(32)
    m2 = tc.init2(ciphers[0], n_b, pair.field)
    p.derive(pair.agree(pub), n_a, m1, m2, ciphers[0])
    p.write(m2 + p.tx.seal(b'with Init2 ') + p.tx.seal(b'at once'))
    await p.connected()
    check(await p.app.read(18) == b'with Init2 at once', 'data behind Init2')
    await p.is_encrypted()

scenario('Init2: frames in the same segment', waits_for_keys, ['Established'], active=False)


@encrypted('Init2: sent before Init1 has come', active=False)
async def _(p):
    p.auto_ack = False
    await negotiate(p)
    p.auto_ack = True
    await p.key_exchange(early=True)
    await p.is_encrypted()


# ------------------------------------------------- what the RFC says to accept

def good(name, counts=('Established',), tep=tc.X25519, teps=(), active=None, verify=None,
         **init):
    async def run(p):
        await negotiate(p, tep)
        args = {k: v(p) if callable(v) else v for k, v in init.items()}
        await p.key_exchange(**args)
        if verify:
            verify(p)
        await p.is_encrypted()

    if active is None:
        both(name, run, counts, teps=teps)
    else:
        scenario('Init%d: %s' % (1 if active else 2, name), run, counts, active=active,
                 teps=teps)


good('one ignored byte', ignored=b'\0')
good('ignored bytes that look like another Init message',
     ignored=tc.init1([1], bytes(32), bytes(32)))
good('5000 ignored bytes', ignored=bytes(5000))
good('ignored bytes, P-256', ignored=b'ignored', tep=tc.P256)
good('unknown ciphers around', active=True,
     ciphers=[0, 3, 0xffff, tc.AES128, 0x11, 0x100])
good('repeated ciphers', active=True, ciphers=[tc.CHACHA] * 5)
good('255 ciphers, one known', active=True, ciphers=list(range(100, 354)) + [tc.AES256])
good('our preference among the ciphers', active=True,
     ciphers=[tc.CHACHA, tc.AES256, tc.AES128],
     verify=lambda p: check(p.session.aead == tc.AES128, 'not our first'))


def other_length(tep, teps):
    """The other reading of pubkey_len, see the test vectors' README."""
    async def run(p):
        await negotiate(p, tep)
        pair = tc.key_pair(tep)
        field = len(pair.point).to_bytes(2, 'big') + pair.point
        await p.key_exchange(pair=pair, field=field)
        await p.is_encrypted()
    both('pubkey_len that does not count itself, %s' % TEPS[tep][0], run, ['Established'],
         teps=teps)


@encrypted('Init2: message_len is exact, PSH on its last byte, nothing ignored')
async def _(p):
    await negotiate(p)
    await p.key_exchange()
    last = [s for s in p.segs if s.data][0]
    check(last.flags & PSH, 'no PSH')
    await p.is_encrypted()


@encrypted('nonces and keys are fresh', counts=['Established'])
async def _(p):
    q = type(p)(p.host, p.family)
    await q.encrypt()
    await p.encrypt()
    a, b = (bytes(x.stream[:74]) for x in (q, p))
    check(a[10:42] != b[10:42], 'the same nonce again')
    check(a[42:] != b[42:], 'the same public key again')
    q.done()


@encrypted('an odd public key: X25519 ignores the top bit')
async def _(p):
    await negotiate(p)
    pair = tc.key_pair(p.tep)
    field = pair.field[:31] + bytes([pair.field[31] | 0x80])
    await p.key_exchange(pair=pair, field=field)
    await p.is_encrypted()


# ------------------------------------------------------------- what it refuses

def bad(name, counted, err, active=None, tep=tc.X25519, teps=(), raw=None, after=None, **init):
    """The kernel aborts: RST, and an error that is not an end of file."""
    async def run(p):
        await negotiate(p, tep)
        pair = tc.key_pair(tep)
        field = init.get('field', pair.field)
        more = {k: v for k, v in init.items() if k not in ('field', 'ciphers', 'cipher')}
        if raw:
            m = raw(p)
        elif p.active:
            m = tc.init1(init.get('ciphers', [1, 2, 16]), bytes(32), field, **more)
        else:
            await p.read_init()
            m = tc.init2(init.get('cipher', 1), bytes(32), field, **more)
        p.write(m)
        if after:
            after(p)
        await p.is_reset(err)

    kinds = ((True, 'Init1'), (False, 'Init2')) if active is None else \
        ((active, 'Init1' if active else 'Init2'),)
    for a, who in kinds:
        scenario('%s: %s' % (who, name), run, [counted], active=a, teps=teps,
                 families=one_family())


PROTO, KEY, CIPHER = 'KexProtocolError', 'KexBadPublicKey', 'KexNoCommonCipher'

bad('bad magic', PROTO, errno.EPROTO, magic=0x15101a0f)
bad('zero magic', PROTO, errno.EPROTO, magic=0)
bad("the other message's magic", PROTO, errno.EPROTO, active=True, magic=tc.INIT2)
bad("the other message's magic", PROTO, errno.EPROTO, active=False, magic=tc.INIT1)
for length in (0, 7, 8, 9, 41, 73):
    bad('message_len %d' % length, PROTO, errno.EPROTO, length=length)
for length in (0x10000, 0x01000000, 0x7fffffff, 0x80000000, 0xffffffff):
    bad('message_len %#x' % length, PROTO, errno.EPROTO, length=length)
bad('not an Init message at all', PROTO, errno.EPROTO, raw=lambda p: b'GET / HTTP/1.0\r\n\r\n')
bad('a TLS ClientHello', PROTO, errno.EPROTO, raw=lambda p: b'\x16\x03\x01\x02\x00\x01\x00\x01')
bad('message_len one short', PROTO, errno.EPROTO, active=True, length=8 + 1 + 6 + 63)
bad('message_len one short', PROTO, errno.EPROTO, active=False, length=10 + 63)
bad('no cipher', CIPHER, errno.EPROTO, active=True, ciphers=[])
bad('unknown ciphers only', CIPHER, errno.EPROTO, active=True, ciphers=[0, 3, 0x11, 0xffff])
bad('255 unknown ciphers', CIPHER, errno.EPROTO, active=True, ciphers=list(range(100, 355)))
bad('nciphers beyond the message', PROTO, errno.EPROTO, active=True, count=255)
bad('nciphers one too large', PROTO, errno.EPROTO, active=True, count=4)
bad('a cipher that was not offered', CIPHER, errno.EPROTO, active=False, cipher=0x0003)
bad('cipher 0', CIPHER, errno.EPROTO, active=False, cipher=0)
bad('cipher with swapped bytes', CIPHER, errno.EPROTO, active=False, cipher=0x0100)

# Section 5: points and values that key validation must refuse.
LOW = {
    'zero': bytes(32),
    'one': b'\x01' + bytes(31),
    'order 8': bytes.fromhex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
    'order 8, the other': bytes.fromhex(
        '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
    'p - 1': bytes.fromhex('ec' + 'ff' * 30 + '7f'),
    'p': bytes.fromhex('ed' + 'ff' * 30 + '7f'),
    'p + 1': bytes.fromhex('ee' + 'ff' * 30 + '7f'),
    'p and the top bit': bytes.fromhex('ed' + 'ff' * 31),
}
for name, field in LOW.items():
    bad('X25519 gives zero: %s' % name, KEY, errno.EPROTO, field=field)

P448 = 2 ** 448 - 2 ** 224 - 1
for name, value in (('zero', 0), ('one', 1), ('p - 1', P448 - 1), ('p', P448),
                    ('p + 1', P448 + 1)):
    bad('X448 gives zero: %s' % name, KEY, errno.EPROTO, tep=tc.X448, teps=['x448'],
        field=value.to_bytes(56, 'little'))


def points(tep, size, prime, off_curve, teps):
    good_x = tc.key_pair(tep).point[1:]
    name = TEPS[tep][0]
    for what, point, count in (
            ('off the curve', b'\x02' + off_curve, KEY),
            ('x not reduced', b'\x02' + prime.to_bytes(size, 'big'), KEY),
            ('x all ones', b'\x03' + b'\xff' * size, KEY),
            ('infinity, padded', bytes(1 + size), KEY),
            ('uncompressed in the length of a compressed one', b'\x04' + good_x, KEY),
            ('hybrid form', b'\x06' + good_x, KEY),
            ('form 1', b'\x01' + good_x, KEY),
            ('form 0xff', b'\xff' + good_x, KEY)):
        bad('%s, %s' % (name, what), count, errno.EPROTO, tep=tep, teps=teps,
            field=(3 + size).to_bytes(2, 'big') + point)
    for length in (0, 1, 2, size, size + 2, size + 4, 2 * size + 1, 0xffff):
        bad('%s, pubkey_len %d' % (name, length), PROTO, errno.EPROTO, tep=tep, teps=teps,
            field=length.to_bytes(2, 'big') + b'\x02' + good_x)


points(tc.P256, 32, 2 ** 256 - 2 ** 224 + 2 ** 192 + 2 ** 96 - 1,
       (1).to_bytes(32, 'big'), [])
points(tc.P521, 66, 2 ** 521 - 1, (3).to_bytes(66, 'big'), ['p521'])


# --------------------------------------------------- messages that do not arrive

def unfinished(name, part, how, count, err, **sysctl):
    async def run(p):
        await negotiate(p)
        if not p.active:
            await p.read_init()
        pair = tc.key_pair(p.tep)
        m = tc.init1([1], bytes(32), pair.field) if p.active else \
            tc.init2(1, bytes(32), pair.field)
        if part(m):
            p.write(part(m))
        if how:
            p.send(how)
        await p.is_reset(*err) if how != RST | ACK else await p_is_gone(p, err)

    both(name, run, [count] if count else [], **sysctl)


async def p_is_gone(p, err):
    try:
        await p.ready()
    except OSError as e:
        check(e.errno in err, 'connect() failed with %r' % e)
    else:
        await p.error(*err)
    await p.error(*err)


unfinished('nothing comes', lambda m: b'', 0, 'KexTimeout', [errno.ETIMEDOUT], kex_timeout=1)
unfinished('the header only', lambda m: m[:8], 0, 'KexTimeout', [errno.ETIMEDOUT],
           kex_timeout=1)
unfinished('all but the last byte', lambda m: m[:-1], 0, 'KexTimeout', [errno.ETIMEDOUT],
           kex_timeout=1)
unfinished('FIN instead', lambda m: b'', FIN | ACK, 'FinWithoutFinp', [errno.EBADMSG])
unfinished('FIN after three bytes', lambda m: m[:3], FIN | ACK, 'FinWithoutFinp',
           [errno.EBADMSG])
unfinished('FIN before the last byte', lambda m: m[:-1], FIN | ACK, 'FinWithoutFinp',
           [errno.EBADMSG])
unfinished('RST instead', lambda m: b'', RST | ACK, None, [errno.ECONNRESET])
unfinished('RST in the middle', lambda m: m[:30], RST | ACK, None, [errno.ECONNRESET])


async def fin_behind(p):
    """All of the message, and FIN: no FINp can follow."""
    await negotiate(p)

    async def send(m):
        p.send(PSH | ACK | FIN, m)
    await p.key_exchange(send=send)
    await p.is_reset(errno.EBADMSG)

both('FIN on its last byte', fin_behind, ['Established', 'FinWithoutFinp'])


async def session_differs(p):
    """An ENO option altered on the way: the keys differ, no data gets through."""
    await negotiate(p)
    p.eno_a = p.eno_a[:-1] + b'\x7f'
    await p.key_exchange()
    await p.ready()
    p.frame(b'nobody can read this')
    await p.is_reset(errno.EBADMSG)

both('ENO altered on the way: no data passes', session_differs,
     ['Established', 'FrameAuthFailed'])


@outcome('Init1: garbage behind it', 'Established', 'FrameMalformed')
async def _(p):
    await negotiate(p)

    async def send(m):
        p.write(m + bytes(40))
    await p.key_exchange(send=send)
    await p.is_reset(errno.EBADMSG)


@outcome('Init1: a second Init1 behind it', 'Established', 'FrameAuthFailed')
async def _(p):
    await negotiate(p)

    async def send(m):
        p.write(m + m + bytes(6000))
    await p.key_exchange(send=send)
    await p.is_reset(errno.EBADMSG)


@outcome('Init1: aborted before accept()', PROTO)
async def _(p):
    await p.open_passive()
    p.write(b'not an Init message')
    await p.reset()
    try:
        await p.accepted()
    except ConnectionAbortedError:
        return
    await p.error(errno.EPROTO)


other_length(tc.P256, [])
other_length(tc.P521, ['p521'])
