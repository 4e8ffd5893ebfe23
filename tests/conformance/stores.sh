# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The stores of a conformance case: NAME_prepare empties both sides, NAME_dump SIDE prints what one
# has, as key, tab, time. SIDE is plugin or dovetap; its directory is $(side_dir SIDE).

side_dir() {
	case $1 in
	plugin) echo "$tmp/$harness_name/plugin" ;; # /harness/plugin for Dovecot
	dovetap) echo "$tmp/state/dovetap" ;;
	esac
}

table='last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(20) NOT NULL,
	last_access BIGINT NOT NULL, last_ip VARCHAR(40) NOT NULL'
rows="SELECT userid, service, last_ip, last_access FROM last_login"

redis_prepare() {
	[[ -n ${redis_port:-} ]] || redis_start
	redis flushall
}

redis_dump() { # values are numbers: keys and values alternate without doubt
	local number=1 key
	[[ $1 == plugin ]] || number=2
	redis -n $number --raw keys '*' | while IFS= read -r key; do
		printf '%s\t%s\n' "$key" "$(redis -n $number get "$key")"
	done
}

redis_protocols_prepare() {
	redis_prepare
}

redis_protocols_dump() {
	redis_dump "$1"
}

file_prepare() {
	:
}

file_dump() {
	paste - - < "$(side_dir "$1")/dict"
}

# The dict server's files of both sides are its own.
proxy_prepare() {
	:
}

proxy_dump() {
	paste - - < "$(side_dir plugin)/$1.dict"
}

fs_prepare() {
	:
}

fs_dump() {
	(cd "$(side_dir "$1")/fs" && find . -type f -printf '%P\t' -exec cat '{}' \; -printf '\n')
}

mysql_prepare() {
	[[ -n ${mariadb_port:-} ]] || mariadb_start
	mariadb_sql -e "CREATE USER IF NOT EXISTS dovecot@localhost IDENTIFIED BY 'pass';
		GRANT ALL ON *.* TO dovecot@localhost"
	for side in plugin dovetap; do
		mariadb_sql -e "DROP DATABASE IF EXISTS $side;
			CREATE DATABASE $side CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
			USE $side; CREATE TABLE $table, PRIMARY KEY (userid, service))"
	done
}

mysql_dump() {
	mariadb_sql --default-character-set=utf8mb4 "$1" -e "$rows"
}

# The document's alternative: a column for each service in a table of users.
mysql_users_prepare() {
	mysql_prepare
	for side in plugin dovetap; do
		mariadb_sql "$side" -e "CREATE TABLE users (userid VARCHAR(255) NOT NULL PRIMARY KEY,
			last_imap_access BIGINT, last_pop3_access BIGINT, last_lmtp_access BIGINT,
			last_imap_ip VARCHAR(40), last_pop3_ip VARCHAR(40), last_lmtp_ip VARCHAR(40))"
	done
}

mysql_users_dump() {
	for service in imap pop3 lmtp; do
		mariadb_sql --default-character-set=utf8mb4 "$1" -e "SELECT userid, '$service',
			last_${service}_ip, last_${service}_access FROM users
			WHERE last_${service}_access IS NOT NULL"
	done
}

# iRedMail's: a row for each user, 32-bit columns for the times.
iredmail_prepare() {
	mysql_prepare
	for side in plugin dovetap; do
		mariadb_sql "$side" -e "DROP TABLE last_login; CREATE TABLE last_login (
			username VARCHAR(255) NOT NULL DEFAULT '', domain VARCHAR(255) NOT NULL DEFAULT '',
			imap INT(11) DEFAULT NULL, pop3 INT(11) DEFAULT NULL, lda INT(11) DEFAULT NULL,
			PRIMARY KEY (username), INDEX (domain), INDEX (imap), INDEX (pop3), INDEX (lda))"
	done
}

iredmail_dump() {
	for column in imap pop3 lda; do
		mariadb_sql --default-character-set=utf8mb4 "$1" -e "SELECT username, domain, '$column',
			$column FROM last_login WHERE $column IS NOT NULL"
	done
}

