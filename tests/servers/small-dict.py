#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A dict server of somebody's own, as there are some behind last_login_dict = proxy:SOCKET:NAME.

small-dict.py SOCKET FILE: it knows what the plugin sends (H, B, S, C), answers a commit without a
number, and fails at a user "ghost", whose connection ends. FILE gets a line for each command, with
"warning" in front of those that it does not know.
"""
import os
import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        transactions = {}
        while line := self.rfile.readline().decode().rstrip("\n"):
            command, fields = line[0], line[1:].split("\t")
            known = command in "HBSC"
            print(line if known else f"warning {line}", file=self.server.log, flush=True)
            if command == "B":
                transactions[fields[0]] = {}
            elif command == "S":
                if "ghost" in fields[1]:
                    raise ValueError(f"there is no such user: {fields[1]}")
                transactions[fields[0]][fields[1]] = fields[2]
            elif command == "C":
                self.server.store.update(transactions.pop(fields[0]))
                self.wfile.write(b"O\n")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        print(f"error {sys.exc_info()[1]}", file=self.log, flush=True)


path, log = sys.argv[1:]
with Server(path, Handler) as server:
    os.chmod(path, 0o666)
    server.log = open(log, "a", encoding="utf-8")
    server.store = {}
    server.serve_forever()
