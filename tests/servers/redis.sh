#!/bin/bash
# SPDX-License-Identifier: MIT
# Runs throwaway Redis servers on loopback.
#
#   redis.sh single DIR [auth] [tls]                    one server, node 1
#   redis.sh cluster DIR MASTERS REPLICAS [auth] [tls]  a Redis Cluster of three masters or more, REPLICAS each
#   redis.sh sentinel DIR REPLICAS [auth] [tls]         node 1 as the master "mails", its replicas,
#                                                       and three sentinels, s1 s2 s3
#   redis.sh hosts DIR [NAME...]                        "127.0.0.1:PORT,..." of all, or of these
#   redis.sh cli DIR NAME ARGUMENTS                     redis-cli at this node
#   redis.sh start|stop|kill|pause|resume DIR NAME      one node
#   redis.sh destroy DIR                                kills what runs and removes the directory
#
# With "auth" the user is tap, password sekret, with the rights that dovetap needs; with "tls"
# DIR/ca.pem signs every node for 127.0.0.1. Nodes fail over two seconds after their last word.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
rights='~* +get +set +eval +evalsha +role +wait +ping +cluster|slots +asking'
timeout_ms=2000

die() {
	echo "redis.sh: $*" >&2
	exit 1
}

make_certificates() { # DIR
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=dovetap test CA' \
		-keyout "$1/ca.key" -out "$1/ca.pem" 2> /dev/null
	openssl req -newkey rsa:2048 -nodes -subj '/CN=redis.test' \
		-keyout "$1/node.key" -out "$1/node.csr" 2> /dev/null
	openssl x509 -req -in "$1/node.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial \
		-days 2 -out "$1/node.pem" -extfile <(echo subjectAltName=IP:127.0.0.1) 2> /dev/null
}

write_config() { # DIR NAME PORT: what all have in common, on standard output
	echo "dir $1/$2"
	echo "bind 127.0.0.1"
	echo "pidfile $1/$2/pid"
	echo "daemonize yes"
	echo "logfile $1/$2/log"
	if [[ -e $1/tls ]]; then
		echo "port 0"
		echo "tls-port $3"
		echo "tls-cert-file $1/node.pem"
		echo "tls-key-file $1/node.key"
		echo "tls-ca-cert-file $1/ca.pem"
		echo "tls-auth-clients no"
		echo "tls-replication yes"
	else
		echo "port $3"
	fi
}

write_data_config() { # DIR NAME PORT
	write_config "$@"
	echo 'save ""'
	echo "repl-diskless-sync-delay 0"
	echo "repl-ping-replica-period 1"
	[[ ! -e $1/auth ]] || printf '%s\n' "requirepass admin" "masterauth admin" \
		"user tap on >sekret $rights"
}

write_cluster_config() { # DIR NAME PORT BUS
	write_data_config "$@"
	echo "cluster-enabled yes"
	echo "cluster-port $4"
	echo "cluster-node-timeout $timeout_ms"
	echo "cluster-replica-validity-factor 0"
	[[ ! -e $1/tls ]] || echo "tls-cluster yes"
}

write_sentinel_config() { # DIR NAME PORT MASTER_PORT
	write_config "$@"
	[[ ! -e $1/auth ]] || printf '%s\n' "requirepass admin" "sentinel sentinel-pass admin" \
		"user tap on >sekret +sentinel|get-master-addr-by-name"
	echo "sentinel monitor mails 127.0.0.1 $4 2"
	[[ ! -e $1/auth ]] || echo "sentinel auth-pass mails admin"
	echo "sentinel down-after-milliseconds mails $timeout_ms"
	echo "sentinel failover-timeout mails 10000"
}

cli() { # DIR NAME ARGUMENTS
	local dir=$1 name=$2 options=()
	shift 2
	[[ ! -e $dir/auth ]] || options+=(-a admin --no-auth-warning)
	[[ ! -e $dir/tls ]] || options+=(--tls --cacert "$dir/ca.pem")
	redis-cli -p "$(cat "$dir/$name/port")" "${options[@]}" "$@"
}

until_ok() { # command
	local tries
	for ((tries = 0; tries < 600; tries++)); do
		"$@" > /dev/null 2>&1 && return
		sleep 0.1
	done
	die "gave up waiting for: $*"
}

answers() { # DIR NAME
	[[ $(cli "$1" "$2" ping) == PONG ]]
}

start() { # DIR NAME
	local mode=()
	[[ $2 != s* ]] || mode=(--sentinel)
	redis-server "$1/$2/conf" "${mode[@]}" > /dev/null
	until_ok answers "$1" "$2"
}

