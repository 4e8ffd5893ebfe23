#!/bin/bash
# SPDX-License-Identifier: MIT
# More logins than a collector can take, which is stopped meanwhile: every probe hit is either
# written or counted as lost, exactly.
. "$(dirname "$0")/lib.sh"
plan 5

events=200000 users=5000
root=$top/.output/storm-root library=usr/lib/dovecot/libdovecot-storage.so.0
mkdir -p "$root/${library%/*}"
ln -f "$top/.output/tests/target/libtarget.so" "$root/$library"
dovetap_start --root "$root" --dict "sqlite:path=$tmp/state/storm.db"
collector=$(pgrep --parent "$dovetap_pid")

metric() { # name as in the page, labels included
	"$dovetap" status --control "$tmp/state/control.sock" |
		awk -v name="$1" '$1 == name { print $2 }'
}

drained() {
	[[ $(metric dovetap_ring_used_bytes) -eq 0 ]] &&
		[[ $(metric dovetap_events_total) -eq $(hits mail_user_emitted) ]]
}

hits() {
	metric "dovetap_probe_hits_total{result=\"$1\"}"
}

kill -STOP "$collector"
"$top/.output/tests/target/storm" --events $events --users $users > "$tmp/storm"
kill -CONT "$collector"
check 'the ring is drained' eventually drained
check 'captured + lost = all logins' same $events $(($(hits mail_user_emitted) + $(hits ring_full)))
check 'some were lost, the ring was full' test "$(hits ring_full)" -gt 0
check 'every captured one was taken' same "$(hits mail_user_emitted)" \
	"$(metric 'dovetap_logins_total{result="passed"}')"
check 'submitted = written + superseded' same \
	"$(metric 'dovetap_dict_submitted_total{dict="sqlite"}')" \
	"$(($(metric 'dovetap_dict_records_total{dict="sqlite",outcome="stored"}') +
		$(metric 'dovetap_dict_records_total{dict="sqlite",outcome="unchanged"}') +
		$(metric 'dovetap_dict_records_total{dict="sqlite",outcome="superseded"}')))"
