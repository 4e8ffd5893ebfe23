#!/bin/bash
# SPDX-License-Identifier: MIT
# A real systemd keeps ring and probes while the service is restarted: who logs in when there is no
# dovetap is recorded all the same. It forgets them when the service is stopped.
. "$(dirname "$0")/lib.sh"
plan 12

says() { # text, how often: in the journal
	same "$2" "$(journal | grep -cF -- "$1")"
}

keeps() { # count of descriptors
	same "$1" "$(inside systemctl show --property NFileDescriptorStore --value dovetap)"
}

is_active() {
	inside systemctl is-active dovetap
}

waits() { # the next dovetap, for us
	[[ $(inside systemctl show --property SubState --value dovetap) == start-pre ]]
}

# Logs somebody in between the end of one dovetap and the start of the next.
restart_around() { # user, command... that makes systemd start it anew
	local user=$1
	shift
	inside rm -f /run/go
	"$@"
	eventually waits && logged_in "$user"
	inside touch /run/go
	eventually is_active
}

kill_both() { # as the machine's memory guard does
	inside systemctl kill --signal=KILL dovetap
}

system_start
install_package > "$tmp/install.log" 2>&1 || bail "$(tail -n 5 "$tmp/install.log")"
put /etc/systemd/system/dovetap.service.d/wait.conf << 'END'
[Service]
ExecStartPre=/bin/sh -c 'until [ -e /run/go ]; do sleep 0.1; done'
END
inside touch /run/go
inside systemctl daemon-reload
check 'it keeps the ring, counters, accounts, descents, masters and three probes' eventually keeps 8
logged_in first@example.com
check 'a login is recorded' eventually last_login first@example.com

check 'the service is restarted' restart_around gap1@example.com \
	inside systemctl restart --no-block dovetap
check 'the login of meanwhile is recorded' eventually last_login gap1@example.com
check 'the probes were taken over' says 'taken over' 3
check 'and none was set' says ': attached to' 0
check 'it is killed' restart_around gap2@example.com kill_both
check 'the login of meanwhile is recorded, too' eventually last_login gap2@example.com
check 'the probes were taken over again' says 'taken over' 3
check 'it still keeps no more than it has to' keeps 8
inside systemctl stop dovetap
check 'a stopped service keeps nothing' keeps 0
inside systemctl start dovetap
check 'and sets its probes when it is started' says ': attached to' 3
