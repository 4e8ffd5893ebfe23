#!/bin/bash
# SPDX-License-Identifier: MIT
# Three Cassandra nodes with passwords and TLS, each killed and started again, one made to hang, while
# logins are written into both tables of the last_login document. In the end every row must hold the newest
# login that was made, read by an independent client.
# shellcheck disable=SC2317 # until_true calls functions
set -euo pipefail
cd "$(dirname "$0")/../.."
server=tests/servers/cassandra.sh
. tests/cluster/lib/scenarios.sh

cql() { # as the superuser: arguments of cassandra-cql behind the options
	tests/servers/cassandra-cql --ca "$dir/ca.pem" --user cassandra --password cassandra \
		"${options[@]}" "127.0.0.$node" "$port" "$@"
}

all_answer() { # each of the three nodes, for its part
	options=(--consistency ALL)
	echo 'SELECT count(*) FROM mails.probe' | cql run
}

schema() { # the two tables as the document prints them; again, when a busy machine was too slow
	cat <<- 'CQL'
		ALTER KEYSPACE system_auth WITH replication =
		  {'class': 'NetworkTopologyStrategy', 'datacenter1': 3};
		CREATE KEYSPACE IF NOT EXISTS mails WITH replication =
		  {'class': 'NetworkTopologyStrategy', 'datacenter1': 3};
		CREATE TABLE IF NOT EXISTS mails.last_login (
		  userid TEXT,
		  service TEXT,
		  last_access TIMESTAMP,
		  last_ip TEXT,
		  PRIMARY KEY ((userid), service)
		);
		CREATE TABLE IF NOT EXISTS mails.users (
		  userid TEXT,
		  last_imap_access TIMESTAMP,
		  last_pop3_access TIMESTAMP,
		  last_lmtp_access TIMESTAMP,
		  last_imap_ip TEXT,
		  last_pop3_ip TEXT,
		  last_lmtp_ip TEXT,
		  PRIMARY KEY ((userid))
		);
		CREATE TABLE IF NOT EXISTS mails.probe (k INT PRIMARY KEY);
		CREATE TABLE IF NOT EXISTS mails.wrong (userid TEXT, service TEXT, last_access TEXT, last_ip TEXT,
		  PRIMARY KEY ((userid), service));
		CREATE TABLE IF NOT EXISTS mails.other (userid BLOB, service ASCII, last_access BIGINT, last_ip INET,
		  PRIMARY KEY ((userid, service)));
		CREATE ROLE IF NOT EXISTS dovecot WITH PASSWORD = 'pass' AND LOGIN = true;
		GRANT MODIFY ON KEYSPACE mails TO dovecot;
		GRANT SELECT ON KEYSPACE mails TO dovecot;
	CQL
}

connect() { # more parameters
	echo "connect = port=$port dbname=mails user=dovecot connect_timeout=2s $*"
}

last_login_map() { # table, value_type
	cat <<- MAP
		map {
		  pattern = shared/last-login/\$service/\$user/\$remote_ip
		  table = ${1:-last_login}
		  value_field = last_access
		  value_type = ${2:-uint}

		  fields {
		    userid = \$user
		    service = \$service
		    last_ip = \$remote_ip
		  }
		}
	MAP
}

users_map() {
	local service
	for service in imap pop3 lmtp; do
		cat <<- MAP
			map {
			  pattern = shared/last-login/$service/\$user/\$remote_ip
			  table = users
			  value_field = last_${service}_access
			  value_type = uint

			  fields {
			    userid = \$user
			    last_${service}_ip = \$remote_ip
			  }
			}
		MAP
	done
}

good() { # the connect line that works
	connect "host=127.0.0.1 host=127.0.0.2 password=pass ssl_ca=$dir/ca.pem" \
		write_fallback_consistency=local-one
}

refused_map() { # scenario, what the one line must say; map file on standard input
	cat > "$dir/bad.conf"
	refused "$1" "$2" "cassandra:$dir/bad.conf"
}

rows() { # table
	options=(--keyspace mails --consistency ALL)
	cql "$1"
}

other_types() { # protocol version
	{ good | sed "s/$/ version=$1/"; last_login_map other; } > "$dir/other.conf"
	$load "cassandra:$dir/other.conf" 2000 500 100 "$dir/other.expected" > "$dir/other.log" 2>&1 ||
		return
	echo 'SELECT blobAsText(userid), service, last_access, last_ip FROM mails.other' |
		cql run | LC_ALL=C sort > "$dir/other.rows"
	LC_ALL=C sort "$dir/other.expected" | diff - "$dir/other.rows" > "$dir/other.log"
}

port=$($server init "$dir" auth tls)
for node in 1 2 3; do
	$server start "$dir" $node
done
node=1
options=(--consistency ONE)
for ((tries = 0; tries < 30; tries++)); do # the superuser is made in the background
	schema | cql run > "$dir/schema.log" 2>&1 && break
	sleep 1
done
set +e # the scenarios tell for themselves
until_true all_answer
result $? "three nodes with passwords and TLS are up"

refused_map "a wrong password is told in one line" 'user dovecot: bad_credentials' \
	< <(connect "host=127.0.0.1 password=wrong ssl_ca=$dir/ca.pem"; last_login_map)
refused_map "a server that wants TLS is told in one line" 'no Cassandra node can be used' \
	< <(connect 'host=127.0.0.1 password=pass'; last_login_map)
refused_map "a certificate of an unknown authority is refused" "the server's certificate is refused" \
	< <(connect 'host=127.0.0.1 password=pass ssl_verify=cert'; last_login_map)
refused_map "a certificate for another name is refused" 'hostname mismatch' \
	< <(connect "host=localhost password=pass ssl_ca=$dir/ca.pem"; last_login_map)
refused_map "a wrong keyspace is told in one line" 'nails' \
	< <(good | sed 's/mails/nails/'; last_login_map)
refused_map "a wrong table is told in one line" 'bad.conf:2: invalid: table nowhere does not exist' \
	< <(good; last_login_map nowhere)
refused_map "a missing column is told in one line" 'last_address' \
	< <(good; last_login_map | sed 's/last_ip =/last_address =/')
refused_map "a wrong type is told with its column" 'column last_access of wrong has the type text' \
	< <(good; last_login_map wrong)
refused_map "a wrong value_type is told with its column" 'has the type timestamp, which cannot hold a string' \
	< <(good; last_login_map last_login string)

for version in 3 4; do
	other_types $version
	result $? "blob, ascii, bigint and inet over protocol version $version"
	head -n 5 "$dir/other.log" | sed 's/^/# /'
	echo 'TRUNCATE mails.other' | cql run
done

{ good; last_login_map; } > "$dir/last_login.conf"
{ good; users_map; } > "$dir/users.conf"
users=100000 # hardly any logs in twice: no later login makes up for one that is lost
start_load last_login "cassandra:$dir/last_login.conf"
users=2000 # these do, with times out of order
start_load users "cassandra:$dir/users.conf"
sleep 5
for node in 1 2 3; do
	$server kill "$dir" $node
	sleep 5
	$server start "$dir" $node
	until_true all_answer
	result $? "node $node was killed under load and is back"
done
$server pause "$dir" 2
sleep 10
$server resume "$dir" 2
until_true all_answer
result $? "node 2 hung under load and is back"
finish_loads
node=1
for table in last_login users; do
	rows $table > "$dir/$table.rows"
	same $table "every row of $table holds the newest login"
done
echo "1..$number"
exit $status
