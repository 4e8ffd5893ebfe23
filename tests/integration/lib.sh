# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every integration test starts with:
#
#     . "$(dirname "$0")/lib.sh"
#     plan 3
#     harness_start bookworm
#     dovetap_start_recording
#     login imap u1@example.com > "$tmp/logins"
#     check "the login is there" eventually recorded imap/u1@example.com
#
# There is a temporary directory $tmp; everything started here ends and everything in $tmp goes
# with the test, whichever way it ends. Nothing waits for a time: things are awaited, with a bound.
# Checks, and what ends a test: tests/checks.sh.

# Where the loopback has no IPv6 (many containers), a network namespace of our own has; and a test that
# does things to the network asks for one by own_network=yes.
if [[ -n ${own_network:-} && -z ${DOVETAP_TEST_NETWORK:-} ]] ||
	! grep -qs '^0\{31\}1 ' /proc/net/if_inet6; then
	[[ -z ${DOVETAP_TEST_NETWORK:-} ]] || { echo "Bail out! no IPv6 in this kernel" && exit 1; }
	export DOVETAP_TEST_NETWORK=own
	exec unshare --net sh -c 'ip link set lo up && exec "$0" "$@"' "$0" "$@"
fi

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dovetap=${DOVETAP:-$top/.output/dovetap}
. "$top/tests/checks.sh"
chmod 0755 "$tmp"
mkdir -m 1777 "$tmp/state" # for what the unprivileged part of dovetap writes
started=() # process ids, in order
mounted=() # file systems
endings=() # what else is to be done at the end, first
dovetap_pid=

