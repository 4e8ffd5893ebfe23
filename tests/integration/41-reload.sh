#!/bin/bash
# SPDX-License-Identifier: MIT
# SIGHUP: a good configuration is taken over, a broken one changes nothing, and no login is lost
# while it happens many times.
. "$(dirname "$0")/lib.sh"
plan 6

conf=$tmp/dovetap.conf
write_conf() { # dict URI
	printf 'plugin {\n  last_login_dict = %s\n  last_login_key = ll/%%{user}\n}\n' "$1" > "$conf"
}

count_of() { # file: entries of a dict file
	[[ -e $1 ]] && grep -c '^shared/' "$1"
}

has() { # file count
	same "$2" "$(count_of "$1")"
}

said() { # text count
	same "$2" "$(grep -cF -- "$1" "$tmp/dovetap.log")"
}

reload() { # text that the log shall have, how often by now
	kill -HUP "$dovetap_pid"
	eventually said "$1" "$2"
}

harness_start bookworm
mkdir -m 1777 "$tmp/dicts"
write_conf "file:$tmp/dicts/one"
dovetap_start --root "$harness_root" --config "$conf"
login imap before@example.com > "$tmp/out"
check 'the first dict is written' eventually has "$tmp/dicts/one" 1

write_conf "file:$tmp/dicts/two"
reload 'read anew' 1
login imap after@example.com > "$tmp/out"
check 'the second dict is written after a reload' eventually has "$tmp/dicts/two" 1
check 'the first one is left alone' has "$tmp/dicts/one" 1

write_conf 'redis:port=70000'
reload 'the old configuration stays' 1
check 'a broken one is told with its place' grep -q 'dovetap.conf:2: .*Invalid port' "$tmp/dovetap.log"
login imap still@example.com > "$tmp/out"
check 'and changes nothing' eventually has "$tmp/dicts/two" 2

write_conf "file:$tmp/dicts/two"
for i in $(seq 1 20); do
	login imap "user$i@example.com" > "$tmp/out" &
	reload 'read anew' $((i + 1))
	wait $!
done
check 'no login is lost over twenty reloads' eventually has "$tmp/dicts/two" 22
