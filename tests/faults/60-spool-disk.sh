#!/bin/bash
# SPDX-License-Identifier: MIT
# The dict is away, and then the spool's disk fails as well: it is full, then read-only, then its file
# is overwritten. Records wait in memory meanwhile and go to the disk when it is well; what was in a
# file that is no more is counted, one by one. A broken file is never a reason not to start.
. "$(dirname "$0")/lib.sh"
plan 14

users=20000

start() {
	dovetap_start --root "$storm_root" --config "$tmp/dovetap.conf" \
		--dict "redis:host=127.0.0.1:port=$redis_port" \
		--key 'last-login/%{service}/%{user}' --precision ns
}

remount() { # options
	mount -o "remount,$1" "$tmp/small"
}

of_redis() { # metric without "dovetap_dict_", more labels
	metric "dovetap_dict_$1{dict=\"redis\"${2:+,$2}}"
}

disk_fails() { # and what comes now waits in memory
	at_least 1 "$(of_redis spool_errors_total 'kind="error"')" && at_least 1 "$(of_redis pending_records)"
}

# While nobody has a file open in there: the next collector finds it so.
make_readonly() {
	local victim
	victim=$(collector_pid)
	kill -STOP "$dovetap_pid"
	kill -KILL "$victim"
	eventually remount ro
	kill -CONT "$dovetap_pid"
	eventually metric dovetap_start_time_seconds > "$tmp/out"
}

all_spooled() {
	same "$users 0" "$(of_redis spooled_records) $(of_redis pending_records)"
}

damaged() { # files
	same "$1" "$(find "$tmp/small" -name 'redis.spool.damaged-*[0-9]' | wc -l)"
}

overwrite() { # file
	head -c "$(stat -c %s "$1")" /dev/urandom | dd of="$1" conv=notrunc status=none
}

mkdir "$tmp/small"
mount -t tmpfs -o size=1M,mode=1777 small "$tmp/small" || bail 'cannot mount a tmpfs'
mounted+=("$tmp/small")
printf 'dovetap {\n  spool_dir = %s\n}\n' "$tmp/small" > "$tmp/dovetap.conf"
redis_port=$(free_port)
storm_prepare
start

storm --rate 10000 --events "$users" --users "$users" | note
check 'the disk is full: what does not fit waits in memory' eventually disk_fails
check 'nothing is lost' same 0 "$(lost)"
remount size=64M
check 'there is room again: all goes to the disk' eventually all_spooled

make_readonly
storm --rate 10000 --events "$users" --users "$users" | note
check 'the disk is read-only: records wait in memory' eventually disk_fails
check 'nothing is lost' same 0 "$(lost)"
remount rw
check 'it can be written again: all goes to the disk' eventually all_spooled

# The file's pages and its log, under the hands of the writer; a killed one reads them anew.
kill -KILL "$(collector_pid)"
eventually all_spooled
overwrite "$tmp/small/redis.spool"
overwrite "$tmp/small/redis.spool-wal"
storm --rate 10000 --events "$users" --users "$users" --first 1000 | note
check 'the file is overwritten: it is moved aside' eventually damaged 1
check 'what was in it is counted as lost' same "$users" \
	"$(metric 'dovetap_events_lost_total{stage="spool",reason="damaged"}')"
check 'the others wait in a new file' eventually all_spooled
check 'it all adds up' same 0 "$(metric 'dovetap_events_unexplained{stage="dict"}')"

dovetap_stop
echo 'no database' > "$tmp/small/other" && mv "$tmp/small/other" "$tmp/small/sqlite.spool"
redis_start
start
check 'a new life finds what waits and writes it' eventually all_is_written
# Of the users whose records were in the file that was overwritten, all but these have come again since.
check 'who has not come again is missing, and nobody else' explained stored_redis 1000

dovetap_stop
redis_stop
head -c 100000 /dev/urandom > "$tmp/small/redis.spool"
start
check 'garbage in place of the spool is moved aside' eventually damaged 2
check 'and keeps nothing from starting' has_no_line 'starting another' "$tmp/dovetap.log"
