#!/bin/bash
# SPDX-License-Identifier: MIT
# Layouts that lie, through the real probes on a real Dovecot: each member of each struct 4, 8 and 16
# bytes off in both directions, and everything behind it. Whatever dovetap makes of it, no record that
# is in the store is of a login that there was not, by the list of logins, Dovecot's log and the
# store's own client. The right layouts lose nothing and are not refused.
#
# CASES=all tries the whole table (make test-layouts); else a sample of it, by the SEED of the day.
. "$(dirname "$0")/lib.sh"

cases=${CASES:-24} seed=${SEED:-$(date +%j)}
versions=(bullseye bookworm trixie)

sessions() { # two users at a time: some of what is wrong shows only then
	cat << 'END'
{"service": "imap", "user": "ann@example.com", "from": "127.0.0.11"}
{"service": "pop3", "user": "bob@example.com", "from": "127.0.0.12"}
{"service": "imap", "user": "bob@example.com", "from": "127.0.0.13"}
{"service": "imap", "user": "cyd@example.com", "from": "127.0.0.14", "tls": true}
{"service": "pop3", "user": "ann@example.com", "from": "127.0.0.15"}
{"service": "imap", "user": "dee@example.com", "master": "admin", "password": "secret"}
END
}

refused() {
	cat << 'END'
{"service": "imap", "user": "eve@example.com", "from": "127.0.0.21", "password": "wrong"}
{"service": "pop3", "user": "ann@example.com", "from": "127.0.0.22", "password": "wrong"}
{"service": "imap", "user": "fay@example.com", "from": "127.0.0.23", "password": "wrong"}
END
}

delivered() {
	echo '{"service": "lmtp", "user": "gus@example.com", "from": "127.0.0.31"}'
}

configure() {
	cat > "$tmp/dovetap.conf" << END
dovetap {
  layout_dir = $tmp/layouts
  services = imap pop3 lmtp
}
dovecot_config_version = 2.4.0
last_login {
  dict redis {
    redis_host = 127.0.0.1
    redis_port = $redis_port
  }
  last_login_key = login|%{service}|%{user}|%{remote_ip}|%{local_ip}|%{session}
}
last_auth_key = auth|%{service}|%{user}|%{remote_ip}|%{local_ip}|%{session}
last_failure_key = failure|%{service}|%{user}|%{remote_ip}|%{local_ip}|%{session}
END
}

# The keys that there may be, one a line: from the list of logins and Dovecot's log.
expected() {
	python3 - "$tmp/logins" "$tmp/$harness/dovecot.log" << 'END'
import json, re, sys

LINE = re.compile(r"rip=(.*?), rport=(\d+), lip=(.*?), lport=(\d+),.*session=<(.*?)>")
sessions = {}
for line in open(sys.argv[2], errors="surrogateescape"):
    if found := LINE.search(line):
        sessions[found.groups()[:4]] = found[5]
deliveries = re.findall(r"lmtp\((?:gus@example.com)\)<\d+><(.*?)>", open(sys.argv[2]).read())
for text in open(sys.argv[1]):
    login = json.loads(text)
    ends = tuple(str(login[name]) for name in ("from", "port", "to", "to_port"))
    parts = [login["service"], login["user"], ends[0], ends[2]]
    if login["service"] == "lmtp":
        for session in deliveries:
            print("|".join(["login", *parts, session]))
        continue
    for kind in ("login", "auth") if login["ok"] else ("failure",):
        print("|".join([kind, *parts, sessions[ends]]))
END
}

people_log_in() {
	: > "$tmp/logins"
	login - --parallel 2 < <(sessions) >> "$tmp/logins"
	login - --parallel 3 --fails < <(refused) >> "$tmp/logins"
	login - < <(delivered) >> "$tmp/logins"
}

stored() {
	redis --raw keys '*' | sed '/^$/d' | sort
}

none_is_wrong() {
	comm -13 <(expected | sort -u) <(stored) > "$tmp/wrong"
	[[ ! -s $tmp/wrong ]] || { head -n 5 "$tmp/wrong"; grep -h layout "$tmp/dovetap.log"; return 1; }
}

try() { # description; the layout stands in $tmp/layouts
	redis flushall > "$tmp/answer"
	dovetap_start --config "$tmp/dovetap.conf" --root "$harness_root" || return 1
	people_log_in
	dovetap_stop || true
	check "$1" none_is_wrong
	echo "# stored $(stored | wc -l) of $(expected | grep -vc lmtp) and 1: $(grep -ho 'its layout is [a-z ]*\(by.*\)\?\|[a-z_.]* is not where it should be\|cannot attach\|cannot load' "$tmp/dovetap.log" | sort | uniq -c | tr -s ' \n' ' ')"
}

abi_of() { # name of a root folder
	grep -aom1 '2\.[34]\.ABIv[0-9]*\(([0-9.]*)\)\?' \
		"$(root_folder "$1")/usr/lib/dovecot/libdovecot-storage.so.0"
}

table() { # STRUCT MEMBER BYTES of every case of this version
	local struct member by
	for struct in mail_user auth_request client ip_addr; do
		"$top/tests/harness/shift-layout" --members "$struct" < "$tmp/layout" |
			while read -r member; do
				for by in -16 -8 -4 4 8 16; do
					echo "$struct $member $by"
					[[ $by -lt 0 ]] || echo "$struct $member... $by"
				done
			done
	done
}

chosen() {
	if [[ $cases == all ]]; then
		cat
	else
		shuf --random-source=<(openssl enc -aes-256-ctr -pass "pass:$seed" -nosalt < /dev/zero 2> /dev/null) |
			head -n $((cases / ${#versions[@]}))
	fi
}

good_layout() { # everything is stored, nothing refused
	try "$harness: the right layout stores nothing wrong"
	check "$harness: and loses nothing" same "$(expected | grep -v lmtp | sort -u)" \
		"$(stored | grep -v lmtp)"
	check "$harness: a delivery is recorded" same 1 "$(stored | grep -c lmtp)"
	check "$harness: and is not refused" has_no_line 'not where it should be' "$tmp/dovetap.log"
}

shifted() {
	while read -r struct member by; do
		"$top/tests/harness/shift-layout" "$struct" "$member" "$by" < "$tmp/layout" \
			> "$tmp/layouts/shifted.layouts" || continue
		rm -f "$tmp/state/layouts"
		try "$harness: $struct $member $by"
	done < <(table | chosen)
	rm -f "$tmp/layouts/shifted.layouts"
}

redis_start
mkdir "$tmp/layouts"
configure
for version in ${VERSIONS:-${versions[@]}}; do
	harness_start "$version"
	"$dovetap" layout show "$(abi_of "$version")" > "$tmp/layout"
	good_layout
	shifted
	harness_stop
done
plan "$tests"
