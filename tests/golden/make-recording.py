#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a file of recorded events (userspace/capture/replay.h) from one JSON object a line.

Members are those of struct dovetap_event_head and the text fields of include/dovetap/event.h;
what is not named is absent. A text is taken as Latin-1, so that any byte can be written.
"""
import ipaddress
import json
import struct
import sys

TEXTS = [("username", 64, 520), ("auth_user", 64, 520), ("master_user", 64, 520),
         ("home", 64, 520), ("session_id", 64, 128), ("service", 24, 64), ("protocol", 24, 64),
         ("mech", 24, 64), ("local_name", 64, 256)]
REMOTE_IP, LOCAL_IP, REMOTE_PORT, LOCAL_PORT, MAIL_UID = 16, 17, 18, 19, 20
TYPES = {"mail_user": 1, "auth": 2, "proxy": 3}
FLAGS = {"anonymous": 1, "admin": 2, "autocreated": 4, "session_restored": 8, "secured": 16,
         "successful": 32}


def address(event, name, bit, present):
    if name not in event:
        return 0, b"", present
    ip = ipaddress.ip_address(event[name])
    return (2 if ip.version == 4 else 10), ip.packed, present | 1 << bit


def record(event):
    texts = [event.get(name, "").encode("latin-1") for name, _, _ in TEXTS]
    longer = any(len(text) >= slot[1] for text, slot in zip(texts, TEXTS))
    sizes = [slot[2 if longer else 1] for slot in TEXTS]
    present = sum(1 << i for i, slot in enumerate(TEXTS) if slot[0] in event)
    remote_family, remote, present = address(event, "remote_ip", REMOTE_IP, present)
    local_family, local, present = address(event, "local_ip", LOCAL_IP, present)
    for name, bit in (("remote_port", REMOTE_PORT), ("local_port", LOCAL_PORT),
                      ("mail_uid", MAIL_UID)):
        present |= (name in event) << bit
    head = struct.pack(
        "<HHIQQQIIIIIiIIIIHHHH16s16s", event.get("major", 1), TYPES[event.get("type", "mail_user")],
        136 + sum(sizes), event["boot_ns"], event.get("cgroup_id", 1), event.get("object", 0),
        event.get("pid", 1), event.get("pid", 1), event.get("uid", 0), event.get("mail_uid", 0),
        event.get("mail_gid", 0), event.get("passdb_result", 0), present, 0, 0,
        sum(FLAGS[flag] for flag in event.get("flags", [])), remote_family, local_family,
        event.get("remote_port", 0), event.get("local_port", 0), remote, local)
    head += struct.pack("<9H3H", *(len(text) for text in texts), 0, 0, 0)
    return head + b"".join(text.ljust(size, b"\0") for text, size in zip(texts, sizes))


def main():
    out = sys.stdout.buffer
    out.write(b"dovetap\0" + struct.pack("<IIq", 1, 0, 1795338302_000_000_000))
    for line in sys.stdin:
        if line.strip():
            data = record(json.loads(line))
            out.write(struct.pack("<I", len(data)) + data)


if __name__ == "__main__":
    main()
