#!/bin/bash
# SPDX-License-Identifier: MIT
# Each way in which an authentication can end in three releases is one event with the reason that
# Dovecot had, and what is none of a client leaves no event. Counts are exact: what is listed is all.
# The same where the function that tells both outcomes is missing, as if a compiler had inlined it.
. "$(dirname "$0")/lib.sh"
plan 153

policy_port=$(free_port)
run_in_background "$tmp/policy.log" "$top/tests/harness/policy-server" "$policy_port"
eventually answers "$policy_port" || bail "policy server: $(cat "$tmp/policy.log")"

# user, fields of its passdb entry; all have the password "pass"
passdb_users() {
	cat << 'END'
plain
before
after
delay
nologin nologin=y
elsewhere allow_nets=192.0.2.0/24
homeless
stuck
END
}

write_files() { # directory
	passdb_users | while read -r name fields; do
		echo "$name@example.com:{PLAIN}pass::::::$fields"
	done > "$1/users"
	passdb_users | grep -v homeless | while read -r name _; do
		echo "$name@example.com:x:5000:5000::/mail/$name::"
	done | sed 's|/mail/stuck|/proc/nowhere|' > "$1/homes"
	echo 'blocked@example.com:x:' > "$1/blocked"
}

write_23() { # directory
	cat > "$1/users.conf" << END
passdb {
  driver = passwd-file
  args = /harness/blocked
  deny = yes
}
passdb {
  driver = passwd-file
  args = /harness/users
}
userdb {
  driver = passwd-file
  args = /harness/homes
}
END
}

write_24() { # directory
	cat > "$1/users.conf" << END
passdb blocked {
  driver = passwd-file
  passwd_file_path = /harness/blocked
  deny = yes
}
passdb users {
  driver = passwd-file
  passwd_file_path = /harness/users
}
userdb homes {
  driver = passwd-file
  passwd_file_path = /harness/homes
}
END
}

write_policy() { # directory
	cat > "$1/extra.conf" << END
auth_policy_server_url = http://127.0.0.1:$policy_port/
auth_policy_hash_nonce = a nonce
auth_policy_hash_mech = sha256
END
}

# TYPE NAME SERVICE OUTCOME of each event of the auth role, in the order of time
events() {
	"$dovetap" replay --json "$tmp/state/record" | jq -r 'select(.type == "auth") |
		"\(.username // "-") \(.service // .protocol) \(.outcome)" +
		(if .flags | index("auth_only") then " sasl" else "" end)'
}

expect() { # what the next events must be; remembered
	printf '%s\n' "$@" >> "$tmp/expected"
}

step() { # name, command..., after "expect"
	check "$version: $1" "${@:2}"
}

exchange() { # port, then what is sent and a pattern of the answer, in turns
	local reply
	exec 3<> "/dev/tcp/127.0.0.1/$1"
	read -r -t 30 reply <&3
	shift
	while [[ $# -gt 0 ]]; do
		printf '%s\r\n' "$1" >&3
		read -r -t 30 reply <&3
		echo "$reply"
		[[ $reply =~ $2 ]]
		shift 2
	done
	exec 3>&-
}

imap_port() {
	sed -n 's/IMAP=//p' "$tmp/$version/ports"
}

doveadm_ends_with() { # exit status, command...
	local status=0
	doveadm "${@:2}" || status=$?
	[[ $status -eq $1 ]] || { echo "status $status, not $1"; return 1; }
}

deliver() { # user
	printf 'Subject: test\n\ntest\n' | chroot "$harness_root" /usr/lib/dovecot/dovecot-lda \
		-c /harness/dovecot.conf -d "$1"
}

scenario() {
	expect "plain@example.com imap ok"
	step 'a right password' login imap plain@example.com
	expect "plain@example.com pop3 password_mismatch"
	step 'a wrong one' login pop3 plain@example.com --password no --fails
	expect "nobody@example.com imap user_unknown"
	step 'an unknown user' login imap nobody@example.com --fails
	expect "blocked@example.com imap user_disabled"
	step 'a disabled user' login imap blocked@example.com --fails
	expect "elsewhere@example.com imap user_unknown"
	step 'a user from the wrong network' login imap elsewhere@example.com --fails
	expect "nologin@example.com imap ok"
	step 'a user who may not log in (nologin)' login imap nologin@example.com --fails
	expect "homeless@example.com imap ok"
	step 'a user whom the userdb does not have' login imap homeless@example.com --fails
	expect "before@example.com imap policy_refusal"
	step 'the policy server refuses before the password' login imap before@example.com --fails
	expect "after@example.com imap policy_refusal"
	step 'the policy server refuses behind it' login imap after@example.com --fails
	expect "delay@example.com imap ok"
	step 'the policy server delays the reply' login imap delay@example.com
	expect "plain@example.com imap ok"
	step 'an administrator as somebody' \
		login imap plain@example.com --master admin --password secret
	expect "admin imap password_mismatch"
	step 'with a wrong password' login imap plain@example.com --master admin --password no --fails
	expect "- imap malformed"
	step 'a client that sends nonsense' exchange "$(imap_port)" 'a AUTHENTICATE PLAIN bm9uc2Vuc2U=' '^a NO '
	step 'a client that gives up half way' exchange "$(imap_port)" 'a AUTHENTICATE PLAIN' '^\+' '*' '^a (NO|BAD) '
	expect "plain@example.com smtp ok sasl" "plain@example.com smtp password_mismatch sasl"
	step 'a SASL client' doveadm_ends_with 0 auth test -x service=smtp plain@example.com pass
	step 'a SASL client with a wrong password' \
		doveadm_ends_with 77 auth test -x service=smtp plain@example.com no
	step 'a lookup in the passdb' doveadm_ends_with 0 auth lookup plain@example.com
	step 'a lookup in the userdb' doveadm_ends_with 0 user plain@example.com
	step 'doveadm opens a mailbox' doveadm mailbox list -u plain@example.com
	step 'a delivery' login lmtp plain@example.com
	step 'a delivery from the command line' deliver plain@example.com
	expect "stuck@example.com imap ok"
	step 'a user whose mail cannot be opened' login imap stuck@example.com
	expect "plain@example.com pop3 ok"
	step 'the last one, a right password' login pop3 plain@example.com
}

# A build without the function: its name is another one. Nobody but us looks for it.
without_finished_event() {
	local auth
	auth=$(harness_file "$version" /usr/lib/dovecot/auth)
	cp -a "$(root_folder "$version")/usr/lib/dovecot/auth" "$auth"
	sed -i 's/auth_request_finished_event/auth_request_finished_evenX/' "$auth"
}

attached_to() { # function
	grep -q "dovecot/auth: attached to $1 " "$tmp/dovetap.log"
}

round() {
	rm -f "$tmp/state/record" "$tmp/expected"
	harness_start "$version"
	dovetap_start_recording --record "$tmp/state/record"
	scenario
	check "$version: who got in, and nobody else, is recorded" eventually recorded \
		{imap,pop3}/plain@example.com {imap/delay,imap/stuck}@example.com
	dovetap_stop
	check "$version: each has one event, and the reason" same "$(< "$tmp/expected")" "$(events)"
	harness_stop
}

for version in bullseye bookworm trixie; do
	mkdir -p "$tmp/$version"
	write_files "$tmp/$version"
	write_policy "$tmp/$version"
	if [[ $version == trixie ]]; then write_24 "$tmp/$version"; else write_23 "$tmp/$version"; fi
	round
	without_finished_event
	round
	check "$version: without the finished event" attached_to auth_request_proxy_finish
done
