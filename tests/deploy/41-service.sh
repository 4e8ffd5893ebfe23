#!/bin/bash
# SPDX-License-Identifier: MIT
# The package on a machine with systemd and Dovecot: from its installation on, logins are recorded;
# systemd watches over both processes, reloads, and hands a password over.
. "$(dirname "$0")/lib.sh"
plan 20

echo 'IMAP=143' > "$tmp/ports"
tells_probes() {
	[[ $(inside systemctl show --property StatusText --value dovetap) =~ ^[1-9]+' probes attached'$ ]]
}

logged_in() { # user
	beside "$top/tests/stand/login.py" "$tmp/ports" imap "$1" > "$tmp/login"
}

is() { # property, value: of the service
	same "$2" "$(inside systemctl show --property "$1" --value dovetap)"
}

# shellcheck disable=SC2016
says() { # text: in the journal, since the service was started last
	inside sh -c 'journalctl --no-pager --output cat _SYSTEMD_INVOCATION_ID="$(
		systemctl show --property InvocationID --value dovetap)"' | tee "$tmp/journal"
	grep -qF -- "$1" "$tmp/journal"
}

last_login() { # user: is recorded
	inside dovetap lookup "$1" | grep -F "$1"
}

collector() {
	pgrep --ns "$(cat "$tmp/system/pid")" --nslist pid -f --parent \
		"$(pgrep --ns "$(cat "$tmp/system/pid")" --nslist pid -o -f '^/usr/sbin/dovetap run')" '.'
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

restarted() { # how often since it was enabled
	[[ $(inside systemctl show --property NRestarts --value dovetap) -gt 0 ]]
}

still_runs_as() { # main process
	is ActiveState active && is MainPID "$1"
}

mkdir -p "$tmp/system/overlay/upper/etc/dovecot" "$tmp/system/overlay/upper/mail"
chmod 1777 "$tmp/system/overlay/upper/mail"
cat > "$tmp/system/overlay/upper/etc/dovecot/dovecot.conf" << END
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
first_valid_uid = 5000
mail_location = maildir:~/Maildir
passdb {
  driver = static
  args = password=pass
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=/mail/%u allow_all_users=yes
}
END

system_start
check 'the package is installed' install_package
check 'the service runs, which is: it is ready' is ActiveState active
check 'its status tells the probes' tells_probes
check 'they are attached' says 'attached to hook_mail_user_created'
check 'its user owns what it writes' same 'dovetap 750' \
	"$(inside stat -c '%U %a' /var/lib/dovetap/spool)"
check 'a user logs in' logged_in first@example.com
check 'which is recorded' eventually last_login first@example.com
inside systemd-analyze security --no-pager dovetap | tail -n 1 | note

main=$(inside systemctl show --property MainPID --value dovetap)
configuration <<< 'dovetap { nonsense = yes'
check 'a reload with a wrong file fails nothing' inside systemctl reload dovetap
check 'says so' eventually says 'the old configuration stays: /etc/dovetap/dovetap.conf:1'
check 'and the service goes on' still_runs_as "$main"
configuration < "$top/deploy/dovetap.conf"
check 'one with a right file succeeds' inside systemctl reload dovetap
check 'and is told' eventually says 'the configuration was read anew'

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
