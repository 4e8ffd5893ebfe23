#!/bin/bash
# SPDX-License-Identifier: MIT
# Two Dovecots, each in a container on a clone of one file system: their files have the same inode
# numbers, times, sizes and build ids, and are two files. A copied ext4 image, an image of squashfs that
# is mounted twice, and a snapshot of btrfs; every overlay in between has a device of its own anyway.
. "$(dirname "$0")/lib.sh"
plan 9

release=bookworm
"$top/tools/rootfs" "$release" | note
source_root=$(root_folder "$release")
export DOVETAP_CACHE=$tmp/cache
cache=$tmp/cache/root
mkdir -p "$cache"
image_bytes=$(($(du -sB1 "$source_root" | cut -f1) * 3 / 2 + 256 * 1024 * 1024))

release_clones() {
	local name
	for name in "${!container_harness[@]}"; do
		container_stop "$name"
	done
	umount "$cache"/*-[12] "$tmp/btrfs"
}
at_end release_clones

mount_image() { # image, name, options
	mkdir -p "$cache/$2"
	mount -o "loop${3:+,$3}" "$1" "$cache/$2"
}

clone_ext4() {
	truncate -s "$image_bytes" "$tmp/one.ext4"
	mkfs.ext4 -q -d "$source_root" "$tmp/one.ext4"
	cp --sparse=always "$tmp/one.ext4" "$tmp/two.ext4"
	mount_image "$tmp/one.ext4" ext4-1 && mount_image "$tmp/two.ext4" ext4-2
}

clone_squashfs() {
	mksquashfs "$source_root" "$tmp/image.squashfs" -quiet -no-progress -noI -noD -noF -noX > /dev/null
	cp "$tmp/image.squashfs" "$tmp/image2.squashfs"
	mount_image "$tmp/image.squashfs" squashfs-1 && mount_image "$tmp/image2.squashfs" squashfs-2
}

clone_btrfs() {
	truncate -s "$image_bytes" "$tmp/image.btrfs"
	mkfs.btrfs -q "$tmp/image.btrfs" | note
	mkdir -p "$tmp/btrfs"
	mount -o loop "$tmp/image.btrfs" "$tmp/btrfs"
	btrfs -q subvolume create "$tmp/btrfs/one"
	cp -a "$source_root/." "$tmp/btrfs/one/"
	btrfs -q subvolume snapshot "$tmp/btrfs/one" "$tmp/btrfs/two"
	mkdir -p "$cache/btrfs-1" "$cache/btrfs-2"
	mount --bind "$tmp/btrfs/one" "$cache/btrfs-1" && mount --bind "$tmp/btrfs/two" "$cache/btrfs-2"
}

# All that stat() has to say but the device is the same.
alike() { # two folders
	! alone || return 1
	local file=usr/lib/dovecot/libdovecot-storage.so.0.0.0
	same "$(stat -c '%i %z %s' "$1/$file")" "$(stat -c '%i %z %s' "$2/$file")" &&
		! same "$(stat -c %d "$1/$file")" "$(stat -c %d "$2/$file")"
}

log_in_to() { # containers
	local name
	for name in "$@"; do
		container_login "$name" imap {1..20}"@$domain" || return
	done
}

known=()
outside_start
for kind in ext4 squashfs btrfs; do
	alone || "clone_$kind"
	check "$kind: the files of both clones look like one" alike "$cache/$kind-1" "$cache/$kind-2"
	for i in 1 2; do
		container_begin "$kind-$i" "$kind-$i" docker-@.scope
		container_await "$kind-$i"
	done
	check "$kind: everybody can log in to both" log_in_to "$kind-1" "$kind-2"
	known+=("$kind-1" "$kind-2")
	check "$kind: each login is recorded once, and where" eventually told_of "${known[@]}"
done
