#!/bin/bash
# SPDX-License-Identifier: MIT
# docs/migration.md, step by step: the real plugin first, then both, then dovetap alone. Every command of the
# document is run here as it stands there, but for paths.
. "$(dirname "$0")/lib.sh"
plan 17
doc=$top/docs/migration.md
run_lines=$tmp/run-lines
: > "$run_lines"

conf=$tmp/dovetap.conf
documented() { # a command of the document, with the configuration and Dovecot of this test
	local command=$1
	grep -qxF "    $command" "$doc" || { echo "not in the document: $command"; return 1; }
	echo "$command" >> "$run_lines"
	command=${command//dovetap /\"\$dovetap\" }
	command=$(sed -E "s#(\"\\\$dovetap\" [a-z]+( (list|show))?)#\1 \$options#g; s#> inactive.json#> $tmp/inactive.json#
		s#/etc/dovecot#$tmp/bookworm#" <<< "$command")
	(
		# The harness's userdb takes everybody, so it cannot list them.
		doveadm() { printf '%s@example.com\n' alice bob carol old never; }
		# shellcheck disable=SC2034
		options="--config $conf"
		[[ $command != *config\ show* && $command != *' check '* ]] || options+=" --state-dir $tmp/state"
		set +e
		cd "$tmp" && eval "$command"
	)
}

all_were_run() {
	diff <(grep -E '^    (dovetap|doveadm) [^{]*$' "$doc" | sed 's/^ *//' | sort -u) <(sort -u "$run_lines")
}

redis_start
mkdir -p "$tmp/bookworm"
cat > "$tmp/bookworm/extra.conf" << END
protocol imap {
  mail_plugins = last_login
}
protocol pop3 {
  mail_plugins = last_login
}
plugin {
  last_login_dict = redis:host=127.0.0.1:port=$redis_port:db=1
  last_login_key = last-login/%s/%u
}
END
harness_start bookworm
redis -n 1 set last-login/imap/old@example.com 1500000000 > "$tmp/out" # by the plugin, long ago
settings() { # more lines of dovetap { }
	printf '%s\n' 'dovetap {' "  dovecot_config = $tmp/bookworm/dovecot.conf" "  state_dir = $tmp/state" \
		"  control_socket = $tmp/state/control.sock" "$@" '}'
}

# 1
settings > "$conf"
check 'what is there is shown' fails_with 0 'last-login/%s/%u' documented 'dovetap config show'
checks() { # it may find faults with this machine, but not with the configuration
	documented 'dovetap check' > "$tmp/check" 2>&1 || true
	grep -qF 'ok       configuration last-login/%s/%u: logins' "$tmp/check" || { cat "$tmp/check"; return 1; }
}
check 'and checked' checks

# 2
{ settings && printf 'plugin {\n  last_login_dict = sqlite:path=%s\n}\n' "$tmp/state/own.db"; } > "$conf"
dovetap_start --root "$harness_root" --config "$conf"
login imap alice@example.com pop3 > "$tmp/out"
beside() {
	same "$(redis -n 1 get last-login/imap/alice@example.com)" \
		"$(sqlite3 -readonly "$tmp/state/own.db" "SELECT last_access FROM last_login WHERE userid='alice@example.com' AND service='imap'")"
}
check 'both record the same beside each other' eventually beside
check 'lookup shows it' fails_with 0 'last login' documented 'dovetap lookup alice@example.com'
check 'all is well' fails_with 0 'DOVETAP OK' documented 'dovetap status --check'
dovetap_stop
check 'or nobody answers' fails_with 2 'DOVETAP CRITICAL' documented 'dovetap status --check'

# 3
settings > "$conf"
dovetap_start --root "$harness_root" --config "$conf"
login imap bob@example.com > "$tmp/out"
check 'both write to one store' eventually test -n "$(redis -n 1 get last-login/imap/bob@example.com)"
dovetap_stop

# 4
settings '  services = imap pop3' > "$conf"
sed -i '/mail_plugins = last_login/d' "$tmp/bookworm/extra.conf"
harness_stop
harness_start bookworm
dovetap_start --root "$harness_root" --config "$conf"
login imap carol@example.com > "$tmp/out"
alone_it_is() {
	[[ -n $(redis -n 1 get last-login/imap/carol@example.com) ]]
}
check 'dovetap alone goes on' eventually alone_it_is

# Another store.
in_own_store() { # user: the time of its last login by IMAP
	sqlite3 -readonly "$tmp/state/imported.db" \
		"SELECT last_access FROM last_login WHERE userid='$1@example.com' AND service='imap'"
}
cp "$conf" "$tmp/conf.4"
printf 'plugin {\n  last_login_dict = sqlite:path=%s\n}\n' "$tmp/state/imported.db" >> "$conf"
check 'another store takes over what the plugin has recorded' fails_with 0 '4 written' \
	documented "doveadm user '*' | dovetap import --from-config /etc/dovecot/dovecot.conf -"
check 'with its times' same "1500000000 $(redis -n 1 get last-login/imap/bob@example.com)" \
	"$(in_own_store old) $(in_own_store bob)"
cp "$tmp/conf.4" "$conf"

# 5
named() { # who is printed
	documented "$1" | sed -n 's/^\([^ ]*@[^ ]*\) .*/\1/p'
}
check 'of all users those who are old' fails_with 0 'recorded since' \
	documented "doveadm user '*' | dovetap inactive --older 365d --since 2020-01-01 -"
check 'and nobody else' same 'never@example.com old@example.com' \
	"$(named "doveadm user '*' | dovetap inactive --older 365d --since 2020-01-01 -" | tr '\n' ' ' | sed 's/ $//')"
list_for_programs() {
	documented "doveadm user '*' | dovetap inactive --older 730d --since 2020-01-01 --json - > inactive.json"
	same 'never@example.com old@example.com' "$(jq -r .user "$tmp/inactive.json" | sort | xargs)"
}
check 'as a list for programs' list_for_programs
check 'one by one' same old@example.com "$(named 'dovetap inactive --older 730d --since 2020-01-01 old@example.com')"
login imap old@example.com > "$tmp/out"
check 'somebody came back' eventually fails_with 1 USER \
	documented 'dovetap inactive --older 730d --since 2020-01-01 old@example.com'

# Back.
dovetap_stop
nothing_is_left() {
	local left
	left=$(documented 'dovetap spool list')
	same "nothing$left" nothing
	alone_it_is
}
check 'nothing is left in the spool, and the plugin would go on where it was' nothing_is_left
check 'every command of the document was run' all_were_run
