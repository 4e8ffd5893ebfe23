#!/bin/bash
# SPDX-License-Identifier: MIT
# Old records: found ("dovetap inactive"), removed by hand and by the running dovetap, and never those
# of somebody who has logged in since. Stores that expire records themselves are told to.
. "$(dirname "$0")/lib.sh"
plan 30

db=$tmp/state/db
conf=$tmp/conf
now=$(date +%s)
put() { # user service age-in-days...
	while [[ $# -gt 0 ]]; do
		local at=$((now - $3 * 86400))
		sqlite3 "$db" "INSERT INTO last_login VALUES ('$1', '$2', $at, '192.0.2.1', $at * 1000000000)"
		shift 3
	done
}

# The plugin has recorded in this place before, says the operator.
inactive() { # arguments: users that it prints
	"$dovetap" inactive --state-dir "$tmp/state" --dict "sqlite:path=$db" --since 2000-01-01 --json "$@" | jq -r .user | tr '\n' ' '
}

never() {
	"$dovetap" inactive --state-dir "$tmp/state" --dict "sqlite:path=$db" --since 2000-01-01 --older 90d "$@"
}

expired_are() { # count
	same "$1" "$(metric_sum dovetap_dict_expired_total)"
}

left() { # SERVICE/USER: all that is there
	same "$(printf '%s\n' "$@" | sort)" "$(records | sort)"
}

harness_start bookworm
printf 'dovetap {\n}\n' > "$conf"
dovetap_start_recording --config "$conf"
login imap here@example.com > "$tmp/out"
eventually recorded imap/here@example.com
dovetap_stop

put old@example.com imap 400 old@example.com pop3 500 mixed@example.com imap 400 \
	mixed@example.com pop3 1 quarter@example.com imap 100
check 'who has not logged in for a year' same 'old@example.com ' "$(inactive --older 365d)"
check 'or a quarter, by any service' same 'old@example.com quarter@example.com ' "$(inactive --older '90 days')"
check 'of some, also who never did' same 'nobody@example.com old@example.com ' \
	"$(inactive --older 90d here@example.com nobody@example.com old@example.com mixed@example.com)"
check 'who is told so' eventually grep -qE '^nobody@example.com +never' <(never nobody@example.com)
check 'nobody is a status of its own' fails_with 1 USER never --older 9000d
check 'less than a day is no age' fails_with 64 'a day or more' "$dovetap" inactive --older '90 mins'
check 'nor for removing' fails_with 64 'a day or more' "$dovetap" expire --older 365m
check 'nor in the settings' fails_with 78 ':2: expire_after: "365 mins" is less than a day' \
	"$dovetap" config show --config <(printf 'dovetap {\n  expire_after = 365 mins\n}\n')
dry=$("$dovetap" expire --state-dir "$tmp/state" --dict "sqlite:path=$db" --older 450d --dry-run)
check 'what would be removed is printed' same \
	"sqlite (--dict): old@example.com pop3 $((now - 500 * 86400)) sqlite (--dict): 1 would be removed" "${dry//$'\n'/ }"
check 'and not removed' left imap/{old,here,mixed,quarter}@example.com pop3/{mixed,old}@example.com
check 'a store that cannot do it cannot say it either' fails_with 78 'redis cannot remove old records' \
	"$dovetap" expire --dict redis:port=1 --older 365d --dry-run
check 'old records are removed by hand' fails_with 0 '1 removed' \
	"$dovetap" expire --state-dir "$tmp/state" --dict "sqlite:path=$db" --older 450d
check 'and only those' left imap/{old,here,mixed,quarter}@example.com pop3/mixed@example.com
check 'a store that cannot do it says so' fails_with 78 'redis cannot remove old records' \
	"$dovetap" expire --dict redis:port=1 --older 365d

# By hand, and interrupted: removing u1500 takes for ever.
big=$tmp/state/big.db
sqlite3 "$big" "CREATE TABLE last_login (userid TEXT, service TEXT, last_access INTEGER, last_ip TEXT, time_ns INTEGER,
	PRIMARY KEY (userid, service)) WITHOUT ROWID;
	WITH RECURSIVE n(i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
	INSERT INTO last_login SELECT 'u' || i, 'imap', 1500000000 + i, '', 1500000000000000000 + i FROM n;
	INSERT INTO last_login VALUES ('anna', 'imap', $now, '', ${now}000000000);
	CREATE TRIGGER slow BEFORE DELETE ON last_login WHEN OLD.userid >= 'u2500'
	BEGIN SELECT COUNT(*) FROM last_login a, last_login b, last_login c, last_login d; END"
chmod 0666 "$big"
inactive_big() { # arguments
	"$dovetap" inactive --state-dir "$tmp/state" --dict "sqlite:path=$big" --since 2000-01-01 "$@"
}
rows_of_big() {
	sqlite3 -readonly "$big" 'SELECT COUNT(*) FROM last_login'
}
big_has() { # number of rows
	same "$1" "$(rows_of_big)"
}
rm -f "$tmp/state/removed"
check 'who has a record has logged in' fails_with 0 u1001 inactive_big --older 900d u1001
run_in_background "$tmp/interrupted.log" "$dovetap" expire --state-dir "$tmp/state" --dict "sqlite:path=$big" --older 800d
check 'some of many are removed' eventually big_has 1001
stop "$pid"
check 'and the command interrupted' same 143 "$stopped"
check 'of those nobody says never' fails_with 3 'has removed older records' inactive_big --older 900d u1001
check 'which is no doubt of another database' fails_with 0 'never' never --older 900d nobody@example.com
: > "$tmp/file"
check 'what cannot be noted is not removed' fails_with 74 'is not removed' \
	"$dovetap" expire --state-dir "$tmp/file" --dict "sqlite:path=$db" --older 90d
check 'but still there' left imap/{old,here,mixed,quarter}@example.com pop3/mixed@example.com
check 'a state that is not there is made' fails_with 0 '0 removed' \
	"$dovetap" expire --state-dir "$tmp/made" --dict "sqlite:path=$db" --older 9000d

# By the one that runs: more than a batch of them, while people log in.
sqlite3 "$db" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
	INSERT INTO last_login SELECT 'bulk' || i, 'imap', 1500000000, '', 1500000000000000000 FROM n"
printf 'dovetap {\n  expire_after = 365d\n}\n' > "$conf"
rm "$tmp/state/removed"
dovetap_start --config "$conf" --root "$harness_root" --dict "sqlite:path=$db"
login imap here@example.com > "$tmp/out"
check 'the running one removes them' eventually expired_are 2502
check 'and only those that are old' eventually left imap/{here,quarter}@example.com pop3/mixed@example.com
dovetap_stop
check 'of those nobody says never, whatever the settings are later' fails_with 3 'has removed older records' \
	never --older 400d bulk1
check 'but of who is younger than that' fails_with 0 'never' never bulk1

redis_start
dovetap_start --config "$conf" --root "$harness_root" --dict "redis:port=$redis_port" --key 'll/%{user}'
login imap here@example.com > "$tmp/out"
has_ttl() {
	local ttl
	ttl=$(redis ttl ll/here@example.com)
	echo "$ttl"
	[[ $ttl -gt $((364 * 86400)) && $ttl -le $((365 * 86400)) ]]
}
check 'Redis lets a record expire' eventually has_ttl
dovetap_stop
dovetap_start --config "$conf" --root "$harness_root" --dict "redis:port=$redis_port:expire_secs=1000" --key 'll/%{user}'
login imap other@example.com > "$tmp/out"
own_ttl() {
	at_least 901 "$(redis ttl ll/other@example.com)" && at_most 1000 "$(redis ttl ll/other@example.com)"
}
check 'after its own time, when it has one' eventually own_ttl
dovetap_stop

memcached_port=$(free_port)
run_in_background "$tmp/memcached.log" memcached -u nobody -l 127.0.0.1 -p "$memcached_port"
eventually answers "$memcached_port" || bail 'memcached'
memcached() { # command: what it answers
	exec 3<> "/dev/tcp/127.0.0.1/$memcached_port"
	printf '%s\r\nquit\r\n' "$1" >&3
	cat <&3
	exec 3>&-
}
expires_in() { # key from to: seconds
	local ttl
	ttl=$(memcached "mg $1 t" | sed -n 's/^HD t\(-\?[0-9]*\).*/\1/p')
	echo "$ttl"
	[[ $ttl -ge $2 && $ttl -le $3 ]]
}
dovetap_start --config "$conf" --root "$harness_root" --key 'll/%{user}' \
	--dict "memcached_ascii:host=127.0.0.1:port=$memcached_port"
login imap here@example.com > "$tmp/out"
check 'memcached lets a record expire, after more than 30 days, too' \
	eventually expires_in ll/here@example.com $((364 * 86400)) $((365 * 86400))
dovetap_stop
dovetap_start --config "$conf" --root "$harness_root" --key 'll/%{user}' \
	--dict "memcached_ascii:host=127.0.0.1:port=$memcached_port:expire_secs=1000"
login imap other@example.com > "$tmp/out"
check 'or after less' eventually expires_in ll/other@example.com 900 1000
dovetap_stop
