#!/bin/bash
# SPDX-License-Identifier: MIT
# The collector is killed at random moments while people log in to a real Dovecot, and two thousand a
# second to a made-up one. Ring and probes outlive it: every login is there in the end.
. "$(dirname "$0")/lib.sh"
plan 5

kills=$(amount 20 200)
pauses=(0.02 0.05 0.1 0.2 0.4 0.8) # what is done in them is cut off anywhere

consumes() { # has another collector than this one taken records?
	local now
	now=$(collector_pid) && [[ $now != "$1" ]] && at_least 1 "$(metric dovetap_events_total)"
}

# Kills, and measures how long nobody takes records.
kill_one() {
	local victim begin
	victim=$(collector_pid)
	begin=$(date +%s%N)
	kill -KILL "$victim" && eventually consumes "$victim" &&
		echo $((($(date +%s%N) - begin) / 1000000)) >> "$tmp/restarts"
}

kill_them() {
	local i
	for ((i = 0; i < kills; i++)); do
		sleep "${pauses[RANDOM % ${#pauses[@]}]}"
		kill_one || return
	done
}

storm_prepare
harness_start bookworm
dovetap_start --root "$harness_root" --root "$storm_root" --dict "sqlite:path=$tmp/state/db" \
	--key 'last-login/%{service}/%{user}' --precision ns
people_start real{1..40}@example.com
storm_start --rate 2000 --users 3000
check "the collector is killed $kills times" kill_them
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'every user has the newest login' explained stored_embedded
echo "# from kill to consuming: $(figures < "$tmp/restarts") (limit 1000 ms)"
