#!/bin/bash
# SPDX-License-Identifier: MIT
# Writes per second through Dovecot's dict server, with a Redis behind it, next to the plugin's way: one
# connection for each write. They take turns. Needs tools/rootfs.
# bench_proxy.sh [WRITES] [ROUNDS]
# shellcheck disable=SC2317 # cleanup is called by a trap
set -euo pipefail
cd "$(dirname "$0")/../.."
writes=${1:-20000} rounds=${2:-5}
dir=$(mktemp -d /tmp/dovetap-bench.XXXXXX)
servers=()

cleanup() {
	local pid
	for pid in "${servers[@]}"; do
		kill -KILL "$pid" 2> /dev/null || true
		wait "$pid" 2> /dev/null || true
	done
	until rm -rf "$dir" 2> /dev/null; do sleep 0.1; done # its last processes may still write
}
trap cleanup EXIT
trap 'exit 130' INT TERM

start() { # release
	local tries
	mkdir "$dir/$1"
	tests/servers/dict.sh "$1" "$dir/$1" redis > "$dir/$1.log" 2>&1 &
	servers+=($!)
	for ((tries = 0; tries < 600; tries++)); do
		[[ ! -S $dir/$1/run/dict ]] || return 0
		sleep 0.1
	done
	cat "$dir/$1.log" >&2
	return 1
}

load() { # release, count, batch, options: prints the rate and the writer's CPU per write
	.output/tests/bench/load --no-address "${@:4}" "proxy:$dir/$1/run/dict:test" "$2" 5000 "$3" |
		awk '{print $6, $8}'
}

median() { # file, column
	awk -v column="$2" '{print $column}' "$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

compare() { # release, version: a verdict; false when it is not met
	local round met=0
	start "$1"
	load "$1" 2000 1000 > /dev/null
	for ((round = 0; round < rounds; round++)); do
		load "$1" "$writes" 1000 >> "$dir/ours"
		load "$1" $((writes / 20)) 1 --plugin >> "$dir/plugin"
	done
	awk -v ours="$(median "$dir/ours" 1)" -v plugin="$(median "$dir/plugin" 1)" \
		-v cpu="$(median "$dir/ours" 2)" -v version="$2" 'BEGIN {
		printf "proxy (%s, redis): %.0f writes/s, %.2f us CPU per write, one connection for each write " \
			"%.0f, ratio %.1f (at least 5)\n", version, ours, cpu, plugin, ours / plugin
		exit !(plugin > 0 && ours / plugin >= 5)
	}' || met=1
	rm "$dir/ours" "$dir/plugin"
	return $met
}

status=0
compare bookworm 2.3.19.1 || status=1
compare trixie 2.4.1 || status=1
exit $status
