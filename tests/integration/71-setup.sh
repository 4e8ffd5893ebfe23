#!/bin/bash
# SPDX-License-Identifier: MIT
# Setting up says what is wrong instead of doing half of it: on another system, without rights,
# without network, without a mirror. Where nothing is missing, it needs none of these.
. "$(dirname "$0")/lib.sh"
plan 9

# command... on what calls itself another system
printf 'ID=fedora\nVERSION_ID=40\nPRETTY_NAME="Fedora 40"\n' > "$tmp/os-release"
elsewhere=(unshare --mount sh -c 'mount --bind "$0" /etc/os-release && exec "$@"' "$tmp/os-release")

# dpkg-query and apt are shown a machine on which nothing is installed.
bare() { # command...
	mkdir -p "$tmp/bare/apt/lists/partial" "$tmp/bare/cache/archives/partial" "$tmp/bare/dpkg"
	touch "$tmp/bare/dpkg/status"
	cat > "$tmp/bare/apt.conf" << END
Dir::State "$tmp/bare/apt";
Dir::State::status "$tmp/bare/dpkg/status";
Dir::Cache "$tmp/bare/cache";
Acquire::Retries "0";
END
	APT_CONFIG=$tmp/bare/apt.conf DPKG_ADMINDIR=$tmp/bare/dpkg "$@"
}

services_may_start_as_before() {
	same "policy: $policy" "policy: $(cat /usr/sbin/policy-rc.d 2>&1 || true)"
}

no_folder() { # name: neither finished nor looking so
	[[ ! -e $tmp/cache/root/$1 ]]
}

setup=$tmp/setup rootfs=$top/tools/rootfs
install -m 0755 "$top/tools/setup" "$setup" # where everybody may read it
policy=$(cat /usr/sbin/policy-rc.d 2>&1 || true)

check 'nothing missing, no network, no rights' unshare --net setpriv --reuid 65534 "$setup" test
check 'a group that does not exist' fails_with 1 'there are: ' "$setup" everything
check 'another system' fails_with 1 'only Debian 12 is known here, this is Fedora 40' \
	"${elsewhere[@]}" "$setup"
check 'packages missing, no rights' bare fails_with 1 'must be root to install: ' \
	setpriv --reuid 65534 "$setup"
check 'packages missing, no network' bare fails_with 1 'could not install: ' \
	unshare --net "$setup"
check 'services may start as before' services_may_start_as_before
check 'a root folder that is there needs no network' unshare --net "$rootfs" bookworm
check 'one that is not there, no mirror' fails_with 1 'debootstrap of bookworm failed' \
	env DOVETAP_CACHE="$tmp/cache" DOVETAP_MIRROR=http://127.0.0.1:1/debian "$rootfs" bookworm
check 'leaves no half folder' no_folder bookworm
