#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the events that dovetap captured with what Dovecot and its clients saw themselves.

    expected-events.py DOVECOT.LOG LOGINS EVENTS 2.3|2.4

LOGINS is what login.py printed, EVENTS what "dovetap replay --json" did. Client and server know a
session by the addresses and ports of both. What was said comes from LOGINS; session id and whether
Dovecot holds the connection for secured from Dovecot's log. Nothing is taken from dovetap. Every
member of every event is compared; what cannot be known (time, process) must be possible. Exit
status 0 and silence, or a difference."""

import difflib
import json
import os
import re
import sys

LINE = re.compile(
    r"-login: Info: .*rip=(?P<ip>[^,]*), rport=(?P<port>\d+), "
    r"lip=(?P<local_ip>[^,]*), lport=(?P<local_port>\d+), "
    r"(?P<secured>.*)session=<(?P<session>.*?)>"
)
MAIL_OWNER = 5000  # uid and gid of all users, in the harness's configuration


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_log(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        matches = (LINE.search(line) for line in file)
        return {ends(match, "ip", "port", "local_ip", "local_port"): match for match in matches if match}


def ends(session, *names):
    """Of its connection: a client port may serve several at a time."""
    return tuple(str(session[name]) for name in names)


def member(name, text):
    """Text that is no UTF-8 is told in hexadecimal digits, under another name."""
    data = os.fsencode(text)
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {name + "_hex": data.hex()}


def username(login):
    """auth_username_format of the harness: lower case, as far as ASCII goes."""
    return re.sub("[A-Z]+", lambda match: match[0].lower(), login["user"])


def service_name(login, version, of_auth=False):
    """What ManageSieve calls itself, to authentication always."""
    if login["service"] == "managesieve" and (of_auth or version == "2.4"):
        return "sieve"
    return login["service"]


def connection(login, line):
    return {
        "remote_ip": login["from"],
        "remote_port": login["port"],
        "local_ip": login["to"],
        "local_port": login["to_port"],
        "session_id": line["session"],
        "mech": "PLAIN",
    }


def auth_event(login, line, version):
    event = connection(login, line)
    event["type"] = "auth"
    event.update(member("username", username(login)))
    event.update(member("auth_user", login.get("master") or login["user"]))
    if login.get("master"):
        event["master_user"] = login["master"]
    event["protocol" if version == "2.4" else "service"] = service_name(login, version, True)
    for field in ("remote_ip", "remote_port", "local_ip", "local_port"):
        event["real_" + field] = event[field]  # nobody stands between
    event["passdb_result"] = 1 if login["ok"] else 0
    event["outcome"] = "ok" if login["ok"] else "password_mismatch"
    event["flags"] = ["secured"] if line["secured"] else []
    event["flags"] += ["successful"] if login["ok"] else []
    event["flags"] += ["tls"] if login.get("tls") else []
    return event


def mail_user_event(login, line, version):
    """Dovecot keeps the name at login only where it is another. To 2.4, secured means TLS."""
    secured = login.get("tls") if version == "2.4" else line["secured"]
    login_name = login.get("master") or login["user"]
    event = connection(login, line)
    event["type"] = "mail_user"
    event.update(member("username", username(login)))
    if login_name != username(login):
        event.update(member("auth_user", login_name))
    event["service"] = service_name(login, version)
    if version == "2.4":
        event["protocol"] = event["service"]
    event["mail_uid"] = event["mail_gid"] = MAIL_OWNER
    event["flags"] = ["secured"] if secured else []
    event["flags"] += ["tls"] if secured and version == "2.4" else []
    return event


def expected(logins, log, version):
    for login in logins:
        line = log[ends(login, "from", "port", "to", "to_port")]
        yield auth_event(login, line, version)
        if login["ok"]:
            yield mail_user_event(login, line, version)


def take_unknowable(event):
    """Removes what differs from run to run; returns what is impossible about it."""
    problems = []
    if event.pop("boot_ns", 0) <= 0 or not event.pop("time", None):
        problems.append("no time")
    if event.pop("pid", 0) <= 1 or event.pop("tid", 0) <= 1 or event.pop("cgroup_id", 0) <= 0:
        problems.append("no process")
    if "uid" not in event:
        problems.append("no uid")
    event.pop("uid", None)
    return problems


def in_order(events):
    order = sorted(events, key=lambda event: (event["remote_port"], event["local_port"], event["type"]))
    return [json.dumps(event, sort_keys=True, ensure_ascii=False) for event in order]


def main():
    log_path, logins_path, events_path, version = sys.argv[1:]
    got = read_json(events_path)
    problems = [problem for event in got for problem in take_unknowable(event)]
    want = list(expected(read_json(logins_path), read_log(log_path), version))
    problems += difflib.unified_diff(in_order(want), in_order(got), "expected", "got", "", "", 0, "")
    if problems:
        sys.exit("\n".join(problems))


main()
