#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot whose structures nobody has described is refused by name, never read wrongly. It runs
# on undisturbed, and another one that is known is watched all the same.
. "$(dirname "$0")/lib.sh"
plan 7

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
