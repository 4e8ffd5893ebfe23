# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of clusters share: TAP lines, a temporary directory, and programs that put load on
# the cluster. Sourced from the top of the tree; the caller sets $server, the script in
# tests/servers that runs its nodes, and ends with $status.
# shellcheck disable=SC2154,SC2034
load=.output/tests/bench/load
dir=$(mktemp -d /tmp/dovetap-cluster.XXXXXX)
number=0 status=0
loads=() logs=()

cleanup() {
	local pid
	for pid in "${loads[@]}"; do # KILL, for TERM waits for what is on its way to a server that is gone
		kill -KILL "$pid" 2> /dev/null || true
	done
	$server destroy "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

result() { # status, scenario
	number=$((number + 1))
	if [[ $1 -eq 0 ]]; then
		echo "ok $number - $2"
	else
		echo "not ok $number - $2"
		status=1
	fi
}

until_true() { # command: waits for what takes the servers a while
	local tries
	for ((tries = 0; tries < 120; tries++)); do
		"$@" > /dev/null 2>&1 && return
		sleep 1
	done
	return 1
}

refused() { # scenario, what the one line must say, URI
	if $load "$3" 1 1 1 > "$dir/bad.log" 2>&1 || [[ $(wc -l < "$dir/bad.log") -ne 1 ]] ||
		! grep -qF -- "$2" "$dir/bad.log"; then
		sed 's/^/# /' "$dir/bad.log"
		result 1 "$1"
		return
	fi
	result 0 "$1"
}

start_load() { # name, URI [OPTION...]: it writes until finish_loads
	$load "${@:3}" "$2" 1000000000 "${users:-2000}" 100 "$dir/$1.expected" "${pause_ms:-200}" \
		> "$dir/$1.log" 2>&1 &
	loads+=($!)
	logs+=("$dir/$1.log")
}

# Kills a master that is ahead of its replicas: they stand still, and what lies between it and them is
# full, so that it cannot have told them what is written then. That dies with it, unless the writer has
# waited for a replica and writes it again. Hardly any user logs in twice, so that no later login makes
# up for one that is lost. $dir/ahead.expected tells what must be there.
kill_ahead() { # URI, master, replica...
	local master=$2 replica
	$load --no-address --others "$1" 1000000000 1000000 100 "$dir/ahead.expected" 20 \
		> "$dir/ahead.log" 2>&1 &
	ahead=$!
	loads+=("$ahead")
	sleep 2
	for replica in "${@:3}"; do
		$server pause "$dir" "$replica"
	done
	fill "$master"
	sleep 1
	$server kill "$dir" "$master"
	for replica in "${@:3}"; do
		$server resume "$dir" "$replica"
	done
}

is_gone() { # pid
	! kill -0 "$1" 2> /dev/null
}

await_ahead() { # another master is there
	kill "$ahead"
	until_true is_gone "$ahead" && wait "$ahead"
	result $? "what it had not told its replicas was written again"
	sed '$!d; s/^/# /' "$dir/ahead.log"
}

# More than the buffers of both sockets hold.
fill() { # node of a Redis
	local number
	for ((number = 0; number < 100; number++)); do # until the key is one of this node
		! $server cli "$dir" "$1" eval "
			for i = 1, 48 do redis.call('set', KEYS[1], string.rep('x', 1048576)) end
			return 'full'" 1 "fill-$number" | grep full > /dev/null || return 0
	done
	return 1
}

finish_loads() {
	local pid
	for pid in "${loads[@]}"; do
		[[ $pid != "${ahead:-}" ]] || continue
		kill "$pid"
		until_true is_gone "$pid" || kill -KILL "$pid"
		wait "$pid"
		result $? "no login was refused"
	done
	loads=()
	sed -s '$!d; s/^/# /' "${logs[@]}"
	logs=()
}

same() { # name, what it says: $dir/NAME.expected against $dir/NAME.rows, in any order
	LC_ALL=C sort "$dir/$1.expected" > "$dir/$1.sorted"
	LC_ALL=C sort "$dir/$1.rows" | diff "$dir/$1.sorted" - > "$dir/$1.diff" && [[ -s $dir/$1.rows ]]
	result $? "$2"
	head -n 5 "$dir/$1.diff" | sed 's/^/# /'
}
