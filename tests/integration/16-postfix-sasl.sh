#!/bin/bash
# SPDX-License-Identifier: MIT
# A real Postfix asks Dovecot about passwords (smtpd_sasl_type = dovecot): no mailbox is opened, so
# the plugin would record nothing. With last_login_source = auth dovetap does, and the last failure
# of each user as well.
. "$(dirname "$0")/lib.sh"
plan 24

configure() {
	cat > "$tmp/dovetap.conf" << END
plugin {
  last_login_dict = sqlite:path=$tmp/state/db
  last_login_key = last-login/%{service}/%{user}/%{rip}
  last_failure_key = last-failure/%{service}/%{user}/%{rip}
}
protocol smtp {
  last_login_source = $1
}
END
}

dovetap_start_for() { # source
	rm -rf "$tmp/state/"*
	configure "$1"
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf" --record "$tmp/state/record"
}

rows() { # table
	sqlite3 -readonly "$tmp/state/db" \
		"SELECT service || '/' || userid || ' ' || last_ip FROM $1 ORDER BY userid, service"
}

table_is() { # table, rows...
	same "$(printf '%s\n' "${@:2}")" "$(rows "$1")"
}

all_of() { # USER CODE...: that is what the server said
	same "$(printf '%s\n' "${@}")" "$(< "$tmp/out")"
}

smtp() { # password, user...
	"$top/tests/harness/smtp-auth.py" "$smtp_port" "$@" > "$tmp/out"
}

many() { # count, before and behind the number
	local i
	for ((i = 1; i <= $1; i++)); do
		printf '%s%02d%s\n' "$2" "$i" "$3"
	done
}

count_events() { # outcome
	"$dovetap" replay --json "$tmp/state/record" |
		jq -c "select(.type == \"auth\" and .outcome == \"$1\")" | wc -l
}

no_record_after_all() { # every event was seen, and the login that may be recorded is there
	same 2 "$(metric 'dovetap_login_events_total{kind="auth"}')" &&
		table_is last_login 'imap/last@example.com 127.0.0.1'
}

scenario() {
	local users
	dovetap_start_for auth
	smtp pass sender@example.com
	check "$version: Postfix lets a sender in" all_of 'sender@example.com 235'
	smtp wrong mallory@example.com
	check "$version: and not with a wrong password" all_of 'mallory@example.com 535'
	check "$version: the sender has a last-login" \
		eventually table_is last_login 'smtp/sender@example.com 127.0.0.1'
	check "$version: the other one a last-failure" \
		eventually table_is last_failure 'smtp/mallory@example.com 127.0.0.1'
	mapfile -t users < <(many 50 user @example.com)
	smtp pass "${users[@]}"
	check "$version: 50 at once" eventually table_is last_login \
		smtp/sender@example.com' 127.0.0.1' "$(many 50 smtp/user '@example.com 127.0.0.1')"
	dovetap_stop
	check "$version: each is counted once" same '51 1' \
		"$(count_events ok) $(count_events password_mismatch)"
	dovetap_start_for mail_user
	smtp pass sender@example.com
	login imap last@example.com > "$tmp/out"
	check "$version: without the setting no mailbox, no login" eventually no_record_after_all
	dovetap_stop
	dovetap_start_for any
	smtp pass sender@example.com
	check "$version: any takes what Postfix asked" \
		eventually table_is last_login 'smtp/sender@example.com 127.0.0.1'
	dovetap_stop
}

for version in bullseye bookworm trixie; do
	mkdir -p "$tmp/$version"
	cat > "$tmp/$version/extra.conf" << 'END'
service auth {
  unix_listener /harness/postfix {
    mode = 0666
  }
}
END
	harness_start "$version"
	postfix_start "$tmp/$version/postfix"
	scenario
	stop "$postfix_pid"
	rm -r "$tmp/postfix"
	harness_stop
done
