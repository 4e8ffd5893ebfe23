#!/bin/bash
# SPDX-License-Identifier: MIT
# With pins nothing is missed while dovetap is not there: probes and ring go on, and the next one
# continues where the last one stopped. "dovetap detach" ends it.
. "$(dirname "$0")/lib.sh"
plan 22

pin() {
	dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db" \
		--pin "$bpffs/dovetap"
}

probes() { # how many are pinned
	find "$bpffs/dovetap" -name '*-*-*-*' 2> /dev/null | wc -l
}

told() { # text: in dovetap's log, so often
	same "$2" "$(grep -c -- "$1" "$tmp/dovetap.log")"
}

checks() { # text: "dovetap check" has it to say
	printf 'dovetap {\n  pin = %s\n}\n' "$bpffs/dovetap" > "$tmp/pin.conf"
	"$dovetap" check --config "$tmp/pin.conf" --root "$harness_root" \
		--state-dir "$tmp/state" --dict "sqlite:path=$tmp/state/db" > "$tmp/findings" || true # it has warnings
	grep -F -- "$1" "$tmp/findings" || { cat "$tmp/findings"; return 1; }
}

inherited() { # 0 or 1
	metric_is dovetap_ring_inherited "$1"
}

pins_are_gone() { # which were there
	grep -q '^removed directory' "$tmp/detached" && [[ ! -e $bpffs/dovetap ]]
}

bpffs_mount
harness_start bookworm
pin
second=("$dovetap" run --root "$harness_root" --dict "sqlite:path=$tmp/state/db"
	--control "$tmp/second/control.sock") # and more options
check 'ring and counters are pinned' test -e "$bpffs/dovetap/ring-8388608" -a -e "$bpffs/dovetap/counters"
check 'so are the probes' same 3 "$(probes)"
check 'nobody else can look' same '700 0' "$(stat -c '%a %u' "$bpffs/dovetap")"
check 'nothing was inherited' inherited 0

check 'a second one for the same state is refused' fails_with 69 "process $dovetap_pid" \
	"${second[@]}" --state-dir "$tmp/state"
check 'a second one with the same pins is refused' fails_with 69 'another dovetap works with these' \
	"${second[@]}" --state-dir "$tmp/second" --pin "$bpffs/dovetap"
check 'a second one on the same socket is refused' fails_with 69 'another dovetap answers' \
	"${second[@]}" --state-dir "$tmp/third" --control "$tmp/state/control.sock"
check 'what runs is not detached' fails_with 69 'another dovetap works with these' \
	"$dovetap" detach --pin "$bpffs/dovetap"
check 'check tells of it' checks '3 probes, 5 maps; a dovetap works with them'

login imap a@example.com > /dev/null
check 'the first login is there' eventually recorded imap/a@example.com
dovetap_kill
login imap b@example.com > /dev/null
pin
check 'killed: the login of meanwhile is there' eventually recorded {imap/a,imap/b}@example.com
check 'no file was attached to twice' told 'taken over' 3
check 'it says that the ring is inherited' inherited 1

dovetap_stop
login pop3 c@example.com > /dev/null
check 'check tells of what is left' checks '3 probes, 5 maps; the next dovetap'
pin
check 'ended: the login of meanwhile is there' \
	eventually recorded {imap/a,imap/b,pop3/c}@example.com
check 'the numbers of all three add up' eventually accounts_balance

dovetap_stop
login imap d@example.com > /dev/null
"$dovetap" detach --pin "$bpffs/dovetap" > "$tmp/detached"
check 'detach says that there were records nobody has read' \
	grep 'ring-8388608 with [1-9][0-9]* bytes of records that nobody has read' "$tmp/detached"
check 'and what it has removed' same 'removed counters map
removed directory
removed map accounts
removed map descents
removed map masters
removed probe
removed probe
removed probe
removed ring' "$(sed -E 's/^removed map counters/removed counters map/; s/^(removed (map accounts|map descents|map masters|probe|ring|directory)).*/\1/' "$tmp/detached" | sort)"
check 'everything is gone' pins_are_gone
check 'there is nothing left to detach' same '{"directory":"'"$bpffs/dovetap"'","removed":[]}' \
	"$("$dovetap" detach --pin "$bpffs/dovetap" --json)"

run_in_background "$tmp/second.log" "${second[@]}" --state-dir "$tmp/second" --pin "$tmp/state"
check 'for a directory that is not in bpffs it runs without pins' eventually grep -q \
	'running without pins: .* is not in bpffs' "$tmp/second.log"
stop "$pid"
mkdir -m 0777 "$bpffs/open"
check 'so is one that others can enter' fails_with 77 'mode 0700' \
	"${second[@]}" --state-dir "$tmp/second" --pin "$bpffs/open"
