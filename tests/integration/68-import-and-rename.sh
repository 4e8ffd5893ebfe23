#!/bin/bash
# SPDX-License-Identifier: MIT
# The past of a store is taken over, and a user gets another name: the newest login stays, whatever the order and
# the precision. Oracles: the stores' own clients.
. "$(dirname "$0")/lib.sh"
plan 29

conf=$tmp/conf
now=$(date +%s)
run() { # command, arguments
	local command=$1
	shift
	"$dovetap" "$command" --config "$conf" --state-dir "$tmp/state" "$@"
}

redis_start
mkdir -m 1777 "$tmp/dicts"
printf '%s\n' 'plugin {' "  last_login_dict = sqlite:path=$tmp/state/db" '  last_login_key = last-login/%s/%u' \
	'  last_login_precision = ms' '}' 'dovetap {' "  mirror_dicts = file:$tmp/dicts/file" \
	'  services = imap pop3' '}' > "$conf"

# --- import ---------------------------------------------------------------------------------------------

rows() {
	sqlite3 -readonly "$tmp/state/db" \
		"SELECT service || '/' || userid || ' ' || last_access FROM last_login ORDER BY service, userid"
}
file_rows() {
	sed 's,^shared/last-login/,,' "$tmp/dicts/file" | paste -d ' ' - - | sort
}
both_have() { # lines
	same "$(printf '%s\n' "$@" | sort)" "$(rows | sort)" && same "$(printf '%s\n' "$@" | sort)" "$(file_rows)"
}
redis mset last-login/imap/alice@example.com $((now - 900)) last-login/imap/bob@example.com $((now - 800))123 \
	last-login/pop3/alice@example.com $((now - 700))123456 last-login/lmtp/alice@example.com "$now" > "$tmp/out"
import() {
	run import --from-dict "redis:port=$redis_port" "$@"
}
check 'a store that cannot list wants names' fails_with 78 'cannot list every user' import
check 'what would be written is counted' fails_with 0 '4 records read, 3 to be written (not done); left out: 1 of services' \
	import --dry-run alice@example.com bob@example.com
none_is_there() {
	[[ ! -e $tmp/state/db && ! -e $tmp/dicts/file ]]
}
printf 'alice@example.com\nbob@example.com\n' > "$tmp/names"
first=$(none_is_there && import --users "$tmp/names")
check 'nothing was written then, and all is now' same \
	'4 records read: 6 written, 0 were there as new or newer, 0 refused; left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time' \
	"$first"
all=("imap/alice@example.com $((now - 900))000" "imap/bob@example.com $((now - 800))123"
	"pop3/alice@example.com $((now - 700))123")
check 'in the precision of the configuration, in each store' both_have "${all[@]}"
check 'a second time changes nothing' fails_with 0 ': 0 written, 6 were there' import --users "$tmp/names"
check 'and nothing has changed' both_have "${all[@]}"
redis mset last-login/imap/alice@example.com $((now - 950)) last-login/imap/bob@example.com $((now - 10)) > "$tmp/out"
import --users - < "$tmp/names" > "$tmp/out"
check 'the newest wins' both_have "imap/alice@example.com $((now - 900))000" "imap/bob@example.com $((now - 10))000" \
	"pop3/alice@example.com $((now - 700))123"
sqlite3 "$tmp/old.db" "CREATE TABLE old (name TEXT PRIMARY KEY, seen INTEGER);
	INSERT INTO old VALUES ('carol@example.com', $((now - 300))), ('dave@example.com', $((now - 200)))"
# shellcheck disable=SC2016 # the variables are Dovecot's
printf '%s\n' "connect = $tmp/old.db" 'map {' '  pattern = shared/ll/$user' '  table = old' '  value_field = seen' \
	'  value_type = uint' '  fields {' '    name = $user' '  }' '}' > "$tmp/old.map"
printf '%s\n' 'plugin {' "  last_login_dict = sqlite:$tmp/old.map" '  last_login_key = ll/%u' '}' > "$tmp/dovecot.conf"
check 'from a configuration of Dovecot, all users' fails_with 0 '0 written' \
	run import --from-config "$tmp/dovecot.conf"
