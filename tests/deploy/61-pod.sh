#!/bin/bash
# SPDX-License-Identifier: MIT
# The image run as the manifests say, by podman instead of a kubelet: their init container, rights,
# read-only root, volumes, memory limit and probes, under the seccomp profiles of real runtimes. Dovecot
# runs in a container of its own. The node's directories are this test's.
own_network=yes
. "$(dirname "$0")/lib.sh"
if [[ -z ${DOVETAP_TEST_MOUNTS:-} ]]; then
	export DOVETAP_TEST_MOUNTS=own
	exec unshare --mount "$0" "$@"
fi
plan 16

end_containers() {
	podman rm --all --force --time 5
} > "$tmp/end.log" 2>&1
at_end end_containers

node_start() { # directories of a node on which no dovetap ever ran
	mount -t tmpfs node /var/lib
	mount -t tmpfs node /var/log
	mount -t bpf node /sys/fs/bpf
	mkdir -p /var/log/pods /var/log/containers
}

mail_start() { # a Dovecot in a container: sets $harness, $mail
	harness=bookworm
	mkdir -p "$tmp/$harness"
	"$top/tools/rootfs" "$harness" | note
	"$top/tests/harness/dovecot" --prepare "$(root_folder "$harness")" "$tmp/$harness"
	mail=$(podman run --detach --network host --volume "$tmp/$harness:/harness" --tmpfs /mail:mode=1777 \
		--rootfs "$(root_folder "$harness"):O" /usr/sbin/dovecot -F -c /harness/dovecot.conf 2> "$tmp/mail.log")
	eventually grep -qs 'starting up' "$tmp/$harness/dovecot.log" || bail "Dovecot: $(cat "$tmp/mail.log")"
}

render() { # overlay: with a dovetap.conf of the test's own, as docs/kubernetes.md tells
	mkdir -p "$tmp/$1"
	cat > "$tmp/$1/kustomization.yaml" <<- END
		apiVersion: kustomize.config.k8s.io/v1beta1
		kind: Kustomization
		namespace: dovetap
		resources:
		  - $(realpath --relative-to="$tmp/$1" "$top/deploy/kubernetes/overlays/$1")
		configMapGenerator:
		  - name: dovetap
		    behavior: replace
		    files: [dovetap.conf]
	END
	cat > "$tmp/$1/dovetap.conf" <<- 'END'
		plugin {
		  last_login_dict = file:/var/lib/dovetap/logins
		  last_login_key = %{node}/%{pod}/%{container}/%u
		}
		dovetap {
		  pin = /sys/fs/bpf/dovetap
		  metrics_listen = 127.0.0.1:9190
		  mirror_dicts = sqlite:path=/var/lib/dovetap/all.db
		}
	END
	"$top/tools/kubernetes" "$tmp/$1" > "$tmp/$1.yaml" || bail "no manifests of $1"
}

pod() { # overlay, question
	"$top/tests/deploy/pod.py" "$tmp/$1.yaml" "$2"
}

pod_start() { # overlay
	mapfile -t arguments < <("$top/tests/deploy/podman-arguments" "$tmp/$1.yaml" owner node-7 "$tmp/$1.files")
	podman run --rm --network none "${arguments[@]}" || bail 'the init container failed'
	mapfile -t arguments < <("$top/tests/deploy/podman-arguments" "$tmp/$1.yaml" dovetap node-7 "$tmp/$1.files")
	podman run --detach --name dovetap --network host "${arguments[@]}" > "$tmp/run.log" 2>&1 ||
		bail "podman run: $(cat "$tmp/run.log")"
}

pod_stop() { # as a kubelet ends it; what it said is in $tmp/pod.log
	podman stop --time 30 dovetap > "$tmp/stop.log" 2>&1
	podman logs dovetap > "$tmp/pod.log" 2>&1
	podman rm --force dovetap >> "$tmp/stop.log" 2>&1
}

