#!/bin/bash
# SPDX-License-Identifier: MIT
# Containers come and go, eight at a time, every other one with files of its own: whoever logs in a
# second after the start is told, and nothing of them is left in dovetap when they are gone. How long
# it takes from the execution of dovecot to its probe is printed, not judged.
. "$(dirname "$0")/lib.sh"
plan 7

cycles=$(amount 32 1000)
parallel=8
patience=60

one_life() { # name, root folder, own or shared files
	local name=$1
	mkdir -p "$tmp/$name"
	cp "$tmp/model"/{ports,cert.pem,key.pem} "$tmp/$name"
	[[ $3 == shared ]] || container_own_files "$name" "$2"
	container_begin "$name" "$2" docker-@.scope
	container_await "$name"
	echo "${container_first[$name]}" > "$tmp/$name/first"
	sleep 1
	container_login "$name" imap "$name@$domain"
	# Where a login was can be told as long as its control group is there.
	patience=5 eventually grep -q "\"event\":\"login\".*\"$name@" "$tmp/log/audit.log" > "$tmp/$name/told"
	container_stop "$name"
	rm -rf --one-file-system "$tmp/$name/overlay"
}

lives() { # which of $parallel
	local i kinds=(own shared) roots=(bookworm trixie bullseye)
	for ((i = $1; i < cycles; i += parallel)); do
		one_life "life-$i" "${roots[i % 3]}" "${kinds[i % 2]}" || return
	done
}

storm_of_containers() {
	local i workers=()
	for ((i = 0; i < parallel; i++)); do
		lives "$i" &
		workers+=($!)
		started+=($!)
	done
	for i in "${workers[@]}"; do
		wait "$i"
	done
}

all_names() {
	echo resident
	seq -f 'life-%.0f' 0 $((cycles - 1))
}

descriptors() { # pids, by blanks
	local pid
	for pid in $1; do
		find "/proc/$pid/fd"
	done | wc -l
}

resident_kib() { # pid
	awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"
}

own_roots() { # of the containers with files of their own, which nobody else on this machine has
	local i
	for ((i = 0; i < cycles; i += 2)); do
		echo "/proc/$(cat "$tmp/life-$i/first")/root/"
	done
}

attached_now() { # which of those files carry a probe; then how many did
	own_roots | awk '
		NR == FNR { roots[$1]; next }
		match($4, "^/proc/[0-9]+/root/") && substr($4, 1, RLENGTH) in roots {
			if (/: attached to /) { now[$4]; ever[$4] }
			if (/: detached: /) delete now[$4]
		}
		END { for (path in now) print path; print length(ever) }' - "$tmp/dovetap.log"
}

no_probe_is_left() { # and each container had one
	local count
	count=$(attached_now)
	at_least $((cycles / 2)) "$count"
}

# Other Dovecots on this machine may begin meanwhile: their probes are counted, each with its descriptors.
descriptors_are() { # pids, at most
	local now others
	now=$(descriptors "$1")
	others=$(($(metric dovetap_probes_attached) - probes))
	at_least 1 "$now"
	at_most "$(($2 + (others > 0 ? 4 * others : 0)))" "$now"
}

nothing_was_lost() {
	same 0 "$(lost)"
}

attach_times() { # ms from the execution of dovecot to the probe in its library, of those with their own
	local i began
	for ((i = 0; i < cycles; i += 2)); do
		began=$(cat "$tmp/life-$i/executed")
		awk -v root="/proc/$(cat "$tmp/life-$i/first")/root/" -v began="$began" \
			'$1 >= began && index($0, root) && /libdovecot-storage.*attached to/ {
				printf "%d\n", ($1 - began) / 1e6
				exit
			}' "$tmp/dovetap.log"
	done
}


outside_start
container_start resident bookworm docker-@.scope
cp -r "$tmp/resident" "$tmp/model"
container_start thirteen trixie docker-@.scope
container_start eleven bullseye docker-@.scope
container_login resident imap "resident@$domain"
eventually told_of resident
attacher=$dovetap_pid
children=$(pgrep --parent "$attacher" -x "dovetap|dovetap-search" | tr '\n' ' ') # collector and searcher
probes=$(metric dovetap_probes_attached)
fds=$(descriptors "$attacher") children_fds=$(descriptors "$children")
kib=$(resident_kib "$attacher")
begin=$SECONDS
check "$cycles containers live, $parallel at a time" storm_of_containers
echo "# in $((SECONDS - begin)) s; from execution to probe: $(attach_times | figures) of $(attach_times | wc -l) (limit 1000 ms)"
mapfile -t names < <(all_names)
check 'each login is told once, and where' eventually told_of "${names[@]}"
begin=$SECONDS
check 'no probe of theirs is left' eventually no_probe_is_left
echo "# after $((SECONDS - begin)) s"
check 'no descriptor of the attacher' eventually descriptors_are "$attacher" "$fds"
check 'nor of its children' eventually descriptors_are "$children" "$children_fds"
echo "# the attacher's memory: $kib KiB before, $(resident_kib "$attacher") after"
check 'no memory to speak of' at_most $((kib + 4096)) "$(resident_kib "$attacher")"
check 'nothing was lost' nothing_was_lost
