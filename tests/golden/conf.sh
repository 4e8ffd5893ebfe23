#!/bin/bash
# SPDX-License-Identifier: MIT
# "dovetap config" on each tests/golden/conf/*.in: the first line has its arguments ("@" is the
# file), what it prints and its exit status must be as in *.ref. With "accept" as the argument the
# *.ref are written instead.
set -u
cd "$(dirname "$0")/conf"
dovetap=$PWD/../../../.output/dovetap
count=0

tap() { # status, name
	count=$((count + 1))
	if [[ $1 -eq 0 ]]; then echo "ok $count - $2"; else echo "not ok $count - $2"; fi
}

run_case() { # file
	local arguments
	arguments=$(head -n 1 "$1" | cut -c 3-)
	[[ $arguments == *@* ]] || arguments="$arguments @"
	# shellcheck disable=SC2086 # the arguments are words
	"$dovetap" config ${arguments//@/$1} 2>&1
	echo "exit $?"
}

# Every new setting of dovetap { } would change most files; only what a case sets stays.
without_defaults() {
	sed '/^dovetap {/,/^}/{/# default$/d}'
}

for file in *.in; do
	if [[ ${1:-} == accept ]]; then
		run_case "$file" | without_defaults > "${file%.in}.ref"
		continue
	fi
	diff -u "${file%.in}.ref" <(run_case "$file" | without_defaults) | sed 's/^/# /'
	tap "${PIPESTATUS[0]}" "config: ${file%.in}"
done

if [[ ${1:-} != accept ]]; then
	echo "1..$count"
fi
