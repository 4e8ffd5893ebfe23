#!/bin/bash
# SPDX-License-Identifier: MIT
# A master with two replicas and three sentinels, with users: the master is killed twice and made to hang
# once, and a sentinel is killed, while logins are written. In the end every key must hold the newest
# login that was made.
# shellcheck disable=SC2317 # until_true calls functions
set -euo pipefail
cd "$(dirname "$0")/../.."
server=tests/servers/redis.sh
. tests/cluster/lib/scenarios.sh

uri() { # options
	echo "redis:sentinel=mails:host=$sentinels:sentinel_username=tap:sentinel_password=sekret:$1"
}

role() { # node
	$server cli "$dir" "$1" role | head -n 1
}

master() { # the node that the second sentinel takes for the master
	local port
	port=$($server cli "$dir" s2 sentinel get-master-addr-by-name mails | tail -n 1)
	grep -lx "$port" "$dir"/[123]/port | xargs dirname | xargs basename
}

is_another() { # node: another one is the master, and says so
	local now
	now=$(master)
	[[ $now != "$1" && $(role "$now") == master ]]
}

is_whole() { # one master, two replicas that are up to date, and all sentinels agree
	local name replicas
	replicas=$($server cli "$dir" "$(master)" info replication | grep -c state=online)
	for name in s1 s2 s3; do
		$server cli "$dir" "$name" sentinel ckquorum mails | grep '^OK 3' || return 1
	done
	[[ $replicas -eq 2 ]]
}

rows() { # "user <tab> service <tab> milliseconds"
	$server cli "$dir" "$(master)" eval "
		local rows = {}
		for _, key in ipairs(redis.call('keys', 'last-login/*')) do
			local service, user = key:match('^last%-login/([^/]*)/(.*)$')
			rows[#rows + 1] = user .. '\t' .. service .. '\t' .. redis.call('get', key)
		end
		return table.concat(rows, '\n')" 0
}

$server sentinel "$dir" 2 auth
sentinels=$($server hosts "$dir" s1 s2 s3)
set +e # the scenarios tell for themselves
until_true is_whole
result $? "a master, two replicas and three sentinels are up"

refused "an unknown master is told in one line" 'no master is called "nails"' \
	"$(uri username=tap:password=sekret | sed s/mails/nails/)"
refused "a wrong password is told in one line" WRONGPASS "$(uri username=tap:password=wrong)"
refused "a sentinel's password is told to be missing" NOAUTH \
	"redis:sentinel=mails:host=$sentinels:username=tap:password=sekret"
refused "a server that is no sentinel is told in one line" "ERR unknown command" \
	"redis:sentinel=mails:host=$($server hosts "$dir" 1):sentinel_password=admin:password=admin"

pause_ms=5
start_load keys "$(uri username=tap:password=sekret)" --no-address
sleep 3
$server kill "$dir" s1
for how in kill kill pause; do
	node=$(master)
	$server $how "$dir" "$node"
	until_true is_another "$node"
	result $? "the master, $node, went away under load ($how), another took over"
	sleep 2
	case $how in
	kill) $server start "$dir" "$node" ;;
	pause) $server resume "$dir" "$node" ;;
	esac
	[[ -e $dir/s1/pid ]] || $server start "$dir" s1
	until_true is_whole
	result $? "$node is back"
done
node=$(master)
mapfile -t others < <(printf '%s\n' 1 2 3 | grep -vx "$node")
kill_ahead "$(uri username=tap:password=sekret)" "$node" "${others[@]}"
until_true is_another "$node"
result $? "the master, $node, was killed when it was ahead of the others, of which one took over"
await_ahead
$server start "$dir" "$node"
until_true is_whole
result $? "$node is back"
finish_loads
rows > "$dir/keys.rows"
cut -f 1-3 "$dir/keys.expected" "$dir/ahead.expected" > "$dir/keys.cut" && mv "$dir/keys.cut" "$dir/keys.expected"
same keys "every key holds the newest login"
echo "1..$number"
exit $status
