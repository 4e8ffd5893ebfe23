#!/bin/bash
# SPDX-License-Identifier: MIT
# Each Dovecot that Debian's archive has today is in the table of layouts, as its own headers have it. Asks
# the archive anew each time; a suite that it no longer has fails: it is to be taken out here.
. "$(dirname "$0")/../integration/lib.sh"
suites=(bullseye bookworm trixie sid)
plan $((2 * ${#suites[@]}))

release() { # suite: sets $folder, $library
	folder=$(DOVETAP_CACHE=$tmp/cache "$top/tools/packages" "dovecot-of-$1" 2> "$tmp/fetch.log") ||
		bail "$(tail -n 3 "$tmp/fetch.log")"
	library=$(readlink -f "$folder/usr/lib/dovecot/libdovecot-storage.so")
}

abi() { # that the library has, as its readers find it
	strings "$library" | grep -m 1 -xE '[0-9]+(\.[0-9]+)?\.ABIv[0-9]+.*'
}

is_known() {
	"$dovetap" layout list | grep -F "$(abi) "
}

# A member at a second place where the table names that, too: the programs look there (bpf/proxy.bpf.h).
is_as_in_headers() {
	local member place
	"$dovetap" layout check --abi-of "$library" "$folder/usr/include/dovecot" > "$tmp/check" 2> "$tmp/check.log" || true
	grep -qE '^the layout of Dovecot ABI .* is that of the sources$' "$tmp/check" && return
	grep -q 'is not that of the sources' "$tmp/check.log" && at_least 1 "$(wc -l < "$tmp/check")" || return
	while read -r member _ place _; do
		grep -E "^	${member#*.}:? .*# ${place%,} in " "$top/layouts/dovecot.layouts" || return 1
	done < <(sed 's/^\([a-z_.]*\): at/\1 at/' "$tmp/check")
}

for suite in "${suites[@]}"; do
	release "$suite"
	check "$suite: $(abi) is in the table" is_known
	check "$suite: it is as its headers have it" is_as_in_headers
done
