#!/bin/bash
# SPDX-License-Identifier: MIT
# Upgrade and roll-back, over and over, under load: each next dovetap has other programs (they capture
# other texts) and a ring of another size than the one that ended, so that it attaches its own first,
# reads the old ring to its end, and takes the old probes away.
. "$(dirname "$0")/lib.sh"
plan 6

turns=$(amount 8 50)

start() { # yes or no, ring size
	printf 'dovetap {\n  capture_home = %s\n  ring_size = %s\n}\n' "$1" "$2" > "$tmp/dovetap.conf"
	dovetap_start --root "$harness_root" --root "$storm_root" --pin "$bpffs/dovetap" \
		--config "$tmp/dovetap.conf" --dict "sqlite:path=$tmp/state/db" \
		--key 'last-login/%{service}/%{user}' --precision ns
}

turn() { # yes or no, ring size
	dovetap_stop && start "$@" &&
		has_no_line 'taken over' "$tmp/dovetap.log" # or nothing was replaced
}

turn_over_and_over() {
	local i
	for ((i = 0; i < turns; i += 2)); do
		turn yes 16M && sleep 0.2 && turn no 8M && sleep 0.2 || return
	done
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
start no 8M
before=$(probes)
people_start real{1..20}@example.com
storm_start --rate 500 --users 1000
check "$turns times another dovetap takes over" turn_over_and_over
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'no probe of an old one is left' probes_are "$before"
check 'every user has the newest login' explained stored_embedded
