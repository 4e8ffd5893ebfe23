#!/bin/bash
# SPDX-License-Identifier: MIT
# A few thousand random templates through Dovecot's own expansion and through ours: TAP.
# COUNT and SEED in the environment ask for more, or for others.
set -u
cd "$(dirname "$0")/../.." || exit 1

cache=${DOVETAP_CACHE:-/var/cache/dovetap}/root
helper=.output/tests/differential/expand
number=0 status=0

compare() { # language, version, root folder
	number=$((number + 1))
	local name="Dovecot $2 and dovetap expand the same templates to the same bytes"
	if [[ $EUID -ne 0 ]]; then
		echo "ok $number - $name # SKIP needs root, for a Dovecot in a root folder"
	elif PYTHONDONTWRITEBYTECODE=1 python3 tests/differential/differential.py "$helper" "$1" "$2" \
		"$cache/$3" "${COUNT:-3000}" "${SEED:-1}"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		status=1
	fi
}

echo 1..2
compare v23 2.3.19.1 bookworm
compare v24 2.4.1 trixie
exit $status
