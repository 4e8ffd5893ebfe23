#!/bin/bash
# SPDX-License-Identifier: MIT
# What is said of a mailbox, and accounts are deleted by: whatever cannot be known is an error of its own
# status and never "never". Oracles: who has logged in, and the stores' own clients.
. "$(dirname "$0")/lib.sh"
plan 70

conf=$tmp/conf
config() { # lines of the file
	printf '%s\n' "$@" > "$conf"
}

ask() { # inactive|lookup, arguments
	local command=$1
	shift
	"$dovetap" "$command" --config "$conf" --state-dir "$tmp/state" "$@"
}

inactive() { # arguments: the users that are told to be inactive
	ask inactive --older 365d --since 2000-01-01 --json "$@" | jq -r '.user // .user_hex' | tr '\n' ' '
}

harness_start bookworm
redis_start
last_year=$(($(date +%s) - 400 * 86400))

# --- since when ----------------------------------------------------------------------------------

config "plugin {" "  last_login_dict = redis:port=$redis_port" "  last_login_key = ll/%s/%u" "}"
check 'before there was a dovetap nothing is known' fails_with 69 'imap are recorded' \
	ask inactive --older 365d carol@example.com
check 'and nobody has never logged in' fails_with 69 'which proves nothing' ask lookup carol@example.com
began=$(date +%s)
dovetap_start --root "$harness_root" --config "$conf"
login imap alice@example.com pop3 > "$tmp/out"
stored() { # key
	[[ -n $(redis --raw get "$1") ]]
}
check 'somebody logs in' eventually stored ll/imap/alice@example.com
check 'since when is in the state' eventually test -s "$tmp/state/since"
check 'nobody can be inactive for a year on the first day' fails_with 3 'logins are recorded since' \
	ask inactive --older 365d alice@example.com carol@example.com
since_is_right() {
	local since
	since=$(date -d "$(ask lookup --json alice@example.com | jq -r .recorded_since | head -1)" +%s)
	at_least "$began" "$since" && at_most "$(date +%s)" "$since"
}
check 'lookup has since when' since_is_right
never_is_null() {
	same 'null null' "$(ask lookup --json carol@example.com |
		jq -r 'select(has("time") and has("service")) | "\(.time) \(.service)"')"
}
check 'who has never logged in since then has no time' never_is_null
check 'and a status of its own' fails_with 1 'never' ask lookup carol@example.com
dovetap_stop
check 'it is known while dovetap is away for a moment' fails_with 1 'never' ask lookup carol@example.com
mkdir "$tmp/elsewhere"
check 'another state directory knows nothing' fails_with 69 "elsewhere/since" \
	"$dovetap" inactive --config "$conf" --state-dir "$tmp/elsewhere" --older 365d carol@example.com
check 'nor is anything known of a file that is not there' fails_with 69 'typo.db: No such file' \
	"$dovetap" inactive --dict "sqlite:path=$tmp/typo.db" --state-dir "$tmp/state" --older 365d \
	--since 2000-01-01 alice@example.com
check 'nor is anything known of another database' fails_with 69 'is not known' \
	ask inactive --dict "redis:port=$redis_port:db=3" --older 365d alice@example.com
check 'or of another key' fails_with 69 'is not known' \
	ask inactive --key 'other/%s/%u' --older 365d alice@example.com
long_ago() { # days: as if dovetap had begun then, and was seen so long ago
	awk -v from="$(date -d "-$1 days" +%s)" -v seen="$(date -d "-$2 days" +%s)" \
		'NR > 1 { $3 = from "000000000"; $4 = seen "000000000" } 1' "$tmp/state/since" > "$tmp/since"
	cp "$tmp/since" "$tmp/state/since"
}
long_ago 400 0
check 'after a year it can be told' same 'carol@example.com ' \
	"$(ask inactive --older 365d --json alice@example.com carol@example.com | jq -r .user | tr '\n' ' ')"
long_ago 400 2
check 'not if dovetap was not there for days' fails_with 69 'has recorded there since' \
	ask inactive --older 365d carol@example.com

# A store that has lost everything proves nothing by what is written afterwards.
long_ago 400 0
redis flushall > "$tmp/out"
dovetap_start --root "$harness_root" --config "$conf"
check 'an empty store is noticed at the start' has_line 'though logins were recorded there' "$tmp/dovetap.log"
login imap alice@example.com pop3 > "$tmp/out"
check 'somebody logs in again' eventually stored ll/imap/alice@example.com
dovetap_stop
check 'and nobody is inactive by that' fails_with 3 'logins are recorded since' \
	ask inactive --older 365d carol@example.com
