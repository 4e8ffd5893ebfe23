#!/bin/bash
# SPDX-License-Identifier: MIT
# The last logins of each user in every store that keeps them: what the store's own client finds is what Dovecot's
# log says, after a replay, a rename and a kill, too; and it is gone when the user is forgotten.
. "$(dirname "$0")/lib.sh"

stores='redis mysql pgsql map'
plan $((13 * $(wc -w <<< "$stores") + 10))
conf=$tmp/conf

# --- each store: where it is, and what its client finds ---------------------------------------------------------

redis_uri() {
	echo "redis:host=127.0.0.1:port=$redis_port:prefix=p/"
}
redis_rows() { # table, user: "TIME SERVICE SESSION", the newest first; the time in microseconds
	redis --raw zrevrange "p/${1/_/-}/$2" 0 -1 withscores |
		sed -n 'N; s/.*service=\([a-z]*\).*session=\([^\t]*\).*\n\(.*\)/\3 \1 \2/p'
}

# The tables are those of the manual.
documented() { # heading of docs/history.md: the statements below it
	sed -n "/^### $1/,/^##/p" "$top/docs/history.md" | sed -n 's/^    //p' | sed '/^\$/d'
}
map_file() { # connect
	printf 'connect = %s\nmap {\n  pattern = shared/last-login/$service/$user\n  table = last_login\n' "$1"
	printf '  value_field = last_access\n  value_type = uint\n  fields {\n    userid = $user\n'
	printf '    service = $service\n  }\n}\n'
}
table='CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(32) NOT NULL,
	last_access BIGINT NOT NULL, PRIMARY KEY (userid, service));'
columns='time_ns / 1000, service, session'

mysql_start() {
	mariadb_start
	mariadb_sql -e "CREATE DATABASE mail; CREATE USER dovecot@localhost IDENTIFIED BY 'pass';
		GRANT ALL ON mail.* TO dovecot@localhost"
	mariadb_sql mail <<< "$table $(documented MySQL)"
	map_file "host=$tmp/mariadb/socket dbname=mail user=dovecot password=pass" > "$tmp/mysql.map"
}
mysql_uri() {
	echo "mysql:$tmp/mysql.map"
}
mysql_rows() { # table, user
	mariadb_sql mail -e "SELECT time_ns DIV 1000, service, session FROM $1 WHERE userid = '$2' ORDER BY time_ns DESC" |
		tr '\t' ' '
}
pgsql_start() {
	postgres_start
	postgres_sql <<< "$table $(documented PostgreSQL)"
	map_file "host=127.0.0.1 port=$postgres_port dbname=postgres user=postgres" > "$tmp/pgsql.map"
}
pgsql_uri() {
	echo "pgsql:$tmp/pgsql.map"
}
pgsql_rows() { # table, user
	postgres_sql --field-separator=' ' -c "SELECT $columns FROM $1 WHERE userid = '$2' ORDER BY time_ns DESC"
}
map_start() {
	sqlite3 "$tmp/state/map.db" <<< "$table $(documented SQLite)"
	chmod 0666 "$tmp/state/map.db"
	map_file "$tmp/state/map.db" > "$tmp/sqlite.map"
}
map_uri() {
	echo "sqlite:$tmp/sqlite.map"
}
map_rows() { # table, user
	sqlite3 -separator ' ' -readonly "$tmp/state/map.db" "SELECT $columns FROM $1 WHERE userid = '$2'
		ORDER BY time_ns DESC"
}

rows() { # table, user
	"${store}_rows" "$@"
}
sessions() { # user
	rows login_history "$1" | awk '{ print $3 }'
}
rows_are() { # table, user, count
	same "$3" "$(rows "$1" "$2" | wc -l)"
}

# --- what Dovecot says ------------------------------------------------------------------------------------------

