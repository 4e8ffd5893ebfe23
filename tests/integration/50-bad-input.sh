#!/bin/bash
# SPDX-License-Identifier: MIT
# What an operator gets wrong is refused before anything is attached: where, what, what instead.
. "$(dirname "$0")/lib.sh"
plan 8

config() { # text
	printf '%s\n' "$1" > "$tmp/dovetap.conf"
}

refuses() { # text, arguments of "dovetap run"
	local text=$1
	shift
	fails_with 78 "$text" "$dovetap" run "$@"
}

check 'a missing file' refuses "$tmp/none.conf" --config "$tmp/none.conf"
config 'dovetap {
  rnig_size = 4M
}'
check 'an unknown setting, by file and line' refuses "$tmp/dovetap.conf:2: " --config "$tmp/dovetap.conf"
config 'plugin {
  last_login_dict = redis:host=127.0.0.1
  last_login_precision = minutes
}'
check 'an unknown precision, by file and line' refuses "$tmp/dovetap.conf:3: " --config "$tmp/dovetap.conf"
config 'plugin {
  last_login_dict = redis:host=127.0.0.1
  last_login_key = last-login/%{nonsense}
}'
check 'an unknown variable, by name' refuses '%{nonsense}' --config "$tmp/dovetap.conf"
config 'plugin {'
check 'a block without an end' refuses "$tmp/dovetap.conf:" --config "$tmp/dovetap.conf"
check 'a driver that does not exist' refuses 'rediss' --dict rediss:host=127.0.0.1
check 'an option that a driver does not have' refuses 'hots' --dict redis:hots=127.0.0.1
check 'without rights: the capability that is missing' \
	fails_with 77 CAP_ setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all \
	"$dovetap" run --dict "file:$tmp/state/dict"
