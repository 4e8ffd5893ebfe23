#!/bin/bash
# SPDX-License-Identifier: MIT
# Passwords that an auth worker process looks up in SQL, that the cache knows, and that nobody can
# look up: each authentication is one event, whoever helped with it.
. "$(dirname "$0")/lib.sh"
plan 21

write_users() { # directory
	rm -f "$1/users.db"
	sqlite3 "$1/users.db" "CREATE TABLE users (userid TEXT, password TEXT);
		INSERT INTO users VALUES ('one@example.com', '{PLAIN}pass'), ('two@example.com', '{PLAIN}pass')"
	chmod 0644 "$1/users.db"
}

write_23() { # directory
	cat > "$1/sql.conf" << 'END'
driver = sqlite
connect = /harness/users.db
password_query = SELECT userid AS user, password FROM users WHERE userid = '%u'
END
	cat > "$1/users.conf" << 'END'
passdb {
  driver = sql
  args = /harness/sql.conf
}
userdb {
  driver = static
  args = uid=5000 gid=5000 home=/mail/%u allow_all_users=yes
}
END
}

write_24() { # directory
	cat > "$1/users.conf" << 'END'
sql_driver = sqlite
sqlite_path = /harness/users.db
passdb sql {
  query = SELECT userid AS user, password FROM users WHERE userid = '%{user}'
}
userdb static {
  allow_all_users = yes
  fields {
    uid = 5000
    gid = 5000
    home = /mail/%{user}
  }
}
END
}

events() {
	"$dovetap" replay --json "$tmp/state/record" |
		jq -r 'select(.type == "auth") | "\(.username) \(.outcome)"'
}

expected() {
	cat << 'END'
one@example.com ok
one@example.com ok
one@example.com password_mismatch
nobody@example.com user_unknown
one@example.com ok
two@example.com internal_failure
END
}

a_worker_ran() {
	pgrep --ns "$harness_master" --nslist pid -f 'dovecot/auth.*(-w|worker)' > /dev/null ||
		grep -q 'auth-worker' "$tmp/$version/dovecot.log"
}

scenario() {
	check "$version: the worker looks it up" login imap one@example.com
	check "$version: and has a process of its own" a_worker_ran
	check "$version: again, from the cache" login pop3 one@example.com
	login imap one@example.com --password no --fails > "$tmp/out"
	login imap nobody@example.com --fails >> "$tmp/out"
	sqlite3 "$tmp/$version/users.db" 'DROP TABLE users' # nobody can ask any more
	check "$version: the cache knows who was there" login imap one@example.com
	check "$version: it does not know others" login imap two@example.com --fails
}

for version in bullseye bookworm trixie; do
	mkdir -p "$tmp/$version"
	write_users "$tmp/$version"
	printf 'auth_cache_size = 1M\nauth_verbose = yes\nauth_debug = yes\n' > "$tmp/$version/extra.conf"
	if [[ $version == trixie ]]; then write_24 "$tmp/$version"; else write_23 "$tmp/$version"; fi
	harness_start "$version"
	rm -f "$tmp/state/record"
	dovetap_start_recording --record "$tmp/state/record"
	scenario
	check "$version: the logins are recorded" eventually recorded imap/one@example.com \
		pop3/one@example.com
	dovetap_stop
	check "$version: each authentication is one event" same "$(expected)" "$(events)"
	harness_stop
done
