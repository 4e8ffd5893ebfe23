#!/bin/bash
# SPDX-License-Identifier: MIT
# A small dict server of somebody's own behind "proxy:": it receives what the plugin sends and nothing
# else, a record at which it hangs up costs that record alone, and replay comes to an end.
cd "$(dirname "$0")/../.."
. tests/checks.sh
plan 7
dovetap=${DOVETAP:-.output/dovetap} number=1000000000
trap 'stop_server; checks_end $?' EXIT

stop_server() {
	[[ -z ${server:-} ]] || kill "$server"
}

logins() { # user...: a recording of one login each
	local user
	for user in "$@"; do
		printf '{"boot_ns": %d, "username": "%s@example.com", "service": "imap", "session_id": "%s"}\n' \
			$((number += 1000000)) "$user" "$user"
	done | tests/golden/make-recording.py
}

replay() {
	timeout 60 "$dovetap" replay --dict "proxy:$tmp/socket:lastlogin" "$tmp/$1"
}

commands() { # letter: how many
	grep -c "^$1" "$tmp/commands" || true
}

tests/servers/small-dict.py "$tmp/socket" "$tmp/commands" &
server=$!
until [[ -S $tmp/socket ]]; do sleep 0.02; done

logins alice bob carol > "$tmp/three"
three_are_taken() {
	replay three
	same 3 "$(commands C)"
}
only_what_it_knows() {
	has_line '^C' "$tmp/commands"
	has_no_line '^warning' "$tmp/commands"
}
check 'three records are taken' three_are_taken
check 'as three transactions' same '3 3 3' "$(commands B) $(commands S) $(commands C)"
check 'each on a connection of its own, as the plugin makes one' same 3 "$(commands H)"
check 'and there was nothing that it does not know' only_what_it_knows

logins alice ghost bob > "$tmp/ghost"
check 'a record at which it hangs up makes replay fail' fails_with 74 'refused' replay ghost
check 'the others are stored' same 2 "$(tail -n +13 "$tmp/commands" | grep -c '^C')"
check 'nothing that it does not know, even then' only_what_it_knows
