#!/bin/bash
# SPDX-License-Identifier: MIT
# With Dovecot's own doveconf on this machine (a root folder's, laid over /usr for this test alone)
# the server's file is read by it, at the start and at a reload, when the attacher is in its sandbox.
if [[ -z ${DOVETAP_TEST_MOUNTS:-} ]]; then
	export DOVETAP_TEST_MOUNTS=own
	exec unshare --mount "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
plan 5

said() { # text count
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

reads_it() { # what is logged after it
	has_line "$1" "$tmp/dovetap.log"
	has_no_line 'doveconf did not read' "$tmp/dovetap.log"
}

"$top/tools/rootfs" bookworm | note
mount -t overlay -o "lowerdir=/usr:$(root_folder bookworm)/usr" none /usr || bail 'no overlay over /usr'
harness_start bookworm
cat > "$tmp/dovecot.conf" <<- END
	default_login_user = nobody
	default_internal_user = nobody
	default_internal_group = nogroup
	ssl = no
	protocol imap {
	  mail_plugins = last_login
	}
	plugin {
	  last_login_dict = sqlite:path=$tmp/state/db
	  last_login_key = last-login/%u
	}
END
dovetap_start --root "$harness_root" --dovecot-config "$tmp/dovecot.conf"
check 'doveconf is there' doveconf -c "$tmp/dovecot.conf" -n
check 'it reads the file at the start' reads_it ready:
kill -HUP "$dovetap_pid"
check 'the file is read anew' eventually said 'read anew' 1
check 'by doveconf again' reads_it 'read anew'
echo 'protocol imap { # no doveconf takes this' >> "$tmp/dovecot.conf"
kill -HUP "$dovetap_pid"
check 'what is wrong with the file changes nothing' eventually said 'the old configuration stays' 1
