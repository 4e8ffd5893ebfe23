#!/bin/bash
# SPDX-License-Identifier: MIT
# What authentication, mail process and login process know of one login becomes one event: who asked,
# how, from where behind a trusted proxy, and how long it took. 200 logins at once get 200 of them.
. "$(dirname "$0")/lib.sh"
plan 15

haproxy_port=$(free_port)

behind_haproxy() {
	cat << END
haproxy_trusted_networks = 127.0.0.0/8
service imap-login {
  inet_listener imap_haproxy {
    port = $haproxy_port
    haproxy = yes
  }
}
END
}

configure() {
	cat > "$tmp/dovetap.conf" << END
dovetap {
  audit_log = $tmp/state/audit
}
END
}

many() {
	local i
	for ((i = 1; i <= 100; i++)); do
		echo "{\"service\": \"imap\", \"user\": \"user$i@example.com\", \"tls\": true}"
		echo "{\"service\": \"pop3\", \"user\": \"user$i@example.com\"}"
	done
}

through_haproxy() {
	cat << 'END'
{"service": "imap", "user": "somebody@example.com", "master": "admin", "password": "secret",
END
	echo '"listener": "HAPROXY", "haproxy": "192.0.2.55 198.51.100.1 4444 143", "tls": true}'
}

told() { # jq filter, expected: of the login events
	same "$2" "$(jq -rs "map(select(.event == \"login\")) | $1" "$tmp/state/audit")"
}

logins_are() { # count of auth, login and joined
	same "$1 $1 $1" "$(metric 'dovetap_login_events_total{kind="auth"}') $(
		metric 'dovetap_login_events_total{kind="login"}') $(metric dovetap_logins_joined_total)"
}

scenario() {
	rm -f "$tmp/state/audit"
	configure
	dovetap_start_recording --config "$tmp/dovetap.conf"
	through_haproxy | tr -d '\n' | login - > "$tmp/out"
	check "$version: one login, one event" eventually logins_are 1
	check "$version: all that is known of it" told '.[0] | [.user, .master_user, .mech, .remote_ip,
		.remote_port, .local_ip, .tls, .outcome, .real_remote_ip, .auth_us > 0] | join(" ")' \
		'somebody@example.com admin PLAIN 192.0.2.55 4444 198.51.100.1 true ok 127.0.0.1 true'
	many | login - --parallel 200 > "$tmp/out"
	check "$version: 200 logins at once" eventually logins_are 201
	dovetap_stop
	check "$version: each of them once, with its own connection" told \
		'.[1:] | map("\(.service) \(.user) \(.remote_port)") | sort | join("\n")' \
		"$(jq -r '"\(.service) \(.user) \(.port)"' "$tmp/out" | LC_ALL=C sort)"
	check "$version: and with how it was authenticated" told \
		'.[1:] | map("\(.service) \(.mech) \(.tls) \(.outcome)") | unique | join(", ")' \
		'imap PLAIN true ok, pop3 PLAIN false ok'
}

for version in bullseye bookworm trixie; do
	mkdir -p "$tmp/$version"
	behind_haproxy > "$tmp/$version/extra.conf"
	harness_start "$version"
	echo "HAPROXY=$haproxy_port" >> "$tmp/$version/ports"
	scenario
	harness_stop
done
