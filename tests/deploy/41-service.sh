#!/bin/bash
# SPDX-License-Identifier: MIT
# The package on a machine with systemd and Dovecot: from its installation on, logins are recorded;
# systemd watches over both processes, reloads, and hands a password over.
. "$(dirname "$0")/lib.sh"
plan 26

tells_probes() {
	[[ $(inside systemctl show --property StatusText --value dovetap) =~ ^[1-9]+' probes attached'$ ]]
}

is() { # property, value: of the service
	same "$2" "$(inside systemctl show --property "$1" --value dovetap)"
}

says() { # text, how often if not once or more: in the journal
	journal | tee "$tmp/journal"
	if [[ $# -eq 2 ]]; then
		same "$2" "$(grep -cF -- "$1" "$tmp/journal")"
	else
		grep -qF -- "$1" "$tmp/journal"
	fi
}

attacher() {
	pgrep --ns "$(cat "$tmp/system/pid")" --nslist pid -o -f '^dovetap-attacher [0-9]'
}

collector() {
	collector_of "$(attacher)"
}

searcher_has_a_user() { # of its own
	same "$(inside id -u dovetap-search)" \
		"$(stat -c %u "/proc/$(pgrep --parent "$(attacher)" -x dovetap-search)")"
}

drop_in() { # name; stdin: what it has
	put "/etc/systemd/system/dovetap.service.d/$1.conf"
	inside systemctl daemon-reload
}

documented_drop_in() { # that of docs/service.md with this line in it
	sed -n '/^    \[Service\]/,/^$/s/^    //p' "$top/docs/service.md" |
		awk -v RS= -v line="$1" 'index($0, line)'
}

configuration() { # stdin
	put /etc/dovetap/dovetap.conf
}

other_dict() {
	printf 'plugin {\n  last_login_dict = sqlite:path=/var/lib/dovetap/other.db\n}\n'
}

records() { # dict's file: who is in it
	inside dovetap lookup --all --config /dev/null --dict "sqlite:path=/var/lib/dovetap/$1" |
		awk '$1 ~ /@/ { print $1 }'
}

has() { # dict's file, user
	records "$1" | grep -xF "$2"
}

some_log_in() { # number
	logged_in "person$1-"{1..5}@example.com
}

# Three configurations in turn; the second one is broken.
reload_over_and_over() {
	local i
	for ((i = 1; i <= 5; i++)); do
		other_dict | configuration
		inside systemctl reload dovetap && eventually says 'read anew' $((2 * i)) || return
		configuration <<< 'dovetap { nonsense = yes'
		inside systemctl reload dovetap && eventually says 'old configuration stays' $((i + 1)) || return
		logged_in "still$i@example.com"
		eventually has other.db "still$i@example.com" || return
		configuration < "$top/deploy/dovetap.conf"
		inside systemctl reload dovetap && eventually says 'read anew' $((2 * i + 1)) || return
	done
}

everybody_is_recorded() {
	same "$(jq -r 'select(.ok).user' "$tmp/logins" | sort -u)" \
		"$( (records last-login.db; records other.db) | sort -u)"
}

restarted() { # how often since it was enabled
	[[ $(inside systemctl show --property NRestarts --value dovetap) -gt 0 ]]
}

still_runs_as() { # main process
	is ActiveState active && is MainPID "$1"
}

system_start
check 'the package is installed' install_package
check 'the service runs, which is: it is ready' is ActiveState active
check 'its status tells the probes' tells_probes
check 'they are attached' says 'attached to hook_mail_user_created'
check 'its user owns what it writes' same 'dovetap 750' \
	"$(inside stat -c '%U %a' /var/lib/dovetap/spool)"
check 'the searcher is a user of its own' searcher_has_a_user
check 'a user logs in' logged_in first@example.com
check 'which is recorded' eventually last_login first@example.com
inside systemd-analyze security --no-pager dovetap | tail -n 1 | note

put /srv/login < "$top/debian/tests/login"
check "and so does the package's own test" inside env DOVETAP_USER=tester@example.com bash /srv/login
echo '{"user": "tester@example.com", "ok": true}' >> "$tmp/logins"

main=$(inside systemctl show --property MainPID --value dovetap)
configuration <<< 'dovetap { nonsense = yes'
check 'a reload with a wrong file fails nothing' inside systemctl reload dovetap
check 'says so' eventually says 'the old configuration stays: /etc/dovetap/dovetap.conf:1'
check 'and the service goes on' still_runs_as "$main"
configuration < "$top/deploy/dovetap.conf"
check 'one with a right file succeeds' inside systemctl reload dovetap
check 'and is told' eventually says 'the configuration was read anew'
strangers_start some_log_in
check 'so it goes on while people log in: another dict, a wrong file, the first' reload_over_and_over
check 'nobody was refused' strangers_stop
check 'all of them are recorded' eventually everybody_is_recorded
check 'and the service is the same' still_runs_as "$main"

kill -KILL "$(collector)"
logged_in second@example.com
check 'a collector that is killed is replaced' eventually last_login second@example.com
check 'by the same service' still_runs_as "$main"

drop_in watchdog <<< $'[Service]\nWatchdogSec=1s'
inside systemctl restart dovetap
kill -STOP "$(collector)"
check 'one that hangs ends the service, which is started anew' eventually restarted
check 'and is ready again' eventually is ActiveState active
logged_in third@example.com
check 'and records' eventually last_login third@example.com
inside rm /etc/systemd/system/dovetap.service.d/watchdog.conf

run_in_background "$tmp/redis.log" nsenter --target "$(cat "$tmp/system/pid")" --net redis-server --bind 127.0.0.1 --requirepass hunter2 \
	--save '' --appendonly no --dir "$tmp"
documented_drop_in LoadCredential= | drop_in credentials
put /etc/dovetap/redis-password <<< hunter2
inside chmod 0400 /etc/dovetap/redis-password
sed -n '/^    dovecot_config_version/,/^    }/s/^    //p' "$top/docs/service.md" | configuration
inside systemctl restart dovetap || inside journalctl -u dovetap --no-pager -n 20 | note
logged_in fourth@example.com
check 'with a credential it writes into a Redis that wants a password' eventually \
	beside redis-cli -a hunter2 --no-auth-warning -e GET shared/last-login/fourth@example.com
cannot_read_it() {
	! inside setpriv --reuid dovetap --regid dovetap --clear-groups cat "$1"
}
check 'that its user cannot read' cannot_read_it /etc/dovetap/redis-password
inside systemctl stop dovetap
check 'it ends as it should' is Result success
