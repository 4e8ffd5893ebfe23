#!/bin/bash
# SPDX-License-Identifier: MIT
# last_login_dict_fields: more keys of a login, with values of any kind, in stores that take them.
. "$(dirname "$0")/lib.sh"
plan 6

configure() { # dict URI
	cat > "$tmp/dovetap.conf" << END
plugin {
  last_login_dict = $1
}
last_login {
  last_login_key = last-login/%{user}
  last_login_dict_fields {
    last-ip/%{user} = %{remote_ip}
    last-port/%{user} = %{remote_port}
    last-way/%{user} = %{service} by %{auth_user}
  }
}
END
}

recording() { # of two logins: the second one's port is the smaller number
	"$top/tests/golden/make-recording.py" << 'END'
{"boot_ns": 1000000000, "username": "u", "service": "imap", "remote_ip": "192.0.2.9", "remote_port": 50000}
{"boot_ns": 2000000000, "username": "u", "service": "pop3", "remote_ip": "192.0.2.10", "remote_port": 99, "auth_user": "admin"}
END
}

write_one_by_one() { # so that the store has something to compare with
	recording > "$tmp/both"
	head -c "$((24 + 4 + 592))" "$tmp/both" > "$tmp/first" # the smallest record of event.h
	"$dovetap" replay --config "$tmp/dovetap.conf" "$tmp/first" &&
		"$dovetap" replay --config "$tmp/dovetap.conf" "$tmp/both"
}

newest='1795338304
192.0.2.10
99
pop3 by admin'

in_redis() {
	redis MGET last-login/u last-ip/u last-port/u last-way/u
}

in_file() { # in the same order; a dict file has a key a line, and then its value
	local key
	for key in last-login last-ip last-port last-way; do
		grep -A 1 -x "shared/$key/u" "$tmp/state/file" | tail -n 1
	done
}

newest_is_written() { # command that prints what is stored
	write_one_by_one
	same "$newest" "$("$1")"
}

redis_start
configure "redis:host=127.0.0.1:port=$redis_port"
check 'Redis has the newest of each key' newest_is_written in_redis
check 'the same logins again change nothing' newest_is_written in_redis

configure "file:$tmp/state/file"
check 'a dict file has it, too' newest_is_written in_file

configure "sqlite:path=$tmp/state/db"
check 'the embedded store has no place for them' fails_with 78 'last_login_dict_fields' \
	"$dovetap" replay --config "$tmp/dovetap.conf" "$tmp/both"
configure 'file:/nowhere'
sed -i 's/%{service} by/%{servce} by/' "$tmp/dovetap.conf"
check 'a wrong value is refused with its place' fails_with 78 'dovetap.conf:9: last_login_dict_fields' \
	"$dovetap" replay --config "$tmp/dovetap.conf" "$tmp/both"
check 'config show has them' grep -q 'last-port/%{user}' \
	<("$dovetap" config show --config "$tmp/dovetap.conf")
