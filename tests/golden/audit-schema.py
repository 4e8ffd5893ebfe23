#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds lines of the audit stream against its schema: audit-schema.py SCHEMA STREAM.

Every line must be allowed, and not by accident: a line with a member more, with a member of another
type, or of another version must not be."""

import json
import sys

import jsonschema


def spoilt(record):
    yield {**record, "version": 2}
    yield {**record, "event": "logout"}
    yield {**record, "unknown": 1}
    yield {**record, "time": "2026-11-22 09:05:03"}
    for name in record:
        yield {**record, name: {"no": "such"}}
    for name in ("version", "event", "time"):
        yield {key: value for key, value in record.items() if key != name}
    yield {**record, "user": "a", "user_hex": "ff"}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with open(sys.argv[2], encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    problems = [] if records else ["no record"]
    for record in records:
        problems += [f"{record}: {error.message}" for error in validator.iter_errors(record)]
        problems += [f"allowed, too: {bad}" for bad in spoilt(record) if validator.is_valid(bad)]
    if problems:
        sys.exit("\n".join(problems))


main()
