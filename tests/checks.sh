# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every shell test is made of: a plan, named checks, and waiting with a bound.
#
#     . "$(dirname "$0")/../checks.sh"
#     plan 2
#     check 'the answer is right' same 42 "$(answer)"
#     check 'it gets ready' eventually is_ready
#
# Strict: outside a check a command that fails ends the test, which then has failed. Inside a check
# it ends the check: a function fails at the first of its commands that does, whatever comes after it,
# in a pipe, too. Only where bash itself ignores a status (in "if", before "&&" and "||") nothing ends.
#
# DOVETAP_TEST_PATIENCE  no wait is longer than this many seconds; for tests of the tests
# DOVETAP_SELFTEST       is set by tests/selftest, which replaces dovetap by a program that does nothing: go on
#                        where the set-up fails, for each check must fail by itself; "alone": start no
#                        Dovecot and no load either
set -Eeuo pipefail

tmp=$(mktemp -d "${TMPDIR:-/tmp}/dovetap-test.XXXXXX")
planned=0 tests=0 failures=0 checking=

if [[ -n ${DOVETAP_SELFTEST:-} ]]; then
	set +eu
else
	trap '[[ $BASH_SUBSHELL -gt 0 ]] || echo "# ${BASH_SOURCE[0]##*/}:$LINENO: ${BASH_COMMAND:0:200} failed" >&2' ERR
fi

# --- TAP -----------------------------------------------------------------------------------------

plan() { # count
	planned=$1
	echo "1..$1"
}

note() { # stdin, as comments
	sed 's/^/# /'
}

# The status of the test is that of the script, or 1 when a check has failed or not all have run.
# Called at the end, with the script's status.
plan_end() { # status
	[[ -z $checking ]] || check_cut_off
	if [[ $1 -eq 0 && $failures -eq 0 && $tests -ne $planned ]]; then
		echo "not ok $((tests + 1)) - $tests of $planned have run"
		return 1
	fi
	[[ $failures -eq 0 ]] && return "$1"
	return 1
}

# What ends the test in the midst of a check would be silent: output goes into a file there.
check_cut_off() {
	exec >&"$tap"
	failures=$((failures + 1))
	note < "$tmp/check.out"
	echo "not ok $tests - $checking # it ended the test"
}

# For tests that have nothing else to clean up: trap 'checks_end $?' EXIT
checks_end() { # status
	local status=0
	trap - ERR
	set +e
	plan_end "$1" || status=$?
	rm -rf --one-file-system "$tmp"
	exit "$status"
}

# Functions return at their first command that fails; those that run them go on.
strictly() { # command...: its status
	set +e
	trap 'failed=$?; case ${FUNCNAME[0]:-} in strictly | eventually | check | "") ;; *) return "$failed" ;; esac' ERR
	"$@"
}

check() { # name command...: ok when the command succeeds; its output is shown when it does not
	local name=$1 options=$- on_error status
	shift
	on_error=$(trap -p ERR)
	tests=$((tests + 1))
	exec {tap}>&1
	checking=$name
	strictly "$@" > "$tmp/check.out" 2>&1
	status=$?
	checking=''
	exec {tap}>&-
	trap - ERR
	eval "$on_error"
	[[ $options != *e* ]] || set -e
	if [[ $status -eq 0 ]]; then
		echo "ok $tests - $name"
	else
		failures=$((failures + 1))
		note < "$tmp/check.out"
		echo "# status $status: $*" | tr '\n' ' ' | cut -c 1-300
		echo "not ok $tests - $name"
	fi
}

not_applicable() { # name, why: of a check that says nothing here; it is counted apart
	tests=$((tests + 1))
	echo "ok $tests - $1 # NA $2"
}

skip() { # name, why: of a check that cannot be made here
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

bail() { # text: a test whose set-up fails has nothing to say
	failures=$((failures + 1))
	if [[ -n ${DOVETAP_SELFTEST:-} ]]; then
		note <<< "goes on without: $*"
		return 1
	fi
	echo "Bail out! $*"
	exit 1
}

alone() { # is dovetap, or what stands in for it, all there is?
	[[ ${DOVETAP_SELFTEST:-} == alone ]]
}

# Where nothing happens nothing is waited for.
if alone; then
	sleep() {
		command sleep 0.01
	}
fi

# --- what checks are made of ---------------------------------------------------------------------

same() { # expected got; nothing is never what is expected, for that is what a dead program prints
	[[ -n $1 ]] || { echo "nothing is expected, got: $2"; return 1; }
	[[ $1 != "$2" ]] || return 0
	diff -u --label expected --label got <(printf '%s\n' "$1") <(printf '%s\n' "$2") || return 1
}

at_least() { # expected got: numbers
	[[ $2 =~ ^[0-9]+$ && $2 -ge $1 ]] || { echo "'$2' is not at least $1"; return 1; }
}

at_most() { # limit got: numbers
	[[ $2 =~ ^[0-9]+$ && $2 -le $1 ]] || { echo "'$2' is not at most $1"; return 1; }
}

has_line() { # pattern file: extended regular expression; the file is shown without it
	grep -E -- "$1" "$2" || { echo "no line has: $1" && tail -n 20 "$2"; return 1; }
}

# A file that is empty or missing has not been written by what it is about: that is no success.
has_no_line() { # pattern file
	[[ -s $2 ]] || { echo "$2 is empty"; return 1; }
	! grep -E -- "$1" "$2" || return 1
}

succeeds_in_silence() { # command...; never a check by itself: look at what it has done
	local got status=0
	got=$("$@" 2>&1) || status=$?
	[[ $status -eq 0 && -z $got ]] || { printf '%s\nstatus %s\n' "$got" "$status"; return 1; }
}

fails_with() { # status text command...: that exit status, and the text somewhere in its output
	local want=$1 text=$2 got=0 bound=(timeout "$(seconds_at_most 30)")
	shift 2
	[[ $(type -t "$1") != function ]] || bound=()
	"${bound[@]}" "$@" > "$tmp/fails.out" 2>&1 || got=$?
	cat "$tmp/fails.out"
	[[ $got -eq $want ]] || { echo "exit status $got instead of $want"; return 1; }
	grep -qF -- "$text" "$tmp/fails.out" || { echo "does not have: $text"; return 1; }
}

# --- waiting -------------------------------------------------------------------------------------

seconds_at_most() { # how long something may be waited for
	local most=${DOVETAP_TEST_PATIENCE:-$1}
	echo $(($1 < most ? $1 : most))
}

eventually() { # command...: until it succeeds, for $patience seconds (20); the last output is shown
	local deadline output
	deadline=$((SECONDS + $(seconds_at_most "${patience:-20}")))
	while :; do
		output=$(strictly "$@" 2>&1; echo "status $?")
		[[ ${output##*status } -ne 0 ]] || break
		if [[ $SECONDS -ge $deadline ]]; then
			printf '%s\nin vain: %s\n' "$output" "$*"
			return 1
		fi
		sleep 0.05
	done
}
