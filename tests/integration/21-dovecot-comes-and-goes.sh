#!/bin/bash
# SPDX-License-Identifier: MIT
# dovetap starts first; Dovecot starts later, is restarted, and is upgraded while it runs. Nobody
# tells dovetap. Without --root it watches whatever runs on this machine, so the test looks only at
# users of its own.
. "$(dirname "$0")/lib.sh"
plan 5

domain=test-$$-$RANDOM.example

mine() { # SERVICE/USER...: exactly these of our domain are in the file
	same "$(printf "%s@$domain\n" "$@" | sort)" \
		"$(records | grep "@$domain$" | sort)"
}

replace_library() { # as a package upgrade does: a new file under the old name
	local library=$harness_root/usr/lib/dovecot/libdovecot-storage.so.0.0.0
	cp -a "$library" "$library.dpkg-new" && mv "$library.dpkg-new" "$library"
}

libraries_attached() {
	grep -c 'libdovecot-storage.*: attached to' "$tmp/dovetap.log"
}

# A login that comes sooner may win the race on a busy machine.
another_library_than() { # count before
	[[ $(libraries_attached) -gt $1 ]]
}

dovetap_start --dict "sqlite:path=$tmp/state/db"
harness_start bookworm
login imap "started-later@$domain" > "$tmp/out"
check 'Dovecot that was started later' eventually mine imap/started-later

harness_stop
harness_start bookworm
login imap "restarted@$domain" > "$tmp/out"
check 'Dovecot that was restarted' eventually mine imap/started-later imap/restarted

before=$(libraries_attached)
check 'the library is replaced under a running Dovecot' replace_library
eventually another_library_than "$before" | note
login imap "upgraded@$domain" > "$tmp/out"
check 'the next login is seen' eventually mine imap/started-later imap/restarted imap/upgraded

harness_start trixie
login pop3 "other@$domain" > "$tmp/out"
check 'another version beside it' eventually mine imap/started-later imap/restarted imap/upgraded \
	pop3/other
