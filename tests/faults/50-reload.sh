#!/bin/bash
# SPDX-License-Identifier: MIT
# SIGHUP over and over while people log in, with good and broken configurations in turn: a good one is
# taken over, a broken one is told with its place and changes nothing, and no login is missing.
. "$(dirname "$0")/lib.sh"
plan 8

reloads=$(amount 96 1002) # a multiple of six
conf=$tmp/dovetap.conf

good() { # a setting more, which dict
	cat > "$conf" <<- EOF
		plugin {
		  last_login_dict = sqlite:path=$tmp/state/db$2
		  last_login_key = last-login/%{service}/%{user}
		  last_login_precision = ns
		}
		dovetap {
		  $1
		}
	EOF
}

broken=('plugin {\n' 'dovetap {\n  rign_size = 8M\n}\n'
	'plugin {\n  last_login_dict = redis:port=70000\n}\n')

write_conf() { # number: every other one is good
	if [[ $(($1 % 4)) -eq 0 ]]; then
		good 'log_level = info' 1
	elif [[ $(($1 % 4)) -eq 2 ]]; then
		good 'log_level = debug' 2
	else
		echo -ne "${broken[$1 / 2 % 3]}" > "$conf"
	fi
}

said() { # text, how often
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

collector_is_new() { # pid of before
	local now
	now=$(collector_pid) && [[ $now != "$1" && $now != *$'\n'* ]]
}

# The collector makes room for another, and goes on when the configuration is broken.
reload_over_and_over() {
	local i collector done_good=0 done_broken=0
	for ((i = 0; i < reloads; i++)); do
		write_conf "$i"
		collector=$(collector_pid)
		kill -HUP "$dovetap_pid"
		if [[ $((i % 2)) -eq 0 ]]; then
			done_good=$((done_good + 1))
			eventually said 'read anew' $done_good
			eventually collector_is_new "$collector"
		else
			done_broken=$((done_broken + 1))
			eventually said 'the old configuration stays' $done_broken
			same "$collector" "$(collector_pid)"
		fi
	done
}

both_were_written() {
	local each
	for each in 1 2; do
		sqlite3 -readonly "$tmp/state/db$each" 'SELECT count(*) FROM last_login' | grep -v '^0$' || return
	done
}

stored_both() {
	local each
	for each in 1 2; do
		sqlite3 -readonly -separator ' ' "$tmp/state/db$each" \
			"SELECT service || '/' || userid, max(time_ns) FROM last_login GROUP BY 1"
	done | sort | awk '{ newest[$1] = $2 } END { for (user in newest) print user, newest[user] }'
}

good 'log_level = info' 1
storm_prepare
harness_start bookworm
dovetap_start --root "$harness_root" --root "$storm_root" --config "$conf"
people_start real{1..20}@example.com
storm_start --rate 500 --users 1000
check "the configuration is read $reloads times" reload_over_and_over
load_stop
check 'broken ones are told with their place' grep -q 'dovetap.conf:2: .*Invalid port' "$tmp/dovetap.log"
check 'it is still the same attacher' kill -0 "$dovetap_pid"
check 'nobody was refused' nobody_was_refused
check 'everything is written' eventually all_is_written
check 'nothing was lost' same 0 "$(lost)"
check 'each of the two dicts was written' both_were_written
check 'every user has the newest login' explained stored_both
