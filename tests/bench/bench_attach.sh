#!/bin/bash
# SPDX-License-Identifier: MIT
# How long it takes from the first exec of a Dovecot in a container of its own, with files of its own, until
# its mail library has a probe; and what a program costs that starts beside it. As root. More than some 200
# starts at once on one file system use up its share of what may be read (search/read_budget.h), and then wait.
cd "$(dirname "$0")/../.."
. tests/integration/lib.sh

"$top/tests/target/install" "$tmp/image" /usr/lib/dovecot /usr/lib/dovecot /usr/sbin
"$top/tests/bench/attach_latency.py" "$dovetap" "$tmp" "${BENCH_STARTS:-20}" "${BENCH_LIMIT_MS:-200}"
