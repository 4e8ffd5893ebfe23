#!/bin/bash
# SPDX-License-Identifier: MIT
# The service manager keeps ring and probes while dovetap is restarted, as asked and by kill -9, with
# both kinds of probes; a restart may also change from one kind to the other, or the size of the ring.
. "$(dirname "$0")/lib.sh"
plan 12

rounds=$(amount 5 100)
pauses=(0.02 0.05 0.1 0.2 0.4 0.8)

install() { # more options
	service_install "$dovetap" --root "$harness_root" --root "$storm_root" \
		--dict "sqlite:path=$tmp/state/db" --key 'last-login/%{service}/%{user}' \
		--precision ns --config "$tmp/dovetap.conf" "$@"
}

ring_size() {
	printf 'dovetap {\n  ring_size = %s\n}\n' "$1" > "$tmp/dovetap.conf"
}

restart_them() {
	local i signals=(TERM KILL)
	for ((i = 0; i < rounds; i++)); do
		sleep "${pauses[RANDOM % ${#pauses[@]}]}"
		service_restart "${signals[i % 2]}" || return
	done
}

attached() { # how often a file was attached to
	grep -c ': attached to' "$tmp/dovetap.log"
}

attached_are() { # count
	[[ $1 -gt 0 ]] && same "$1" "$(attached)"
}

kept_are() { # what kept says
	same "$1" "$(kept)"
}

kept() { # rings, and how many other things
	stored_descriptors | grep '^ring' | sort
	stored_descriptors | grep -vc '^ring'
}

storm_prepare
harness_start bookworm
ring_size 8M
install --attach multi
service_start
first=$(attached) things=$(kept)
people_start real{1..40}@example.com
storm_start --rate 2000 --users 3000
check "restarted $rounds times with uprobe_multi" restart_them
check 'no file was attached to twice' attached_are "$first"
install --attach perf
check 'perf events take their place' service_restart TERM
check 'each file was attached to anew' eventually attached_are $((2 * first))
check "restarted $rounds times with them" restart_them
check 'and the manager has not dropped one' attached_are $((2 * first))
ring_size 16M
check 'a larger ring' service_restart TERM
check 'takes the place of the old one, read to its end' eventually kept_are \
	"${things/ring-8388608/ring-16777216}"
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'every user has the newest login' explained stored_embedded
check 'and none was lost' same 0 "$(lost)"
restarts_tell
