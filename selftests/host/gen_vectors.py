#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turn the JSON test vectors into C tables.

Every list and every field of the JSON has to be known here, so that a vector
file that grows makes the build fail instead of being half used.
"""
import json
import sys


def fail(message):
    sys.exit("gen_vectors: " + message)


def as_bytes(text):
    """A struct vec_bytes; null stays distinct from empty."""
    if text is None:
        return "{ NULL, 0 }"
    data = bytes.fromhex(text)
    body = ", ".join("0x%02x" % b for b in data) or "0"
    return "{ (const u8[]){ %s }, %d }" % (body, len(data))


def as_string(text):
    return json.dumps(text)


def as_number(value):
    return "%dULL" % value


def as_optional(value):
    """A number that may be null: -1 then."""
    return "-1" if value is None else str(value)


def as_flag(value):
    return "true" if value else "false"


def as_list(kind, convert):
    """A struct with a pointer to an array and a count."""
    def inner(items):
        if not items:
            return "{ NULL, 0 }"
        body = ", ".join(convert(item) for item in items)
        return "{ (const %s[]){ %s }, %d }" % (kind, body, len(items))
    return inner


def as_struct(name, fields, optional=()):
    def inner(item):
        unknown = set(item) - set(fields)
        missing = set(fields) - set(item) - set(optional)
        if unknown or missing:
            fail("%s: unknown %s, missing %s" %
                 (name, sorted(unknown), sorted(missing)))
        parts = [".%s = %s" % (key.lower(), convert(item[key]))
                 for key, convert in fields.items() if key in item]
        return "{ %s }" % ", ".join(parts)
    return inner


def as_pointer(kind, convert):
    def inner(item):
        if item is None:
            return "NULL"
        return "&(const %s)%s" % (kind, convert(item))
    return inner


BYTES_LIST = as_list("struct vec_bytes", as_bytes)
NUMBER_LIST = as_list("u16", str)

FRAME = as_struct("frame", {
    "offset": as_number, "generation": as_number, "control": as_number,
    "clen": as_number, "flags": as_number, "urgent": as_optional,
    "data": as_bytes, "plaintext": as_bytes, "aad": as_bytes,
    "frame_id": as_bytes, "nonce": as_bytes, "frame": as_bytes,
})
FRAMES = as_list("struct vec_frame", FRAME)

RESUMED = as_struct("resumed", {
    "i": as_number, "original_A_is": as_string, "nonce_a": as_bytes,
    "nonce_b": as_bytes, "suboption_orig_a": as_bytes,
    "suboption_orig_b": as_bytes, "eno_a": as_bytes, "eno_b": as_bytes,
    "transcript": as_bytes, "sn": as_bytes, "mk": BYTES_LIST,
    "k_ab": BYTES_LIST, "k_ba": BYTES_LIST, "session_id": as_bytes,
    "frames_ab": FRAMES, "frames_ba": FRAMES,
})

KEX = as_struct("key_exchange", {
    "name": as_string, "tep": as_number, "aead": as_number,
    "eno_a": as_bytes, "eno_b": as_bytes, "transcript": as_bytes,
    "priv_a": as_bytes, "priv_b": as_bytes, "pub_a": as_bytes,
    "pub_b": as_bytes, "n_a": as_bytes, "n_b": as_bytes,
    "ciphers": NUMBER_LIST, "ignored_a": as_bytes, "ignored_b": as_bytes,
    "init1": as_bytes, "init2": as_bytes, "es": as_bytes, "prk": as_bytes,
    "ss": BYTES_LIST, "sn": as_bytes, "mk": BYTES_LIST, "k_ab": BYTES_LIST,
    "k_ba": BYTES_LIST, "session_id": as_bytes, "resume_id": BYTES_LIST,
    "frames_ab": FRAMES, "frames_ba": FRAMES,
    "resumed": as_list("struct vec_resumed", RESUMED),
})

SUB = as_struct("sub", {"glt": as_number, "v": as_flag, "data": as_bytes})

ENO_PARSE = as_struct("eno_parse", {
    "name": as_string, "option": as_bytes, "ok": as_flag, "glob": as_number,
    "explicit": as_flag, "a": as_flag, "b": as_flag, "vacuous": as_flag,
    "subs": as_list("struct vec_sub", SUB), "error": as_string,
}, optional=("glob", "explicit", "a", "b", "vacuous", "subs", "error"))

SYN_SEGMENT = as_struct("syn_segment", {
    "name": as_string, "options": as_bytes, "usable_eno": as_bytes,
})

OUTCOME = as_struct("outcome", {
    "tep": as_number, "tep_byte": as_number, "mode": as_string,
    "first_is": as_string, "transcript": as_bytes,
})

SESSION = as_struct("session", {
    "tep": as_number, "ss": as_bytes, "first_original_role": as_string,
})

NEGOTIATION = as_struct("negotiation", {
    "name": as_string, "first": as_bytes, "second": as_bytes,
    "mandatory_a_first": as_flag, "mandatory_a_second": as_flag,
    "result": as_pointer("struct vec_outcome", OUTCOME),
    "session": as_pointer("struct vec_session", SESSION),
}, optional=("session",))

INIT_PARSE = as_struct("init_parse", {
    "name": as_string, "init": as_number, "tep": as_number,
    "bytes": as_bytes, "result": as_string, "ciphers": NUMBER_LIST,
    "nonce": as_bytes, "point": as_bytes, "ignored": as_bytes,
}, optional=("ciphers", "nonce", "point", "ignored"))

BAD_KEY = as_struct("bad_public_keys", {
    "tep": as_number, "name": as_string, "field": as_bytes,
})

FRAME_DECODE = as_struct("frame_decode", {
    "name": as_string, "aead": as_number, "ss": as_bytes,
    "direction": as_string, "offset": as_number, "bytes": as_bytes,
    "result": as_string,
})

LISTS = {
    "key_exchange": ("struct vec_kex", KEX),
    "eno_parse": ("struct vec_eno_parse", ENO_PARSE),
    "syn_segment": ("struct vec_syn_segment", SYN_SEGMENT),
    "negotiation": ("struct vec_negotiation", NEGOTIATION),
    "init_parse": ("struct vec_init_parse", INIT_PARSE),
    "bad_public_keys": ("struct vec_bad_key", BAD_KEY),
    "frame_decode": ("struct vec_frame_decode", FRAME_DECODE),
}


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: gen_vectors.py VECTORS.json OUT.h")
    with open(sys.argv[1], encoding="ascii") as source:
        vectors = json.load(source)

    if vectors.pop("format") != "tcpcrypt-vectors-1":
        fail("another format")
    if not vectors.pop("pubkey_len_counts_itself"):
        fail("another reading of pubkey_len")
    vectors.pop("seed")
    vectors.pop("rfc")
    if set(vectors) != set(LISTS):
        fail("lists %s" % sorted(set(vectors) ^ set(LISTS)))

    with open(sys.argv[2], "w", encoding="ascii") as out:
        out.write("/* Generated by gen_vectors.py; do not edit. */\n")
        for name, (kind, convert) in LISTS.items():
            out.write("static const %s vec_%s[] __attribute__((unused)) = {\n"
                      % (kind, name))
            for item in vectors[name]:
                out.write("\t%s,\n" % convert(item))
            out.write("};\n\n")


if __name__ == "__main__":
    main()
