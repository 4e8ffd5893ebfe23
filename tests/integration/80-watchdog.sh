#!/bin/bash
# SPDX-License-Identifier: MIT
# What a service manager hears: ready, signs of life as long as both processes work, and reloads.
. "$(dirname "$0")/lib.sh"
plan 6

said() { # line, how often at least
	[[ $(grep -cx -- "$1" "$tmp/manager") -ge $2 ]]
}

collector_pid() {
	collector_of "$dovetap_pid"
}

falls_silent() { # pid: when that process hangs; and goes on when it does
	local silent=0
	kill -STOP "$1"
	: > "$tmp/manager"
	eventually said silence 1 || silent=$?
	: > "$tmp/manager"
	kill -CONT "$1"
	[[ $silent -eq 0 ]]
	eventually said WATCHDOG=1 2
}

: > "$tmp/manager" # append, so that it can be emptied
setpriv --pdeathsig TERM "$top/tests/harness/service-manager" "$tmp/notify" 4 >> "$tmp/manager" &
started+=("$!")
eventually said heard 1
export NOTIFY_SOCKET=$tmp/notify WATCHDOG_USEC=2000000
harness_start bookworm
dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db"
check 'it says that it is ready' eventually said READY=1 1
check 'and that it is alive, again and again' eventually said WATCHDOG=1 3
check 'not when the attacher hangs' falls_silent "$dovetap_pid"
check 'nor when the collector does' falls_silent "$(collector_pid)"
kill -HUP "$dovetap_pid"
check 'a reload is told' eventually said RELOADING=1 1
check 'and life goes on after it' eventually said WATCHDOG=1 2
eventually "$dovetap" status --ready --control "$tmp/state/control.sock" > "$tmp/ready" # the new collector reads signals
