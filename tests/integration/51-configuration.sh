#!/bin/bash
# SPDX-License-Identifier: MIT
# What real doveconf prints of a file means to dovetap what the file itself means.
. "$(dirname "$0")/lib.sh"
plan 2

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

# What is recorded, without the places; doveconf 2.4 prints short names, in an order of its own.
effective() { # file
	(cd "$tmp/conf" && "$dovetap" config show --config /dev/null --dovecot-config "$1") |
		sed -E -e '/^$/,$!d' -e 's/ *# [^ ]*$//' -e 's/(dict_file|fs_posix)_//' | sort
}

for name in bookworm trixie; do
	"$top/tools/rootfs" "$name" | note
done

sed -n '/^protocol/,/^}/!p' "$tmp/conf/show-2.in" > "$tmp/conf/v23"
doveconf bookworm -n -P -c /mnt/v23 > "$tmp/conf/v23.printed" 2> /dev/null
check 'what doveconf 2.3.19.1 prints says what the file says' \
	same "$(effective v23)" "$(effective v23.printed)"
doveconf trixie -n -P -c /mnt/filters.in > "$tmp/conf/v24.printed" 2> /dev/null
check 'what doveconf 2.4.1 prints says what the file says' \
	same "$(effective filters.in)" "$(effective v24.printed)"
