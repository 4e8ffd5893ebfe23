#!/bin/bash
# SPDX-License-Identifier: MIT
# Two thousand logins a second for SOAK_SECONDS (3600), into SQLite or, with SOAK_DICT=away, into a
# dict that is never there; with SOAK_SHUFFLE=yes of users in no order. Prints memory, descriptors and
# CPU of both processes; exit 1 when descriptors or memory grow, or a login is missing. As root.
cd "$(dirname "$0")/../.."
. tests/faults/lib.sh

seconds=${SOAK_SECONDS:-3600} rate=${SOAK_RATE:-2000} users=${SOAK_USERS:-50000}
growth_max=$((${SOAK_GROWTH_MIB:-2} * 1024)) # KiB, from the first tenth on

rss() { # pid: KiB
	awk '/^VmRSS/ { print $2 }' "/proc/$1/status"
}

fds() { # pid
	find "/proc/$1/fd" -mindepth 1 | wc -l
}

ticks() { # pid
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

sample() { # says "RSS RSS FDS FDS" of attacher and collector
	echo "$(rss "$dovetap_pid") $(rss "$collector") $(fds "$dovetap_pid") $(fds "$collector")"
}

storm_prepare
if [[ ${SOAK_DICT:-} == away ]]; then
	dict=redis:host=127.0.0.1:port=$(free_port)
	growth_max=$((32 * 1024)) # the spool's page cache has a ceiling of 8 MiB, beside what waits
else
	dict=sqlite:path=$tmp/state/db
fi
dovetap_start --root "$storm_root" --dict "$dict" --key 'last-login/%{service}/%{user}' --precision ns
collector=$(collector_pid)
storm_start --rate "$rate" --users "$users" ${SOAK_SHUFFLE:+--shuffle}
sleep $((seconds / 10)) # every user has come by, buffers have their size
first=$(sample)
before=$(ticks "$collector")
for ((i = 0; i < 9; i++)); do
	sleep $((seconds / 10))
	last=$(sample)
	echo "# $(date +%T) attacher RSS, collector RSS in KiB, descriptors: $last"
done
spent=$(($(ticks "$collector") - before))
load_stop
read -r a_rss c_rss a_fds c_fds <<< "$first"
read -r a_now c_now a_fds_now c_fds_now <<< "$last"
echo "soak: $rate logins/s of $users users for $seconds s into ${dict%%:*}, first and last sample:"
echo "  attacher $a_rss -> $a_now KiB, $a_fds -> $a_fds_now descriptors"
echo "  collector $c_rss -> $c_now KiB, $c_fds -> $c_fds_now descriptors"
awk -v t="$spent" -v s="$((seconds / 10 * 9))" -v r="$rate" -v hz="$(getconf CLK_TCK)" 'BEGIN {
	printf "  collector: %.2f%% of one CPU, %.2f us a login\n", t / hz / s * 100, t / hz / s / r * 1e6 }'
status=0
[[ $a_fds_now -le $a_fds && $c_fds_now -le $c_fds ]] || { echo "descriptors grow" && status=1; }
[[ $a_now -le $((a_rss + growth_max)) && $c_now -le $((c_rss + growth_max)) ]] ||
	{ echo "memory grows by more than $growth_max KiB" && status=1; }
same 0 "$(lost)" || status=1
if [[ ${SOAK_DICT:-} == away ]]; then
	at_least 1 "$(metric_sum dovetap_dict_spooled_records)" || status=1 # who logged in waits there
else
	eventually all_is_written && explained stored_embedded || status=1
fi
dovetap_stop || status=1
exit $status
