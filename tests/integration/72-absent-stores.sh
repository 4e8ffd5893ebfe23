#!/bin/bash
# SPDX-License-Identifier: MIT
# Accounts are deleted by "never": every driver, with a store that is there, empty, missing, of another kind, another
# one, unreadable or down, is asked by every command. "No record" is an answer only of a store that has records; what
# is to be expected is found out by the store's own client each time.
. "$(dirname "$0")/lib.sh"
plan 400

conf=$tmp/conf
now=$(date +%s) old=$(($(date +%s) - 400 * 86400))
as=() # how a command is run
run() { # command, arguments
	local command=$1
	shift
	"${as[@]}" "$dovetap" "$command" --config "$conf" --state-dir "$tmp/state" "$@"
}

# --- the stores ------------------------------------------------------------------------------------------------

config() { # URI
	printf '%s\n' 'plugin {' "  last_login_dict = $1" '  last_login_key = ll/%s/%u' '}' 'dovetap {' \
		'  services = imap pop3' '}' > "$conf"
}

map() { # value of connect
	printf 'connect = %s\n' "$1" > "$tmp/map"
	# shellcheck disable=SC2016 # the variables are Dovecot's
	printf '%s\n' 'map {' '  pattern = shared/ll/$service/$user' '  table = logins' '  value_field = seen' \
		'  value_type = uint' '  fields {' '    service = $service' '    name = $user' '  }' '}' >> "$tmp/map"
}

table='CREATE TABLE logins (service VARCHAR(20) NOT NULL, name VARCHAR(100) NOT NULL, seen BIGINT,
	PRIMARY KEY (service, name))'
rows="INSERT INTO logins VALUES ('imap', 'alice@example.com', $now), ('imap', 'old@example.com', $old)"
embedded='CREATE TABLE last_login (userid, service, last_access INTEGER, last_ip, time_ns INTEGER,
	PRIMARY KEY (userid, service)) WITHOUT ROWID'
embedded_rows="INSERT INTO last_login VALUES ('alice@example.com', 'imap', $now, '', ${now}000000000),
	('old@example.com', 'imap', $old, '', ${old}000000000)"

mariadb_make() { # statements
	mariadb_sql -e "DROP DATABASE IF EXISTS mail; CREATE DATABASE mail; USE mail; $1"
}

postgres_make() { # statements
	postgres_sql -c 'DROP TABLE IF EXISTS logins' -c "$1"
}

memcached() { # command: what it answers
	exec 3<> "/dev/tcp/127.0.0.1/$memcached_port" || return
	printf '%s\r\nquit\r\n' "$1" >&3
	cat <&3
	exec 3>&-
}

memcached_set() { # key value
	memcached "set $1 0 0 ${#2}"$'\r\n'"$2"
}

memcached_clear() { # at once; flush_all would let items go one by one
	local key
	for key in ll/imap/alice@example.com ll/imap/old@example.com quota/alice@example.com; do
		memcached "delete $key"
	done
}

