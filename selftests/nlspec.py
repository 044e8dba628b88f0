#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
#   nlctl describe | nlspec.py SPEC HEADER
#
# Compare the netlink specification with what the kernel says it accepts, and
# with the numbers in the header. Prints a line for each difference.

import re
import sys

import yaml

# enum netlink_attribute_type
TYPES = {"u16": 3, "u32": 4, "u64": 5, "binary": 10, "string": 11, "nest": 13}
CAP_DO, CAP_DUMP, CAP_HASPOL, UNS_ADMIN = 2, 4, 8, 16

bad = []


def differ(text):
    bad.append(text)
    print(text)


def read_kernel():
    ops, flags, policies = {}, {}, {}
    for line in sys.stdin:
        w = line.split()
        pairs = {}
        for p in w:
            if "=" in p:
                key, value = p.split("=")
                pairs[key] = int(value)
        if w[0] == "op":
            ops.setdefault(int(w[1]), {}).update(pairs)
        elif w[0] == "flags":
            flags[int(w[1])] = int(w[2])
        elif w[0] == "policy":
            policies.setdefault(int(w[1]), {})[int(w[2])] = pairs
    return ops, flags, policies


class Spec:
    def __init__(self, path):
        with open(path) as f:
            self.spec = yaml.safe_load(f)
        self.sets = {s["name"]: s for s in self.spec["attribute-sets"]}
        self.ops = self.spec["operations"]["list"]

    def attrs(self, name):
        return {i + 1: a for i, a in enumerate(self.sets[name]["attributes"])}


def compare_attr(where, attr, have, kernel, spec):
    want = TYPES[attr["type"]]
    if have.get("type") != want:
        differ(f"{where}: type {have.get('type')}, not {want}")
    checks = attr.get("checks", {})
    full = {"u16": 0xffff, "u32": 0xffffffff, "u64": 0xffffffffffffffff}
    for key in ("min", "max", "min-len", "max-len"):
        if key not in have or attr["type"] == "nest":
            continue
        default = full.get(attr["type"]) if key == "max" else 0
        if key == "max-len":
            default = 0xffff
        if checks.get(key, default) != have[key]:
            differ(f"{where}: {key} is {have[key]}, not {checks.get(key, default)}")
    for key in checks:
        if key not in have:
            differ(f"{where}: {key} is not checked")
    if attr["type"] == "nest":
        if "nested" not in have:
            differ(f"{where}: any nest is accepted")
            return 0
        return compare_set(where, attr["nested-attributes"],
                           kernel[have["nested"]], kernel, spec)
    return 1


# How many attributes have been compared; the kernel takes a part of the set
def compare_set(where, name, have, kernel, spec):
    attrs = spec.attrs(name)
    n = 0
    for number, pairs in have.items():
        if number not in attrs:
            differ(f"{where}: attribute {number} is not in the specification")
            continue
        attr = attrs[number]
        n += compare_attr(f"{where}.{attr['name']}", attr, pairs, kernel, spec)
    return n


def compare_op(number, op, kernel, spec):
    ops, flags, policies = kernel
    n = 0
    have = flags.get(number, 0)
    for kind, cap in (("do", CAP_DO), ("dump", CAP_DUMP)):
        if (kind in op) != bool(have & cap):
            differ(f"{op['name']}: {kind} is {'missing' if kind in op else 'new'}")
        if kind not in op:
            continue
        want = op[kind].get("request", {}).get("attributes", [])
        idx = ops.get(number, {}).get(kind)
        top = policies.get(idx, {}) if idx is not None else {}
        names = {a["name"]: k for k, a in spec.attrs("tcpcrypt").items()}
        accepted = {k for k, v in top.items() if v.get("type")}
        if kind == "do" and {names[a] for a in want} != accepted:
            differ(f"{op['name']} {kind}: takes {sorted(accepted)}, not {want}")
        n += compare_set(f"{op['name']} {kind}", "tcpcrypt", top, policies, spec)
    admin = "uns-admin-perm" in op.get("flags", [])
    if admin != bool(have & UNS_ADMIN):
        differ(f"{op['name']}: needs privileges: {bool(have & UNS_ADMIN)}, not {admin}")
    return n


# enum tcpcrypt_NAME_attr { TCPCRYPT_A_NAME_X = 1, ... }: the same order
def compare_header(path, spec):
    with open(path) as f:
        text = f.read()
    n = 0
    enums = {m[0]: re.findall(r"^\t(TCPCRYPT_\w+)", m[1], re.M)
             for m in re.findall(r"^enum (tcpcrypt_\w+) \{(.*?)^\}", text, re.M | re.S)}
    for name in spec.sets:
        prefix = "TCPCRYPT_A_" + ("" if name == "tcpcrypt" else name.upper() + "_")
        enum = "tcpcrypt_attr" if name == "tcpcrypt" else f"tcpcrypt_{name}_attr"
        want = [prefix + a["name"].upper().replace("-", "_")
                for a in spec.sets[name]["attributes"]]
        if enums.get(enum) != want:
            differ(f"{enum}: {enums.get(enum)} is not {want}")
        n += len(want)
    want = ["TCPCRYPT_CMD_" + o["name"].upper().replace("-", "_") for o in spec.ops]
    if enums.get("tcpcrypt_cmd") != want:
        differ(f"tcpcrypt_cmd: {enums.get('tcpcrypt_cmd')} is not {want}")
    return n


spec = Spec(sys.argv[1])
kernel = read_kernel()
compared = 0
for i, op in enumerate(spec.ops):
    if "event" not in op:
        compared += compare_op(i + 1, op, kernel, spec)
for number in kernel[1]:
    if number > len(spec.ops):
        differ(f"command {number} is not in the specification")
named = compare_header(sys.argv[2], spec)
print(f"{compared} attributes of requests, {named} names compared")
sys.exit(1 if bad or compared < 60 else 0)
