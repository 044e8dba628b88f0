#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Pick what the pure files' suites use out of the JSON test vectors.

The tables hold byte strings in hex.  The user-space tests use all vectors;
here it is enough that every parser and every derivation runs once more as
the kernel compiles it.

usage: gen_pure_vectors.py selftests/vectors/tcpcrypt-vectors.json DIRECTORY
"""
import json
import pathlib
import sys

# Schedules differ by the length of a key only, messages by that of a point.
EXCHANGES = ("Curve25519-AES128GCM", "Curve25519-AES256GCM",
             "Curve25519-CHACHA20", "P521-AES128GCM")
INIT_TEPS = (0x21, 0x23)
KEY_LEN = {0x0001: 16, 0x0002: 32, 0x0010: 32}


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return "%#x" % value
    return '"%s"' % value


def table(out, kind, name, rows):
    out.write("\nstatic const struct %s %s[] = {\n" % (kind, name))
    for row in rows:
        out.write("\t{\n")
        for key, value in row.items():
            text = literal(value)
            # A long string stands on a line of its own
            gap = "\n\t\t" if len(text) > 60 else " "
            out.write("\t\t.%s =%s%s,\n" % (key, gap, text))
        out.write("\t},\n")
    out.write("};\n")


def suboptions(subs):
    """Each as TEP, v bit, length of its data, and the data."""
    text = ""
    for sub in subs:
        data = bytes.fromhex(sub["data"] or "")
        text += "%02x%02x%02x%s" % (sub["glt"], sub["v"], len(data),
                                    data.hex())
    return text


def eno_rows(vectors):
    for item in vectors["eno_parse"]:
        row = {"name": item["name"], "option": item["option"],
               "ok": item["ok"]}
        if item["ok"]:
            row.update({"global": item["glob"],
                        "explicit_global": item["explicit"],
                        "subs": suboptions(item["subs"])})
        yield row


def syn_rows(vectors):
    for item in vectors["syn_segment"]:
        yield {"name": item["name"], "field": item["options"],
               "usable": item["usable_eno"]}


def negotiation_rows(vectors):
    for item in vectors["negotiation"]:
        row = {"name": item["name"], "first": item["first"],
               "second": item["second"],
               "aware_first": bool(item["mandatory_a_first"]),
               "aware_second": bool(item["mandatory_a_second"])}
        session = item.get("session")
        if session:
            row["ss"] = session["ss"]
            row["ss_tep"] = session["tep"]
            row["first_was_a"] = session["first_original_role"] == "A"
        result = item["result"]
        if result:
            row["tep_byte"] = result["tep_byte"]
            row["first_is_b"] = result["first_is"] == "B"
            row["transcript"] = result["transcript"]
        yield row


def init_rows(vectors):
    for item in vectors["init_parse"]:
        if item["tep"] not in INIT_TEPS:
            continue
        row = {"name": item["name"], "init": item["init"],
               "tep": item["tep"], "bytes": item["bytes"],
               "incomplete": item["result"] == "incomplete"}
        if item["result"] == "ok":
            row["ciphers"] = "".join("%04x" % c for c in item["ciphers"])
            row["nonce"] = item["nonce"]
            row["pub"] = item["point"]
        yield row


def chosen(vectors):
    picked = [k for k in vectors["key_exchange"] if k["name"] in EXCHANGES]
    assert len(picked) == len(EXCHANGES)
    return picked


def secret_rows(vectors):
    for k in chosen(vectors):
        yield {"name": k["name"], "n_a": k["n_a"],
               "transcript": k["transcript"], "init1": k["init1"],
               "init2": k["init2"], "es": k["es"], "ss": "".join(k["ss"]),
               "resume_id": "".join(k["resume_id"])}


def session_row(k, name, ss, tep_byte, values):
    return {"name": name, "key_len": KEY_LEN[k["aead"]],
            "tep_byte": tep_byte, "ss": ss, "sn": values["sn"],
            "mk": "".join(values["mk"]), "k_ab": "".join(values["k_ab"]),
            "k_ba": "".join(values["k_ba"]),
            "session_id": values["session_id"]}


def session_rows(vectors):
    for k in chosen(vectors):
        yield session_row(k, k["name"], k["ss"][0], k["tep"], k)
        for r in k["resumed"]:
            name = "%s, resumed %d" % (k["name"], r["i"])
            yield session_row(k, name, k["ss"][r["i"]], 0x80 | k["tep"], r)


def write(path, tables):
    with open(path, "w", encoding="ascii") as out:
        out.write("/* SPDX-License-Identifier: GPL-2.0-only */\n")
        out.write("/* Made by gen_pure_vectors.py; do not edit. */\n")
        for kind, name, rows in tables:
            table(out, kind, name, rows)


def main():
    with open(sys.argv[1], encoding="ascii") as source:
        vectors = json.load(source)
    where = pathlib.Path(sys.argv[2])
    write(where / "eno_vectors.h", [
        ("eno_vector", "eno_vectors", eno_rows(vectors)),
        ("syn_vector", "syn_vectors", syn_rows(vectors)),
        ("negotiation_vector", "negotiation_vectors",
         negotiation_rows(vectors)),
    ])
    write(where / "wire_vectors.h", [
        ("init_vector", "init_vectors", init_rows(vectors)),
    ])
    write(where / "keysched_vectors.h", [
        ("secret_vector", "secret_vectors", secret_rows(vectors)),
        ("session_vector", "session_vectors", session_rows(vectors)),
    ])


if __name__ == "__main__":
    main()
