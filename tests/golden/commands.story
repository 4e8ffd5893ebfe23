Stories for commands.sh.

== lookup prints a table
$ login alice imap 40 192.0.2.1
$ login alice pop3 3 2001:db8::1
$ login bob imap 100
$ of lookup --since @1 alice bob nobody
USER    SERVICE  RECORD      TIME                 AGE   REMOTE IP
alice   pop3     last login  YYYY-MM-DD hh:mm:ss  3d    2001:db8::1
alice   imap     last login  YYYY-MM-DD hh:mm:ss  40d   192.0.2.1
bob     imap     last login  YYYY-MM-DD hh:mm:ss  100d  -
nobody  -        -           never                -     -

logins are recorded since YYYY-MM-DDThh:mm:ss+00:00
$ of lookup --since @1 --service lmtp --all
USER   SERVICE  RECORD      TIME                 AGE   REMOTE IP
alice  pop3     last login  YYYY-MM-DD hh:mm:ss  3d    2001:db8::1
alice  imap     last login  YYYY-MM-DD hh:mm:ss  40d   192.0.2.1
bob    imap     last login  YYYY-MM-DD hh:mm:ss  100d  -

logins are recorded since YYYY-MM-DDThh:mm:ss+00:00

== lookup prints JSON and CSV
$ login 'a,"b' imap 40 192.0.2.1
$ login bob imap 100
$ of lookup --since @1 --json --all
{"user":"a,\"b","service":"imap","record":"last login","time":"YYYY-MM-DDThh:mm:ss.000+00:00","age_seconds":N,"remote_ip":"192.0.2.1","value":"N","recorded_since":"YYYY-MM-DDThh:mm:ss+00:00"}
{"user":"bob","service":"imap","record":"last login","time":"YYYY-MM-DDThh:mm:ss.000+00:00","age_seconds":N,"remote_ip":null,"value":"N","recorded_since":"YYYY-MM-DDThh:mm:ss+00:00"}
$ of lookup --since @1 --csv --all
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
"a,""b",imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,192.0.2.1,N,YYYY-MM-DDThh:mm:ss+00:00,
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,YYYY-MM-DDThh:mm:ss+00:00,
$ of lookup --json --since 2001-09-09T01:46:40Z nobody
{"user":"nobody","service":null,"record":null,"time":null,"age_seconds":null,"remote_ip":null,"value":null,"recorded_since":"YYYY-MM-DDThh:mm:ss+00:00"}
exit 1

== lookup takes names from everywhere
$ login alice imap 40
$ login bob imap 50
$ login carol imap 60
$ input alice bob
$ of lookup --csv -
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --csv carol --from -
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ input
$ of lookup --csv --from nosuch
dovetap: error: nosuch: No such file or directory
exit 74
$ of lookup --csv 'c*'
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --csv nobody
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
dovetap: error: 1 users have no record, which proves nothing: since when logins by imap are recorded in sqlite (conf:2) is not known in state/since: is this the configuration and the state directory of "dovetap run"? Otherwise give it by --since
exit 69
$ of lookup
dovetap lookup: USER is missing (or --all)
Try `dovetap lookup --help' or `dovetap lookup --usage' for more information.
exit 64

== lookup sorts and limits
$ login alice imap 40
$ login bob imap 60
$ login carol imap 50
$ of lookup --csv --all --sort login
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --csv --all --sort login --reverse
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --csv --all --limit 2
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
bob,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --csv --all --sort user --reverse --limit 1
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of lookup --all --sort size
dovetap lookup: --sort=size: one of user, login, delivery
Try `dovetap lookup --help' or `dovetap lookup --usage' for more information.
exit 64
$ of lookup --all --limit x
dovetap lookup: --limit=x: a number above 0
Try `dovetap lookup --help' or `dovetap lookup --usage' for more information.
exit 64
$ of lookup --all --timeout x
dovetap lookup: --timeout: "x" is no time; a number with ms, s, mins, h, d or w would be right
Try `dovetap lookup --help' or `dovetap lookup --usage' for more information.
exit 64
$ of lookup --csv --all --timeout 5s --limit 1
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,

