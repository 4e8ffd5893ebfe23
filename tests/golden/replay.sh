#!/bin/bash
# SPDX-License-Identifier: MIT
# The whole program but the kernel, on recorded events: what replay prints and writes, and what a
# wrong command line gets. No rights needed.
cd "$(dirname "$0")/../.."
. tests/checks.sh
plan 25
dovetap=${DOVETAP:-.output/dovetap}
golden=tests/golden
export TZ=UTC LC_ALL=C
trap 'checks_end $?' EXIT

matches() { # name reference command...: what it prints must be that file, and it must succeed
	check "$1" prints "$golden/$2" "${@:3}"
}

prints() { # reference command...
	"${@:2}" > "$tmp/out" 2>&1 || { echo "status $?"; cat "$tmp/out"; return 1; }
	[[ -z ${UPDATE_GOLDEN:-} ]] || cp "$tmp/out" "$1"
	diff -u "$1" "$tmp/out"
}

debug_dict() {
	"$dovetap" replay --dict debug:memory: --key 'x/%{service}/%u' --precision us "$tmp/events" 2>&1 |
		sort
}

write_sqlite() {
	"$dovetap" replay --dict "sqlite:path=$tmp/db" "$tmp/events"
}

all_of_sqlite() {
	"$dovetap" lookup --dict "sqlite:path=$tmp/db" --all --json |
		sed -E 's/,"age_seconds":-?[0-9]+//'
}

written_in_silence() { # command..., then what reads it as one word: prints what is there
	succeeds_in_silence "${@:1:$#-1}"
	"${@: -1}"
}

of_file() {
	sort "$tmp/file"
}

fails() { # status text command...
	check "exit $1: $2" fails_with "$@"
}

"$golden/make-recording.py" < "$golden/replay.in" > "$tmp/events"

matches 'every event as JSON' replay-json.ref "$dovetap" replay --json "$tmp/events"
matches 'the newest login of each key' replay-debug.ref debug_dict
matches 'SQLite is written in silence and has the newest, with its address' replay-sqlite.ref \
	written_in_silence write_sqlite all_of_sqlite
matches 'a second replay changes nothing' replay-sqlite.ref written_in_silence write_sqlite all_of_sqlite
matches 'a dict file is written in silence and has keys and values' replay-file.ref \
	written_in_silence "$dovetap" replay --dict "file:$tmp/file" --precision ns "$tmp/events" of_file

printf 'plugin {\n  last_login_dict = nosuch:\n}\n' > "$tmp/bad-dict.conf"
printf 'plugin {\n  last_login_key = %%{userdb:x}\n}\n' > "$tmp/bad-key.conf"
printf 'dovetap {\n  rign_size = 1M\n}\n' > "$tmp/bad-setting.conf"
printf 'plugin {\n' > "$tmp/open.conf"
head -c 500 "$tmp/events" > "$tmp/cut"

fails 78 "bad-dict.conf:2: Unknown dict module: nosuch" \
	"$dovetap" replay --config "$tmp/bad-dict.conf" "$tmp/events"
fails 78 "bad-key.conf:2: last_login_key: %{userdb:x} is only known inside Dovecot" \
	"$dovetap" replay --config "$tmp/bad-key.conf" "$tmp/events"
fails 78 'bad-setting.conf:2: unknown setting "rign_size" in dovetap { }; did you mean "ring_size"?' \
	"$dovetap" replay --config "$tmp/bad-setting.conf" "$tmp/events"
fails 78 "open.conf:1: " "$dovetap" replay --config "$tmp/open.conf" "$tmp/events"
fails 78 "cannot read $tmp/missing.conf" "$dovetap" replay --config "$tmp/missing.conf" "$tmp/events"
fails 78 '--precision' "$dovetap" replay --precision minutes "$tmp/events"
fails 78 'Invalid port' "$dovetap" replay --dict redis:port=70000 "$tmp/events"
fails 65 'byte 24: the record ends early' "$dovetap" replay --json "$tmp/cut"
fails 65 'not a file of recorded dovetap events' "$dovetap" replay --json "$golden/replay.in"
fails 66 'No such file' "$dovetap" replay "$tmp/nothing"
fails 64 'FILE is missing' "$dovetap" replay
fails 64 'unknown command "frob"' "$dovetap" frob
fails 1 'never' "$dovetap" lookup --dict "sqlite:path=$tmp/db" --since 2000-01-01 nobody@example.com
fails 69 'which proves nothing' "$dovetap" lookup --dict "sqlite:path=$tmp/db" nobody@example.com
fails 69 'no running collector answers' "$dovetap" status --control "$tmp/none.sock"
fails 0 'dovetap 0.' "$dovetap" --version
fails 0 'Usage: dovetap COMMAND' "$dovetap" --help

# The authentication stands behind the login in the file.
"$golden/make-recording.py" << 'END' > "$tmp/late"
{"boot_ns": 2000000000, "username": "u", "service": "imap", "session_id": "late/1", "mech": "PLAIN"}
{"type": "auth", "boot_ns": 1000000000, "username": "u", "master_user": "admin", "session_id": "late/1", "mech": "PLAIN", "passdb_result": 1, "flags": ["successful"]}
END
late_login() {
	"$dovetap" replay --audit "$tmp/late" | grep '"event":"login"'
}
fails 0 '"master_user":"admin"' late_login
fails 0 '"auth_us":1000000' late_login

# A failure is no login: neither for the dict nor for who looks into it.
"$golden/make-recording.py" << 'END' > "$tmp/failure"
{"boot_ns": 1000000000, "username": "u", "service": "imap", "remote_ip": "192.0.2.9"}
{"type": "auth", "boot_ns": 2000000000, "username": "u", "service": "imap", "remote_ip": "192.0.2.66", "passdb_result": 0}
END
cat > "$tmp/failure.conf" << END
plugin {
  last_login_dict = sqlite:path=$tmp/failure.db
  last_login_key = last-login/%{service}/%{user}/%{rip}
  last_failure_key = last-failure/%{service}/%{user}/%{rip}
}
END
after_a_failure() {
	"$dovetap" replay --config "$tmp/failure.conf" "$tmp/failure" &&
		"$dovetap" lookup --config "$tmp/failure.conf" --json u | jq -r '.. | objects | .remote_ip // empty'
}
matches 'the last failure is no last login' replay-failure.ref after_a_failure
