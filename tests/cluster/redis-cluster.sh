#!/bin/bash
# SPDX-License-Identifier: MIT
# A Redis Cluster of six nodes with users and TLS: each master is killed, one is made to hang and slots
# are moved away from one, while logins are written. In the end every key must hold the newest login
# that was made.
# shellcheck disable=SC2317 # until_true calls functions
set -euo pipefail
cd "$(dirname "$0")/../.."
server=tests/servers/redis.sh
. tests/cluster/lib/scenarios.sh

uri() { # options
	echo "redis:cluster:host=$hosts:tls:tls_ca=$dir/ca.pem:timeout_msecs=10000:$1"
}

is_whole() { # all slots served, six nodes, three of them up-to-date replicas
	local name replicas=0
	for name in {1..6}; do
		$server cli "$dir" "$name" cluster info | grep '^cluster_state:ok' || return 1
		! $server cli "$dir" "$name" cluster nodes | grep fail || return 1
		! $server cli "$dir" "$name" info replication | grep '^master_link_status:up' ||
			replicas=$((replicas + 1))
	done
	[[ $replicas -eq 3 ]]
}

is_master() { # node
	$server cli "$dir" "$1" role | head -n 1 | grep master > /dev/null
}

id_of() { # node
	$server cli "$dir" "$1" cluster myid
}

replica_of() { # node
	local id name
	id=$(id_of "$1")
	for name in {1..6}; do
		! $server cli "$dir" "$name" cluster nodes | grep myself | grep "slave $id" > /dev/null ||
			echo "$name"
	done
}

some_masters() { # count
	local name
	for name in {1..6}; do
		! is_master "$name" || echo "$name"
	done | head -n "$1"
}

move_slots() { # count
	local from to
	from=$(some_masters 1) to=$(some_masters 2 | tail -n 1)
	$server cli "$dir" "$from" --cluster reshard "$($server hosts "$dir" "$from")" \
		--cluster-from "$(id_of "$from")" --cluster-to "$(id_of "$to")" --cluster-slots "$1" \
		--cluster-yes --cluster-pipeline 10 > "$dir/reshard.log" 2>&1
}

rows() { # what the masters hold, "user <tab> service <tab> milliseconds"
	local name
	for name in {1..6}; do
		! is_master "$name" || $server cli "$dir" "$name" eval "
			local rows = {}
			for _, key in ipairs(redis.call('keys', 'last-login/*')) do
				local service, user = key:match('^last%-login/([^/]*)/(.*)$')
				rows[#rows + 1] = user .. '\t' .. service .. '\t' .. redis.call('get', key)
			end
			return table.concat(rows, '\n')" 0
	done
}

$server cluster "$dir" 3 1 auth tls
hosts=$($server hosts "$dir" 1 2)
set +e # the scenarios tell for themselves
until_true is_whole
result $? "six nodes with users and TLS are up"

refused "a wrong password is told in one line" WRONGPASS "$(uri username=tap:password=wrong)"
refused "a missing password is told in one line" 'NOAUTH' "$(uri replicas=0)"
refused "a server that wants TLS is told in one line" 'load: 127.0.0.1:' \
	"redis:cluster:host=$hosts:username=tap:password=sekret"
refused "a certificate of an unknown authority is refused" "the server's certificate is refused" \
	"redis:cluster:host=$hosts:username=tap:password=sekret:tls"
refused "a database is told to be impossible" 'db must be 0' "$(uri db=1)"

pause_ms=5
start_load keys "$(uri username=tap:password=sekret)" --no-address
sleep 3
for node in 1 2 3; do
	heir=$(replica_of $node)
	$server kill "$dir" $node
	until_true is_master "$heir"
	result $? "master $node was killed under load, $heir took over"
	sleep 2
	$server start "$dir" $node
	until_true is_whole
	result $? "$node is back"
done
node=$(some_masters 1)
heir=$(replica_of "$node")
kill_ahead "$(uri username=tap:password=sekret)" "$node" "$heir"
until_true is_master "$heir"
result $? "master $node was killed when it was ahead of $heir, which took over"
await_ahead
$server start "$dir" "$node"
until_true is_whole
result $? "$node is back"
node=$(some_masters 1)
heir=$(replica_of "$node")
$server pause "$dir" "$node"
until_true is_master "$heir"
result $? "master $node hung under load, $heir took over"
$server resume "$dir" "$node"
until_true is_whole
result $? "$node is back"
move_slots 200
result $? "200 slots were moved under load"
sleep 2
finish_loads
rows > "$dir/keys.rows"
cut -f 1-3 "$dir/keys.expected" "$dir/ahead.expected" > "$dir/keys.cut" && mv "$dir/keys.cut" "$dir/keys.expected"
same keys "every key holds the newest login"
echo "1..$number"
exit $status
