#!/bin/bash
# SPDX-License-Identifier: MIT
# What doveadm does for a user is a login where the plugin says so, and nowhere else: every command of
# doveadm that takes a user, on each release, with the plugin loaded for all services. Each command has a
# user of its own, so a difference names the command.
. "$(dirname "$0")/../integration/lib.sh"
here=$(dirname "$(readlink -f "$0")")
plan 9

declare -A syntax=([bullseye]=2.3 [bookworm]=2.3 [trixie]=2.4)

commands() { # one a line; USER is the command's own; those that a release does not have fail
	cat << 'END'
user USER
user -f home USER
user -u USER
user -e %u USER
auth lookup USER
auth test USER password
auth login USER password
auth cache flush USER
acl rights -u USER INBOX
acl get -u USER INBOX
acl debug -u USER INBOX
acl recalc -u USER
altmove -u USER all
backup -u USER mdbox:/tmp/backup-USER
sync -u USER mdbox:/tmp/sync-USER
batch -u USER mailbox list
copy -u USER INBOX mailbox INBOX all
move -u USER INBOX mailbox INBOX all
deduplicate -u USER mailbox INBOX all
dict get -u USER file:/tmp/dict-USER priv/key
dump -t imapzlib /tmp/nothing-USER
expunge -u USER mailbox INBOX all
fetch -u USER uid all
flags add -u USER \Seen all
flags remove -u USER \Seen all
flags replace -u USER \Seen all
force-resync -u USER INBOX
fs list posix prefix=/tmp/ USER
fts rescan -u USER
fts optimize -u USER
import -u USER mdbox:/tmp/import-USER "" all
index -u USER INBOX
kick USER
mailbox list -u USER
mailbox create -u USER new
mailbox rename -u USER new newer
mailbox delete -u USER newer
mailbox status -u USER all INBOX
mailbox subscribe -u USER INBOX
mailbox unsubscribe -u USER INBOX
mailbox update -u USER --min-next-uid 100 INBOX
mailbox path -u USER INBOX
mailbox mutf7 USER
mailbox metadata list -u USER INBOX
mailbox metadata get -u USER INBOX /private/comment
mailbox cache decision -u USER INBOX
mailbox cryptokey list -u USER -U
mailbox cryptokey generate -u USER -U
penalty
purge -u USER
quota get -u USER
quota recalc -u USER
rebuild attachments -u USER
replicator status USER
save -u USER
search -u USER all
stats dump user=USER
who USER
zlibconnect USER
END
}

every_command() {
	local number=100 command user
	while IFS= read -r command; do
		number=$((number + 1))
		user=$(tr -c 'a-z\n' '-' <<< "${command%% USER*}" | cut -c1-20)-$number@example.com
		# shellcheck disable=SC2086
		timeout 20 chroot "$harness_root" /usr/bin/doveadm -c /harness/dovecot.conf \
			$(sed "s/USER/$user/g" <<< "$command") < /dev/null || true
	done < <(commands)
}

keys() { # database
	redis -n "$1" --raw keys '*' | sort
}

same_keys() {
	diff <(keys 1) <(keys 2)
}

both_have() { # key
	[[ -n $(redis -n 1 get "$1") && -n $(redis -n 2 get "$1") ]]
}

scenario() {
	fill_in() { # database
		sed "s|@DB@|$1|; s|@KEY@|ll/%{service}/%{user}|; s|@PRECISION@|s|; s|@REDIS@|$redis_port|" \
			"$here/${syntax[$harness]}/redis.conf"
	}
	redis flushall > "$tmp/out"
	harness_stop
	fill_in 1 > "$tmp/$harness/extra.conf"
	harness_start "$harness"
	head -c "-$(wc -c < "$tmp/$harness/extra.conf")" "$tmp/$harness/dovecot.conf" > "$tmp/server.conf"
	fill_in 2 >> "$tmp/server.conf"
	printf 'dovetap {\n  dovecot_config = %s/server.conf\n}\n' "$tmp" > "$tmp/dovetap.conf"
	dovetap_start --root "$harness_root" --config "$tmp/dovetap.conf"
	every_command > "$tmp/commands.log" 2>&1
	login imap last@example.com > "$tmp/out"
	check "$version: the last one is there" eventually both_have ll/imap/last@example.com
	check "$version: doveadm's commands leave the same records" eventually same_keys
	check "$version: some are logins" at_least 10 "$(keys 1 | grep -c /doveadm/)"
	dovetap_stop
}

redis_start
on_each_version scenario
