#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever a command of root's makes can be used by the collector; and a dovetap that ends with records
# that nobody took says how many, with an exit status of its own.
. "$(dirname "$0")/lib.sh"
plan 6

nothing_is_roots() { # below the state directory, but for the attacher's lock
	! find "$tmp/state" -mindepth 1 -uid 0 ! -name lock | grep .
}

drains() { # words, options
	same "$1" "$("$dovetap" spool drain --state-dir "$tmp/state" "${@:2}")"
	nothing_is_roots
}

redis_port=$(free_port)
check 'a drain of nothing needs no store, and leaves nothing of root' drains 'redis: 0 left' \
	--dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%u'
check 'nor does one into the embedded dict' drains 'sqlite: 0 left'

"$top/tests/golden/make-recording.py" < "$top/tests/golden/replay.in" > "$tmp/events"
rows() { # of the embedded dict, by the user of the collector
	setpriv --reuid "$(stat -c %u "$tmp/state")" --clear-groups \
		sqlite3 "$tmp/state/last-login.db" 'SELECT count(*) > 0 FROM last_login'
}
replays_for_the_collector() {
	"$dovetap" replay --state-dir "$tmp/state" "$tmp/events"
	same 1 "$(rows)"
	nothing_is_roots
}
chmod 0755 "$tmp"
check 'what root replays into the embedded dict is the collector'"'"'s' replays_for_the_collector

harness_start bookworm
mkdir -m 0700 "$tmp/state/spool" # root's
dovetap_start --root "$harness_root" --dict "redis:host=127.0.0.1:port=$redis_port" --key 'll/%u'
login imap one@example.com two@example.com three@example.com > "$tmp/out"
recorded_all() {
	same 3 "$(metric 'dovetap_dict_pending_records{dict="redis"}')"
}
eventually recorded_all | note
stop "$dovetap_pid"
check 'its end has a status of its own' same 74 "$stopped"
check 'the log has their number' grep -q 'redis (--dict): 3 records are neither written nor in the spool' "$tmp/dovetap.log"
check 'and their end' grep -q 'what is left in the ring is lost with it' "$tmp/dovetap.log"
