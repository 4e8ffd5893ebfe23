#!/bin/bash
# SPDX-License-Identifier: MIT
# A master ends while a client logs in: its processes go on with the client, as children of init. What
# they do then is recorded, also when they ran before dovetap did. The oracle is what the client was
# told, and the log of the Dovecot that is left.
. "$(dirname "$0")/lib.sh"
plan 16

# A second Dovecot with the harness's files, outside of its process namespace: there the first process,
# to which orphans fall, is a master itself.
second_start() {
	second=/run/second second_pid=''
	! alone || return 0
	second_port=$(free_port)
	sed -e "s|^base_dir = .*|base_dir = $second|" -e "s|/harness/dovecot.log|/harness/second.log|" \
		-e 's|^protocols = .*|protocols = imap|' \
		-e "s|port = $(sed -n 's/^IMAP=//p' "$tmp/$harness/ports")\$|port = $second_port|" \
		"$tmp/$harness/dovecot.conf" > "$tmp/$harness/second.conf"
	run_in_background "$tmp/second.log" nsenter --target "$harness_master" --mount --root \
		/usr/sbin/dovecot -F -c /harness/second.conf
	second_pid=$pid
	eventually answers "$second_port" || bail "second: $(tail -n 5 "$tmp/$harness/second.log")"
}

client_connects() {
	! alone || return 1
	exec {client}<> "/dev/tcp/127.0.0.1/$second_port"
	read -r line <&"$client"
	client_says 'a NOOP'
}

client_says() { # line: prints the answer
	local answer
	printf '%s\r\n' "$1" >&"$client"
	until [[ ${answer:-} == "${1%% *} "* ]]; do
		read -r -t "$(seconds_at_most 30)" answer <&"$client" || return
	done
	echo "$answer"
}

client_is_refused() { # user
	! alone || return 1
	client_says "b LOGIN $1 wrong" | grep '^b NO .*AUTHENTICATIONFAILED'
}

second_is_killed() {
	! alone || return 1
	kill -KILL "$second_pid"
	wait "$second_pid" || true
	process_is_gone "$second_pid"
}


audited() { # user: uid's account and verdict of its failed authentication
	jq -r --arg user "$1" 'select(.user == $user and .event == "failure") | .unverified // "proved"' \
		"$tmp/audit/log"
}

is_audited() { # user
	same proved "$(audited "$1")"
}

refused() {
	metrics | awk '/^dovetap_records_judged_total/ && !/"(proved|unverified)"/ { sum += $2; seen = 1 }
		END { print seen ? sum + 0 : "none" }'
}

dovetap_begins() {
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	printf 'dovetap {\n  audit_log = %s\n  require_proof = yes\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	dovetap_start_recording --config "$tmp/dovetap.conf"
}

scenario() { # when dovetap starts
	[[ $1 == before ]] && dovetap_begins
	second_start
	client_connects > "$tmp/out"
	[[ $1 == after ]] && dovetap_begins
	login imap proof@example.com > "$tmp/out" # of the layout
	check "$version, dovetap $1: the master is killed" second_is_killed
	check "$version, dovetap $1: a client is told by what it left that its password is wrong" \
		client_is_refused "orphan-$1@example.com"
	check "$version, dovetap $1: that is recorded, as proved" eventually is_audited "orphan-$1@example.com"
	check "$version, dovetap $1: nothing is refused" same 0 "$(refused)"
	dovetap_stop
	! alone && exec {client}>&-
}

for version in bookworm trixie; do
	harness_start "$version"
	scenario before
	scenario after
	harness_stop
done
