#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pick the primitives out of the JSON test vectors, as C tables of hex.

usage: gen_crypto_vectors.py selftests/vectors/tcpcrypt-vectors.json >crypto_vectors.h
"""
import json
import sys

NIST = (0x21, 0x22)


def point(tep, field):
    """A public key as it goes over the wire, without its length prefix."""
    return field[4:] if tep in NIST else field


def table(kind, name, rows):
    print("\nstatic const struct %s %s[] = {" % (kind, name))
    for row in rows:
        print("\t{")
        for value in row:
            if isinstance(value, str):
                print('\t\t"%s",' % value)
            else:
                print("\t\t%s," % hex(value))
        print("\t},")
    print("};")


def frames(exchange):
    for direction in ("ab", "ba"):
        for f in exchange["frames_" + direction]:
            yield (exchange["aead"], f["offset"],
                   exchange["k_" + direction][f["generation"]],
                   f["aad"] + f["plaintext"], f["frame"])


def main():
    with open(sys.argv[1], encoding="ascii") as file:
        vectors = json.load(file)
    exchanges = vectors["key_exchange"]
    print("/* SPDX-License-Identifier: GPL-2.0-only */")
    print("/* Made by gen_crypto_vectors.py; do not edit. */")
    table("kex_vector", "kex_vectors",
          ((k["tep"], k["priv_a"], k["priv_b"], point(k["tep"], k["pub_a"]),
            point(k["tep"], k["pub_b"]), k["es"]) for k in exchanges))
    table("bad_key", "bad_keys",
          ((k["tep"], k["name"], point(k["tep"], k["field"]))
           for k in vectors["bad_public_keys"]))
    # One scheme is enough: the frames differ by cipher and keys only.
    table("frame_vector", "frame_vectors",
          (f for k in exchanges if k["tep"] == 0x23 for f in frames(k)))


main()
