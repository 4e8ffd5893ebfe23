#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the events that dovetap captured with what Dovecot itself and its clients saw.

    expected-events.py DOVECOT.LOG LOGINS EVENTS    (LOGINS from login.py, EVENTS from dovetap replay)

Client and server know a session by the client's port. What the client did comes from LOGINS, the
session id and whether Dovecot holds the connection for secured from Dovecot's own log; nothing is
taken from dovetap. Every member of every event must be as expected, those that cannot be known
beforehand (time, process) must be possible. Exit status 0 and silence, or a difference.
"""

import datetime
import difflib
import json
import re
import sys

LOGIN_LINE = re.compile(
    r"(?P<server>\S+)-login: Info: (?P<what>.*?)(?:: user=|\(auth failed).*?rport=(?P<port>\d+),"
    r".*? lport=(?P<local_port>\d+), (?P<secured>.*?)session=<(?P<session>.*?)>"
)
UNKNOWABLE = ("boot_ns", "time", "pid", "tid", "cgroup_id")


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_log(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        matches = map(LOGIN_LINE.search, file)
        return {int(match["port"]): match for match in matches if match}


def text(name):
    """A name as dovetap's JSON has it: bytes that are no UTF-8 stand for themselves."""
    return "".join(chr(ord(c) - 0xDC00) if 0xDC80 <= ord(c) <= 0xDCFF else c for c in name)


def lower(name):
    """auth_username_format of the stand: ASCII only."""
    return re.sub("[A-Z]+", lambda match: match[0].lower(), name)


def expected(login, line, version):
    """The events of one session, as they come."""
    user, master = text(lower(login["user"])), login.get("master")
    common = {
        "remote_ip": login["from"],
        "remote_port": login["port"],
        "local_ip": login["to"],
        "local_port": int(line["local_port"]),
        "session_id": line["session"],
        "mech": "PLAIN",
        "username": user,
    }
    return [common, login["ok"], master, version]