# Brings the store into a state; the state "records" has alice, who logged in today, and old.
make() { # driver state
	rm -rf "$tmp/store" "$tmp/map"
	mkdir -m 1777 "$tmp/store"
	as=()
	case $1 in
	embedded) config "sqlite:path=$tmp/store/db" ;;
	sqlite) map "$tmp/store/db" && config "sqlite:$tmp/map" ;;
	file) config "file:$tmp/store/db" ;;
	fs) config "fs:posix:prefix=$tmp/store/db/" ;;
	redis) config "redis:port=$redis_port" && redis flushall ;;
	mysql) map "host=$tmp/mariadb/socket dbname=mail user=dovecot password=pass" && config "mysql:$tmp/map" ;;
	pgsql) map "host=127.0.0.1 port=$postgres_port dbname=postgres user=postgres" && config "pgsql:$tmp/map" ;;
	memcached) config "memcached_ascii:host=127.0.0.1:port=$memcached_port" && memcached_clear ;;
	proxy) config "proxy:$tmp/dict/run/dict:test" && rm -f "$tmp/dict/last-login" ;;
	esac > "$tmp/out"
	case $1-$2 in
	embedded-records) sqlite3 "$tmp/store/db" "$embedded; $embedded_rows" ;;
	embedded-empty) sqlite3 "$tmp/store/db" "$embedded" ;;
	embedded-columns) sqlite3 "$tmp/store/db" 'CREATE TABLE last_login (a); INSERT INTO last_login VALUES (1)' ;;
	sqlite-records) sqlite3 "$tmp/store/db" "$table; $rows" ;;
	sqlite-empty) sqlite3 "$tmp/store/db" "$table" ;;
	sqlite-never) sqlite3 "$tmp/store/db" "$table; INSERT INTO logins VALUES ('imap', 'alice@example.com', 0)" ;;
	embedded-other | sqlite-other) sqlite3 "$tmp/store/db" 'CREATE TABLE other (a); INSERT INTO other VALUES (1)' ;;
	file-records) printf '%s\n' shared/ll/imap/alice@example.com "$now" shared/ll/imap/old@example.com "$old" \
		> "$tmp/store/db" ;;
	file-other) printf '%s\n' shared/quota/alice@example.com 1 > "$tmp/store/db" ;;
	fs-records)
		mkdir -p "$tmp/store/db/ll/imap"
		printf %s "$now" > "$tmp/store/db/ll/imap/alice@example.com"
		printf %s "$old" > "$tmp/store/db/ll/imap/old@example.com"
		;;
	fs-empty) mkdir -p "$tmp/store/db/ll/imap" ;;
	fs-other) mkdir -p "$tmp/store/db/quota" && echo 1 > "$tmp/store/db/quota/alice@example.com" ;;
	fs-format) printf 'no\nsuch\nstore\n' > "$tmp/store/db" ;;
	fs-nothing) mkdir -p "$tmp/store/db/ll/imap" && : > "$tmp/store/db/ll/imap/alice@example.com" ;;
	fs-record-directory) mkdir -p "$tmp/store/db/ll/imap/alice@example.com" ;;
	fs-service-file) mkdir -p "$tmp/store/db/ll" && printf %s "$now" > "$tmp/store/db/ll/imap" ;;
	file-nothing) printf '%s\n' shared/ll/imap/alice@example.com '' > "$tmp/store/db" ;;
	fs-unreadable) mkdir -m 0700 "$tmp/store/db" && as=(setpriv --reuid nobody --clear-groups) ;;
	*-zero) : > "$tmp/store/db" ;;
	*-format) head -c 5000 /dev/urandom > "$tmp/store/db" ;;
	*-directory) mkdir "$tmp/store/db" ;;
	*-unreadable) make "$1" records && as=(setpriv --reuid nobody --clear-groups) ;;
	redis-records) redis mset ll/imap/alice@example.com "$now" ll/imap/old@example.com "$old" ;;
	redis-other) redis set quota/alice@example.com 1 ;;
	redis-nothing) redis set ll/imap/alice@example.com '' ;;
	redis-number) redis set ll/imap/alice@example.com 0 ;;
	redis-database) redis mset ll/imap/alice@example.com "$now" && config "redis:port=$redis_port:db=3" ;;
	redis-prefix) redis mset ll/imap/alice@example.com "$now" && config "redis:port=$redis_port:prefix=p/" ;;
	redis-down) config redis:port=1 ;;
	redis-kind) config "redis:port=$memcached_port" ;;
	mysql-records) mariadb_make "$table; $rows" ;;
	mysql-empty) mariadb_make "$table" ;;
	mysql-never) mariadb_make "$table; INSERT INTO logins VALUES ('imap', 'alice@example.com', 0)" ;;
	mysql-other) mariadb_make 'CREATE TABLE other (a INT)' ;;
	mysql-down) map "host=127.0.0.1 port=1 dbname=mail user=dovecot password=pass" ;;
	pgsql-records) postgres_make "$table; $rows" ;;
	pgsql-empty) postgres_make "$table" ;;
	pgsql-other) postgres_make 'CREATE TABLE IF NOT EXISTS other (a INT)' ;;
	pgsql-down) map 'host=127.0.0.1 port=1 dbname=postgres user=postgres' ;;
	memcached-records)
		memcached_set ll/imap/alice@example.com "$now" && memcached_set ll/imap/old@example.com "$old"
		;;
	memcached-nothing) memcached_set ll/imap/alice@example.com '' ;;
	memcached-other) memcached_set quota/alice@example.com 1 ;;
	memcached-down) config memcached_ascii:port=1 ;;
	proxy-records) printf '%s\n' shared/ll/imap/alice@example.com "$now" shared/ll/imap/old@example.com "$old" \
		> "$tmp/dict/last-login" && chmod 0666 "$tmp/dict/last-login" ;;
	proxy-other) printf '%s\n' shared/quota/alice@example.com 1 > "$tmp/dict/last-login" ;;
	proxy-down) config "proxy:$tmp/nobody:test" ;;
	esac > "$tmp/out" 2>&1
	[[ ! -f $tmp/store/db ]] || chmod 0666 "$tmp/store/db"
	[[ $2 != unreadable ]] || chmod "0${modes[$1]:-600}" "$tmp/store/db"
}
declare -A modes=([fs]=700)

