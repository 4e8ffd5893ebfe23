#!/bin/bash
# SPDX-License-Identifier: MIT
# Whatever else makes users inside Dovecot, only people who log in are recorded. The login at the
# end comes after all that must leave no trace: when it is there, they would be.
. "$(dirname "$0")/lib.sh"
plan 24

scenario() {
	dovetap_start_recording
	check "$version: a wrong password" login imap mallory@example.com --password no --fails
	check "$version: a mail is delivered" login lmtp delivered@example.com
	check "$version: doveadm opens a mailbox" doveadm mailbox list -u doveadm@example.com
	check "$version: a service that is not asked for" login submission other@example.com
	check "$version: an administrator as somebody" \
		login imap somebody@example.com --master admin --password secret
	check "$version: an owner shares a mailbox" \
		login imap owner@example.com \
		--command 'SETACL INBOX guest@example.com lrs'
	check "$version: a guest opens it" \
		login imap guest@example.com --command 'SELECT shared/owner@example.com/INBOX'
	login pop3 last@example.com > "$tmp/out"
	check "$version: just the logins are recorded" eventually recorded imap/somebody@example.com \
		imap/owner@example.com imap/guest@example.com pop3/last@example.com
	dovetap_stop
}

on_each_version scenario
