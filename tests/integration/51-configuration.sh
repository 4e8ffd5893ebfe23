#!/bin/bash
# SPDX-License-Identifier: MIT
# Real doveconf takes what "dovetap config convert" prints, and what doveconf prints means to
# dovetap what the file itself meant.
. "$(dirname "$0")/lib.sh"
plan 6

mkdir "$tmp/conf"
cp "$top"/tests/golden/conf/*.{in,map} "$tmp/conf"

# doveconf of a root folder on files of $tmp/conf, seen by it as /mnt
doveconf() { # root folder's name, arguments...
	local root
	root=$(root_folder "$1")
	shift
	# shellcheck disable=SC2016 # the inner shell expands its own words
	unshare --mount sh -c 'mount --bind "$1" "$2/mnt" && root=$2 && shift 2 &&
		exec chroot "$root" doveconf "$@"' sh "$tmp/conf" "$root" "$@"
}

convert() { # file, arguments of convert: what is converted goes to the file without its ending
	(cd "$tmp/conf" && "$dovetap" config convert "${@:2}" "$1" > "${1%.in}.conf")
}

takes() { # root folder's name, file
	doveconf "$1" -n -P -c "/mnt/$2" > /dev/null
}

# What is recorded, without the places; doveconf 2.4 prints short names, in an order of its own.
effective() { # file
	(cd "$tmp/conf" && "$dovetap" config show --config /dev/null --dovecot-config "$1") |
		sed -E -e '/^$/,$!d' -e 's/ *# [^ ]*$//' -e 's/(dict_file|fs_posix)_//' | sort
}

for name in bookworm trixie; do
	"$top/tools/rootfs" "$name" | note
done

for name in example-1 example-2 filters; do
	convert "$name.in" --to 2.4
	check "2.4.1 takes $name, converted from 2.3" takes trixie "$name.conf"
done

convert back.in
sed -i '/^# ---/,$d' "$tmp/conf/back.conf" # the map file has no place in dovecot.conf
check '2.3.19.1 takes what was converted from 2.4' takes bookworm back.conf

sed -n '/^protocol/,/^}/!p' "$tmp/conf/example-2.in" > "$tmp/conf/v23"
doveconf bookworm -n -P -c /mnt/v23 > "$tmp/conf/v23.printed" 2> /dev/null
check 'what doveconf 2.3.19.1 prints says what the file says' \
	same "$(effective v23)" "$(effective v23.printed)"
doveconf trixie -n -P -c /mnt/filters.conf > "$tmp/conf/v24.printed" 2> /dev/null
check 'what doveconf 2.4.1 prints says what the file says' \
	same "$(effective filters.conf)" "$(effective v24.printed)"
