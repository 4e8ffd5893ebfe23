#!/bin/bash
# SPDX-License-Identifier: MIT
# A private MariaDB: mariadb.sh init|start|kill|pause|resume|stop DIR [mariadbd options], mariadb.sh sql DIR < FILE
# The user "dovetap" with password "sekret" owns the database "mails"; the socket is DIR/socket.
# shellcheck source=tests/servers/common.sh
. "$(dirname "$0")/common.sh"

verb=$1 dir=$2
shift 2

admin() { # mariadb options
	mariadb --no-defaults --socket="$dir/socket" --user=root --batch --skip-column-names "$@"
}

init() {
	mkdir -p "$dir"
	own "$dir"
	as_server mariadb-install-db --no-defaults --datadir="$dir/data" \
		--auth-root-authentication-method=normal --skip-test-db > "$dir/install.log" 2>&1
}

start() {
	as_server /usr/sbin/mariadbd --no-defaults --datadir="$dir/data" --socket="$dir/socket" \
		--skip-networking --pid-file="$dir/pid" --log-error="$dir/log" \
		--innodb-buffer-pool-size=32M --innodb-log-file-size=8M --performance-schema=OFF \
		--innodb-flush-log-at-trx-commit=2 "$@" > /dev/null 2>&1 &
	until_ok admin --execute='SELECT 1'
	end_with_caller "$dir/pid"
}

case $verb in
init)
	init
	start
	admin <<- EOSQL
		CREATE DATABASE mails CHARACTER SET utf8mb4;
		CREATE USER dovetap@localhost IDENTIFIED BY 'sekret';
		GRANT SELECT, INSERT, UPDATE, DELETE ON mails.* TO dovetap@localhost;
	EOSQL
	;;
start) start "$@" ;;
sql) admin mails ;;
kill) stop_pid "$dir/pid" KILL ;;
pause) pause_all "$dir/pid" ;;
resume) resume_all "$dir/pid" ;;
stop) stop_pid "$dir/pid" TERM ;;
*) echo "usage: $0 init|start|kill|pause|resume|stop|sql DIR" >&2 && exit 64 ;;
esac
