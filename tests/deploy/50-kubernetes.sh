#!/bin/bash
# SPDX-License-Identifier: MIT
# The manifests of each overlay: rendered, held to Kubernetes' schema, their configuration read by
# dovetap, and dovetap run with the rights that they give, and no others.
. "$(dirname "$0")/lib.sh"
plan 27

folder=$top/deploy/kubernetes/overlays

render() { # overlay, version of Kubernetes
	"$top/tools/kubernetes" "$folder/$1" "${2:-}" > "$tmp/$1.yaml"
}

pod() { # overlay, question
	"$top/tests/deploy/pod.py" "$tmp/$1.yaml" "$2"
}

config_is_read() { # overlay; secrets are those of the test
	pod "$1" config | sed "s,/secrets/,$tmp/secrets/," > "$tmp/$1.conf"
	"$dovetap" config show --config "$tmp/$1.conf" | tee "$tmp/$1.show"
	has_line 'pin = /sys/fs/bpf/dovetap ' "$tmp/$1.show"
	has_no_line hunter2 "$tmp/$1.show"
}

of_the_service() { # the capabilities of the unit, less those after the dash
	sed -n 's/^CapabilityBoundingSet=//p' "$top/deploy/systemd/dovetap.service.in" | tr ' ' '\n' |
		sed 's/^CAP_//' | grep -vxE "$1"
}

capabilities_are() { # overlay, those of the service that it does without
	same "$(of_the_service "$2" | sort)" "$(pod "$1" capabilities | tr ' ' '\n' | sort)"
}

is_refused() { # a manifest with a field that Kubernetes does not know
	cp -r "$top/deploy/kubernetes" "$tmp/wrong"
	sed -i 's/readOnlyRootFilesystem: true/readOnlyRootFilesytem: true/' \
		"$tmp/wrong/base/daemonset.yaml"
	! "$top/tools/kubernetes" "$tmp/wrong/overlays/default"
}

with_rights_of() { # overlay: dovetap becomes a command with the pod's capabilities
	local set
	set=$(pod "$1" capabilities | tr 'A-Z ' 'a-z,' | sed 's/,/,+/g')
	printf '#!/bin/sh\nexec setpriv --bounding-set=-all,+%s --inh-caps=-all --no-new-privs "%s" "$@"\n' \
		"$set" "$dovetap" > "$tmp/as-$1"
	chmod +x "$tmp/as-$1"
	dovetap=$tmp/as-$1
}

with_selinux() { # the overlay that docs/kubernetes.md describes
	mkdir "$tmp/overlay"
	cp -r "$top/deploy/kubernetes"/{base,components,overlays} "$tmp/overlay"
	printf 'components: [../../components/selinux]\n' >> "$tmp/overlay/overlays/default/kustomization.yaml"
	"$top/tools/kubernetes" "$tmp/overlay/overlays/default" > "$tmp/selinux.yaml"
	same spc_t "$(pod selinux selinux)"
}

mkdir "$tmp/secrets"
echo hunter2 | tee "$tmp/secrets/redis-password" > "$tmp/secrets/cassandra-password"
for overlay in default before-6.6 before-1.30 redis cassandra; do
	check "$overlay: rendered, and as the schema wants it" render $overlay
	check "$overlay: its configuration is read" config_is_read $overlay
	check "$overlay: every volume is mounted" same 'volumes without a mount: []; config True' \
		"$(pod $overlay volumes)"
done
check 'Kubernetes 1.27 takes the overlay before-1.30' render before-1.30 1.27
check 'and 1.29' render before-1.30 1.29
check 'which would refuse the default one' fails_with 1 appArmorProfile \
	"$top/tools/kubernetes" "$folder/default" 1.29
check 'AppArmor is set by annotation there' same unconfined "$(pod before-1.30 apparmor)"
check 'SELinux by a component' with_selinux
check 'what the schema does not know is refused' is_refused
check 'nothing else is granted' same "True True RuntimeDefault ['ALL']" "$(pod default rights)"
check 'the capabilities are those of the service' capabilities_are default 'SYS_ADMIN|SYS_RESOURCE'
check 'and all of them on older kernels' capabilities_are before-6.6 none

harness_start bookworm
port=$(free_port)
printf 'dovetap {\n  metrics_listen = 127.0.0.1:%s\n}\n' "$port" > "$tmp/dovetap.conf"
with_rights_of default
dovetap_start --config "$tmp/dovetap.conf" --root "$harness_root" --dict "sqlite:path=$tmp/state/db" --user nobody
login imap pod@example.com > "$tmp/out"
check 'they are enough' eventually recorded imap/pod@example.com
check 'the readiness probe succeeds' "$dovetap" status --ready --control "127.0.0.1:$port"
dovetap_stop
check 'and fails when dovetap is not there' fails_with 69 'no running collector answers' \
	"$dovetap" status --ready --control "127.0.0.1:$port"
