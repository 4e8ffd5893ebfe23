#!/bin/bash
# SPDX-License-Identifier: MIT
# A backlog of a hundred thousand users, from twenty thousand logins a second while the dict is away:
# ten million in the full form. It costs disk, not memory, and is written fast once the dict is back.
. "$(dirname "$0")/lib.sh"
plan 10

users=100000 events=$(amount 200000 10000000) rate=20000

spooled() { # how many
	same "$1" "$(metric "dovetap_dict_spooled_records{dict=\"$dict\"}")"
}

rss() { # KiB of the collector: VmRSS now, VmHWM at most
	awk -v what="$1:" '$1 == what { print $2 }' "/proc/$(collector_pid)/status"
}

memory_is_small() {
	at_most 65535 "$(rss VmHWM)"
}

tell_memory() {
	awk -v now="$(rss VmRSS)" -v most="$(rss VmHWM)" -v users="$users" -v dict="$dict" 'BEGIN {
		printf "# %s: backlog of %d users: RSS %.1f MiB, at most %.1f MiB (limit 64)\n",
			dict, users, now / 1024, most / 1024 }'
}

begun() {
	at_most $((users - 1)) "$(metric "dovetap_dict_spooled_records{dict=\"$dict\"}")"
}

tell_speed() { # nanoseconds, records
	awk -v ns="$1" -v records="$2" -v dict="$dict" 'BEGIN {
		printf "# %s: drained at %d records/s (at least 50000)\n", dict, records / ns * 1e9 }'
}

drain_and_tell() { # from the first batch that is seen to be gone
	local begin left
	eventually begun || return
	begin=$(date +%s%N)
	left=$(metric "dovetap_dict_spooled_records{dict=\"$dict\"}")
	eventually spooled 0 && tell_speed $(($(date +%s%N) - begin)) "$left" > "$tmp/speed"
}

backlog() { # dict's name, what ends its absence
	dict=$1
	storm --rate "$rate" --events "$events" --users "$users" | note
	check "$dict: everybody waits in the spool" eventually spooled "$users"
	tell_memory
	"$2"
	check "$dict: the backlog is written" drain_and_tell
	cat "$tmp/speed"
	check "$dict: the collector never took 64 MiB" memory_is_small
	check "$dict: everybody has the newest login" explained "stored_$dict"
	check "$dict: nothing was lost" same 0 "$(lost)"
	dovetap_stop
	rm -f "$tmp/accepted"
}

sqlite_is_away() {
	run_in_background "$tmp/lock.log" python3 -c '
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
time.sleep(1e6)' "$tmp/state/db"
	locker=$pid
	eventually grep -q locked "$tmp/lock.log" || bail "$(cat "$tmp/lock.log")"
}

sqlite_is_back() {
	stop "$locker"
}

stored_sqlite() {
	stored_embedded
}

start() { # dict
	dovetap_start --root "$storm_root" --dict "$1" --key 'last-login/%{service}/%{user}' --precision ns
}

storm_prepare
redis_port=$(free_port)
start "redis:host=127.0.0.1:port=$redis_port"
backlog redis redis_start

start "sqlite:path=$tmp/state/db"
storm --events 1 | note
eventually test -s "$tmp/state/db" | note
sqlite_is_away
backlog sqlite sqlite_is_back
