#!/bin/bash
# SPDX-License-Identifier: MIT
# Memory that is not there (scarce.c). Each allocation of a command fails in turn: the command does all
# of its work, or says what is wrong and ends with a status of sysexits.h. The same for the start of
# "dovetap run". Then every so many-th fails for a while in one that is at work and is told to read
# its configuration anew: every login is stored or counted as lost, and afterwards all is well.
. "$(dirname "$0")/lib.sh"
plan 14

sanitized=${DOVETAP:-$top/.output/san-address/tests/faults/dovetap-scarce} # it sees what leaks or is misused
export TMPDIR=$tmp
SCARCE=$tmp/scarce SCARCE_AT=0

scarce_reset() { # in its place: a process that is about to end may still have it in memory
	printf '%08d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0%08d' 0 "$SCARCE_AT" 1<> "$SCARCE"
}

scarce_every() { # number; in its place, for others have the file in memory
	printf '%08d' "$1" 1<> "$SCARCE"
}

scarce_failed() { # how many
	od --address-radix n --format u8 --skip-bytes 16 --read-bytes 8 "$SCARCE" | tr -d ' '
}

# --- commands ------------------------------------------------------------------------------------

prepare_commands() {
	"$top/tests/golden/make-recording.py" < "$top/tests/golden/replay.in" > "$tmp/events"
	(umask 077 && echo 0123456789abcdef0123456789abcdef > "$tmp/key")
	cat > "$tmp/conf" <<- EOF
		plugin {
		  last_login_dict = sqlite:path=$tmp/db
		  last_login_key = last-login/%{service}/%{user}/%{remote_ip}
		  last_login_precision = ms
		  last_auth_key = last-auth/imap/%{user}/%{remote_ip}
		}
		protocol imap {
		  mail_plugins = \$mail_plugins last_login
		}
		dovetap {
		  audit_user_key = $tmp/key
		  mask_ip = /24 /48
		}
	EOF
}

command_once() { # command...: sets $status; output and what it has stored are in $tmp/out
	rm -f "$tmp/db"*
	scarce_reset
	status=0
	timeout 60 "$@" > "$tmp/out" 2> "$tmp/err" || status=$?
	[[ ! -e $tmp/db ]] || sqlite3 "$tmp/db" 'SELECT * FROM last_login' >> "$tmp/out"
}

# Without what the other records of the session say of a login, when they could not be kept for it.
seen() { # output of a command
	sed 's/,"auth_user_hash".*//; s/,"service":.*//; s/,"mech".*//' "$1"
}

ended_well() {
	[[ $status -eq 0 && -s $tmp/whole ]] && cmp <(seen "$tmp/out") <(seen "$tmp/whole")
}

said_why() { # a sanitizer's status is another
	[[ $status -ge 64 && $status -le 78 ]] && grep -qE '(out of|no|annot allocate) memory' "$tmp/err"
}

# Also one that could go on, but not do all: then it says so.
each_failure() { # command...
	local failures=0
	SCARCE_AT=0
	command_once "$@"
	[[ $status -eq 0 && -s $tmp/out ]] || { cat "$tmp/err"; return 1; }
	cp "$tmp/out" "$tmp/whole"
	while :; do
		SCARCE_AT=$((failures + 1))
		command_once "$@"
		[[ $(scarce_failed) -gt 0 ]] || break
		failures=$((failures + 1))
		ended_well || said_why || grep 'gave no record: out of memory' "$tmp/err" ||
			{ echo "allocation $failures, exit status $status"; cat "$tmp/err"; return 1; }
	done
	echo "# $failures allocations of dovetap $2" >> "$tmp/told"
	[[ $failures -gt 0 ]]
}

prepare_commands
check 'replay' each_failure "$sanitized" replay --config "$tmp/conf" "$tmp/events"
check 'replay --json' each_failure "$sanitized" replay --json "$tmp/events"
check 'replay --audit' each_failure "$sanitized" replay --audit --config "$tmp/conf" "$tmp/events"
check 'config show' each_failure "$sanitized" config show --config "$tmp/conf"
check 'layout list' each_failure "$sanitized" layout list
check 'layout show' each_failure "$sanitized" layout show '2.4.ABIv3'