no_complaint() { # of the pod that was stopped last, but of Dovecots of other tests
	grep -v 'not attached:' "$tmp/pod.log" > "$tmp/own.log"
	has_no_line '[wW]arning|[eE]rror|WARNING|ERROR' "$tmp/own.log"
}

complains() { # word
	podman logs dovetap 2>&1 | grep -i "$1"
}

in_pod() { # command...
	podman exec dovetap "$@" < /dev/null
}

probe() { # ready, live
	# shellcheck disable=SC2046 # words
	in_pod $(pod before-6.6 "$1")
}

looked_up() { # user
	podman exec --user dovetap dovetap dovetap lookup --dict sqlite:path=/var/lib/dovetap/all.db "$1@example.com"
}

written() { # key
	grep -qxF "shared/$1" /var/lib/dovetap/logins || { cat /var/lib/dovetap/logins; return 1; }
}

process_has() { # of the attacher or of a child of it: names and values of /proc/PID/status
	local pid=$1 name
	shift
	for name in "$@"; do
		grep -qE "^${name%=*}:[[:space:]]+${name#*=}(\s|\$)" "/proc/$pid/status" ||
			{ grep "^${name%=*}:" "/proc/$pid/status"; return 1; }
	done
}

mask() { # capabilities: as /proc has them, hexadecimal
	setpriv --bounding-set="-all,+$(tr 'A-Z ' 'a-z,' <<< "$1" | sed 's/,/,+/g')" \
		sed -n 's/^CapBnd:\s*//p' /proc/self/status
}

# What RuntimeDefault means: that of Debian 12's podman, and Debian 13's, which later ones resemble.
newer=$("$top/tools/packages" containers-common)/usr/share/containers/seccomp.json
containers_ready
node_start
mail_start
render before-6.6
render default

pod_start before-6.6
check 'it gets ready' eventually probe ready
check 'and is alive' probe live
attacher=$(podman inspect --format '{{.State.Pid}}' dovetap)
collector=$(collector_of "$attacher") searcher=$(pgrep --parent "$attacher" -x dovetap-search)
# SYS_ADMIN and SYS_RESOURCE are given up where the kernel needs none of them.
check 'the attacher has the rights of the manifest and no way to more' process_has "$attacher" Uid=0 \
	"CapBnd=$(mask "$(pod default capabilities)")" NoNewPrivs=1 Seccomp=2
check 'the collector has none' process_has "$collector" Uid=60990 Gid=60990 CapPrm=0+ CapEff=0+ CapBnd=0+ NoNewPrivs=1
check 'the searcher has those of it that only look' process_has "$searcher" Uid=60991 Gid=60991 \
	"CapBnd=$(mask 'SYS_PTRACE DAC_READ_SEARCH CHECKPOINT_RESTORE')" NoNewPrivs=1
check 'the image is read only' fails_with 1 'Read-only file system' \
	podman exec dovetap touch /etc/dovetap/x
check "the secret is the attacher's alone" same '400 0' \
	"$(stat --format '%a %u' "/proc/$attacher/root/secrets/password")"
login imap first@example.com --stay-until "$tmp/leave" > "$tmp/out" &
session=$!
check 'a login in another container is recorded, with its id' eventually written \
	"node-7/unknown/$mail/first@example.com"
touch "$tmp/leave"
wait "$session"
check 'the embedded store is read in it' eventually looked_up first
podman stats --no-stream --format 'memory {{.MemUsage}}' dovetap | note
pod_stop
check 'it has nothing to complain of' no_complaint

check 'what it pinned stays' test -e /sys/fs/bpf/dovetap/counters
login imap between@example.com > "$tmp/out"
pod_start before-6.6
check 'the next pod records what happened in between' eventually looked_up between
pod_stop

pod_start default
check 'where the profile knows no CAP_BPF dovetap says so' eventually complains seccomp
pod_stop

runtime_profile "$newer"
pod_start default
check 'where it does, no CAP_SYS_ADMIN is needed' eventually probe ready
login imap after@example.com > "$tmp/out"
check 'to record logins' eventually looked_up after
pod_stop
check 'without complaint' no_complaint
