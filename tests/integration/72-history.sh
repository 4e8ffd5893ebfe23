#!/bin/bash
# SPDX-License-Identifier: MIT
# The last logins of each user, and failures, besides the newest: what is kept is what Dovecot's own
# log says, no more rows than asked for, whatever waits, is sent again or ends in between.
. "$(dirname "$0")/lib.sh"
plan 28

db=$tmp/state/db
conf=$tmp/conf
cat > "$conf" << 'END'
dovetap {
  history = 3
  history_failures = 2
  min_interval = 1h
}
END
where=(--config "$conf" --state-dir "$tmp/state" --dict "sqlite:path=$db")

sql() { # query: through SQLite's own client
	sqlite3 -readonly "$db" "$1"
}

sessions() { # user: those of the table, the newest first
	sql "SELECT session FROM login_history WHERE userid = '$1' ORDER BY time_ns DESC"
}

logged() { # user count: the sessions of its last logins as Dovecot logged them, the newest first
	grep "imap-login: \(Info: \)\?\(Login\|Logged in\): user=<$1>" "$tmp/bookworm/dovecot.log" |
		sed -n 's/.*session=<\([^>]*\)>.*/\1/p' | tail -n "$2" | tac
}

same_as_logged() { # user count
	same "$(logged "$1" "$2")" "$(sessions "$1")"
}

history() { # user [option...]
	"$dovetap" lookup --history "${where[@]}" "$@"
}

fields() { # user: of the newest row, as lookup prints it
	history "$1" --json --limit 1 |
		jq -r '[.user, .event, .service, .remote_ip, .mech, .tls, .node, .outcome // "-"] | join(" ")'
}

row() { # the same out of the table
	sql "SELECT userid || ' login ' || service || ' ' || remote_ip || ' ' || mech || ' ' || tls ||
		' ' || node || ' -' FROM login_history WHERE userid = '$1' ORDER BY time_ns DESC LIMIT 1"
}

rows_are() { # table, user, count
	same "$3" "$(sql "SELECT count(*) FROM $1 WHERE userid = '$2'")"
}

harness_start bookworm
dovetap_start --root "$harness_root" --config "$conf" --dict "sqlite:path=$db"

for ((i = 0; i < 5; i++)); do
	login imap five@example.com > "$tmp/out"
done
check 'the last three of five are there, with their sessions in Dovecot'\''s log' \
	eventually same_as_logged five@example.com 3
login imap one@example.com --from 127.0.0.9 --tls > "$tmp/one"
check 'all of a user with one' eventually same_as_logged one@example.com 1
check 'with service, address, mechanism, TLS and node' eventually same \
	"one@example.com login imap 127.0.0.9 PLAIN yes $(uname -n) -" "$(row one@example.com)"
check 'lookup --history prints the same' same "$(row one@example.com)" "$(fields one@example.com)"
check 'of a name as somebody writes it' grep -q '127.0.0.9' <(history One@Example.com)
check 'as a table' grep -qE '^one@example.com +login +20[0-9: -]+ imap +127.0.0.9 ' <(history one@example.com)
check 'the newest is recorded as ever' eventually recorded imap/five@example.com imap/one@example.com

for ((i = 0; i < 3; i++)); do
	login imap five@example.com --password wrong --fails > "$tmp/out"
done
check 'failures are kept, too, two of three' eventually rows_are failure_history five@example.com 2
check 'with why' same password_mismatch \
	"$(sql "SELECT DISTINCT outcome FROM failure_history WHERE userid = 'five@example.com'")"
check 'and take no place from logins' same_as_logged five@example.com 3
check 'lookup --history has both' same 'failure failure login login login' \
	"$(history five@example.com --json | jq -r .event | paste -sd' ')"

newest_of_all() { # the last two of the log
	same "$(sed -n 's/.*imap-login:.*\(Login\|Logged in\): user=<\([^>]*\)>.*/\2/p' "$tmp/bookworm/dovecot.log" |
		tail -n 2 | tac)" \
		"$("$dovetap" recent "${where[@]}" 100 --json | jq -r 'select(.event == "login").user' | head -n 2)"
}
check 'recent has the newest of all' newest_of_all
check 'as many as asked for' same 4 "$("$dovetap" recent "${where[@]}" 4 --json | wc -l)"
check 'every event is accounted for' eventually accounts_balance
dovetap_kill
dovetap_start --root "$harness_root" --config "$conf" --dict "sqlite:path=$db"
login imap one@example.com > "$tmp/out"
check 'after a kill it goes on, and nothing is there twice' eventually same_as_logged one@example.com 2
check 'all is accounted for' eventually accounts_balance
dovetap_stop

