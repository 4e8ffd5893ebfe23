#!/bin/bash
# SPDX-License-Identifier: MIT
# A few thousand random templates through Dovecot's own expansion and through ours, and some hundred
# random configurations and spellings of values, and random logins by random configurations with
# stores of every driver: TAP. COUNT (of templates), CONFIGS, STORES (configurations), LOGINS (by each
# of them) and SEED in the environment ask for more, or for others ("make test-differential").
set -u
cd "$(dirname "$0")/../.." || exit 1

cache=${DOVETAP_CACHE:-/var/cache/dovetap}/root
helper=.output/tests/differential
number=0 status=0

compare() { # what is compared, script, its arguments
	number=$((number + 1))
	if [[ $EUID -ne 0 ]]; then
		echo "ok $number - $1 # SKIP needs root, for a Dovecot in a root folder"
	elif PYTHONDONTWRITEBYTECODE=1 python3 "tests/differential/$2" "${@:3}"; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		status=1
	fi
}

templates() { # language, version, root folder
	compare "Dovecot $2 and dovetap expand the same templates to the same bytes" \
		differential.py "$helper/expand" "$1" "$2" "$cache/$3" "${COUNT:-3000}" "${SEED:-1}"
}

configurations() { # version, root folder, how many
	compare "the plugin of Dovecot $1 and dovetap write the same by the same configurations" \
		config.py "${DOVETAP:-.output/dovetap}" "$1" "$cache/$2" "$3" "${SEED:-1}"
}

stores() { # version, root folder
	compare "the plugin of Dovecot $1 and dovetap leave the same in stores of every driver" \
		stores.py "${DOVETAP:-.output/dovetap}" "$1" "$cache/$2" "${STORES:-16}" "${LOGINS:-6}" "${SEED:-1}"
}

spellings() { # version, root folder
	compare "doveconf $1 and dovetap take the same spellings of times, sizes and booleans" \
		spelling.py "$helper/spell" "$1" "$cache/$2"
}

echo 1..12
templates v23 2.3.13 bullseye
templates v23 2.3.19.1 bookworm
templates v24 2.4.1 trixie
configurations 2.3.13 bullseye "${CONFIGS:-40}"
configurations 2.3.19.1 bookworm "${CONFIGS:-40}"
configurations 2.4.1 trixie "${CONFIGS:-150}"
stores 2.3.13 bullseye
stores 2.3.19.1 bookworm
stores 2.4.1 trixie
spellings 2.3.13 bullseye
spellings 2.3.19.1 bookworm
spellings 2.4.1 trixie
exit $status
