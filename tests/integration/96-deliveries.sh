#!/bin/bash
# SPDX-License-Identifier: MIT
# Deliveries by a real Postfix: its pipe(8) as the mail system's user, and its local(8) with a
# mailbox_command, run dovecot-lda, which no master of Dovecot's has started. None of them is refused; what
# is not proved is marked.
. "$(dirname "$0")/lib.sh"
plan 12

queue=$tmp/postfix

# The machine's accounts and the mail system's, for Postfix alone; and a way into Dovecot's files with the
# user that Postfix has set.
make_accounts() {
	(cat /etc/passwd; echo 'vmail:x:5000:5000::/:/bin/false') > "$tmp/passwd"
	(cat /etc/group; echo 'vmail:x:5000:') > "$tmp/group"
	cp "$(command -v chroot)" "$tmp/enter"
	chmod 4755 "$tmp/enter"
}

lda() { # user: the command
	echo "$tmp/enter --userspec=5000:5000 $harness_root /usr/lib/dovecot/dovecot-lda -c /harness/dovecot.conf -d $1"
}

mta_start() { # in Dovecot's namespace of processes, as on one machine
	smtp_port=$(free_port) postfix_pid=''
	! alone || return 0
	rm -rf "$queue"
	mkdir -p "$queue"/{etc,queue,data}
	chown postfix: "$queue/data"
	cat > "$queue/etc/main.cf" <<- END
		compatibility_level = 3.6
		queue_directory = $queue/queue
		data_directory = $queue/data
		maillog_file = $queue/log
		maillog_file_prefixes = $queue
		inet_interfaces = 127.0.0.1
		inet_protocols = ipv4
		myhostname = mail.example
		mydestination = local.example
		local_recipient_maps =
		alias_maps =
		virtual_mailbox_domains = example.com
		virtual_transport = dovecot
		dovecot_destination_recipient_limit = 1
		mailbox_command = $(lda local@example.com)
	END
	cat > "$queue/etc/master.cf" <<- END
		127.0.0.1:$smtp_port inet n - n - 10 smtpd
		bounce unix - - n - 0 bounce
		cleanup unix n - n - 0 cleanup
		defer unix - - n - 0 bounce
		dovecot unix - n n - - pipe flags=DRhu user=vmail:vmail argv=$(lda '${recipient}')
		local unix - n n - - local
		postlog unix-dgram n - n - 1 postlogd
		qmgr unix n - n 300 1 qmgr
		rewrite unix - - n - - trivial-rewrite
	END
	run_in_background "$tmp/postfix.log" nsenter --target "$harness_master" --pid unshare --mount bash -ec "
		mount --bind '$tmp/passwd' /etc/passwd
		mount --bind '$tmp/group' /etc/group
		postfix -c '$queue/etc' check
		exec '$(postconf -c "$queue/etc" -h daemon_directory)/master' -c '$queue/etc' -d"
	postfix_pid=$pid
	eventually answers "$smtp_port" || bail "postfix: $(tail -n 5 "$tmp/postfix.log" "$queue/log")"
}

send() { # recipients
	python3 - "$smtp_port" "$@" <<- 'END'
		import smtplib, sys
		smtp = smtplib.SMTP("127.0.0.1", int(sys.argv[1]))
		for recipient in sys.argv[2:]:
		    smtp.sendmail("sender@mail.example", [recipient], "Subject: test\r\n\r\ntest\r\n")
		smtp.quit()
	END
}

is_recorded() { # SERVICE/USER
	records | grep -qxF -- "$1"
}

marked() { # user: whether its delivery is marked, "true" or "null"
	jq -r --arg user "$1" 'select(.user == $user and .event == "login") | .unverified' "$tmp/audit/log" |
		sort -u
}

none_is_refused() { # and verdicts are there
	metrics | awk '/^dovetap_records_judged_total/ && !/"(proved|unverified)"/ { sum += $2 }
		/^dovetap_records_judged_total/ { found = 1 } END { exit !found || sum > 0 }'
}

scenario() {
	rm -rf "$tmp/audit" && mkdir -m 1777 "$tmp/audit"
	! alone && chmod a+w "$tmp/$harness/dovecot.log" # as an MTA's user may
	printf 'dovetap {\n  services = imap lda\n  audit_log = %s\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	dovetap_start_recording --config "$tmp/dovetap.conf"
	mta_start
	send early@example.com vmail@local.example
	check "$version: a delivery by pipe(8)" eventually is_recorded lda/early@example.com
	check "$version: one by local(8)" eventually is_recorded lda/local@example.com
	check "$version: are marked" eventually same true "$(marked early@example.com)"
	login imap {a,b,c,d}@example.com > "$tmp/out"
	eventually is_recorded imap/d@example.com
	send late@example.com
	check "$version: a delivery when people have logged in" eventually is_recorded lda/late@example.com
	check "$version: is proved" eventually same null "$(marked late@example.com)"
	check "$version: none is refused" none_is_refused
	stop "$postfix_pid"
	dovetap_stop
}

make_accounts
for version in bookworm trixie; do
	harness_start "$version"
	scenario
	harness_stop
done
