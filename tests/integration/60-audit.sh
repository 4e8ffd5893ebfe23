#!/bin/bash
# SPDX-License-Identifier: MIT
# The audit stream of three releases in a file: one record for every login, authentication and failure,
# as the schema has it, through a rotation by SIGHUP, a full disk, a pipe that nobody reads, and while
# the logins themselves are recorded as ever.
. "$(dirname "$0")/lib.sh"
plan 24

stream=$tmp/log/audit.log
conf=$tmp/dovetap.conf
write_conf() { # audit_log, more settings...
	printf 'dovetap {\n  audit_log = %s\n' "$1" > "$conf"
	shift
	printf '  %s\n' "$@" >> "$conf"
	printf '}\n' >> "$conf"
}

told() { # event/service/user/outcome... of the files: exactly these
	same "$(printf '%s\n' "$@" | sort)" "$(cat "${files[@]}" | jq -r \
		'[.event, .service, (.user // .user_hex), (.outcome // "-")] | join("/")' | sort)"
}

schema_allows() { # file
	"$top/tests/golden/audit-schema.py" "$top/docs/audit.schema.json" "$1"
}

# Who it was, by what the client saw itself: its port.
is_the_session() {
	local port remote local_port
	port=$(jq .port "$tmp/out")
	jq -s --argjson port "$port" 'map(select(.remote_port == $port)) |
		map([.remote_ip, .local_ip, .mech, .secured, .session, .auth_us != null])' "$stream" > "$tmp/joined"
	remote=$(jq -r '.[0][0], .[1][0]' "$tmp/joined" | sort -u)
	local_port=$(jq -r '.[0][1], .[1][1]' "$tmp/joined" | sort -u)
	same "127.0.0.9 127.0.0.1 PLAIN true 2 1" "$remote $local_port $(jq -r \
		'[.[0][2], .[0][3], (map(.[4]) | length), (map(.[4]) | unique | length)] | join(" ")' "$tmp/joined")"
}

said() { # text count
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

country_is() {
	same "$1" "$(jq -r 'select(.user == "before@example.com") | .country' "$stream")"
}

scenario() {
	rm -rf "$tmp/log"
	mkdir -m 1777 "$tmp/log"
	write_conf "$stream"
	files=("$stream")
	dovetap_start_recording --config "$conf"
	{
		login imap one@example.com
		login pop3 two@example.com
		echo '{"service": "imap", "user": "not\udcffutf8@example.com"}' | login -
		echo '{"service": "imap", "user": "mallory@example.com", "password": "wrong"}' | login - --fails
	} > "$tmp/logins"
	echo '{"service": "imap", "user": "tls@example.com", "tls": true, "from": "127.0.0.9"}' | login - > "$tmp/out"
	local broken=6e6f74ff75746638406578616d706c652e636f6d
	check "$version: every event is told" eventually told \
		{auth,login}/imap/{one,tls}@example.com/ok {auth,login}/pop3/two@example.com/ok \
		{auth,login}/imap/$broken/ok failure/imap/mallory@example.com/password_mismatch
	check "$version: with one session in both records of a login" is_the_session
	check "$version: the schema allows each of them" schema_allows "$stream"
	check "$version: the logins are recorded as ever" eventually recorded \
		imap/{one,tls}@example.com pop3/two@example.com imap/$'not\xffutf8@example.com'
	check "$version: nothing is lost" metric_is 'dovetap_events_lost_total{stage="audit",reason="queue_full"}' 0
	dovetap_stop
}

on_each_version scenario

harness_start bookworm
rm -rf "$tmp/log"
mkdir -m 1777 "$tmp/log"
mkdir -m 0755 "$tmp/geo"
"$top/tests/golden/make-mmdb" Country "$tmp/geo/country.mmdb" <<< '::127.0.0.0/104 SE'
write_conf "$stream" 'audit_events = login' "geoip_country = $tmp/geo/country.mmdb"
files=("$stream" "$stream.1")
: > "$stream.1"
dovetap_start_recording --config "$conf"
login imap before@example.com > "$tmp/out"
check 'a database tells the country, from where nothing else is read' eventually country_is SE
mv "$stream" "$stream.1"
kill -HUP "$dovetap_pid"
eventually said 'read anew' 1 | note
login imap after@example.com > "$tmp/out"
check 'after a rotation and SIGHUP nothing is missing' eventually told login/imap/{before,after}@example.com/ok
files=("$stream")
check 'and what came later is in the new file' told login/imap/after@example.com/ok
check 'which others cannot read' same 640 "$(stat -c %a "$stream")"

mv "$stream" "$stream.1"
printf 'plugin {\n' > "$conf"
kill -HUP "$dovetap_pid"
eventually said 'the old configuration stays' 1 | note
login imap still@example.com > "$tmp/out"
check 'a rotation is noticed though the configuration is broken' eventually told login/imap/still@example.com/ok

write_conf "$tmp/nowhere/audit.log"
kill -HUP "$dovetap_pid"
check 'a file that cannot be made is no new configuration' eventually said 'nowhere/audit.log: cannot open it' 1
dovetap_stop

# A pipe that nobody reads, and far more records than queue and pipe can hold: the logins are written.
write_conf "$tmp/log/pipe" 'audit_queue_size = 64k'
mkfifo -m 0666 "$tmp/log/pipe"
exec 3<> "$tmp/log/pipe"
dovetap_start_recording --config "$conf"
for i in $(seq 1 600); do
	echo "{\"service\": \"imap\", \"user\": \"u$i@example.com\"}"
done | login - > "$tmp/out"
mapfile -t users < <(printf 'imap/u%s@example.com\n' $(seq 1 600))
check 'a stream that hangs holds up no record of a login' eventually recorded "${users[@]}"
some_lost() {
	at_least 1 "$(metric 'dovetap_events_lost_total{stage="audit",reason="queue_full"}')"
}
check 'what it had no room for is counted' eventually some_lost
check 'it does not hold up the end either' dovetap_stop
exec 3>&-
