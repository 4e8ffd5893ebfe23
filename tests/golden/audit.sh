#!/bin/bash
# SPDX-License-Identifier: MIT
# The audit stream of recorded events: what it says to the letter, that its schema allows that and
# nothing else, and what settings make of it. No rights needed.
cd "$(dirname "$0")/../.."
. tests/checks.sh
plan 15
dovetap=${DOVETAP:-.output/dovetap}
golden=tests/golden
export TZ=UTC LC_ALL=C DOVETAP_NODE=mail1
trap 'checks_end $?' EXIT

audit() { # settings...: the stream that they make
	printf 'dovetap {\n' > "$tmp/conf"
	printf '  %s\n' "$@" >> "$tmp/conf"
	printf '}\n' >> "$tmp/conf"
	"$dovetap" replay --audit --config "$tmp/conf" "$tmp/events"
}

is() { # reference settings...
	local reference=$golden/$1
	shift
	audit "$@" > "$tmp/stream" 2>&1 || { cat "$tmp/stream"; return 1; }
	[[ -z ${UPDATE_GOLDEN:-} ]] || cp "$tmp/stream" "$reference"
	diff -u "$reference" "$tmp/stream"
}

refused() { # text settings...
	fails_with 78 "$1" audit "${@:2}"
}

# The same key and name in another program give the same.
hashes_are_right() {
	audit 'audit_fields = user' > "$tmp/named"
	audit "audit_user_key = $tmp/key" 'audit_fields = user' > "$tmp/hashed"
	python3 - "$tmp/key" "$tmp/named" "$tmp/hashed" << 'END'
import hmac
import json
import sys

key, *streams = sys.argv[1:]
with open(key, "rb") as file:
    secret = file.read().rstrip(b"\n")
named, hashed = ([json.loads(line) for line in open(path, encoding="utf-8")] for path in streams)
names = [bytes.fromhex(record["user_hex"]) if "user_hex" in record
         else record.get("user", "").encode() for record in named]
want = [hmac.new(secret, name, "sha256").hexdigest() if name else None for name in names]
got = [record.get("user_hash") for record in hashed]
sys.exit(None if got == want and len(set(got)) > 3 else f"{want}\n{got}")
END
}

keys_are_masked() {
	printf 'dovetap {\n  mask_ip = yes\n}\n' > "$tmp/conf"
	"$dovetap" replay --config "$tmp/conf" --dict debug:memory: --key '%{service}/%{remote_ip}' \
		"$tmp/events" > "$tmp/debug" 2>&1
	cat "$tmp/debug"
	grep -qF 'imap/192.0.2.0' "$tmp/debug" && ! grep -qE '192\.0\.2\.[1-9]' "$tmp/debug"
}

no_name_is_left() {
	audit "audit_user_key = $tmp/key" > "$tmp/nameless"
	at_least 5 "$(wc -l < "$tmp/nameless")"
	has_no_line 'alice|bob|admin|nobody|user"' "$tmp/nameless"
}

"$golden/make-recording.py" < "$golden/audit.in" > "$tmp/events"
openssl rand -hex 32 > "$tmp/key"
chmod 600 "$tmp/key"
cp "$tmp/key" "$tmp/open-key"
chmod 644 "$tmp/open-key"

check 'every field of every event' is audit.ref
check 'the schema allows it, and each member is in it' \
	tests/golden/audit-schema.py docs/audit.schema.json "$tmp/stream"
check 'the fields and events that were asked for, masked' is audit-some.ref \
	'audit_events = failure login' 'audit_fields = user remote_ip outcome' 'audit_mask_ip = yes'
check 'the schema allows this as well' \
	tests/golden/audit-schema.py docs/audit.schema.json "$tmp/stream"
check 'names are hashed as another program does it' hashes_are_right
check 'and no name is left anywhere' no_name_is_left
check 'the schema allows hashes' tests/golden/audit-schema.py docs/audit.schema.json "$tmp/hashed"
check 'another mask' is audit-mask.ref \
	'audit_fields = remote_ip real_remote_ip local_ip' 'audit_mask_ip = "/8 /16"'
check 'addresses in keys can be masked, too' keys_are_masked
check 'a wrong mask is refused' refused \
	'audit_mask_ip: "/8" is no mask; no, yes, or two prefix lengths such as "/24 /48"' 'audit_mask_ip = "/8"'
check 'a wrong field is refused' refused 'conf:2: audit_fields: "usr" is unknown' 'audit_fields = usr'
check 'a wrong event is refused' refused 'conf:2: audit_events: "logout" is unknown' 'audit_events = logout'
check 'a wrong target is refused' refused \
	'conf:2: audit_log: "file" is unknown; stdout, syslog, journal or an absolute path' 'audit_log = file'
check 'a key that everybody may read is refused' refused \
	'open-key: everybody may read this key; mode 0600' "audit_user_key = $tmp/open-key"
check 'a key that is not there is refused' refused 'No such file' "audit_user_key = $tmp/no-key"
