#!/bin/bash
# SPDX-License-Identifier: MIT
# On control groups of version 1 each login has the container where it was, also when its process is gone
# before anybody could look at it: the collector is stopped while many short sessions begin and end, in
# groups that were made a moment ago. Paths are those of Docker, systemd, the kubelet and podman.
. "$(dirname "$0")/lib.sh"
plan 8

hierarchy=/sys/fs/cgroup/pids
if [[ -e /sys/fs/cgroup/cgroup.controllers || ! -e $hierarchy/cgroup.procs ]]; then
	for ((i = 1; i <= 8; i++)); do
		not_applicable "$i" 'the control groups here are of version 2'
	done
	exit
fi

slice=dovetap-test-$$
groups=()
at_end leave_groups

leave_groups() { # the kernel removes no group that has a process
	local group
	harness_stop
	for group in "${groups[@]}"; do
		eventually rmdir "$hierarchy/$slice/$group" > "$tmp/rmdir"
	done
	find "$hierarchy/$slice" -depth -type d -exec rmdir {} \; 2> "$tmp/rmdir"
	groups=()
}

# What is in the group from now on: the master, and what it starts.
enter_group() { # path below the slice
	mkdir -p "$hierarchy/$slice/$1"
	groups+=("$1")
	echo "$harness_master" > "$hierarchy/$slice/$1/cgroup.procs"
}

id_of() { # number: of a container
	printf %s "$slice/$version/$1" | sha256sum | cut -c 1-64
}

path_of() { # number of a container: each runtime's in turn
	local id
	id=$(id_of "$1")
	case $(($1 % 4)) in
	0) echo "docker/$id" ;;
	1) echo "system.slice/docker-$id.scope" ;;
	2) echo "kubepods/burstable/pod$(uuid_of "$1")/$id" ;;
	3) echo "machine.slice/libpod-$id.scope/container" ;;
	esac
}

uuid_of() { # number of a container
	id_of "$1" | sed -E 's/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/'
}

session() { # number of a container
	enter_group "$(path_of "$1")"
	login imap "u$1@example.com" >> "$tmp/out"
	login pop3 "u$1@example.com" >> "$tmp/out"
	echo "$harness_master" > "$hierarchy/cgroup.procs" # no session below is another's
	echo "$(id_of "$1") u$1@example.com" >> "$tmp/expected"
}

no_session_is_left() {
	! pgrep --ns "$harness_master" --nslist pid -f '^dovecot/(imap|pop3)( |$)' > "$tmp/left"
}

sessions() { # that all begin and end while nobody looks
	local collector i
	! alone || return 1
	collector=$(collector_of "$dovetap_pid")
	kill -STOP "$collector"
	for ((i = 1; i <= 40; i++)); do
		session "$i"
	done
	eventually no_session_is_left
	kill -CONT "$collector"
}

recorded_where() { # CONTAINER USER, of each service the same
	[[ -s $tmp/expected ]]
	same "$(sort "$tmp/expected")" \
		"$(jq -r 'select(.event == "login" and .service == "'"$1"'") | .container + " " + .user' "$tmp/audit/log" | sort)"
}

scenario() {
	rm -rf "$tmp/audit" "$tmp/expected" && mkdir -m 1777 "$tmp/audit"
	printf 'dovetap {\n  audit_log = %s\n  audit_fields = user service container\n}\n' "$tmp/audit/log" > "$tmp/dovetap.conf"
	dovetap_start_recording --config "$tmp/dovetap.conf"
	check "$version: forty containers with sessions that are over before they are looked at" sessions
	check "$version: each login has its container" eventually recorded_where imap
	check "$version: of each service" eventually recorded_where pop3
	login imap "none@example.com" >> "$tmp/out"
	echo "unknown none@example.com" >> "$tmp/expected"
	check "$version: and one outside of them has none" eventually recorded_where_and_none
	dovetap_stop
}

recorded_where_and_none() {
	same unknown "$(jq -r 'select(.event == "login" and .user == "none@example.com") | .container // "unknown"' "$tmp/audit/log")"
}

for version in bookworm trixie; do
	harness_start "$version"
	scenario
	leave_groups
done
