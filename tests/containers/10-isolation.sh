#!/bin/bash
# SPDX-License-Identifier: MIT
# Three releases of Dovecot and a second container of one of them, which shares the files of the first:
# each in mount, process, user and network namespaces of its own, and in a control group as a runtime
# names it. They have the same users and ports. dovetap outside tells them apart.
. "$(dirname "$0")/lib.sh"
plan 7

pod=kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8d3ab8ae_1f0c_4c5e_9c2b_0f1e2d3c4b5a.slice
containers=(eleven twelve again thirteen)

own_namespaces() { # container: none of them is this test's
	local kind its
	for kind in mnt pid user net; do
		its=$(readlink "/proc/${container_first[$1]}/ns/$kind")
		[[ $its != "$(readlink "/proc/self/ns/$kind")" ]]
	done
}

own_namespaces_all() {
	local name
	for name in "${containers[@]}"; do
		own_namespaces "$name"
	done
}

one_file() { # container container: overlays of one lower file
	local path=usr/lib/dovecot/libdovecot-storage.so.0.0.0
	same "$(stat -c '%i %Z %s' "$(container_root "$1")/$path")" \
		"$(stat -c '%i %Z %s' "$(container_root "$2")/$path")"
	! same "$(stat -c %d "$(container_root "$1")/$path")" "$(stat -c %d "$(container_root "$2")/$path")"
}

everybody_logs_in() {
	local i name
	for i in "${!containers[@]}"; do
		name=${containers[i]}
		container_login "$name" imap {1..5}"@$domain" --from "127.0.0.$((i + 2))" &&
			container_login "$name" pop3 {1..5}"@$domain" --from "127.0.0.$((i + 2))" || return
	done
}

# Others on this machine may have the same file open, and have got the probe for it first.
one_probe_at_most() { # containers that share it
	local name by
	by=$(for name in "$@"; do
		pgrep --ns "${container_first[$name]}" --nslist pid ''
	done | paste -sd '|')
	has_line ': attached to hook_mail_user_created ' "$tmp/dovetap.log"
	at_most 1 "$(grep -cE "/proc/($by)/root/.*: attached to hook_mail_user_created " "$tmp/dovetap.log")"
}

container_start twelve bookworm "$pod/cri-containerd-@.scope"
outside_start
container_start again bookworm "$pod/cri-containerd-@.scope"
container_start eleven bullseye docker-@.scope
container_start thirteen trixie machine.slice/libpod-@.scope/container
check 'each container is isolated' own_namespaces_all
check 'two of them share their files' one_file twelve again
check 'everybody can log in everywhere' everybody_logs_in
check 'each login is told once, and where' eventually told_of "${containers[@]}"
check 'a shared file has one probe' one_probe_at_most twelve again
container_stop again
check 'the other one goes on' container_login twelve imap {6..9}"@$domain"
check 'and is watched' eventually told_of "${containers[@]}"
