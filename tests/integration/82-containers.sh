#!/bin/bash
# SPDX-License-Identifier: MIT
# Keys that name pod and container: from the control group of the mail process, in either version,
# and from the names of the kubelet's log files. dovetap runs in a mount namespace of its own,
# where /sys/fs/cgroup and /var/log are ours; the groups are the kernel's.
. "$(dirname "$0")/lib.sh"
plan 7

uid=8d3ab8ae-1f0c-4c5e-9c2b-0f1e2d3c4b5a
id=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
groups=$tmp/cgroup
slice=$groups/dovetap-test-$$.slice
pod=$slice/kubepods-pod${uid//-/_}.slice
scope=$pod/cri-containerd-$id.scope
key='ll/%{node}/%{pod}/%{container}/%{pod_namespace}/%{pod_uid}/%{container_id}/%{user}'

leave_group() {
	echo $$ > "$groups/cgroup.procs"
}

groups_remove() { # the processes in it have just been told to end
	leave_group
	[[ -z ${harness_pid:-} ]] || stop "$harness_pid"
	eventually rmdir "$scope" > /dev/null
	rmdir "$pod" "$slice"
	umount "$groups"
}
at_end groups_remove

dovetap_sees() { # directory: as /sys/fs/cgroup
	cat > "$tmp/inside" <<- END
		#!/bin/sh -e
		mount --bind "$1" /sys/fs/cgroup
		mount --bind "$tmp/log" /var/log
		exec "$real_dovetap" "\$@"
	END
	chmod +x "$tmp/inside"
}

stays() { # user: logged in until leaves(); who reads of a process must find it alive
	login imap "$1" --stay-until "$tmp/leave" > "$tmp/out" &
	session=$!
}

leaves() {
	touch "$tmp/leave"
	wait "$session"
	rm "$tmp/leave"
}

written() { # key behind "ll/"
	grep -qF "shared/ll/$1" "$tmp/dicts/ll" || { cat "$tmp/dicts/ll"; return 1; }
}

audited() { # what the stream's only record tells of the container
	same "$1" "$(jq -c '[.pod, .container, .pod_namespace, .pod_uid, .container_id]' "$tmp/state/audit")"
}

mkdir -p "$groups" "$tmp/log/containers" "$tmp/log/pods" "$tmp/v1"
mkdir -m 1777 "$tmp/dicts"
mount -t cgroup2 none "$groups" && mkdir -p "$scope" || bail 'no control groups of version 2'
printf '#!/bin/sh\nexec unshare --mount "%s/inside" "$@"\n' "$tmp" > "$tmp/outside"
chmod +x "$tmp/outside"
real_dovetap=$dovetap dovetap=$tmp/outside
export DOVETAP_NODE=node-7

echo $$ > "$scope/cgroup.procs"
harness_start bookworm
leave_group

dovetap_sees "$groups"
dovetap_start --root "$harness_root" --dict "file:$tmp/dicts/ll" --key "$key"
stays ids@example.com
check 'the group tells ids' eventually written "node-7/$uid/$id/unknown/$uid/$id/ids@example.com"
leaves
dovetap_stop

: > "$tmp/log/containers/mail-0_prod_dovecot-$id.log"
cat > "$tmp/audit.conf" << END
dovetap {
  audit_log = $tmp/state/audit
  audit_events = login
  audit_fields = pod container pod_namespace pod_uid container_id
}
END
dovetap_start --config "$tmp/audit.conf" --root "$harness_root" --dict "file:$tmp/dicts/ll" --key "$key"
stays names@example.com
check 'log files tell names' eventually written \
	"node-7/mail-0/dovecot/prod/$uid/$id/names@example.com"
check 'and the audit stream has them all' eventually audited \
	"[\"mail-0\",\"dovecot\",\"prod\",\"$uid\",\"$id\"]"
leaves
check 'a login is in the container that it happened in' same 2 "$(grep -c ^shared/ "$tmp/dicts/ll")"
dovetap_stop

dovetap_sees "$tmp/v1"
dovetap_start --root "$harness_root" --dict "file:$tmp/dicts/ll" --key "$key"
stays process@example.com
check 'without version 2 the process tells' eventually written \
	"node-7/mail-0/dovecot/prod/$uid/$id/process@example.com"
leaves
dovetap_stop
harness_stop

harness_start bookworm
dovetap_start --root "$harness_root" --dict "file:$tmp/dicts/ll" --key "$key"
stays host@example.com
check 'no container is unknown' eventually written \
	node-7/unknown/unknown/unknown/unknown/unknown/host@example.com
leaves
dovetap_stop

unset DOVETAP_NODE
dovetap_sees "$groups"
dovetap_start --root "$harness_root" --dict "file:$tmp/dicts/ll" --key "$key"
stays node@example.com
check 'in version 2, too' eventually written \
	"$(uname -n)/unknown/unknown/unknown/unknown/unknown/node@example.com"
leaves
