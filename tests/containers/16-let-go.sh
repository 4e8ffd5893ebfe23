#!/bin/bash
# SPDX-License-Identifier: MIT
# A container's image on a file system of its own is unmounted when the container has stopped, and its
# device is free then: though there were probes in files of that file system, descriptors for what is
# searched there, and pins that keep the probes. A container beside it goes on. The oracle is losetup(8).
. "$(dirname "$0")/lib.sh"
plan 8

release=bookworm
"$top/tools/rootfs" "$release" | note
source_root=$(root_folder "$release")
export DOVETAP_CACHE=$tmp/cache
cache=$tmp/cache/root
image_bytes=$(($(du -sB1 "$source_root" | cut -f1) * 3 / 2 + 256 * 1024 * 1024))
mkdir -p "$cache/image"

umount_all() {
	local name
	for name in "${!container_harness[@]}"; do
		container_stop "$name"
	done
	mountpoint -q "$cache/other" && umount "$cache/other"
	mountpoint -q "$cache/image" && umount --lazy "$cache/image"
}
at_end umount_all

make_images() {
	! alone || return 0
	truncate -s "$image_bytes" "$tmp/image.ext4"
	mkfs.ext4 -q -d "$source_root" "$tmp/image.ext4"
	mkdir -p "$cache/other" && mount --bind "$source_root" "$cache/other"
}

mount_image() {
	! alone || return 0
	mount -o loop "$tmp/image.ext4" "$cache/image"
}

recorded_of() { # users: their logins are in the audit stream
	same "$(printf "login %s@$domain\n" "$@" | sort)" "$(jq -r --arg domain "@$domain" \
		'select(.event == "login" and (.user // "" | endswith($domain))) | .event + " " + .user' \
		"$tmp/log/audit.log" | sort)"
}

no_device() {
	[[ -z $(losetup --list --noheadings --output NAME --associated "$tmp/image.ext4") ]]
}

# Well below the eight seconds that a search by its interval takes at the least.
image_is_free() {
	! alone || return 1
	eventually umount "$cache/image" && patience=5 eventually no_device
}

probes_set() { # since that many lines of the log, in a mail library
	tail -n "+$(($1 + 1))" "$tmp/dovetap.log" | grep -q 'libdovecot-storage.*: attached to'
}

users=()
comes_and_goes() { # what is special
	local lines
	lines=$(wc -l < "$tmp/dovetap.log")
	mount_image
	rm -f "$tmp/image/dovecot.log" # of an earlier life
	container_begin image image docker-@.scope
	container_await image
	eventually probes_set "$lines" | note # what comes sooner may win the race on a busy machine
	container_login image imap "$1@$domain"
	users+=("$1")
	check "$1: a login in the image is recorded" eventually recorded_of "${users[@]}"
	container_stop image
	check "$1: its file system is free soon after it has stopped" image_is_free
}

make_images
outside_start
container_begin other other docker-@.scope
container_await other
eventually probes_set 0 | note
comes_and_goes first
comes_and_goes again
container_login other imap "other@$domain"
users+=(other)
check 'the other container is recorded as before' eventually recorded_of "${users[@]}"
dovetap_stop

bpffs_mount
outside_start --pin "$bpffs/dovetap"
comes_and_goes pinned
container_login other imap "pinned-other@$domain"
users+=(pinned-other)
check 'with pins, too, the other container is recorded as before' eventually recorded_of "${users[@]}"
dovetap_stop
