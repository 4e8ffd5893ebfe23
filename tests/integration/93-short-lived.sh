#!/bin/bash
# SPDX-License-Identifier: MIT
# Processes that end at once: each login has one of its own, which is gone before anybody could look at
# it. Who it was is known all the same: fewer than 1 in 10,000 records are marked as unverified. The
# oracle is Dovecot's log.
#
# SHORT_LOGINS=N: so many of each release (make test-short-lived); else a few hundred.
. "$(dirname "$0")/lib.sh"
plan 8

logins=${SHORT_LOGINS:-300}

sessions() { # of all kinds; every tenth is a delivery, whose log lines have another form
	seq 1 "$logins" | awk '{
		service = $1 % 10 == 0 ? "lmtp" : $1 % 3 == 0 ? "pop3" : "imap"
		printf "{\"service\": \"%s\", \"user\": \"u%d@example.com\"}\n", service, $1 % 997 }'
}

deliver_as_root() { # by a process of its own, without a master
	printf 'Subject: test\n\ntest\n' | nsenter --target "$harness_master" --pid --mount --root \
		/usr/lib/dovecot/dovecot-lda -c /harness/dovecot.conf -d "$1"
}

logged() { # that Dovecot has had: logins and deliveries
	grep -cE '(imap|pop3)-login: .*(Login|Logged in): |(lmtp|lda)\(.*saved mail to' "$tmp/$harness/dovecot.log"
}

judged() { # verdict: of logins, without authentications
	jq -r 'select(.event == "login") | if .unverified then "unverified" else "proved" end' "$tmp/audit/log" |
		grep -cx "$1" || true
}

all_are_judged() {
	same "$(logged)" "$(jq -c 'select(.event == "login")' "$tmp/audit/log" | wc -l)"
}

few_are_unverified() {
	! alone || return 1
	local unverified
	unverified=$(metric 'dovetap_records_judged_total{verdict="unverified"}')
	[[ $((unverified * 10000)) -lt $(logged) ]]
}

none_is_refused() {
	metrics | awk '/^dovetap_records_judged_total/ { seen = 1 } /"(proved|unverified)"/ { next }
		/^dovetap_records_judged_total/ { sum += $2 } END { exit !seen || sum > 0 }'
}

scenario() {
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	printf 'dovetap {\n  services = imap pop3 lmtp lda\n  audit_log = %s\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	dovetap_start_recording --config "$tmp/dovetap.conf"
	sessions > "$tmp/sessions"
	check "$version: $logins log in and out at once" eval 'login - --parallel 8 < "$tmp/sessions" > "$tmp/out"'
	! alone && deliver_as_root late@example.com
	check "$version: each is recorded once" eventually all_are_judged
	check "$version: fewer than 1 in 10,000 are unverified" few_are_unverified
	check "$version: none is refused" none_is_refused
	note <<< "$(logged) logins and deliveries by Dovecot's log; proved $(judged proved), unverified $(judged unverified)"
	dovetap_stop
}

for version in bookworm trixie; do
	harness_start "$version"
	scenario
	harness_stop
done
