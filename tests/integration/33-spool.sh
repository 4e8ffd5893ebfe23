#!/bin/bash
# SPDX-License-Identifier: MIT
# What waits for a dict can be looked at, checked, exported and drained by hand, and survives the
# end of dovetap.
. "$(dirname "$0")/lib.sh"
plan 17

spool() { # action
	"$dovetap" spool "$1" "${where[@]}"
}

waiting() { # how many
	same "$1" "$(spool list | grep -c ' waiting ')"
}

redis_port=$(free_port)
where=(--state-dir "$tmp/state" --dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%u')
nothing_is_there() { # and nothing is made for it
	same $'redis: sound\n0 0' "$(spool list && list=$? && spool check && echo "$list $?")"
	[[ ! -e $tmp/state/spool ]]
}
check 'without a spool nothing is listed' nothing_is_there
harness_start bookworm
dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%u'
login imap one@example.com > "$tmp/out"
login imap two@example.com > "$tmp/out"
check 'both wait' eventually waiting 2
dovetap_stop
check 'both wait when dovetap has ended' waiting 2
check 'the key can be read' grep -q '"key":"shared/ll/one@example.com"' <(spool export)
check 'the file is sound' same 'redis: sound' "$(spool check)"
check 'a drain without the store says so' fails_with 75 'Connection refused' \
	"$dovetap" spool drain "${where[@]}"
redis_start
check 'a drain with it leaves nothing' same 'redis: 0 left' "$(spool drain)"
check 'the store has both' same 'll/one@example.com ll/two@example.com ' \
	"$(redis-cli -p "$redis_port" --raw keys 'll/*' | sort | tr '\n' ' ')"

no_state() { # action: an error, and nothing is made
	fails_with 74 'No such file or directory' "$dovetap" spool "$1" --state-dir "$tmp/nowhere" "${where[@]:2}" || return 1
	[[ ! -e $tmp/nowhere ]]
}
for action in list check export drain retry drop; do
	check "$action: another state directory is an error" no_state "$action"
done
spooled=$tmp/state/spool/redis.spool
damage() { # its second page, not the first
	printf '%200s' x | dd of="$spooled" bs=1 seek=4096 conv=notrunc status=none
	cp "$spooled" "$tmp/damaged"
}
stays() { # action: the damage is an error, and the file is left as it is
	fails_with 74 redis.spool "$dovetap" spool "$1" "${where[@]}" || return 1
	cmp "$spooled" "$tmp/damaged"
}
damage
check 'a damaged file is there' test -s "$tmp/damaged"
check 'a check finds it' stays check
check 'a drain does not take it for an empty one' stays drain
