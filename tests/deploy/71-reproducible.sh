#!/bin/bash
# SPDX-License-Identifier: MIT
# What is built in another folder is equal byte for byte. A part of the objects of each kind is built anew there (C,
# BPF, generated), and all programs are linked; the rest is copied.
. "$(dirname "$0")/lib.sh"
plan 8

copy=$tmp/another/place/of/the/tree
# What "make install" with another PREFIX has left has other places of ours in it.
make --silent -C "$top" all > "$tmp/all.log" 2>&1 || bail "make all: $(tail -n 3 "$tmp/all.log")"
copy_tree "$copy" userspace lib gen bpf tools dovetap dovetap-attacher modules

build_anew() {
	rm -r "$copy"/.output/{modules,dovetap,dovetap-attacher,gen/layouts.c} "$copy"/.output/{lib,bpf}/* \
		"$copy"/.output/gen/skel/{exec,login}.skel.h "$copy"/.output/userspace/{conf,store/drivers/redis,login/geoip.o}
	env --unset=MAKEFLAGS --unset=MAKELEVEL make --directory="$copy" V=1 all > "$tmp/make.log" 2>&1
	at_least 50 "$(grep -cE '^[^ ]*(gcc|cc|clang)(-[0-9]+)? .* -c ' "$tmp/make.log")"
}

no_place_in() { # files
	! grep -lF -e "$top" -e "$copy" "$@"
}

is_equal() { # of .output
	cmp "$top/.output/$1" "$copy/.output/$1"
}

check 'it builds elsewhere' build_anew
for file in dovetap dovetap-attacher modules/{redis,geoip,mysql,cassandra}.so; do
	check "$file is equal" is_equal "$file"
done
check 'no place of the tree is in them' no_place_in "$copy"/.output/{dovetap,dovetap-attacher} "$copy"/.output/modules/*.so
