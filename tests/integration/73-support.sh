#!/bin/bash
# SPDX-License-Identifier: MIT
# Support staff: who is of the group asks the running dovetap for last logins, status and top, and has no other
# right: not to the stores, not to the configuration, not to change anything. Who is not of it is told so.
. "$(dirname "$0")/lib.sh"
plan 40

# Any group of the system will do, and nobody has to be made: these numbers have no name.
group=games
gid=$(getent group "$group" | cut -d: -f3)
socket=$tmp/run/control.sock
as() { # uid, gid, groups or -: runs the command as that user
	local groups=(--clear-groups)
	[[ $3 == - ]] || groups=(--groups "$3")
	setpriv --reuid "$1" --regid "$2" "${groups[@]}" --no-new-privs "${@:4}"
}
support() { as 60001 60001 "$gid" "$@"; }
first_group() { as 60002 "$gid" - "$@"; }
outsider() { as 60003 60003 - "$@"; }
many_groups() { as 60004 60004 "$(seq -s, 70001 70099),$gid" "$@"; }
no_group() { as 60005 60005 "$(seq -s, 70001 70099)" "$@"; }

ask() { # who, command, arguments
	"$1" "$program" "$2" --control "$socket" "${@:3}"
}
last_login() { # who, name: service and value of the newest
	ask "$1" lookup --json "$2" | jq -r '"\(.record) \(.service) \(.value)"'
}
as_stored() {
	redis get "$(redis --scan --pattern '*alice*')"
}
says() { # text, command
	"${@:2}" > "$tmp/said"
	grep -F -- "$1" "$tmp/said"
}
curl_as() { # who, path, arguments of curl: the status
	"$1" curl -gs -o "$tmp/page" -w '%{http_code}' --unix-socket "$socket" "${@:3}" "http://localhost$2"
}

support_lookup=(setpriv --reuid 60001 --regid 60001 --groups "$gid" "$tmp/bin/dovetap" lookup --control "$socket" alice@example.com)

# Where anybody may execute it.
program=$tmp/bin/dovetap
mkdir "$tmp/bin"
cp "$dovetap" "$program"
chmod 755 "$tmp" "$tmp/bin" "$program"

harness_start bookworm
redis_start
cat > "$tmp/conf" << END
plugin {
  last_login_dict = redis:host=127.0.0.1:port=$redis_port
  last_login_key = last-login/%s/%u/%r
}
dovetap {
  support_group = $group
}
END
chmod 600 "$tmp/conf"
dovetap_start --root "$harness_root" --config "$tmp/conf" --control "$socket"
login imap alice@example.com > "$tmp/out"
stored() {
	redis keys '*' | grep -q alice
}
check 'a login is in its store' eventually stored
stored=$(as_stored)

for who in support first_group many_groups; do
	check "$who: a last login" same "last login imap $stored" "$(last_login $who alice@example.com)"
	check "$who: the same name as Dovecot has it" same "last login imap $stored" "$(last_login $who Alice@Example.com)"
	check "$who: who never came" eventually fails_with 1 never ask $who lookup nobody@example.com
	check "$who: status" says 'takes records' ask "$who" status
done
check 'several, from standard input' same 'alice@example.com bob@example.com' \
	"$(printf 'bob@example.com\nalice@example.com\n' | ask support lookup --json - | jq -r .user | tr '\n' ' ' | sed 's/ $//')"
check 'as a table for people' says 'alice@example.com  imap     last login  20' ask support lookup alice@example.com
check 'top shows it' says 'alice@example.com' ask support top
check 'Nagios, too' says 'DOVETAP OK' ask support status --check

for who in outsider no_group; do
	for command in 'lookup alice@example.com' status top; do
		# shellcheck disable=SC2086
		check "$who: $command is refused, by the group's name" fails_with 77 "members of the group \"$group\"" ask $who $command
	done
