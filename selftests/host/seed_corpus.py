#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the fuzzers' starting corpora from the test vectors.

Files are named for what is in them, so the same input is never kept twice
and running this again changes nothing.
"""
import hashlib
import json
import pathlib
import sys


def keep(directory, data):
    directory.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(data).hexdigest()[:16]
    (directory / name).write_bytes(data)


def seed_eno(directory, vectors):
    for item in vectors["eno_parse"]:
        if not item["name"].startswith("fuzz"):
            data = bytes.fromhex(item["option"])
            keep(directory, bytes([0, len(data)]) + data)
    for item in vectors["negotiation"]:
        if item["name"].startswith("fuzz"):
            continue
        first = bytes.fromhex(item["first"])
        flags = item["mandatory_a_first"] | (2 if "session" in item else 0)
        keep(directory, bytes([flags, len(first)]) + first +
             bytes.fromhex(item["second"]))


def seed_tcpopt(directory, vectors):
    option = bytes.fromhex("450323")
    for item in vectors["syn_segment"]:
        field = bytes.fromhex(item["options"])
        field += bytes(-len(field) % 4)
        keep(directory, bytes([len(field)]) + field + option)
    syn = bytes.fromhex("020405b40402080a0102030400000000" "01030307")
    data = bytes.fromhex("0101080a0102030405060708")
    for field in (syn, data, bytes([1]) * 40):
        for length in (2, 4, 20, 21):
            keep(directory, bytes([len(field)]) + field +
                 bytes([69, length]) + bytes(length - 2))


def seed_init(directory, vectors):
    for item in vectors["init_parse"]:
        # The selector's remainder by five picks the TEP
        which = 0x80 if item["init"] == 1 else 0
        selector = which + (item["tep"] - 0x21 - which) % 5
        keep(directory, bytes([selector]) + bytes.fromhex(item["bytes"]))


def seed_frame(directory, vectors):
    for item in vectors["key_exchange"][:3]:
        for frame in item["frames_ab"]:
            keep(directory, bytes.fromhex(frame["aad"]) +
                 bytes.fromhex(frame["nonce"]) +
                 frame["offset"].to_bytes(8, "big") +
                 bytes.fromhex(frame["plaintext"]))
    for text in ("", "02", "0201", "02ffff", "fd", "ff0001"):
        keep(directory, bytes.fromhex("000010") + bytes(20) +
             bytes.fromhex(text))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: seed_corpus.py VECTORS.json CORPUS-DIRECTORY")
    with open(sys.argv[1], encoding="ascii") as source:
        vectors = json.load(source)
    corpus = pathlib.Path(sys.argv[2])
    seed_eno(corpus / "fuzz_eno", vectors)
    seed_tcpopt(corpus / "fuzz_tcpopt", vectors)
    seed_init(corpus / "fuzz_init", vectors)
    seed_frame(corpus / "fuzz_frame", vectors)


if __name__ == "__main__":
    main()
