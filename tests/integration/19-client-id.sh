#!/bin/bash
# SPDX-License-Identifier: MIT
# What a client calls itself (IMAP ID) is in the key where Dovecot keeps it; check warns where it does not.
. "$(dirname "$0")/lib.sh"
plan 4

mkdir -p "$tmp/bookworm"
echo 'imap_id_retain = yes' > "$tmp/bookworm/extra.conf"
redis_start
config() { # imap_id_retain
	printf '%s\n' "imap_id_retain = $1" 'plugin {' "  last_login_dict = redis:port=$redis_port" \
		'  last_login_key = ll/%u/%{client_id}' '}' > "$tmp/server.conf"
	printf '%s\n' 'dovetap {' "  dovecot_config = $tmp/server.conf" '}' > "$tmp/conf"
}
login_with_id() { # user
	local line port
	port=$(sed -n 's/^IMAP=//p' "$tmp/bookworm/ports")
	exec {imap}<> "/dev/tcp/127.0.0.1/$port"
	read -r line <&"$imap"
	printf 'a ID ("name" "tester" "version" "7")\r\nb LOGIN %s pass\r\nc LOGOUT\r\n' "$1" >&"$imap"
	while read -r line <&"$imap" && [[ $line != 'c '* ]]; do
		echo "$line"
	done
	exec {imap}>&-
}
findings() { # what check has of it
	"$dovetap" check --config "$tmp/conf" --state-dir "$tmp/state" > "$tmp/check" || true
	cat "$tmp/check"
}
keys_are() {
	same "$1" "$(redis --raw keys 'll/*' | sort | tr '\n' ' ')"
}

config no
check 'check warns without imap_id_retain' has_line 'warning +configuration +client_id: .*imap_id_retain = yes' <(findings)
config yes
findings > "$tmp/out"
no_warning() {
	has_line 'll/%u/%{client_id}' "$tmp/out" && has_no_line 'imap_id_retain' "$tmp/out"
}
check 'and not with it' no_warning
harness_start bookworm
dovetap_start --root "$harness_root" --config "$tmp/conf"
alone || login_with_id alice@example.com > "$tmp/out"
login imap bob@example.com > "$tmp/out"
check 'the identification is in the key, and empty without one' eventually keys_are \
	'll/alice@example.com/"name" "tester" "version" "7" ll/bob@example.com/ '
check 'the numbers add up' accounts_balance
