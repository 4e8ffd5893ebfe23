#!/bin/bash
# SPDX-License-Identifier: MIT
# What a store has refused for good is written once its cause is mended, or dropped.
. "$(dirname "$0")/lib.sh"
plan 7

harness_start bookworm
mariadb_start
mariadb_sql -e "CREATE DATABASE mail; CREATE USER dovecot@localhost IDENTIFIED BY 'pass';
	GRANT ALL ON mail.* TO dovecot@localhost; USE mail; CREATE TABLE last_login (
	userid VARCHAR(10) NOT NULL PRIMARY KEY, last_access BIGINT NOT NULL)"
cat > "$tmp/map" << END
connect = host=$tmp/mariadb/socket dbname=mail user=dovecot password=pass
map {
  pattern = shared/ll/\$user
  table = last_login
  value_field = last_access
  value_type = uint
  fields {
    userid = \$user
  }
}
END
chmod 0644 "$tmp/map"
cat > "$tmp/conf" << END
plugin {
  last_login_dict = mysql:$tmp/map
  last_login_key = ll/%u
}
END
spool() { # action...
	"$dovetap" spool "$@" --config "$tmp/conf" --state-dir "$tmp/state"
}

refused_are() { # users: their names, in order
	same "$1" "$(spool export | jq -r 'select(.state == "refused") | .key' | sed 's,.*/,,' | sort | tr '\n' ' ')"
}

rows() {
	mariadb_sql mail -e 'SELECT userid FROM last_login ORDER BY userid' | tr '\n' ' '
}

dovetap_start --root "$harness_root" --config "$tmp/conf"
login imap alice@example.com bob@example.com carol@example.com short@x.y > "$tmp/out"
check 'names that are too long are refused' eventually refused_are \
	'alice@example.com bob@example.com carol@example.com '
check 'others are written' same 'short@x.y ' "$(rows)"
dovetap_stop
check 'one can be dropped' fails_with 0 '1 dropped' spool drop shared/ll/bob@example.com
check 'and only that' refused_are 'alice@example.com carol@example.com '
check 'as long as nothing is mended they are refused again' fails_with 0 '2 to be written again' spool retry
check 'and kept' refused_are 'alice@example.com carol@example.com '
mariadb_sql mail -e 'ALTER TABLE last_login MODIFY userid VARCHAR(255) NOT NULL'
spool retry > "$tmp/out"
written_and_refused_no_more() {
	local left
	same 'alice@example.com carol@example.com short@x.y ' "$(rows)"
	left=$(spool list)
	same "nothing$left" nothing
}
check 'then they are written, and refused no more' written_and_refused_no_more
