#!/bin/bash
# SPDX-License-Identifier: MIT
# A container that has prepared itself for who looks for Dovecot: files that look like Dovecot's and are
# broken, huge or never the same, which a process of it runs or maps; links that loop, lead out or lead
# nowhere, where RUNPATH says to look; no file at all where one is expected; processes that end before one can
# look at them. Each refusal is told once; it and the others are served meanwhile, and whoever comes then.
. "$(dirname "$0")/lib.sh"
plan 13

export patience=40
hostile=$tmp/hostile
library=/usr/lib/dovecot/libdovecot-storage.so.0.0.0
traps=(cut table symbols notes sparse empty named)
declare -A hostile_pid

build_hostile() { # the program and what it needs, for /srv/own of the container
	local name runpath=/srv/own
	for name in farm files loop chain0 absolute dots self first process special cut; do
		runpath+=:/srv/$name
	done
	mkdir "$hostile"
	cp -L "/lib/ld-musl-$(uname -m).so.1" "$hostile/libc.so"
	musl-gcc -shared -fPIC -Wl,-soname,libdovecot.so.0 -o "$hostile/libdovecot.so.0" \
		"$top/tests/target/library.c" &&
		musl-gcc -D_GNU_SOURCE -o "$hostile/hostile" "$top/tests/target/hostile.c" -Wl,--no-as-needed \
			"$hostile/libdovecot.so.0" -Wl,--dynamic-linker=/srv/own/libc.so,-rpath,"$runpath"
}

prepare_hostile() { # container
	local name root
	root=$(dirname "$(harness_file "$1" /srv)")
	build_hostile || bail 'the hostile program cannot be built'
	mkdir "$tmp/decoy"
	cp "$(root_folder bookworm)$library" "$tmp/decoy"
	"$top/tests/harness/hostile-files" "$root" "$(root_folder bookworm)$library" "$hostile/hostile" \
		"$tmp/decoy" > "$tmp/traps" || bail 'the hostile files cannot be made'
	cp -a "$hostile" "$root/srv/own"
	for name in {1..16}; do
		cp -a "$hostile/libdovecot.so.0" "$root/srv/own/libdovecot-$name.so.0"
	done
}

hostile_run() { # name, argument...: in the container
	local name=$1
	shift
	run_in_background "$tmp/$name.log" nsenter --target "${container_first[bad]}" --mount --pid --net --user \
		--root --wd=/ "$@"
	hostile_pid[$name]=$pid
}

hostile_start() {
	local files
	mapfile -d '' files < "$tmp/traps"
	hostile_run maps /srv/own/hostile map "${files[@]}"
	eventually grep -q mapped "$tmp/maps.log" || bail "$(cat "$tmp/maps.log")"
	hostile_run auth /srv/auth map /srv/own/hostile
	hostile_run rewrites /srv/own/hostile rewrite "/srv/changing/${library##*/}"
	hostile_run grows /srv/own/hostile grow /srv/own/libdovecot-{1..16}.so.0
	hostile_run dies /srv/own/hostile die /srv/own/hostile
}

hostile_goes_on() { # until now
	local name
	for name in "${!hostile_pid[@]}"; do
		kill -0 "${hostile_pid[$name]}" || { cat "$tmp/$name.log"; return 1; }
	done
}

hostile_stop() {
	local name
	for name in "${!hostile_pid[@]}"; do
		stop "${hostile_pid[$name]}"
	done
}

some_log_in() { # container, number
	container_login "$1" imap "$1-$2-"{1..4}"@$domain" --parallel 2
}

refusals() { # path in the container: how often it was told
	grep -c "/root$1.*: not attached: " "$tmp/dovetap.log"
}

all_are_refused() {
	local name
	for name in "${traps[@]/#//srv/}" /srv/deep /srv/auth; do
		at_least 1 "$(refusals "$name")" || { echo "$name"; return 1; }
	done
}

each_once() {
	local name
	for name in "${traps[@]/#//srv/}" /srv/deep /srv/auth; do
		same "$name 1" "$name $(refusals "$name")" || return
	done
}


watched() { # container: a login is told; of a domain that is not counted
	nsenter --net="/proc/${container_first[$1]}/ns/net" "$top/tests/harness/login.py" "$tmp/$1/ports" imap \
		"first@$1.elsewhere" > "$tmp/first"
	jq -e --arg id "$(container_id "$1")" --arg user "first@$1.elsewhere" --slurp \
		'any(.[]; .event == "login" and .user == $user and .container == $id)' "$tmp/log/audit.log"
}

nothing_led_out() {
	has_no_line '/srv/(files|loop|chain0|absolute|dots|self|first|process|special)/' "$tmp/dovetap.log"
}

told_of_all() { # the many would hide the one
	told_of good bad later > "$tmp/told" || { grep '^[-+]' "$tmp/told" | sed 20q; return 1; }
}

few_tell() { # of what is never the same: the wait for the next look is doubled with each
	local count
	count=$(grep -c '/srv/changing/.*: \(attached\|not attached\|detached\)' "$tmp/dovetap.log")
	[[ $count -ge 1 && $count -le 40 ]] || { echo "$count"; return 1; }
}

prepare_hostile bad
container_start good bookworm docker-@.scope
container_start bad bookworm docker-@.scope
outside_start
strangers_start some_log_in good
hostile_start
check 'what cannot be used is told' eventually all_are_refused
container_start later trixie docker-@.scope
check 'whoever comes meanwhile is watched' eventually watched later
check 'and can log in' container_login later imap {1..5}"@$domain"
check 'the hostile container has logins of its own' container_login bad imap {1..5}"@$domain"
check 'nobody was refused' strangers_stop
check 'nothing has kept the hostile one from going on' hostile_goes_on
hostile_stop
check 'each login is told once' eventually told_of_all
check 'each refusal is told once' each_once
check 'a file that changes all the time is told seldom' few_tell
check 'status tells of them' fails_with 0 'files of Dovecot cannot be watched' \
	"$dovetap" status --control "$tmp/state/control.sock"
check 'nothing is taken for a server that hangs' same 0 "$(metric dovetap_places_stalled)"
check 'no link leads out of the container' nothing_led_out
check 'all messages are plain' "$top/tests/harness/hostile" plain "$tmp/dovetap.log"