== inactive prints who has been away
$ login alice imap 40 192.0.2.1
$ login bob imap 100
$ login carol imap 100
$ login carol pop3 2
$ of inactive --older 30d --since @1
USER   LAST LOGIN           AGE   SERVICE  REMOTE IP  LAST DELIVERY
alice  YYYY-MM-DD hh:mm:ss  40d   imap     192.0.2.1  not recorded
bob    YYYY-MM-DD hh:mm:ss  100d  imap     -          not recorded

logins are recorded since YYYY-MM-DDThh:mm:ss+00:00: "never" is never since then
$ of inactive --older 90d --since @1
USER  LAST LOGIN           AGE   SERVICE  REMOTE IP  LAST DELIVERY
bob   YYYY-MM-DD hh:mm:ss  100d  imap     -          not recorded

logins are recorded since YYYY-MM-DDThh:mm:ss+00:00: "never" is never since then
$ of inactive --older 365d --since @1
USER  LAST LOGIN  AGE  SERVICE  REMOTE IP  LAST DELIVERY

logins are recorded since YYYY-MM-DDThh:mm:ss+00:00: "never" is never since then
exit 1
$ of inactive --older 30d --since @1 --json
{"user":"alice","last_login":"YYYY-MM-DDThh:mm:ss.000+00:00","age_seconds":N,"service":"imap","remote_ip":"192.0.2.1","last_delivery":null,"delivery_service":null,"recorded_since":"YYYY-MM-DDThh:mm:ss+00:00"}
{"user":"bob","last_login":"YYYY-MM-DDThh:mm:ss.000+00:00","age_seconds":N,"service":"imap","remote_ip":null,"last_delivery":null,"delivery_service":null,"recorded_since":"YYYY-MM-DDThh:mm:ss+00:00"}
$ of inactive --older 30d --since @1 --csv alice nobody carol
user,last_login,age_seconds,service,remote_ip,last_delivery,delivery_service,recorded_since,user_hex
alice,YYYY-MM-DDThh:mm:ss.000+00:00,N,imap,192.0.2.1,,,YYYY-MM-DDThh:mm:ss+00:00,
nobody,,,,,,,YYYY-MM-DDThh:mm:ss+00:00,
$ of inactive --older 30d --since @1 --csv 'b*'
user,last_login,age_seconds,service,remote_ip,last_delivery,delivery_service,recorded_since,user_hex
bob,YYYY-MM-DDThh:mm:ss.000+00:00,N,imap,,,,YYYY-MM-DDThh:mm:ss+00:00,
$ of inactive
dovetap inactive: --older is missing
Try `dovetap inactive --help' or `dovetap inactive --usage' for more
information.
exit 64

== inactive has to know since when
$ login alice imap 40
$ of inactive --older 30d
dovetap: error: since when logins by imap are recorded in sqlite (conf:2) is not known in state/since: is this the configuration and the state directory of "dovetap run"? Otherwise give it by --since
exit 69
$ of inactive --older 30d --since @$(ago 20)
dovetap: error: logins are recorded since YYYY-MM-DDThh:mm:ss+00:00: who has not logged in for longer than that is not known. Where another program has recorded them before in the same place, give the time by --since
exit 3
$ of inactive --older 30d --csv --since @$(ago 39)
user,last_login,age_seconds,service,remote_ip,last_delivery,delivery_service,recorded_since,user_hex
alice,YYYY-MM-DDThh:mm:ss.000+00:00,N,imap,,,,YYYY-MM-DDThh:mm:ss+00:00,
$ of inactive --older 30d --since yesterday
dovetap inactive: yesterday: no time such as 2026-01-31 or YYYY-MM-DDThh:mm:ssZ
Try `dovetap inactive --help' or `dovetap inactive --usage' for more
information.
exit 64
$ rm $tmp/here/db
$ of inactive --older 30d --since @1 alice
dovetap: error: sqlite (conf:2): db: No such file or directory: nothing is recorded there, which proves nothing of anybody
exit 69

