#!/bin/bash
# SPDX-License-Identifier: MIT
# Somebody without rights makes up files that look like Dovecot's, as many as he can: in a user namespace,
# on file systems of his own. A Dovecot that starts afterwards is watched, and the limit that was met is
# reported with its path.
. "$(dirname "$0")/lib.sh"
plan 6

made=1500 # more than one user may have

forge() {
	! alone || return 1
	cp "$top/.output/tests/target/"{forger,libdovecot.so.0,libtarget.so} "$tmp/forged"
	run_in_background "$tmp/forger.log" setpriv --reuid nobody --regid nogroup --clear-groups \
		unshare --user --map-root-user --mount --pid --fork --kill-child \
		"$tmp/forged/forger" "$tmp/forged/libtarget.so" "$made"
	forger=$pid
	eventually grep -q made "$tmp/forger.log"
}

mkdir "$tmp/forged"
chmod 0755 "$tmp" "$tmp/forged"
status_prints() {
	"$dovetap" status --control "$tmp/state/control.sock" | grep -q "$1"
}

limit_is_met() {
	[[ $(metric dovetap_search_limited) -gt 0 ]]
}

# Of a file of ours; others may make some up beside this test.
limit_is_named() {
	local by
	by=$(pgrep --ns "$(pgrep --parent "$forger")" --nslist mnt '' | paste -sd '|')
	grep -E "search for Dovecot: /proc/($by)/root/mnt/.*/libdovecot-storage.so.0: [0-9]+ .*limit" "$tmp/dovetap.log"
}

check "$made files are made up" forge
outside_start
check 'the limit is met, and counted' eventually limit_is_met
check 'the log names path and limit' eventually limit_is_named
container_start one bookworm docker-@.scope
check 'everybody can log in' container_login one imap {1..20}"@$domain"
check 'each login is recorded once' eventually told_of one
stop "$forger"
check 'status prints what was left out' status_prints 'left out of the search at a limit'
