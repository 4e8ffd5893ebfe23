#!/bin/bash
# SPDX-License-Identifier: MIT
# Writes per second and per core into a Redis Cluster of three masters, next to one Redis, with and
# without a replica that must have each record (WAIT); they take turns. A core's second is one of CPU
# time, of dovetap's writer and of all servers together: on few cores they take it from each other.
# bench_redis.sh [WRITES] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
writes=${1:-200000} rounds=${2:-5}
server=tests/servers/redis.sh
dir=$(mktemp -d /tmp/dovetap-bench.XXXXXX)
kinds=(single cluster replicated)

cleanup() {
	local kind
	for kind in "${kinds[@]}"; do
		$server destroy "$dir/$kind"
	done
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

servers_cpu() { # kind: ticks of CPU that its servers have used
	local pid
	for pid in "$dir/$1"/*/pid; do
		cut -d ' ' -f 14,15 "/proc/$(cat "$pid")/stat"
	done | awk '{ticks += $1 + $2} END {print ticks}'
}

measure() { # kind: prints "rate, rate per core, microseconds of the writer's CPU per write"
	local before after hosts options=cluster
	hosts=$($server hosts "$dir/$1" 1)
	[[ $1 != single ]] || options=db=0
	before=$(servers_cpu "$1")
	.output/tests/bench/load --no-address "redis:host=$hosts:$options" "$writes" 100000 1000 \
		> "$dir/load"
	after=$(servers_cpu "$1")
	awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" \
		'{print $6, $2 / (ticks / hz + $2 * $8 / 1e6), $8}' "$dir/load"
}

median() { # kind, column
	awk -v column="$2" '{print $column}' "$dir/$1.txt" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

report() { # kind, name
	printf '%s: %.0f writes/s, %.0f per core, %.2f us CPU of the writer per write\n' "$2" \
		"$(median "$1" 1)" "$(median "$1" 2)" "$(median "$1" 3)"
}

$server single "$dir/single"
$server cluster "$dir/cluster" 3 0
$server cluster "$dir/replicated" 3 1
for kind in "${kinds[@]}"; do
	measure "$kind" > "$dir/warm"
done
for ((round = 0; round < rounds; round++)); do
	for kind in "${kinds[@]}"; do
		measure "$kind" >> "$dir/$kind.txt"
	done
done
report single "redis, one server"
report cluster "redis cluster, three masters"
report replicated "redis cluster, three masters with a replica each, WAIT 1"
awk -v single="$(median single 2)" -v cluster="$(median cluster 2)" 'BEGIN {
	printf "ratio per core of cluster and one server: %.2f (at least 0.7)\n", cluster / single
	exit cluster / single < 0.7
}'
