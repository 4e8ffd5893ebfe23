#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints which share of each layer's lines and branches was reached: coverage.py FOLDER

FOLDER is what "make coverage" built and ran; gcovr adds up what gcc's instrumentation counted there.
"""
import collections
import json
import subprocess
import sys


def count(folder):
    """{layer: [lines, lines reached, branches, branches reached]}"""
    out = subprocess.run(
        ["gcovr", "--root", ".", "--filter", "userspace/", "--json-summary", "-", folder],
        check=True, stdout=subprocess.PIPE).stdout
    layers = collections.defaultdict(lambda: [0, 0, 0, 0])
    for file in json.loads(out)["files"]:
        layer = file["filename"].split("/")[1]
        for i, what in enumerate(("line_total", "line_covered", "branch_total", "branch_covered")):
            layers[layer][i] += file[what]
    return layers


def share(reached, total):
    return f"{100 * reached / total:5.1f}" if total else "    -"


def main():
    layers = count(sys.argv[1])
    if not layers:
        sys.exit(f"{sys.argv[1]}: nothing was counted")
    layers["all"] = [sum(column) for column in zip(*layers.values())]
    print("layer       lines  reached %  branches  reached %")
    for name, (lines, reached, branches, branches_reached) in layers.items():
        print(f"{name:10} {lines:6}      {share(reached, lines)}    {branches:6}"
              f"      {share(branches_reached, branches)}")


main()
