#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a file of recorded events (userspace/capture/replay.h) from one JSON object a line.

Members are those of struct dovetap_event_head and the text fields of include/dovetap/event.h;
what is not named is absent. A text is taken as Latin-1, so that any byte can be written. An event
with client_id, proxy_host or a real_ member has the record's newer form, the others that of before.
"""
import ipaddress
import json
import struct
import sys

TEXTS = [("username", 64, 520), ("auth_user", 64, 520), ("master_user", 64, 520),
         ("home", 64, 520), ("session_id", 64, 128), ("service", 24, 64), ("protocol", 24, 64),
         ("mech", 24, 64), ("local_name", 64, 256), ("client_id", 64, 256), ("proxy_host", 64, 256)]
REMOTE_IP, LOCAL_IP, REMOTE_PORT, LOCAL_PORT, MAIL_UID = 16, 17, 18, 19, 20
REAL_REMOTE_IP, REAL_LOCAL_IP, REAL_REMOTE_PORT, REAL_LOCAL_PORT = 22, 23, 24, 25
TYPES = {"mail_user": 1, "auth": 2, "proxy": 3}
FLAGS = {"anonymous": 1, "admin": 2, "autocreated": 4, "session_restored": 8, "secured": 16,
         "successful": 32, "auth_only": 64, "policy_refusal": 128, "internal_failure": 256, "tls": 512}


def address(event, name, bit, present):
    if name not in event:
        return 0, b"", present
    ip = ipaddress.ip_address(event[name])
    return (2 if ip.version == 4 else 10), ip.packed, present | 1 << bit


def tail(event, present):
    remote_family, remote, present = address(event, "real_remote_ip", REAL_REMOTE_IP, present)
    local_family, local, present = address(event, "real_local_ip", REAL_LOCAL_IP, present)
    for name, bit in (("real_remote_port", REAL_REMOTE_PORT), ("real_local_port", REAL_LOCAL_PORT)):
        present |= (name in event) << bit
    return present, struct.pack("<HHHH16s16s", remote_family, local_family,
                                event.get("real_remote_port", 0), event.get("real_local_port", 0),
                                remote, local)


def record(event):
    newer = any(name in ("client_id", "proxy_host") or name.startswith("real_") for name in event)
    slots = TEXTS if newer else TEXTS[:9]
    texts = [event.get(name, "").encode("latin-1") for name, _, _ in slots]
    longer = any(len(text) >= slot[1] for text, slot in zip(texts, slots))
    sizes = [slot[2 if longer else 1] for slot in slots]
    present = sum(1 << i for i, slot in enumerate(slots) if slot[0] in event)
    present, behind = tail(event, present) if newer else (present, b"")
    truncated = sum(1 << i for i, slot in enumerate(slots) if slot[0] in event.get("truncated", []))
    remote_family, remote, present = address(event, "remote_ip", REMOTE_IP, present)
    local_family, local, present = address(event, "local_ip", LOCAL_IP, present)
    for name, bit in (("remote_port", REMOTE_PORT), ("local_port", LOCAL_PORT),
                      ("mail_uid", MAIL_UID)):
        present |= (name in event) << bit
    head = struct.pack(
        "<HHIQQQIIIIIiIIIIHHHH16s16s", event.get("major", 1), TYPES[event.get("type", "mail_user")],
        136 + sum(sizes) + len(behind), event["boot_ns"], event.get("cgroup_id", 1), event.get("object", 0),
        event.get("pid", 1), event.get("pid", 1), event.get("uid", 0), event.get("mail_uid", 0),
        event.get("mail_gid", 0), event.get("passdb_result", 0), present, truncated, 0,
        sum(FLAGS[flag] for flag in event.get("flags", [])), remote_family, local_family,
        event.get("remote_port", 0), event.get("local_port", 0), remote, local)
    lengths = [len(text) for text in texts]
    head += struct.pack("<12H", *lengths, *[0] * (12 - len(lengths)))
    padded = [text.ljust(size, b"\0") for text, size in zip(texts, sizes)]
    return head + b"".join(padded[:10]) + behind + b"".join(padded[10:])


def main():
    out = sys.stdout.buffer
    out.write(b"dovetap\0" + struct.pack("<IIq", 1, 0, 1795338302_000_000_000))
    for line in sys.stdin:
        if line.strip():
            data = record(json.loads(line))
            out.write(struct.pack("<I", len(data)) + data)


if __name__ == "__main__":
    main()
