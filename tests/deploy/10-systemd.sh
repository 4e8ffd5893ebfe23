#!/bin/bash
# SPDX-License-Identifier: MIT
# What "make install" gives systemd, looked at by systemd's own tools in an empty root directory.
. "$(dirname "$0")/../integration/lib.sh"
plan 8

root=$tmp/root
unit=$root/usr/lib/systemd/system/dovetap.service
SCORE_MAX=40 # of 100, systemd-analyze's measure of exposure; less is better

score() {
	systemd-analyze security --offline=yes --threshold=$SCORE_MAX --no-pager "$unit" > "$tmp/score" ||
		{ tail -n 1 "$tmp/score"; return 1; }
}

unit_is_sound() { # systemd also looks whether the program is there
	sed -i "s,/usr/sbin/dovetap,$root&," "$unit"
	systemd-analyze verify --man=no "$unit" && sed -i "s,$root,," "$unit"
}

entry() { # directory, mode: that mode, owner and group by name inside the root
	local gid
	gid=$(awk -F: '$1 == "dovetap-collector" {print $3}' "$root/etc/group")
	same "$2 0 $gid" "$(stat -c '%a %u %g' "$root$1")"
}

config_reads_credential() {
	local conf=$tmp/dovetap.conf
	printf 'hunter2\n' > "$tmp/redis-password"
	sed -n '/^    dovecot_config_version/,/^    }/p' "$top/docs/service.md" |
		sed "s,/run/credentials/dovetap.service,$tmp," > "$conf"
	"$dovetap" config show --config "$conf" > "$tmp/show"
	has_line redis "$tmp/show"
	has_line password "$tmp/show"
	has_no_line hunter2 "$tmp/show"
}

mkdir -p "$root/etc"
check 'it installs under DESTDIR' make -C "$top" install DESTDIR="$root" PREFIX=/usr
check 'the unit is sound' unit_is_sound
check "its exposure is at most $SCORE_MAX of 100" score
tail -n 1 "$tmp/score" | note
check 'the user is made' systemd-sysusers --root="$root"
systemd-tmpfiles --root="$root" --create > "$tmp/tmpfiles" 2>&1
check 'the state directory is for its group' entry /var/lib/dovetap 1770
check 'so is the one of the sockets, which others pass' entry /run/dovetap 771
check 'and that of the audit stream' entry /var/log/dovetap 770
check 'the documented credential is read and not shown' config_reads_credential
