#!/bin/bash
# SPDX-License-Identifier: MIT
# What a dict costs that is away for the whole test, of each kind, in both ways to be away: nobody
# listens, or somebody does and never answers. One dovetap for each, all beside the same storm of
# logins, OUTAGE_RATE (200) a second of 50,000 users in no order: memory may grow by 32 MiB, and 1% of one
# CPU may be used, which the full form ("make bench-outage") holds it to. Nothing is lost meanwhile.
. "$(dirname "$0")/lib.sh"

kinds=(redis redis-cluster memcached mysql pgsql cassandra proxy)
ways=(refused silent)
rate=${OUTAGE_RATE:-200} seconds=${OUTAGE_SECONDS:-$(amount 15 60)}
growth_max=$((32 * 1024)) # KiB
cpu_max=1		  # percent of one CPU
plan $(($(amount 2 3) * ${#kinds[@]} * ${#ways[@]}))

# Connections are made by the kernel, and that is all that happens to them.
silence_start() { # sets $silent_port; the same as a socket in the file system, $tmp/silent
	run_in_background "$tmp/silence.out" /usr/bin/python3 -uc '
import signal, socket, sys
port = socket.create_server(("127.0.0.1", 0), backlog=100)
file = socket.socket(socket.AF_UNIX)
file.bind(sys.argv[1])
file.listen(100)
print(port.getsockname()[1])
signal.pause()' "$tmp/silent"
	eventually test -s "$tmp/silence.out" || bail 'nobody listens'
	chmod 0666 "$tmp/silent"
	silent_port=$(cat "$tmp/silence.out")
}

uri() { # kind, port, socket, map file
	case $1 in
	redis) echo "redis:host=127.0.0.1:port=$2" ;;
	redis-cluster) echo "redis:cluster:host=127.0.0.1:$2" ;;
	memcached) echo "memcached_ascii:host=127.0.0.1:port=$2" ;;
	mysql | pgsql | cassandra) echo "$1:$4" ;;
	proxy) echo "proxy:$3:sql" ;;
	esac
}

# No statement is ever sent: the map is only one that each of the three can read.
write_map() { # port
	cat <<- EOF
		connect = host=127.0.0.1 port=$1 dbname=mails user=dovecot password=pass
		map {
		  pattern = shared/last-login/\$service/\$user
		  table = last_login
		  value_field = last_access
		  value_type = uint
		  fields {
		    userid = \$user
		    service = \$service
		  }
		}
	EOF
}

# Each has $tmp/WAY-KIND, with its state, its control socket and what is measured of it in it.
away_start() { # way, kind, port, socket
	local dir=$tmp/$1-$2
	mkdir -m 1777 "$dir"
	write_map "$3" > "$dir/map"
	run_in_background "$dir/log" "$dovetap" run --root "$storm_root" --state-dir "$dir/state" \
		--control "$dir/control" --dict "$(uri "$2" "$3" "$4" "$dir/map")" \
		--key 'last-login/%{service}/%{user}' --precision ns
	eventually grep -qs 'ready:' "$dir/log" || bail "$1 $2: $(tail -n 5 "$dir/log")"
	collector_of "$pid" > "$dir/collector"
}

figure() { # directory, name of a metric; fails when there is none
	metric_sum "$2" "$1/control"
}

is_away() { # directory
	same 0 "$(figure "$1" dovetap_dict_up)"
}

cpu_ns() { # pid: of all its threads
	cat "/proc/$1"/task/*/schedstat | awk '{ sum += $1 } END { print sum }'
}

kib() { # pid, name
	awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"
}

note_figures() { # file
	local dir pid
	for dir in "$tmp"/*-*/; do
		[[ -e $dir/collector ]] || continue
		pid=$(cat "$dir/collector")
		echo "$(date +%s%N) $(cpu_ns "$pid") $(kib "$pid" VmRSS) $(kib "$pid" VmHWM)" \
			> "$dir/$1"
	done
}

compare() { # directory: sets $grown, in KiB, and $cpu
	grown=unknown cpu=unknown
	[[ $(wc -w < "$1/before") -eq 4 && $(wc -w < "$1/after") -eq 4 ]] || bail "$1: nothing was measured" || return 0
	grown=$(($(awk '{ print $4 }' "$1/after") - $(awk '{ print $3 }' "$1/before")))
	[[ $grown -ge 0 ]] || grown=0
	cpu=$(cat "$1/before" "$1/after" | awk '{ took = $1 - time; used = $2 - cpu; time = $1; cpu = $2 }
		END { printf "%.2f", used / took * 100 }')
}

costs_little() { # way, kind
	local dir=$tmp/$1-$2 grown cpu
	compare "$dir"
	echo "# $1 $2: $cpu% of one CPU at $rate logins/s, $grown KiB more memory"
	[[ $(amount short full) == short ]] ||
		check "$1 $2: less than $cpu_max% of one CPU" awk -v got="$cpu" -v max="$cpu_max" \
			'BEGIN { print got; exit got >= max }'
	check "$1 $2: memory grows by less than $growth_max KiB" at_most "$growth_max" "$grown"
	check "$1 $2: nothing is lost" same 0 "$(figure "$dir" dovetap_events_lost_total)"
}

each_away() { # command...: called with way and kind
	local way kind
	for way in "${ways[@]}"; do
		for kind in "${kinds[@]}"; do
			"$@" "$way" "$kind"
		done
	done
}

start() { # way, kind
	if [[ $1 == silent ]]; then
		away_start "$1" "$2" "$silent_port" "$tmp/silent"
	else
		away_start "$1" "$2" "$refused_port" "$tmp/nobody"
	fi
}

seen_to_be_away() { # way, kind
	eventually is_away "$tmp/$1-$2" || bail "$1 $2: not seen to be away"
}

storm_prepare
silence_start
refused_port=$(free_port)
each_away start
storm_start --rate "$rate" --users 50000 --shuffle
each_away seen_to_be_away
note_figures before
sleep "$seconds"
note_figures after
load_stop
each_away costs_little