== expire removes what is older
$ login alice imap 40
$ login bob imap 100
$ login carol pop3 101
$ of expire --older 99d --dry-run
sqlite (conf:2): bob imap N
sqlite (conf:2): carol pop3 N
sqlite (conf:2): 2 would be removed
$ rows
alice|imap|3
bob|imap|3
carol|pop3|3
$ of expire --older 99d
sqlite (conf:2): 2 removed
$ rows
alice|imap|3
$ of expire --older 99d
sqlite (conf:2): 0 removed
$ of expire
dovetap expire: --older is missing
Try `dovetap expire --help' or `dovetap expire --usage' for more information.
exit 64

== expire says which dict cannot
$ login bob imap 100
$ conf "  mirror_dicts = file:$tmp/here/file"
$ : > $tmp/here/file
$ of expire --older 99d
dovetap: error: dict file cannot remove old records
sqlite (conf:2): 1 removed
exit 78
$ rows

== forget removes all of a user
$ login alice imap 40
$ login alice pop3 40
$ login bob imap 40
$ of forget --dry-run alice
alice: sqlite (conf:2): 2 removed, 0 that waited, 0 that were refused (not done)
$ rows
alice|imap|3
alice|pop3|3
bob|imap|3
$ of forget alice nobody
alice: sqlite (conf:2): 2 removed, 0 that waited, 0 that were refused
nobody: sqlite (conf:2): 0 removed, 0 that waited, 0 that were refused
$ rows
bob|imap|3
$ of forget ''
dovetap: error: a name is empty
exit 64
$ of forget
dovetap forget: USER is missing
Try `dovetap forget --help' or `dovetap forget --usage' for more information.
exit 64
$ input bob
$ of forget --from -
bob: sqlite (conf:2): 1 removed, 0 that waited, 0 that were refused
$ rows

== forget goes on where a dict cannot
$ login alice imap 40
$ conf "  mirror_dicts = file:$tmp/here/nosuch/file"
$ : > $tmp/here/nosuch
$ of forget alice
dovetap: error: file (mirror_dicts): nosuch/file: Not a directory
alice: sqlite (conf:2): 1 removed, 0 that waited, 0 that were refused
alice: file (mirror_dicts): not removed, 0 that waited, 0 that were refused
exit 69
$ rows

== rename gives the logins to another
$ login alice imap 40
$ login alice pop3 30
$ login carol pop3 2
$ of rename alice carol --dry-run
2 records to be renamed (not done)
$ rows
alice|imap|3
alice|pop3|3
carol|pop3|3
$ of rename alice carol
2 records renamed
$ rows
carol|imap|3
carol|pop3|3
$ of rename carol carol
dovetap: error: both names are the same
exit 64
$ of rename carol
dovetap rename: OLD and NEW are two names
Try `dovetap rename --help' or `dovetap rename --usage' for more information.
exit 64
$ of rename carol ''
dovetap: error: a name is empty
exit 64
$ of rename a b c
dovetap rename: Too many arguments
Try `dovetap rename --help' or `dovetap rename --usage' for more information.
exit 64
$ of rename nobody else
0 records renamed

== rename leaves what it cannot write
$ login alice imap 40
$ login alice lmtp 40
$ of rename alice carol
dovetap: error: 1 records cannot be written under the new name (1 of services that are not recorded, 0 of an unknown service, 0 without a time, 0 refused): nothing is removed of the old one
exit 78
$ rows
alice|imap|3
alice|lmtp|3
carol|imap|3

