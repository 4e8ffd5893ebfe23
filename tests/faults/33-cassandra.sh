#!/bin/bash
# SPDX-License-Identifier: MIT
# A Cassandra that fails in every way there is, under load (dict-faults.sh). It has no read-only mode:
# the right to write is taken away instead.
protocol=cassandra short_faults=(reset readonly hostile-oversized)
. "$(dirname "$0")/dict-faults.sh"

nodes=$tmp/cassandra

node() { # verb
	"$top/tests/servers/cassandra.sh" "$1" "$nodes" 1 > "$tmp/cassandra.log" 2>&1
}

cql() { # command
	! alone || return 1
	"$top/tests/servers/cassandra-cql" --user cassandra --password cassandra 127.0.0.1 "$server_port" "$@"
}

server_start() {
	! alone || return 0
	node start || bail "cassandra: $(tail -n 3 "$tmp/cassandra.log")"
	server=$(cat "$nodes/1/pid")
	started+=("$server")
}

server_stop() {
	node stop
}

server_pids() {
	echo "$server"
}

login_revoke() {
	echo "ALTER ROLE dovecot WITH PASSWORD = 'another'" | cql run
	sleep 3 # it remembers the old one for two seconds
	disconnect_by_proxy
}

login_grant() {
	echo "ALTER ROLE dovecot WITH PASSWORD = 'pass'" | cql run
}

readonly_on() {
	echo 'REVOKE MODIFY ON KEYSPACE mails FROM dovecot' | cql run
}

readonly_off() {
	echo 'GRANT MODIFY ON KEYSPACE mails TO dovecot' | cql run
}

stored() {
	cql --keyspace mails last_login | awk -F '\t' '{ print $2 "/" $1, $3 }'
}

schema() {
	cat <<- 'CQL'
		CREATE KEYSPACE IF NOT EXISTS mails WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1};
		CREATE TABLE IF NOT EXISTS mails.last_login (userid TEXT, service TEXT, last_access TIMESTAMP, last_ip TEXT,
		  PRIMARY KEY ((userid), service));
		CREATE ROLE IF NOT EXISTS dovecot WITH PASSWORD = 'pass' AND LOGIN = true;
		GRANT MODIFY ON KEYSPACE mails TO dovecot;
		GRANT SELECT ON KEYSPACE mails TO dovecot;
	CQL
}

schema_is_made() { # the superuser is made in the background
	schema | cql run
}

server_port=$(alone && free_port || "$top/tests/servers/cassandra.sh" init "$nodes" auth)
server_start
eventually schema_is_made | note
write_map 'user=dovecot password=pass dbname=mails'
dict=(--dict "cassandra:$tmp/map.conf" --key 'last-login/%{service}/%{user}/%{remote_ip}' --precision ms)
dict_faults
