#!/bin/bash
# SPDX-License-Identifier: MIT
# "make demo" shows what it says it shows, and leaves nothing behind: neither at its end nor when
# somebody presses Ctrl-C in the middle.
. "$(dirname "$0")/lib.sh"
plan 5

# In a session of its own, with its temporary files here; as from a shell, so that Ctrl-C is heard.
demo_start() {
	mkdir "$tmp/of-demo"
	TMPDIR=$tmp/of-demo env -u MAKEFLAGS -u MAKELEVEL --default-signal=INT \
		setsid "$top/tools/demo" > "$tmp/demo.out" 2>&1 < /dev/null &
	demo=$!
}

demo_ends_with() { # exit status
	local status=0
	wait "$demo" || status=$?
	cat "$tmp/demo.out"
	[[ $status -eq $1 ]]
}

nothing_remains() {
	local processes
	processes=$(ps -o stat=,args= --sid "$demo" | grep -v '^Z' || true) # the dead may wait for init
	[[ -s $tmp/demo.out && -z $processes ]] || { echo "$processes"; return 1; }
	rmdir "$tmp/of-demo"
}

demo_start
check 'it succeeds' demo_ends_with 0
check 'with a line for each login' \
	same 'imap imap pop3 pop3' "$(grep -oP '^\d{4}-\S+Z \K\S+' "$tmp/demo.out" | sort | xargs)"
check 'nothing of it remains' eventually nothing_remains

demo_start
eventually grep -q 'as they are captured' "$tmp/demo.out" | note
kill -INT -- "-$demo"
check 'it ends when interrupted' demo_ends_with 130
check 'nothing of that remains either' eventually nothing_remains
