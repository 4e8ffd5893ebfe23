#!/bin/bash
# SPDX-License-Identifier: MIT
# "dovetap check" looks at every file and directory that the configuration names, and makes and changes none:
# not the state directory, nor the audit stream's file, nor a line in it that was cut.
. "$(dirname "$0")/lib.sh"
plan 12

places=$tmp/places
inventory() {
	find "$places" -printf '%p %y %m %u %g %s %T@\n' | sort
}

config() { # dict
	printf '%s\n' 'dovetap {' "  state_dir = $places/state" "  audit_log = $places/audit.log" \
		"  control_socket = $places/run/control.sock" '}' 'plugin {' "  last_login_dict = $1" '}' > "$tmp/dovetap.conf"
}

# It looks at all of it, which its findings show.
check_changes_nothing() {
	local before
	before=$(inventory)
	"$dovetap" check --config "$tmp/dovetap.conf" > "$tmp/check" || true
	has_line "^ok +dict +.*: answers" "$tmp/check"
	has_line "^ok +audit +$places/audit.log: can be written" "$tmp/check"
	same "$before" "$(inventory)"
}

prepare() { # files: "nothing", "all" or "cut"
	rm -rf "$places"
	mkdir -p "$places"
	[[ $1 != nothing ]] || return 0
	mkdir -p "$places"/{state,run,dir}
	printf '{"version":1}\n' > "$places/audit.log"
	[[ $1 != cut ]] || printf '{"versi' >> "$places/audit.log"
}

for files in nothing all cut; do
	for dict in sqlite: "sqlite:path=$places/own.db" "file:$places/dict" "fs:posix:prefix=$places/fs/"; do
		prepare "$files"
		chown -R nobody "$places"
		config "$dict"
		check "${dict//$places\//}, $files is there: check changes nothing" check_changes_nothing
	done
done