# The accounts of the LDAP flavour are elsewhere, its logins in a MariaDB, too.
iredmail_ldap_prepare() {
	iredmail_prepare
}

iredmail_ldap_dump() {
	iredmail_dump "$1"
}

# There the times have 64 bits, and the key has both columns.
iredmail_pgsql_prepare() {
	pgsql_prepare
	for side in plugin dovetap; do
		postgres_sql "$side" -c "DROP TABLE last_login" -c "CREATE TABLE last_login (
			username VARCHAR(255) NOT NULL DEFAULT '', domain VARCHAR(255) NOT NULL DEFAULT '',
			imap BIGINT DEFAULT NULL, pop3 BIGINT DEFAULT NULL, lda BIGINT DEFAULT NULL,
			PRIMARY KEY (username, domain))" -c "CREATE INDEX ON last_login (imap)"
	done
}

iredmail_pgsql_dump() {
	for column in imap pop3 lda; do
		postgres_sql --field-separator=$'\t' "$1" -c "SELECT username, domain, '$column', $column
			FROM last_login WHERE $column IS NOT NULL"
	done
}

# A row for each user and service, without an address.
services_table="last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(20) NOT NULL,
	last_access BIGINT NOT NULL, PRIMARY KEY (userid, service))"
services_rows="SELECT userid, service, last_access FROM last_login"

hermes_prepare() {
	mysql_prepare
	for side in plugin dovetap; do
		mariadb_sql "$side" -e "DROP TABLE last_login; CREATE TABLE $services_table"
	done
}

hermes_dump() {
	mariadb_sql --default-character-set=utf8mb4 "$1" -e "$services_rows"
}

modoboa_prepare() {
	pgsql_prepare
	for side in plugin dovetap; do
		postgres_sql "$side" -c "DROP TABLE last_login" -c "CREATE TABLE $services_table"
	done
}

modoboa_dump() {
	postgres_sql --field-separator=$'\t' "$1" -c "$services_rows"
}

debian_prepare() {
	redis_prepare
}

debian_dump() {
	redis_dump "$1"
}

# A server of somebody's own, one for each side; what it was told stands in its log.
chatmail_prepare() {
	for side in plugin dovetap; do
		run_in_background "$tmp/chatmail.log" "$top/tests/servers/small-dict.py" \
			"$(side_dir $side)/socket" "$(side_dir $side)/commands"
	done
}

chatmail_dump() {
	sed -n 's,^S[0-9]*\tshared/,,p' "$(side_dir "$1")/commands" | sort -t $'\t' -k 1,1 -k 2,2nr |
		sort -t $'\t' -u -s -k 1,1
	sed -n "/^warning/ s/\$/\t0/p" "$(side_dir "$1")/commands" # what it does not know: a difference
}

# The plugin cannot write to the documented table here: its upsert names all key columns.
sqlite_prepare() {
	for side in plugin dovetap; do
		sqlite3 "$(side_dir $side)/sqlite.db" \
			"CREATE TABLE $table, PRIMARY KEY (service, userid, last_ip))"
		chmod 0666 "$(side_dir $side)/sqlite.db"
	done
}

sqlite_dump() {
	sqlite3 -separator $'\t' "$(side_dir "$1")/sqlite.db" "$rows"
}

pgsql_prepare() {
	if [[ -z ${postgres_port:-} ]]; then
		postgres_start
		postgres_sql -c 'CREATE ROLE dovecot LOGIN SUPERUSER'
	fi
	for side in plugin dovetap; do
		postgres_sql -c "DROP DATABASE IF EXISTS $side WITH (FORCE)" -c "CREATE DATABASE $side"
		postgres_sql "$side" -c "CREATE TABLE $table, PRIMARY KEY (service, userid, last_ip))"
	done
}

pgsql_dump() {
	postgres_sql --field-separator=$'\t' "$1" -c "$rows"
}
