#!/bin/bash
# SPDX-License-Identifier: MIT
# All of dovetap is killed at random moments, or its privileged half only, while people log in. Pins
# keep ring and probes in the kernel: the next one finds every login of meanwhile.
. "$(dirname "$0")/lib.sh"
plan 5

kills=$(amount 8 200)
pauses=(0.02 0.1 0.3 0.6)

start() {
	dovetap_start --root "$stand_root" --root "$storm_root" --pin "$bpffs/dovetap" \
		--dict "sqlite:path=$tmp/state/db" --key 'last-login/%{service}/%{user}' --precision ns
}

consumes() {
	[[ $(metric dovetap_events_total) -gt 0 ]]
}

kill_attacher() { # the collector sees it, and ends by itself
	local collector
	collector=$(collector_pid)
	kill -KILL "$dovetap_pid"
	wait "$dovetap_pid" 2> /dev/null
	eventually process_is_gone "$collector"
}

kill_one_way() { # number
	if [[ $1 -eq 0 ]]; then
		kill_attacher
	else
		dovetap_kill
	fi
}

kill_them() {
	local i begin
	for ((i = 0; i < kills; i++)); do
		sleep "${pauses[RANDOM % ${#pauses[@]}]}"
		kill_one_way $((RANDOM % 2)) || return
		begin=$(date +%s%N)
		start
		eventually consumes || return
		echo $((($(date +%s%N) - begin) / 1000000)) >> "$tmp/restarts"
	done
}

bpffs_mount
storm_prepare
stand_start bookworm
start
people_start real{1..20}@example.com
storm_start --rate 500 --users 1000
check "dovetap is killed $kills times" kill_them
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'every user has the newest login' explained stored_embedded 0
echo "# from start to consuming: $(figures < "$tmp/restarts") (limit 1000 ms)"
