#!/bin/bash
# SPDX-License-Identifier: MIT
# A MariaDB that fails in every way there is, under load (dict-faults.sh).
protocol=mysql short_faults=(down hang reset revoke readonly hostile-endless-columns hostile-endless-progress)
. "$(dirname "$0")/dict-faults.sh"

server_port=$(free_port)
data=$tmp/mariadb

server_start() {
	! alone || return 0
	run_in_background "$tmp/mariadb.log" mariadbd --no-defaults --user=nobody --datadir="$data" \
		--bind-address=127.0.0.1 --port="$server_port" --socket="$data/socket" \
		--innodb-flush-log-at-trx-commit=0
	server=$pid
	eventually sql -e 'SELECT 1' > "$tmp/answer" || bail "mariadb: $(tail -n 3 "$tmp/mariadb.log")"
}

sql() { # arguments of mariadb(1)
	mariadb --no-defaults --socket="$data/socket" --user=root --batch --skip-column-names "$@"
}

server_stop() {
	stop "$server"
}

server_pids() {
	echo "$server"
}

# Who is connected keeps the rights of the moment: they are sent away.
disconnect() {
	sql -e "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist
		WHERE user = 'dovetap'" | sql
}

login_revoke() {
	sql -e "ALTER USER dovetap@localhost IDENTIFIED BY 'another'"
	disconnect
}

login_grant() {
	sql -e "ALTER USER dovetap@localhost IDENTIFIED BY 'pass'"
}

readonly_on() {
	sql -e 'SET GLOBAL read_only = 1'
}

readonly_off() {
	sql -e 'SET GLOBAL read_only = 0'
}

stored() {
	sql dovetap -e "SELECT CONCAT(service, '/', userid, ' ', last_access) FROM last_login"
}

mkdir "$data" && chown nobody: "$data"
mariadb-install-db --no-defaults --user=nobody --datadir="$data" \
	--auth-root-authentication-method=normal --skip-test-db > "$tmp/mariadb.log" 2>&1
server_start
sql -e "CREATE USER dovetap@localhost IDENTIFIED BY 'pass'; CREATE DATABASE dovetap;
	GRANT SELECT, INSERT, UPDATE ON dovetap.* TO dovetap@localhost; USE dovetap;
	CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(20) NOT NULL,
	last_access BIGINT NOT NULL, last_ip VARCHAR(40) NOT NULL, PRIMARY KEY (userid, service))"
write_map 'user=dovetap password=pass dbname=dovetap'
dict=(--dict "mysql:$tmp/map.conf" --key 'last-login/%{service}/%{user}/%{remote_ip}')
dict_faults