long_ago 400 2

# --- names ---------------------------------------------------------------------------------------

redis set ll/imap/old@example.com "$last_year" > "$tmp/out"
check 'names in upper case are those of Dovecot' same 'OLD@example.com ' \
	"$(inactive Alice@Example.COM OLD@example.com)"
check 'a list with CR LF' same 'old@example.com ' \
	"$(printf 'alice@example.com\r\nold@example.com\r\n\r\n' | inactive -)"
printf 'alice@example.com\nold@example.com' > "$tmp/names"
check 'a list in a file, without an end' same 'old@example.com ' "$(inactive --from "$tmp/names")"
check 'a list with NUL' same 'new line ' \
	"$(printf 'alice@example.com\0new\nline\0' | inactive -0 - | tr '\n' ' ' | sed 's/\\n/ /')"
check 'a carriage return in a word is refused' fails_with 78 'carriage return' \
	ask inactive --older 365d --since 2000-01-01 $'alice@example.com\r'
check 'a name that is not UTF-8 is in digits' same 'ff61 ' "$(inactive "$(printf '\xffa')")"
sqlite3 "$tmp/masks" "CREATE TABLE last_login (userid, service, last_access INTEGER, last_ip, time_ns INTEGER,
	PRIMARY KEY (userid, service)) WITHOUT ROWID;
	INSERT INTO last_login VALUES ('nina@example.org', 'imap', $last_year, '', ${last_year}000000000)"
check 'a mask in upper case' same 'nina@example.org ' "$(inactive --dict "sqlite:path=$tmp/masks" '*@EXAMPLE.org')"
check 'blanks and remarks in a list' same 'old@example.com ' \
	"$(printf '# left\nalice@example.com\t\n  old@example.com \r\n' | inactive -)"
refused() { # text, arguments of inactive
	fails_with 64 "$1" ask inactive --older 365d "${@:2}" alice@example.com
}
check 'a list that is not there' fails_with 74 'No such file' ask inactive --older 365d --since 2000-01-01 --from "$tmp/nowhere"
check 'a list that is none' fails_with 74 'Is a directory' ask inactive --older 365d --since 2000-01-01 --from "$tmp"
check 'a word that is no name' fails_with 78 'name is empty' ask inactive --older 365d --since 2000-01-01 ''
check 'a day that is not there' refused 'there is no such day' --since 2020-02-31
check 'a day too late' refused 'out of range' --since 2300-01-01
check 'a day too early' refused 'out of range' --since 1969-12-31
check 'a number too large' refused 'out of range' --since @99999999999999999999
check 'no time' refused 'no time such as' --since @12x
check 'two forms' refused 'one of them' --json --csv
check 'everybody and somebody' fails_with 64 'name none beside it' ask lookup --all alice@example.com
check 'a mask is nothing to forget' fails_with 64 'masks are not for forget' ask forget '*@example.com'
check 'nor is nobody' fails_with 64 'name is empty' ask forget ''
config "dovetap {" "  dovecot_config = $tmp/server.conf" "}"
printf '%s\n' 'auth_username_format = %n' "plugin {" "  last_login_dict = redis:port=$redis_port" \
	"  last_login_key = ll/%s/%u" "}" > "$tmp/server.conf"
redis set ll/imap/dora "$(date +%s)" > "$tmp/out"
check "as the server's auth_username_format makes them" same 'emil@example.com ' \
	"$(inactive dora@example.com emil@example.com)"

# --- keys of which a part is not known -------------------------------------------------------------

config "plugin {" "  last_login_dict = redis:port=$redis_port:prefix=p*[" "  last_login_key = rr/%s/%u/%r" "}"
dovetap_start --root "$harness_root" --config "$conf"
login imap alice@example.com > "$tmp/out"
scanned() {
	redis --raw keys '*' | grep -qF 'p*[rr/imap/alice@example.com/127'
}
check 'a key with the address is stored' eventually scanned
check 'and found' same 'carol@example.com ' "$(inactive alice@example.com carol@example.com)"
check 'how long that took is told' fails_with 0 'looked through, in' \
	ask lookup --json alice@example.com
