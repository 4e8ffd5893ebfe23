#!/bin/bash
# SPDX-License-Identifier: MIT
# What a command prints on a full disk, or into a pipe that nobody reads, is an error with a status: for every
# command that "dovetap --help" lists, and for its help.
. "$(dirname "$0")/lib.sh"

conf=$tmp/conf
commands='run check lookup recent failures inactive expire forget rename import replay spool status layout top detach config'
printf '%s\n' 'plugin {' "  last_login_dict = sqlite:path=$tmp/state/db" '  last_login_key = last-login/%s/%u' '}' \
	'dovetap {' '  history = 5' '  history_failures = 5' '}' > "$conf"
"$top/tests/golden/make-recording.py" < "$top/tests/golden/replay.in" > "$tmp/recording"
common=(--config "$conf" --state-dir "$tmp/state")
control=(--control "$tmp/state/control.sock")

arguments() { # command: in $words, such as print something and succeed
	case $1 in
	lookup) words=(lookup "${common[@]}" --all) ;;
	failures) words=(failures "${common[@]}") ;;
	recent) words=(recent "${common[@]}" 5) ;;
	inactive) words=(inactive "${common[@]}" --since 2000-01-01 --older 365d) ;;
	expire) words=(expire "${common[@]}" --older 9000d --dry-run) ;;
	forget) words=(forget "${common[@]}" "${control[@]}" nobody@example.com) ;;
	rename) words=(rename "${common[@]}" "${control[@]}" --dry-run a@example.com b@example.com) ;;
	import) words=(import "${common[@]}" --from-dict "sqlite:path=$tmp/state/db" --dry-run) ;;
	replay) words=(replay --json "$tmp/recording") ;;
	spool) words=(spool check "${common[@]}") ;;
	status) words=(status "${control[@]}") ;;
	layout) words=(layout list) ;;
	top) words=(top --json "${control[@]}") ;;
	detach) words=(detach --pin "$tmp/no-pins") ;;
	config) words=(config show "${common[@]}") ;;
	check) words=(check --config "$conf" --json) ;;
	run) words=(run --help) ;;
	esac
}

listed() {
	"$dovetap" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | sort | tr '\n' ' '
}
says() { # what; of more than a buffer the C library forgets the reason
	grep -qE "standard output: ($1|Input/output error)" "$tmp/errors"
}
full() { # words: says so, and has a status
	local status=0
	"$dovetap" "$@" > /dev/full 2> "$tmp/errors" || status=$?
	cat "$tmp/errors"
	same "$expected" "$status" && says 'No space left'
}
cut_off() { # words: the same without a reader
	local status=0 pipe
	rm -f "$tmp/pipe"
	mkfifo "$tmp/pipe"
	# Once it is open for both, writing finds nobody when the reader has gone.
	exec {pipe}<> "$tmp/pipe"
	exec {out}> "$tmp/pipe"
	exec {pipe}>&-
	"$dovetap" "$@" 1>&"$out" 2> "$tmp/errors" || status=$?
	exec {out}>&-
	cat "$tmp/errors"
	same "$expected" "$status" && says 'Broken pipe'
}

closed() { # words: nobody has ever read
	local status=0
	"$dovetap" "$@" >&- 2> "$tmp/errors" || status=$?
	cat "$tmp/errors"
	same "$expected" "$status" && says 'Bad file descriptor'
}

count=0
for command in $commands; do
	count=$((count + 4))
done
plan $((count + 8))
harness_start bookworm
dovetap_start --root "$harness_root" --config "$conf"
login imap alice@example.com > "$tmp/out"
sqlite_has() {
	same 'imap/alice@example.com' "$(records)"
}
check 'there is something to print' eventually sqlite_has
sqlite3 "$tmp/state/db" "INSERT INTO last_login VALUES ('old@example.com', 'imap', 1000000000, '', 1000000000000000000)"
check 'these are all commands' same "$(tr ' ' '\n' <<< "$commands" | sort | tr '\n' ' ')" "$(listed)"
for command in $commands; do
	arguments "$command"
	expected=0
	"$dovetap" "${words[@]}" > "$tmp/out" 2>&1 || expected=$?
	[[ $expected -gt 1 ]] || expected=74 # 1: nobody
	check "$command: a full disk" full "${words[@]}"
	check "$command: nobody reads" cut_off "${words[@]}"
	check "$command: it is closed" closed "${words[@]}"
	expected=74
	check "$command: its help" full "$command" --help
done
expected=3 # Nagios' UNKNOWN
check 'for Nagios: a full disk' full status --check "${control[@]}"
check 'for Nagios: it is closed' closed status --check "${control[@]}"
check 'for Nagios: the configuration is not there' fails_with 3 "DOVETAP UNKNOWN - cannot read $tmp/nowhere: No such file" \
	"$dovetap" status --check --config "$tmp/nowhere"
expected=74
check 'help' full --help
check 'the version' full --version
check 'and without a reader' cut_off --help