# --- what they have, by their own clients -----------------------------------------------------------------------

of_count() { # number of records
	case $1 in
	0) echo empty ;;
	[0-9]*) echo records ;;
	*) echo broken ;;
	esac
}

of_sqlite() { # table column: broken without the columns that we know; a file without tables is none of ours
	[[ -e $tmp/store/db ]] || { echo absent; return; }
	[[ -f $tmp/store/db ]] && "${as[@]}" test -r "$tmp/store/db" || { echo broken; return; }
	case $(sqlite3 -readonly "$tmp/store/db" "SELECT count(*) FROM $1 WHERE $2 > 0" 2>&1) in
	*'no such table'*) echo absent ;;
	*rror*) echo broken ;;
	0) echo empty ;;
	*) echo records ;;
	esac
}

of_files() {
	[[ -e $tmp/store/db ]] || { echo absent; return; }
	[[ $1 == d ]] && ! "${as[@]}" find "$tmp/store/db/" > "$tmp/out" 2>&1 && { echo broken; return; }
	[[ $1 == d ]] && { of_count "$(find "$tmp/store/db/ll" -type f 2> "$tmp/out" | wc -l)"; return; }
	[[ -f $tmp/store/db ]] && "${as[@]}" test -r "$tmp/store/db" || { echo broken; return; }
	of_count "$(grep -ac '^shared/ll/' "$tmp/store/db")"
}

port() { # of the configuration
	sed -n 's/.*redis:port=\([0-9]*\).*/\1/p' "$conf"
}