check 'but not without a service' fails_with 0 '2 of an unknown service' run import --from-config "$tmp/dovecot.conf"
run import --from-config "$tmp/dovecot.conf" --record-service imap > "$tmp/out"
has_carol() {
	same "imap/carol@example.com $((now - 300))000" "$(rows | grep carol)" &&
		same "imap/dave@example.com $((now - 200))000" "$(file_rows | grep dave)"
}
check 'with one they are there' has_carol
check 'a store that is down is an error' fails_with 69 'refused' \
	run import --from-dict redis:port=1 --users "$tmp/names"
check 'what is wrong with it names the option' fails_with 78 'error: --from-dict: ' run import --from-dict nosuch:x
check 'also with its key' fails_with 78 'error: --from-key: ' run import --from-dict redis:port=1 --from-key '%{nope}'
check 'a source has to be named' fails_with 64 'from-dict' run import

# --- rename --------------------------------------------------------------------------------------------

rm -f "$tmp/state/db"* "$tmp/dicts/file"
harness_start bookworm
dovetap_start --root "$harness_root" --config "$conf"
login imap old@example.com new@example.com other@example.com > "$tmp/out"
login pop3 old@example.com > "$tmp/out"
users_are() { # SERVICE/USER...
	same "$(printf '%s\n' "$@" | sort)" "$(rows | sed 's, .*,,' | sort)" &&
		same "$(printf '%s\n' "$@" | sort)" "$(file_rows | sed 's, .*,,')"
}
check 'people log in' eventually users_are imap/old@example.com imap/new@example.com imap/other@example.com pop3/old@example.com
newest=$(rows | sed -n 's,^imap/new@example.com ,,p')
moved=$(rows | sed -n 's,^pop3/old@example.com ,,p')
rename() {
	run rename --control "$tmp/state/control.sock" "$@"
}
check 'what would be renamed is counted' fails_with 0 '2 records to be renamed (not done)' \
	rename --dry-run old@example.com new@example.com
check 'a name must be one of Dovecot' fails_with 64 'logs this user in as' rename old@example.com New@example.com
check 'and nothing has happened' users_are imap/old@example.com imap/new@example.com imap/other@example.com pop3/old@example.com
check 'a user is renamed beside a running dovetap' fails_with 0 '2 records renamed' rename old@example.com new@example.com
check 'all of the old one is gone' users_are imap/new@example.com imap/other@example.com pop3/new@example.com
times_are_right() {
	same "$newest" "$(rows | sed -n 's,^imap/new@example.com ,,p')" &&
		same "$moved" "$(rows | sed -n 's,^pop3/new@example.com ,,p')"
}
check 'the newest login of both stays' times_are_right
check 'the numbers add up' accounts_balance
dovetap_stop
sqlite3 "$tmp/state/db" "INSERT INTO last_login VALUES ('old@example.com', 'lmtp', ${now}000, '', ${now}000000000)"
check 'what has no key under the new name is not removed' fails_with 78 'nothing is removed' \
	rename old@example.com new@example.com
sqlite3 "$tmp/state/db" "DELETE FROM last_login WHERE service = 'lmtp'"

# Of whom nothing is known any more, nothing is known under another name.
inactive() { # name
	run inactive --older 365d --since 2000-01-01 "$1"
}
run forget --control "$tmp/state/control.sock" hana@example.com > "$tmp/out"
for names in hana:hana2 hana2:hana3 old:old2 old2:old3; do
	rename "${names%:*}@example.com" "${names#*:}@example.com" > "$tmp/out"
	check "${names/:/ is renamed }" fails_with 3 'were forgotten' inactive "${names#*:}@example.com"
done
check 'who was not is known' fails_with 0 'never' inactive nobody@example.com
rename --dry-run hana@example.com nobody@example.com > "$tmp/out"
check 'also when it is not done' fails_with 0 'never' inactive nobody@example.com