# The file cannot be opened: rows wait in a spool of their own, and are shown.
mv "$db" "$tmp/aside" && mkdir "$db"
dovetap_start --root "$harness_root" --config "$conf" --dict "sqlite:path=$db"
login imap waits@example.com > "$tmp/out"
login imap waits@example.com > "$tmp/out"
wait_spooled() { # as lookup finds them there
	same "$(logged waits@example.com 2)" "$("$dovetap" spool export "${where[@]}" |
		sed -n 's/.*login-history.waits.*session=\([^"\\]*\).*/\1/p' | tac)"
}
check 'while the store is away both logins wait, neither in place of the other' eventually wait_spooled
rmdir "$db" && mv "$tmp/aside" "$db"
check 'and are there when it is back' eventually same_as_logged waits@example.com 2
dovetap_stop

cat > "$tmp/events" < <("$top/tests/golden/make-recording.py" << 'END'
{"boot_ns": 1000000000, "username": "r", "service": "imap", "session_id": "a", "remote_ip": "192.0.2.9"}
{"boot_ns": 1000000000, "username": "r", "service": "imap", "session_id": "b", "remote_ip": "192.0.2.9"}
{"boot_ns": 3000000000, "username": "r", "service": "imap", "session_id": "c", "remote_ip": "192.0.2.9"}
{"boot_ns": 2000000000, "username": "r", "service": "imap", "session_id": "d", "remote_ip": "192.0.2.9"}
END
)
replayed() { # twice: c, d and one of a moment's two
	"$dovetap" replay "${where[@]}" "$tmp/events"
	"$dovetap" replay "${where[@]}" "$tmp/events"
	rows_are login_history r 3
	same 'c d' "$(sessions r | head -n 2 | paste -sd' ')"
}
check 'a replay, out of order and twice, leaves the newest three' replayed

renamed() { # every row, under the new name, and none made up for the record that goes with them
	local before
	before=$(sql "SELECT time_ns, id, session FROM login_history WHERE userid = 'five@example.com' ORDER BY id")
	"$dovetap" rename --control "$tmp/none" "${where[@]}" five@example.com renamed@example.com
	same "$before" "$(sql "SELECT time_ns, id, session FROM login_history
		WHERE userid = 'renamed@example.com' ORDER BY id")"
	rows_are login_history renamed@example.com 3
	rows_are failure_history renamed@example.com 2
	rows_are login_history five@example.com 0
}
check 'rename takes the history along' renamed
check 'and it can be named back' fails_with 0 renamed "$dovetap" rename --control "$tmp/none" "${where[@]}" \
	renamed@example.com five@example.com
would_expire() {
	same 3 "$("$dovetap" expire --dry-run "${where[@]}" --older 1d | grep -c 'login_history): r imap')"
	rows_are login_history r 3
}
check 'expire --dry-run shows old rows and leaves them' would_expire
check 'old rows expire' fails_with 0 'login_history): 3 removed' "$dovetap" expire "${where[@]}" --older 1d
gone() {
	"$dovetap" forget --control "$tmp/none" "${where[@]}" five@example.com
	rows_are login_history one@example.com 2
	rows_are login_history five@example.com 0
	rows_are failure_history five@example.com 0
}
check 'forget removes the history of that user' gone
check 'who has none is told by the status' fails_with 1 USER history five@example.com
check 'without the setting it says so' fails_with 78 'no history is kept: the setting history' \
	"$dovetap" lookup --history --dict "sqlite:path=$db" one@example.com
check 'a store that cannot keep one is refused with the place of the setting' \
	fails_with 78 'conf:2) asks for' "$dovetap" run --config "$conf" --state-dir "$tmp/state" \
	--control '' --dict "file:$tmp/state/file"
check 'which check names, too' grep -q 'dict file cannot keep a history' \
	<("$dovetap" check --config "$conf" --dict "file:$tmp/state/file")
