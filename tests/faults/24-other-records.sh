#!/bin/bash
# SPDX-License-Identifier: MIT
# Hot upgrade and roll-back under load, between two builds whose records differ in size and of which
# one has a counter more; kept by the service manager. Then to a build whose records nobody else reads,
# and back: what it left in the ring is counted as lost, and nothing else is.
. "$(dirname "$0")/lib.sh"
plan 12

rounds=$(amount 4 50)
pauses=(0.05 0.1 0.2 0.4)

build() { # variant: sets $program
	program=$dovetap
	[[ -z ${DOVETAP_SELFTEST:-} ]] || return 0
	program=$("$top/tests/faults/variant" "$1" 2> "$tmp/build.log") || bail "$(cat "$tmp/build.log")"
}

install() { # program
	service_install "$1" --root "$harness_root" --root "$storm_root" \
		--dict "sqlite:path=$tmp/state/db" --key 'last-login/%{service}/%{user}' \
		--precision ns
}

# The last round ends with dovetap itself. Only the first upgrade is awaited to its end: others are cut off
# anywhere.
upgrade_and_back() {
	local i programs=("$dovetap" "$larger")
	for ((i = 1; i <= 2 * rounds; i++)); do
		install "${programs[i % 2]}"
		service_restart TERM "$([[ $i -gt 1 ]] || echo next_is_ready)" || return
		sleep "${pauses[RANDOM % ${#pauses[@]}]}"
	done
}

replaced() { # files of which a probe of another version was
	sed -n "s/: [0-9]* probes\? of an earlier process detached: it was another version's$//p" \
		"$tmp/dovetap.log" | sort -u | wc -l
}

probes_are() { # count
	same "$1" "$(stored_descriptors | grep -c -- '-.*-')"
}

other_version() {
	metric 'dovetap_events_lost_total{stage="decode",reason="other_version"}'
}

other_version_is() { # count
	same "$1" "$(other_version)"
}

# Its collector is stopped, so that what the storm brings stays in the ring; then both are killed.
leave_unread() { # events
	local collector
	collector=$(collector_pid)
	kill -STOP "$collector"
	storm --rate 2000 --events "$1" --users 100 --first 9000
	restart_begins
	install "$dovetap"
	kill -KILL "$dovetap_pid" "$collector"
	eventually service_is_new "$dovetap_pid" && service_find && restart_ends
}

build larger
larger=$program
build major
major=$program
storm_prepare
harness_start bookworm
install "$dovetap"
service_start
people_start real{1..40}@example.com
storm_start --rate 2000 --users 3000
check "upgraded and rolled back $rounds times" upgrade_and_back
check 'each file has one probe' eventually probes_are 4
check 'and had another before' same 4 "$(replaced)"
load_stop
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'every user has the newest login' explained stored_embedded

install "$major"
check 'a build of another major version' service_restart TERM next_is_ready
storm --rate 1000 --events 100 --users 100 --first 9000
check 'writes what it reads itself' eventually all_is_written
check 'leaves records that the one before cannot read' leave_unread 500
check 'they are counted' eventually other_version_is 500
# Of the 100 users of the test's own 500 unread logins each is behind.
check 'and explain what is not stored' explained stored_embedded 100
restarts_tell
