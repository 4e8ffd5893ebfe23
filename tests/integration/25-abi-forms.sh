#!/bin/bash
# SPDX-License-Identifier: MIT
# The ABI strings that upstream and packagers make (userspace/dovecot/abi.h): a Dovecot with each is
# refused by its whole string as long as no layout is there for it, and recorded with one.
. "$(dirname "$0")/lib.sh"

known='2.3.ABIv19(2.3.19.1)'
forms=('2026.ABIv2(2026.2.0)' '2.4.ABIv5.1(2.4.5.1)' '2.4.ABIv5+ubuntu.123' '2.3.ABIv19(2.3.19 c)'
	'0.0.ABIv0(0.0.0-git)')
plan $((2 * ${#forms[@]}))

printf 'dovetap {\n  layout_dir = %s\n}\n' "$tmp/layouts" > "$tmp/dovetap.conf"

story() { # number, ABI string
	mkdir -p "$tmp/layouts"
	rm -f "$tmp/layouts/one.layouts"
	harness_alter_abi bookworm "$known" "$2"
	harness_start bookworm
	check "$2: refused by name" fails_with 69 "'$2'" "$dovetap" check \
		--config "$tmp/dovetap.conf" --root "$harness_root"
	"$dovetap" layout show "$known" | sed "s/^abi .*/abi $2/" > "$tmp/layouts/one.layouts"
	dovetap_start_recording --config "$tmp/dovetap.conf"
	login imap "user$1@example.com" > "$tmp/out"
	check "$2: recorded with a layout" eventually recorded "imap/user$1@example.com"
	dovetap_stop
	harness_stop
}

for number in "${!forms[@]}"; do
	story "$number" "${forms[number]}"
done
