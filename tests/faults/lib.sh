# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every fault test starts with; it has all of tests/integration/lib.sh and
#
#     rounds=$(amount 20 200)           the first number in the short form, the second in the full one
#     check "..." explained imap/ 0     the invariant, see below
#
# FAULTS=full asks for the full form ("make test-faults"); the short one takes about half a minute
# for each file.
#
# The invariant: for every user, the stored time is that of the newest login that was accepted, but
# for logins that were counted as lost. Logins come from a real Dovecot (tests/harness/login.py) or from
# tests/target/storm; both tell who logged in between which two moments.
. "$(dirname "${BASH_SOURCE[0]}")/../integration/lib.sh"

amount() { # short full
	[[ ${FAULTS:-short} == full ]] && echo "$2" || echo "$1"
}

# A dict that was down is knocked at every 30 seconds at least, and may take 10 to answer.
# shellcheck disable=SC2034 # for "eventually"
patience=$(amount 60 120)

# A Dovecot that is only a library with the probed functions in it, for rates that no mail server
# reaches. Sets $storm_root, for dovetap's --root, and $storm, the program that uses it.
storm_prepare() {
	local library=usr/lib/dovecot/libdovecot-storage.so.0
	storm_root=$tmp/storm-root storm=$tmp/storm
	mkdir -p "$storm_root/${library%/*}"
	cp "$top/.output/tests/target/libtarget.so" "$storm_root/$library"
	cp "$top/.output/tests/target/storm" "$storm"
	ln -s "$storm_root/$library" "$tmp/libtarget.so" # where the program looks for it
}

storm() { # options of tests/target/storm; its logins are added to $tmp/accepted
	! alone || return 0
	"$storm" --table "$top/layouts/dovecot.layouts" --log "$tmp/accepted" "$@"
}

# Load that goes on beside the test, until load_stop. Whoever is refused is noted in $tmp/refused.

people_start() { # users of the Dovecot that was started last
	! alone || return 0
	(
		until [[ -e $tmp/enough || ! -e $tmp/$harness ]]; do
			login imap "$@" --parallel 4 || date >> "$tmp/refused"
		done
	) >> "$tmp/accepted" &
	people=$!
}

storm_start() { # options
	! alone || return 0
	"$storm" --table "$top/layouts/dovecot.layouts" --log "$tmp/accepted" \
		--events 1000000000 "$@" > "$tmp/storm.out" &
	storms=$!
	started+=("$storms")
}

load_stop() { # waits for the logins that have begun
	touch "$tmp/enough"
	[[ -z ${people:-} ]] || wait "$people"
	[[ -z ${storms:-} ]] || { kill -TERM "$storms" && wait "$storms"; }
	rm -f "$tmp/enough"
	[[ ! -e $tmp/storm.out ]] || note < "$tmp/storm.out"
}

accepted_logins() { # how many
	grep -c '"ok": true' "$tmp/accepted" || [[ $? -eq 1 ]]
}

nobody_was_refused() {
	[[ -s $tmp/accepted && ! -e $tmp/refused ]] || { wc -l "$tmp/accepted" "$tmp/refused"; return 1; }
	[[ -z ${people:-} ]] || at_least 1 "$(accepted_logins)"
}

all_is_written() { # nothing is left in the ring, in memory or in a spool
	same 0 "$(metric dovetap_ring_used_bytes)" &&
		same 0 "$(metric_sum dovetap_dict_pending_records)" &&
		same 0 "$(metric_sum dovetap_dict_spooled_records)"
}

collector_pid() {
	collector_of "$dovetap_pid"
}

lost() { # all losses that dovetap has counted; fails when it counts none of any kind
	metric_sum dovetap_events_lost_total
}

figures() { # milliseconds, one a line
	sort -n | awk '{ v[NR] = $1 } END { printf "median %d ms, worst %d ms", v[int((NR + 1) / 2)], v[NR] }'
}

# --- what is stored, as lines of "SERVICE/USER TIME", whatever the precision ----------------------

stored_redis() { # keys are last-login/SERVICE/USER
	redis --raw keys "last-login/*" > "$tmp/keys"
	xargs -n 1000 redis-cli -h 127.0.0.1 -p "$redis_port" --raw mget < "$tmp/keys" |
		paste -d " " <(sed "s,^last-login/,," "$tmp/keys") -
}

