#!/bin/bash
# SPDX-License-Identifier: MIT
# Files of Dovecot 2.4 as sites have them: the SQL driver and its server at the top, inherited by the
# dicts of the dict server; a column of seconds for each service; a block whose name is no host; a
# group; what is read goes to the store that it leads to.
. "$(dirname "$0")/../checks.sh"
cd "$(dirname "$0")/../.."
plan 2
dovetap=${DOVETAP:-.output/dovetap}
trap 'stop; checks_end $?' EXIT

stop() {
	tests/servers/pgsql.sh stop "$tmp/pg" || true
	tests/servers/mariadb.sh stop "$tmp/my" || true
}

init() { # server, its directory: with the tables of standard input
	! alone || return 0
	"tests/servers/$1.sh" init "$2"
	"tests/servers/$1.sh" sql "$2"
}

map() { # service: the map of its column
	cat <<- END
		dict_map shared/last-login/$1/\$user/\$domain {
		  sql_table = last_login
		  value_field $1 {
		    type = uint
		  }
		  key_field username {
		    value = \$user
		  }
		  key_field domain {
		    value = \$domain
		  }
		}
	END
}

server_file() { # how the server is named, on standard input
	cat <<- END
		dovecot_config_version = 2.4.1
		dovecot_storage_version = 2.4.1
		$(cat)
		dict_server {
		  dict quota_clone {
		    driver = sql
		    dict_map priv/quota/messages {
		      sql_table = used_quota
		      username_field = username
		      value_field messages {
		      }
		    }
		  }
		  dict lastlogin {
		    driver = sql
		    $(map imap)
		    $(map pop3)
		  }
		}
		last_login {
		  dict proxy {
		    name = lastlogin
		  }
		  key = last-login/%{service}/%{user}/%{user | domain}
		}
		protocol imap {
		  mail_plugins {
		    last_login = yes
		  }
		}
		protocol pop3 {
		  mail_plugins {
		    last_login = yes
		  }
		}
	END
}

replays_into() { # server, its directory, configuration: each service has its newest time
	printf 'dovetap {\n  dovecot_config = %s\n  state_dir = %s\n}\n' "$3" "$tmp" > "$tmp/dovetap.conf"
	"$dovetap" replay -c "$tmp/dovetap.conf" "$tmp/events"
	same "$written" "$(rows "$1" "$2")"
}

rows() { # server
	echo 'SELECT username, domain, imap, pop3 FROM last_login;' | "tests/servers/$1.sh" sql "$2" | xargs
}

chmod 755 "$tmp"
for login in '2000000000 imap' '1000000000 imap' '3000000000 pop3'; do
	read -r boot_ns service <<< "$login"
	echo "{\"boot_ns\": $boot_ns, \"username\": \"alice@example.com\", \"service\": \"$service\", \"remote_ip\": \"192.0.2.1\"}"
done | tests/golden/make-recording.py > "$tmp/events"
written='alice@example.com example.com 1795338304 1795338305'

init mariadb "$tmp/my" << 'END'
CREATE TABLE last_login (username VARCHAR(255) NOT NULL DEFAULT '', domain VARCHAR(255) NOT NULL DEFAULT '',
  imap INT(11) DEFAULT NULL, pop3 INT(11) DEFAULT NULL, lda INT(11) DEFAULT NULL, PRIMARY KEY (username));
END
server_file > "$tmp/mysql.conf" <<- END
	sql_driver = mysql
	mysql mail-db {
	  host = $tmp/my/socket
	  dbname = mails
	}
	mysql_user = dovetap
	mysql_password = sekret
END
check 'MariaDB, at the top, by a name that is no host' replays_into mariadb "$tmp/my" "$tmp/mysql.conf"

init pgsql "$tmp/pg" << 'END'
CREATE TABLE last_login (username VARCHAR(255) PRIMARY KEY, domain VARCHAR(255) NOT NULL DEFAULT '',
  imap INT, pop3 INT, lda INT);
END
server_file > "$tmp/pgsql.conf" <<- END
	group @databases mail {
	  sql_driver = pgsql
	  pgsql mail-db {
	    host = $tmp/pg
	    parameters {
	      dbname = mails
	      user = dovetap
	      password = sekret
	    }
	  }
	}
	@databases = mail
END
check 'PostgreSQL, from a group' replays_into pgsql "$tmp/pg" "$tmp/pgsql.conf"
