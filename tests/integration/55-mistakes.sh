#!/bin/bash
# SPDX-License-Identifier: MIT
# Every mistake of mistakes.list is an error of "dovetap check" and stops "dovetap run" with status 78,
# with the same message: its place, what it leads to, and what would be right.
. "$(dirname "$0")/lib.sh"

list=$(dirname "$0")/mistakes.list
plan $((2 * $(grep -c '^## ' "$list") + 1))

all='table = last_login
  value_field = last_access
  value_type = uint
  fields {
    userid = $user
    service = $service
    last_ip = $remote_ip
  }'

columns() { # type of the service, of the time
	echo "userid VARCHAR(255) NOT NULL, service $1 NOT NULL, last_access $2, last_ip VARCHAR(40)"
}

make_tables() {
	mariadb_sql -e "CREATE DATABASE mails;
		CREATE USER dovetap@localhost IDENTIFIED BY 'sekret';
		GRANT ALL ON mails.* TO dovetap@localhost; USE mails;
		CREATE TABLE last_login ($(columns 'VARCHAR(20)' BIGINT), PRIMARY KEY (userid, service));
		CREATE TABLE narrow ($(columns 'VARCHAR(10)' INT), PRIMARY KEY (userid, service));
		CREATE TABLE history ($(columns 'VARCHAR(20)' BIGINT))"
}

fill_in() { # file
	sed -i "s|@DIR@|$dir|g
		s|@MYSQL@|host=127.0.0.1 port=$mariadb_port dbname=mails user=dovetap password=sekret|" "$1"
	perl -0pi -e 's/\@ALL\@/$ENV{all}/' "$1"
}

# Cuts the list into directories case.1, case.2 ...
cut_list() {
	awk -v top="$tmp" '
		/^#[^#]/ { next }
		/^## / { n++; dir = top "/case." n; system("mkdir -m 1777 " dir); file = dir "/dovetap.conf"
			print substr($0, 4) > (dir "/expected"); printf "" > file; next }
		/^-- / { file = dir "/" ($2 == "server" ? "dovecot.conf" : $2); next }
		n { print > file }' "$list"
}

prepare() { # directory
	local file
	[[ ! -e $1/dovecot.conf ]] ||
		printf 'dovetap {\n  dovecot_config = %s/dovecot.conf\n}\n' "$1" > "$1/dovetap.conf"
	# What it would use if it did start.
	[[ $(cat "$1/dovetap.conf") == *state_dir* ]] || state=(--state-dir "$1/state")
	for file in "$1"/*; do
		fill_in "$file"
	done
}

is_refused() { # command...: with the text that was expected
	fails_with 78 "$(cat "$dir/expected")" "$dovetap" "$@" --config "$dir/dovetap.conf" "${state[@]}"
}

export all
mariadb_start > "$tmp/mariadb.log" 2>&1 || bail "$(tail -n 3 "$tmp/mariadb.log")"
make_tables
cut_list
for ((number = 1; ; number++)); do
	dir=$tmp/case.$number state=()
	[[ -d $dir ]] || break
	prepare "$dir"
	for command in check run; do
		check "$command, $number: $(cat "$dir/expected")" is_refused $command
	done
done

dir=$tmp/right state=(--state-dir "$tmp/right/state")
mkdir -m 1777 "$dir"
cat > "$dir/dovetap.conf" << END
plugin {
  last_login_dict = mysql:$dir/map
  last_login_key = last-login/%s/%u/%r
}
dovetap {
  control_socket = $dir/control.sock
  services = imap pop3 managesieve
}
END
printf 'connect = @MYSQL@\nmap {\n  pattern = shared/last-login/$service/$user/$remote_ip\n  @ALL@\n}\n' \
	> "$dir/map"
fill_in "$dir/map"
right() { # it may find faults with this machine
	local status=0
	"$dovetap" check --config "$dir/dovetap.conf" "${state[@]}" > "$tmp/right.out" 2>&1 || status=$?
	has_line '^ok +configuration last-login/%s/%u/%r: logins' "$tmp/right.out"
	has_no_line '^bad +configuration' "$tmp/right.out"
	[[ $status -ne 78 ]]
}
check 'what is right is no mistake' right
