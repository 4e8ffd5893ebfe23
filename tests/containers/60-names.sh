#!/bin/bash
# SPDX-License-Identifier: MIT
# dovetap in a cgroup namespace of its own, as every pod has one, on a node with three thousand control
# groups: of each login the container is known from the first one on, also where it begins and ends
# within the second in which its container starts.
. "$(dirname "$0")/lib.sh"
plan 4

containers=(one two three four five six)

make_groups() {
	! alone || return 1
	mkdir -p "$slice"/crowd/{1..30}/{1..100}
	[[ $(find "$slice/crowd" -type d | wc -l) -eq 3031 ]]
}

own_cgroup_namespace() { # of the collector; this one's is the machine's
	local its
	its=$(readlink "/proc/$(collector_pid)/ns/cgroup")
	[[ $its != "$(readlink /proc/self/ns/cgroup)" ]]
}

start_and_log_in() {
	local name
	for name in "${containers[@]}"; do
		container_begin "$name" bookworm docker-@.scope
	done
	for name in "${containers[@]}"; do
		container_await "$name"
		container_login "$name" imap {1..15}"@$domain" || return
	done
}

"$top/tools/rootfs" bookworm | note
check 'there are three thousand groups' make_groups
mkdir "$slice/pod"
inside_group=$slice/pod outside_start
check 'dovetap has a cgroup namespace of its own' own_cgroup_namespace
check 'everybody logs in to containers that have just started' start_and_log_in
check 'each login is recorded once, and where' eventually told_of "${containers[@]}"
stop "$dovetap_pid"
for name in "${containers[@]}"; do
	container_stop "$name"
done
find "$slice/crowd" -depth -type d -exec rmdir {} \;
eventually rmdir "$slice/pod" > /dev/null
