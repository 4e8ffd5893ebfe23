#!/bin/bash
# SPDX-License-Identifier: MIT
# The wall clock is set under a running dovetap (its own: tests/harness/clock.c): of two logins of one
# user the later one stays in the store, over a restart, too.
. "$(dirname "$0")/lib.sh"
plan 12

set_clock() { # seconds from the machine's
	python3 -c 'import struct, sys; f = open(sys.argv[1], "r+b"); f.write(struct.pack("=q", int(sys.argv[2]) * 10**9))' \
		"$tmp/clock" "$1"
}

start() {
	TMPDIR=$tmp LD_PRELOAD=$tmp/clock.so \
		dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db"
}

from() { # last part of the address that alice logs in from
	login imap alice@example.com --from "127.0.0.$1" > "$tmp/out"
}

last_is() { # last part of the address of alice's last login
	same "127.0.0.$1" "$(sqlite3 -readonly "$tmp/state/db" \
		"SELECT last_ip FROM last_login WHERE userid = 'alice@example.com'")"
}

ahead() { # SECONDS SLACK: how far alice's last login is ahead of the machine's clock, more or less
	sqlite3 -readonly "$tmp/state/db" "SELECT time_ns / 1000000000 - strftime('%s')
		FROM last_login WHERE userid = 'alice@example.com'" > "$tmp/ahead"
	[[ $(< "$tmp/ahead") -ge $(($1 - $2)) && $(< "$tmp/ahead") -le $(($1 + $2)) ]] ||
		{ cat "$tmp/ahead"; return 1; }
}

bob_is_now() {
	same 1 "$(sqlite3 -readonly "$tmp/state/db" \
		"SELECT abs(time_ns / 1000000000 - strftime('%s')) < 60 FROM last_login
			WHERE userid = 'bob@example.com'")"
}

kill_collector() {
	kill -KILL "$(collector_of "$dovetap_pid")"
}

says() { # text
	grep -qF -- "$1" "$tmp/dovetap.log"
}

truncate -s 8 "$tmp/clock"
cc -O2 -shared -fPIC -o "$tmp/clock.so" "$top/tests/harness/clock.c"
harness_start bookworm
set_clock 0
start
from 2
check 'a login' eventually last_is 2

set_clock -200
check 'the clock is set back' eventually says 'the clock was set back by 200.0 s'
from 3
check 'the later login is the newer' eventually last_is 3
kill_collector
from 4
check 'for the next collector, too' eventually last_is 4
dovetap_stop
start
from 5
check 'and after a restart' eventually last_is 5
check 'times are not those of the clock yet' ahead 0 60

set_clock 7200
check 'the clock is set forward' eventually says 'the clock was set forward by 7400.0 s'
from 6
check 'which is followed at once' eventually last_is 6
check 'as the time tells' ahead 7200 60

set_clock 0
check 'a clock that was wrong by hours is told' eventually says 'the clock was set back by 7200.0 s'
login imap bob@example.com > "$tmp/out"
check 'and not carried on' eventually bob_is_now
check 'steps are counted' same '1 1' "$(metric 'dovetap_clock_steps_total{direction="forward"}') $(
	metric 'dovetap_clock_steps_total{direction="back"}')"