done
check 'for Nagios that is unknown' fails_with 3 'DOVETAP UNKNOWN - ' ask outsider status --check
check 'nothing but that is answered' same 403 "$(curl_as outsider /top)"
check 'to no path' same 403 "$(curl_as outsider /nowhere)"
check 'support cannot have anybody forgotten' same 403 "$(curl_as support '/forget?of=alice@example.com' -X POST)"
check 'nor ask what became of it' same 403 "$(curl_as support '/forget?of=1')"
check 'root can' same 200 "$(curl -s -o /dev/null -w '%{http_code}' --unix-socket "$socket" -X POST 'http://localhost/forget?of=x@example.com')"
check 'all users are not for support' fails_with 77 'only root' ask support lookup --all
check 'the configuration cannot be read' fails_with 78 'Permission denied' support "$program" config show --config "$tmp/conf"
cannot_read() {
	! support find "$tmp/state" -type f -readable 2> /dev/null | grep . || return 1
	[[ -n $(find "$tmp/state" -type f) ]]
}
check 'nor any file of the state' cannot_read

# --- bad input -------------------------------------------------------------------------------------

name_of() { # length
	head -c "$1" /dev/zero | tr '\0' a
}
requests() { # what is asked of the socket, one a line
	printf '%s\n' '/lookup' '/lookup?of=' '/lookup?of=-' '/lookup?of=%00' '/lookup?of=a%00b' "/lookup?of=$(name_of 7000)" \
		'/lookup?of=%zz' '/lookup?of=%' '/lookup?of=a&of=b' '/lookup/answer' '/lookup/answer?of=' '/lookup/answer?of=-1' \
		'/lookup/answer?of=99999999999999999999999' '/lookup/answer?of=1' '/lookup/answer?of=%0a' '/lookup/' '//lookup?of=a' \
		'/lookup?of=%ff%fe' '/lookup?of=%1b[2J' '/lookup?of=/etc/passwd' "/lookup?of=a'--" '/lookup?of=%2a' '/lookup?of=a%25b'
}
all_answered() { # each by an HTTP status of its own, or by the end of the connection
	local path codes=()
	while read -r path; do
		codes+=("$(curl_as support "$path")") || true
	done < <(requests)
	at_least 20 "${#codes[@]}"
	printf '%s\n' "${codes[@]}" | grep -vxE '200|400|404|414|431|503' && return 1
	same "last login imap $stored" "$(last_login support alice@example.com)"
}
flood() { # outsiders who connect and say nothing; they stay until they are ended
	as 60003 60003 - /usr/bin/python3 - "$socket" << 'END' > "$tmp/flood" &
import socket, sys, time
held = []
for _ in range(200):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(1)
    try:
        s.connect(sys.argv[1])
        held.append(s)
    except OSError:
        break
print(len(held), flush=True)
time.sleep(60)
END
	flood_pid=$!
	started+=("$flood_pid")
	eventually test -s "$tmp/flood"
	at_least 16 "$(cat "$tmp/flood")"
}
check 'bad requests are answered, and nothing else happens' all_answered
check 'outsiders keep connections' flood
check 'and support is answered' same "last login imap $stored" "$(last_login support alice@example.com)"
stop "$flood_pid"

# --- a store that is not well ----------------------------------------------------------------------

many() { # questions at once: each is taken, or told that there are too many
	local i
	for ((i = 0; i < 300; i++)); do
		echo "$socket"
	done | as 60001 60001 "$gid" xargs -P 60 -I{} curl -s --unix-socket {} 'http://localhost/lookup?of=alice@example.com' > "$tmp/many" || true
	same 300 "$(grep -cxE '[0-9]+|busy' "$tmp/many")"
}
check 'many questions at once have an answer each' many
kill -STOP "$redis_pid"
check 'a store that hangs' fails_with 69 'answer' timeout 5 "${support_lookup[@]}"
login imap bob@example.com > "$tmp/out"
accepted() {
	says bob@example.com ask support top
}
check 'keeps no login waiting' eventually accepted
kill -CONT "$redis_pid"
both_stored() {
	redis keys '*' | grep -q bob
}
check 'which is stored later' eventually both_stored
redis_stop
check 'a store that is down' fails_with 69 'refused' timeout 5 "${support_lookup[@]}"
dovetap_stop
