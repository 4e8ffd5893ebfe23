#!/bin/bash
# SPDX-License-Identifier: MIT
# Several writers share one connection to PostgreSQL, which PgBouncer lends them for a transaction at a
# time: what one leaves on it must not be in the way of the next.
. "$(dirname "$0")/../checks.sh"
cd "$(dirname "$0")/../.."
plan 3
dovetap=${DOVETAP:-.output/dovetap}
server=$tmp/pg pool=$tmp/pool
trap 'stop; checks_end $?' EXIT

stop() {
	[[ ! -s $pool/pid ]] || kill "$(< "$pool/pid")" || true
	tests/servers/pgsql.sh stop "$server" || true
}

start_pool() {
	mkdir "$pool"
	cat > "$pool/ini" <<- END
		[databases]
		mails = host=$server dbname=mails
		[pgbouncer]
		unix_socket_dir = $pool
		listen_addr =
		listen_port = 6432
		auth_type = plain
		auth_file = $pool/users
		pool_mode = transaction
		default_pool_size = 1
		pidfile = $pool/pid
		logfile = $pool/log
	END
	echo '"dovetap" "sekret"' > "$pool/users"
	chown -R nobody: "$pool"
	setpriv --reuid=nobody --clear-groups -- /usr/sbin/pgbouncer -q -d "$pool/ini"
}

sql() {
	tests/servers/pgsql.sh sql "$server"
}

record() { # user...: what replay takes
	local user
	for user in "$@"; do
		echo "{\"boot_ns\": 1000000000, \"username\": \"$user\", \"service\": \"imap\", \"remote_ip\": \"192.0.2.1\"}"
	done | tests/golden/make-recording.py > "$tmp/$1"
}

write() { # recording
	"$dovetap" replay -c "$tmp/dovetap.conf" "$tmp/$1"
}

users_are() { # names, in order
	same "$1" "$(echo 'SELECT userid FROM logins ORDER BY userid;' | sql | xargs)"
}

both() {
	write alice & local first=$!
	write bob
	wait "$first"
	users_are 'alan alice bob'
}

one_more() {
	write carol
	users_are 'alan alice bob carol'
}

chmod 755 "$tmp"
alone || { tests/servers/pgsql.sh init "$server" && start_pool; }
alone || echo 'CREATE TABLE logins (userid VARCHAR(255) PRIMARY KEY, last_access BIGINT NOT NULL);' | sql
cat > "$tmp/map" <<- END
	connect = host=$pool port=6432 dbname=mails user=dovetap password=sekret
	map {
	  pattern = shared/last-login/\$user
	  table = logins
	  value_field = last_access
	  value_type = uint
	  fields {
	    userid = \$user
	  }
	}
END
printf 'plugin {\n  last_login_dict = pgsql:%s\n}\n' "$tmp/map" > "$tmp/dovetap.conf"
record alice alan
record bob
record carol
check 'two write at once' both
check 'and one more after them' one_more
check 'by one connection' same 1 \
	"$(echo "SELECT count(*) FROM pg_stat_activity WHERE usename = 'dovetap';" | sql)"
