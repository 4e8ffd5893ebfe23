#!/bin/bash
# SPDX-License-Identifier: MIT
# A Dovecot that passes logins on to another one, which is there or not. Watched is the proxy alone:
# it opens no mailbox, so the plugin would record nothing. With last_login_source = proxy a login
# counts once the backend has taken it.
. "$(dirname "$0")/lib.sh"
plan 33

port_of() { # harness, name
	sed -n "s/^$2=//p" "$tmp/$1/ports"
}

proxied_users() { # backend: where whose login goes
	cat << END
imap@example.com:{PLAIN}pass::::::proxy=y host=127.0.0.1 port=$(port_of "$1" IMAP)
sender@example.com:{PLAIN}pass::::::proxy=y host=127.0.0.1 port=$(port_of "$1" SUBMISSION)
refused@example.com:{PLAIN}pass::::::proxy=y host=127.0.0.1 port=$(port_of "$1" IMAP) pass=no
nowhere@example.com:{PLAIN}pass::::::proxy=y host=127.0.0.1 port=1
END
	for ((i = 1; i <= 30; i++)); do
		echo "user$i@example.com:{PLAIN}pass::::::proxy=y host=127.0.0.1 port=$(port_of "$1" IMAP)"
	done
}

write_23() {
	cat << 'END'
passdb {
  driver = passwd-file
  args = /harness/users
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=/mail/%u
}
END
}

write_24() {
	cat << 'END'
passdb users {
  driver = passwd-file
  passwd_file_path = /harness/users
}
userdb static {
  fields {
    uid = 5000
    gid = 5000
    home = /mail/%{user}
  }
}
END
}

write_proxy() { # version, backend
	local dir=$tmp/$1
	mkdir -p "$dir"
	proxied_users "$2" > "$dir/users"
	if [[ $1 == trixie ]]; then write_24; else write_23; fi > "$dir/users.conf"
	printf 'ssl = no\n' > "$dir/extra.conf"
}

configure() { # source
	cat > "$tmp/dovetap.conf" << END
dovetap {
  audit_log = $tmp/state/audit
}
plugin {
  last_login_dict = sqlite:path=$tmp/state/db
  last_login_source = $1
  last_auth_key = last-auth/%{service}/%{user}/%{rip}
}
protocol submission {
  last_login_source = $1
}
END
}

watch_proxy() { # source
	rm -rf "$tmp/state/"*
	configure "$1"
	dovetap_start --root "$proxy_root" --config "$tmp/dovetap.conf" --record "$tmp/state/record"
}

authenticated() { # SERVICE/USER...: exactly these
	same "$(printf '%s\n' "$@" | sort)" "$(sqlite3 -readonly "$tmp/state/db" \
		"SELECT service || '/' || userid FROM last_auth" | sort)"
}

counts() { # auth, proxy, login, lost
	same "$*" "$(for kind in auth proxy login; do
		metric "dovetap_login_events_total{kind=\"$kind\"}"
	done | xargs) $(metric 'dovetap_events_lost_total{stage="join",reason="no_auth"}')"
}

audited() { # the audit stream has these, and no more of any kind
	same "$(printf '%s\n' "$@" | sort)" "$(jq -r \
		'[.event, .service, .user, .proxy_host, .remote_ip, .outcome] | join(" ")' "$tmp/state/audit" | sort)" &&
		"$top/tests/golden/audit-schema.py" "$top/docs/audit.schema.json" "$tmp/state/audit"
}

backend_hosts() { # of the authentications
	"$dovetap" replay --json "$tmp/state/record" |
		jq -r 'select(.type == "auth") | "\(.username) \(.proxy_host)"'
}

scenario() {
	watch_proxy proxy
	check "$version: an IMAP login is passed on" login imap imap@example.com
	check "$version: a submission login, too" login submission sender@example.com
	check "$version: the backend refuses one" login imap refused@example.com --fails
	check "$version: another has no backend at all" login imap nowhere@example.com --fails
	check "$version: two logins were taken" eventually recorded imap/imap@example.com \
		submission/sender@example.com
	check "$version: four have authenticated" eventually authenticated imap/imap@example.com \
		submission/sender@example.com imap/refused@example.com imap/nowhere@example.com
	check "$version: nothing more, nothing less" counts 4 2 0 0
	check "$version: so does the audit stream tell" eventually audited \
		{auth,proxy}\ {'imap imap','submission sender'}'@example.com 127.0.0.1 127.0.0.1 ok' \
		auth\ imap\ {refused,nowhere}'@example.com 127.0.0.1 127.0.0.1 ok'
	dovetap_stop
	check "$version: the backend is told" same 'imap@example.com 127.0.0.1
sender@example.com 127.0.0.1
refused@example.com 127.0.0.1
nowhere@example.com 127.0.0.1' "$(backend_hosts)"
	watch_proxy any
	check "$version: 30 logins at once" login imap user{1..30}@example.com --parallel 30
	check "$version: each is recorded once" eventually counts 30 30 0 0
	dovetap_stop
}

for version in bullseye bookworm trixie; do
	backend=bookworm
	[[ $version != bookworm ]] || backend=trixie
	harness_start "$backend"
	backend_pid=$harness_pid
	write_proxy "$version" "$backend"
	harness_start "$version"
	proxy_root=$harness_root
	scenario
	harness_stop
	stop "$backend_pid"
	rm -r "${tmp:?}/$version"
done
