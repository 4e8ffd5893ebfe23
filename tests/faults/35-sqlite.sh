#!/bin/bash
# SPDX-License-Identifier: MIT
# The embedded dict, whose file somebody else has locked, or whose disk is full or read-only, under load: people
# log in, and the spool, which is elsewhere, keeps what they did until the file can be written again.
. "$(dirname "$0")/lib.sh"
plan 12

disk=$tmp/disk
strangers=100000 # each logs in once: no later login makes up for one that is missed

is_up() { # 0 or 1
	same "$1" "$(metric 'dovetap_dict_up{dict="sqlite"}')"
}

strangers_log_in() {
	storm --rate 1000 --events 200 --users 200 --first "$strangers" \
		--log "$tmp/accepted.strangers" > "$tmp/strangers"
	strangers=$((strangers + 200))
}

suffer() { # fault: functions FAULT_begin, FAULT_end
	"$1_begin"
	strangers_log_in
	check "$1: the dict is seen to be down" eventually is_up 0
	strangers_log_in
	check "$1: records wait" at_least 1 "$(metric 'dovetap_dict_spooled_records{dict="sqlite"}')"
	"$1_end"
	check "$1: the dict is seen to be up" eventually is_up 1
}

locked_begin() {
	run_in_background "$tmp/lock.log" python3 -c '
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
db.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(1e6)' "$disk/db"
	locker=$pid
	eventually grep -q locked "$tmp/lock.log" || bail "$(cat "$tmp/lock.log")"
}

locked_end() {
	stop "$locker"
}

full_begin() {
	dd if=/dev/zero of="$disk/filling" bs=4k 2> "$tmp/dd.log" || [[ -s $disk/filling ]]
}

full_end() {
	rm "$disk/filling"
}

# While nobody has the file open: the next collector finds it so.
readonly_begin() {
	local victim
	victim=$(collector_pid)
	kill -STOP "$dovetap_pid"
	kill -KILL "$victim"
	eventually mount -o remount,ro "$disk"
	kill -CONT "$dovetap_pid"
	eventually metric dovetap_start_time_seconds > "$tmp/out"
}

readonly_end() {
	mount -o remount,rw "$disk"
}

stored_here() {
	sqlite3 -readonly -separator ' ' "$disk/db" \
		"SELECT service || '/' || userid, max(time_ns) FROM last_login GROUP BY 1"
}

mkdir "$disk"
mount -t tmpfs -o size=4M,mode=1777 disk "$disk" || bail 'cannot mount a tmpfs'
mounted+=("$disk")
storm_prepare
dovetap_start --root "$storm_root" --dict "sqlite:path=$disk/db" \
	--key 'last-login/%{service}/%{user}' --precision ns
storm_start --rate 500 --users 1000
eventually test -s "$disk/db" || bail 'the collector does not make the file' # the locker would, as root
for fault in locked full readonly; do
	suffer "$fault"
done
load_stop
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'every user has the newest login' explained stored_here