stored_embedded() {
	sqlite3 -readonly -separator ' ' "$tmp/state/db" \
		"SELECT service || '/' || userid, max(time_ns) FROM last_login GROUP BY 1"
}

# The invariant: everything in $tmp/accepted and files beside it, compared with what the function named
# prints, which is read with the store's own client. The bound is the test's own, never what dovetap
# counts: 0, or as many as the test itself has destroyed.
explained() { # stored_..., [how many users may be behind]
	"$1" > "$tmp/stored"
	[[ -s $tmp/stored ]] || { echo 'nothing is stored'; return 1; }
	"$top/tests/faults/explain.py" --lost "${2:-0}" "$tmp/stored" "$tmp"/accepted*
}

# --- restarts -------------------------------------------------------------------------------------

restart_begins() { # now
	restart_ns=$(date +%s%N)
}

next_answers() { # a collector that was started since; the last one may still be ending
	metric dovetap_start_time_seconds |
		awk -v since="$restart_ns" '{ later = $1 >= since / 1e9 } END { exit !later }'
}

next_consumes() { # the same, and it has taken records
	next_answers && at_least 1 "$(metric dovetap_events_total)"
}

restart_ends() { # the next dovetap is there: notes how long that took
	echo $((($(date +%s%N) - restart_ns) / 1000000)) >> "$tmp/restarts"
}

restarts_tell() { # as a comment; the limit is for a machine with nothing else to do
	echo "# from the end of one to the next one's first record: $(figures < "$tmp/restarts") (limit 1000 ms)"
}

# dovetap as a service whose descriptors are kept, see tests/harness/fd-store. What it runs is the script
# $tmp/service, which may be changed at any time; its messages add up in $tmp/dovetap.log.

service_install() { # program, arguments of "dovetap run"
	local program=$1
	shift
	printf '#!/bin/sh\nexec %s run --state-dir %s --control %s %s >> %s 2>&1\n' "$program" \
		"$tmp/state" "$tmp/state/control.sock" "$(printf '%q ' "$@")" "$tmp/dovetap.log" \
		> "$tmp/service.new"
	chmod +x "$tmp/service.new"
	mv "$tmp/service.new" "$tmp/service"
}

service_start() {
	setpriv --pdeathsig TERM "$top/tests/harness/fd-store" "$tmp/notify" "$tmp/service" \
		> "$tmp/manager" 2>&1 &
	manager=$!
	started+=("$manager")
	at_end service_ended
	eventually manager_said ready 1 || bail "$(tail -n 5 "$tmp/dovetap.log" "$tmp/manager")"
	service_find
}

service_ended() { # as dovetap_ended does, but dovetap is the manager's child
	dovetap_pid=''
	stop "$manager"
	[[ $stopped -ne 0 ]] || return 0
	failures=$((failures + 1))
	tail -n 20 "$tmp/dovetap.log" | note
	echo "not ok - the service ended with status $stopped at the end of the test"
}

manager_said() { # line, how often at least
	[[ $(grep -cx -- "$1" "$tmp/manager") -ge $2 ]]
}

service_find() { # sets $dovetap_pid
	dovetap_pid=$(awk '$1 == "started" { pid = $2 } END { print pid }' "$tmp/manager")
}

next_is_ready() { # all probes are its own
	awk '$1 == "started" { ready = 0 } $1 == "ready" { ready = 1 } END { exit !ready }' "$tmp/manager"
}

service_is_new() { # pid of before
	local dovetap_pid
	service_find
	[[ $dovetap_pid != "$1" ]]
}

service_restart() { # signal for the main process, what to await then (next_consumes)
	local before=$dovetap_pid
	restart_begins
	kill -s "$1" "$before"
	eventually service_is_new "$before" && service_find || return
	eventually "${2:-next_consumes}" || return
	restart_ends
}

stored_descriptors() { # names that the manager has now
	awk '$1 == "stored" { has[$2] = 1 } $1 == "removed" { delete has[$2] }
		END { for (name in has) print name }' "$tmp/manager"
}
