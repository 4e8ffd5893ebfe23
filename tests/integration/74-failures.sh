#!/bin/bash
# SPDX-License-Identifier: MIT
# dovetap failures: who failed to log in, by network, address and user, and who got in after that, is what
# Dovecot's own log says.
. "$(dirname "$0")/lib.sh"
plan 18

conf=$tmp/conf
printf 'dovetap {\n  history = 20\n  history_failures = 20\n}\n' > "$conf"
where=(--config "$conf" --state-dir "$tmp/state" --dict "sqlite:path=$tmp/state/db")

failures() { # option...
	"$dovetap" failures "${where[@]}" "$@"
}

fail() { # user, address, times
	local i
	for ((i = 0; i < $3; i++)); do
		login imap "$1" --from "$2" --password wrong --fails > "$tmp/out"
	done
}

# "ADDRESS USER" of each failure that Dovecot logged.
logged() {
	sed -n 's/.*imap-login:.*auth failed.*user=<\([^>]*\)>.*rip=\([^,]*\),.*/\2 \1/p' "$tmp/bookworm/dovecot.log"
}

# One line for each group: name, failures, users, addresses.
added_up() { # awk: sets name from $1 (address) and $2 (user)
	logged | awk "{ $1; failures[name]++
		if (!seen[name \" \" \$2]++) users[name]++
		if (!from[name \"/\" \$1]++) addresses[name]++ }
		END { for (name in failures) print name, failures[name], users[name], addresses[name] }" | sort
}

printed() { # network, address or user
	failures --by "$1" --json | jq -r "[.$1, .failures, .users, .addresses] | join(\" \")" | sort
}

as_logged() { # network, address or user; awk
	[[ -n $(logged) ]]
	same "$(added_up "$2")" "$(printed "$1")"
}

none_is_one() { # option...
	local status=0
	failures "$@" > "$tmp/out" || status=$?
	same 1 "$status"
	same NETWORK "$(awk '{ print $1 }' "$tmp/out")" # the titles alone
}

harness_start bookworm
dovetap_start --root "$harness_root" --config "$conf" --dict "sqlite:path=$tmp/state/db"
login imap well@example.com > "$tmp/out"
nobody_has_failed() {
	recorded imap/well@example.com
	none_is_one
}
check 'who has not failed is not there' eventually nobody_has_failed
fail anna@example.com 127.0.7.1 3
fail bert@example.com 127.0.7.1 1
fail cleo@example.com 127.0.7.2 2
fail dora@example.com 127.0.8.1 4
fail anna@example.com 127.0.9.9 1
login imap cleo@example.com --from 127.0.7.9 > "$tmp/out"
login imap anna@example.com --from 127.0.1.1 > "$tmp/out"

check 'by network, with the users of each' eventually as_logged network 'name = $1; sub(/[0-9]+$/, "0/24", name)'
check 'by address' as_logged address 'name = $1'
check 'by user' as_logged user 'name = $2'
check 'most users first' same 127.0.7.0/24 "$(failures --json | jq -r .network | head -n 1)"
check 'who got in from there is marked' same '127.0.7.0/24 1' \
	"$(failures --json | jq -r 'select(.succeeded > 0) | "\(.network) \(.succeeded)"')"
check 'a user may get in from anywhere' same 'anna@example.com cleo@example.com' \
	"$(failures --by user --succeeded --json | jq -r .user | sort | paste -sd' ')"
check 'a threshold of users' same 127.0.7.0/24 "$(failures --users 3 --json | jq -r .network)"
check 'and of failures' same dora@example.com "$(failures --by user --failures 4 --json | jq -r .user | grep dora)"
check 'nobody is status 1, somebody 0, for scripts' none_is_one --users 4
check 'by failures, too' none_is_one --failures 7
check 'the table has names' grep -qE '^127\.0\.8\.0/24 +4 +1 +1 +0 +20' <(failures)
check 'CSV has a line of names' same 'network,failures,users,addresses,succeeded,first,last' "$(failures --csv | head -n 1)"
check 'and a line each' grep -qE '^127\.0\.8\.0/24,4,1,1,0,20' <(failures --csv)

sleep 1.1 # so that all of it is more than a second ago
check 'how far back is counted' none_is_one --since 1s
check 'far back there is all' same '127.0.7.0/24 127.0.8.0/24 127.0.9.0/24' \
	"$(failures --since 30d --json | jq -r .network | paste -sd' ')"
dovetap_stop
printf 'dovetap {\n  history_failures = 20\n}\n' > "$conf"
check 'without logins nobody is known to have got in' same '127.0.7.0/24 null' \
	"$(failures --json | jq -r '"\(.network) \(.succeeded)"' | head -n 1)"
printf 'dovetap {\n  history = 20\n}\n' > "$conf"
check 'without failures that is an error of the configuration' fails_with 78 'no failures are kept' \
	"$dovetap" failures "${where[@]}"
