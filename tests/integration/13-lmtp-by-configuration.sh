#!/bin/bash
# SPDX-License-Identifier: MIT
# The protocol blocks of the configuration say which services are recorded: with lmtp among them,
# deliveries are, one for each recipient.
. "$(dirname "$0")/lib.sh"
plan 3

scenario() {
	cat > "$tmp/dovetap.conf" << END
protocol lmtp {
  mail_plugins = last_login
}
protocol pop3 {
  mail_plugins = last_login
}
plugin {
  last_login_dict = sqlite:path=$tmp/state/db
}
END
	rm -f "$tmp/state/db"*
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
	login imap not-asked-for@example.com > "$tmp/out"
	login lmtp recipient@example.com >> "$tmp/out"
	login pop3 reader@example.com >> "$tmp/out"
	check "$version: lmtp and pop3, not imap" \
		eventually recorded lmtp/recipient@example.com pop3/reader@example.com
	dovetap_stop
}

on_each_version scenario
