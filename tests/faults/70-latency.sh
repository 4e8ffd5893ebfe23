#!/bin/bash
# SPDX-License-Identifier: MIT
# Logins take no longer with dovetap than without, though the dict hangs: not one fails, and the times
# that people wait are printed side by side. Rounds without, with, and with a dead dict take turns,
# because the machine has other things to do as well; so what fails the test is only a median twice as
# long. Who waits for a dict that hangs waits a thousand times as long.
. "$(dirname "$0")/lib.sh"
plan 5

rounds=$(amount 3 20) each=250 i=0
redis_port=$(free_port)

start() {
	dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port" \
		--key 'last-login/%{service}/%{user}' --precision ns
}

measure() { # kind: one round of logins, one at a time on each CPU
	login imap "$1-$i-"{1..250}@example.com --parallel "$(nproc)" >> "$tmp/logins.$1"
}

all_rounds() {
	for ((i = 0; i < rounds; i++)); do
		measure without || return
		start
		kill -CONT "$redis_pid"
		measure with || return
		kill -STOP "$redis_pid"
		measure dead || return
		kill -KILL "$dovetap_pid" "$(collector_pid)" # it would wait for the dict
		stop "$dovetap_pid"
	done
}

succeeded() { # kind
	jq -s 'map(select(.ok)) | length' "$tmp/logins.$1"
}

percentile() { # kind, per cent: in milliseconds
	jq -s "map((.end - .begin) * 1000) | sort | .[length * $2 / 100 | floor]" "$tmp/logins.$1"
}

tell() { # kind, words
	printf '# %s: median %.2f ms, p99 %.2f ms\n' "$2" "$(percentile "$1" 50)" "$(percentile "$1" 99)"
}

redis_start
harness_start bookworm
measure warm-up > "$tmp/out"
check 'all rounds went through' all_rounds
check "with dovetap every one of $((rounds * each)) logins succeeded" \
	same $((rounds * each)) "$(succeeded with)"
check 'and so they did while the dict hung' same $((rounds * each)) "$(succeeded dead)"
tell without 'without dovetap'
tell with 'with dovetap'
tell dead 'with dovetap and a dict that hangs'
no_longer_than_without() { # kind
	awk -v this="$(percentile "$1" 50)" -v without="$(percentile without 50)" \
		'BEGIN { exit this > 2 * without }'
}

check 'logins take no longer with dovetap' no_longer_than_without with
check 'nor while the dict hangs' no_longer_than_without dead
awk -v dead="$(percentile dead 99)" -v without="$(percentile without 99)" \
	'BEGIN { printf "# p99 with a dict that hangs is %.2f of that without dovetap\n", dead / without }'
