#!/bin/bash
# SPDX-License-Identifier: MIT
# Real logins of users whose names are an attack (tests/hostile-names): what Dovecot accepts is stored
# byte for byte in every dict, expanded by nobody, and harmless wherever it is shown.
. "$(dirname "$0")/lib.sh"
plan 28

hostile() {
	"$top/tests/harness/hostile" "$@"
}

log_in_each() { # file for what came of it; Dovecot refuses some, but each has been tried
	hostile sessions > "$tmp/sessions"
	login - < "$tmp/sessions" > "$1" || same "$(wc -l < "$tmp/sessions")" "$(wc -l < "$1")"
}

ask() { # subcommand, arguments
	"$dovetap" "$1" --config "$tmp/sqlite.conf" --state-dir "$tmp/state" "${@:2}"
}

losses_are_the_long_names() {
	same "$(hostile too-long "$tmp/logins") lost, 0 unexplained" \
		"$("$dovetap" status --control "$tmp/state/control.sock" | tail -n 1)"
}

each_is_found() { # by its name, as it is
	local name
	[[ -s $tmp/users ]]
	while IFS= read -r -d '' name; do
		printf '%s\0' "$name" | ask lookup --json --null - | jq -es 'flatten | length > 0' ||
			{ printf '%q is not found\n' "$name"; return 1; }
	done < "$tmp/users"
}

outputs() { # of everything that prints names, for people and for programs
	"$dovetap" status --control "$tmp/state/control.sock" > "$tmp/status.text" &&
		"$dovetap" status --json --control "$tmp/state/control.sock" > "$tmp/status.json" &&
		"$dovetap" top --control "$tmp/state/control.sock" > "$tmp/top.text" &&
		"$dovetap" top --json --control "$tmp/state/control.sock" > "$tmp/top.json" &&
		"$dovetap" top --failures --control "$tmp/state/control.sock" > "$tmp/failures.text" &&
		"$dovetap" top --failures --json --control "$tmp/state/control.sock" > "$tmp/failures.json" &&
		ask inactive --older 1d --since 2000-01-01 $'never\x1b[2J\xff' > "$tmp/inactive.text" &&
		ask lookup --all > "$tmp/lookup.text" &&
		ask lookup --all --json > "$tmp/lookup.json" &&
		ask lookup --null - < "$tmp/users" > "$tmp/lookup-each.text" &&
		each_has_lines "$tmp"/{status,top,failures,inactive,lookup,lookup-each}.text
}

each_has_lines() { # files: two or more
	local file
	for file in "$@"; do
		at_least 2 "$(wc -l < "$file")" || { echo "$file"; return 1; }
	done
}

spooled() {
	local config=(--config "$tmp/dovetap.conf" --state-dir "$tmp/state")
	"$dovetap" spool list "${config[@]}" > "$tmp/spool.text" &&
		"$dovetap" spool export "${config[@]}" > "$tmp/spool.json" &&
		same "$(wc -l < "$tmp/spool.json")" "$(wc -l < "$tmp/spool.text")" &&
		at_least "$(tr -cd '\0' < "$tmp/users" | wc -c)" "$(wc -l < "$tmp/spool.json")" &&
		at_least 40 "$(wc -l < "$tmp/spool.json")"
}

spool_is_harmless() {
	hostile plain "$tmp/spool.text" && hostile json "$tmp/spool.json"
}

series() {
	metrics > "$tmp/metrics"
	hostile series "$tmp/metrics" | grep -v '^dovetap_dict_last_success_timestamp_seconds' # there is none before the first
}

scenario() { # version, called with a harness of it
	redis_start
	cat > "$tmp/sqlite.conf" <<- END
		plugin {
		  last_login_dict = sqlite:path=$tmp/state/db
		  last_login_key = ll/%{user}
		}
	END
	cat > "$tmp/dovetap.conf" <<- END
		!include sqlite.conf
		dovetap {
		  mirror_dicts = redis:host=127.0.0.1:port=$redis_port
		  audit_log = $tmp/state/audit.json
		}
	END
	rm -f "$tmp/state"/{db,audit.json,events}*
	redis flushall > "$tmp/out"
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf" --live --record "$tmp/state/events"
	login imap nobody@example.com --fails --password wrong > "$tmp/out"
	# It waits until the layout is proved, by its form where nobody has logged in.
	eventually metric_is 'dovetap_auth_failures_total{service="imap",reason="password_mismatch"}' 1 > "$tmp/out"
	series > "$tmp/series.before"
	log_in_each "$tmp/logins"
	hostile users "$tmp/logins" > "$tmp/users"
	check "$1: Dovecot accepts many of them" at_least 40 "$(tr -cd '\0' < "$tmp/users" | wc -c)"
	check "$1: each that it accepts is in SQLite as it is" eventually hostile sqlite "$tmp/logins" "$tmp/state/db"
	check "$1: and in Redis" eventually hostile redis "$tmp/logins" "$redis_port"
	check "$1: each is found by its name" each_is_found
	check "$1: what does not fit is counted" losses_are_the_long_names
	check "$1: there is a live line for each login" hostile lines "$tmp/logins" "$tmp/live"
	check "$1: everything can be asked" outputs
	check "$1: what is printed for people is harmless" hostile plain "$tmp"/{status,top,failures,inactive,lookup,lookup-each}.text "$tmp/dovetap.log"
	check "$1: what is printed for programs is JSON" hostile json "$tmp"/{status,top,failures,lookup}.json "$tmp/state/audit.json"
	check "$1: no name gets into the metrics" same "$(< "$tmp/series.before")" "$(series)"
	check "$1: whose labels are plain" hostile labels "$tmp/metrics"

	redis_stop
	log_in_each "$tmp/again"
	check "$1: the spool tells what waits" eventually spooled
	check "$1: and is harmless" spool_is_harmless
	dovetap_stop
	"$dovetap" replay --json "$tmp/state/events" > "$tmp/replay.json"
	check "$1: so is a replay" hostile json "$tmp/replay.json"
	harness_stop
}

harness_start bookworm
scenario bookworm
harness_start trixie
scenario trixie
