#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares what is stored with the logins that were accepted.

    explain.py [--lost N] STORED ACCEPTED...

STORED has lines "SERVICE/USER TIME", with a time of any of the plugin's precisions. ACCEPTED is what
tests/harness/login.py or tests/target/storm --log printed: who was let in between which two moments.
A user whose stored time is older than the newest login, or who is missing, must be explained by one
of N losses that were counted. A time that is newer, or of no login, cannot be explained at all, but
by one that began and whose answer was cut off: the server may have accepted it or not.
Prints the figures; exit status 1 when anything is unexplained.
"""

import argparse
import json
import sys

SLACK = 0.005  # seconds: dovetap compares the two clocks once a second
UNITS = {10: 1, 13: 1e3, 16: 1e6, 19: 1e9}  # by the number of digits


def logins_in(path):
    """(user, begin, end) in seconds; end is None for one whose answer nobody has seen."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if not line.startswith("{"):  # storm's: SERVICE/USER BEGIN END, in nanoseconds
                user, begin, end = line.rsplit(" ", 2)
                yield user, int(begin) / 1e9, int(end) / 1e9
                continue
            login = json.loads(line)
            if "begin" in login:
                user = login["service"] + "/" + login["user"]
                yield user, login["begin"], login["end"] if login["ok"] else None


def newest(paths):
    """User -> (begin, end) of the last login that was accepted, and of the last that was cut off."""
    accepted, cut_off = {}, {}
    for path in paths:
        for user, begin, end in logins_in(path):
            logins = cut_off if end is None else accepted
            if user not in logins or begin > logins[user][0]:
                logins[user] = (begin, end)
    return accepted, cut_off


def read_stored(path):
    """User -> (earliest, latest) moment that the stored digits can stand for, in seconds."""
    stored = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            user, time = line.rstrip("\n").rsplit(" ", 1)
            unit = UNITS[len(time)]
            stored[user] = (int(time) / unit, (int(time) + 1) / unit)
    return stored


def differences(stored, logins, cut_off):
    """Lists of users by what is wrong with them."""
    def may_be(user):
        return user in cut_off and stored[user][1] >= cut_off[user][0] - SLACK

    wrong = {"missing": [], "older": [], "newer": [], "never logged in": []}
    for user, (begin, end) in logins.items():
        if user not in stored:
            wrong["missing"].append(user)
        elif stored[user][1] < begin - SLACK:
            wrong["older"].append(user)
        elif stored[user][0] > end + SLACK and not may_be(user):
            wrong["newer"].append(user)
    wrong["never logged in"] = [user for user in stored
                                if user not in logins and not may_be(user)]
    return wrong


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--lost", type=int, default=0)
    parser.add_argument("stored")
    parser.add_argument("accepted", nargs="+")
    options = parser.parse_args()
    logins, cut_off = newest(options.accepted)
    wrong = differences(read_stored(options.stored), logins, cut_off)
    behind = len(wrong["missing"]) + len(wrong["older"])
    impossible = len(wrong["newer"]) + len(wrong["never logged in"])
    unexplained = max(0, behind - options.lost) + impossible
    print(f"{len(logins)} users, {behind} behind, {options.lost} losses counted, "
          f"unexplained difference {unexplained}")
    for what, users in wrong.items():
        for user in users[:5]:
            print(f"{what}: {user}")
    sys.exit(1 if unexplained > 0 or not logins else 0)


main()
