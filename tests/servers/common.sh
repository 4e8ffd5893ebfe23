# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the private servers of the tests share. A server lives in one directory, listens on a unix
# socket inside it and runs as an unprivileged user; it is stopped by the pid that it wrote.
set -eu

RUN_AS=65534 # nobody

as_server() { # command
	if [[ $(id -u) -eq 0 ]]; then
		setpriv --reuid=$RUN_AS --regid=$RUN_AS --clear-groups -- "$@"
	else
		"$@"
	fi
}

own() { # file...
	[[ $(id -u) -ne 0 ]] || chown -R "$RUN_AS:$RUN_AS" "$@"
}

# Runs a command until it succeeds; the condition is what counts, the limit is for broken machines.
until_ok() { # command
	local i
	for ((i = 0; i < 600; i++)); do
		"$@" > /dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "gave up waiting for: $*" >&2
	return 1
}

gone() { # pid
	! kill -0 "$1" 2> /dev/null
}

# Ends a server and waits for its children, too: they may hold its shared memory for a moment.
stop_pid() { # pid file, signal
	local pid children child
	[[ -s $1 ]] || return 0
	pid=$(head -n 1 "$1")
	children=$(pgrep -P "$pid" || true)
	kill "-$2" "$pid" 2> /dev/null || true
	for child in $pid $children; do
		until_ok gone "$child"
	done
	rm -f "$1"
}

family() { # pid file: the server and its children
	local pid
	pid=$(head -n 1 "$1")
	echo "$pid"
	pgrep -P "$pid" || true
}

# A thread goes on until it gets round to the signal.
stopped() { # pid
	! grep -LE '^State:[[:space:]]*T' "/proc/$1/task/"*/status | grep .
}

pause_all() { # pid file
	local pid
	for pid in $(family "$1"); do
		kill -STOP "$pid"
		until_ok stopped "$pid"
	done
}

resume_all() { # pid file
	local pid
	for pid in $(family "$1"); do
		kill -CONT "$pid"
	done
}

# Ends the server when the test that asked for it is gone, however it went.
end_with_caller() { # pid file
	(
		tail --pid="$PPID" -f /dev/null
		stop_pid "$1" KILL
	) > /dev/null 2>&1 &
}
