#!/bin/bash
# SPDX-License-Identifier: MIT
# min_interval: the first login is written at once, later ones at the end of the interval, the
# newest of them. kill -9 of both halves forgets neither what was written nor what is held.
. "$(dirname "$0")/lib.sh"
plan 11

config() { # min_interval
	cat > "$tmp/dovetap.conf" <<- END
		dovetap {
		  min_interval = $1
		}
	END
}

start() {
	dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db" --config "$tmp/dovetap.conf"
}

alice_logs_in() { # sets $before and $after, microseconds around it
	before=$(date +%s%6N)
	login imap alice@example.com > "$tmp/out"
	after=$(date +%s%6N)
}

stored() { # in microseconds
	sqlite3 -readonly "$tmp/state/db" \
		"SELECT time_ns / 1000 FROM last_login WHERE userid = 'alice@example.com'"
}

stored_is_of_the_last() {
	local time
	time=$(stored)
	[[ $time -ge $before && $time -le $after ]] || { echo "$time is not in $before to $after"; return 1; }
}

is() { # metric of the dict, value
	same "$2" "$(metric "$1{dict=\"sqlite\"}")"
}

spool() { # action
	"$dovetap" spool "$1" --state-dir "$tmp/state" --dict "sqlite:path=$tmp/state/db" \
		--config "$tmp/dovetap.conf"
}

harness_start bookworm
config '1 h'
start
alice_logs_in
check 'the first login is written' eventually stored_is_of_the_last
first=$(stored)
alice_logs_in
check 'the second is held' eventually is dovetap_dict_held_records 1
check 'the store has the first' same "$first" "$(stored)"

check 'both processes are killed' dovetap_kill
start
check 'what was held is still held' eventually is dovetap_dict_held_records 1
alice_logs_in
check 'a third login takes its place' eventually is dovetap_logins_coalesced_total 1
check 'and the store still has the first' same "$first" "$(stored)"
dovetap_stop
spool list > "$tmp/list"
check 'the spool tells what is held' grep -q '^sqlite  held  .*alice@example.com' "$tmp/list"
spool drain > "$tmp/out"
check 'drained by hand, the store has the third' stored_is_of_the_last

config '3 s'
start
for _ in {1..5}; do
	alice_logs_in
done
check 'at the end of a short interval the newest is written' eventually stored_is_of_the_last
check 'and nothing is held' eventually is dovetap_dict_held_records 0
