#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot whose structures nobody has described is refused by name, never read wrongly. It runs
# on undisturbed, and another one that is known is watched all the same.
. "$(dirname "$0")/lib.sh"
plan 12

# Three files of it; the sum is that of all reasons.
unknown_is_counted() {
	metric_is 'dovetap_files_not_attached{reason="unknown_abi"}' 3
	metric_is 'dovetap_files_not_attached{reason="fuse"}' 0
	same "$(metric dovetap_builds_refused)" "$(metric_sum dovetap_files_not_attached)"
}

# Of both harnesses: its number of processes changes.
dovecots_run() {
	[[ $(metric dovetap_dovecot_processes) -ge 4 ]]
}

harness_alter_abi bookworm '2.3.ABIv19(2.3.19.1)' '2.3.ABIv77(2.3.77.7)'
harness_start bookworm
unknown_root=$harness_root unknown_ports=$tmp/bookworm/ports
harness_start trixie
dovetap_start_recording --root "$unknown_root"
check 'the unknown ABI is named' grep -F '2.3.ABIv77(2.3.77.7)' "$tmp/dovetap.log"
check 'and what makes a layout for it' grep -F 'dovetap layout' "$tmp/dovetap.log"
check 'it counts as a file without a probe, by its reason' unknown_is_counted
check 'and a Dovecot runs' dovecots_run
check 'check tells the same' fails_with 69 '2.3.ABIv77(2.3.77.7)' "$dovetap" check --root "$unknown_root"
check 'a login there works' "$top/tests/harness/login.py" "$unknown_ports" imap unseen@example.com
login imap seen@example.com > "$tmp/out"
check 'only the other is recorded' eventually recorded imap/seen@example.com

# --- who has logged in there is not known ----------------------------------------------------------

inactive() { # user: not for a year
	"$dovetap" inactive --dict "sqlite:path=$tmp/state/db" --state-dir "$tmp/state" --older 365d "$1"
}
since_is() { # age of the beginning and of what was last seen, in hours
	awk -v from="$(date -d "-$1 hours" +%s)" -v seen="$(date -d "-$2 hours" +%s)" \
		'NR > 1 { $3 = from "000000000"; $4 = seen "000000000" } 1' "$tmp/state/since" > "$tmp/since" &&
		cp "$tmp/since" "$tmp/state/since"
}
since_stands() { # through a whole life of dovetap
	dovetap_start --root "$harness_root" --root "$unknown_root" --dict "sqlite:path=$tmp/state/db"
	"$top/tests/harness/login.py" "$unknown_ports" imap unseen@example.com > "$tmp/out"
	dovetap_stop && cmp "$tmp/since" "$tmp/state/since"
}

check 'so nobody is inactive' fails_with 69 'is not known in' inactive unseen@example.com
dovetap_stop > "$tmp/out"
check 'not after its end either' fails_with 69 'is not known in' inactive unseen@example.com
dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db"
check 'where all are watched that begins' eventually test -s "$tmp/state/since"
dovetap_stop > "$tmp/out"
since_is 10000 23 || true
check 'and what does not watch all does not go on with it' since_stands
since_is 10000 25 || true
check 'which ends it' fails_with 69 'has recorded there since' inactive unseen@example.com
