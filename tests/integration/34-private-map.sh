#!/bin/bash
# SPDX-License-Identifier: MIT
# A map file with a password in it is closed to everybody but root: the privileged side reads it,
# and the collector that has no rights writes to the store behind it. The plugin's settings name
# Dovecot's dict server; dovetap goes to the store directly.
. "$(dirname "$0")/lib.sh"
plan 3

rows() {
	sqlite3 "$tmp/db/last.db" 'select userid, service, last_ip from last_login order by 1'
}

there() {
	same "$1" "$(rows)"
}

mkdir -m 1777 "$tmp/db"
sqlite3 "$tmp/db/last.db" 'create table last_login (userid varchar(255) not null,
	service varchar(10) not null, last_access bigint not null, last_ip varchar(40) not null,
	primary key (userid, service))'
chmod 666 "$tmp/db/last.db"
cat > "$tmp/map.conf.ext" << MAP
connect = $tmp/db/last.db
map {
  pattern = shared/last-login/\$service/\$user/\$remote_ip
  table = last_login
  value_field = last_access
  value_type = uint
  fields {
    userid = \$user
    service = \$service
    last_ip = \$remote_ip
  }
}
MAP
chmod 600 "$tmp/map.conf.ext"
cat > "$tmp/dovecot.conf" << CONF
plugin {
  last_login_dict = proxy::sql
  last_login_key = last-login/%{service}/%{user}/%{remote_ip}
  last_login_precision = ms
}
dict {
  sql = sqlite:$tmp/map.conf.ext
}
CONF
harness_start bookworm
dovetap_start --root "$harness_root" --dovecot-config "$tmp/dovecot.conf"
login imap a/b@example.com > "$tmp/out"
check 'the row is there, with the slash in the name' eventually there 'a/b@example.com|imap|127.0.0.1'
login imap a/b@example.com --ipv6 > "$tmp/out"
check 'the newest address is kept' eventually there 'a/b@example.com|imap|::1'
check 'the collector could not have read the map' \
	fails_with 1 'Permission denied' setpriv --reuid 65534 --clear-groups cat "$tmp/map.conf.ext"
