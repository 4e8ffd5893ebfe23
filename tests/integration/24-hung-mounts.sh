#!/bin/bash
# SPDX-License-Identifier: MIT
# Where a file system does not answer (a FUSE server that hangs, as NFS does without its server), only what
# is there is not found: in bounded time, told once, counted, and tried again. The same when the process that
# searches is killed. And a /proc that hides processes is told.
. "$(dirname "$0")/lib.sh"
plan 18

export patience=40
users=0
length=$((40 + RANDOM % 100))

# The usual layout, with one more directory in RUNPATH, into which the linker never looks: musl's has the C
# library in it, and finds the others in the first.
make_root() { # NAME
	TARGET_CC=musl-gcc RUNPATH=/usr/lib/dovecot:/srv/more "$top/tests/target/install" "$tmp/$1" \
		/usr/lib/dovecot /usr/lib/dovecot /usr/sbin 2>&1 | note
	mkdir -p "$tmp/$1/srv/more"
}

start_in() { # NAME program argument...: in a mount namespace of its own, with pid $pid
	run_in_background "$tmp/$1.log" unshare --mount --root="$tmp/$1" "${@:2}"
}

attached() { # NAME: its master has led to the library
	grep -q "/proc/$1/root/usr/lib/dovecot/libdovecot-storage.*: attached to" "$tmp/dovetap.log"
}

logins_are_recorded() {
	same "$users" "$(records | grep -E '^imap/user[0-9]+x+$' | grep -cE "^.{$((length + 5))}$")"
}

healthy() { # NAME: a Dovecot that starts now is watched, and its logins are recorded
	make_root "$1"
	start_in "$1" /usr/sbin/dovecot
	check "$1: a Dovecot that starts is watched" eventually attached "$pid"
	start_in "$1" /usr/lib/dovecot/imap --table /layouts --events 5 --users 5 --first $users \
		--name-length $length
	users=$((users + 5))
	check "$1: its logins are recorded" eventually logins_are_recorded
}

times() { # TEXT: how often the log has it
	grep -cF "$1" "$tmp/dovetap.log"
}

is_hung() { # count
	same "$1" "$(metric dovetap_places_hung)"
}

searcher() {
	pgrep --parent "$dovetap_pid" -x dovetap-search
}

another_searcher_than() { # pid
	local now
	now=$(searcher) && [[ $now != "$1" ]]
}

dovetap_start --dict "sqlite:path=$tmp/state/db"
healthy before

# In a container; what is mounted there is not on the host.
make_root hung
run_in_background "$tmp/server.log" unshare --mount "$top/tests/stand/hung-mount" "$tmp/hung/srv/more"
server=$pid
eventually grep -qs mounted "$tmp/server.log" || bail "hung-mount: $(cat "$tmp/server.log")"
run_in_background "$tmp/hung.log" nsenter --target "$server" --mount chroot "$tmp/hung" /usr/sbin/dovecot
hung=$pid
check 'a mount that does not answer is counted' eventually is_hung 1
check 'and named' grep "search for Dovecot: /proc/$hung/root.*/usr/sbin/dovecot: no answer" "$tmp/dovetap.log"
check 'status tells so' fails_with 0 '1 place does not answer' "$dovetap" status --control "$tmp/state/control.sock"
healthy meanwhile
check 'check ends, and tells so' fails_with 0 'a file system does not answer' "$dovetap" check \
	"--dict=file:$tmp/state/unused" --control "$tmp/state/control.sock"

# On the host.
make_root ours
run_in_background "$tmp/server2.log" "$top/tests/stand/hung-mount" "$tmp/ours/srv/more"
server2=$pid
eventually grep -qs mounted "$tmp/server2.log" || bail "hung-mount: $(cat "$tmp/server2.log")"
run_in_background "$tmp/ours.log" chroot "$tmp/ours" /usr/sbin/dovecot
ours=$pid
check 'the same on the host' eventually is_hung 2
healthy beside
check 'each is told once' same 2 "$(times 'no answer for')"

# Whoever waits for a server is let go with it.
kill -KILL "$server" "$server2"
stop "$hung"
stop "$ours"
umount "$tmp/ours/srv/more"
check 'they are tried again' eventually is_hung 0
check 'which is told' same 2 "$(times 'answers again')"

victim=$(searcher)
kill -KILL "$victim"
check 'a searcher that is killed is replaced' eventually another_searcher_than "$victim"
healthy after
check 'a /proc that hides processes is told' fails_with 69 'hides other users' unshare --mount sh -c \
	'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - \
	"$dovetap" check "--dict=file:$tmp/state/unused"
