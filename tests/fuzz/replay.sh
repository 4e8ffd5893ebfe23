#!/bin/bash
# SPDX-License-Identifier: MIT
# Each fuzz target once over its corpus, tests/fuzz/corpus/PARSER/ ("make fuzz-binaries" builds them).
set -u
cd "$(dirname "$0")/../.." || exit 1

replay() { # parser
	local corpus=tests/fuzz/corpus/$1
	[[ -n $(ls "$corpus" 2> /dev/null) ]] || { echo "no corpus $corpus"; return 1; }
	".output/san-fuzzer-no-link/tests/fuzz/fuzz_$1" -rss_limit_mb=2048 "$corpus"/*
}

sources=(tests/fuzz/fuzz_*.c)
output=$(mktemp)
trap 'rm -f "$output"' EXIT
number=0 status=0
echo "1..${#sources[@]}"
for source in "${sources[@]}"; do
	parser=$(basename "$source" .c)
	parser=${parser#fuzz_}
	number=$((number + 1))
	if grep -qs "tests/fuzz/fuzz_$parser " .output/not-applicable; then
		echo "ok $number - $parser accepts its corpus # NA of a module that this build leaves out"
	elif replay "$parser" > "$output" 2>&1; then
		echo "ok $number - $parser accepts its corpus"
	else
		tail -n 30 "$output" | sed 's/^/# /'
		echo "not ok $number - $parser accepts its corpus"
		status=1
	fi
done
exit $status
