#!/bin/bash
# SPDX-License-Identifier: MIT
# Dovecot's own last_login plugin and dovetap record the same logins from the same configuration,
# each into a store of its own: afterwards both stores must be equal. compare.py says what equal
# is. The configuration is one file, in which only the place of the store differs.
#
#     plugin.sh 2.3|2.4    TAP; with RESULTS set, a line for each case is added to that file
. "$(dirname "$0")/../integration/lib.sh"
here=$(dirname "$(readlink -f "$0")")
. "$here/stores.sh"

declare -A folders=([2.3]=bookworm [2.4]=trixie)
syntax=$1 folder=${folders[$1]}

documented='last-login/%{service}/%{user}/%{remote_ip}'
cases() { # configuration, precision, compat, key
	local precision store
	for precision in s ms us ns; do
		for store in redis file fs; do
			echo "$store $precision newest $documented"
		done
		for store in mysql sqlite pgsql; do
			echo "$store $precision strict $documented"
		done
	done
	echo "redis s newest last-login/%{user}"
	echo "redis-protocols ms newest $documented"
	echo "mysql-users ms strict $documented"
	[[ $syntax != 2.3 ]] || echo "chatmail s newest last-login/%u"
	[[ $syntax != 2.3 ]] || echo "iredmail s strict last-login/%s/%u/%d"
}

fill_in() { # side, file
	local directory=/harness/plugin number=1
	if [[ $1 == dovetap ]]; then
		directory=$(side_dir dovetap) number=2
	fi
	sed "s|@DIR@|$directory|; s|@SIDE@|$1|; s|@DB@|$number|; s|@KEY@|$key|
		s|@PRECISION@|$precision|; s|@REDIS@|${redis_port:-}|
		s|@MYSQL@|${mariadb_port:-}|; s|@PGSQL@|${postgres_port:-}|" "$2"
}

prepare() { # directories, stores and both sides of the configuration
	local side
	harness_name=$folder
	rm -rf "${tmp:?}/$folder" "$(side_dir dovetap)"
	for side in plugin dovetap; do
		mkdir -p "$(side_dir $side)"
		chmod 0777 "$(side_dir $side)"
	done
	"${store//-/_}_prepare" > "$tmp/prepare.log" 2>&1 || bail "$store: $(tail -n 3 "$tmp/prepare.log")"
	for side in plugin dovetap; do
		[[ ! -e $here/$syntax/$store.map ]] ||
			fill_in $side "$here/$syntax/$store.map" > "$(side_dir $side)/map.conf"
	done
	fill_in plugin "$here/$syntax/$store.conf" > "$tmp/$folder/extra.conf"
}

# The server's file as dovetap is given it: whole, with the other store.
server_config() {
	head -c "-$(wc -c < "$tmp/$folder/extra.conf")" "$tmp/$folder/dovecot.conf"
	fill_in dovetap "$here/$syntax/$store.conf"
}

dovetap_config() {
	cat << END
dovetap {
  dovecot_config = $tmp/server.conf
  compat = $compat
}
END
}

deliver_and_administrate() {
	local user
	for user in u1 u2 u3; do
		printf 'Subject: test\n\ntest\n' |
			chroot "$harness_root" /usr/lib/dovecot/dovecot-lda -c /harness/dovecot.conf \
				-d "$user@example.com"
		doveadm mailbox list -u "$user@example.com"
	done
}

dump() { # side
	"${store//-/_}_dump" "$1"
}

some_are_there() {
	local side
	for side in plugin dovetap; do
		same 4 "$(dump $side | grep -c 'u[1-4]@example\.com')" || return
	done
}

# Who comes first makes a row of its service's address in a table of users; those of other services
# leave it. The plugin's writes have no order when logins overlap.
use_dovecot() {
	"$here/sessions.py" 1 | login - --parallel 4 &&
		eventually some_are_there &&
		"$here/sessions.py" 2 | login - --parallel 4 &&
		"$here/sessions.py" 3 | login - --parallel 4 &&
		deliver_and_administrate
}

stores_are_equal() {
	dump plugin > "$tmp/plugin.dump"
	dump dovetap > "$tmp/dovetap.dump"
	"$here/compare.py" "$precision" "$tmp/plugin.dump" "$tmp/dovetap.dump" \
		> "$tmp/result"
}

one_case() {
	prepare
	harness_start "$folder"
	server_config > "$tmp/server.conf"
	dovetap_config > "$tmp/dovetap.conf"
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
	use_dovecot > "$tmp/use.log" 2>&1 || bail "$(grep -v '"ok": true' "$tmp/use.log")"
	check "$syntax $store $precision $compat $key" eventually stores_are_equal
	[[ -z ${RESULTS:-} ]] ||
		echo "$syntax $store $precision $compat $key $(cat "$tmp/result")" >> "$RESULTS"
	dovetap_stop
	harness_stop
}

plan "$(cases | wc -l)"
while read -r store precision compat key <&7; do
	one_case
done 7< <(cases)
