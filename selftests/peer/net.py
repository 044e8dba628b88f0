# SPDX-License-Identifier: GPL-2.0-only
"""TCP segments over a tun device: the kernel under test is at one end, and at
the other every bit of every segment is the test's.
"""
import asyncio
import ctypes
import fcntl
import os
import socket
import struct
import subprocess

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << i for i in range(8))
ENO = 69

KERNEL = {4: '10.88.0.1', 6: 'fd88::1'}
PEER = {4: '10.88.0.2', 6: 'fd88::2'}
AF = {4: socket.AF_INET, 6: socket.AF_INET6}
PORT = 7000             # where the kernel listens
EXCLUDED = 9993         # and on a port of exclude_ports

LIMIT = 20              # seconds for anything that is to happen

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The kernel did something else."""


def check(ok, what):
    if not ok:
        raise Failure(what)


# ------------------------------------------------------------------ options

def eno(contents=b''):
    return bytes([ENO, len(contents) + 2]) + contents


MSS = b'\x02\x04\x05\xb4'
EMPTY_ENO = eno()


def pad(options):
    return options + b'\x01' * (-len(options) % 4)


def split_options(field):
    """The options as TCP reads them, padding left out."""
    found, pos = [], 0
    while pos < len(field):
        kind = field[pos]
        if kind == 0:
            break
        if kind == 1:
            pos += 1
            continue
        if pos + 1 >= len(field) or field[pos + 1] < 2:
            break
        found.append(field[pos:pos + field[pos + 1]])
        pos += field[pos + 1]
    return found


# ------------------------------------------------------------------ packets

def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


class Segment:
    """A TCP segment the kernel sent."""

    def __init__(self, family, tcp):
        self.family = family
        (self.sport, self.dport, self.seq, self.ack, off, self.flags, self.window, _,
         self.urgent) = struct.unpack_from('>HHIIBBHHH', tcp)
        self.options = split_options(tcp[20:(off >> 4) * 4])
        self.data = tcp[(off >> 4) * 4:]

    @property
    def eno(self):
        """The one ENO option, or None."""
        found = [o for o in self.options if o[0] == ENO]
        check(len(found) < 2, 'the kernel sends two ENO options')
        return found[0] if found else None

    def has(self, flags):
        return self.flags & flags == flags

    def __repr__(self):
        names = ''.join(c for i, c in enumerate('FSRPAUEC') if self.flags >> i & 1)
        return '<%s seq=%d ack=%d len=%d %s>' % (
            names, self.seq, self.ack, len(self.data),
            ' '.join(o.hex() for o in self.options))


def packet(family, sport, dport, seq, ack, flags, options, data, window=65535,
           urgent=0, damage=False, src=None):
    options = pad(options)
    header = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff,
                         (20 + len(options)) // 4 << 4, flags, window, 0, urgent)
    tcp = header + options + data
    source = src or socket.inet_pton(AF[family], PEER[family])
    dest = socket.inet_pton(AF[family], KERNEL[family])
    pseudo = source + dest + (struct.pack('>BBH', 0, 6, len(tcp)) if family == 4 else
                              struct.pack('>IHBB', len(tcp), 0, 0, 6))
    csum = checksum(pseudo + tcp) ^ (0x5555 if damage else 0)
    tcp = tcp[:16] + struct.pack('>H', csum) + tcp[18:]
    if family == 6:
        return struct.pack('>IHBB', 0x60000000, len(tcp), 6, 64) + source + dest + tcp
    ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0)
    ip += source + dest
    return ip[:10] + struct.pack('>H', checksum(ip)) + ip[12:] + tcp


def parse(data):
    """A Segment, or None for anything else."""
    if data[0] >> 4 == 4 and data[9] == 6:
        return Segment(4, data[(data[0] & 15) * 4:struct.unpack_from('>H', data, 2)[0]])
    if data[0] >> 4 == 6 and data[6] == 6:
        return Segment(6, data[40:40 + struct.unpack_from('>H', data, 4)[0]])
    return None


# -------------------------------------------------------------------- hosts

class Host:
    """A network namespace with the kernel's TCP, and a tun device to it."""

    next_port = 20000

    def __init__(self):
        self.loop = asyncio.get_running_loop()
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'unshare')
        self.ns = os.open('/proc/thread-self/ns/net', os.O_RDONLY)
        self.tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack('16sH', b'tun0', IFF_TUN | IFF_NO_PI))
        self.sysctl('net/ipv6/conf/tun0/accept_ra', 0)
        self.sysctl('net/ipv6/conf/tun0/accept_dad', 0)
        self.sysctl('net/ipv6/conf/tun0/router_solicitations', 0)
        subprocess.run(['ip', '-batch', '-'], check=True, text=True, input=(
            'link set lo up\n'
            f'addr add {KERNEL[4]}/24 dev tun0\n'
            f'addr add {KERNEL[6]}/64 dev tun0 nodad\n'
            'link set tun0 up\n'
            'route add 10.99.0.0/16 dev tun0\n'
            'route add fd99::/16 dev tun0\n'))
        self.mibs = os.open('/proc/thread-self/net/tcpcrypt_stat', os.O_RDONLY)
        self.conns = {}
        self.listeners = {}
        for family in (4, 6):
            for port in (PORT, EXCLUDED):
                self.listeners[family, port] = self.listen(family, port)
        self.loop.add_reader(self.tun, self.readable)

    def enter(self):
        if libc.setns(self.ns, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')

    def sysctl(self, name, value):
        self.enter()
        with open('/proc/sys/' + name, 'w', encoding='ascii') as f:
            f.write(str(value))

    def socket(self, family):
        self.enter()
        s = socket.socket(AF[family], socket.SOCK_STREAM)
        s.setblocking(False)
        return s

    def listen(self, family, port):
        s = self.socket(family)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((KERNEL[family], port))
        s.listen(128)
        return s

    def counters(self):
        os.lseek(self.mibs, 0, os.SEEK_SET)
        text = b''
        while True:
            part = os.read(self.mibs, 65536)
            if not part:
                break
            text += part
        return {k.rstrip(':'): int(v) for k, v in
                (line.split()[:2] for line in text.decode().splitlines())}

    def port(self):
        Host.next_port += 1
        return Host.next_port

    def readable(self):
        while True:
            try:
                data = os.read(self.tun, 70000)
            except BlockingIOError:
                return
            seg = parse(data)
            if not seg:
                continue
            conn = self.conns.get((seg.family, seg.dport))
            if conn:
                conn.input(seg)

    def inject(self, data):
        os.write(self.tun, data)


class Conn:
    """The peer's end of one connection. It answers nothing by itself but data
    and FIN, which it acknowledges unless told not to."""

    def __init__(self, host, family, dport=PORT):
        self.host = host
        self.family = family
        self.sport = host.port()
        self.dport = dport
        self.isn = int.from_bytes(os.urandom(4), 'big')
        self.snd = self.isn         # next sequence number to send
        self.rcv = None             # next one expected
        self.segs = []              # all the kernel sent
        self.stream = bytearray()   # its data, in order
        self.taken = 0
        self.fin = False
        self.rst = False
        self.auto_ack = True
        self.waiters = []
        self.ack_options = b''      # for the segments auto_ack sends
        host.conns[family, self.sport] = self

    # ---- receiving

    def input(self, seg):
        self.segs.append(seg)
        if seg.flags & RST:
            self.rst = True
        elif seg.flags & SYN:
            self.rcv = (seg.seq + 1) & 0xffffffff
        elif self.rcv is not None:
            self.input_data(seg)
        for w in self.waiters:
            if not w.done():
                w.set_result(None)
        self.waiters.clear()

    def input_data(self, seg):
        skip = (self.rcv - seg.seq) & 0xffffffff
        length = len(seg.data) + seg.has(FIN)
        if skip <= len(seg.data):
            fresh = seg.data[skip:]
            self.stream += fresh
            self.rcv = (self.rcv + len(fresh)) & 0xffffffff
            if seg.has(FIN) and not self.fin:
                self.fin = True
                self.rcv = (self.rcv + 1) & 0xffffffff
        if length and self.auto_ack:
            self.send(ACK, options=self.ack_options)

    async def until(self, ready, what, limit=LIMIT):
        """Wait until ready() is not false, and return it."""
        end = self.host.loop.time() + limit
        while True:
            value = ready()
            if value:
                return value
            w = self.host.loop.create_future()
            self.waiters.append(w)
            try:
                await asyncio.wait_for(w, max(end - self.host.loop.time(), 0.001))
            except asyncio.TimeoutError:
                raise Failure('no %s within %d s; the kernel sent %r' % (
                    what, limit, self.segs[-6:])) from None

    async def seg(self, match, what, after=0):
        """The first segment from number after on that matches."""
        return await self.until(
            lambda: next((s for s in self.segs[after:] if match(s)), None), what)

    async def read(self, n, what='data'):
        """The next n bytes of the kernel's stream."""
        await self.until(lambda: len(self.stream) >= self.taken + n, what)
        data = bytes(self.stream[self.taken:self.taken + n])
        self.taken += n
        return data

    async def reset(self):
        await self.until(lambda: self.rst, 'RST')

    async def silence(self, seconds=0.2):
        await asyncio.sleep(seconds)

    # ---- sending

    def send(self, flags, data=b'', options=b'', seq=None, ack=None, **more):
        """One segment, exactly as told; without seq it is the next one."""
        first = self.snd if seq is None else seq
        if seq is None:
            self.snd = (self.snd + len(data) + bool(flags & SYN) + bool(flags & FIN)) \
                & 0xffffffff
        if ack is None:
            ack = self.rcv or 0
        self.host.inject(packet(self.family, self.sport, self.dport, first,
                                ack if flags & ACK else 0, flags, options, data, **more))

    def write(self, data, options=b'', mss=1400, flags=PSH | ACK):
        for i in range(0, len(data), mss):
            self.send(flags, data[i:i + mss], options)

    def syn(self, options, data=b'', flags=SYN, **more):
        """A SYN, first or again."""
        self.send(flags, data, options, seq=self.isn, **more)
        self.snd = (self.isn + 1) & 0xffffffff

    async def synack(self, after=0):
        return await self.seg(lambda s: s.has(SYN | ACK), 'SYN-ACK', after)

    def abort(self):
        """Let the kernel forget the connection, whatever its state."""
        if self.rcv is not None and not self.rst:
            self.send(RST | ACK)
        self.host.conns.pop((self.family, self.sport), None)


async def within(limit, what, awaitable):
    """Its result, or a Failure; the kernel's ETIMEDOUT is a TimeoutError, too."""
    try:
        return await asyncio.wait_for(awaitable, limit)
    except TimeoutError as e:
        if e.errno:
            raise
        raise Failure(what + ' did not return') from None


class App:
    """The application's socket, at the kernel's end."""

    def __init__(self, host, sock):
        self.host = host
        self.sock = sock

    async def recv(self, n=65536, limit=LIMIT):
        return await within(limit, 'recv()', self.host.loop.sock_recv(self.sock, n))

    async def read(self, n, limit=LIMIT):
        data = b''
        while len(data) < n:
            part = await self.recv(n - len(data), limit)
            check(part, 'EOF after %d of %d bytes' % (len(data), n))
            data += part
        return data

    async def send(self, data, limit=LIMIT):
        await within(limit, 'send()', self.host.loop.sock_sendall(self.sock, data))

    def close(self):
        self.sock.close()


async def accept(host, conn, limit=LIMIT):
    """The child that conn's third segment made."""
    listener = host.listeners[conn.family, conn.dport]
    while True:
        sock, addr = await within(limit, 'accept()', host.loop.sock_accept(listener))
        if addr[1] == conn.sport:
            return App(host, sock)
        sock.close()


async def connect(host, conn, before=None, **options):
    """Start an active open towards conn; its SYN is conn.segs[0]."""
    sock = host.socket(conn.family)
    if before:
        before(sock)
    app = App(host, sock)
    sock.bind((KERNEL[conn.family], 0))
    conn.dport = sock.getsockname()[1]
    app.connecting = asyncio.ensure_future(
        host.loop.sock_connect(sock, (PEER[conn.family], conn.sport)))
    syn = await conn.seg(lambda s: s.has(SYN) and not s.has(ACK), 'SYN')
    return app, syn
