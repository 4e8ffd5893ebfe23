#!/bin/bash
# SPDX-License-Identifier: MIT
# The kernel/user ABI against its checked-in listing. When this fails on purpose: raise
# DOVETAP_EVENT_MAJOR if a record that was written before would be read wrong, then "event.sh --write".
set -euo pipefail
cd "$(dirname "$0")/../.."

listing=$(mktemp)
program=$(mktemp)
trap 'rm -f "$listing" "$program"' EXIT
${CC:-cc} -Iinclude -include linux/types.h -o "$program" tests/abi/event.c
"$program" > "$listing"

if [[ ${1:-} == --write ]]; then
	cp "$listing" tests/abi/event.ref
	exit
fi
echo 1..1
if diff -u tests/abi/event.ref "$listing" | sed 's/^/# /'; then
	echo "ok 1 - event.h lies where its listing says"
else
	echo "not ok 1 - event.h lies where its listing says"
	exit 1
fi
