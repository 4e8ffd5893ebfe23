#!/bin/bash
# SPDX-License-Identifier: MIT
# From the ring to SQLite with the real program: a storm of logins through a probed function, then
# ten seconds of nothing. Prints what was asked, reached and lost, and what it cost; exit 1 when a
# login is missing. As root.
cd "$(dirname "$0")/../.."
. tests/integration/lib.sh

rate=${BENCH_RATE:-50000} events=${BENCH_EVENTS:-500000} users=100000
root=$top/.output/bench-root library=usr/lib/dovecot/libdovecot-storage.so.0

mkdir -p "$root/${library%/*}"
ln -f "$top/.output/tests/target/libtarget.so" "$root/$library"
dovetap_start --root "$root" --dict "sqlite:path=$tmp/state/bench.db"
collector=$(collector_of "$dovetap_pid")

cpu_ticks() {
	awk '{ print $14 + $15 }' "/proc/$collector/stat"
}

written() { # every login that the storm made has come through
	same "$events" "$(metric dovetap_events_total)" && same 0 "$(metric dovetap_ring_used_bytes)"
}

before=$(cpu_ticks)
"$top/.output/tests/target/storm" --rate "$rate" --events "$events" --users "$users" |
	awk '{ printf "storm: %d logins in %.1f s, %.0f/s\n", $1, $3, $1 / $3 }'
eventually written || echo "captured $(metric dovetap_events_total) of $events"
ticks=$(($(cpu_ticks) - before))
rows=$(sqlite3 "$tmp/state/bench.db" 'select count(*) from last_login')
metrics | awk '/^dovetap_events_lost_total/ && $2 > 0'
lost=$(metric_sum dovetap_events_lost_total)
echo "ring to SQLite: $events logins of $users users asked at $rate/s, $rows rows, $lost lost"
awk -v t="$ticks" -v n="$events" -v hz="$(getconf CLK_TCK)" \
	'BEGIN { printf "collector: %.2f us of CPU for each login\n", t / hz * 1e6 / n }'

dovetap_stop # and a fresh one, because a storm leaves pages behind
dovetap_start --root "$root" --dict "sqlite:path=$tmp/state/bench.db"
collector=$(collector_of "$dovetap_pid")
before=$(cpu_ticks)
sleep 10
awk -v t=$(($(cpu_ticks) - before)) -v hz="$(getconf CLK_TCK)" \
	'BEGIN { printf "idle collector: %.2f%% of one CPU over 10 s (limit 0.1)\n", t / hz * 10 }'
awk '/^VmRSS/ { printf "idle collector: %.1f MiB resident (limit 16)\n", $2 / 1024 }' \
	"/proc/$collector/status"
[[ $rows -eq $users && $lost -eq 0 ]]
