#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares what the plugin and dovetap stored for the same logins.

    compare.py PRECISION BOUND_MS PLUGIN DOVETAP

PLUGIN and DOVETAP are lines of key, tab, time: whatever identifies a record in that kind of store
(for a table: its other columns), and the value that last_login wrote. Equal means the same keys,
each once, and times that are not further apart than the bound, after rounding. Prints
"KEYS MEDIAN MIN MAX", the differences in milliseconds, positive where dovetap's time is the later
one; exit status 1 and what differs when they are not equal."""

import statistics
import sys

UNITS_PER_MS = {"s": 0.001, "ms": 1, "us": 1000, "ns": 1000000}


def read(path):
    records = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            key, value = line.rstrip("\n").rsplit("\t", 1)
            if key in records:
                sys.exit(f"{path}: twice: {key!r}")
            records[key] = int(value)
    return records


def main():
    precision, bound = sys.argv[1], float(sys.argv[2])
    plugin, dovetap = read(sys.argv[3]), read(sys.argv[4])
    problems = [f"only from the plugin: {key!r}" for key in plugin.keys() - dovetap.keys()]
    problems += [f"only from dovetap: {key!r}" for key in dovetap.keys() - plugin.keys()]
    unit = 1 / UNITS_PER_MS[precision]
    differences = []
    for key in plugin.keys() & dovetap.keys():
        later = (dovetap[key] - plugin[key]) * unit
        differences.append(later)
        if abs(later) > bound + unit:
            problems.append(f"{later} ms apart: {key!r} {plugin[key]} {dovetap[key]}")
    if problems or not differences:
        sys.exit("\n".join(problems or ["nothing was stored"]))
    figures = statistics.median(differences), min(differences), max(differences)
    print(len(differences), *(round(figure, 3) for figure in figures))


main()