prepare() { # DIR [auth] [tls]
	local dir=$1
	shift
	mkdir -p "$dir"
	[[ " $* " != *' auth '* ]] || touch "$dir/auth"
	[[ " $* " != *' tls '* ]] || { touch "$dir/tls" && make_certificates "$dir"; }
}

add() { # DIR NAME KIND PORT [OTHER]: and starts it
	mkdir -p "$1/$2"
	echo "$4" > "$1/$2/port"
	"write_$3_config" "$1" "$2" "${@:4}" > "$1/$2/conf"
	start "$1" "$2"
}

single() { # DIR [auth] [tls]
	prepare "$@"
	add "$1" 1 data "$("$here/../harness/free-ports" 1)"
}

is_whole() { # DIR MASTERS REPLICAS: every node knows so many, and every replica is up to date
	local name replicas=0
	for ((name = 1; name <= $2 + $3; name++)); do
		cli "$1" "$name" cluster info | grep '^cluster_state:ok' || return 1
		[[ $(cli "$1" "$name" cluster nodes | grep -c 'master.* connected') -eq $2 ]] || return 1
		! cli "$1" "$name" info replication | grep '^master_link_status:up' ||
			replicas=$((replicas + 1))
	done
	[[ $replicas -eq $3 ]]
}

cluster() { # DIR MASTERS REPLICAS [auth] [tls]
	local dir=$1 masters=$2 replicas=$3 count name ports addresses=()
	count=$((masters * (1 + replicas)))
	prepare "$dir" "${@:4}"
	mapfile -t ports < <("$here/../harness/free-ports" $((2 * count)))
	for ((name = 1; name <= count; name++)); do
		add "$dir" "$name" cluster "${ports[2 * name - 2]}" "${ports[2 * name - 1]}"
	done
	for ((name = 1; name <= count; name++)); do
		addresses+=("127.0.0.1:$(cat "$dir/$name/port")")
	done
	cli "$dir" 1 --cluster create "${addresses[@]}" --cluster-replicas "$replicas" \
		--cluster-yes > "$dir/create.log" 2>&1 || die "$(tail -n 3 "$dir/create.log")"
	until_ok is_whole "$dir" "$masters" $((masters * replicas))
}

has_replicas() { # DIR COUNT
	[[ $(cli "$1" 1 info replication | grep -c 'state=online') -eq $2 ]]
}

knows_all() { # DIR SENTINEL REPLICAS
	cli "$1" "$2" sentinel master mails | paste -sd ' ' |
		grep -q " num-slaves $3 num-other-sentinels 2 "
}

sentinel() { # DIR REPLICAS [auth] [tls]
	local dir=$1 replicas=$2 name master ports
	prepare "$dir" "${@:3}"
	mapfile -t ports < <("$here/../harness/free-ports" $((replicas + 4)))
	master=${ports[0]}
	for ((name = 1; name <= replicas + 1; name++)); do
		add "$dir" "$name" data "${ports[name - 1]}"
		[[ $name -eq 1 ]] || cli "$dir" "$name" replicaof 127.0.0.1 "$master" > /dev/null
	done
	until_ok has_replicas "$dir" "$replicas"
	for name in 1 2 3; do
		add "$dir" s$name sentinel "${ports[replicas + name]}" "$master"
	done
	for name in s1 s2 s3; do
		until_ok knows_all "$dir" $name "$replicas"
	done
}

hosts() { # DIR [NAME...]
	cd "$1"
	local port list=() names=("${@:2}")
	[[ ${#names[@]} -gt 0 ]] || names=([0-9])
	for port in "${names[@]/%//port}"; do
		list+=("127.0.0.1:$(cat "$port")")
	done
	(IFS=, && echo "${list[*]}")
}

end() { # DIR NAME SIGNAL
	local pid
	pid=$(cat "$1/$2/pid" 2> /dev/null) || return 0
	kill "-$3" "$pid" 2> /dev/null || true
	while kill -0 "$pid" 2> /dev/null; do sleep 0.1; done
	rm -f "$1/$2/pid"
}

signal() { # DIR NAME SIGNAL
	kill "-$3" "$(cat "$1/$2/pid")"
}

destroy() { # DIR
	local conf
	for conf in "$1"/*/conf; do
		[[ ! -e $conf ]] || end "$1" "$(basename "$(dirname "$conf")")" KILL
	done
	rm -rf "$1"
}

[[ $# -gt 1 ]] || { sed -n '3,16s/^# \{0,1\}//p' "$0" && exit 64; }
command=$1
shift
case $command in
single | cluster | sentinel | hosts | cli | start | destroy) "$command" "$@" ;;
stop) end "$1" "$2" TERM ;;
kill) end "$1" "$2" KILL ;;
pause) signal "$1" "$2" STOP ;;
resume) signal "$1" "$2" CONT ;;
*) die "no command '$command'" ;;
esac
