#!/bin/bash
# SPDX-License-Identifier: MIT
# The dict is away when dovetap starts: it starts anyway, says so, and writes everything later.
. "$(dirname "$0")/lib.sh"
plan 4

users=(u{1..20}@example.com)

has_all() {
	same "$(printf 'last-login/%s\n' "${users[@]}" | sort)" "$(redis --raw keys '*' | sort)"
}

harness_start bookworm
redis_port=$(free_port)
dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port"
check 'people log in all the same' login imap "${users[@]}" --parallel 4
check 'dovetap says what is wrong' eventually grep -iE 'redis.*(refused|connect)' "$tmp/dovetap.log"
check 'it has not given up' kill -0 "$dovetap_pid"
redis_start
check 'all logins are written once it is there' eventually has_all