check 'a memcached that cannot look is no answer' fails_with 78 'without a login' \
	ask inactive --dict memcached_ascii:port=1 --older 365d --since 2000-01-01 alice@example.com
check 'nor is a store that is down' fails_with 69 'refused' \
	ask inactive --dict redis:port=1 --older 365d --since 2000-01-01 alice@example.com
dovetap_stop
config "plugin {" "  last_login_dict = redis:port=$redis_port" "  last_login_key = ll/%s/%u" "}" \
	'remote 192.0.2.0/24 {' '  plugin {' '    last_login_key = remote/%s/%u' '  }' '}'
redis set remote/imap/rita@example.com "$(date +%s)" > "$tmp/out"
check 'the key of a remote block is asked for' same 'carol@example.com ' \
	"$(inactive rita@example.com carol@example.com)"
redis set ll/submission/sven@example.com "$(date +%s)" > "$tmp/out"
check 'so is a service that is not recorded now' same 'carol@example.com ' \
	"$(inactive sven@example.com carol@example.com)"

# --- deliveries are no logins ----------------------------------------------------------------------

redis set ll/lmtp/bob@example.com "$(date +%s)" > "$tmp/out"
redis set ll/doveadm/bob@example.com "$(date +%s)" > "$tmp/out"
check 'who only gets mail is inactive' same 'bob@example.com ' "$(inactive alice@example.com bob@example.com)"
delivery() {
	ask inactive --older 365d --since 2000-01-01 --json bob@example.com > "$tmp/delivery"
	same "$(redis --raw get ll/lmtp/bob@example.com) lmtp null" \
		"$(date -d "$(jq -r .last_delivery "$tmp/delivery")" +%s) $(jq -r '"\(.delivery_service) \(.last_login)"' "$tmp/delivery")"
}
check 'with the last delivery beside' delivery
check 'unless lmtp shall count' fails_with 1 'USER' ask inactive --older 365d --since 2000-01-01 --service lmtp \
	alice@example.com bob@example.com

# One column for each service, as iRedMail has it.
mariadb_start
mariadb_sql -e "CREATE DATABASE mail; CREATE USER dovecot@localhost IDENTIFIED BY 'pass';
	GRANT ALL ON mail.* TO dovecot@localhost; USE mail; CREATE TABLE last_login (
	username VARCHAR(255) NOT NULL, domain VARCHAR(255) NOT NULL DEFAULT '', imap INT(11) DEFAULT NULL,
	pop3 INT(11) DEFAULT NULL, lda INT(11) DEFAULT NULL, PRIMARY KEY (username));
	INSERT INTO last_login (username, domain, imap, lda) VALUES
	('alice@example.com', 'example.com', UNIX_TIMESTAMP(), UNIX_TIMESTAMP()),
	('carol@example.com', 'example.com', 1577836800, UNIX_TIMESTAMP()),
	('dave@example.com', 'example.com', 1577836800, 1577836800),
	('nina@example.org', 'example.org', NULL, UNIX_TIMESTAMP())"
printf 'connect = host=%s dbname=mail user=dovecot password=pass\n' "$tmp/mariadb/socket" > "$tmp/map"
for service in imap lda; do
	printf 'map {\n  pattern = shared/last-login/%s/$user/$domain\n  table = last_login\n' $service
	printf '  value_field = %s\n  value_type = uint\n  fields {\n' $service
	printf '    username = $user\n    domain = $domain\n  }\n}\n'
done >> "$tmp/map"
config "plugin {" "  last_login_dict = proxy::ll" "  last_login_key = last-login/%s/%u/%d" "}" \
	"dict {" "  ll = mysql:$tmp/map" "}" "dovetap {" "  services = imap lda" "}"
check 'a column for each service: who only gets mail is listed' \
	same 'carol@example.com dave@example.com nina@example.org ' "$(inactive)"
check 'and so by name' same 'carol@example.com ' "$(inactive alice@example.com carol@example.com)"
check 'a mask' same 'nina@example.org ' "$(inactive '*@example.org')"
check 'the limit and the order' same 'dave@example.com carol@example.com ' \
	"$(inactive --sort user --reverse '*@example.com' --limit 2)"

# --- what waits ------------------------------------------------------------------------------------

