#!/bin/bash
# SPDX-License-Identifier: MIT
# The dict is away, and dovetap ends twice meanwhile: first as asked, then by force. What it saw
# waits on disk; of who came again only the newest login is written in the end.
. "$(dirname "$0")/lib.sh"
plan 7

start() {
	dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port" \
		--precision ms
}

spooled() { # users: exactly these wait on disk
	same "$(printf 'shared/last-login/%s\n' "$@" | sort)" \
		"$(sqlite3 -readonly "$tmp/state/spool/redis.spool" 'SELECT key FROM pending' | sort)"
}

nothing_waits() {
	same 0 "$(sqlite3 -readonly "$tmp/state/spool/redis.spool" 'SELECT count(*) FROM pending')"
}

written() {
	same "$(printf 'last-login/%s\n' "$@" | sort)" "$(redis --raw keys '*' | sort)"
}

kill_all_of_it() { # at once, so that neither half can act on the end of the other
	local processes
	mapfile -t processes < <(echo "$dovetap_pid" && pgrep --parent "$dovetap_pid")
	kill -KILL "${processes[@]}"
	stop "$dovetap_pid"
}

value_is_after() { # key, milliseconds
	at_least "$2" "$(redis get "$1")"
}

harness_start bookworm
redis_port=$(free_port)
start
check 'logins while the dict is away' login imap a@example.com b@example.com
dovetap_stop
check 'wait on disk when dovetap was asked to end' spooled a@example.com b@example.com

start
again=$(date +%s%3N)
check 'one of them comes again, and somebody else' login pop3 b@example.com c@example.com
check 'that is on disk, too' eventually spooled a@example.com b@example.com c@example.com
kill_all_of_it

start
redis_start
check 'killed or not, all is written once the dict is there' \
	eventually written a@example.com b@example.com c@example.com
check 'with the newest time' value_is_after last-login/b@example.com "$again"
check 'and nothing waits any more' eventually nothing_waits
