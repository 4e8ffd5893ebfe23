#!/bin/bash
# SPDX-License-Identifier: MIT
# Dovecot's dict server, with a file behind it, that fails in every way there is, under load
# (dict-faults.sh). It listens on a local socket: no packets are dropped there.
protocol=dict short_faults=(down hang revoke hostile-endless-line)
left_out=(drop-syn cut readonly)
. "$(dirname "$0")/dict-faults.sh"

dir=$tmp/dict-server
server_port=$dir/run/dict

server_start() {
	! alone || return 0
	rm -f "$server_port"
	run_in_background "$tmp/dict.log" "$top/tests/servers/dict.sh" bookworm "$dir" file
	server=$pid
	eventually test -S "$server_port" || bail "dict server: $(tail -n 3 "$tmp/dict.log" "$dir/log")"
}

server_stop() {
	stop "$server"
}

server_pids() {
	pgrep --ns "$(pgrep --parent "$server")" --nslist pid '.'
}

login_revoke() { # the right to connect
	chmod 0 "$proxy_port"
	disconnect_by_proxy
}

login_grant() {
	chmod 0666 "$proxy_port"
}

stored() {
	sed -n 's,^shared/last-login/,,; T; N; s/\n/ /; p' "$dir/last-login"
}

mkdir "$dir"
"$top/tools/rootfs" bookworm | note
server_start
dict=(--dict proxy:@PORT@:test --key 'last-login/%{service}/%{user}')
dict_faults
