#!/bin/bash
# SPDX-License-Identifier: MIT
# A session that Dovecot puts aside while it idles, and takes up again, is still one login.
. "$(dirname "$0")/lib.sh"
plan 9

is_put_aside() {
	harness_runs imap-hibernate && ! harness_runs imap
}

users_made() { # of those that are not marked as taken up again
	"$dovetap" replay --json "$tmp/state/record" |
		jq -r 'select(.type == "mail_user" and (.flags | index("session_restored") | not)) | .username'
}

scenario() {
	dovetap_start_recording --record "$tmp/state/record"
	login imap idler@example.com --idle-until "$tmp/awake" > "$tmp/out" &
	session=$!
	check "$version: an idle session is put aside" eventually is_put_aside
	touch "$tmp/awake"
	check "$version: and taken up again" wait "$session"
	login imap last@example.com > "$tmp/out"
	eventually recorded imap/idler@example.com imap/last@example.com
	dovetap_stop
	check "$version: that was one login" same $'idler@example.com\nlast@example.com' "$(users_made)"
	rm "$tmp/awake" "$tmp/state/record"
}

on_each_version scenario
