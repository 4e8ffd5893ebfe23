#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot whose structures nobody has described is refused by name, never read wrongly. It runs
# on undisturbed, and another one that is known is watched all the same.
. "$(dirname "$0")/lib.sh"
plan 5

alter_abi() { # file name
	local path=/usr/lib/dovecot/$1
	sed 's/2\.3\.ABIv19(2\.3\.19\.1)/2.3.ABIv77(2.3.77.7)/g' "$(root_folder bookworm)$path" \
		> "$(stand_file bookworm "$path")"
	chmod 0755 "$(stand_file bookworm "$path")"
}

for file in libdovecot-storage.so.0.0.0 libdovecot-login.so.0.0.0 libdovecot.so.0.0.0 auth; do
	alter_abi "$file"
done
# Dovecot itself compares the strings of its programs and plugins; these do not match now.
echo 'version_ignore = yes' > "$tmp/bookworm/extra.conf"
stand_start bookworm
unknown_root=$stand_root unknown_ports=$tmp/bookworm/ports
stand_start trixie
dovetap_start --root "$unknown_root" --root "$stand_root" --dict "file:$tmp/state/dict" \
	--key 'last-login/%{service}/%{user}'
check 'the unknown ABI is named' grep -F '2.3.ABIv77(2.3.77.7)' "$tmp/dovetap.log"
check 'and what makes a layout for it' grep -F 'dovetap layout' "$tmp/dovetap.log"
check 'check tells the same' fails_with 1 '2.3.ABIv77(2.3.77.7)' "$dovetap" check --root "$unknown_root"
check 'a login there works' "$top/tests/stand/login.py" "$unknown_ports" imap unseen@example.com
login imap seen@example.com > "$tmp/out"
check 'only the other is recorded' eventually recorded imap/seen@example.com