of_redis() {
	local db prefix
	db=$(sed -n 's/.*:db=\([0-9]*\).*/\1/p' "$conf") prefix=$(sed -n 's/.*:prefix=\([^ ]*\).*/\1/p' "$conf")
	[[ $(timeout 2 redis-cli -p "$(port)" ping < /dev/null 2>&1) == PONG ]] || { echo broken; return; }
	of_count "$(redis -n "${db:-0}" --raw keys "${prefix}ll/*" | grep -c .)"
}

oracle() { # driver: records, empty, absent, unshown (its client cannot list) or broken
	case $1 in
	embedded) of_sqlite last_login last_access ;;
	sqlite) of_sqlite logins seen | sed s/absent/broken/ ;; # its table is the operator's
	file) of_files f ;;
	fs) of_files d ;;
	redis) of_redis ;;
	mysql) of_count "$(grep -qw port=1 "$tmp/map" || mariadb_sql mail -e 'SELECT count(*) FROM logins WHERE seen > 0')" ;;
	pgsql) of_count "$(grep -qw port=1 "$tmp/map" || postgres_sql -c 'SELECT count(*) FROM logins WHERE seen > 0')" ;;
	memcached)
		case $(grep -qw port=1 "$conf" || { memcached 'get ll/imap/alice@example.com'; memcached stats; }) in
		*VALUE*) echo recent ;;
		*'curr_items 0'*) echo empty ;;
		*) grep -qw port=1 "$conf" && echo broken || echo unshown ;;
		esac
		;;
	proxy)
		grep -q nobody "$conf" && { echo broken; return; }
		grep -qs ll/imap/alice "$tmp/dict/last-login" && echo records || echo unshown
		;;
	esac 2> "$tmp/out"
}

# --- what is to be expected ----------------------------------------------------------------------------------

inactive() {
	run inactive --older 365d --since 2000-01-01 "$@"
}
lookup() {
	run lookup --since 2000-01-01 "$@"
}
import() { # the store as a source
	"${as[@]}" "$dovetap" import --dry-run --dict "sqlite:path=$tmp/state/target" --state-dir "$tmp/state" \
		--from-config "$conf" alice@example.com
}
rename() {
	run rename --dry-run alice@example.com dora@example.com
}
forget() {
	run forget --dry-run carol@example.com
}
expire() {
	run expire --dry-run --older 3650d
}
check_it() { # state of the finding, and words of it
	local finding
	finding=$(run check --json | jq -r '.findings[] | select(.area == "dict") | "\(.state) \(.subject) \(.text)"') || true
	echo "$finding"
	[[ $finding == "$1 "*"$2"* ]]
}
listed() { # users: exactly these are inactive, in that order
	same "$1" "$(inactive --json alice@example.com carol@example.com old@example.com | jq -r .user | tr '\n' ' ')"
}

removes_old() { # driver
	[[ $1 == embedded || $1 == sqlite || $1 == mysql || $1 == pgsql ]]
}

ask_all() { # name, status and text of lookup, inactive, import, rename: of who is not there
	local name=$1
	check "$name: lookup" fails_with "$2" "$3" lookup carol@example.com
	check "$name: inactive" fails_with "$2" "$3" inactive carol@example.com
	check "$name: import" fails_with "$2" "$3" import
	check "$name: rename" fails_with "$2" "$3" rename
}

change_all() { # driver name, status and text of forget, of expire
	check "$2: forget" fails_with "$3" "$4" forget
	if removes_old "$1"; then
		check "$2: expire" fails_with "$5" "$6" expire
	else
		check "$2: expire" fails_with "$7" "$8" expire
	fi
}

alone_known() { # driver name: of somebody without a record, who is asked for alone
	if [[ $1 == proxy || $1 == memcached ]]; then
		check "$2: lookup" fails_with 69 "${words[unshown]}" lookup carol@example.com
	else
		check "$2: lookup" fails_with 1 never lookup carol@example.com
	fi
}

not_done() { # command...: one of the two statuses, and never a number of records
	local got=0
	"$@" > "$tmp/not-done" 2>&1 || got=$?
	cat "$tmp/not-done"
	[[ $got -eq 69 || $got -eq 78 ]] && has_line 'error:' "$tmp/not-done" && has_no_line 'removed' "$tmp/not-done"
}

not_forgotten() { # driver: the history's tables may be another reason
	local got=0
	forget > "$tmp/not-forgotten" 2>&1 || got=$?
	cat "$tmp/not-forgotten"
	[[ $got -eq 69 || $got -eq 78 ]] && has_line 'not removed' "$tmp/not-forgotten" &&
		has_no_line ' [0-9]+ removed' "$tmp/not-forgotten" && grep -F -- "${words[$1]}" "$tmp/not-forgotten"
}

warned() { # driver state: only what was recorded there before is missed there
	if [[ $2 == database || $2 == prefix ]]; then
		check_it ok 'answers; no record yet'
	else
		check_it warning 'though logins are recorded there since'
	fi
}

cannot=('cannot remove old records')
of_state() { # driver state
	local name="$1, $2" class
	make "$@"
	class=$(oracle "$1")
	name+=" ($class)"
	case $class in
	records)
		alone_known "$1" "$name"
		check "$name: lookup of several" fails_with 0 never lookup carol@example.com alice@example.com
		check "$name: inactive" listed 'carol@example.com old@example.com '
		check "$name: import" fails_with 0 '1 records read' import
		check "$name: rename" fails_with 0 '1 records to be renamed' rename
		change_all "$1" "$name" 0 '0 removed' 0 '0 would be removed' 78 "${cannot[0]}"
		check "$name: check" check_it ok answers
		;;
	recent) # memcached was started a moment ago
		alone_known "$1" "$name"
		check "$name: inactive" fails_with 3 'keeps nothing when it is started again' inactive carol@example.com \
			alice@example.com
		check "$name: import" fails_with 0 '1 records read' import
		check "$name: rename" fails_with 0 '1 records to be renamed' rename
		change_all "$1" "$name" 0 '0 removed' - - 78 "${cannot[0]}"
		check "$name: check" check_it ok answers
		;;
	empty)
		ask_all "$name" 69 'proves nothing'
		change_all "$1" "$name" 0 '0 removed' 0 '0 would be removed' 78 "${cannot[0]}"
		check "$name: check" warned "$@"
		;;
	unshown)
		ask_all "$name" 69 "${words[unshown]}"
		change_all "$1" "$name" 0 '0 removed' - - 78 "${cannot[0]}"
		check "$name: check" check_it ok answers
		;;
	absent)
		ask_all "$name" 69 'proves nothing'
		change_all "$1" "$name" 69 "$tmp/store/db" 69 "$tmp/store/db" 78 "${cannot[0]}"
		check "$name: check" warned "$@"
		;;
	*)
		ask_all "$name" 69 "${words[$1]}"
		check "$name: forget" not_forgotten "$1"
		check "$name: expire" not_done expire
		check "$name: check" check_it bad "${words[$1]}"
		;;
	esac
}

declare -A words=([embedded]=$tmp/store/db [sqlite]=$tmp/ [file]=$tmp/store/db [fs]=$tmp/store/db [redis]='redis ('
	[mysql]=mysql [pgsql]=pgsql [memcached]=memcached_ascii [proxy]=$tmp/nobody
	[unshown]='name somebody beside them who has logged in')

# Logins are recorded into it, once: the state has since when.
record() { # driver
	make "$1" records
	rm -f "$tmp/state/since"
	dovetap_start --root "$tmp" --config "$conf"
	eventually test -s "$tmp/state/since" || bail "$1: no state"
	dovetap_stop > "$tmp/out"
	cp "$tmp/state/since" "$tmp/since.$1"
}

states_of() { # driver state...
	local driver=$1 state
	shift
	record "$driver"
	for state in "$@"; do
		of_state "$driver" "$state"
	done
}

# Her record is there and has no time: she may have logged in a moment ago.
broken_records() { # driver state...: as the driver's last states_of has left dovetap's own
	local driver=$1 state
	shift
	for state in "$@"; do
		make "$driver" "$state"
		check "$driver, $state: lookup" fails_with 69 'the record of alice@example.com holds "' lookup alice@example.com
		check "$driver, $state: inactive" fails_with 69 'the record of alice@example.com holds "' \
			inactive alice@example.com
	done
}

states_of embedded records missing empty zero format directory other columns unreadable
states_of sqlite records missing empty never zero format directory other unreadable
states_of file records missing zero format directory other unreadable
broken_records file nothing
states_of fs records missing empty other format unreadable
broken_records fs nothing record-directory service-file

memcached_port=$(free_port)
run_in_background "$tmp/memcached.log" memcached -u nobody -l 127.0.0.1 -p "$memcached_port"
eventually answers "$memcached_port" || bail memcached
redis_start
states_of redis records empty other database prefix down kind
broken_records redis nothing number
states_of memcached records empty other down
broken_records memcached nothing
mariadb_start
mariadb_sql -e "CREATE DATABASE mail; CREATE USER dovecot@localhost IDENTIFIED BY 'pass'; GRANT ALL ON mail.* TO dovecot@localhost"
states_of mysql records empty never other down
postgres_start
states_of pgsql records empty other down
mkdir -p "$tmp/dict/run"
run_in_background "$tmp/dict.log" "$top/tests/servers/dict.sh" bookworm "$tmp/dict" file
eventually test -S "$tmp/dict/run/dict" || bail "dict server: $(tail -n 3 "$tmp/dict.log")"
states_of proxy records other down
