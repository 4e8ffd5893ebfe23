#!/bin/bash
# SPDX-License-Identifier: MIT
# make WITHOUT="cassandra mysql", in a copy of the tree with what is compiled already: those modules
# are neither built nor installed, nothing else needs their libraries, and their tests are named.
. "$(dirname "$0")/lib.sh"
plan 11

copy=$tmp/tree
without='cassandra mysql'

make_copy() { # without the objects of those modules
	copy_tree "$copy" userspace lib gen bpf tools dovetap
	rm -r "$copy/.output/userspace/store/drivers/cassandra" "$copy/.output/lib"/module-*
	rm "$copy/.output/userspace/store/drivers/sql"/mysql*
}

in_copy() { # arguments of make
	env --unset=MAKEFLAGS --unset=MAKELEVEL make --directory="$copy" WITHOUT="$without" "$@"
}

folder_has() { # folder, names
	same "$(printf '%s\n' "${@:2}")" "$(ls "$1")"
}

nothing_compiled() { # of them
	find "$copy/.output" -name '*.o' > "$tmp/objects"
	has_no_line 'drivers/cassandra/|/mysql[^/]*\.o$' "$tmp/objects"
}

libraries_unused() { # no library of MariaDB is linked, and none of its headers read
	find "$copy/.output" -name '*.d' -exec cat '{}' + > "$tmp/headers"
	has_no_line -lmariadb "$tmp/make.log" && has_no_line mariadb "$tmp/headers"
}

left_behind() {
	(cd "$tmp/installed" && find . -type f -o -type l | sed 's/^\.//')
}

tests_not_built() {
	in_copy --dry-run SAN=address unit-binaries > "$tmp/dry-run" 2>&1
	has_no_line 'test_(cassandra|cql_)' "$tmp/dry-run"
}

run_names() { # command of a test; what becomes of the others there is none of this test's business
	env --unset=BESIDE "$copy/tests/run" "$1" > "$tmp/run.log" 2>&1 || true
	grep -F "$2" "$tmp/run.log"
}

make_copy
check 'it builds' in_copy V=1 all
in_copy --always-make --dry-run all > "$tmp/make.log" 2>&1
check 'without those modules' folder_has "$copy/.output/modules" geoip.so pgsql.so redis.so
check 'nothing of them is compiled' nothing_compiled
check 'nothing else needs their libraries' libraries_unused
check 'what is missing is named' fails_with 78 'apt-get install dovetap-cassandra' \
	"$copy/.output/dovetap" lookup --dict cassandra: alice
check 'what is there is loaded' fails_with 78 'dict pgsql: ' "$copy/.output/dovetap" lookup --dict pgsql: alice
in_copy install DESTDIR="$tmp/installed" PREFIX=/usr/local > "$tmp/install.log" 2>&1
check 'the others are installed' folder_has "$tmp/installed/usr/local/lib/dovetap" geoip.so pgsql.so redis.so
in_copy uninstall DESTDIR="$tmp/installed" PREFIX=/usr/local > "$tmp/uninstall.log" 2>&1
check 'uninstalled, only the configuration is left' same /etc/dovetap/dovetap.conf "$(left_behind)"
check 'their tests are not built' tests_not_built
check 'and not run' run_names conformance 'tests/conformance/with-2.4.sh is not applicable: built WITHOUT='
check 'a module that does not exist is refused' fails_with 2 'there is no module oracle' \
	make --directory="$copy" WITHOUT='cassandra oracle' all
