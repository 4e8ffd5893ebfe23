#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's own tools replace dovecot-core while people log in: in a container and on what plays the
# host. Mail processes of before go on with the files they have mapped, which have no name any more,
# and take logins as well as the new ones: both are told, each login once.
. "$(dirname "$0")/lib.sh"
rounds=$(amount 1 10)
plan $((2 * (rounds + 5)))

# Everything in the package is the same but for the version, so every file is a new one.
package_as() { # version, or nothing for the one that is installed
	local tree=$tmp/tree
	mkdir -p "$tmp/debs"
	if [[ ! -d $tree ]]; then
		(cd "$tmp" && dpkg-repack -d-Znone --root="$(root_folder bookworm)" dovecot-core) > "$tmp/repack.log" 2>&1
		dpkg-deb -R "$tmp"/dovecot-core_*.deb "$tree"
	fi
	[[ -z $1 ]] || sed -i "s/^Version: .*/Version: $1/" "$tree/DEBIAN/control"
	dpkg-deb -Znone -b "$tree" "$tmp/debs/${1:-same}.deb" > "$tmp/repack.log"
}

prepare() { # directory of a harness: mail processes live on and serve one session after the other
	mkdir -p "$1"
	printf 'service imap {\n  service_count = 0\n  process_min_avail = 4\n}\n' > "$1/extra.conf"
}

# No service is started or stopped: old and new processes run at once.
upgrade_inside() { # container: the other packages of this release want this version
	cp "$tmp/debs/9:9.deb" "$tmp/$1/dovecot-core.deb"
	nsenter --target "${container_first[$1]}" --mount --pid --net --user --root --wd=/ \
		env DEBIAN_FRONTEND=noninteractive dpkg --force-depends --install /harness/dovecot-core.deb
}

reinstall_on_host() { # harness
	cp "$tmp/debs/same.deb" "$tmp/$1/dovecot-core.deb"
	DEBIAN_FRONTEND=noninteractive chroot "$harness_root" apt-get install --yes --reinstall \
		/harness/dovecot-core.deb
}

mail_processes() { # name: their pids here
	pgrep --ns "${container_first[$1]}" --nslist pid -xf 'dovecot/imap'
}

map_deleted() { # pids: some of them run on files that have no name any more
	local pid
	for pid in "$@"; do
		grep -qs 'libdovecot-storage.* (deleted)$' "/proc/$pid/maps" && return
	done
	return 1
}

some_log_in() { # name, number
	container_login "$1" imap "$1-$2-"{1..12}"@$domain" --parallel 6
}

# A process serves one of them at a time.
stayers_start() { # name, count
	local name=$1 count=$2 i users=()
	for ((i = 0; i < count; i++)); do
		users+=("$name-stays-$i@$domain")
	done
	rm -f "$tmp/leave"
	container_login "$name" imap "${users[@]}" --parallel "$count" --stay-until "$tmp/leave" || date >> "$tmp/refused" &
	stayers=$!
}

stayers_are_there() { # name, count
	same "$2" "$(jq -r --arg user "$1-stays-" 'select(.event == "login" and (.user | startswith($user))) | .user' \
		"$tmp/log/audit.log" | wc -l)"
}

stayers_stop() {
	touch "$tmp/leave"
	wait "$stayers"
}

more_logins() { # name
	local before
	before=$(wc -l < "$tmp/$1/accepted")
	eventually more_than "$((before + 60))" "$tmp/$1/accepted"
}

more_than() { # count, file
	[[ $(wc -l < "$2") -gt $1 ]]
}

pids_that_served() { # name, since (seconds)
	jq -r --arg domain "@$domain" --arg id "$(container_id "$1")" --argjson since "$2" \
		'select(.event == "login" and .container == $id and (.user // "" | endswith($domain)) and
			(.time | sub("\\.[0-9]+Z$"; "Z") | fromdate) > $since) | .pid' "$tmp/log/audit.log" | sort -u
}

both_generations() { # name, since, pids of before: they served, and others
	local now
	now=$(pids_that_served "$1" "$2")
	[[ -n $(comm -12 <(sort <<< "$3") <(echo "$now")) && -n $(comm -13 <(sort <<< "$3") <(echo "$now")) ]] ||
		{ printf 'before: %s\nserved: %s\n' "${3//$'\n'/ }" "${now//$'\n'/ }"; return 1; }
}

scenario() { # name, what is done, the function that does it
	local name=$1 old since i people_more
	strangers_start some_log_in "$name"
	more_logins "$name"
	old=$(mail_processes "$name")
	for ((i = 0; i < rounds; i++)); do
		check "$2 under load" "$3" "$name"
	done
	since=$(date +%s)
	# shellcheck disable=SC2086 # a word each
	check 'old processes run on files without a name' map_deleted $old
	sleep 1
	people_more=$(($(wc -w <<< "$old") + 2)) # than processes of before can serve
	stayers_start "$name" "$people_more"
	eventually stayers_are_there "$name" "$people_more"
	more_logins "$name"
	stayers_stop
	check 'nobody was refused' strangers_stop
	check 'each login is told once' eventually told_of "$name"
	check 'by old processes and by new ones' both_generations "$name" "$since" "$old"
	check 'no file has two probes' same 0 "$(metric 'dovetap_logins_total{result="duplicate"}')"
}

package_as ''
package_as 9:9
prepare "$tmp/one"
touch "$tmp/one/accepted"
container_start one bookworm docker-@.scope
outside_start
scenario one 'the package in a container is upgraded' upgrade_inside
container_stop one
dovetap_stop
rm "$tmp/log/audit.log"

prepare "$tmp/bookworm"
touch "$tmp/bookworm/accepted"
host_start bookworm
outside_start --root "$harness_root"
scenario bookworm 'the package on the host is installed again' reinstall_on_host
