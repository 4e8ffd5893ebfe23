#!/bin/bash
# SPDX-License-Identifier: MIT
# Nobody who logs in is taken for a forger: the services that a master starts, and what works without
# one: deliveries that an MTA hands to dovecot-lda, imap in a user's own hands.
. "$(dirname "$0")/lib.sh"
plan 20

write_conf() { # settings...
	cat > "$tmp/dovetap.conf" << END
dovetap {
  services = imap pop3 lmtp lda submission managesieve sieve
  audit_log = $tmp/audit/log
  $*
}
END
}

# As the mail system's user, whom root has let an MTA become; beside the master's processes.
as_mail_user() { # uid command...: by a process of root's
	nsenter --target "$harness_master" --pid --mount --root \
		chroot --userspec="$1:$1" / "${@:2}"
}

by_himself() { # uid command...: by a process of the same user
	as_mail_user "$1" sh -c '"$@"; true' sh "${@:2}"
}

deliver() { # uid user
	printf 'Subject: test\n\ntest\n' |
		as_mail_user "$1" /usr/lib/dovecot/dovecot-lda -c /harness/dovecot.conf -d "$2"
}

deliver_by_himself() { # uid user
	printf 'Subject: test\n\ntest\n' |
		by_himself "$1" /usr/lib/dovecot/dovecot-lda -c /harness/dovecot.conf -d "$2"
}

read_mail() { # uid user: imap without a master, as through ssh
	printf 'a LOGOUT\r\n' | by_himself "$1" env USER="$2" HOME="/mail/$2" \
		doveadm -c /harness/dovecot.conf exec imap
}

is_recorded() { # SERVICE/USER
	records | grep -qxF -- "$1"
}

marked() { # user: whether its login is marked, "true" or "null"
	jq -r --arg user "$1" 'select(.user == $user and .event == "login") | .unverified' "$tmp/audit/log" |
		sort -u
}

refused() { # sum of all verdicts that refuse; nothing where no verdict is told
	metrics | awk '/^dovetap_records_judged_total/ && !/"(proved|unverified)"/ { sum += $2; found = 1 }
		END { if (found) print sum; exit !found }'
}

scenario() {
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	chmod a+w "$tmp/$harness/dovecot.log" # as an MTA's user may
	write_conf
	dovetap_start_recording --config "$tmp/dovetap.conf"
	deliver 5000 early@example.com
	check "$version: a delivery by an MTA, before anything is known of its user" \
		eventually is_recorded lda/early@example.com
	check "$version: is marked" eventually same true "$(marked early@example.com)"
	for i in 1 2 3 4 5; do
		login imap "u$i@example.com"
		login pop3 "u$i@example.com"
	done > "$tmp/out"
	login lmtp lmtp@example.com >> "$tmp/out"
	check "$version: what a master starts" eventually is_recorded lmtp/lmtp@example.com
	check "$version: is not marked" eventually same null "$(marked u5@example.com)"
	deliver 5000 late@example.com
	check "$version: a delivery to the user of people who have logged in" eventually is_recorded lda/late@example.com
	check "$version: is not marked either" eventually same null "$(marked late@example.com)"
	read_mail 5000 tunnel@example.com > "$tmp/imap.out" 2>&1
	note < "$tmp/imap.out"
	check "$version: imap in the user's own hands" eventually is_recorded imap/tunnel@example.com
	check "$version: none of them is refused" same 0 "$(refused)"
	dovetap_stop

	write_conf 'require_proof = yes'
	rm -f "$tmp/audit/log"
	dovetap_start_recording --config "$tmp/dovetap.conf"
	deliver 5000 early@example.com
	login imap after@example.com > "$tmp/out"
	eventually is_recorded imap/after@example.com
	check "$version: where proof is required, a delivery has none at first" \
		metric_is 'dovetap_records_judged_total{verdict="unproved"}' 1
	check "$version: and what a master starts has" recorded imap/after@example.com
	dovetap_stop
}

for version in bookworm trixie; do
	harness_start "$version"
	scenario
	harness_stop
done
