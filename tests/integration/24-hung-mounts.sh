#!/bin/bash
# SPDX-License-Identifier: MIT
# Where a file system does not answer (a FUSE server that hangs, as NFS does without its server), only what
# is there is not found: in bounded time, told once, counted, and tried again; what was found there before
# stays. The same when the process that searches is killed. And a /proc that hides processes is told.
# What is on FUSE gets no probe, unless one wants it: its server may answer the search and not the kernel.
. "$(dirname "$0")/lib.sh"
plan 32

export patience=40
users=0
ours=() # pids of those on mounts that hang
length=$((100 + RANDOM % 50)) # of names; 23-layouts has others, and may run at the same time

# The usual layout, with one more directory in RUNPATH, into which the linker never looks: musl's has the C
# library in it, and finds the others in the first.
make_root() { # NAME
	alone || TARGET_CC=musl-gcc RUNPATH=/usr/lib/dovecot:/srv/more "$top/tests/target/install" "$tmp/$1" \
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
	master=$pid
	check "$1: a Dovecot that starts is watched" eventually attached "$pid"
	start_in "$1" /usr/lib/dovecot/imap --table /layouts --events 5 --users 5 --first $users \
		--name-length $length
	users=$((users + 5))
	check "$1: its logins are recorded" eventually logins_are_recorded
}

# By what was told; the machine may have others that hang.
hanging() { # pattern of places
	awk -v place="$1" '
		!match($0, "search for Dovecot: " place) { next }
		/no answer for/ { hanging++ }
		/answers again/ { hanging-- }
		END { print hanging + 0 }' "$tmp/dovetap.log"
}

our_places() {
	local by
	by=$(IFS='|' && echo "${ours[*]}")
	echo "(/proc/($by)/root|$tmp/ours)"
}

is_hung() { # count of ours
	same "$1" "$(hanging "$(our_places)")"
	same "$(hanging '')" "$(metric dovetap_places_stalled)"
}

told_of_ours() { # count, text
	same "$1" "$(grep -F "$2" "$tmp/dovetap.log" | grep -cE "search for Dovecot: $(our_places)")"
}

is_lost() { # pid of its master
	grep "/proc/$1/root/usr/lib/dovecot/libdovecot-storage.*: detached: it is gone" "$tmp/dovetap.log"
}

