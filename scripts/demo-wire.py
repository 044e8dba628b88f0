# SPDX-License-Identifier: GPL-2.0-only
"""Show what a capture tells a reader of the wire.

demo-wire.py CAPTURE plain|encrypted MARK [PLAIN-CAPTURE]: prints what the
client sent first and a piece of what the server (port 80) sent, beside the same
of PLAIN-CAPTURE; fails unless MARK was readable (plain) or was not (encrypted).
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


def readable_text(data):
    """What a terminal shows of it."""
    return "".join(chr(c) if 32 <= c < 127 else "." for c in data)


def show(what, data, plain):
    """Print 16 bytes a line, in hexadecimal and as text, and those of plain."""
    print("      %-66s  plain TCP had" % what if plain else "      " + what)
    for i in range(0, len(data), 16):
        part = data[i:i + 16]
        line = "         %-47s  %-16s" % (part.hex(" "), readable_text(part))
        print(line + (" |  " + readable_text(plain[i:i + 16]) if plain else ""))


def pieces(path):
    """Return all segments, the client's first bytes, some of the server's."""
    segments = [(s, p) for s, p in payloads(path) if p]
    server = [p for s, p in segments if s]
    client = [p for s, p in segments if not s]
    if not server or not client:
        sys.exit("no data in " + path)
    return segments, client[0][:32], max(server, key=len)[256:304]


def main():
    path, kind, mark = sys.argv[1:4]
    plain = pieces(sys.argv[4])[1:] if len(sys.argv) > 4 else (None, None)
    segments, first, middle = pieces(path)
    readable = any(mark.encode() in p for s, p in segments if s)
    show("the client's first bytes", first, plain[0])
    show("from the middle of the file", middle, plain[1])
    print("      \"%s...\" is %s in the %d segments of the capture"
          % (mark[:20], "READABLE" if readable else "nowhere", len(segments)))
    if readable != (kind == "plain"):
        sys.exit(1)


main()
