#!/bin/bash
# SPDX-License-Identifier: MIT
# Every login goes to more than one dict, each with its own writer: one that is down does not hold
# up the other, and gets its records when it is back.
. "$(dirname "$0")/lib.sh"
plan 4

has() { # users in the dict file
	same "$1" "$(grep -c '^shared/ll/' "$tmp/dicts/file")"
}

is_up() { # redis: 0 or 1
	same "$1" "$(metric 'dovetap_dict_up{dict="redis"}')"
}

keys() {
	redis-cli -p "$redis_port" --raw keys 'll/*' | sort | tr '\n' ' '
}

redis_port=$(free_port)
mkdir -m 1777 "$tmp/dicts"
printf 'dovetap {\n  mirror_dicts = file:%s/dicts/file\n}\n' "$tmp" > "$tmp/dovetap.conf"
harness_start bookworm
dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf" \
	--dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%u'
login imap one@example.com > "$tmp/out"
login imap two@example.com > "$tmp/out"
check 'the dict that works has both' eventually has 2
check 'the one that is down is known to be' eventually is_up 0
redis_start
check 'it is up again' eventually is_up 1
both_there() {
	same 'll/one@example.com ll/two@example.com ' "$(keys)"
}
check 'and has both' eventually both_there
