#!/bin/bash
# SPDX-License-Identifier: MIT
# Dovecot is found by what its files are, not by where they lie or what they are called: as Debian, RHEL,
# Alpine (with musl) and the official image place them, and as nobody does. Each layout is a root folder
# with real programs, run in a mount namespace of its own; their logins are synthetic.
. "$(dirname "$0")/lib.sh"
plan 29

users=0 # so far: each layout has names of its own, whose length is this test's
length=$((40 + RANDOM % 50)) # 24-hung-mounts has others
own=() # pids of all layouts

start() { # program argument...: in the root and a mount namespace of its own, with pid $pid
	run_in_background "$tmp/$layout.log" unshare --mount --root="$root" "$@"
	pids+=("$pid")
	own+=("$pid")
}

attached() { # FUNCTION FILE: by one of the processes of this layout
	local by
	by=$(IFS='|' && echo "${pids[*]}")
	grep -aE "/proc/($by)/root$2: attached to $1 " "$tmp/dovetap.log"
}

logins_are_recorded() {
	same $((users + 5)) "$(records | grep -E '^imap/user[0-9]+x+$' | grep -cE "^.{$((length + 5))}$")"
}

# Of the files of ours, whatever else runs here. One may be refused until the process is found that leads to
# more of them, as with odd names; then it is looked at again.
nothing_is_refused() {
	local by
	by=$(IFS='|' && echo "${own[*]}")
	grep -aE "/proc/($by)/root/.*: (not attached|attached to)" "$tmp/dovetap.log" > "$tmp/ours"
	at_least $((users / 5 * 3)) "$(grep -c ': attached to' "$tmp/ours")"
	! sed -E 's,.*/proc/[0-9]+/root(/[^:]*): ((not )?attached).*,\1 \2,' "$tmp/ours" |
		awk '{ last[$1] = $2 } END { for (file in last) print last[file], file }' | grep '^not' || return 1
}

try() { # LAYOUT LIBDIR LIBEXECDIR SBINDIR: the environment is that of tests/target/install
	local lib=$2 libexec=$3 sbin=$4 pids=()
	layout=$1 root=$tmp/$1
	alone || "$top/tests/target/install" "$root" "$lib" "$libexec" "$sbin" 2>&1 | note
	start "$sbin/${MASTER:-dovecot}"
	check "$layout: the master leads to libdovecot-storage" \
		eventually attached hook_mail_user_created "$lib/libdovecot-storage.so.*"
	start "$libexec/${AUTH:-auth}" --table /layouts --role auth --rate 1 --events 600
	check "$layout: auth" eventually attached auth_request_finished_event "$libexec/${AUTH:-auth}"
	start "$libexec/${LOGIN:-imap-login}" --table /layouts --role proxy --rate 1 --events 600
	check "$layout: libdovecot-login" eventually attached client_proxy_finish_destroy_client \
		"$lib/libdovecot-login.so.*"
	start "$libexec/${IMAP:-imap}" --table /layouts --events 5 --users 5 --first $users \
		--name-length $length
	check "$layout: logins are recorded" eventually logins_are_recorded
	users=$((users + 5))
	for pid in "${pids[@]}"; do
		stop "$pid"
	done
}

dovetap_start --dict "sqlite:path=$tmp/state/db"
try debian /usr/lib/dovecot /usr/lib/dovecot /usr/sbin
try rhel /usr/lib64/dovecot /usr/libexec/dovecot /usr/sbin
TARGET_CC=musl-gcc try alpine /usr/lib/dovecot /usr/libexec/dovecot /usr/sbin
try image /dovecot/lib/dovecot /dovecot/libexec/dovecot /dovecot/sbin
SUFFIX=.so.13 try newer /usr/lib/dovecot /usr/lib/dovecot /usr/sbin
RUNPATH='' try no-runpath /usr/lib /usr/lib/dovecot /usr/bin
MASTER=mailserver AUTH=authenticate IMAP=reader LOGIN=door STORAGE=store.bin \
	try odd /srv/mail/l /srv/mail/x /srv/mail/b
check 'nothing is refused in the end' eventually nothing_is_refused
