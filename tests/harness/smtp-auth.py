#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Authenticates to an SMTP server: smtp-auth.py PORT PASSWORD USER...

All users at once, each on a connection of its own. Prints "USER CODE", in order. Exit status 0 when
the server answered everybody, whatever it said."""

import concurrent.futures
import smtplib
import sys

PATIENCE = 30


def authenticate(port, user, password):
    with smtplib.SMTP("127.0.0.1", port, "client.example", PATIENCE) as client:
        try:
            client.ehlo()
            client.user, client.password = user, password
            code, _ = client.auth("PLAIN", client.auth_plain)  # login() tries again with LOGIN
        except smtplib.SMTPAuthenticationError as refusal:
            code = refusal.smtp_code
    return code


def main():
    port, password, users = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        codes = pool.map(lambda user: authenticate(port, user, password), users)
        for user, code in zip(users, codes):
            print(user, code)


main()
