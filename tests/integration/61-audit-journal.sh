#!/bin/bash
# SPDX-License-Identifier: MIT
# The audit stream in a real journal, as structured fields and by syslog, in a mount namespace of its
# own; and on standard output.
. "$(dirname "$0")/lib.sh"
if [[ -z ${DOVETAP_TEST_MOUNTS:-} ]]; then
	DOVETAP_TEST_MOUNTS=$(readlink /proc/self/ns/mnt)
	export DOVETAP_TEST_MOUNTS
	rm -rf "$tmp"
	trap - EXIT
	exec unshare --mount --propagation private "$0" "$@"
fi
[[ $DOVETAP_TEST_MOUNTS != "$(readlink /proc/self/ns/mnt)" ]] || bail 'this must not touch the machine itself'
plan 8

# What journald needs of /run and /dev. Nothing of this machine's own is mounted anywhere: what is
# below $tmp will be removed.
place() {
	local node name major minor
	mount -t tmpfs -o mode=0755,dev dev /dev || return
	for node in 'null 1 3' 'zero 1 5' 'full 1 7' 'random 1 8' 'urandom 1 9'; do
		read -r name major minor <<< "$node"
		mknod -m 0666 "/dev/$name" c "$major" "$minor" || return
	done
	ln -s /proc/self/fd /dev/fd
	mount -t tmpfs -o mode=0755 run /run && mkdir -p /run/systemd/journal /run/log/journal
	ln -s /run/systemd/journal/dev-log /dev/log
	if [[ ! -s /etc/machine-id ]]; then # that of a container image may be empty
		systemd-id128 new > "$tmp/machine-id" && mount --bind "$tmp/machine-id" /etc/machine-id
	fi
}

journal_start() {
	run_in_background "$tmp/journald.log" /lib/systemd/systemd-journald
	journal_pid=$pid
	eventually test -S /run/systemd/journal/dev-log || bail "$(cat "$tmp/journald.log")"
}

journal() { # matches...: JSON of the records
	journalctl -D /run/log/journal --no-pager -o json "$@"
}

start() { # audit_log
	printf 'dovetap {\n  audit_log = %s\n}\n' "$1" > "$tmp/conf"
	dovetap_start_recording --config "$tmp/conf"
}

in_journal() { # match... , then -- and the wanted "event service user outcome" lines
	local matches=()
	while [[ $1 != -- ]]; do
		matches+=("$1")
		shift
	done
	shift
	same "$(printf '%s\n' "$@" | sort)" "$(journal "${matches[@]}" | jq -r \
		'[.DOVETAP_EVENT, .DOVETAP_SERVICE, (.DOVETAP_USER | if type == "array" then implode else . end),
		  .DOVETAP_OUTCOME] | join(" ")' | sort)"
}

as_text() {
	journalctl -D /run/log/journal --no-pager -o cat MESSAGE_ID=8f3c1d5e7a424b6f9c0e2b7d64a1f035 |
		grep -xF 'failure: imap "mallory@example.com" 127.0.0.1'
}

by_syslog() { # user...: of logins
	journal SYSLOG_IDENTIFIER=dovetap _TRANSPORT=syslog | jq -r \
		'select(.SYSLOG_FACILITY == "2") | .MESSAGE' | sed -n 's/^@cee: //p' > "$tmp/syslogged"
	same "$(printf '%s\n' "$@")" "$(jq -r 'select(.event == "login") | .user' "$tmp/syslogged")"
}

schema_allows() { # file
	"$top/tests/golden/audit-schema.py" "$top/docs/audit.schema.json" "$1"
}

place || bail 'no namespace for the journal'
harness_start bookworm
journal_start
start journal
{
	login imap one@example.com
	echo '{"service": "imap", "user": "not\udcffutf8@example.com"}' | login -
	echo '{"service": "imap", "user": "mallory@example.com", "password": "wrong"}' | login - --fails
} > "$tmp/out"
check 'a login has its fields' eventually in_journal DOVETAP_USER=one@example.com -- \
	"auth imap one@example.com ok" "login imap one@example.com ok"
check 'a name of any bytes has its bytes' eventually in_journal DOVETAP_EVENT=login -- \
	"login imap one@example.com ok" $'login imap not\u00ffutf8@example.com ok'
check 'a failure is a notice' eventually in_journal PRIORITY=5 DOVETAP_VERSION=1 -- \
	"failure imap mallory@example.com password_mismatch"
check 'people can read it' eventually as_text
stop "$journal_pid"
login imap meanwhile@example.com > "$tmp/out"
check 'without a journal the login is recorded' eventually recorded imap/{one,meanwhile}@example.com \
	imap/$'not\xffutf8@example.com'
journal_start
check 'and told when the journal is back' eventually in_journal DOVETAP_USER=meanwhile@example.com -- \
	"auth imap meanwhile@example.com ok" "login imap meanwhile@example.com ok"
dovetap_stop

start syslog
login imap one@example.com two@example.com > "$tmp/out"
check 'syslog gets JSON behind its cookie' eventually by_syslog one@example.com two@example.com
check 'which the schema allows' schema_allows "$tmp/syslogged"
dovetap_stop
