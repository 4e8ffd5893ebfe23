#!/bin/bash
# SPDX-License-Identifier: MIT
# The unprivileged half dies under fire, twice. The ring outlives it, and its successor goes on at
# the record where it stopped: every login is there.
. "$(dirname "$0")/lib.sh"
plan 4

users=(u{1..300}@example.com)

collector() {
	collector_of "$dovetap_pid"
}

is_replaced() { # pid
	local now
	now=$(collector) && [[ $now != "$1" ]]
}

kill_collector() {
	local victim
	victim=$(collector)
	kill -KILL "$victim" && eventually is_replaced "$victim"
}

logins_reach() { # count
	[[ $(wc -l < "$tmp/logins") -ge $1 ]]
}

harness_start bookworm
dovetap_start_recording
login imap "${users[@]}" --parallel 4 > "$tmp/logins" &
storm=$!
eventually logins_reach 50 | note
check 'the collector is killed and replaced' kill_collector
eventually logins_reach 150 | note
check 'and once more' kill_collector
check 'meanwhile everybody can log in' wait "$storm"
check 'no login is missing' eventually recorded "${users[@]/#/imap/}"
