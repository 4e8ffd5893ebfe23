#!/bin/bash
# SPDX-License-Identifier: MIT
# Dovecot is killed, upgraded and restarted while people log in. Nobody tells dovetap, which watches
# whatever runs on this machine: the test looks at users of its own. Who cannot log in because there
# is no Dovecot is none of dovetap's business; who can is recorded.
. "$(dirname "$0")/lib.sh"
plan 5

rounds=$(amount 3 30)
domain=test-$$-$RANDOM.example

# As dpkg does: it writes all files of the package beside the old ones, and to the disk, and then
# renames one after the other.
upgrade() {
	local dir=$harness_root/usr/lib/dovecot file
	for file in "$dir"/*.so* "$dir/auth"; do
		[[ -L $file ]] || cp -a "$file" "$file.dpkg-new"
	done
	sync -f "$dir/auth"
	python3 -c 'import os, sys
for name in sys.argv[1:]:
    os.rename(name, name.removesuffix(".dpkg-new"))' "$dir"/*.dpkg-new
}

logins_since() { # count of them
	at_least $(($1 + 1)) "$(accepted_logins)"
}

some_log_in() { # number; a Dovecot that is away refuses them
	login imap "real$1-"{1..20}"@$domain" --parallel 4 >> "$tmp/accepted" || true
}

people_log_in() {
	eventually logins_since "$(($(accepted_logins) + 20))"
}

crash() {
	kill -KILL "$harness_master"
	harness_stop
	harness_start bookworm
}

restart() {
	doveadm stop
	harness_stop
	harness_start bookworm
}

over_and_over() { # what to do
	local i
	for ((i = 0; i < rounds; i++)); do
		"$1" && people_log_in || return
	done
}

stored_mine() {
	stored_embedded | grep "@$domain "
}

dovetap_start --dict "sqlite:path=$tmp/state/db" --key 'last-login/%{service}/%{user}' --precision ns
harness_start bookworm
eventually grep -q "attached to" "$tmp/dovetap.log"
: > "$tmp/accepted"
strangers_start some_log_in
people_log_in
check "Dovecot is killed and started again, $rounds times" over_and_over crash
check "Dovecot is upgraded under load, $rounds times" over_and_over upgrade
check "Dovecot is restarted, $rounds times" over_and_over restart
load_stop
check 'everything is written' eventually all_is_written
check 'every user has the newest login' explained stored_mine
