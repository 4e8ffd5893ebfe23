#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logs in to the test harness, for real, and prints one JSON object per session.

    login.py PORTS SERVICE USER... [--password P] [--master M] [--tls] [--ipv6] [--from ADDRESS]
                                   [--command C]... [--idle-until FILE] [--stay-until FILE]
                                   [--parallel N] [--fails]
    login.py PORTS - < sessions    one JSON object per line: {"service": "imap", "user": ...}

One of the JSON objects may also have "listener", a name in PORTS, and "haproxy", what to say before
the protocol begins as HAProxy does: "CLIENT SERVER CLIENT-PORT SERVER-PORT".

SERVICE is imap, pop3, submission, managesieve or lmtp (which delivers a mail to USER). PORTS is the
file of that name in the harness's directory. Bytes of a name that are no UTF-8 travel through JSON as
Python's surrogate escapes. The object that comes out has what went in and

    ok         the server accepted it
    reply      its last line
    port       the client's port
    from, to   both addresses
    begin, end wall clock in seconds around the server's answer

Exit status 0 when there was a session and every one went as expected: accepted, or refused by the server
under --fails; a server that is not there refuses nobody.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import signal
import socket
import ssl
import sys
import time

# Seconds until a silent server is an error.
PATIENCE = min(60, int(os.environ.get("DOVETAP_TEST_PATIENCE") or 60) + 1)


class Refused(Exception):
    """The server said no."""


def await_file(path):
    """Until somebody has made the file."""
    deadline = time.monotonic() + PATIENCE
    while not os.path.exists(path):
        if time.monotonic() > deadline:
            raise Refused("nobody made " + path)
        time.sleep(0.02)


class Line:
    """A connection that speaks in lines."""

    def __init__(self, ports, session):
        host = "::1" if session.get("ipv6") else "127.0.0.1"
        source = (session["from"], 0) if session.get("from") else None
        address = (host, ports[session.get("listener", session["service"].upper())])
        self.socket = socket.create_connection(address, PATIENCE, source)
        if session.get("haproxy"):
            self.socket.sendall(b"PROXY TCP4 %s\r\n" % session["haproxy"].encode())
        self.file = self.socket.makefile("rb")

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def send(self, line):
        self.socket.sendall(line + b"\r\n")

    def read(self):
        line = self.file.readline()
        if not line:
            raise Refused("connection closed")
        return line.rstrip(b"\r\n")

    def close(self):
        self.file.close()
        self.socket.close()


def sasl_plain(session):
    """The initial response of AUTH PLAIN: authorisation name, authentication name, password."""
    user, master = os.fsencode(session["user"]), session.get("master")
    names = [user, os.fsencode(master)] if master else [b"", user]
    return base64.b64encode(b"\0".join(names + [os.fsencode(session["password"])]))


class Imap:
    def greet(self, line):
        self.tag = 0
        line.read()

    def command(self, line, text):
        self.tag += 1
        line.send(b"a%d %s" % (self.tag, text))
        return self.answer(line)

    def answer(self, line):
        tag = b"a%d " % self.tag
        reply = line.read()
        while not reply.startswith(tag):
            reply = line.read()
        if not reply.startswith(tag + b"OK"):
            raise Refused(reply)
        return reply

    def start_tls(self, line):
        self.command(line, b"STARTTLS")

    def login(self, line, session):
        return self.command(line, b"AUTHENTICATE PLAIN " + sasl_plain(session))

    def after(self, line, session):
        for command in session.get("commands", []):
            self.command(line, os.fsencode(command))
        if session.get("idle_until"):
            self.command(line, b"SELECT INBOX")
            self.idle(line, session["idle_until"])

    def idle(self, line, path):
        """Idles, for hibernation, until somebody has made the file."""
        self.tag += 1
        line.send(b"a%d IDLE" % self.tag)
        await_file(path)
        line.send(b"DONE")
        self.answer(line)

    def bye(self, line):
        self.command(line, b"LOGOUT")


class Pop3:
    def greet(self, line):
        self.answer(line)

    def answer(self, line):
        reply = line.read()
        if not reply.startswith(b"+OK"):
            raise Refused(reply)
        return reply

    def command(self, line, text):
        line.send(text)
        return self.answer(line)

    def start_tls(self, line):
        self.command(line, b"STLS")

    def login(self, line, session):
        return self.command(line, b"AUTH PLAIN " + sasl_plain(session))

    def after(self, line, session):
        pass

    def bye(self, line):
        self.command(line, b"QUIT")


