#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The Wireshark dissector on a capture made of the test vectors: each key exchange
as a connection, cut into segments in odd places. Prints TAP.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LUA = os.path.join(TOP, "userspace/wireshark/tcpcrypt.lua")
VECTORS = json.load(open(os.path.join(TOP, "selftests/vectors/tcpcrypt-vectors.json")))
SYN, ACK, PSH = 2, 16, 8
points = failures = 0


def ok(good, what):
    global points, failures
    points += 1
    failures += not good
    print("ok" if good else "not ok", points, "-", what)


class Capture:
    def __init__(self, path):
        self.f = open(path, "wb")
        self.f.write(struct.pack("=IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        self.n = 0

    def segment(self, port, a_to_b, seq, ack, flags, options=b"", data=b"", dport=7000):
        options += b"\1" * (-len(options) % 4)
        src, dst = (port, dport) if a_to_b else (dport, port)
        tcp = struct.pack(">HHIIBBHHH", src, dst, seq, ack, (5 + len(options) // 4) << 4,
                          flags, 65535, 0, 0) + options + data
        addr = [b"\x0a\0\0\1", b"\x0a\0\0\2"]
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + \
            b"".join(addr if a_to_b else addr[::-1])
        self.n += 1
        self.f.write(struct.pack("=IIII", self.n, 0, len(ip + tcp), len(ip + tcp)) + ip + tcp)


def connection(cap, port, k, step):
    eno_a, eno_b = bytes.fromhex(k["eno_a"]), bytes.fromhex(k["eno_b"])
    cap.segment(port, True, 999, 0, SYN, eno_a)
    cap.segment(port, False, 4999, 1000, SYN | ACK, eno_b)
    cap.segment(port, True, 1000, 5000, ACK, bytes([69, 2]))
    a = bytes.fromhex(k["init1"]) + b"".join(bytes.fromhex(f["frame"]) for f in k["frames_ab"])
    b = bytes.fromhex(k["init2"]) + b"".join(bytes.fromhex(f["frame"]) for f in k["frames_ba"])
    for stream, a_to_b, seq, ack in (a, True, 1000, 5000), (b, False, 5000, 1000 + len(a)):
        for i in range(0, len(stream), step):
            cap.segment(port, a_to_b, seq + i, ack, ACK | PSH, data=stream[i:i + step])


def fields(path, what, where, keylog=None):
    args = ["tshark", "-X", "lua_script:" + LUA, "-r", path, "-Y", where, "-T", "fields",
            "-E", "occurrence=a", "-E", "aggregator=|"]
    if keylog:
        args += ["-o", "tcpcrypt.keylog:" + keylog]
    for w in what:
        args += ["-e", w]
    r = subprocess.run(args, capture_output=True, text=True, check=False)
    if r.returncode or "ua" in r.stderr and "rror" in r.stderr:
        print("# " + r.stderr.replace("\n", "\n# "))
    return [line.split("\t") for line in r.stdout.splitlines()]


def flat(rows):
    return [v for row in rows for cell in row if cell for v in cell.split("|")]


def resumed(cap, port, r, step):
    """A resumed session, whose host A may have been B when it began"""
    cap.segment(port, True, 999, 0, SYN, bytes.fromhex(r["eno_a"]))
    cap.segment(port, False, 4999, 1000, SYN | ACK, bytes.fromhex(r["eno_b"]))
    cap.segment(port, True, 1000, 5000, ACK, bytes([69, 2]))
    same = r["original_A_is"] == "A"
    for frames, a_to_b, seq in (r["frames_ab"], same, 1000), (r["frames_ba"], not same, 5000):
        stream = b"".join(bytes.fromhex(f["frame"]) for f in frames)
        seq = 1000 if a_to_b else 5000
        for i in range(0, len(stream), step):
            cap.segment(port, a_to_b, seq + i, 6000 - seq, ACK | PSH, data=stream[i:i + step])


def keylog_line(port, i, role, aead, sid, mk):
    """As either host may have logged it"""
    local, remote = f"10.0.0.1 {port}", "10.0.0.2 7000"
    if i % 2:
        local, remote, role = remote, local, "AB"["BA".index(role)]
    return f"TCPCRYPT {local} {remote} {role} {aead:04x} {sid} {mk}\n"


def decrypted(step):
    path, log = tempfile.mkstemp(suffix=".pcap")[1], tempfile.mkstemp()[1]
    cap = Capture(path)
    want, lines = [], "# a comment\n"
    for i, k in enumerate(VECTORS["key_exchange"]):
        cases = [(k, "A", connection)]
        cases += [(r, r["original_A_is"], resumed) for r in k["resumed"]]
        for j, (c, role, make) in enumerate(cases):
            port = 10000 + 100 * i + j
            make(cap, port, c, step)
            # Somebody had the port before
            lines += keylog_line(port, i, "A", k["aead"], "00" * 33, "11" * 32)
            lines += keylog_line(port, i, role, k["aead"], c["session_id"], c["mk"][0])
            want += [(str(port), c["session_id"], str(f["generation"]), f["data"])
                     for f in c["frames_ab"] + c["frames_ba"] if f["data"]]
    cap.f.close()
    open(log, "w").write(lines)
    got = []
    rows = fields(path, ["tcp.port", "tcpcrypt.sessid", "tcpcrypt.generation",
                         "tcpcrypt.flags", "tcpcrypt.urgp", "tcpcrypt.urgent", "tcpcrypt.data"],
                  "tcpcrypt.flags", log)
    n = sum(len(r[3].split("|")) for r in rows)
    for ports, sid, gen, _, _, _, data in rows:
        port = [p for p in ports.split("|") if p != "7000"][0]
        # A frame without data has no such field
        for d in filter(None, data.split("|")):
            got.append((port, sid.split("|")[0], d.replace(":", "")))
    total = sum(len(c["frames_ab"]) + len(c["frames_ba"])
                for k in VECTORS["key_exchange"] for c in [k] + k["resumed"])
    ok(n == total, f"{step} bytes a segment: the key log opens {n} of {total} frames")
    ok(sorted(got) == sorted((p, s, d) for p, s, _, d in want),
       f"{step} bytes a segment: what was in them, by port and session ID")
    gens = max(int(g) for r in rows for g in r[2].split("|"))
    ok(gens >= 1, f"{step} bytes a segment: and through a rekey, to generation {gens}")
    bad = fields(path, ["tcpcrypt.flags"], "tcpcrypt.flags", "/dev/null")
    ok(not bad, "without keys nothing is opened")
    os.unlink(path)
    os.unlink(log)


def main():
    kx = VECTORS["key_exchange"]
    for step in 1460, 50:
        path = tempfile.mkstemp(suffix=".pcap")[1]
        cap = Capture(path)
        for i, k in enumerate(kx):
            connection(cap, 10000 + i, k, step)
        cap.f.close()
        rows = flat(fields(path, ["tcpcrypt.magic"], "tcpcrypt.magic"))
        ok(sorted(rows) == ["0x097105e0"] * len(kx) + ["0x15101a0e"] * len(kx),
           f"{step} bytes a segment: an Init1 and an Init2 for each of {len(kx)} connections")
        got = sorted(int(n) for n in flat(fields(path, ["tcpcrypt.clen"], "tcpcrypt.clen")))
        want = sorted(f["clen"] for k in kx for f in k["frames_ab"] + k["frames_ba"])
        ok(got == want, f"{step} bytes a segment: {len(want)} frames and their lengths")
        nonces = flat(fields(path, ["tcpcrypt.init.nonce"], "tcpcrypt.init.nonce"))
        ok(sorted(n.replace(":", "") for n in nonces) == sorted(k[n] for k in kx for n in ("n_a", "n_b")),
           f"{step} bytes a segment: the nonces")
        os.unlink(path)
    for step in 60000, 50:
        decrypted(step)
    path = tempfile.mkstemp(suffix=".pcap")[1]
    cap = Capture(path)
    for i, k in enumerate(kx):
        connection(cap, 10000 + i, k, 60000)
    again = [r for k in kx for r in k["resumed"]]
    for i, r in enumerate(again):
        cap.segment(20000 + i, True, 1, 0, SYN, bytes.fromhex(r["eno_a"]))
    cap.segment(30000, True, 1, 0, SYN, bytes([69, 4, 0x9f, 0xa1]))
    # Plain TCP after all, and a capture that begins too late
    cap.segment(30001, True, 0, 0, SYN, bytes([69, 3, 0x23]))
    cap.segment(30001, False, 0, 1, SYN | ACK, bytes([69, 4, 1, 0x23]))
    cap.segment(30001, True, 1, 1, ACK | PSH, data=b"GET / HTTP/1.0\r\n\r\n")
    cap.segment(30002, True, 1, 1, ACK | PSH, data=bytes.fromhex(kx[0]["init1"]), dport=45678)
    cap.f.close()
    seps = flat(fields(path, ["eno.tep"], "eno.tep && tcp.flags.ack == 0 && tcp.srcport < 20000"))
    ok(len(seps) >= len(kx), "the key exchanges of each SYN")
    role = flat(fields(path, ["eno.global.b"], "eno.global.b && tcp.flags.ack == 1"))
    ok(role == ["1"] * (len(kx) + 1), "each SYN-ACK has the passive role")
    ok(len(flat(fields(path, ["eno.ack"], "eno.ack"))) == len(kx), "each ACK has the empty option")
    data = flat(fields(path, ["eno.data"], "eno.data && tcp.srcport >= 20000 && tcp.srcport < 30000"))
    ok(len(data) == len(again), f"{len(again)} suboptions to resume")
    bad = flat(fields(path, ["tcp.srcport"], "eno.malformed"))
    ok(bad == ["30000"], "a malformed option, and no other")
    bad = flat(fields(path, ["tcp.srcport"], "tcpcrypt.malformed"))
    ok(not bad, "no malformed message")
    got = flat(fields(path, ["tcp.srcport"], "tcpcrypt && tcp.srcport > 30000"))
    ok(got == ["30002"], "plain text is left alone, an Init1 is known without its SYN")
    os.unlink(path)
    print(f"1..{points}")
    sys.exit(bool(failures))


main()
