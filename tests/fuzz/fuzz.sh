#!/bin/bash
# SPDX-License-Identifier: MIT
# Fuzzes every parser for a while: tests/fuzz/fuzz.sh SECONDS. What is found new stays in
# .output/fuzz/PARSER/, what crashes a parser in .output/fuzz/PARSER-crash-*: add that to its corpus.
set -u
cd "$(dirname "$0")/../.." || exit 1

seconds=$1
status=0
for source in tests/fuzz/fuzz_*.c; do
	parser=$(basename "$source" .c)
	parser=${parser#fuzz_}
	mkdir -p ".output/fuzz/$parser"
	echo "== $parser, $seconds s"
	".output/san-fuzzer-no-link/tests/fuzz/fuzz_$parser" -max_total_time="$seconds" -verbosity=0 \
		-print_final_stats=1 -rss_limit_mb=2048 -artifact_prefix=".output/fuzz/$parser-" \
		".output/fuzz/$parser" "tests/fuzz/corpus/$parser" || status=1
done
exit $status
