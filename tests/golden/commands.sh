#!/bin/bash
# SPDX-License-Identifier: MIT
# What the commands that ask and change stores print, on SQLite and file dicts: tests/golden/commands.story
# holds a story for each "== NAME", its commands behind "$ " and what they print, with the status of those
# that fail. Times and long numbers are masked. UPDATE_GOLDEN=1: what is printed is written there.
cd "$(dirname "$0")/../.."
. tests/checks.sh
trap 'checks_end $?' EXIT
program=$(realpath -e "${DOVETAP:-.output/dovetap}")
story=$PWD/tests/golden/commands.story
# Of a build with sanitizers: who has given its rights away cannot be looked through for leaks.
export TZ=UTC LC_ALL=C ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
mapfile -t names < <(sed -n 's/^== //p' "$story")
plan ${#names[@]}
chmod 0711 "$tmp"

# --- what the stories are made of -------------------------------------------------------------------------

dovetap() { # command argument...
	(cd "$tmp/here" && "$program" "$@" 2>&1 < "$tmp/input") || echo "exit $?"
}

of() { # command argument...: by the configuration
	dovetap "$1" --config conf --state-dir "$tmp/here/state" "${@:2}"
}

ago() { # days [what stands behind the seconds]: a time in the middle of an hour of that day
	echo "$(($(date +%s) - $1 * 86400 - 1800))${2:-}"
}

input() { # line...: of the next commands
	printf '%s\n' "$@" > "$tmp/input"
}

sql() { # file statement...
	sqlite3 "$tmp/here/$1" "${@:2}" || true
}

rows() { # of the store, and how many digits there are behind the seconds
	sql db "SELECT userid, service, length(last_access) - length(time_ns / 1000000000) FROM last_login ORDER BY 1, 2"
}

file_rows() {
	paste -d ' ' - - < "$tmp/here/file" | sed -E 's/ [0-9]+$/ TIME/' | sort
}

conf() { # further line of dovetap { }...
	printf '%s\n' 'plugin {' "  last_login_dict = sqlite:path=$tmp/here/db" '  last_login_key = last-login/%s/%u' \
		'  last_login_precision = ms' '}' 'dovetap {' '  user = nobody' '  services = imap pop3' "$@" '}' \
		> "$tmp/here/conf"
}

login() { # user service days [address]
	sql db "INSERT OR REPLACE INTO last_login (userid, service, last_access, last_ip, time_ns)
		VALUES ('$1', '$2', $(ago "$3" 000), '${4:-}', $(ago "$3" 000000000))"
}

# As the collector leaves it: one record waits, one is held, one was refused.
spooled() { # user of the three
	mkdir -p "$tmp/here/state/spool"
	sql state/spool/sqlite.spool 'PRAGMA journal_mode = wal' > "$tmp/wal.out"
	sql state/spool/sqlite.spool BEGIN 'PRAGMA application_id = 1146377040' \
		'CREATE TABLE pending (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL,
			time_ns INTEGER NOT NULL, parts TEXT NOT NULL, queued INTEGER NOT NULL)' \
		'CREATE TABLE dead_letter (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL,
			time_ns INTEGER NOT NULL, parts TEXT NOT NULL, refused_ns INTEGER NOT NULL, reason TEXT NOT NULL)' \
		'CREATE TABLE held (key PRIMARY KEY NOT NULL, value NOT NULL, time_ns INTEGER NOT NULL,
			parts TEXT NOT NULL, due_ns INTEGER NOT NULL) WITHOUT ROWID' \
		'CREATE INDEX held_due ON held (due_ns)' \
		'CREATE TABLE written (key PRIMARY KEY NOT NULL, at_ns INTEGER NOT NULL,
			time_ns INTEGER NOT NULL) WITHOUT ROWID' 'PRAGMA user_version = 1' COMMIT \
		"INSERT INTO pending VALUES (1, 'shared/last-login/imap/$1', '$(ago 3 000)', $(ago 3 000000000),
			'service:18:4;user:23:${#1}', 1)" \
		"INSERT INTO held VALUES ('shared/last-login/pop3/$2', '$(ago 4 000)', $(ago 4 000000000),
			'service:18:4;user:23:${#2}', $(ago 1 000000000))" \
		"INSERT INTO dead_letter VALUES (1, 'shared/last-login/imap/$3', '$(ago 5 000)', $(ago 5 000000000),
			'service:18:4;user:23:${#3}', $(ago 5 000000000), 'too long')"
}

for_collector() { # the collector's user may write it all
	[[ $EUID -ne 0 ]] || chown -R nobody: "$tmp/here"
}

# --- telling them -----------------------------------------------------------------------------------------

begin() { # an empty place, with the table as dovetap makes it
	rm -rf "$tmp/here"
	mkdir -p "$tmp/here/state"
	: > "$tmp/input"
	conf
	"tests/golden/make-recording.py" <<< '{"boot_ns": 1000000000, "username": "u", "service": "imap"}' > "$tmp/one"
	"$program" replay --config "$tmp/here/conf" "$tmp/one" > "$tmp/begin.out" 2>&1 || true
	sql db 'DELETE FROM last_login' 2> "$tmp/begin.out"
	for_collector
}

of_story() { # name: its lines
	awk -v name="== $1" '/^== / { inside = $0 == name; next } inside' "$story"
}

masked() {
	sed -E "s,$tmp/here/?,,g; s/[0-9]{4}-[0-9]{2}-[0-9]{2}([T ])[0-9]{2}:[0-9]{2}:[0-9]{2}/YYYY-MM-DD\1hh:mm:ss/g
		s/[0-9]{6,}/N/g; s/ +$//"
}

told() { # name: the same with what is printed now
	local line
	begin
	of_story "$1" | grep '^[$] ' | while IFS= read -r line; do
		printf '%s\n' "$line"
		eval "${line#??}" 2>&1 | masked
	done
}

as_told() { # name
	same "$(of_story "$1")" "$(told "$1")"
}

if [[ -n ${UPDATE_GOLDEN:-} ]]; then
	sed '/^== /,$d' "$story" > "$tmp/story"
	for name in "${names[@]}"; do
		printf '== %s\n' "$name" >> "$tmp/story"
		{ told "$name" && echo; } >> "$tmp/story"
	done
	cp "$tmp/story" "$story"
fi
for name in "${names[@]}"; do
	check "$name" as_told "$name"
done
