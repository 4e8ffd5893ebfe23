#!/bin/bash
# SPDX-License-Identifier: MIT
# A node that is a container itself (kind, k3d, LXC): dovetap and the containers are in a nested pid
# namespace, in which processes have other numbers than for the kernel. A Dovecot that starts there is
# found by its start and not only by the next search. There is no bpffs, though a pin is configured.
if [[ -z ${nested:-} ]]; then
	export nested=yes
	exec unshare --pid --fork --kill-child --mount --mount-proc "$0"
fi
umount -q /sys/fs/bpf
. "$(dirname "$0")/lib.sh"
plan 6

nested() {
	[[ $(stat -L -c %i /proc/self/ns/pid) -ne 4026531836 ]]
}

check 'this is a nested pid namespace' nested
pin='pin = /sys/fs/bpf/dovetap-test'
outside_settings=$pin outside_start
check 'without bpffs it runs without pins, and logs why' grep -q \
	'running without pins: .* is not in bpffs' "$tmp/dovetap.log"
printf 'dovetap {\n  %s\n}\n' "$pin" > "$tmp/pin.conf"
check 'check reports it' fails_with 69 'is not in bpffs' \
	"$dovetap" check --config "$tmp/pin.conf"
container_start one bookworm docker-@.scope
check 'a Dovecot is found by its start: the next search is a minute away' eventually grep -q \
	'attached to hook_mail_user_created' "$tmp/dovetap.log"
check 'everybody logs in' container_login one imap {1..20}"@$domain"
check 'each login is recorded once' eventually told_of one
