# SPDX-License-Identifier: GPL-2.0-only
"""A host that speaks TCP-ENO and tcpcrypt, in either role, well or badly; and
what a test may say about how a connection turned out.
"""
import asyncio
import errno
import socket
import struct

import proto as tc
from net import (ACK, EMPTY_ENO, FIN, MSS, PSH, SYN, App, Conn, Failure, accept, check,
                 connect, eno, within)

TCP_ENO_SESSID = 0x454e00 + 2
ALL_CIPHERS = [tc.AES128, tc.AES256, tc.CHACHA]


def session_id(sock):
    """What the kernel says, or None on a plain socket."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, TCP_ENO_SESSID, 64)
    except OSError:
        return None


class Peer(Conn):
    """A connection, and the tcpcrypt state of the peer's end of it."""

    def __init__(self, host, family, **more):
        super().__init__(host, family, **more)
        self.app = None
        self.active = True          # the peer's end: does it send the SYN?
        self.role_a = True
        self.tep = tc.X25519
        self.eno_a = self.eno_b = b''
        self.session = None
        self.tx = self.rx = None
        self.kernel_fin = False     # its FINp has come

    # ------------------------------------------------------- negotiation

    async def open_passive(self, option=eno(b'\x23'), third=True, options=MSS, data=b'',
                           flags=SYN):
        """The kernel listens: SYN, SYN-ACK, and the third segment."""
        self.active = True
        self.eno_a = option
        self.syn(options + option, data, flags)
        synack = await self.synack()
        check(synack.ack == (self.isn + 1) & 0xffffffff,
              'the SYN-ACK acknowledges more than the SYN')
        self.eno_b = synack.eno or b''
        if third:
            self.send(ACK, options=EMPTY_ENO if self.eno_b else b'')
        return synack

    def negotiated(self):
        """What the kernel chose, as B: exactly one TEP, b = 1, z = 0."""
        check(self.eno_b, 'the SYN-ACK has no ENO option')
        body = self.eno_b[2:]
        check(body[0] < 0x20 and body[0] & 1, 'B sends its global suboption, b = 1')
        check(not body[0] & 0x1c, 'the z bits are zero')
        check(body[1] & 0x7f in tc.FIELD_LEN, 'B sends a TEP')
        self.tep = body[1] & 0x7f
        return body[1]

    async def open_active(self, option=eno(b'\x01\x23'), before=None, options=MSS,
                          third=True):
        """The kernel connects: its SYN, our SYN-ACK, its third segment."""
        self.active = self.role_a = False
        self.app, syn = await connect(self.host, self, before)
        self.eno_a = syn.eno or b''
        self.eno_b = option or b''
        n = len(self.segs)
        self.send(SYN | ACK, options=options + self.eno_b)
        if third:
            return syn, await self.seg(lambda s: s.has(ACK) and not s.has(SYN),
                                       'third segment', n)
        return syn, None

    async def connected(self):
        """The application's connect() has returned."""
        await within(20, 'connect()', asyncio.shield(self.app.connecting))

    async def accepted(self):
        if not self.app:
            self.app = await accept(self.host, self)

    async def ready(self):
        if self.active:
            await self.accepted()
        else:
            await self.connected()

    # ------------------------------------------------------ key exchange

    async def key_exchange(self, **more):
        if self.role_a:
            await self.as_a(**more)
        else:
            await self.as_b(**more)

    async def as_a(self, ciphers=None, ignored=b'', send=None, pair=None, field=None,
                   options=b'', **wrong):
        """Host A: Init1, then what Init2 says."""
        self.negotiated()
        pair = pair or tc.key_pair(self.tep)
        n_a = tc.random_bytes(32)
        ciphers = ALL_CIPHERS if ciphers is None else ciphers
        m1 = tc.init1(ciphers, n_a, pair.field if field is None else field, ignored, **wrong)
        if send:
            await send(m1)
        else:
            self.write(m1, options)
        m2 = await self.read_init()
        cipher, _, pub = tc.parse_init2(self.tep, m2)
        check(cipher in ciphers, 'B chose a cipher A did not offer')
        self.derive(pair.agree(pub), n_a, m1, m2, cipher)

    async def as_b(self, cipher=None, ignored=b'', send=None, pair=None, field=None,
                   early=False, **wrong):
        """Host B: Init1, and Init2 for an answer. early: do not wait for Init1."""
        self.tep = self.tep_of_b()
        pair = pair or tc.key_pair(self.tep)
        n_b = tc.random_bytes(32)
        m1 = b'' if early else await self.read_init()
        if cipher is None:
            cipher = tc.AES128 if early else tc.parse_init1(self.tep, m1)[0][0]
        m2 = tc.init2(cipher, n_b, pair.field if field is None else field, ignored, **wrong)
        if send:
            await send(m2)
        else:
            self.write(m2)
        if early:
            m1 = await self.read_init()
        _, n_a, pub = tc.parse_init1(self.tep, m1)
        self.derive(pair.agree(pub), n_a, m1, m2, cipher)

    def tep_of_b(self):
        """The negotiated TEP of an ordinary SYN-ACK of ours: its last one."""
        return self.eno_b[-1] & 0x7f if self.tep is None else self.tep

    async def read_init(self):
        header = await self.read(8, 'Init message')
        length = struct.unpack('>II', header)[1]
        check(length < 4096, 'an Init message of %d bytes' % length)
        rest = await self.read(length - 8, 'all of the Init message')
        # Section 3.3: PSH on the segment that holds the last byte.
        check(any(s.data and s.flags & PSH for s in self.segs),
              'no PSH on the end of the Init message')
        return header + rest

    def derive(self, es, n_a, m1, m2, cipher):
        transcript = self.eno_a + self.eno_b
        ss = tc.prk(n_a, transcript, m1, m2, es)
        self.session = tc.Session(self.tep, ss, cipher)
        of_a = self.role_a
        self.tx = self.session.stream(of_a, len(m1 if of_a else m2))
        self.rx = self.session.stream(not of_a, len(m2 if of_a else m1))

    # ------------------------------------------------------------- frames

    async def read_frame(self):
        """(rekey, flags, urgent, data) of the kernel's next frame."""
        header = await self.read(3, 'frame')
        rest = await self.read(struct.unpack('>H', header[1:])[0], 'all of a frame')
        check(not self.kernel_fin, 'a frame behind the one with FINp')
        try:
            frame = self.rx.open(header + rest)
        except tc.InvalidTag:
            raise Failure("the kernel's frame does not authenticate") from None
        self.kernel_fin = bool(frame[1] & tc.FINP)
        return frame

    async def read_data(self, n):
        data = b''
        while len(data) < n:
            data += (await self.read_frame())[3]
        return data

    def frame(self, data=b'', **more):
        self.write(self.tx.seal(data, **more))

    # ----------------------------------------------------------- outcomes

    async def is_encrypted(self):
        """Both ends agree on the session, and data comes through both ways."""
        await self.ready()
        await self.app.send(b'from the kernel')
        check(await self.read_data(15) == b'from the kernel', 'data to the peer')
        self.frame(b'from the peer')
        check(await self.app.read(13) == b'from the peer', 'data from the peer')
        check(session_id(self.app.sock) == self.session.session_id, 'session IDs differ')

    async def is_plain(self, reads=b'from the peer'):
        """Ordinary TCP, with no more ENO options from the kernel."""
        await self.ready()
        n = len(self.segs)
        await self.app.send(b'from the kernel')
        check(await self.read(15) == b'from the kernel', 'plain data to the peer')
        self.write(b'from the peer')
        check(await self.app.read(len(reads)) == reads, 'plain data from the peer')
        check(session_id(self.app.sock) is None, 'a plain socket has a session ID')
        check(not any(s.eno for s in self.segs[n:]), 'ENO options on a plain connection')

    async def is_reset(self, *errors):
        """RST on the wire; an error, not an EOF, and not once only."""
        try:
            await self.ready()
        except OSError as e:
            check(e.errno in errors, 'connect() failed with %r' % e)
        else:
            await self.error(*errors)
        await self.reset()
        await self.error(*errors)

    async def error(self, *errors):
        try:
            data = await self.app.recv()
        except OSError as e:
            check(e.errno in errors, 'recv() failed with %s, not %s' % (
                errno.errorcode.get(e.errno), '/'.join(errno.errorcode[i] for i in errors)))
            return
        check(False, 'recv() returned %s' % (data if data else 'EOF'))

    async def encrypt(self, **more):
        """An ordinary connection up to where frames can flow."""
        if self.active:
            await self.open_passive()
        else:
            await self.open_active()
        await self.key_exchange(**more)
        await self.ready()

    def done(self):
        self.abort()
        if self.app:
            if hasattr(self.app, 'connecting'):
                self.app.connecting.cancel()
            self.app.close()


__all__ = ['ALL_CIPHERS', 'ACK', 'FIN', 'PSH', 'SYN', 'App', 'Peer', 'session_id']
