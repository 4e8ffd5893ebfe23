#!/bin/bash
# SPDX-License-Identifier: MIT
# After all kinds of work everything that was seen is accounted for, by the counters of "dovetap status"
# alone, and the three forms of it agree: logins that are recorded, of services that are not, refused
# by Dovecot, held; records stored, refused by the dict, superseded, and found in the spool.
. "$(dirname "$0")/lib.sh"
plan 11

start() {
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf" \
		--dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%{user}' --precision ns
}

summary() {
	"$dovetap" status --control "$tmp/state/control.sock"
}

says() { # words at the start of a line, number at its end
	summary | grep -E "^ *$1 +$2\$" || { summary; return 1; }
}

waits() { # records in the spool
	same "$1" "$(metric 'dovetap_dict_spooled_records{dict="redis"}')"
}

nothing_is_lost() {
	same '0 lost, 0 unexplained' "$(summary | tail -n 1)"
}

log_in_all_kinds() {
	login imap one@example.com two@example.com &&
		eventually says stored 2 &&
		login imap two@example.com && # is held
		login pop3 three@example.com "$long" &&
		login lmtp one@example.com &&
		login imap nobody@example.com --fails --password wrong
}

# A name that no file can have: the second dict refuses it.
long=$(printf 'x%.0s' {1..260})@example.com
printf 'dovetap {\n  min_interval = 1 hours\n  mirror_dicts = fs:posix:prefix=%s/\n}\n' "$tmp/dicts" > "$tmp/dovetap.conf"
redis_start
mkdir -m 1777 "$tmp/dicts"
harness_start bookworm
start
check 'logins of all kinds' log_in_all_kinds
check 'those that count are stored' eventually says stored 4
check 'one was refused by one dict' eventually says 'LOST refused' 1
check 'some came within the interval' says 'held until their min_interval is over' 1
check 'some are not recorded' grep -q 'logins that are not recorded' <(summary)
check 'everything is accounted for' eventually accounts_balance
check 'the summary says so, too' same '1 lost, 0 unexplained' "$(summary | tail -n 1)"

redis_stop
login imap four@example.com five@example.com > "$tmp/out"
check 'what the dict does not take waits' eventually waits 2
check 'and is accounted for' eventually accounts_balance
dovetap_stop
start
redis_start
check 'a new life finds it and writes it' eventually says stored 2
check 'which adds up' eventually nothing_is_lost
