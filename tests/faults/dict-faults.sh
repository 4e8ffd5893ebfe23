# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The scenario of a dict that fails in every way there is, under load, for the stores that tell their own
# part of it: 30-redis.sh to 34-dict-server.sh. Each of those defines
#
#     server_port              where the real server listens, or the path of its socket
#     server_stop, _start      ... with the data still there
#     server_pids              all its processes
#     login_revoke, _grant     the right to log in, or to write; open connections lose it, too
#     readonly_on, _off
#     stored                   what is in it, as lines of "SERVICE/USER TIME"
#
# and sets $dict, dovetap's options for it, with @PORT@ for the same of the proxy that stands between,
# and, before it reads this file, $protocol, for what a hostile server may say (hostile.py), and
# $short_faults, those of the short form.
own_network=yes # so that packets can be dropped
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

faults=(down hang-server hang reset slow drop-syn cut revoke readonly)
# shellcheck disable=SC2154 # the scenarios set both
mapfile -t hostile < <(cd "$top/tests/faults" &&
	python3 -c 'import hostile, sys; print(*hostile.kinds(sys.argv[1]), sep="\n")' "$protocol")
faults+=("${hostile[@]/#/hostile-}")
for fault in "${left_out[@]:-}"; do # what cannot happen to it
	mapfile -t faults < <(printf '%s\n' "${faults[@]}" | grep -vx -- "$fault")
done
[[ ${FAULTS:-short} == full ]] || faults=("${short_faults[@]}")
seconds=$(amount 2 20) # of each
plan $((3 * ${#faults[@]} + 6))

proxy_start() {
	proxy_port=$([[ $server_port == /* ]] && echo "$tmp/proxy.sock" || free_port)
	echo pass > "$tmp/mode"
	run_in_background "$tmp/proxy.log" "$top/tests/faults/flaky-proxy.py" "$proxy_port" \
		"$server_port" "$tmp/mode" "$protocol"
	eventually proxy_listens || bail "proxy: $(tail -n 3 "$tmp/proxy.log")"
}

proxy_listens() {
	if [[ $proxy_port == /* ]]; then
		chmod 0666 "$proxy_port"
	else
		answers "$proxy_port"
	fi
}

# Whoever is connected is sent away, by a server that cannot.
disconnect_by_proxy() {
	echo reset > "$tmp/mode"
	sleep 0.5
	echo pass > "$tmp/mode"
}

begin() { # fault
	case $1 in
	down) server_stop ;;
	hang-server) server_pids | xargs kill -STOP ;;
	hang | reset | slow) echo "$1" > "$tmp/mode" ;;
	hostile-*) echo "${1/-/ }" > "$tmp/mode" ;;
	drop-syn) # and whoever is connected loses that
		iptables -A INPUT -p tcp --dport "$proxy_port" --syn -j DROP
		echo reset > "$tmp/mode"
		;;
	cut) iptables -A INPUT -p tcp --dport "$proxy_port" -j DROP ;;
	revoke) login_revoke ;;
	readonly) readonly_on ;;
	esac
}

end() { # fault
	case $1 in
	down) server_start ;;
	hang-server) server_pids | xargs kill -CONT ;;
	hang | reset | slow | hostile-*) echo pass > "$tmp/mode" ;;
	drop-syn)
		iptables -D INPUT -p tcp --dport "$proxy_port" --syn -j DROP
		echo pass > "$tmp/mode"
		;;
	cut) iptables -D INPUT -p tcp --dport "$proxy_port" -j DROP ;;
	revoke) login_grant ;;
	readonly) readonly_off ;;
	esac
}

is_up() { # 0 or 1
	same "$1" "$(metric_sum dovetap_dict_up)"
}

logins_since() { # count of them
	at_least $(($1 + 1)) "$(accepted_logins)"
}

people_still_log_in() {
	eventually logins_since "$(accepted_logins)"
}

# Each logs in once, so that whoever is missed is missed for good: no later login makes up for it.
strangers=100000
strangers_log_in() {
	storm --rate 1000 --events 600 --users 600 --first "$strangers" \
		--log "$tmp/accepted.strangers" > "$tmp/strangers" &
	logging_in=$!
	strangers=$((strangers + 600))
}

# The dict is given up, people log in; then it is well again, and gets what waited for it.
suffer() { # fault
	strangers_log_in
	sleep 0.3 # so that some are on their way to the dict just now
	begin "$1"
	wait "$logging_in"
	check "$1: the dict is seen to be down" eventually is_up 0
	sleep "$seconds"
	check "$1: people still log in" people_still_log_in
	end "$1"
	check "$1: the dict is seen to be up" eventually is_up 1
}

memory() { # MiB of the collector, at its largest
	awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$(collector_pid)/status"
}

log_is_clean() { # whatever the server says
	[[ -s $tmp/dovetap.log ]]
	! grep -nP '[\x00-\x08\x0b-\x1f\x7f]|.{1000}' "$tmp/dovetap.log" || return 1
}

write_map() { # the rest of its connect line; the port comes later
	cat > "$tmp/map.conf" <<- EOF
		connect = host=127.0.0.1 port=@PORT@ $1
		map {
		  pattern = shared/last-login/\$service/\$user/\$remote_ip
		  table = last_login
		  value_field = last_access
		  value_type = uint
		  fields {
		    userid = \$user
		    service = \$service
		    last_ip = \$remote_ip
		  }
		}
	EOF
}

dict_faults() {
	local fault
	storm_prepare
	proxy_start
	[[ ! -e $tmp/map.conf ]] || sed -i "s,@PORT@,$proxy_port," "$tmp/map.conf"
	harness_start bookworm
	dovetap_start --root "$harness_root" --root "$storm_root" --precision ns "${dict[@]//@PORT@/$proxy_port}"
	people_start real{1..20}@example.com
	storm_start --rate 500 --users 1000
	for fault in "${faults[@]}"; do
		suffer "$fault"
	done
	load_stop
	check 'nobody was refused' nobody_was_refused
	check "the collector stayed small ($(memory) MiB)" at_most 95 "$(memory)"
	check 'its log is clean' log_is_clean
	check 'everything is written' eventually all_is_written
	check 'nothing was lost' same 0 "$(lost)"
	check 'every user has the newest login' explained stored
	dovetap_stop # before the server, which may wait for it
}
