#!/bin/bash
# SPDX-License-Identifier: MIT
# A PostgreSQL that fails in every way there is, under load (dict-faults.sh).
protocol=pgsql short_faults=(down hang reset revoke readonly hostile-endless-rows hostile-endless-copy)
. "$(dirname "$0")/dict-faults.sh"

server_port=$(free_port)
data=$tmp/postgres
bin=$(echo /usr/lib/postgresql/*/bin)
as_postgres=(setpriv --reuid postgres --regid postgres --init-groups)

server_start() {
	! alone || return 0
	run_in_background "$tmp/postgres.log" "${as_postgres[@]}" "$bin/postgres" -D "$data" \
		-h 127.0.0.1 -p "$server_port" -k "$data" -c fsync=off
	server=$pid
	eventually sql -c 'SELECT 1' > "$tmp/answer" || bail "postgres: $(tail -n 3 "$tmp/postgres.log")"
}

sql() { # arguments of psql(1)
	psql --no-psqlrc --quiet --no-align --tuples-only --host="$data" --port="$server_port" \
		--username=postgres "$@"
}

server_stop() { # without waiting for clients to leave
	kill -INT "$server"
	wait "$server"
}

server_pids() {
	echo "$server"
	pgrep --parent "$server"
}

disconnect() {
	sql -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dovetap'" \
		> "$tmp/answer"
}

login_revoke() {
	sql -c 'ALTER ROLE dovetap NOLOGIN'
	disconnect
}

login_grant() {
	sql -c 'ALTER ROLE dovetap LOGIN'
}

readonly_on() {
	sql -c 'ALTER ROLE dovetap SET default_transaction_read_only = on'
	disconnect
}

readonly_off() {
	sql -c 'ALTER ROLE dovetap RESET default_transaction_read_only'
	disconnect
}

stored() {
	sql dovetap -c "SELECT service || '/' || userid || ' ' || last_access FROM last_login"
}

mkdir "$data" && chown postgres: "$data"
"${as_postgres[@]}" "$bin/initdb" --pgdata="$data" --auth=trust --encoding=UTF8 --locale=C --no-sync \
	> "$tmp/postgres.log" 2>&1
server_start
sql -c 'CREATE ROLE dovetap LOGIN' -c 'CREATE DATABASE dovetap OWNER dovetap'
sql --username=dovetap dovetap -c 'CREATE TABLE last_login (userid VARCHAR(255) NOT NULL,
	service VARCHAR(20) NOT NULL, last_access BIGINT NOT NULL, last_ip VARCHAR(40) NOT NULL,
	PRIMARY KEY (userid, service))'
write_map 'user=dovetap dbname=dovetap sslmode=disable'
dict=(--dict "pgsql:$tmp/map.conf" --key 'last-login/%{service}/%{user}/%{remote_ip}')
dict_faults
