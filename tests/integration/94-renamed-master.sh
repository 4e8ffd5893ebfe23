#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot whose first program has another name is known by its contents: one that runs already, one that
# starts later, one whose file was replaced while it runs, one that an earlier dovetap has seen. A local
# user's own program does not become a master that way, whatever it needs and imports.
. "$(dirname "$0")/lib.sh"
plan 26

domain=renamed-$$.example
declare -A abi=([bookworm]='2.3.ABIv19(2.3.19.1)' [trixie]='2.4.ABIv1')
storage=/usr/lib/dovecot/libdovecot-storage.so.0

rename_master() { # name of the harness, path
	! alone || return 0
	mkdir -p "$tmp/$1"
	echo "$2" > "$tmp/$1/master"
	cp -a "$(root_folder "$1")/usr/sbin/dovecot" "$(harness_file "$1" "$2")"
}

# What a local user may have in his own folder: the real master by another name, and a program that is one
# by all that can be read of it.
put_forgery() {
	mkdir -p "$harness_root/claim"
	cp "$top/.output/tests/target/claim" \
		"$top/.output/tests/target/false-master" "$top/layouts/dovecot.layouts" "$harness_root/claim"
	chown -R nobody:nogroup "$harness_root/claim"
	chmod -R a+rX "$harness_root/claim"
}

forge() { # user of the container, name in the login: below a master of his own, by its contents
	chroot --userspec="$1" "$harness_root" env LD_LIBRARY_PATH=/usr/lib/dovecot /claim/false-master \
		/claim/claim "$storage" hook_mail_user_created "${abi[$version]}" /claim/dovecot.layouts "$2" 3
}

judged_at_least() { # count verdict
	at_least "$1" "$(metric "dovetap_records_judged_total{verdict=\"$2\"}")"
}

is_recorded() { # SERVICE/USER
	records | grep -qxF -- "$1"
}

is_taken_for_master() { # name of a file
	grep -q "/$1: is Dovecot's master by its contents" "$tmp/dovetap.log"
}

forgery_is_found() { # it ends sooner than a search may come to it
	forge nobody:nogroup ceo > "$tmp/claims" 2>&1
	is_taken_for_master false-master
}

proved() { # user: whether its login is believed without reserve
	same null "$(jq -r --arg user "$1" 'select(.user == $user and .event == "login") | .unverified' \
		"$tmp/audit/log" | sort -u)"
}

start_recording() { # arguments of "dovetap run"
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	printf 'dovetap {\n  require_proof = yes\n  audit_log = %s\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	rm -f "$tmp/state/db"*
	dovetap_start --dict "sqlite:path=$tmp/state/db" --config "$tmp/dovetap.conf" "$@"
}

scenario() {
	start_recording
	check "$version: the master that runs already" eventually is_taken_for_master mail-server
	login imap "one@$domain" > "$tmp/out"
	login pop3 "one@$domain" >> "$tmp/out"
	check "$version: its logins" eventually is_recorded "imap/one@$domain"
	check "$version: of each service" eventually is_recorded "pop3/one@$domain"
	check "$version: are proved" eventually proved "one@$domain"

	put_forgery
	check "$version: a user's program that imports what a master does is found" eventually forgery_is_found
	forge nobody:nogroup ceo > "$tmp/claims" 2>&1
	check "$version: and calls the probed function" grep -q '3 calls' "$tmp/claims"
	check "$version: which makes it a user's master" eventually judged_at_least 3 user_master
	login imap "two@$domain" > "$tmp/out"
	check "$version: others go on" eventually is_recorded "imap/two@$domain"
	records > "$tmp/records"
	check "$version: none of what it made up is recorded" has_no_line '/ceo' "$tmp/records"

	mv "$harness_root/usr/sbin/mail-server" "$harness_root/usr/sbin/mail-server.before"
	cp -a "$(root_folder "$version")/usr/sbin/dovecot" "$harness_root/usr/sbin/mail-server"
	rm "$harness_root/usr/sbin/mail-server.before"
	login imap "replaced@$domain" > "$tmp/out"
	check "$version: the file was replaced, the master goes on" eventually is_recorded "imap/replaced@$domain"
	harness_stop
	harness_start "$version"
	check "$version: one that starts under dovetap's eyes" eventually is_taken_for_master mail-server
	login imap "later@$domain" > "$tmp/out"
	check "$version: is believed" eventually is_recorded "imap/later@$domain"
	dovetap_stop

	start_recording --root "$harness_root"
	login imap "below@$domain" > "$tmp/out"
	check "$version: below a root" eventually is_recorded "imap/below@$domain"
	dovetap_stop
}

for version in bookworm trixie; do
	rename_master "$version" /usr/sbin/mail-server
	harness_start "$version"
	scenario
	harness_stop
done
