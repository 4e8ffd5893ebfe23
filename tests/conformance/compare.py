#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares what the plugin and dovetap stored for the same logins.

    compare.py PRECISION PLUGIN DOVETAP

PLUGIN and DOVETAP are lines of key, tab, time: whatever identifies a record in that kind of store
(for a table: its other columns), and the value that last_login wrote. Equal means the same keys,
each once, and times as near as the two clocks are.

dovetap reads the clock where the plugin is called. The plugin takes the time at which the current
turn of its event loop began, which is earlier; or later, when it had to wait for its store to be
connected. Either is a few milliseconds; a busy machine makes single ones longer. So the median
must be within MEDIAN_MS, all within MOST_MS; and a unit of the precision more, for rounding.

Prints "KEYS MEDIAN MIN MAX", the differences in milliseconds, positive where dovetap's time is the
later one; exit status 1 and what differs when they are not equal."""

import statistics
import sys

MEDIAN_MS = 50
MOST_MS = 1000
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


def compare(plugin, dovetap, unit):
    """Returns the differences of the times in milliseconds, and what is wrong."""
    problems = [f"only from the plugin: {key!r}" for key in plugin.keys() - dovetap.keys()]
    problems += [f"only from dovetap: {key!r}" for key in dovetap.keys() - plugin.keys()]
    later = {key: (dovetap[key] - plugin[key]) * unit for key in plugin.keys() & dovetap.keys()}
    if not later:
        return [], problems + ["nothing in common"]
    problems += [
        f"{difference} ms apart: {key!r} {plugin[key]} {dovetap[key]}"
        for key, difference in later.items()
        if abs(difference) > MOST_MS + unit
    ]
    if abs(statistics.median(later.values())) > MEDIAN_MS + unit:
        problems.append(f"{statistics.median(later.values())} ms apart in the median")
    return list(later.values()), problems


def main():
    precision, plugin, dovetap = sys.argv[1:]
    unit = 1 / UNITS_PER_MS[precision]
    differences, problems = compare(read(plugin), read(dovetap), unit)
    if problems:
        sys.exit("\n".join(problems))
    figures = statistics.median(differences), min(differences), max(differences)
    print(len(differences), *(round(figure, 3) for figure in figures))


main()
