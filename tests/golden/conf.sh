#!/bin/bash
# SPDX-License-Identifier: MIT
# "dovetap config" on each tests/golden/conf/*.in: the first line has its arguments ("@" is the
# file), what it prints and its exit status must be as in *.ref. With "accept" as the argument the
# *.ref are written instead.
cd "$(dirname "$0")/conf"
. ../../checks.sh
trap 'checks_end $?' EXIT
dovetap=${DOVETAP:-../../../.output/dovetap}
[[ $dovetap == /* || -z ${DOVETAP:-} ]] || dovetap=../../../$dovetap
cases=(*.in)
plan ${#cases[@]}

run_case() { # file
	local arguments
	arguments=$(head -n 1 "$1" | cut -c 3-)
	[[ $arguments == *@* ]] || arguments="$arguments @"
	# shellcheck disable=SC2086 # the arguments are words
	local status=0
	"$dovetap" config ${arguments//@/$1} 2>&1 || status=$?
	echo "exit $status"
}

as_referred() { # file
	diff -u "${1%.in}.ref" <(run_case "$1" | without_defaults)
}

# Every new setting of dovetap { } would change most files; only what a case sets stays.
without_defaults() {
	sed '/^dovetap {/,/^}/{/# default$/d}'
}

if [[ ${1:-} == accept ]]; then
	for file in "${cases[@]}"; do
		run_case "$file" | without_defaults > "${file%.in}.ref"
	done
	exit
fi
for file in "${cases[@]}"; do
	check "config: ${file%.in}" as_referred "$file"
done
