/* SPDX-License-Identifier: MIT */
/*
 * dovetap's own settings: the block "dovetap { }" of dovetap.conf.
 *
 * To add one: a member here, a row in the table of dovetap_table.c, "make docs".
 * Texts live as long as the tree. Times are in milliseconds, sizes in bytes (settings.h).
 */
#ifndef DOVETAP_CONF_DOVETAP_H
#define DOVETAP_CONF_DOVETAP_H

#include <stdint.h>

#include "base/error.h"
#include "conf/tree.h"

enum dovetap_compat { DOVETAP_COMPAT_NEWEST, DOVETAP_COMPAT_STRICT };
/* Whose masters are believed; as enum origin_masters. */
enum dovetap_masters { DOVETAP_MASTERS_ROOT, DOVETAP_MASTERS_ROOTLESS, DOVETAP_MASTERS_ANY };
enum dovetap_dict_via { DOVETAP_DICT_DIRECT, DOVETAP_DICT_PROXY };
enum dovetap_template { DOVETAP_TEMPLATE_AUTO, DOVETAP_TEMPLATE_V23, DOVETAP_TEMPLATE_V24 };
enum dovetap_log { DOVETAP_LOG_STDERR, DOVETAP_LOG_SYSLOG, DOVETAP_LOG_JOURNAL };

struct conf_field;

struct dovetap_settings {
	const char *user;	/* the collector becomes this user; NULL = dovetap, else nobody */
	const char *state_dir;	/* embedded store, spool */
	const char *spool_dir;	/* what a dict does not take waits here; "" = state_dir/spool */
	const char *spool_sync; /* full, normal or off (store/spool/spool.h) */
	const char *layout_dir; /* the operator's own layouts (dovecot/layout_own.h) */
	const char *dovecot_config; /* the server's file, "" = none */
	const char *dovecot_root;   /* of the container that it is of, "" = see config_options */
	const char *control_socket; /* "" = off */
	const char *support_group;  /* who may ask there, beside root; "" = nobody */
	const char *pin;	    /* directory in bpffs for ring and probes; "" = none */
	const char *metrics_listen; /* "" = off; path or address:port */
	const char *metrics_tls_cert, *metrics_tls_key; /* files; "" = none */
	const char *metrics_tls_client_ca, *metrics_token_file;
	const char *dovecot_version;	 /* what compat = strict is strict to; NULL = the newest */
	const char *const *mirror_dicts; /* URIs that every login goes to as well */
	const char *const *services;	 /* empty = as in the protocol blocks */
	uint64_t ring_size;
	uint64_t min_interval;		 /* ms; 0 = write every login */
	uint64_t expire_after;		 /* ms; 0 = records stay */
	uint64_t history;		 /* logins of each user that are kept; 0 = none */
	uint64_t history_failures;	 /* the same of failures */
	bool attach_fuse;		 /* probes in files on FUSE, too */
	bool require_proof;		 /* of each record, that Dovecot made it */
	unsigned int masters;		 /* enum dovetap_masters */
	bool capture_home;		 /* home directories, for %h and file: dicts */
	unsigned int compat;		 /* enum dovetap_compat */
	unsigned int dict_via;		 /* enum dovetap_dict_via */
	unsigned int template_version;	 /* enum dovetap_template */
	unsigned int log;		 /* enum dovetap_log */
	unsigned int log_level;		 /* enum log_level */
	const char *mask_ip;		 /* of addresses in keys: conf/mask.h */
	const char *geoip_country;	 /* database; "" = none */
	const char *geoip_asn;		 /* the same */
	const char *audit_log;		 /* "" = none; "/path", "stdout", "syslog", "journal" */
	const char *const *audit_events; /* conf/audit_words.h; empty = all */
	const char *const *audit_fields; /* the same */
	const char *audit_user_key;	 /* file; "" = user names as they are */
	const char *audit_mask_ip;	 /* conf/mask.h */
	uint64_t audit_queue_size;
};

/* Reads the blocks of the trees (they end with NULL; a later one wins) over the defaults and
 * refuses what it does not know with file:line. Texts live as long as the first tree. */
int dovetap_settings_read(const struct conf_section *const *roots,
			  struct dovetap_settings *settings_r, struct error *error_r);

/* The table (dovetap_table.c), also for those who print or describe it. */
const struct conf_field *dovetap_fields(void);

/*
 * Our own file holds nothing but what dovetap reads: dovetap { }, plugin { }, dict { },
 * last_login { }, dict_server { }, protocol, local, local_name and remote blocks, mail_plugins,
 * last_login_* and the version lines of 2.4. Anything else is refused with file:line; for the
 * server's file this is not called.
 */
int dovetap_conf_check(const struct conf_section *root, struct error *error_r);

#endif
