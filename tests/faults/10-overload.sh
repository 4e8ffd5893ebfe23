#!/bin/bash
# SPDX-License-Identifier: MIT
# The collector is stopped for ten seconds while every CPU logs users in, 20,000 a second in all: the
# ring holds half a second of that. Every probe hit is either written or counted as lost, exactly.
. "$(dirname "$0")/lib.sh"
plan 8

cpus=$(nproc) seconds=10
each=$((20000 * seconds / cpus)) # logins on each CPU

storm_on_every_cpu() {
	local cpu storms=()
	! alone || return 0
	for ((cpu = 0; cpu < cpus; cpu++)); do
		taskset --cpu-list "$cpu" "$storm" --table "$top/layouts/dovecot.layouts" \
			--rate $((each / seconds)) --events "$each" --users 5000 \
			--first $((cpu * 5000)) --log "$tmp/accepted.$cpu" > "$tmp/storm.$cpu" &
		storms+=("$!")
	done
	wait "${storms[@]}"
	cat "$tmp"/accepted.* > "$tmp/accepted"
}

hits() { # result
	metric "dovetap_probe_hits_total{result=\"$1\"}"
}

every_cpu_adds_up() {
	local cpu name
	for ((cpu = 0; cpu < cpus; cpu++)); do
		name="dovetap_cpu_hits_total{cpu=\"$cpu\",result"
		same "$each" "$(metric "$name=\"seen\"}")"
		same "$each" "$(($(metric "$name=\"recorded\"}") + $(metric "$name=\"lost\"}")))"
	done
}

drained() {
	same 0 "$(metric dovetap_ring_used_bytes)" &&
		same "$(hits mail_user_emitted)" "$(metric dovetap_events_total)"
}

storm_prepare
dovetap_start --root "$storm_root" --dict "sqlite:path=$tmp/state/db" --precision ns
collector=$(collector_pid)
kill -STOP "$collector"
storm_on_every_cpu
kill -CONT "$collector"
check 'the ring is drained' eventually drained
check 'captured + lost = all logins' same $((each * cpus)) \
	$(($(hits mail_user_emitted) + $(hits ring_full)))
check 'and so on each CPU' every_cpu_adds_up
check 'some were lost, the ring was full' at_least 1 "$(hits ring_full)"
check 'every captured one was taken' same "$(hits mail_user_emitted)" \
	"$(metric 'dovetap_logins_total{result="passed"}')"
check 'every one is accounted for, from the probe to the dict' eventually accounts_balance
# The ring has room for this many of the largest records, and each CPU has its users come by in turn: as
# many users are stored, though with an older login.
room=$((8 * 1024 * 1024 / (2048 + 8)))
check 'nobody is stored who was not there, and none with a later login' explained stored_embedded $((5000 * cpus))
check 'as many users are stored as the ring had room for' at_least \
	$((room < 5000 * cpus ? room : 5000 * cpus)) "$(wc -l < "$tmp/stored")"
