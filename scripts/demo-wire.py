# SPDX-License-Identifier: GPL-2.0-only
"""Show what a capture tells a reader of the wire.

demo-wire.py CAPTURE plain|encrypted MARK: prints the first bytes of the data
the server (port 80) sent, and the packet count; fails unless MARK was readable
(plain) or was not (encrypted).
"""

import struct
import sys


def payloads(path):
    """Yield (from_server, payload) for each TCP segment of an Ethernet pcap."""
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    pos = 24
    while pos + 16 <= len(data):
        length = struct.unpack_from(order + "I", data, pos + 8)[0]
        frame = data[pos + 16:pos + 16 + length]
        pos += 16 + length
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        ip = frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]
        if len(ip) < 40:
            # A segment the card will cut has no length of its own yet.
            ip = frame[14:]
        tcp = ip[(ip[0] & 15) * 4:]
        yield tcp[:2] == b"\x00\x50", tcp[(tcp[12] >> 4) * 4:]


def show(what, data):
    print("      " + what)
    for i in range(0, len(data), 16):
        part = data[i:i + 16]
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in part)
        print("         %-47s  %s" % (part.hex(" "), text))


def main():
    path, kind, mark = sys.argv[1:]
    segments = [(s, p) for s, p in payloads(path) if p]
    if not segments:
        sys.exit("no data in " + path)
    server = [p for s, p in segments if s]
    readable = any(mark.encode() in p for p in server)
    show("the client's first bytes:", next(p for s, p in segments if not s)[:32])
    longest = max(server, key=len)
    show("from the middle of the file:", longest[256:304])
    print("      \"%s...\" is %s in the %d segments of the capture"
          % (mark[:20], "READABLE" if readable else "nowhere", len(segments)))
    if readable != (kind == "plain"):
        sys.exit(1)


main()