config "plugin {" "  last_login_dict = redis:port=$redis_port" "  last_login_key = ww/%s/%u" "}"
dovetap_start --root "$harness_root" --config "$conf"
redis_stop
login imap wanda@example.com > "$tmp/out"
waits() {
	"$dovetap" spool list --config "$conf" --state-dir "$tmp/state" | grep -q wanda
}
check 'a login waits for its store' eventually waits
dovetap_stop
redis_start
check 'a store that has lost everything proves nothing' fails_with 69 'proves nothing' \
	ask inactive --older 365d --since 2000-01-01 wanda@example.com carol@example.com
redis set ww/imap/alice@example.com "$(date +%s)" > "$tmp/out"
check 'and counts as if it was there' same 'carol@example.com ' "$(inactive wanda@example.com carol@example.com)"

# --- what was removed ------------------------------------------------------------------------------

redis mset ww/imap/fred@example.com "$last_year" ww/imap/gina@example.com "$(date +%s)" > "$tmp/out"
forgot=$(date +%s)
ask forget gina@example.com > "$tmp/out"
check 'who was forgotten did log in' fails_with 3 'were forgotten' \
	ask inactive --older 365d --since 2000-01-01 gina@example.com
check 'and is left out' same 'carol@example.com fred@example.com ' \
	"$(inactive carol@example.com fred@example.com GINA@example.com)"
since_forgotten() {
	local since
	since=$(date -d "$(ask lookup --json --since 2000-01-01 gina@example.com | jq -r .recorded_since)" +%s)
	at_least "$forgot" "$since"
}
check 'nothing is known from before' since_forgotten
check 'the name itself is not kept' has_no_line gina "$tmp/state/removed"
awk 'NR > 1 { $3 = "0946684800000000000" } 1' "$tmp/state/removed" > "$tmp/removed" && cp "$tmp/removed" "$tmp/state/removed"
check 'after a long time it is' same 'gina@example.com ' "$(inactive gina@example.com)"
expired() { # arguments of inactive: with a store that nina is in
	ask inactive --dict "sqlite:path=$tmp/masks" --since 2000-01-01 "$@"
}
chmod 0666 "$tmp/masks"
check 'before old records are removed' fails_with 0 nina expired --older 390d
sqlite3 "$tmp/masks" "INSERT INTO last_login SELECT 'otto@example.org', service, last_access, last_ip, time_ns + 1 + 2000000000000000
	FROM last_login"
ask expire --dict "sqlite:path=$tmp/masks" --older 380d > "$tmp/out"
check 'old records were removed' fails_with 3 'has removed older records' expired --older 390d nina@example.org
printf '%s\n' 'dovetap {' '  expire_after = 90d' '}' >> "$conf"
check 'or will be' fails_with 3 'logins are known since' \
	ask inactive --older 365d --since 2000-01-01 carol@example.com fred@example.com
check 'what Redis lets vanish is not known' fails_with 3 'expire after that time' \
	ask inactive --dict "redis:port=$redis_port:expire_secs=864000" --older 365d --since 2000-01-01 fred@example.com
sed -i '/^dovetap {/,$d' "$conf"
echo 'something else' > "$tmp/state/removed"
check 'a state that is none of ours is no answer' fails_with 69 'no file of ours' \
	ask inactive --older 365d --since 2000-01-01 carol@example.com fred@example.com
rm "$tmp/state/removed"

check 'deliveries that are not recorded are not "-"' fails_with 0 'not recorded' \
	ask inactive --older 365d --since 2000-01-01 carol@example.com fred@example.com
recorded_deliveries() {
	printf '%s\n' 'dovetap {' '  services = imap lmtp' '}' >> "$conf"
	ask inactive --older 365d --since 2000-01-01 carol@example.com fred@example.com > "$tmp/table"
	sed -i '/^dovetap {/,$d' "$conf"
	has_line '^carol@example.com' "$tmp/table" && has_no_line 'not recorded' "$tmp/table"
}
check 'but those that did not come' recorded_deliveries

# --- output ----------------------------------------------------------------------------------------

check 'CSV has names of columns' same 'user,last_login,age_seconds,service,remote_ip,last_delivery,delivery_service,recorded_since,user_hex' \
	"$(ask inactive --older 365d --since 2000-01-01 --csv carol@example.com | head -1)"
full() {
	ask inactive --older 365d --since 2000-01-01 carol@example.com > /dev/full
}
check 'a full disk is an error' fails_with 74 'No space left' full
