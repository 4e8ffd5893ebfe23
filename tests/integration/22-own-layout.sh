#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot that dovetap does not know, and what its operator does about it: a layout made from
# Dovecot's headers, or from debug symbols. It must be the one that was reviewed for this release.
. "$(dirname "$0")/lib.sh"
plan 14

known='2.3.ABIv19(2.3.19.1)' unknown='2.3.ABIv77(2.3.77.7)'
headers=$("$top/tests/harness/headers") || bail 'no headers of Dovecot'

struct() { # name: that struct's part of a table, without the ABI strings
	awk -v name="$1" '/^struct/ { on = $2 == name } on && !/^abi/ && NF'
}

as_reviewed() { # struct, table: the same as the built-in one
	same "$("$dovetap" layout show "$known" | struct "$1")" "$(struct "$1" < "$2")"
}

member() { # struct, member, table: its offset
	struct "$1" < "$3" | awk -v name="$2" '$1 == name { print $2 }'
}

debug_symbols() { # in $tmp/debug: what a -dbgsym package has
	local name
	mkdir "$tmp/debug"
	for name in mail_user:mail-user auth_request:auth-request client:client-common; do
		printf '#include "config.h"\n#include "lib.h"\n#include "%s.h"\nstruct %s object;\n' \
			"${name#*:}" "${name%:*}" > "$tmp/debug/${name%:*}.c"
		gcc -g -w -c -I "$headers" -o "$tmp/debug/${name%:*}.o" "$tmp/debug/${name%:*}.c"
	done
}

"$dovetap" layout make "$headers" > "$tmp/made" || bail 'no layout from the headers'
check 'mail_user as reviewed' as_reviewed mail_user "$tmp/made"
check 'auth_request as reviewed' as_reviewed auth_request "$tmp/made"
check "client where Debian's patch has moved it" same \
	"$(($("$dovetap" layout show "$known" | struct client | awk '$1 == "session_id" { print $2 }') + 8))" \
	"$(member client session_id "$tmp/made")"
check 'the ABI string of the headers' grep -qxF "abi $known" "$tmp/made"

both_are_alike() {
	has_line '^struct mail_user' "$tmp/made"
	same "$(cat "$tmp/made")" "$(cat "$tmp/from-debug")"
}

check 'mail_user and auth_request are those of the headers, client is not' fails_with 65 'client.session_id: at ' \
	"$dovetap" layout check "$headers"
"$dovetap" layout check "$headers" > "$tmp/differs" 2> "$tmp/error" || true
check 'nothing else differs' same client.session_id: "$(cut -d ' ' -f 1 "$tmp/differs")"

debug_symbols
library=$(root_folder bookworm)/usr/lib/dovecot/libdovecot-storage.so.0
check 'debug symbols need the ABI' fails_with 65 '--abi-of=FILE' "$dovetap" layout make \
	"$tmp"/debug/*.o
"$dovetap" layout make --abi-of "$library" \
	"$tmp"/debug/{mail_user,auth_request,client}.o > "$tmp/from-debug"
check 'debug symbols tell the same' both_are_alike
check 'no headers, no layout' fails_with 66 'mail-user.h' "$dovetap" layout make "$tmp/state"
check 'a struct that is missing is named' fails_with 66 'struct auth_request' "$dovetap" layout make \
	--abi "$unknown" "$tmp/debug/mail_user.o"

harness_alter_abi bookworm "$known" "$unknown"
harness_start bookworm
mkdir "$tmp/layouts"
printf 'dovetap {\n  layout_dir = %s\n}\n' "$tmp/layouts" > "$tmp/dovetap.conf"
"$dovetap" layout show "$known" | "$top/tests/harness/shift-layout" mail_user username 8 > "$tmp/shifted" ||
	bail 'no shifted layout'
mkdir "$tmp/compared"
cp "$tmp/shifted" "$tmp/compared/known.layouts"
printf 'dovetap {\n  layout_dir = %s\n}\n' "$tmp/compared" > "$tmp/compared.conf"
check 'a file that replaces the built-in one is compared' fails_with 65 'mail_user.username: at ' \
	"$dovetap" layout check --config "$tmp/compared.conf" "$headers"

check 'without it this Dovecot is refused' fails_with 69 'dovetap layout make' "$dovetap" check \
	--config "$tmp/dovetap.conf" --root "$harness_root"
sed "s/^abi .*/abi $unknown/" "$tmp/made" > "$tmp/layouts/new.layouts"
dovetap_start_recording --config "$tmp/dovetap.conf"
login imap new@example.com > "$tmp/out"
check 'with it, its logins are recorded' eventually recorded imap/new@example.com
dovetap_stop

echo 'struct mail_user many' > "$tmp/layouts/wrong.layouts"
check 'a broken one stops the start' fails_with 78 "$tmp/layouts/wrong.layouts:1:" "$dovetap" run \
	--config "$tmp/dovetap.conf" --root "$harness_root"
