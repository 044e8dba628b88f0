#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Does the JSON on standard input follow the schema? As much of JSON Schema as
tcnetstat.schema.json uses; what is not known is an error.

    tcnetstat -j | schema.py SCHEMA
"""
import json
import re
import sys

KNOWN = {"$schema", "$defs", "title", "description", "type", "enum", "pattern", "minimum", "maximum",
         "required", "properties", "additionalProperties", "items", "oneOf", "$ref"}
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def check(value, schema, root, where):
    if schema is False:
        return [f"{where}: not allowed"]
    if schema.keys() - KNOWN:
        return [f"schema: {schema.keys() - KNOWN}"]
    errors = []
    if "$ref" in schema:
        errors += check(value, root["$defs"][schema["$ref"].rsplit("/", 1)[1]], root, where)
    if "oneOf" in schema:
        each = [check(value, s, root, where) for s in schema["oneOf"]]
        if sum(not e for e in each) != 1:
            errors += [f"{where}: not exactly one of"] + [x for e in each for x in e]
    if "type" in schema:
        kind = TYPES[schema["type"]]
        if not isinstance(value, kind) or kind is int and isinstance(value, bool):
            return errors + [f"{where}: {value!r} is no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        errors.append(f"{where}: {value!r} is not in {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        errors.append(f"{where}: {value!r} does not match")
    if "minimum" in schema and value < schema["minimum"] or "maximum" in schema and value > schema["maximum"]:
        errors.append(f"{where}: {value} is out of range")
    if isinstance(value, list):
        for i, v in enumerate(value):
            errors += check(v, schema.get("items", {}), root, f"{where}[{i}]")
    if isinstance(value, dict):
        errors += [f"{where}: no {k}" for k in schema.get("required", []) if k not in value]
        for k, v in value.items():
            sub = schema.get("properties", {}).get(k, schema.get("additionalProperties", {}))
            errors += check(v, sub, root, f"{where}.{k}")
    return errors


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        schema = json.load(f)
    errors = check(json.load(sys.stdin), schema, schema, "")
    print("\n".join(errors))
    sys.exit(bool(errors))


main()