logged() { # user, count: the sessions of its last logins, the newest first
	grep "imap-login: \(Info: \)\?\(Login\|Logged in\): user=<$1>" "$tmp/bookworm/dovecot.log" |
		sed -n 's/.*session=<\([^>]*\)>.*/\1/p' | tail -n "$2" | tac
}
same_as_logged() { # user, count
	same "$(logged "$1" "$2")" "$(sessions "$1")"
}

tap() { # command of dovetap, arguments
	"$dovetap" "$1" --config "$conf" --state-dir "$tmp/state" --dict "$uri" \
		--key last-login/%s/%u "${@:2}"
}
quiet() { # command of dovetap that asks the service if there is one
	tap "$1" --control "$tmp/none" "${@:2}"
}
printed() { # user: "SERVICE SESSION" of its logins
	tap lookup --history --json "$1" | jq -r 'select(.event == "login") |
		[.service, .session] | join(" ")'
}
prints_the_same() { # user
	same "$(rows login_history "$1" | cut -d' ' -f2-)" "$(printed "$1")"
}
replayed() { # twice, out of order: c, d and one of two of the same moment
	tap replay "$tmp/events"
	tap replay "$tmp/events"
	rows_are login_history "r" 3
	same 'c d' "$(sessions r | head -n 2 | paste -sd' ')"
}
renamed() {
	local before
	before=$(rows login_history "$five" | sort)
	quiet rename "$five" "new-$five"
	[[ -n $before ]]
	same "$before" "$(rows login_history "new-$five" | sort)"
	rows_are failure_history "new-$five" 2
	rows_are login_history "$five" 0
}
forgotten() { # that user, and nobody else
	quiet forget "new-$five"
	rows_are login_history "new-$five" 0
	rows_are failure_history "new-$five" 0
	same_as_logged "$one" 2
}

no_more() {
	sed -i 's/^  history/  # history/' "$conf"
}
more() {
	sed -i 's/^  # history/  history/' "$conf"
}
renamed_back() { # and a failure has no place for want of a setting
	quiet rename "$one" "new-$one"
	rows_are login_history "$one" 0
	same "$(logged "$one" 2)" "$(sessions "new-$one")"
}
expired() { # those of the replay are from the time when the machine began
	rows_are login_history r 3
	case $store in
	redis) quiet forget r > "$tmp/out" ;; # which removes them by itself, if at all
	*) tap expire --older 1d > "$tmp/out" ;;
	esac
	rows_are login_history r 0
	rows_are login_history "new-$one" 2
}
forgotten_at_last() {
	quiet forget "new-$one" > "$tmp/out"
	grep -F '(--dict, login_history): 2 removed' "$tmp/out"
	rows_are login_history "new-$one" 0
}

cat > "$conf" << 'END'
dovetap {
  history = 3
  history_failures = 2
  min_interval = 1h
}
END
"$top/tests/golden/make-recording.py" > "$tmp/events" << 'END'
{"boot_ns": 1000000000, "username": "r", "service": "imap", "session_id": "a", "remote_ip": "192.0.2.9"}
{"boot_ns": 1000000000, "username": "r", "service": "imap", "session_id": "b", "remote_ip": "192.0.2.9"}
{"boot_ns": 3000000000, "username": "r", "service": "imap", "session_id": "c", "remote_ip": "192.0.2.9"}
{"boot_ns": 2000000000, "username": "r", "service": "imap", "session_id": "d", "remote_ip": "192.0.2.9"}
END

