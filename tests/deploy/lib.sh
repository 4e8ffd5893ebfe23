# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of packages, services and images start with, besides tests/integration/lib.sh:
#
#     . "$(dirname "$0")/lib.sh"
#     plan 2
#     system_start
#     check 'the package is installed' install_package
#     check 'the service runs' inside systemctl is-active dovetap
. "$(dirname "${BASH_SOURCE[0]}")/../integration/lib.sh"

package_built() { # sets $package and $module_packages
	make --silent -C "$top" deb > "$tmp/deb.log" 2>&1 || bail "make deb: $(tail "$tmp/deb.log")"
	package=$(echo "$top"/.output/deb/dovetap_*.deb)
	mapfile -t module_packages < <(find "$top/.output/deb" -name 'dovetap-*.deb' ! -name '*-dbgsym_*' | sort)
}

copy_tree() { # folder, parts of .output: the sources, and what is compiled already
	local part
	mkdir -p "$1/.output"
	(cd "$top" && git ls-files -z --cached --others --exclude-standard |
		xargs -0 cp --archive --parents -t "$1")
	for part in "${@:2}"; do
		cp --archive "$top/.output/$part" "$1/.output/"
	done
}

system_start() { # a machine with systemd and Dovecot, which lets everybody in
	! alone || return 0
	local upper=$tmp/system/overlay/upper
	mkdir -p "$upper/etc/dovecot" "$upper/mail"
	chmod 1777 "$upper/mail"
	dovecot_conf > "$upper/etc/dovecot/dovecot.conf"
	"$top/tools/rootfs" service | note
	run_in_background "$tmp/system.log" "$top/tests/harness/system" service "$tmp/system"
	eventually system_is_up || bail "systemd did not start: $(tail -n 5 "$tmp/system.log")"
}

dovecot_conf() {
	cat <<- 'END'
		protocols = imap
		listen = 127.0.0.1
		ssl = no
		disable_plaintext_auth = no
		first_valid_uid = 5000
		mail_location = maildir:~/Maildir
		passdb {
		  driver = static
		  args = password=pass
		}
		userdb {
		  driver = static
		  args = uid=5000 gid=5000 home=/mail/%u allow_all_users=yes
		}
	END
}

system_is_up() {
	[[ $(inside systemctl is-system-running) == running ]]
}

inside() { # command...
	nsenter --target "$(cat "$tmp/system/pid")" --mount --uts --ipc --net --pid --cgroup --root --wd \
		env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

beside() { # command... of this machine, in the network of that one
	nsenter --target "$(cat "$tmp/system/pid")" --net "$@"
}

logged_in() { # user...: into that Dovecot; adds to $tmp/logins
	echo 'IMAP=143' > "$tmp/ports"
	beside "$top/tests/harness/login.py" "$tmp/ports" imap "$@" >> "$tmp/logins"
}

last_login() { # user: is recorded
	inside dovetap lookup "$1" | grep -F "$1"
}

# shellcheck disable=SC2016
journal() { # what the service has said since it was started last
	inside sh -c 'journalctl --no-pager --output cat _SYSTEMD_INVOCATION_ID="$(
		systemctl show --property InvocationID --value dovetap)"'
}

put() { # path inside; stdin is its content
	# shellcheck disable=SC2016
	inside sh -c 'mkdir -p "${0%/*}" && cat > "$0"' "$1"
}

install_package() { # and those of the modules
	local file
	package_built
	for file in "$package" "${module_packages[@]}"; do
		put "/root/packages/$(basename "$file")" < "$file"
	done
	inside dpkg --install --recursive /root/packages
}

# --- containers ----------------------------------------------------------------------------------

version() { # of the tree
	sed -n 's/^VERSION := //p' "$top/Makefile"
}

# With the storage where "make .output/image/built" puts the image; one test has it at a time. runc,
# because crun does not know machines that have control groups of both versions, and limits that a
# machine without CAP_SYS_RESOURCE can set, too.
containers_ready() { # once
	local store=${DOVETAP_CACHE:-/var/cache/dovetap}/containers
	exec 8> "$store/lock"
	flock 8
	echo 'unqualified-search-registries = ["localhost"]' > "$tmp/registries.conf"
	cat > "$tmp/containers.conf" <<- END
		[containers]
		default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
		pids_limit = 0
		seccomp_profile = "$tmp/seccomp.json"
		[engine]
		runtime = "runc"
		events_logger = "file"
	END
	runtime_profile /usr/share/containers/seccomp.json
	export CONTAINERS_STORAGE_CONF=$store/storage.conf CONTAINERS_CONF=$tmp/containers.conf
	export CONTAINERS_REGISTRIES_CONF=$tmp/registries.conf
	podman image exists "dovetap:$(version)" || bail 'no image: make .output/image/built'
}

runtime_profile() { # file: the seccomp profile of containers that start from now on
	cp "$1" "$tmp/seccomp.json"
}
