#!/bin/bash
# SPDX-License-Identifier: MIT
# A private PostgreSQL: pgsql.sh init|start|kill|pause|resume|stop DIR [postgres options], pgsql.sh sql DIR < FILE
# The role "dovetap" with password "sekret" may write the database "mails"; DIR has the socket.
# shellcheck source=tests/servers/common.sh
. "$(dirname "$0")/common.sh"

verb=$1 dir=$2
shift 2
bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -n 1)

admin() { # database, psql options
	PGPASSWORD=root PGOPTIONS='-c client_min_messages=warning' psql --no-psqlrc --quiet --tuples-only --no-align --field-separator=$'\t' \
		--set=ON_ERROR_STOP=1 --host="$dir" --username=root --dbname="$1" "${@:2}"
}

init() {
	mkdir -p "$dir"
	echo root > "$dir/password"
	own "$dir"
	as_server "$bin/initdb" --pgdata="$dir/data" --username=root --pwfile="$dir/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 > "$dir/install.log"
}

start() {
	as_server "$bin/postgres" -D "$dir/data" -c listen_addresses= -c full_page_writes=off \
		-c unix_socket_directories="$dir" -c external_pid_file="$dir/pid" -c fsync=off \
		-c shared_buffers=32MB -c max_connections=20 "$@" >> "$dir/log" 2>&1 &
	until_ok admin postgres --command='SELECT 1'
	end_with_caller "$dir/pid"
}

case $verb in
init)
	init
	start
	admin postgres <<- EOSQL
		CREATE ROLE dovetap LOGIN PASSWORD 'sekret';
		CREATE DATABASE mails;
		\connect mails
		ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dovetap;
	EOSQL
	;;
start) start "$@" ;;
sql) admin mails ;;
kill)
	stop_pid "$dir/pid" KILL
	rm -f "$dir/data/postmaster.pid"
	;;
pause) pause_all "$dir/pid" ;;
resume) resume_all "$dir/pid" ;;
stop) stop_pid "$dir/pid" INT ;;
*) echo "usage: $0 init|start|kill|pause|resume|stop|sql DIR" >&2 && exit 64 ;;
esac
