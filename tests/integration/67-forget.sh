#!/bin/bash
# SPDX-License-Identifier: MIT
# A user is forgotten: all records go from every store, beside a running dovetap and without one, and what
# waited does not come back. Oracles: the stores' own clients.
. "$(dirname "$0")/lib.sh"
plan 30

conf=$tmp/conf
forget() { # arguments
	"$dovetap" forget --config "$conf" --state-dir "$tmp/state" --control "$tmp/state/control.sock" "$@"
}

# shellcheck disable=SC2016 # the variables are Dovecot's
map_file() { # connect
	printf 'connect = %s\nmap {\n  pattern = shared/last-login/$service/$user\n  table = last_login\n' "$1"
	printf '  value_field = last_access\n  value_type = uint\n  fields {\n    userid = $user\n'
	printf '    service = $service\n  }\n}\n'
}

table='CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(32) NOT NULL,
	last_access BIGINT NOT NULL, PRIMARY KEY (userid, service))'

# --- every kind of store, each a mirror of the others ------------------------------------------------

harness_start bookworm
redis_start
mariadb_start
mariadb_sql -e "CREATE DATABASE mail; CREATE USER dovecot@localhost IDENTIFIED BY 'pass';
	GRANT ALL ON mail.* TO dovecot@localhost; USE mail; $table"
postgres_start
postgres_sql -c "$table" > "$tmp/out"
map_file "host=$tmp/mariadb/socket dbname=mail user=dovecot password=pass" > "$tmp/mysql.map"
map_file "host=127.0.0.1 port=$postgres_port dbname=postgres user=postgres" > "$tmp/pgsql.map"
map_file "/$tmp/state/map.db" > "$tmp/sqlite.map"
sqlite3 "$tmp/state/map.db" "$table"
chmod 0666 "$tmp/state/map.db"
mkdir -m 1777 "$tmp/dicts" "$tmp/dicts/fs"
mkdir "$tmp/server"
memcached_port=$(free_port)
alone || run_in_background "$tmp/memcached.log" memcached -u nobody -l 127.0.0.1 -p "$memcached_port"
alone || run_in_background "$tmp/server.log" "$top/tests/servers/dict.sh" bookworm "$tmp/server" file
alone || eventually test -S "$tmp/server/run/dict" || bail "$(tail -n 3 "$tmp/server.log")"
{
	echo 'plugin {'
	echo "  last_login_dict = sqlite:path=$tmp/state/db"
	echo '  last_login_key = last-login/%s/%u'
	echo '}'
	echo 'dovetap {'
	echo "  mirror_dicts = redis:port=$redis_port mysql:$tmp/mysql.map pgsql:$tmp/pgsql.map sqlite:$tmp/sqlite.map \\"
	echo "    memcached_ascii:port=$memcached_port file:$tmp/dicts/file fs:posix:prefix=$tmp/dicts/fs/ \\"
	echo "    proxy:$tmp/server/run/dict:test"
	echo '}'
} > "$conf"
stores='sqlite redis mysql pgsql map memcached file fs proxy'

memcached_has() { # key
	exec 3<> "/dev/tcp/127.0.0.1/$memcached_port"
	printf 'get %s\r\nquit\r\n' "$1" >&3
	grep -q '^VALUE' <&3 && echo "${1#last-login/}"
	exec 3>&-
}

keys_of() { # store: SERVICE/USER of all its records
	case $1 in
	sqlite) records ;;
	redis) redis --raw keys 'last-login/*' | sed 's,^last-login/,,' ;;
	mysql) mariadb_sql mail -e "SELECT CONCAT(service, '/', userid) FROM last_login" ;;
	pgsql) postgres_sql -c "SELECT service || '/' || userid FROM last_login" ;;
	map) sqlite3 "$tmp/state/map.db" "SELECT service || '/' || userid FROM last_login" ;;
	memcached)
		for key in imap/alice@example.com pop3/alice@example.com imap/bob@example.com; do
			memcached_has "last-login/$key"
		done
		;;
	file) sed -n 's,^shared/last-login/,,p' "$tmp/dicts/file" ;;
	fs) (cd "$tmp/dicts/fs/last-login" && find . -type f | sed 's,^\./,,') ;;
	proxy) sed -n 's,^shared/last-login/,,p' "$tmp/server/last-login" ;;
	esac | sort | tr '\n' ' '
}

