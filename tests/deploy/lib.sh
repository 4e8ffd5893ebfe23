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

package_built() { # sets $package
	make --silent -C "$top" deb > "$tmp/deb.log" 2>&1 || bail "make deb: $(tail "$tmp/deb.log")"
	package=$(echo "$top"/.output/deb/dovetap_*.deb)
}

system_start() { # a machine with systemd and Dovecot; what it is to have in $tmp/system/overlay/upper
	mkdir -p "$tmp/system"
	"$top/tools/rootfs" service | note
	run_in_background "$tmp/system.log" "$top/tests/stand/system" service "$tmp/system"
	eventually system_is_up || bail "systemd did not start: $(tail -n 5 "$tmp/system.log")"
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

put() { # path inside; stdin is its content
	# shellcheck disable=SC2016
	inside sh -c 'mkdir -p "${0%/*}" && cat > "$0"' "$1"
}

install_package() {
	package_built
	put /root/dovetap.deb < "$package"
	inside dpkg --install /root/dovetap.deb
}