== import takes over another store
$ sql old.db "CREATE TABLE last_login (userid TEXT, service TEXT, last_access INTEGER, last_ip TEXT, time_ns INTEGER)"
$ sql old.db "INSERT INTO last_login VALUES ('alice', 'imap', $(ago 40), '192.0.2.7', $(ago 40 000000000)), ('bob', 'pop3', $(ago 30), '2001:db8::7', $(ago 30 000000000)), ('bob', 'lmtp', $(ago 30), 'x', $(ago 30 000000000))"
$ of import --from-dict sqlite:path=$tmp/here/old.db --dry-run
3 records read, 2 to be written (not done); left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time
$ rows
$ of import --from-dict sqlite:path=$tmp/here/old.db bob
2 records read: 1 written, 0 were there as new or newer, 0 refused; left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time
$ of lookup --csv --all
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
bob,pop3,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of import --from-dict sqlite:path=$tmp/here/old.db
3 records read: 1 written, 1 were there as new or newer, 0 refused; left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time
$ of import --from-dict sqlite:path=$tmp/here/old.db
3 records read: 0 written, 2 were there as new or newer, 0 refused; left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time
$ of lookup --csv --all
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
bob,pop3,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of import
dovetap import: --from-dict or --from-config is missing
Try `dovetap import --help' or `dovetap import --usage' for more information.
exit 64
$ of import --from-dict nosuch:x
dovetap: error: --from-dict: Unknown dict module: nosuch (known: memory debug sqlite file fs memcached_ascii proxy redis mysql pgsql cassandra)
exit 78

== import needs a service where the store shows none
$ printf 'shared/last/alice\n%s\n' "$(ago 40)" > $tmp/here/old
$ input alice
$ of import --from-dict file:$tmp/here/old --from-key last/%u --users -
1 records read: 0 written, 0 were there as new or newer, 0 refused; left out: 0 of services that are not recorded, 1 of an unknown service, 0 without a time
$ of import --from-dict file:$tmp/here/old --from-key last/%u --record-service pop3 --users -
1 records read: 1 written, 0 were there as new or newer, 0 refused; left out: 0 of services that are not recorded, 0 of an unknown service, 0 without a time
$ of lookup --csv --all
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,pop3,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,,
$ of import --from-dict file:$tmp/here/old --from-key last/%u --record-service frob alice
1 records read: 0 written, 0 were there as new or newer, 0 refused; left out: 1 of services that are not recorded, 0 of an unknown service, 0 without a time

== a spool that is not there
$ of spool list
$ of spool check
sqlite: sound
$ of spool drain
sqlite: 0 left
$ of spool frob
dovetap spool: "frob": one of list, export, check, drain, retry, drop
Try `dovetap spool --help' or `dovetap spool --usage' for more information.
exit 64
$ of spool
dovetap spool: one of list, export, check, drain, retry, drop
Try `dovetap spool --help' or `dovetap spool --usage' for more information.
exit 64
$ of spool list check
dovetap spool: one action at a time
Try `dovetap spool --help' or `dovetap spool --usage' for more information.
exit 64

== config shows settings
$ dovetap config show --dict nosuch:x | sed '/# default$/d'
dovetap {
}

# logins of imap, pop3
last_login {
  last_login_dict = nosuch:x                            # --dict
  # the key is a template of Dovecot 2.4
}
$ dovetap config
Usage: dovetap config COMMAND [OPTION...]

  show       print the effective settings and where each comes from
exit 64
$ dovetap config --help
Usage: dovetap config COMMAND [OPTION...]

  show       print the effective settings and where each comes from
$ dovetap config frob
Usage: dovetap config COMMAND [OPTION...]

  show       print the effective settings and where each comes from
exit 64

== the spool is looked into
$ spooled alice bob carol
$ for_collector
$ of spool list
sqlite  waiting  shared/last-login/imap/alice = N
sqlite  held     shared/last-login/pop3/bob = N
sqlite  refused  shared/last-login/imap/carol = N  (too long)
$ of spool export
{"dict":"sqlite","state":"waiting","key":"shared/last-login/imap/alice","value":"N","time_ns":N,"since_ns":1}
{"dict":"sqlite","state":"held","key":"shared/last-login/pop3/bob","value":"N","time_ns":N,"due_ns":N}
{"dict":"sqlite","state":"refused","key":"shared/last-login/imap/carol","value":"N","time_ns":N,"since_ns":N,"reason":"too long"}
$ of spool check
sqlite: sound

== the spool is drained
$ spooled alice bob carol
$ for_collector
$ of spool drain
sqlite: 0 left
$ rows
alice|imap|3
bob|pop3|3
$ of spool list
sqlite  refused  shared/last-login/imap/carol = N  (too long)
$ of spool retry nosuch
sqlite: 0 to be written again
$ of spool retry
sqlite: 1 to be written again
sqlite: 0 left
$ rows
alice|imap|3
bob|pop3|3
carol|imap|3
$ of spool list

