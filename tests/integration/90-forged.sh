#!/bin/bash
# SPDX-License-Identifier: MIT
# Logins that a local user makes up: by the real Dovecot's library in a program of his own, in
# Dovecot's own programs, with a master of his own; once, and as a flood beside people who log in. None
# of his is recorded, none of theirs is missing. What counts is Dovecot's log and the test's own list.
. "$(dirname "$0")/lib.sh"
plan 34

storage=/usr/lib/dovecot/libdovecot-storage.so.0
declare -A abi=([bookworm]='2.3.ABIv19(2.3.19.1)' [trixie]='2.4.ABIv1')

put_claim() { # in the harness, for everybody
	mkdir -p "$harness_root/claim"
	cp "$top/.output/tests/target/"{claim,libclaim.so} "$top/layouts/dovecot.layouts" "$harness_root/claim"
	chmod -R a+rX "$harness_root/claim"
}

as_nobody() { # command...: by a shell of nobody's, in the files of the harness
	chroot --userspec=nobody:nogroup "$harness_root" sh -c '"$@"; true' sh "$@"
}

claims() { # function user times
	as_nobody /claim/claim "$storage" "$1" "${abi[$version]}" /claim/dovecot.layouts "$2" "$3"
}

preloaded() { # function user times program...
	local claim="$1 ${abi[$version]} /claim/dovecot.layouts $2 $3"
	shift 3
	as_nobody env LD_PRELOAD=/claim/libclaim.so CLAIM="$claim" "$@"
}

# Left to init, which is root's. The program starts when the shells that started it have ended.
left_alone() { # function user times program...
	local claim="$1 ${abi[$version]} /claim/dovecot.layouts $2 $3"
	shift 3
	# shellcheck disable=SC2016 # the inner shell expands its own words
	chroot --userspec=nobody:nogroup "$harness_root" sh -c '(read -r _; exec "$@") <&3 &' sh \
		env LD_PRELOAD=/claim/libclaim.so CLAIM="$claim" "$@" 3< <(sleep 0.2; echo)
}

# By its name it is one, and its child calls.
own_master() {
	cp "$harness_root/bin/sh" "$harness_root/claim/dovecot"
	as_nobody /claim/dovecot -c '"$@"; true' sh /claim/claim "$storage" hook_mail_user_created \
		"${abi[$version]}" /claim/dovecot.layouts master 3
}

judged() { # verdict: so many records
	metric "dovetap_records_judged_total{verdict=\"$1\"}"
}

judged_at_least() { # count verdict
	at_least "$1" "$(judged "$2")"
}

logged_in() { # SERVICE/USER of Dovecot's log
	sed -nE 's/.* (imap|pop3)-login: .*(Login|Logged in): .*user=<([^>]*)>.*/\1\/\3/p' "$tmp/$harness/dovecot.log" |
		sort -u
}

recorded_as_dovecot_says() {
	same "$(logged_in)" "$(records | sort)"
}

none_claimed() { # in store and stream
	records > "$tmp/records"
	has_no_line '/(ceo|left|preload|master|flood|auth)[0-9]' "$tmp/records"
	has_no_line '"user":"(ceo|left|preload|master|flood|auth)[0-9]' "$tmp/audit/log"
}

everybody_is_there() { # names of the logins of the flood's time
	same "$(printf 'imap/p%s@example.com\n' $(seq 1 "$1") | sort)" \
		"$(records | grep '^imap/p' | sort)"
}

stream_has() { # user: uid and executable of the record
	jq -r --arg user "$1" 'select(.user == $user and .event == "login") | "\(.uid) \(.exe) \(.unverified)"' \
		"$tmp/audit/log"
}

scenario() {
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	printf 'dovetap {\n  audit_log = %s\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	put_claim
	dovetap_start_recording --config "$tmp/dovetap.conf"
	login imap one@example.com > "$tmp/out"
	check "$version: a real login" eventually recorded imap/one@example.com
	claims hook_mail_user_created ceo 3 > "$tmp/claims" 2>&1
	check "$version: the forger did call" grep -q '3 calls' "$tmp/claims"
	check "$version: whose records came, and are of no program of Dovecot's" eventually judged_at_least 3 unrelated
	preloaded hook_mail_user_created preload 3 /usr/lib/dovecot/imap > "$tmp/claims" 2>&1
	check "$version: within Dovecot's own imap" grep -q '3 calls' "$tmp/claims"
	check "$version: it speaks for others than the user who runs it" eventually judged_at_least 3 other_user
	left_alone hook_mail_user_created left 3 /usr/lib/dovecot/imap > "$tmp/claims" 2>&1
	check "$version: within one that is left to init" eventually grep -q '3 calls' "$tmp/claims"
	check "$version: which makes it nobody else's" eventually judged_at_least 6 other_user
	preloaded auth_request_finished_event auth 3 /usr/lib/dovecot/auth > "$tmp/claims" 2>&1
	check "$version: an authentication" grep -q '3 calls' "$tmp/claims"
	check "$version: is not believed either" eventually judged_at_least 6 unrelated
	own_master > "$tmp/claims" 2>&1
	check "$version: below a master of his own" grep -q '3 calls' "$tmp/claims"
	check "$version: which is not root's" eventually judged_at_least 3 user_master
	login pop3 two@example.com > "$tmp/out"
	check "$version: what Dovecot's log has is recorded, and no more" eventually recorded_as_dovecot_says
	check "$version: the log has uid and executable" grep -Eq 'not believed.*claim \(uid 65534\)' "$tmp/dovetap.log"

	claims hook_mail_user_created flood 300000 > "$tmp/claims" 2>&1 &
	local flood=$!
	seq 1 200 | sed 's/.*/{"service": "imap", "user": "p&@example.com"}/' | login - > "$tmp/out"
	wait "$flood"
	check "$version: a flood of 300,000 beside 200 people" grep -q '300000 calls' "$tmp/claims"
	check "$version: who all are recorded" eventually everybody_is_there 200
	check "$version: and nothing that was made up" none_claimed
	check "$version: what was dropped is logged" eventually grep -q 'dropped.*budget_unrelated' "$tmp/dovetap.log"
	accounts_balance | note
	note <<< "flood: $(judged unrelated) records, $(metric 'dovetap_probe_hits_total{result="budget_unrelated"}') without; $(stream_has one@example.com)"
	dovetap_stop
}

for version in bookworm trixie; do
	harness_start "$version"
	scenario
	harness_stop
done
