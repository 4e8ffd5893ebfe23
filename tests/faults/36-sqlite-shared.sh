#!/bin/bash
# SPDX-License-Identifier: MIT
# The embedded dict with two tables in one file, under load: other programs look at it and are killed at that, it
# is replaced by a backup, removed, or replaced while the collector is killed. Whom storm has logged in is
# our list; sqlite3(1) reads back who is there.
. "$(dirname "$0")/lib.sh"
rounds=$(amount 4 60)
plan 12

db=$tmp/state/db
next=100000 # each stranger logs in once: no later login makes up for one that is missed

passers_start() { # with and without the right to write, killed and not
	! alone || return 0
	local group
	group=$(stat -c %g "$db")
	(
		trap - ERR
		set +e # some of them are killed
		until [[ -e $tmp/no-more ]]; do
			sqlite3 "$db" 'SELECT count(*) FROM last_login'
			setpriv --reuid 65533 --regid 65533 --groups "$group" \
				sqlite3 -readonly "$db" 'SELECT count(*) FROM last_login'
			timeout -s KILL 0.05 sqlite3 "$db" 'SELECT count(*) FROM last_login, last_login'
			"$dovetap" inactive --older 1d --config "$tmp/conf"
		done > "$tmp/passers" 2>&1
		exit 0 # however the last of them ended
	) &
	passers=$!
}

passers_stop() {
	touch "$tmp/no-more"
	wait "$passers"
}

auth() { # as storm, for authentications
	"$storm_root/usr/libexec/dovecot/auth" --table "$top/layouts/dovecot.layouts" --role auth "$@"
}

passers_are_content() {
	has_line '^[1-9][0-9]*$' "$tmp/passers" # they have seen rows
	! grep -E 'malformed|not a database|disk I/O' "$tmp/passers"
}

forget_strangers() {
	rm -f "$tmp"/strangers.*
}

strangers_log_in() { # $next is the first of them; they add to the list, $tmp/strangers.login, .auth
	storm --rate 2000 --events 300 --users 300 --first "$next" \
		--log "$tmp/strangers.login" > "$tmp/out"
	auth --rate 2000 --events 300 --users 300 --first "$next" \
		--log "$tmp/strangers.auth" > "$tmp/out"
	next=$((next + 300))
}

missing() { # table, list: who is on it and not in the table
	comm -13 <(sqlite3 -readonly -cmd '.timeout 5000' "$db" \
		"SELECT 'imap/' || userid FROM $1" | sort) <(cut -d ' ' -f 1 "$2" | sort) | head -n 3
}

nobody_is_missing() {
	[[ -s $tmp/strangers.login && -s $tmp/strangers.auth ]] &&
		! { missing last_login "$tmp/strangers.login"; missing last_auth "$tmp/strangers.auth"; } |
		grep . &&
		same ok "$(sqlite3 -readonly "$db" 'PRAGMA integrity_check')"
}

backup() { # as the documents have it
	rm -f "$tmp/backup" && sqlite3 "$db" ".backup $tmp/backup" && chown --reference="$db" "$tmp/backup"
	at_least 1 "$(sqlite3 -readonly "$tmp/backup" 'SELECT count(*) FROM last_login')"
}

restored() {
	cp --preserve=ownership "$tmp/backup" "$tmp/state/next" && mv "$tmp/state/next" "$db"
}

removed() {
	rm "$db"
}

killed() { # before it can have noticed
	local victim
	victim=$(collector_pid)
	kill -STOP "$dovetap_pid" && kill -STOP "$victim" && restored && kill -KILL "$victim"
	kill -CONT "$dovetap_pid"
}

each_round() { # function that changes the file
	local round
	for ((round = 0; round < rounds; round++)); do
		"$1" && forget_strangers && strangers_log_in && eventually nobody_is_missing || return
	done
}



cat > "$tmp/conf" << EOF
plugin {
  last_login_dict = sqlite:path=$db
  last_login_key = last-login/%{service}/%{user}
  last_login_precision = ns
  last_auth_key = last-auth/imap/%{user}
}
protocol imap {
  mail_plugins = \$mail_plugins last_login
}
EOF
storm_root=$tmp/root
mkdir "$storm_root"
alone || RUNPATH=$storm_root/usr/lib/dovecot "$top/tests/target/install" "$storm_root" /usr/lib/dovecot \
	/usr/libexec/dovecot /usr/sbin 2>&1 | note
storm=$storm_root/usr/libexec/dovecot/imap
dovetap_start --root "$storm_root" --config "$tmp/conf"
strangers_log_in
check 'both tables are there' eventually nobody_is_missing
[[ $failures -eq 0 ]] || bail 'without them there is nothing to see'
passers_start
for ((round = 0; round < 4 * rounds; round++)); do
	! alone || break
	strangers_log_in
done
passers_stop
check 'whoever passes may look' grep -qx '[0-9]*' "$tmp/passers"
check 'and finds the file sound' passers_are_content
check 'nobody is missing' eventually nobody_is_missing
check 'a backup' backup
storm_start --rate 500 --users 1000
check 'replaced under load: whoever comes later is there' each_round restored
check 'removed under load: whoever comes later is there' each_round removed
check 'replaced and killed: whoever comes later is there' each_round killed
check 'the log of the file before was moved aside' ls "$db"-wal.stale-*
load_stop
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
dovetap_stop
check 'at the end all is in one file' same "$db" "$(ls "$db" "$db"-wal "$db"-shm "$db"-id 2> "$tmp/out")"
