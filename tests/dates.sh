#!/bin/bash
# SPDX-License-Identifier: MIT
# The fast tests at odd dates (tests/harness/clock.c): dates.sh [GROUP...], by default unit and golden
# ("make test-dates"). The times of files and of processes stay the kernel's.
cd "$(dirname "$0")/.."
. tests/checks.sh
trap 'checks_end $?' EXIT

dates() { # time zone, date, time, what is odd about it
	cat <<- 'END'
		UTC 2028-02-29 12:00:00 a leap day
		UTC 2038-01-19 03:14:05 31 bits of seconds end
		UTC 2038-01-20 00:00:00 31 bits of seconds have ended
		UTC 2026-12-31 23:59:55 a year ends
		UTC 2028-12-31 23:59:55 a leap year ends
		Europe/Berlin 2027-03-28 01:59:55 summer time begins
		Europe/Berlin 2027-10-31 02:59:55 summer time ends
		UTC 2026-11-24 14:22:50 ages begin with 192, as addresses do
		UTC 2100-02-28 23:59:55 no leap day follows
		UTC 2001-09-09 01:46:35 seconds get another digit
	END
}

# Compared with the clock here is a time of the kernel's: that of a lock's file.
not_here='a_dotlock_of_another_process_is_waited_for|an_abandoned_dotlock'

set_clock() { # nanoseconds to add to the machine's
	printf '%016x' "$1" | tac -rs .. | xxd -r -p > "$tmp/clock"
}

# Sanitizers want to be the first library.
run_at() { # time zone, date and time, group
	local options=${ASAN_OPTIONS:-}
	set_clock $(($(TZ=$1 date -d "$2" +%s) * 1000000000 - $(date +%s%N)))
	TZ=$1 ASAN_OPTIONS=verify_asan_link_order=0${options:+:$options} DOVETAP_TEST_CLOCK=$tmp/clock \
		LD_PRELOAD=$tmp/clock.so tests/run "$3" > "$tmp/out" 2>&1 || true
	grep -vE "^not ok .*($not_here)" "$tmp/out" > "$tmp/of-here"
	! grep -B 12 '^not ok' "$tmp/of-here" || return 1
	at_least 20 "$(grep -c '^ok' "$tmp/out")"
}

cc -O2 -shared -fPIC -o "$tmp/clock.so" tests/harness/clock.c
groups=("$@")
[[ $# -gt 0 ]] || groups=(unit golden)
plan $(($(dates | wc -l) * ${#groups[@]}))
while read -r zone day time reason; do
	for group in "${groups[@]}"; do
		check "$group, $day $time ($zone): $reason" run_at "$zone" "$day $time" "$group"
	done
done < <(dates)
