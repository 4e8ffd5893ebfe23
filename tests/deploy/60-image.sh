#!/bin/bash
# SPDX-License-Identifier: MIT
# The image: built of Debian's packages alone, and what is in it and what is not.
. "$(dirname "$0")/lib.sh"
plan 11

at_end 'buildah rm "$container" > "$tmp/rm.log" 2>&1'

is_not_there() { # names of programs
	local name
	for name in "$@"; do
		! compgen -G "$root/usr/*bin/$name" || return 1
	done
}

no_file_gives_rights() {
	local capable
	[[ -x $root/usr/sbin/dovetap ]]
	capable=$(getfattr --recursive --absolute-names --no-dereference --match security.capability "$root")
	capable+=$(find "$root" -xdev -perm /6000)
	[[ -z $capable ]] || { echo "$capable"; return 1; }
}

libraries_are_there() { # also those of plug-ins
	local file loader
	loader=/lib64/$(basename "$root"/lib64/ld-*)
	find "$root/usr/sbin/dovetap" "$root/usr/libexec/dovetap" "$root/usr/lib/dovetap" "$root/usr/bin/install" \
		"$root"/usr/lib/*-linux-gnu -type f '(' -name '*.so.*' -o -path '*/plugin/*.so' -o -path '*/usr/*bin/*' \
		-o -path '*/libexec/*' -o -path '*/usr/lib/dovetap/*' ')' | while read -r file; do
		chroot "$root" "$loader" --list "${file#"$root"}"
	done > "$tmp/libraries"
	grep -q 'libmariadb.so.3 => /' "$tmp/libraries" && ! grep 'not found' "$tmp/libraries"
}

inspect() { # template
	podman image inspect --format "$1" "dovetap:$(version)"
}

label() { # name
	inspect "{{index .Labels \"org.opencontainers.image.$1\"}}"
}

runs() { # arguments of dovetap
	podman run --rm --network none --read-only --cap-drop all "dovetap:$(version)" "$@"
}

containers_ready
container=$(buildah from "dovetap:$(version)")
root=$(buildah mount "$container")
inspect '{{.Os}}/{{.Architecture}}, {{.Size}} bytes' | note

check 'it runs' same "dovetap $(version)" "$(runs --version)"
check 'it has no compiler, shell or package manager' is_not_there '*sh' '*gcc*' cc 'clang*' ld make 'perl*' \
	'python*' 'apt*' 'dpkg*'
check 'no file gives rights' no_file_gives_rights
check 'no library is missing' libraries_are_there
check 'its packages are known to scanners' grep -q "^Version: $(version)-1" \
	"$root/var/lib/dpkg/status.d/dovetap"
check 'it has a user for the collector' same dovetap:x:60990:60990 "$(grep -o '^dovetap:x:[0-9]*:[0-9]*' "$root/etc/passwd")"
check 'which shares its directories' same $'0 60990 1770\n0 60990 770\n0 60990 771' \
	"$(stat --format '%u %g %a' "$root"/var/{lib,log}/dovetap "$root/run/dovetap")"
check 'and one for the searcher' same dovetap-search:x:60991:60991 "$(grep -o '^dovetap-search:x:[0-9]*:[0-9]*' "$root/etc/passwd")"
check 'it starts dovetap' same '[/usr/sbin/dovetap] [run]' "$(inspect '{{.Config.Entrypoint}} {{.Config.Cmd}}')"
check 'it says what it is' same "dovetap/$(version)/MIT AND GPL-2.0-only/dovetap authors" \
	"$(label title)/$(label version)/$(label licenses)/$(label authors)"
check 'it has a directory for its configuration' test -d "$root/etc/dovetap"
