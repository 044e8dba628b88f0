#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""bench-table.py [--wall] RAW: the table of what selftests/bench/guest.sh printed.

Rates are medians over the rounds, "spread" is from the slowest to the fastest
round, in percent of the median. Exit code 1 if a measurement failed or plain
TCP, measured twice, differs by more than it may.
"""
import statistics
import sys

NAMES = {
    "plain": "plain",
    "again": "plain again (null control)",
    "loaded": "plain, module loaded",
    "peerless": "plain, peer does not encrypt",
    "ktls": "kTLS AES-128-GCM",
    "tcpcrypt": "tcpcrypt AES-128-GCM",
    "ktls-chacha": "kTLS ChaCha20-Poly1305",
    "tcpcrypt-chacha": "tcpcrypt ChaCha20-Poly1305",
}
# title, divisor, unit, how far the null control may be off
MODES = {
    "bulk": ("bulk", 1e6, "MB/s", 0.03),
    "pingpong": ("ping-pong", 1, "/s", 0.005),
    "connect": ("connections", 1, "/s", 0.005),
}


def read(path):
    rates, kernel, drivers, failed = {}, "?", [], []
    with open(path, encoding="utf-8") as raw:
        for words in map(str.split, raw):
            if words[:1] == ["RAW"]:
                mode, variant, _, ns, count = words[1:]
                rates.setdefault((mode, variant), []).append(int(count) * 1e9 / int(ns))
            elif words[:1] == ["KERNEL"]:
                kernel = words[1]
            elif words[:1] == ["DRIVER"]:
                drivers.append(" ".join(words[1:2] + ["is"] + words[2:] if words[2:] else
                                        words[1:2] + ["not used"]))
            elif words[:1] == ["FAILED"]:
                failed.append(" ".join(words))
    return rates, kernel, drivers, failed


def yardstick(variant):
    """The kTLS row a row is compared with."""
    return "ktls-chacha" if variant.endswith("-chacha") else "ktls"


def table(rates, mode, wall):
    """Print the rows of one workload; true if the null control holds."""
    title, scale, unit, bound = MODES[mode]
    mid = {v: statistics.median(rates[mode, v]) for v in NAMES if (mode, v) in rates}
    if "plain" not in mid:
        return not mid
    for v, rate in mid.items():
        spread = (max(rates[mode, v]) - min(rates[mode, v])) / rate * 100
        line = f"  {title:12}{NAMES[v]:30}{rate / scale:10.1f} {unit:5}"
        line += f"{'' if wall else f'{spread:6.1f} %':>8}{rate / mid['plain']:10.3f}"
        if yardstick(v) in mid:
            line += f"{rate / mid[yardstick(v)]:9.3f}"
        print(line)
    off = mid.get("again", mid["plain"]) / mid["plain"] - 1
    if abs(off) > bound:
        print(f"  {title}: VOID, the null control is off by {off * 100:+.2f} %, "
              f"{bound * 100:g} % are allowed")
    return abs(off) <= bound


def main():
    wall = sys.argv[1] == "--wall"
    rates, kernel, drivers, failed = read(sys.argv[-1])
    rounds = max(map(len, rates.values()), default=0)
    what = ("wall time, one round: a sanity check, not a result" if wall else
            f"1 instruction = 1 ns, both ends, median of {rounds} rounds")
    print(f"\n{kernel}: {what}")
    for driver in drivers:
        print(f"  {driver}")
    print(f"  {'':42}{'median':>10}      {'' if wall else 'spread':>8}{'to plain':>10}{'to kTLS':>9}")
    good = [table(rates, mode, wall) for mode in MODES]
    for line in failed:
        print("  " + line)
    return 0 if rates and all(good) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
