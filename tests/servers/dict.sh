#!/bin/bash
# SPDX-License-Identifier: MIT
# The dict server of an unmodified Dovecot, with one dict "test": dict.sh RELEASE DIR BACKEND
#
# RELEASE is a root folder of tools/rootfs; the server runs there, in name spaces of its own, until it is
# killed, with DIR bound to /mnt. It listens on DIR/run/dict. BACKEND is one of
#   file          DIR/last-login
#   redis         a Redis of its own, which ends with it; DIR/redis.sock
#   mysql:SOCKET  table last_login of the MariaDB of tests/servers/mariadb.sh at SOCKET
set -euo pipefail
release=$1 dir=$2 backend=$3
root=${DOVETAP_CACHE:-/var/cache/dovetap}/root/$release

common() {
	cat <<- CONF
		protocols =
		ssl = no
		base_dir = /mnt/run
		state_dir = /mnt/run
		log_path = /mnt/log
		service dict {
		  user = root
		  unix_listener dict {
		    mode = 0666
		  }
		}
	CONF
}

config_2_3() {
	local uri
	case $backend in
	file) uri=file:/mnt/last-login:lock=flock ;;
	redis) uri=redis:path=/mnt/redis.sock ;;
	mysql:*) uri=mysql:/mnt/map.conf ;;
	esac
	common
	printf 'dict {\n  test = %s\n}\n' "$uri"
}

map_2_3() {
	cat <<- 'CONF'
		connect = host=/srv/socket dbname=mails user=dovetap password=sekret
		map {
		  pattern = shared/last-login/$service/$user/$remote_ip
		  table = last_login
		  value_field = last_access
		  value_type = uint
		  fields {
		    userid = $user
		    service = $service
		    last_ip = $remote_ip
		  }
		}
	CONF
}

# shellcheck disable=SC2016 # the variables are Dovecot's
dict_2_4() {
	case $backend in
	file) echo 'driver = file
		dict_file_path = /mnt/last-login
		dict_file_lock_method = flock' ;;
	redis) echo 'driver = redis
		redis_socket_path = /mnt/redis.sock' ;;
	mysql:*) echo 'driver = sql
		sql_driver = mysql
		mysql /srv/socket {
		  user = dovetap
		  password = sekret
		  dbname = mails
		}
		dict_map shared/last-login/$service/$user/$remote_ip {
		  sql_table = last_login
		  value_field last_access {
		    type = uint
		  }
		  key_field userid {
		    value = $user
		  }
		  key_field service {
		    value = $service
		  }
		  key_field last_ip {
		    value = $remote_ip
		  }
		}' ;;
	esac
}

config_2_4() {
	printf 'dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n'
	common
	printf 'dict_server {\n  dict test {\n%s\n  }\n}\n' "$(dict_2_4)"
}

inside() { # in the new name spaces
	case $backend in
	redis)
		redis-server --port 0 --save "" --dir "$dir" --unixsocket "$dir/redis.sock" > /dev/null &
		until redis-cli -s "$dir/redis.sock" ping > /dev/null 2>&1; do sleep 0.02; done
		;;
	mysql:*) mount --bind "$(dirname "${backend#mysql:}")" "$root/srv" ;;
	esac
	mount --bind "$dir" "$root/mnt"
	exec chroot "$root" /usr/sbin/dovecot -F -c /mnt/dovecot.conf
}

if [[ ${4:-} == --inside ]]; then
	inside
fi
chmod 0755 "$dir"
if grep -qaF '2.4.ABIv' "$root/usr/lib/dovecot/libdovecot.so.0"; then
	config_2_4 > "$dir/dovecot.conf"
else
	config_2_3 > "$dir/dovecot.conf"
	map_2_3 > "$dir/map.conf"
fi
exec unshare --mount --pid --fork --kill-child "$0" "$release" "$dir" "$backend" --inside