== rename leaves what waits under a key that hides the name
$ login other imap 200
$ spooled alice bob carol
$ sql state/spool/sqlite.spool "UPDATE pending SET parts = ''"
$ for_collector
$ of rename alice dave
dovetap: warning: sqlite (conf:2): 1 records wait in the spool under keys that do not show whose they are
dovetap: error: 1 records of alice wait in the spool, some under keys that do not show whose they are: nothing is removed of the old name (wait until they are written, or see "dovetap spool")
exit 69
$ of spool list
sqlite  waiting  shared/last-login/imap/alice = N
sqlite  held     shared/last-login/pop3/bob = N
sqlite  refused  shared/last-login/imap/carol = N  (too long)
$ of rename carol dave
dovetap: warning: sqlite (conf:2): 1 records wait in the spool under keys that do not show whose they are
dovetap: error: 1 records of carol wait in the spool, some under keys that do not show whose they are: nothing is removed of the old name (wait until they are written, or see "dovetap spool")
exit 69
$ of spool list
sqlite  waiting  shared/last-login/imap/alice = N
sqlite  held     shared/last-login/pop3/bob = N
sqlite  refused  shared/last-login/imap/carol = N  (too long)
$ rows
other|imap|3

== the spool drops what was refused
$ spooled alice bob carol
$ for_collector
$ of spool drop shared/last-login/imap/other
sqlite: 0 dropped
$ of spool list
sqlite  waiting  shared/last-login/imap/alice = N
sqlite  held     shared/last-login/pop3/bob = N
sqlite  refused  shared/last-login/imap/carol = N  (too long)
$ of spool drop shared/last-login/imap/carol
sqlite: 1 dropped
$ of spool list
sqlite  waiting  shared/last-login/imap/alice = N
sqlite  held     shared/last-login/pop3/bob = N

== forget and rename reach into the spool
$ login other imap 200
$ spooled alice bob carol
$ for_collector
$ of forget --dry-run alice bob carol
alice: sqlite (conf:2): 0 removed, 1 that waited, 0 that were refused (not done)
bob: sqlite (conf:2): 0 removed, 1 that waited, 0 that were refused (not done)
carol: sqlite (conf:2): 0 removed, 0 that waited, 1 that were refused (not done)
$ of forget bob carol
bob: sqlite (conf:2): 0 removed, 1 that waited, 0 that were refused
carol: sqlite (conf:2): 0 removed, 0 that waited, 1 that were refused
$ of rename alice dave
1 records renamed
$ of spool list
$ rows
dave|imap|3
other|imap|3
$ of lookup --csv alice dave --since @1
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,,,,,,,YYYY-MM-DDThh:mm:ss+00:00,
dave,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,YYYY-MM-DDThh:mm:ss+00:00,

== lookup sees what waits in the spool
$ login other imap 200
$ spooled alice bob carol
$ for_collector
$ of lookup --csv alice bob carol --since @1
user,service,record,time,age_seconds,remote_ip,value,recorded_since,user_hex
alice,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,YYYY-MM-DDThh:mm:ss+00:00,
bob,pop3,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,YYYY-MM-DDThh:mm:ss+00:00,
carol,imap,last login,YYYY-MM-DDThh:mm:ss.000+00:00,N,,N,YYYY-MM-DDThh:mm:ss+00:00,
$ of inactive --older 1d --csv alice bob carol --since @1
user,last_login,age_seconds,service,remote_ip,last_delivery,delivery_service,recorded_since,user_hex
alice,YYYY-MM-DDThh:mm:ss.000+00:00,N,imap,,,,YYYY-MM-DDThh:mm:ss+00:00,
bob,YYYY-MM-DDThh:mm:ss.000+00:00,N,pop3,,,,YYYY-MM-DDThh:mm:ss+00:00,
carol,YYYY-MM-DDThh:mm:ss.000+00:00,N,imap,,,,YYYY-MM-DDThh:mm:ss+00:00,