finish() {
	local status=$? i
	trap - EXIT INT TERM HUP ERR
	set +e
	for ((i = ${#endings[@]} - 1; i >= 0; i--)); do
		eval "${endings[i]}"
	done
	dovetap_ended || failures=$((failures + 1))
	for ((i = ${#started[@]} - 1; i >= 0; i--)); do
		stop "${started[i]}"
	done
	[[ -z ${bpffs:-} ]] || umount "$bpffs"
	[[ ${#mounted[@]} -eq 0 ]] || umount "${mounted[@]}"
	plan_end "$status"
	status=$?
	if [[ -n ${KEEP:-} ]]; then
		echo "# kept $tmp"
	else
		rm -rf --one-file-system "$tmp"
	fi
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

at_end() { # command: before anything that was started is stopped
	endings+=("$1")
}

# Whatever still runs at the end must end well, too.
dovetap_ended() {
	[[ -n $dovetap_pid && -e /proc/$dovetap_pid ]] || return 0
	dovetap_stop > "$tmp/stopped" && return 0
	note < "$tmp/stopped"
	echo "not ok - dovetap ended with status $stopped at the end of the test"
	return 1
}

# --- processes -----------------------------------------------------------------------------------

run_in_background() { # log command...: sets $pid; the process dies with this one
	local log=$1
	shift
	setpriv --pdeathsig TERM "$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	started+=("$pid")
}

stop() { # pid: asks first, insists after ten seconds; sets $stopped, its exit status
	local deadline
	[[ -n $1 ]] || return 0
	deadline=$((SECONDS + $(seconds_at_most 10)))
	kill -TERM "$1" 2> /dev/null || true
	while kill -0 "$1" 2> /dev/null && [[ $SECONDS -lt $deadline ]]; do
		sleep 0.02
	done
	kill -KILL "$1" 2> /dev/null || true
	stopped=0
	wait "$1" 2> /dev/null || stopped=$?
}

answers() { # port
	: < "/dev/tcp/127.0.0.1/$1"
}

free_port() {
	"$top/tests/harness/free-ports" 1
}

bpffs_mount() { # for pins: sets $bpffs
	mkdir "$tmp/bpf"
	mount -t bpf bpf "$tmp/bpf" || bail 'bpffs cannot be mounted'
	bpffs=$tmp/bpf
}

# --- Dovecot -------------------------------------------------------------------------------------
# A harness is called by its root folder's name; its directory is $tmp/NAME. The one started last is
# the one that "login" talks to.

harness_start() { # name: extra configuration goes into $tmp/NAME/extra.conf before
	harness=$1 harness_pid='' harness_master='' harness_root=$tmp/nowhere
	mkdir -p "$tmp/$harness"
	! alone || return 0
	"$top/tools/rootfs" "$harness" | note
	rm -f "$tmp/$harness/dovecot.log" # of an earlier life
	run_in_background "$tmp/$harness/harness.log" "$top/tests/harness/dovecot" "$harness" "$tmp/$harness"
	harness_pid=$pid
	eventually grep -qs 'starting up' "$tmp/$harness/dovecot.log" ||
		bail "$harness: $(tail -n 5 "$tmp/$harness"/{harness,dovecot}.log)"
	harness_master=$(pgrep --parent "$(pgrep --parent "$harness_pid" -x unshare)")
	harness_root=/proc/$harness_master/root
}

harness_stop() {
	stop "$harness_pid"
}

harness_file() { # name, path: where to put what is to replace a file before the harness starts
	local file=$tmp/$1/overlay/upper$2
	mkdir -p "$(dirname "$file")"
	echo "$file"
}

# In every program and library, so that Dovecot takes them for one release. Before harness_start.
harness_alter_abi() { # name, old, new string of the same length
	! alone || return 0
	local root path
	root=$(root_folder "$1")
	grep -rlaF "$2" "$root"/usr/{bin,sbin,lib/dovecot} | while read -r path; do
		path=${path#"$root"}
		cp -a "$root$path" "$(harness_file "$1" "$path")"
		sed -i "s/${2//./\\.}/$3/g" "$(harness_file "$1" "$path")"
	done
}

root_folder() { # name: what the harness's overlay is made of
	echo "${DOVETAP_CACHE:-/var/cache/dovetap}/root/$1"
}

harness_runs() { # name of one of Dovecot's services: it has a process
	pgrep --ns "$harness_master" --nslist pid -xf "dovecot/$1" > /dev/null
}

on_each_version() { # function: called with a fresh harness of every Dovecot that there is a folder of
	for version in bullseye bookworm trixie; do
		harness_start "$version"
		"$1"
		harness_stop
	done
}

login() { # service user... [options]: see tests/harness/login.py; prints its JSON
	! alone || return 1
	"$top/tests/harness/login.py" "$tmp/$harness/ports" "$@"
}

# Beside the test, until strangers_stop: the command is called with one more number each time, to log
# in people who do so once. Whoever is missed is missed for good. Refusals are noted in $tmp/refused.
strangers_start() { # command...
	rm -f "$tmp/enough"
	people=''
	! alone || return 0
	(
		for ((i = 0; ; i++)); do
			[[ ! -e $tmp/enough ]] || break
			"$@" "$i" || date >> "$tmp/refused"
		done
	) &
	people=$!
}

strangers_stop() { # fails if one was refused
	touch "$tmp/enough"
	[[ -n $people ]] || return 1
	wait "$people"
	[[ ! -e $tmp/refused ]] || return 1
}

doveadm() { # in the harness that was started last
	chroot "$harness_root" /usr/bin/doveadm -c /harness/dovecot.conf "$@"
}

# --- servers to write to -------------------------------------------------------------------------

redis_start() { # on the same port when called again
	redis_port=${redis_port:-$(free_port)} redis_pid=''
	! alone || return 0
	run_in_background "$tmp/redis.log" redis-server --bind 127.0.0.1 --port "$redis_port" \
		--save '' --appendonly no --dir "$tmp"
	redis_pid=$pid
	eventually answers "$redis_port" || bail "redis: $(tail -n 3 "$tmp/redis.log")"
}

mariadb_start() { # in $tmp/mariadb, root without a password, on 127.0.0.1:$mariadb_port
	mariadb_port=$(free_port)
	! alone || return 0
	mkdir "$tmp/mariadb" && chown nobody: "$tmp/mariadb"
	mariadb-install-db --no-defaults --user=nobody --datadir="$tmp/mariadb" \
		--auth-root-authentication-method=normal --skip-test-db > "$tmp/mariadb.log" 2>&1
	run_in_background "$tmp/mariadb.log" mariadbd --no-defaults --user=nobody \
		--datadir="$tmp/mariadb" --bind-address=127.0.0.1 --port="$mariadb_port" \
		--socket="$tmp/mariadb/socket" --innodb-flush-log-at-trx-commit=0
	eventually mariadb_sql -e 'SELECT 1' > "$tmp/answer"
}

mariadb_sql() { # arguments of mariadb(1)
	mariadb --no-defaults --socket="$tmp/mariadb/socket" --user=root --batch \
		--skip-column-names "$@"
}

postgres_start() { # in $tmp/postgres, trusting postgres@127.0.0.1:$postgres_port
	local bin
	bin=$(echo /usr/lib/postgresql/*/bin)
	postgres_port=$(free_port)
	! alone || return 0
	mkdir "$tmp/postgres" && chown postgres: "$tmp/postgres"
	setpriv --reuid postgres --regid postgres --init-groups "$bin/initdb" \
		--pgdata="$tmp/postgres" --auth=trust --encoding=UTF8 --locale=C --no-sync \
		> "$tmp/postgres.log" 2>&1
	run_in_background "$tmp/postgres.log" setpriv --reuid postgres --regid postgres --init-groups \
		"$bin/postgres" -D "$tmp/postgres" -h 127.0.0.1 -p "$postgres_port" -k "$tmp/postgres" \
		-c fsync=off
	eventually postgres_sql -c 'SELECT 1' > "$tmp/answer"
}

postgres_sql() { # arguments of psql(1)
	psql --no-psqlrc --quiet --no-align --tuples-only --host="$tmp/postgres" \
		--port="$postgres_port" --username=postgres "$@"
}

redis_stop() {
	stop "$redis_pid"
}

redis() { # command...
	redis-cli -h 127.0.0.1 -p "$redis_port" "$@"
}

# --- Postfix -------------------------------------------------------------------------------------
# A real one on $smtp_port of 127.0.0.1, with a configuration and a queue of its own in $tmp/postfix.

postfix_start() { # path of the socket on which it asks Dovecot about passwords
	local dir=$tmp/postfix
	smtp_port=$(free_port) postfix_pid=''
	! alone || return 0
	mkdir -p "$dir/etc" "$dir/queue" "$dir/data"
	chown postfix: "$dir/data"
	cat > "$dir/etc/main.cf" << END
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
maillog_file = $dir/log
maillog_file_prefixes = $dir
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = $1
smtpd_client_connection_count_limit = 0
smtpd_soft_error_limit = 100
END
	cat > "$dir/etc/master.cf" << END
127.0.0.1:$smtp_port inet n - n - 100 smtpd
anvil unix - - n - 1 anvil
cleanup unix n - n - 0 cleanup
postlog unix-dgram n - n - 1 postlogd
rewrite unix - - n - - trivial-rewrite
tlsmgr unix - - n 1000? 1 tlsmgr
END
	postfix -c "$dir/etc" check 2>&1 | note
	run_in_background "$tmp/postfix.log" \
		"$(postconf -c "$dir/etc" -h daemon_directory)/master" -c "$dir/etc" -d
	postfix_pid=$pid
	eventually answers "$smtp_port" ||
		bail "postfix: $(tail -n 5 "$tmp/postfix.log" "$dir/log")"
}

# --- dovetap -------------------------------------------------------------------------------------

dovetap_start() { # arguments of "dovetap run": live lines in $tmp/live, messages in $tmp/dovetap.log
	rm -f "$tmp/live" "$tmp/dovetap.log" # of an earlier one
	setpriv --pdeathsig TERM "$dovetap" run --state-dir "$tmp/state" \
		--control "$tmp/state/control.sock" "$@" > "$tmp/live" 2> "$tmp/dovetap.log" < /dev/null &
	dovetap_pid=$!
	started+=("$dovetap_pid")
	eventually dovetap_has_begun || true
	if ! grep -q 'ready:' "$tmp/dovetap.log"; then
		stop "$dovetap_pid"
		bail "dovetap run $*: ended with $stopped: $(tail -n 5 "$tmp/dovetap.log")"
	fi
}

dovetap_kill() { # attacher and collector at once, and waits for their end
	local collector
	collector=$(collector_of "$dovetap_pid")
	kill -KILL "$dovetap_pid" ${collector:+"$collector"}
	wait "$dovetap_pid" 2> /dev/null || true
	[[ -z $collector ]] || eventually process_is_gone "$collector"
}

collector_of() { # pid of "dovetap run": that of its collector
	pgrep --parent "$1" -xf 'dovetap collect'
}

process_is_gone() { # pid
	[[ ! -e /proc/$1 ]]
}

dovetap_has_begun() { # or given up
	grep -qs 'ready:' "$tmp/dovetap.log" || ! kill -0 "$dovetap_pid"
}

dovetap_stop() { # [exit status, if not 0]: fails, and prints how it ended, when that is another one
	kill -0 "$dovetap_pid" || { echo 'dovetap had ended by itself'; tail -n 20 "$tmp/dovetap.log"; return 1; }
	stop "$dovetap_pid"
	[[ $stopped -ne ${1:-0} ]] || return 0 # bare, it would be the status of before the trap
	echo "dovetap ended with status $stopped, not ${1:-0}:"
	tail -n 20 "$tmp/dovetap.log"
	return 1
}

metrics() { # the Prometheus text
	"$dovetap" status --prometheus --control "${1:-$tmp/state/control.sock}"
}

metric() { # name as in the Prometheus text, labels included; fails when it is not there
	metrics | awk -v name="$1" '$1 == name { print $2; found = 1 } END { exit !found }'
}

metric_is() { # name, value
	same "$2" "$(metric "$1")"
}

# Of all labels; fails when there is no such metric.
metric_sum() { # name without labels, [control socket]
	metrics "${2:-$tmp/state/control.sock}" | awk -v name="$1" '
		$1 == name || index($1, name "{") == 1 { sum += $2; found = 1 }
		END { if (found) printf "%.0f\n", sum; exit !found }'
}

# Events seen = delivered + superseded + filtered + lost, at every stage and from one to the next,
# computed from nothing but what the running dovetap tells. Prints the equations.
accounts_balance() {
	"$dovetap" status --json --control "$tmp/state/control.sock" | "$top/tests/harness/accounts.py"
}

# For tests of what is recorded, whatever the store: the embedded one.
dovetap_start_recording() { # more arguments of "dovetap run"
	rm -f "$tmp/state/db"*
	dovetap_start --root "$harness_root" --dict "sqlite:path=$tmp/state/db" "$@"
}

recorded() { # SERVICE/USER...: exactly these
	same "$(printf '%s\n' "$@" | sort)" "$(records | sort)"
}

records() {
	sqlite3 -readonly "$tmp/state/db" "SELECT service || '/' || userid FROM last_login"
}