all_have() { # SERVICE/USER...: every store has exactly these
	local store
	for store in $stores; do
		same "$store: $(printf '%s\n' "$@" | sort | tr '\n' ' ')" "$store: $(keys_of "$store")" || return 1
	done
}

said() { # number of records: of each dict
	same 9 "$(grep -c "^alice@example.com: .*: $1 removed" "$tmp/said")" || { cat "$tmp/said"; return 1; }
}

everybody='imap/alice@example.com imap/bob@example.com pop3/alice@example.com'
dovetap_start --root "$harness_root" --config "$conf"
login imap alice@example.com bob@example.com > "$tmp/out"
login pop3 alice@example.com > "$tmp/out"
# shellcheck disable=SC2086 # words
check 'each store has each login' eventually all_have $everybody
forget --dry-run alice@example.com > "$tmp/said"
check 'what would be removed is told' said 2
# shellcheck disable=SC2086 # words
check 'and still there' all_have $everybody
check 'no name is taken that Dovecot would not log in' fails_with 64 'logs this user in as alice@example.com' \
	forget bob@example.com Alice@Example.COM
# shellcheck disable=SC2086 # words
check 'nor is anybody else forgotten then' all_have $everybody
forget alice@example.com > "$tmp/said"
check 'the running dovetap removes what it has stored' said 2
check 'from each store, and nobody else' all_have imap/bob@example.com
in_top() { # user
	curl -sS --unix-socket "$tmp/state/control.sock" http://localhost/top | grep -c "$1"
}
not_in_top() {
	at_least 1 "$(in_top bob@example.com)" && same 0 "$(in_top alice@example.com || true)"
}
check 'nor does top show the name' not_in_top
check 'the numbers add up' accounts_balance
login imap alice@example.com > "$tmp/out"
check 'a login after that is recorded' eventually all_have imap/alice@example.com imap/bob@example.com
check 'beside one that does not answer nobody is forgotten' fails_with 69 'does not answer' \
	forget --control "$tmp/nowhere" bob@example.com
dovetap_stop
mkdir -m 0755 "$tmp/closed"
check 'who cannot be noted is not forgotten' fails_with 74 'is not removed' \
	forget --state-dir "$tmp/closed" alice@example.com
check 'nor renamed' fails_with 74 'is not removed' \
	"$dovetap" rename --config "$conf" --control "$tmp/closed/none" --state-dir "$tmp/closed" alice@example.com bob@example.com
check 'but still there' all_have imap/alice@example.com imap/bob@example.com
forget alice@example.com > "$tmp/said"
check 'without a running one, too' said 1
check 'and nobody else' all_have imap/bob@example.com
check 'who is not there is no error' fails_with 0 'nobody@example.com: ' forget nobody@example.com
no_directory() {
	[[ -d $tmp/dicts/fs/last-login/imap ]] && [[ ! -e $tmp/dicts/fs/last-login/pop3 ]]
}
check 'nor is there a directory left' no_directory

# --- what waits ---------------------------------------------------------------------------------------

printf '%s\n' 'plugin {' "  last_login_dict = redis:port=$redis_port" '  last_login_key = last-login/%s/%u' '}' > "$conf"
waiting() {
	"$dovetap" spool list --config "$conf" --state-dir "$tmp/state" | sed 's,.*shared/last-login/,,; s, =.*,,' |
		sort | tr '\n' ' '
}
waiting_are() {
	same "$1" "$(waiting)"
}
dovetap_start --root "$harness_root" --config "$conf"
redis_stop
login imap carol@example.com dave@example.com > "$tmp/out"
check 'logins wait for their store' eventually waiting_are 'imap/carol@example.com imap/dave@example.com '
check 'a store that is down is told' fails_with 69 'not removed, 1 that waited' forget carol@example.com
check 'what waited is gone' waiting_are 'imap/dave@example.com '
redis_start
redis_has() {
	same "$1" "$(redis --raw keys 'last-login/*' | sed 's,^last-login/,,' | sort | tr '\n' ' ')"
}
check 'and does not come back with the store' eventually redis_has 'imap/dave@example.com '
dovetap_stop

