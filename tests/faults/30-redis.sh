#!/bin/bash
# SPDX-License-Identifier: MIT
# A Redis that fails in every way there is, under load (dict-faults.sh).
protocol=redis short_faults=(down hang-server reset slow drop-syn cut revoke readonly hostile-huge-array)
. "$(dirname "$0")/dict-faults.sh"

server_port=$(free_port)

server_start() {
	! alone || return 0
	run_in_background "$tmp/redis.log" redis-server --bind 127.0.0.1 --port "$server_port" \
		--save '' --appendonly yes --dir "$tmp"
	server=$pid
	eventually ready || bail "redis: $(tail -n 3 "$tmp/redis.log")"
}

cli() { # command...
	redis-cli -h 127.0.0.1 -p "$server_port" --raw "$@"
}

ready() { # has read its data
	[[ $(cli ping) == PONG ]]
}

server_stop() {
	stop "$server"
}

server_pids() {
	echo "$server"
}

login_revoke() {
	cli acl setuser default -eval -evalsha -set -script > "$tmp/answer"
}

login_grant() {
	cli acl setuser default +@all > "$tmp/answer"
}

readonly_on() { # a replica of something that is not there
	cli replicaof 127.0.0.1 1 > "$tmp/answer"
}

readonly_off() {
	cli replicaof no one > "$tmp/answer"
}

stored() {
	redis_port=$server_port
	stored_redis
}

server_start
dict=(--dict redis:host=127.0.0.1:port=@PORT@ --key 'last-login/%{service}/%{user}')
dict_faults