# --- dovetap run ---------------------------------------------------------------------------------
# Leaks cannot be looked for in the sandbox.

prepare_run() {
	export ASAN_OPTIONS=detect_leaks=0
	dovetap=$sanitized
	storm_prepare
	cat > "$tmp/conf" <<- EOF
		plugin {
		  last_login_dict = sqlite:path=$tmp/state/db
		  last_login_key = last-login/%{service}/%{user}
		  last_login_precision = ns
		}
		dovetap {
		  audit_log = $tmp/state/audit
		}
	EOF
}

run_begins() { # or gives up; sets $dovetap_pid
	run_in_background "$tmp/dovetap.log" "$dovetap" run --root "$storm_root" \
		--config "$tmp/conf" --state-dir "$tmp/state" --control "$tmp/state/control.sock"
	dovetap_pid=$pid
	patience=90 eventually dovetap_has_begun # sanitizers are slow beside other work
}

# It is ready, at the second try at last, or says why not: maybe just after it was.
started_or_said_why() {
	if grep -q 'ready:' "$tmp/dovetap.log"; then
		stop "$dovetap_pid"
		status=$stopped
	else
		status=0
		wait "$dovetap_pid" || status=$?
	fi
	cp "$tmp/dovetap.log" "$tmp/err"
	[[ $status -eq 0 ]] || said_why || return
	not_misused
}

not_misused() {
	has_no_line Sanitizer "$tmp/dovetap.log"
}

each_start() {
	local failures=0
	for ((SCARCE_AT = 1; ; SCARCE_AT += $(amount 9 1))); do
		scarce_reset
		run_begins
		[[ $(scarce_failed) -gt 0 ]] || break
		failures=$((failures + 1))
		started_or_said_why ||
			{ echo "allocation $SCARCE_AT, status $status"; cat "$tmp/dovetap.log"; return 1; }
	done
	stop "$dovetap_pid"
	echo "# $failures starts" >> "$tmp/told"
	[[ $failures -gt 0 ]]
}

status_is_asked() {
	"$dovetap" status --control "$tmp/state/control.sock" | grep 'collecting for'
}

collector_has_not_ended() {
	has_line 'ready:' "$tmp/dovetap.log"
	has_no_line 'the collector ended' "$tmp/dovetap.log"
}

no_memory_was_misused() { # in all that time
	has_line 'ready:' "$tmp/dovetap.log"
	not_misused
}

reload_while_scarce() {
	local i
	for ((i = 0; i < $(amount 10 100); i++)); do
		kill -HUP "$dovetap_pid"
		sleep 0.3
		status_is_asked || true # an answer takes memory, too
	done
}

lost_in_all() { # also by collectors of before: they tell it when they end
	sed -n 's/.*: out of memory for \([0-9]*\) records$/\1/p' "$tmp/dovetap.log" |
		awk -v now="$(lost)" '{ sum += $1 } END { print sum + now }'
}

times_read() {
	grep -c 'read anew' "$tmp/dovetap.log" || [[ $? -eq 1 ]]
}

all_but_failures() { # an allocation that failed loses no more than the record it was for
	failed=$(scarce_failed)
	at_least 1 "$failed"
	explained stored_embedded "$failed"
}

is_read_again() {
	at_least $((read_before + 1)) "$(times_read)"
}

prepare_run
check 'dovetap starts, or says why not' each_start
rm -f "$tmp/state/db"*
SCARCE_AT=0
scarce_reset
run_begins
storm_start --rate 2000 --users 5000
scarce_every 97
sleep "$(amount 3 30)"
check 'its status can be asked' eventually status_is_asked
check 'it goes on' collector_has_not_ended
reload_while_scarce > "$tmp/answers" 2>&1
scarce_every 0
echo "# $(scarce_failed) allocations failed at work" >> "$tmp/told"
load_stop
check 'everything is written' eventually all_is_written
check 'no more logins are missing than allocations have failed' all_but_failures
check 'nor than were counted as lost' explained stored_embedded "$(lost_in_all)"
read_before=$(times_read)
kill -HUP "$dovetap_pid"
check 'the configuration can be read anew' eventually is_read_again
check 'no memory was misused' no_memory_was_misused
cat "$tmp/told"
