# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every test of containers starts with; it has all of tests/faults/lib.sh and
#
#     container_start one bookworm docker-@.scope    a Dovecot in namespaces and a control group of its own
#     container_login one imap u1@example.com        through its network namespace
#     outside_start                                  dovetap, which is told of none of them
#     check 'who, where' eventually told             every login, once, in the container where it happened
#     container_stop one
#
# What was printed by the logins is kept in $tmp/NAME/accepted. dovetap watches whatever runs on this
# machine; the tests look at the users of their own $domain.
. "$(dirname "${BASH_SOURCE[0]}")/../faults/lib.sh"

domain=test-$$-$RANDOM.example
groups=$tmp/cgroup
slice=$groups/dovetap-test-$$.slice
declare -A container_harness container_first container_group

mkdir -p "$groups" "$tmp/log"
chmod 1777 "$tmp/log"
mount -t cgroup2 none "$groups" || bail 'no control groups of version 2'
mkdir "$slice"

containers_remove() {
	local name
	for name in "${!container_harness[@]}"; do
		container_stop "$name"
	done
	rmdir "$slice"
	umount "$groups"
}
at_end containers_remove

# A harness of tests/integration/lib.sh, which has no container around it: "unknown" is its container.
declare -A on_host

host_start() { # root folder, which is its name, too
	harness_start "$1"
	on_host[$1]=yes
	container_first[$1]=$harness_master
}

container_id() { # name
	[[ -z ${on_host[$1]:-} ]] || { echo unknown && return; }
	printf %s "$domain/$1" | sha256sum | cut -c 1-64
}

# Begins; whoever needs it waits with container_await. GROUP is the path of its control group in the
# slice, where @ stands for the container's id.
container_begin() { # name, root folder, group
	! alone || return 0
	local group=$slice/${3//@/$(container_id "$1")}
	mkdir -p "$tmp/$1" "$group"
	container_group[$1]=$group
	run_in_background "$tmp/$1/harness.log" "$top/tests/harness/dovecot" --container "$group" "$2" "$tmp/$1"
	container_harness[$1]=$pid
}

container_await() { # name
	! alone || return 0
	eventually grep -qs 'starting up' "$tmp/$1/dovecot.log" ||
		bail "$1: $(tail -n 5 "$tmp/$1"/{harness,dovecot}.log)"
	container_first[$1]=$(pgrep --parent "$(pgrep --parent "${container_harness[$1]}" -x unshare)")
}

container_start() {
	"$top/tools/rootfs" "$2" | note
	container_begin "$@"
	container_await "$1"
}

# Before it begins: the files that carry probes are its own, as in an image of its own.
container_own_files() { # name, root folder
	local file
	for file in libdovecot-storage.so.0.0.0 libdovecot-login.so.0.0.0 auth; do
		cp -a "$(root_folder "$2")/usr/lib/dovecot/$file" "$(harness_file "$1" "/usr/lib/dovecot/$file")"
	done
}

container_stop() { # name
	[[ -n ${container_harness[$1]:-} ]] || return 0
	stop "${container_harness[$1]}"
	unset "container_harness[$1]" "container_first[$1]"
	eventually rmdir "${container_group[$1]}" > "$tmp/rmdir"
	(cd "$slice" && rmdir --parents --ignore-fail-on-non-empty "$(dirname "${container_group[$1]#"$slice/"}")") \
		2> "$tmp/rmdir" || true # a group may be that of others, too
}

container_root() { # name
	echo "/proc/${container_first[$1]}/root"
}

container_login() { # name, arguments of tests/harness/login.py behind the ports
	! alone || return 1
	local name=$1
	shift
	nsenter --net="/proc/${container_first[$name]}/ns/net" "$top/tests/harness/login.py" \
		"$tmp/$name/ports" "$@" >> "$tmp/$name/accepted"
}

# dovetap with its audit stream in $tmp/log/audit.log; it sees the test's control groups as this
# machine's, from a mount namespace of its own. Its messages have the time in nanoseconds before them.
#
# With a directory in $inside_group it is in that control group, and in a cgroup namespace that begins there.
outside_start() { # arguments of "dovetap run"; outside_settings: more of dovetap { }
	cat > "$tmp/inside" <<- END
		#!/bin/bash -e
		mount --bind "$groups" /sys/fs/cgroup
		exec "$dovetap" "\$@" 2> >("$top/tests/harness/stamp" >&2)
	END
	cat > "$tmp/outside" <<- END
		#!/bin/bash -e
		group=${inside_group:-}
		[[ -z \$group ]] || echo \$\$ > "\$group/cgroup.procs"
		exec unshare --mount \${group:+--cgroup} "$tmp/inside" "\$@"
	END
	chmod +x "$tmp/inside" "$tmp/outside"
	printf 'dovetap {\n  %s\n  audit_log = %s\n  audit_fields = %s\n  audit_events = login auth\n}\n' \
		"${outside_settings:-}" "$tmp/log/audit.log" 'user service remote_ip container pid' > "$tmp/dovetap.conf"
	local real=$dovetap
	dovetap=$tmp/outside
	dovetap_start --config "$tmp/dovetap.conf" --dict "sqlite:path=$tmp/state/db" \
		--key 'last-login/%{service}/%{user}' --precision ns "$@"
	dovetap=$real
}

collector_pid() { # besides it there is the stamp
	collector_of "$dovetap_pid"
}

accepted_in() { # containers: EVENT CONTAINER SERVICE USER ADDRESS, both events of each login
	local name
	for name in "$@"; do
		jq -r --arg id "$(container_id "$name")" 'select(.ok) | . as $login | "auth", "login" |
			[., $id, $login.service, $login.user, $login.from] | join(" ")' "$tmp/$name/accepted"
	done
}

# Every login was told, exactly once, with what is true of it.
told_of() { # containers
	same "$(accepted_in "$@" | sort)" "$(jq -r --arg domain "@$domain" \
		'select(.user // "" | endswith($domain)) |
			[.event, .container, .service, .user, .remote_ip] | join(" ")' \
		"$tmp/log/audit.log" | sort)"
}
