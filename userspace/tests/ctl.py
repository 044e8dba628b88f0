#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Speak the bytes of tcpcryptd's control socket, as the programs of 2010-2016 do
and as they never would. Prints TAP.

    ctl.py ADDRESS LOCAL:PORT REMOTE:PORT SESSID    a connection of this host
    ctl.py ADDRESS --hostile                        no connection is needed
    ctl.py ADDRESS --get OPT LPORT [RADDR:RPORT LADDR]
    ctl.py ADDRESS --set OPT LPORT VALUE
"""
import os
import signal
import socket
import struct
import sys
import time

HEADER = struct.Struct("=I4sHxx4sHxxIIII")
GET, SET = 0, 2
ENABLE, CMODE, SESSID, RSA, APP, RESET, NOCACHE, NETSTAT = 0, 1, 2, 3, 15, 100, 101, 102
FAILED = 0xffffffff
points = failures = 0


def ok(good, what):
    global points, failures
    points += 1
    failures += not good
    print(("ok" if good else "not ok"), points, "-", what, flush=True)


class Client:
    def __init__(self, address, wait=45):
        if address.startswith(":"):
            self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.to = ("127.0.0.1", int(address[1:]))
        else:
            self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.s.bind("")
            # An abstract name has two zero bytes at its end
            self.to = address if address[0] == "/" else "\0" + address[1:] + "\0\0"
        self.s.settimeout(wait)
        self.seq = 0

    def send(self, opt, data=b"", flags=GET, src=("0.0.0.0", 0), dst=("0.0.0.0", 0)):
        self.seq += 1
        head = HEADER.pack(self.seq, socket.inet_aton(src[0]), socket.htons(src[1]),
                           socket.inet_aton(dst[0]), socket.htons(dst[1]),
                           flags, 0, opt, len(data))
        self.s.sendto(head + data, self.to)
        return head

    def recv(self):
        r = self.s.recv(65536)
        fields = HEADER.unpack(r[:36])
        return r, fields[6], fields[8], r[36:]

    def ask(self, *args, **kw):
        """The whole reply, its err, its dlen, its data"""
        self.send(*args, **kw)
        return self.recv()


def i32(n):
    return struct.pack("=i", n)


def test_connection(c, src, dst, sid):
    head = c.send(SESSID, bytes(64), src=src, dst=dst)
    r, err, dlen, data = c.recv()
    ok(r[:24] == head[:24] and r[28:32] == head[28:32], "the header is repeated")
    ok(err == 0 and dlen == 33 and data.hex() == sid, "the session ID")
    r, err, dlen, data = c.ask(SESSID, bytes(20), src=src, dst=dst)
    ok(err == 0 and data.hex() == sid[:40], "as much of it as there is room for")
    r, err, dlen, data = c.ask(ENABLE, bytes(8), src=src, dst=dst)
    ok(err == 0 and data == i32(1), "ENABLE has four bytes")
    r, err, dlen, data = c.ask(ENABLE, bytes(2), src=src, dst=dst)
    ok(err == 0 and data == i32(1)[:2], "or fewer")
    r, err, dlen, data = c.ask(APP, bytes(34), src=src, dst=dst)
    ok(err == 0 and data[1:].hex() == sid, "APP_SUPPORT and the session ID")
    r, err, dlen, data = c.ask(APP, bytes(33), src=src, dst=dst)
    ok(err == FAILED and dlen == 33, "APP_SUPPORT takes 34 bytes")
    for opt, name in (CMODE, "CMODE"), (RSA, "RSA_KEY"), (RESET, "RESET"), (NOCACHE, "NOCACHE"), (77, "77"):
        fill = os.urandom(64)
        r, err, dlen, data = c.ask(opt, fill, src=src, dst=dst)
        ok(err == FAILED and dlen == 64 and data == fill, f"{name} of a connection fails, data repeated")
    r, err, dlen, data = c.ask(ENABLE, i32(0), flags=SET, src=src, dst=dst)
    ok(err == 0 and data == i32(0), "ENABLE on a connection is taken and ignored")
    r, err, dlen, data = c.ask(SESSID, bytes(33), src=src, dst=dst)
    ok(err == 0, "it is still encrypted")
    for opt, name in (SESSID, "SESSID"), (RESET, "RESET"), (NOCACHE, "NOCACHE"), (CMODE, "CMODE"):
        r, err, dlen, data = c.ask(opt, i32(1), flags=SET, src=src, dst=dst)
        ok(err == FAILED, f"setting {name} of a connection fails")
    want = socket.inet_aton(src[0]) + struct.pack(">H", src[1]) + b"\0\0" + \
        socket.inet_aton(dst[0]) + struct.pack(">HH", dst[1], 33) + bytes.fromhex(sid)
    r, err, dlen, data = c.ask(NETSTAT, bytes(1200))
    ok(err == 0 and len(data) % 49 == 0 and want in data, "NETSTAT has it")
    n = len(data)
    r, err, dlen, data = c.ask(NETSTAT, bytes(n - 1))
    ok(err == 0 and len(data) == n - 49, "NETSTAT has whole entries only")
    r, err, dlen, data = c.ask(NETSTAT, bytes(10))
    ok(err == 0 and dlen == 0, "NETSTAT without room")


def test_slots(c):
    src = ("0.0.0.0", 4242)
    r, err, dlen, data = c.ask(ENABLE, bytes(4), src=src)
    ok(err == 0 and data == i32(1), "an unknown port is enabled")
    r, err, dlen, data = c.ask(ENABLE, bytes(4))
    ok(err == FAILED, "no port fails")
    r, err, dlen, data = c.ask(SESSID, bytes(33), src=src)
    ok(err == FAILED and dlen == 33, "no session ID before connect()")
    r, err, dlen, data = c.ask(CMODE, i32(7), flags=SET, src=src)
    ok(err == 0 and data == i32(7), "CMODE is set")
    r, err, dlen, data = c.ask(CMODE, bytes(4), src=src)
    ok(err == 0 and data == i32(7), "and kept")
    r, err, dlen, data = c.ask(NOCACHE, i32(1)[:1], flags=SET, src=src)
    ok(err == 0, "one byte of NOCACHE")
    r, err, dlen, data = c.ask(NOCACHE, bytes(4), src=src)
    ok(err == 0 and data == i32(1), "is enough")
    r, err, dlen, data = c.ask(APP, i32(1), flags=SET, src=src)
    ok(err == 0, "APP_SUPPORT is set")
    r, err, dlen, data = c.ask(ENABLE, bytes(5), flags=SET, src=src)
    ok(err == FAILED, "five bytes are too many")
    r, err, dlen, data = c.ask(RESET, b"", flags=SET, src=src)
    ok(err == 0, "RESET")
    r, err, dlen, data = c.ask(CMODE, bytes(4), src=src)
    ok(err == 0 and data == i32(0), "forgets")
    r, err, dlen, data = c.ask(RESET, b"", flags=SET, src=src)
    ok(err == FAILED, "and fails with nothing to forget")


def alive(address, what):
    """Datagrams over UDP may be lost, those of a question like any other"""
    why = None
    for _ in range(6):
        try:
            ok(Client(address, 10).ask(NETSTAT, bytes(100))[1] == 0, what)
            return
        except OSError as e:
            why = e
    ok(False, f"{what}: {why}")


def test_hostile(address):
    c = Client(address)
    raw = c.s
    for n in 0, 1, 35, 37, 4096, 5000, 60000:
        raw.sendto(bytes(n), c.to)
    head = bytearray(36)
    for dlen in 1, 0xffffffff, 0x7fffffff, 4060:
        head[32:36] = struct.pack("=I", dlen)
        raw.sendto(bytes(head), c.to)
    raw.settimeout(0.5)
    try:
        raw.recv(100)
        ok(False, "nonsense is not answered")
    except TimeoutError:
        ok(True, "nonsense is not answered")
    alive(address, "after datagrams of every wrong size")
    if not address.startswith(":"):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(bytes(36), c.to)
        alive(address, "after a sender without a name")
        s = Client(address)
        fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
        s.s.sendmsg([bytes(36)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                   struct.pack("20i", *fds))], 0, s.to)
        alive(address, "after file descriptors")
    for _ in range(100):
        gone = Client(address)
        gone.send(NETSTAT, bytes(1200))
        gone.s.close()
    alive(address, "after senders that are gone")
    test_flood(address)


def flood(address, to):
    """For whom it is: in each second, how many datagrams were sent, and never a reply read"""
    deaf = Client(address)
    deaf.s.setblocking(False)
    while True:
        sent, end = 0, time.monotonic() + 1
        while time.monotonic() < end:
            try:
                deaf.send(NETSTAT, bytes(1200))
                sent += 1
            except OSError:     # the daemon's queue is full
                time.sleep(0.0005)
        os.write(to, struct.pack("=I", sent))


def test_flood(address):
    """A thousand datagrams in a second from one, and others are answered meanwhile"""
    numbers, to = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            flood(address, to)
        finally:
            os._exit(1)
    os.close(to)
    sent = slowest = 0
    end = time.monotonic() + 30
    while sent < 1000 and time.monotonic() < end:
        begin = time.monotonic()
        alive(address, "another is answered during a flood")
        slowest = max(slowest, time.monotonic() - begin)
        number = os.read(numbers, 4)
        if not number:
            break
        sent = struct.unpack("=I", number)[0]
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    ok(sent >= 1000, f"a flood from a sender that does not read ({sent} datagrams in a "
       f"second, another waited for {slowest * 1000:.0f} ms)")
    alive(address, "after the flood")


def test_list(c, src, sid):
    body = struct.pack("=IIQII", 1, 0, 0, 32000, 0)
    r, err, dlen, data = c.ask(1000, body)
    version, count, after = struct.unpack("=IIQ", data[:16])
    ok(err == 0 and version == 1 and count and len(data) == 16 + 128 * count, "the long list")
    ok(bytes.fromhex(sid) in data, "has the session")
    seen, after = [], 0
    while True:
        r, err, dlen, data = c.ask(1000, struct.pack("=IIQII", 1, 0, after, 16 + 128, 0))
        version, n, after = struct.unpack("=IIQ", data[:16])
        if n:
            seen.append(struct.unpack("=Q", data[16:24])[0])
        if not after or len(seen) > count:
            break
    ok(len(set(seen)) == count, "page by page it is the same")
    for bad in b"", body[:23], struct.pack("=IIQII", 2, 0, 0, 32000, 0), struct.pack("=IIQII", 1, 0, 0, 3, 0):
        ok(c.ask(1000, bad)[1] != 0, "a wrong request for it")


def end(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def main():
    address, args = sys.argv[1], sys.argv[2:]
    c = Client(address)
    if args[0] == "--get":
        src = (args[4] if len(args) > 4 else "0.0.0.0", int(args[2]))
        dst = end(args[3]) if len(args) > 3 else ("0.0.0.0", 0)
        r, err, dlen, data = c.ask(int(args[1]), bytes(64), src=src, dst=dst)
        print(err, data.hex() if not err else "")
    elif args[0] == "--set":
        r, err, dlen, data = c.ask(int(args[1]), i32(int(args[3])), flags=SET, src=("0.0.0.0", int(args[2])))
        print(err)
    elif args[0] == "--hostile":
        test_slots(c)
        test_hostile(address)
        print(f"1..{points}")
        sys.exit(bool(failures))
    else:
        test_connection(c, end(args[0]), end(args[1]), args[2].lower())
        test_slots(c)
        test_list(c, end(args[0]), args[2].lower())
        test_hostile(address)
        print(f"1..{points}")
        sys.exit(bool(failures))


main()
