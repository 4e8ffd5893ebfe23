#!/bin/bash
# SPDX-License-Identifier: MIT
# Writes per second into one Cassandra node and CPU per write, next to Debian's python3-cassandra on
# the same node with the same 128 requests in flight; the two take turns.
# bench_cassandra.sh [WRITES] [ROUNDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
writes=${1:-30000} rounds=${2:-3}
server=tests/servers/cassandra.sh
dir=$(mktemp -d /tmp/dovetap-bench.XXXXXX)
trap '$server destroy "$dir"' EXIT

port=$($server init "$dir")
$server start "$dir" 1
tests/servers/cassandra-cql 127.0.0.1 "$port" run <<- 'CQL'
	CREATE KEYSPACE mails WITH replication =
	  {'class': 'SimpleStrategy', 'replication_factor': 1};
	CREATE TABLE mails.last_login (userid TEXT, service TEXT, last_access TIMESTAMP, last_ip TEXT,
	  PRIMARY KEY ((userid), service));
CQL
cat > "$dir/map.conf" <<- MAP
	connect = host=127.0.0.1 port=$port dbname=mails
	map {
	  pattern = shared/last-login/\$service/\$user/\$remote_ip
	  table = last_login
	  value_field = last_access
	  value_type = uint
	  fields {
	    userid = \$user
	    service = \$service
	    last_ip = \$remote_ip
	  }
	}
MAP

ours() { # batch
	.output/tests/bench/load "cassandra:$dir/map.conf" "$writes" 5000 "$1"
}

theirs() {
	tests/servers/cassandra-cql --keyspace mails 127.0.0.1 "$port" write "$writes"
}

median() { # file, column of "name value name value ..."
	awk -v column="$2" '{print $column}' "$1" | sort -n | sed -n "$(((rounds + 1) / 2))p"
}

ours 128 > /dev/null # warms up the server's compiler
theirs > /dev/null
for ((round = 0; round < rounds; round++)); do
	ours 128 >> "$dir/ours"
	theirs >> "$dir/theirs"
	ours 1000 >> "$dir/large"
done
for who in ours theirs large; do
	eval "rate_$who=$(median "$dir/$who" 6) cpu_$who=$(median "$dir/$who" 8)"
done
# shellcheck disable=SC2154
{
	echo "cassandra, 128 in flight: $rate_ours writes/s, $cpu_ours us CPU per write (at most 10)"
	echo "cassandra, batches of 1000: $rate_large writes/s, $cpu_large us CPU per write"
	echo "python3-cassandra, 128 in flight: $rate_theirs writes/s, $cpu_theirs us CPU per write"
	awk -v ours="$rate_ours" -v theirs="$rate_theirs" -v cpu="$cpu_ours" 'BEGIN {
		printf "ratio of writes per second: %.2f (at least 0.8)\n", ours / theirs
		exit ours / theirs < 0.8 || cpu > 10
	}'
}
