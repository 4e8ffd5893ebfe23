#!/bin/bash
# SPDX-License-Identifier: MIT
# Dovecot's own last_login plugin and dovetap record the same logins from the same configuration,
# each into a store of its own: afterwards both stores must be equal. compare.py says what equal
# is. The configuration is one file, in which only the place of the store differs.
#
#     plugin.sh 2.3|2.4 [sites|old-sites]    TAP; with RESULTS set, a line for each case is added to that file
#
# Sites are what distributions and mail systems set up; old-sites: with the Dovecot of Debian 11.
. "$(dirname "$0")/../integration/lib.sh"
here=$(dirname "$(readlink -f "$0")")
. "$here/stores.sh"

declare -A folders=([2.3]=bookworm [2.4]=trixie)
syntax=$1 folder=${folders[$1]} set=${2:-stores}
[[ $set != old-sites ]] || folder=bullseye

dovecot_version() {
	case $folder in
	bullseye) echo 2.3.13 ;;
	bookworm) echo 2.3.19.1 ;;
	trixie) echo 2.4.1 ;;
	esac
}

# Each as it is set up; of 2.3 and 2.4 alike. Keys are not written where the default is meant.
sites() { # configuration, precision, compat, key
	local user=%u domain=%d service=%s
	[[ $syntax == 2.3 ]] || user='%{user}' domain='%{user|domain}' service='%{service}'
	for store in iredmail iredmail-pgsql iredmail-ldap; do
		echo "$store s strict last-login/$service/$user/$domain"
	done
	echo "modoboa s strict last-login/$service/$user"
	echo "hermes s strict last-login/$service/$user"
	echo "chatmail s newest last-login/$user"
	echo "debian s newest last-login/$user"
}

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
	echo "proxy us newest $documented"
	echo "mysql-users ms strict $documented"
}

fill_in() { # side, file
	local directory=/harness/plugin number=1 socket=dict
	if [[ $1 == dovetap ]]; then
		directory=$(side_dir dovetap) number=2 socket=$(side_dir plugin)/socket
	fi
	sed "s|@DIR@|$directory|; s|@SOCKET@|$socket|; s|@SIDE@|$1|; s|@DB@|$number|; s|@KEY@|${key//|/\\|}|
		s|@PRECISION@|$precision|; s|@REDIS@|${redis_port:-}|
		s|@MYSQL@|${mariadb_port:-}|; s|@PGSQL@|${postgres_port:-}|
		s|@MANAGESIEVE@|$(sed -n 's/MANAGESIEVE=//p' "$tmp/$folder/ports")|" "$2"
}

write_ports() { # for configurations that give the port of a service themselves
	paste -d = <(printf '%s\n' IMAP POP3 SUBMISSION MANAGESIEVE LMTP) \
		<("$top/tests/harness/free-ports" 5) > "$tmp/$folder/ports"
}

prepare() { # directories, stores and both sides of the configuration
	local side
	harness_name=$folder
	rm -rf "${tmp:?}/$folder" "$(side_dir dovetap)"
	for side in plugin dovetap; do
		mkdir -p "$(side_dir $side)"
		chmod 0777 "$(side_dir $side)"
	done
	write_ports
	"${store//-/_}_prepare" > "$tmp/prepare.log" 2>&1 || bail "$store: $(tail -n 3 "$tmp/prepare.log")"
	for side in plugin dovetap; do
		[[ ! -e $here/$syntax/$store.map ]] ||
			fill_in $side "$here/$syntax/$store.map" > "$(side_dir $side)/map.conf"
	done
	fill_in plugin "$here/$syntax/$store.conf" > "$tmp/$folder/extra.conf"
	[[ ! -e $here/$syntax/$store.users ]] ||
		cp "$here/$syntax/$store.users" "$tmp/$folder/users.conf"
	[[ ! -e $here/$syntax/$store.accounts ]] ||
		fill_in plugin "$here/$syntax/$store.accounts" > "$tmp/$folder/accounts.conf"
	printf '#!/bin/sh\nexec "$@"\n' > "$tmp/$folder/postlogin"
	chmod 0755 "$tmp/$folder/postlogin"
}

# The server's file as dovetap is given it: whole, with the other store.
server_config() {
	head -c "-$(wc -c < "$tmp/$folder/extra.conf")" "$tmp/$folder/dovecot.conf"
	fill_in dovetap "$here/$syntax/$store.conf"
}

# That of Debian includes files, which are below the server's root, and so is it.
server_place() {
	if [[ $store == debian ]]; then
		echo "$harness_root/harness/server.conf"
	else
		echo "$tmp/server.conf"
	fi
}

dovetap_config() {
	cat << END
dovetap {
  dovecot_config = $(server_place)
  dovecot_version = $(dovecot_version)
  compat = $compat
  dict_via = $([[ $store == proxy ]] && echo proxy || echo direct)
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

# Dovecot 2.3 expands what a userdb answers once more: with iRedMail's master_user = %u nobody with a
# "%" can log in. 2.3.13 and PostgreSQL: docs/compatibility.md, "backslash in a name".
sessions() { # round
	local without='^$'
	[[ $syntax$store != 2.3iredmail* ]] || without=per%
	[[ $folder != bullseye || $store != @(iredmail-pgsql|modoboa) ]] || without='per%\|back\\'
	"$here/sessions.py" "$1" | grep -v "$without"
}

# Who comes first makes a row of its service's address in a table of users; those of other services
# leave it. The plugin's writes have no order when logins overlap.
use_dovecot() {
	sessions 1 | login - --parallel 4 &&
		eventually some_are_there &&
		sessions 2 | login - --parallel 4 &&
		sessions 3 | login - --parallel 4 &&
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
	server_config > "$(server_place)"
	dovetap_config > "$tmp/dovetap.conf"
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
	use_dovecot > "$tmp/use.log" 2>&1 || bail "$(grep -v '"ok": true' "$tmp/use.log")"
	check "$syntax $store $precision $compat $key" eventually stores_are_equal
	[[ -z ${RESULTS:-} ]] ||
		echo "$(dovecot_version) $store $precision $compat $key $(cat "$tmp/result")" >> "$RESULTS"
	dovetap_stop
	harness_stop
}

[[ $set == stores ]] || cases() { sites; }
plan "$(cases | wc -l)"
while read -r store precision compat key <&7; do
	one_case
done 7< <(cases)
