#!/bin/bash
# SPDX-License-Identifier: MIT
# With pins, dovetap is killed and ended at random moments: the attacher alone, both processes, or as
# asked. People log in to a real Dovecot meanwhile, and two thousand a second to a made-up one. The next
# dovetap starts at once, while the collector of the last one may still be writing.
. "$(dirname "$0")/lib.sh"
plan 8

rounds=$(amount 12 200)
pauses=(0.02 0.05 0.1 0.2 0.4 0.8)
ends=(kill_attacher dovetap_kill dovetap_stop)

kill_attacher() {
	kill -KILL "$dovetap_pid"
	wait "$dovetap_pid" 2> /dev/null || true
}

start() {
	dovetap_start --root "$harness_root" --root "$storm_root" --pin "$bpffs/dovetap" \
		--dict "sqlite:path=$tmp/state/db" --key 'last-login/%{service}/%{user}' --precision ns
	cat "$tmp/dovetap.log" >> "$tmp/all.log"
}

restart_them() {
	local i
	for ((i = 0; i < rounds; i++)); do
		sleep "${pauses[RANDOM % ${#pauses[@]}]}"
		"${ends[RANDOM % ${#ends[@]}]}"
		restart_begins
		start
		eventually next_consumes || return
		restart_ends
	done
}

attached_once() { # each of the four files, in the whole test
	same 4 "$(grep -c ': attached to' "$tmp/all.log")"
}

probes() {
	find "$bpffs/dovetap" -name '*-*-*-*' | wc -l
}

probes_are() { # count
	[[ $1 -gt 0 ]] && same "$1" "$(probes)"
}

bpffs_mount
storm_prepare
harness_start bookworm
start
attached=$(probes)
people_start real{1..40}@example.com
storm_start --rate 2000 --users 3000
check "dovetap is killed or ended $rounds times" restart_them
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'every user has the newest login' explained stored_embedded
check 'and none was lost' same 0 "$(lost)"
check 'no file was attached to twice' attached_once
check 'as many probes as in the beginning' probes_are "$attached"
check 'the counters of the probes were never reset' test \
	"$(metric 'dovetap_probe_hits_total{result="mail_user_emitted"}')" -ge \
	"$(grep -c . "$tmp/accepted")"
restarts_tell
