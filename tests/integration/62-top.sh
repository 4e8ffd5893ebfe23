#!/bin/bash
# SPDX-License-Identifier: MIT
# "dovetap top": logins and failures of a real Dovecot, counted exactly, on a terminal, in a pipe and
# as JSON; names that would drive the terminal do not; and nobody but the control socket tells names.
. "$(dirname "$0")/lib.sh"
plan 19

socket=$tmp/state/control.sock
top_json() { # arguments of dovetap top, then a jq filter and what it gives
	local filter=${*: -2:1} want=${*: -1}
	same "$want" "$("$dovetap" top --json --control "$socket" "${@:1:$#-2}" | jq -c "$filter")"
}

says() { # text, arguments of dovetap top
	"$dovetap" top --control "$socket" "${@:2}" > "$tmp/said"
	grep -F -- "$1" "$tmp/said" || { cat "$tmp/said"; return 1; }
}

fail() { # user count [from]
	local i
	for ((i = 0; i < $2; i++)); do
		printf '{"service": "%s", "user": "%s", "password": "wrong", "from": "%s"}\n' \
			imap "$1" "${3:-127.0.0.1}"
	done | login - --fails
}

# What a terminal is sent: everything but the program's own sequences must be text.
terminal_is_safe() {
	[[ -s $tmp/terminal ]]
	sed -E 's/\x1b\[(\?1049[hl]|\?25[hl]|H|K|J)//g' "$tmp/terminal" | tr -d '\r\n' |
		LC_ALL=C grep -naP '[\x00-\x1f\x7f]' && return 1
	grep -qF '\x1b[2jescape' "$tmp/terminal"
}

restored() { # the last thing is that the screen is what it was
	tail -c 200 "$tmp/terminal" | grep -F $'\033[?1049l'
}

harness_start bookworm
port=$(free_port)
printf 'dovetap {\n  metrics_listen = 127.0.0.1:%s\n  audit_log = %s\n}\n' "$port" "$tmp/state/audit" > "$tmp/conf"
dovetap_start_recording --config "$tmp/conf"
{
	login imap good@example.com
	fail victim@example.com 7
	fail other@example.com 2 127.0.1.9
	printf '{"service": "pop3", "user": "\\u001b[2Jescape@example.com", "password": "wrong"}\n' | login - --fails
	printf '{"service": "imap", "user": "victim@example.com"}\n' | login -
} > "$tmp/out"

check 'users who failed are counted' eventually top_json --failures \
	'.by_user.top | map([.user, .at_least, .at_most])' \
	'[["victim@example.com",7,7],["other@example.com",2,2],["\u001b[2jescape@example.com",1,1]]'
check 'and networks' top_json --failures '.by_network.top | map([.network, .at_least, .at_most])' \
	'[["127.0.0.0/24",8,8],["127.0.1.0/24",2,2]]'
check 'nobody else failed' top_json --failures '[.by_user.others_at_most, .by_user.total]' '[0,10]'
check 'by service and outcome' top_json --failures '.by_service | map([.service, .outcome, .count])' \
	'[["imap","password_mismatch",9],["pop3","password_mismatch",1]]'
check 'which is a metric' metric_is 'dovetap_auth_failures_total{service="imap",reason="password_mismatch"}' 9
check 'events are counted' top_json '.events | map_values(.total)' '{"login":2,"auth":2,"failure":10,"proxy":0}'
check 'the newest comes first' top_json '.latest[0] | [.event, .service, .user, .outcome]' \
	'["login","imap","victim@example.com","ok"]'
check 'in a pipe it is a table' says 'login   imap       127.0.0.1       ok                victim@example.com'
check 'the other one, too' says '         7          7  victim@example.com' --failures
check 'in which nothing drives a terminal' says '\x1b[2jescape@example.com' --failures
not_told() { # path
	! curl -sf "http://127.0.0.1:$port$1" || return 1
	curl -sf "http://127.0.0.1:$port/metrics" > "$tmp/page"
	has_no_line example.com "$tmp/page"
}
check 'the metrics do not tell names' not_told /top/failures
check 'each metric is documented, with its labels' "$top/tests/integration/documented-metrics.py" "$tmp/page"

# A terminal of a real kind; q ends it.
top_on_terminal() {
	tmux -S "$tmp/tmux" -f /dev/null new-session -d -x 100 -y 30 \
		"script -qec '$dovetap top --control $socket --interval 0.2' $tmp/terminal; echo \$? > $tmp/ended"
}
top_on_terminal
screen() { # text
	tmux -S "$tmp/tmux" capture-pane -p | grep -F -- "$1"
}
check 'on a terminal it is a screen' eventually screen '/S (1 MIN)'
login imap live@example.com > "$tmp/out"
check 'which shows what happens' eventually screen 'live@example.com'
tmux -S "$tmp/tmux" send-keys q
gone() {
	! tmux -S "$tmp/tmux" has-session 2> /dev/null && grep -qF $'\033[?1049h' "$tmp/terminal"
}
check 'and ends with q' eventually gone
check 'no name drives it' terminal_is_safe
check 'the terminal is what it was' restored
top_on_terminal
eventually screen '/S (1 MIN)' > "$tmp/out"
tmux -S "$tmp/tmux" send-keys C-c
gone_well() {
	gone && same 0 "$(cat "$tmp/ended")"
}
check 'Ctrl-C ends it, too' eventually gone_well
check 'and gives the terminal back' restored
