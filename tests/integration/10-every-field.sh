#!/bin/bash
# SPDX-License-Identifier: MIT
# One program reads every field of every login of three releases, byte for byte as Dovecot itself
# and its clients saw them: names of all kinds, both address families, TLS, an administrator as
# somebody, and refused passwords.
. "$(dirname "$0")/lib.sh"
plan 9

sessions() {
	cat << 'END'
{"service": "imap", "user": "plain@example.com"}
{"service": "imap", "user": "Mixed.Case@Example.COM", "ipv6": true}
{"service": "pop3", "user": "tls@example.com", "tls": true, "from": "127.0.0.9"}
{"service": "pop3", "user": "elsewhere@example.com", "from": "127.0.0.9"}
{"service": "submission", "user": "sender@example.com"}
{"service": "managesieve", "user": "filter@example.com", "ipv6": true, "tls": true}
{"service": "imap", "user": "with space@example.com"}
{"service": "imap", "user": "per%cent%u%{user}@example.com"}
{"service": "imap", "user": "quo\"te'd@example.com"}
{"service": "imap", "user": "back\\slash@example.com"}
{"service": "imap", "user": "sla/sh@example.com"}
{"service": "imap", "user": "tab\tbell\u0007@example.com"}
{"service": "imap", "user": "ünï-漢字-🙂@example.com"}
{"service": "imap", "user": "not\udcff\udcfeutf8@example.com"}
{"service": "imap", "user": "somebody@example.com", "master": "admin", "password": "secret"}
END
	local long
	printf -v long '%0300d' 0
	printf '{"service": "imap", "user": "%s"}\n' "${long//0/n}" # 300 bytes
}

refused() {
	echo '{"service": "imap", "user": "mallory@example.com", "password": "wrong", "ipv6": true}'
}

in_file() { # command...: its output is the logins
	"$@" >> "$tmp/logins"
}

events_are_right() {
	local syntax=2.3
	[[ $version == trixie ]] && syntax=2.4
	"$dovetap" replay --json "$tmp/state/record" > "$tmp/events" &&
		"$top/tests/harness/expected-events.py" "$tmp/$version/dovecot.log" "$tmp/logins" \
			"$tmp/events" $syntax
}

scenario() {
	rm -f "$tmp/logins" "$tmp/state/record"
	dovetap_start_recording --record "$tmp/state/record"
	check "$version: people log in" in_file login - < <(sessions)
	check "$version: somebody is refused" in_file login - --fails < <(refused)
	dovetap_stop # which reads what is still in the ring
	check "$version: every field is right" events_are_right
}

on_each_version scenario
