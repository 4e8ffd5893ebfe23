#!/bin/bash
# SPDX-License-Identifier: MIT
# The collector is killed again and again under load, each login that of another user: what was seen is
# what the store has and what is counted as lost, exactly. First with a store that answers, then with
# neither store nor spool, so that records are in memory alone, then with a store that hangs. The list of
# logins is the test's, that of the store is read with its own client.
. "$(dirname "$0")/lib.sh"
plan 17

kills=$(amount 6 60) rate=1500
mkdir "$tmp/small"
mount -t tmpfs -o size=1M,mode=1777,ro small "$tmp/small" || bail 'cannot mount a tmpfs'
mounted+=("$tmp/small")
printf 'dovetap {\n  spool_dir = %s\n  ring_size = 512 k\n}\n' "$tmp/small" > "$tmp/dovetap.conf"

another_answers() { # pid of the last one
	local now
	now=$(collector_pid) && [[ $now != "$1" ]] && at_least 1 "$(metric dovetap_events_total)"
}

kill_them() {
	local i victim
	for ((i = 0; i < kills; i++)); do
		sleep "0.$((RANDOM % 8))$((RANDOM % 10))"
		victim=$(collector_pid)
		kill -KILL "$victim" && eventually another_answers "$victim" || return
	done
}

first=0
load_start() { # logins of users that nobody was before
	storm_start --rate "$rate" --users 1000000 --first "$first"
	first=$((first + 1000000))
}

logins() { # that the storm made
	wc -l < "$tmp/accepted"
}

rows() { # that the store has
	redis dbsize
}

lost_as() { # reason
	metric "dovetap_events_lost_total{stage=\"dict\",reason=\"$1\"}"
}

nothing_is_lost() {
	same "$(logins)" "$(rows)" && same 0 "$(lost)"
}

hits_are_logins() {
	same "$(logins)" "$(metric dovetap_probe_seen_total)"
}

# Of those that were being written a store may have some.
each_is_stored_or_lost_but_for_the_uncertain() {
	local least most
	most=$(($(rows) + $(lost))) least=$((most - $(lost_as killed_while_writing)))
	echo "# $(logins) logins, $(rows) rows, $(lost) lost, $(lost_as killed_while_writing) of them perhaps"
	at_least "$least" "$(logins)" && at_least "$(logins)" "$most"
}

redis_start
storm_prepare
dovetap_start --root "$storm_root" --config "$tmp/dovetap.conf" \
	--dict "redis:host=127.0.0.1:port=$redis_port" --key 'last-login/%{user}' --precision ns

load_start
check "a collector whose store answers is killed $kills times" kill_them
load_stop
check 'everything is written' eventually all_is_written
check 'each login is stored, none is lost' nothing_is_lost
check 'each was seen' hits_are_logins
check 'the numbers of all collectors add up' eventually accounts_balance

redis config set save '' > "$tmp/out"
redis save > "$tmp/out"
redis_stop
load_start
check "with neither store nor spool it is killed $kills times" kill_them
load_stop
redis_start
check 'what is left is written' eventually all_is_written
check 'what only its memory had is counted so' at_least 1 "$(lost_as collector_killed)"
check 'each login is stored or counted as lost' each_is_stored_or_lost_but_for_the_uncertain
check 'each was seen, by the numbers of all collectors' hits_are_logins
check 'which add up' eventually accounts_balance

load_start
kill -STOP "$redis_pid"
check "with a store that hangs it is killed $kills times" kill_them
load_stop
kill -CONT "$redis_pid"
check 'what is left is written when it answers' eventually all_is_written
check 'each login is stored or counted as lost, but for what was on its way' \
	each_is_stored_or_lost_but_for_the_uncertain
check 'each was seen, after all kills' hits_are_logins
check 'the numbers add up to the end' eventually accounts_balance
status=$("$dovetap" status --control "$tmp/state/control.sock")
check 'the status has no other sum' grep -qx "$(lost) lost, 0 unexplained" <<< "$status"
