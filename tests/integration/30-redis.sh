#!/bin/bash
# SPDX-License-Identifier: MIT
# The plugin's own example: Redis keeps a key for each user, service and address. Names arrive byte
# for byte; the time is that of the login, in the precision asked for; a later login replaces it.
. "$(dirname "$0")/lib.sh"
plan 6

keys_are() {
	same "$(printf '%s\n' "$@" | sort)" "$(redis --raw keys '*' | sort)"
}

value_between() { # key, lowest, highest
	value=$(redis get "$1")
	[[ $value -ge $2 && $value -le $3 ]] || { echo "$1: $value is not in $2 to $3"; return 1; }
}

harness_start bookworm
redis_start
dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port" \
	--key 'last-login/%{service}/%{user}/%{remote_ip}' --precision ms --service imap,pop3

alice=last-login/imap/alice@example.com/127.0.0.1
begin=$(date +%s%3N)
check 'imap logins' login imap alice@example.com 'per%cent@example.com' "quo\"te'd@example.com" \
	'sp ace@example.com' 'sla/sh@example.com' $'bad\xff\xfeutf@example.com' 'ünï@example.com'
check 'a pop3 login over IPv6' login pop3 alice@example.com --ipv6
end=$(date +%s%3N)
check 'each has its key' eventually keys_are "$alice" last-login/pop3/alice@example.com/::1 \
	'last-login/imap/per%cent@example.com/127.0.0.1' \
	"last-login/imap/quo\"te'd@example.com/127.0.0.1" \
	'last-login/imap/sp ace@example.com/127.0.0.1' \
	last-login/imap/sla/sh@example.com/127.0.0.1 \
	$'last-login/imap/bad\xff\xfeutf@example.com/127.0.0.1' \
	last-login/imap/ünï@example.com/127.0.0.1
check 'with the time in milliseconds' value_between "$alice" "$begin" "$end"
again=$(date +%s%3N)
check 'the same user comes again' login imap alice@example.com
check 'and has a later time' eventually value_between "$alice" "$again" "$(date +%s%3N)"
