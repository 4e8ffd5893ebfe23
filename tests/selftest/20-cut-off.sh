#!/bin/bash
# SPDX-License-Identifier: MIT
# What ends a test in the midst of a check is not silent: the check has failed, and the reason is shown.
cd "$(dirname "$0")/../.."
. tests/checks.sh
trap 'checks_end $?' EXIT
plan 4

cut_off() { # what the check does; the output is in $tmp/out
	cat > "$tmp/script" <<- END
		. tests/checks.sh
		trap 'checks_end \$?' EXIT
		plan 2
		cut() {
			$1
		}
		check 'the one' cut
		check 'the other' true
	END
	fails_with 1 'not ok 1 - the one' bash "$tmp/script" > "$tmp/out"
}

check 'a test that bails out in a check' cut_off "bail 'no server'"
check 'shows why' has_line '^# Bail out! no server' "$tmp/out"
check 'a test that ends in a check' cut_off 'echo "about to end"; exit 0'
check 'shows its output' has_line '^# about to end' "$tmp/out"
