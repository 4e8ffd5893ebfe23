#!/bin/bash
# SPDX-License-Identifier: MIT
# The collector is stopped for ten seconds while every CPU logs users in, 20,000 a second in all: the
# ring holds half a second of that. Every probe hit is either written or counted as lost, exactly.
. "$(dirname "$0")/lib.sh"
plan 7

cpus=$(nproc) seconds=10
each=$((20000 * seconds / cpus)) # logins on each CPU

storm_on_every_cpu() {
	local cpu storms=()
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
		same "$each" "$(metric "$name=\"seen\"}")" || return
		same "$each" "$(($(metric "$name=\"recorded\"}") + $(metric "$name=\"lost\"}")))" ||
			return
	done
}

drained() {
	[[ $(metric dovetap_ring_used_bytes) -eq 0 ]] &&
		[[ $(metric dovetap_events_total) -eq $(hits mail_user_emitted) ]]
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
check 'some were lost, the ring was full' test "$(hits ring_full)" -gt 0
check 'every captured one was taken' same "$(hits mail_user_emitted)" \
	"$(metric 'dovetap_logins_total{result="passed"}')"
check 'every one is accounted for, from the probe to the dict' eventually accounts_balance
check 'the counted losses explain what is stored' explained stored_embedded "$(lost)"