printf '%s\n' 'dovetap {' '  min_interval = 1 hours' '}' >> "$conf"
dovetap_start --root "$harness_root" --config "$conf"
login imap erik@example.com > "$tmp/out"
eventually redis_has 'imap/dave@example.com imap/erik@example.com ' > "$tmp/out" || true
login imap erik@example.com > "$tmp/out"
forget erik@example.com > "$tmp/said"
login imap erik@example.com > "$tmp/out"
check 'nor does an interval of before hold a login back' eventually redis_has \
	'imap/dave@example.com imap/erik@example.com '
dovetap_stop

# --- keys of which a part is not known ------------------------------------------------------------------

config_open() { # dict
	printf '%s\n' 'plugin {' "  last_login_dict = $1" '  last_login_key = rr/%s/%u/%r' '}' > "$conf"
}
config_open "redis:port=$redis_port:db=5"
redis_open() {
	redis -n 5 "$@"
}
redis_open mset rr/imap/a/127.0.0.1 1700000000 rr/imap/a/::1 1700000000 rr/pop3/a/192.0.2.1 1700000000 \
	rr/imap/a/b/127.0.0.1 1700000000 rr/imap/b/::1 1700000000 > "$tmp/out"
check 'the address of a login is found' fails_with 0 '3 removed' forget a
left_open() {
	same 'rr/imap/a/b/127.0.0.1 rr/imap/b/::1 ' "$(redis_open --raw keys '*' | sort | tr '\n' ' ')"
}
check 'and is not taken for the name of somebody else' left_open
sed -i 's,%r,%{session},' "$conf"
redis_open mset rr/imap/c/abc 1700000000 rr/imap/c/a/bc 1700000000 > "$tmp/out"
check 'what may be of somebody else is named' fails_with 69 'such as shared/rr/imap/c/a/bc may be' forget c
left_session() {
	same 'rr/imap/c/a/bc ' "$(redis_open --raw keys 'rr/imap/c/*' | tr '\n' ' ')"
}
check 'and stays, and only that' left_session
config_open "memcached_ascii:port=$memcached_port"
check 'a store that cannot look is refused' fails_with 78 'remote_ip' forget a

# --- a table of accounts --------------------------------------------------------------------------------

mariadb_sql mail -e "CREATE TABLE users (userid VARCHAR(99) PRIMARY KEY, password VARCHAR(99),
	last_login INT, last_ip VARCHAR(99) NOT NULL DEFAULT '');
	INSERT INTO users VALUES ('a', 'secret', 1700000000, '::1'), ('b', 'secret', 1700000000, '::1')"
# shellcheck disable=SC2016 # the variables are Dovecot's
printf '%s\n' "connect = host=$tmp/mariadb/socket dbname=mail user=dovecot password=pass" 'map {' \
	'  pattern = shared/rr/imap/$user/$ip' '  table = users' '  value_field = last_login' '  value_type = uint' \
	'  fields {' '    userid = $user' '    last_ip = $ip' '  }' '}' > "$tmp/users.map"
config_open "mysql:$tmp/users.map"
forget a > "$tmp/said"
accounts() {
	same $'a secret NULL \nb secret 1700000000 ::1' \
		"$(mariadb_sql mail -e 'SELECT CONCAT_WS(" ", userid, password, IFNULL(last_login, "NULL"), last_ip) FROM users')"
}
check 'an account stays, without its login' accounts
check 'which is told' has_line ': 1 removed' "$tmp/said"