is_attached_still() { # pid of its master
	attached "$1" && ! is_lost "$1"
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
run_in_background "$tmp/server.log" unshare --mount "$top/tests/harness/hung-mount" "$tmp/hung/srv/more"
server=$pid
eventually grep -qs mounted "$tmp/server.log" || bail "hung-mount: $(cat "$tmp/server.log")"
run_in_background "$tmp/hung.log" nsenter --target "$server" --mount chroot "$tmp/hung" /usr/sbin/dovecot
hung=$pid
ours+=("$pid")
check 'a mount that does not answer is counted' eventually is_hung 1
check 'and named' grep "search for Dovecot: /proc/$hung/root.*/usr/sbin/dovecot: no answer" "$tmp/dovetap.log"
check 'status tells so' fails_with 0 'not answer' "$dovetap" status --control "$tmp/state/control.sock"
healthy meanwhile
check 'check ends, and tells so' fails_with 0 'a file system does not answer' "$dovetap" check \
	"--dict=file:$tmp/state/unused" --control "$tmp/state/control.sock"

# On the host.
make_root ours
run_in_background "$tmp/server2.log" "$top/tests/harness/hung-mount" "$tmp/ours/srv/more"
server2=$pid
eventually grep -qs mounted "$tmp/server2.log" || bail "hung-mount: $(cat "$tmp/server2.log")"
run_in_background "$tmp/ours.log" chroot "$tmp/ours" /usr/sbin/dovecot
on_host=$pid
ours+=("$pid")
check 'the same on the host' eventually is_hung 2
healthy beside
check 'each is told once' told_of_ours 2 'no answer for'

# Whoever waits for a server is let go with it.
kill -KILL "$server" "$server2"
stop "$hung"
stop "$on_host"
umount "$tmp/ours/srv/more"
check 'they are tried again' eventually is_hung 0
check 'which is told' told_of_ours 2 'answers again'

# In a container that was searched before.
healthy kept
kept=$master
ours+=("$kept")
run_in_background "$tmp/server3.log" nsenter --target "$kept" --mount "$top/tests/harness/hung-mount" \
	"$tmp/kept/srv/more"
server3=$pid
eventually grep -qs mounted "$tmp/server3.log" || bail "hung-mount: $(cat "$tmp/server3.log")"
run_in_background "$tmp/kept2.log" nsenter --target "$kept" --mount chroot "$tmp/kept" /usr/sbin/dovecot
kept2=$pid
ours+=("$pid")
check 'a mount that hangs later is counted, too' eventually is_hung 1
healthy brief
stop "$master"
check 'what nobody runs is lost meanwhile' eventually is_lost "$master"
check 'and what was found where it hangs is not' is_attached_still "$kept"
kill -KILL "$server3"
stop "$kept2"
check 'until the server is gone' eventually is_hung 0

victim=$(searcher)
kill -KILL "$victim"
check 'a searcher that is killed is replaced' eventually another_searcher_than "$victim"
healthy after
check 'a /proc that hides processes is told' fails_with 69 'hides other users' unshare --mount sh -c \
	'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - \
	"$dovetap" check "--dict=file:$tmp/state/unused"

# A server that withholds pages of a file from who attaches; somebody maps the file, and has read none of it.
make_root served
musl-gcc -D_GNU_SOURCE -o "$tmp/served/usr/lib/dovecot/hostile" "$top/tests/target/hostile.c" \
	-Wl,--no-as-needed "$tmp/served/usr/lib/dovecot/libdovecot.so.0" -Wl,-rpath,/usr/lib/dovecot:/srv/more
mkdir "$tmp/files"
cp "$tmp/served/usr/lib/dovecot/libdovecot-storage.so.0.0.0" "$tmp/files/libdovecot-storage.so.0"

serve() { # pid of who gets no page of it
	rm -f "$tmp/serve.log" "$tmp/served.log" # of an earlier one
	run_in_background "$tmp/serve.log" "$top/tests/harness/served-mount" "$tmp/served/srv/more" "$tmp/files" "$1"
	server=$pid
	eventually grep -qs mounted "$tmp/serve.log" || bail "served-mount: $(cat "$tmp/serve.log")"
	start_in served /usr/lib/dovecot/hostile map /srv/more/libdovecot-storage.so.0
	mapper=$pid
	eventually grep -q mapped "$tmp/served.log" || bail "hostile: $(cat "$tmp/served.log")"
}

unserve() {
	stop "$mapper"
	stop "$server"
	umount "$tmp/served/srv/more"
}

on_fuse() { # what is told
	grep "/srv/more/libdovecot-storage.so.0: $1" "$tmp/dovetap.log"
}

check_tells() { # state of that file, more arguments
	# Whatever the other findings make of its status.
	{ "$dovetap" check --json "--dict=file:$tmp/state/unused" --control "$tmp/state/control.sock" "${@:2}" || true; } |
		jq -e --slurp --arg state "$1" '.[0].findings | any(.state == $state and
			(.subject | endswith("/srv/more/libdovecot-storage.so.0")))'
}

nothing_was_withheld() { # though it was looked at
	on_fuse 'not attached'
	! grep withheld "$tmp/serve.log"
}

serve "$dovetap_pid"
check 'a file on FUSE gets no probe' eventually on_fuse 'not attached: it is on a FUSE file system'
check 'check tells so' check_tells bad
check 'and the log, once' same 1 "$(on_fuse 'not attached' | wc -l)"
check 'and no page of it is waited for' nothing_was_withheld
unserve
dovetap_stop
printf 'dovetap {\n  attach_fuse = yes\n}\n' > "$tmp/dovetap.conf"
dovetap_start --config "$tmp/dovetap.conf" --dict "sqlite:path=$tmp/state/db"
serve 0
check 'unless one wants it' eventually on_fuse 'attached to'
check 'then check takes it, too' check_tells ok --config "$tmp/dovetap.conf"
unserve
