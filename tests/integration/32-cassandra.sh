#!/bin/bash
# SPDX-License-Identifier: MIT
# Both Cassandra examples of Dovecot's last_login document, configuration, maps and tables as they
# are printed there but for the host: real logins reach a real Cassandra without a dict server.
. "$(dirname "$0")/lib.sh"
plan 18

cassandra=$top/tests/servers/cassandra.sh

cql() { # command of cassandra-cql
	! alone || return 1
	"$top/tests/servers/cassandra-cql" --user cassandra --password cassandra --keyspace mails \
		127.0.0.1 "$port" "$1"
}

schema() {
	"$top/tests/servers/cassandra-cql" --user cassandra --password cassandra \
		127.0.0.1 "$port" run <<- 'CQL'
			CREATE KEYSPACE IF NOT EXISTS mails WITH replication =
			  {'class': 'SimpleStrategy', 'replication_factor': 1};
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
			CREATE ROLE IF NOT EXISTS dovecot WITH PASSWORD = 'pass' AND LOGIN = true;
			GRANT MODIFY ON KEYSPACE mails TO dovecot;
			GRANT SELECT ON KEYSPACE mails TO dovecot;
		CQL
}

configuration() {
	cat <<- CONF
		plugin {
		  last_login_dict = proxy:dict-async:cassandra
		  last_login_key = last-login/%{service}/%{user}/%{remote_ip}
		  last_login_precision = ms
		}
		dict {
		  cassandra = cassandra:$tmp/dovecot-dict-cql.conf.ext
		}
	CONF
}

connect() {
	echo 'connect = host=sql.example.com dbname=mails user=dovecot password=pass' |
		sed "s/sql.example.com/127.0.0.1 port=$port/"
}

last_login_map() {
	cat <<- 'MAP'

		map {
		  pattern = shared/last-login/$service/$user/$remote_ip
		  table = last_login
		  value_field = last_access
		  value_type = uint

		  fields {
		    userid = $user
		    service = $service
		    last_ip = $remote_ip
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

rows_are() { # table, "user service address"...; the times must lie in $begin to now
	local table=$1 times
	shift
	cql "$table" > "$tmp/rows" || return 1
	same "$(printf '%s\n' "$@")" "$(awk -F'\t' '{print $1, $2, $4}' "$tmp/rows")" || return 1
	times=$(awk -F'\t' -v begin="$begin" -v end="$(date +%s%3N)" \
		'$3 >= begin && $3 <= end' "$tmp/rows" | wc -l)
	same "$#" "$times"
}

looked_up() { # user service address: lookup prints such a line
	"$dovetap" lookup --config "$tmp/dovetap.conf" --json "$1" > "$tmp/lookup" &&
		jq -es --arg service "$2" --arg ip "$3" \
			'any(.[] | .. | objects; .service == $service and .remote_ip == $ip)' "$tmp/lookup"
}

expires_in() { # days: what is left for the row of carol, in Cassandra's own words
	local left
	left=$(cql run <<< "SELECT TTL(last_access) FROM last_login WHERE userid = 'carol@example.com';")
	echo "$left"
	[[ $left -gt $((($1 - 1) * 86400)) && $left -le $(($1 * 86400)) ]]
}

cassandra_start() { # sets $port
	port=$("$cassandra" init "$tmp/cassandra" auth)
	"$cassandra" start "$tmp/cassandra" 1 || bail 'cassandra did not start'
	started+=("$(cat "$tmp/cassandra/1/pid")")
	eventually schema | note
}

alone && port=$(free_port) || cassandra_start

configuration > "$tmp/dovetap.conf"
harness_start bookworm

{ connect; last_login_map; } > "$tmp/dovecot-dict-cql.conf.ext"
inactive() { # user
	"$dovetap" inactive --config "$tmp/dovetap.conf" --since 2020-01-01 --older 1d "$1"
}
inactive_for_a_year() {
	"$dovetap" inactive --config "$tmp/dovetap.conf" --since 2000-01-01 --older 365d
}
lookup() {
	"$dovetap" lookup --config "$tmp/dovetap.conf" --since 2020-01-01 "$1"
}
check 'an empty table proves nothing' fails_with 69 'the table has no row' inactive alice@example.com
check 'nor does it to lookup' fails_with 69 'the table has no row' lookup alice@example.com
dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
begin=$(date +%s%3N)
check 'logins by imap' login imap alice@example.com "quo\"te'd@example.com" 'sla/sh@example.com'
check 'a login by pop3 over IPv6' login pop3 alice@example.com --ipv6
check 'the first table has them' eventually rows_are last_login \
	'alice@example.com imap 127.0.0.1' 'alice@example.com pop3 ::1' \
	"quo\"te'd@example.com imap 127.0.0.1" 'sla/sh@example.com imap 127.0.0.1'
check 'lookup reads it' looked_up alice@example.com pop3 ::1
check 'now who has none has never logged in' has_line '^never@example.com +never' <(inactive never@example.com)
dovetap_stop

{ connect; users_map; } > "$tmp/dovecot-dict-cql.conf.ext"
dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
begin=$(date +%s%3N)
check 'another login by imap' login imap alice@example.com
check 'and by pop3' login pop3 bob@example.com --ipv6
check 'the second table has them' eventually rows_are users \
	'alice@example.com imap 127.0.0.1' 'bob@example.com pop3 ::1'
check 'lookup knows the service from the map' looked_up bob@example.com pop3 ::1
dovetap_stop

{ connect; last_login_map; } > "$tmp/dovecot-dict-cql.conf.ext"
printf 'dovetap {\n  expire_after = 30 days\n}\n' >> "$tmp/dovetap.conf"
dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
check 'a login with expire_after' login imap carol@example.com
check 'is for Cassandra to remove' eventually expires_in 30
check 'so nothing is known from before' fails_with 3 'its records expire after that time' inactive_for_a_year
configuration > "$tmp/dovetap.conf"

# --- many: more than a page holds, with gaps of what was deleted --------------------------------

names_of() { # file of a table: its users, each once; those who logged in above are not inactive
	cut -f 1 "$1" | grep '^user' | sort -u
}

listed() { # arguments of "inactive": the users whom it lists
	"$dovetap" inactive --config "$tmp/dovetap.conf" --since 2000-01-01 --older 365d --json "$@" |
		jq -r .user | sort
}

lists_all() { # pattern, arguments: those in Cassandra that have it
	cql last_login > "$tmp/rows" || return 1
	same "$(names_of "$tmp/rows" | grep "$1")" "$(listed "${@:2}")"
}

statement_for_each() { # statement, in which USER is replaced
	local i
	for ((i = 0; i < 5000; i++)); do
		[[ $1 == INSERT* || $((i % 3)) -ne 0 ]] || continue
		echo "${1//USER/user$i@example.com};"
	done | cql run
}

statement_for_each "INSERT INTO last_login (userid, service, last_access, last_ip)
	VALUES ('USER', 'imap', 1577836800000, '192.0.2.1')" || true
check 'five thousand users are listed, each once' lists_all .
statement_for_each "DELETE FROM last_login WHERE userid = 'USER'" || true # two thirds
check 'with gaps in it' lists_all .
check 'those of a mask' lists_all '7@example.com$' '*7@example.com'
cql last_login > "$tmp/rows" || true
names_of "$tmp/rows" > "$tmp/names" || true
check 'those of a list' lists_all . --from "$tmp/names"
