#!/bin/bash
# SPDX-License-Identifier: MIT
# The client libraries of stores belong to modules: the program has none of them, the process that
# writes has those that its configuration names, the one with rights has none, and what is not
# installed is named with its package. Each module is put to work by the real program, and each store
# is asked by its own client.
. "$(dirname "$0")/lib.sh"
plan 17

of_modules='lib(mariadb|pq|hiredis|maxminddb|ssl|ldap|lber|gssapi_krb5|krb5|sasl2)[-.]'
conf=$tmp/dovetap.conf

program_needs_none() { # what it names itself, not what other libraries bring along
	readelf --dynamic "$dovetap" | grep NEEDED > "$tmp/needed"
	has_line '\[libsqlite3[.]' "$tmp/needed"
	has_no_line "\[$of_modules" "$tmp/needed"
}

has_modules() { # pid NAME.so...: these it has mapped, and the C library
	same "$(printf '%s\n' "${@:2}" libc.so.6 | sort)" \
		"$(grep -oE '/modules/[^/]+\.so$|/libc\.so\.6$' "/proc/$1/maps" | sed 's,.*/,,' | sort -u)"
}

has_libraries() { # pid NAME...: these it has of those that modules want, and of the program's own
	same "$(printf '%s\n' "${@:2}" | sort)" \
		"$(grep -oE "($of_modules|libsqlite3\.|libbpf\.)" "/proc/$1/maps" | tr -d '.-' | sort -u)"
}

collector_has() { # NAME.so...: the one that is there once the old one is gone
	has_modules "$(collector_of "$dovetap_pid")" "$@"
}

said() { # text count
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

write_conf() { # dict URI, settings...
	printf 'plugin {\n  last_login_dict = %s\n  last_login_key = last-login/%%{service}/%%{user}/%%{remote_ip}\n' "$1"
	printf '}\ndovetap {\n'
	printf '  %s\n' "${@:2}"
	printf '}\n'
}

is_named() { # arguments of dovetap: the module that is missing, and its package
	local status=0
	LD_LIBRARY_PATH=$modules timeout 60 "$tmp/alone/dovetap" "$@" --config "$conf" \
		--state-dir "$tmp/state" > "$tmp/named" 2>&1 || status=$?
	[[ $status -ne 0 ]] && grep -F "$conf:2: " "$tmp/named" | grep -F "$missing" && return
	cat "$tmp/named"
	echo "exit status $status"
	return 1
}

login_arrives() {
	redis --raw keys '*' | grep -qx last-login/imap/alice@example.com/127.0.0.1
}

# --- which are loaded ----------------------------------------------------------------------------

"$top/tests/golden/make-mmdb" Country "$tmp/country.mmdb" <<< '::127.0.0.1/128 DE'
chmod 0644 "$tmp/country.mmdb"
check 'the program needs no library of a module' program_needs_none

harness_start bookworm
write_conf "file:$tmp/state/file" > "$conf"
dovetap_start --root "$harness_root" --config "$conf"
check 'with a file no module is loaded' collector_has
check 'nor a library of one' has_libraries "$(collector_of "$dovetap_pid")" libbpf libsqlite3

redis_start
write_conf "redis:host=127.0.0.1:port=$redis_port" "geoip_country = $tmp/country.mmdb" > "$conf"
kill -HUP "$dovetap_pid"
eventually said 'read anew' 1
check 'after a reload, those of the new configuration' eventually collector_has geoip.so redis.so
check 'with their libraries' has_libraries "$(collector_of "$dovetap_pid")" libbpf libhiredis \
	libmaxminddb libsqlite3 libssl
check 'the process with rights has none' has_modules "$dovetap_pid"
check 'nor a library of one' has_libraries "$dovetap_pid" libbpf
login imap alice@example.com > "$tmp/out"
check 'a login arrives, from behind the sandbox' eventually login_arrives
dovetap_stop

# --- which are not -------------------------------------------------------------------------------

modules=$(dirname "$dovetap")/modules
folder=$(sed -n 's/^#define DOVETAP_MODULE_DIR "\(.*\)"/\1/p' "$top/.output/gen/modules/dir.h")
mkdir -p "$tmp/alone" "$tmp/open/modules"
install -m 0755 "$dovetap" "$dovetap-attacher" "$tmp/alone/"
install -m 0755 "$dovetap" "$tmp/open/"
install -m 0666 "$modules/redis.so" "$tmp/open/modules/"
write_conf 'redis:' > "$conf"
missing="dict redis needs the module $folder/redis.so, which is not installed: apt-get install dovetap-redis"

"$top/tests/golden/make-recording.py" < "$top/tests/golden/replay.in" > "$tmp/events"
check 'what is not installed is named by run' is_named run --root "$harness_root"
check 'and by check' is_named check --root "$harness_root"
check 'and by lookup' is_named lookup alice@example.com
check 'and by inactive' is_named inactive --older 1d
check 'and by expire' is_named expire --older 1d
check 'and by replay' is_named replay "$tmp/events"
check 'and by spool drain' is_named spool drain
check 'a module that everybody may write is refused' fails_with 78 \
	"$tmp/open/modules/redis.so can be written by others than its owner (mode 0666)" \
	"$tmp/open/dovetap" lookup --config "$conf" alice@example.com
write_conf 'memory:' "geoip_asn = $tmp/country.mmdb" > "$conf"
check 'that of databases of addresses is named by its setting' fails_with 78 \
	"geoip_asn needs the module $folder/geoip.so, which is not installed: apt-get install dovetap-geoip" \
	"$tmp/alone/dovetap" replay --config "$conf" "$tmp/events"