harness_start bookworm
for store in $stores; do
	"${store}_start"
	uri=$("${store}_uri")
	five=$store-five@example.com one=$store-one@example.com
	dovetap_start --root "$harness_root" --config "$conf" --dict "$uri" --key last-login/%s/%u
	login imap "$five" "$five" "$five" "$five" "$five" > "$tmp/out"
	check "$store: the last three of five, with their sessions in Dovecot's log" eventually same_as_logged "$five" 3
	for ((i = 0; i < 3; i++)); do
		login imap "$five" --password wrong --fails > "$tmp/out"
	done
	check "$store: two of three failures, apart from them" eventually rows_are failure_history "$five" 2
	login imap "$one" > "$tmp/out"
	check "$store: all of a user with one" eventually same_as_logged "$one" 1
	check "$store: lookup --history prints the same" prints_the_same "$five"
	check "$store: every event is accounted for" eventually accounts_balance
	dovetap_kill
	dovetap_start --root "$harness_root" --config "$conf" --dict "$uri" --key last-login/%s/%u
	login imap "$one" > "$tmp/out"
	check "$store: after a kill it goes on, and nothing is there twice" eventually same_as_logged "$one" 2
	dovetap_stop
	check "$store: a replay, out of order and twice, leaves the newest three" replayed
	check "$store: rename takes the history along" renamed
	check "$store: forget removes it, and nobody else's" forgotten
	no_more
	check "$store: with history = 0, rename takes rows from before along" renamed_back
	check "$store: expire removes old ones" expired
	check "$store: and forget reaches them" forgotten_at_last
	more
	check "$store: who has none is told by the status" fails_with 1 USER tap lookup --history nobody@example.com
done

# --- stores that cannot, and what only some can ------------------------------------------------------------------

for other in "file:$tmp/state/file" "fs:posix:prefix=$tmp/state/fs/" 'memcached_ascii:port=1' "proxy:$tmp/none:test"; do
	check "${other%%:*} is refused with the place of the setting" fails_with 78 \
		"dict ${other%%:*} cannot keep a history of logins, which history ($conf:2) asks for" \
		"$dovetap" run --config "$conf" --state-dir "$tmp/state" --control '' --dict "$other"
done
uri=$(redis_uri)
aged() { # a second before and after the time to live, and the set's own
	local at ttl
	tap replay "$tmp/one-event"
	at=$(rows login_history aged | cut -d' ' -f1)
	redis del p/login-history/aged
	redis zadd p/login-history/aged $((at - 99000000)) young $((at - 101000000)) old
	uri=$uri:expire_secs=100 tap replay "$tmp/one-event"
	same 'young id=' "$(redis --raw zrange p/login-history/aged 0 -1 | sed 's/=.*/=/' | paste -sd' ')"
	ttl=$(redis ttl p/login-history/aged)
	[[ $ttl -gt 90 && $ttl -le 100 ]]
}
sqlite3 "$tmp/state/bare.db" <<< "$table"
chmod 0666 "$tmp/state/bare.db"
map_file "$tmp/state/bare.db" > "$tmp/bare.map"
checked() { # what check says of it
	uri=sqlite:$tmp/bare.map tap check > "$tmp/checked" || true
	grep -F "bad      dict          sqlite (--dict, login_history): history ($conf:2): $1" "$tmp/checked"
}
never_there() {
	no_more
	uri=sqlite:$tmp/bare.map quiet forget nobody@example.com > "$tmp/out" 2>&1
	more
	same 'nobody@example.com: sqlite (--dict): 0 removed, 0 that waited, 0 that were refused' "$(cat "$tmp/out")"
}
check 'who never kept one need not have the tables' never_there
check 'a table that is not there is named' checked 'there is no table login_history, or no right to see it (docs/history.md'
sqlite3 "$tmp/state/bare.db" "$(documented SQLite | sed 's/(userid, id)) WITHOUT ROWID/(userid))/')"
check 'and one with another key, in which logins would be taken for the same' \
	checked 'table login_history needs PRIMARY KEY (userid, id)'
store=redis
"$top/tests/golden/make-recording.py" > "$tmp/one-event" <<< \
	'{"boot_ns": 1000000000, "username": "aged", "service": "imap", "session_id": "a", "remote_ip": "192.0.2.9"}'
check 'Redis forgets rows that are older than expire_secs, and in time the user' aged
alone || redis set p/login-history/aged text > "$tmp/out"
overwritten() {
	tap replay "$tmp/one-event"
	rows_are login_history aged 1
}
check 'a key of another type is overwritten, as one for a record is' overwritten
check 'the newest of all are not to be found in Redis, which is no empty answer' \
	fails_with 78 'the newest of all' tap recent
