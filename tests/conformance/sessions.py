#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints the sessions of one conformance case for tests/harness/login.py: sessions.py 1|2|3

The first round is everybody once, by IMAP; the second, some by all else; the third, some of them
again, from another address."""

import json
import sys

SERVICES = ("imap", "pop3", "submission", "managesieve", "lmtp")
HOSTILE = (
    "per%cent@example.com",
    'quo"te@example.com',
    "apo'strophe@example.com",
    "sp ace@example.com",
    "\u00fcn\u00ef@example.com",
    "back\\slash@example.com",
    "sla/sh@example.com",
    "n" * 240 + "@example.com",
)


def show(service, user, **more):
    print(json.dumps({"service": service, "user": user, **more}))


def some(service):
    for number in range(1, 5):
        show(service, f"u{number}@example.com", ipv6=number == 4)


def first():
    some("imap")
    for user in HOSTILE:
        show("imap", user)
    show("imap", "Mixed.Case@Example.COM")
    show("imap", "somebody@example.com", master="admin", password="secret")
    show("imap", "secure@example.com", tls=True)


def second():
    for service in SERVICES[1:]:
        some(service)


def third():
    for service in SERVICES:
        for number in range(1, 4):
            show(service, f"u{number}@example.com", **{"from": "127.0.0.7"})


(first, second, third)[int(sys.argv[1]) - 1]()