class Submission:
    hello = b"EHLO client.example"

    def greet(self, line):
        self.answer(line)
        self.command(line, self.hello)

    def answer(self, line):
        reply = line.read()
        while reply[3:4] == b"-":
            reply = line.read()
        if reply[:1] not in b"23":
            raise Refused(reply)
        return reply

    def command(self, line, text):
        line.send(text)
        return self.answer(line)

    def start_tls(self, line):
        self.command(line, b"STARTTLS")

    def login(self, line, session):
        return self.command(line, b"AUTH PLAIN " + sasl_plain(session))

    def after(self, line, session):
        pass

    def bye(self, line):
        self.command(line, b"QUIT")


class Lmtp(Submission):
    hello = b"LHLO client.example"

    def login(self, line, session):
        self.command(line, b"MAIL FROM:<sender@example.com>")
        self.command(line, b"RCPT TO:<%s>" % os.fsencode(session["user"]))
        self.command(line, b"DATA")
        return self.command(line, b"Subject: test\r\n\r\ntest\r\n.")


class ManageSieve:
    def greet(self, line):
        self.answer(line)

    def answer(self, line):
        reply = line.read()
        while reply.split(b" ")[0].upper() not in (b"OK", b"NO", b"BYE"):
            reply = line.read()
        if not reply.upper().startswith(b"OK"):
            raise Refused(reply)
        return reply

    def command(self, line, text):
        line.send(text)
        return self.answer(line)

    def start_tls(self, line):
        self.command(line, b"STARTTLS")

    def login(self, line, session):
        return self.command(line, b'AUTHENTICATE "PLAIN" "%s"' % sasl_plain(session))

    def after(self, line, session):
        pass

    def bye(self, line):
        self.command(line, b"LOGOUT")


SERVICES = {
    "imap": Imap,
    "pop3": Pop3,
    "submission": Submission,
    "managesieve": ManageSieve,
    "lmtp": Lmtp,
}


def converse(line, session, result):
    service = SERVICES[session["service"]]()
    service.greet(line)
    if session.get("tls"):
        service.start_tls(line)
        line.start_tls()
        if isinstance(service, ManageSieve):
            service.answer(line)  # capabilities again
    result["begin"] = time.time()
    result["reply"] = service.login(line, session)
    result["end"] = time.time()
    result["ok"] = True
    service.after(line, session)
    if session.get("stay_until"):
        await_file(session["stay_until"])
    service.bye(line)


def run(ports, session):
    result = dict(session, ok=False)
    line = None
    try:
        line = Line(ports, session)
        result["from"], result["port"] = line.socket.getsockname()[:2]
        result["to"], result["to_port"] = line.socket.getpeername()[:2]
        converse(line, session, result)
    except (Refused, OSError) as problem:
        # Refused before the login or by it; after the login it is a failure all the same.
        refused = isinstance(problem, Refused)
        result.update(ok=False, refused=refused, reply=problem.args[0] if refused else str(problem))
    finally:
        if line:
            line.close()
    if isinstance(result["reply"], bytes):
        result["reply"] = os.fsdecode(result["reply"])
    return result


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("ports")
    parser.add_argument("service", choices=[*SERVICES, "-"])
    parser.add_argument("user", nargs="*")
    parser.add_argument("--password", default="pass")
    parser.add_argument("--master")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--ipv6", action="store_true")
    parser.add_argument("--from")
    parser.add_argument("--command", dest="commands", action="append")
    parser.add_argument("--idle-until")
    parser.add_argument("--stay-until")
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--fails", action="store_true")
    return parser.parse_args()


def sessions(options):
    if options.service == "-":
        return [{"password": "pass", **json.loads(text)} for text in sys.stdin]
    given = {name: value for name, value in vars(options).items() if value}
    for name in ("ports", "parallel", "fails"):
        given.pop(name, None)
    return [dict(given, user=user) for user in options.user]


def read_ports(path):
    with open(path, encoding="ascii") as file:
        return {name: int(port) for name, port in (line.split("=") for line in file)}


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    options = arguments()
    ports = read_ports(options.ports)
    as_expected, count = True, 0
    with concurrent.futures.ThreadPoolExecutor(options.parallel) as pool:
        for result in pool.map(lambda session: run(ports, session), sessions(options)):
            print(json.dumps(result), flush=True)
            as_expected &= result.get("refused", False) if options.fails else result["ok"]
            count += 1
    sys.exit(0 if as_expected and count else 1)


main()
