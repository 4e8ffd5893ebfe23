/* SPDX-License-Identifier: MIT */
/*
 * The part of a configuration that is about last_login: which logins are recorded, where, under
 * which key.
 *
 * Both syntaxes, also mixed in one file:
 *
 *	2.3	plugin { last_login_dict, last_login_key, last_login_precision },
 *		dict { name = uri },
 *		mail_plugins = ... last_login
 *	2.4	last_login { dict NAME { }, last_login_key (key),
 *		last_login_precision (precision) },
 *		the same without the block,
 *		dict_server { dict NAME { } },
 *		mail_plugins { last_login = yes }
 *
 * each at the top or inside protocol, remote, local and local_name blocks. Which block wins:
 * block_filter.h in a 2.3 file, v24/blocks.h in a 2.4 file. Every setting of a dict is looked for
 * in the same blocks; block and backend_block have all that was found, under full names.
 *
 * A login is recorded when mail_plugins of its blocks has last_login. If no block of the whole
 * file has it, imap and pop3 are recorded: dovetap needs no plugin, so its name need not be there.
 * Userdb fields that override settings per user cannot be seen from outside.
 *
 * Three settings are dovetap's own and allowed where last_login_precision is, in both syntaxes:
 *
 *	last_login_source	the event that counts (login/source.h); in a protocol block the
 *				service is recorded as well
 *	last_auth_key		key of the last authentication that succeeded; "" = none
 *	last_failure_key	key of the last one that was refused
 *
 * last_login_dict_fields { KEY = VALUE } of Dovecot's development branch names more keys to set; of
 * two such blocks only the one that wins counts.
 *
 * The two keys are for every service of their block, whether its logins are recorded or not.
 *
 * Everything lives as long as the trees; compiled once, matching allocates nothing.
 */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "conf/block_filter.h"
#include "conf/tree.h"

struct last_login_text {
	const char *text;
	struct conf_pos pos; /* line 0 and file "default" when nobody set it */
	bool v24;	     /* stood in 2.4 syntax */
};

/* Where to write: uri or block is set, never both. */
struct last_login_dict {
	const char *uri;		  /* 2.3, driver name included: "redis:host=..." */
	const struct conf_section *block; /* 2.4: "dict redis { ... }" */
	struct conf_pos pos;

	/* Behind Dovecot's dict server (proxy), else all NULL: the name there and what the
	 * configuration maps it to; both backends NULL when it maps it to nothing. */
	const char *proxy_name;
	const char *backend_uri;		  /* "mysql:/etc/dovecot/..." */
	const struct conf_section *backend_block; /* dict_server { dict NAME { ... } } */
	struct conf_pos backend_pos;
};

/* Which record of a login becomes its last-login. */
enum last_login_source {
	LAST_LOGIN_MAIL_USER, /* the mail user exists: what the plugin does */
	LAST_LOGIN_AUTH,      /* authentication succeeded: SASL clients such as Postfix */
	LAST_LOGIN_PROXY,     /* the login to the backend is established */
	LAST_LOGIN_ANY,	      /* whichever of them is the last word about a login */
};

/* One combination that logins can get. */
struct last_login_target {
	const struct last_login_dict *dict;	 /* NULL: no file names one; the embedded store */
	const struct last_login_text *key;	 /* template */
	const struct last_login_text *precision; /* "s", "ms", "us" or "ns" */
	const struct last_login_text *source;	 /* word of enum last_login_source */
	const struct last_login_text *auth_key, *failure_key; /* NULL: not recorded */
	const struct conf_section *fields; /* settings "KEY = VALUE", templates both; or NULL */
	bool logins;			   /* are recorded; else the two keys alone */
	bool v24;			   /* the key is in the template language of 2.4 */
	const char *services; /* that can get it: "imap, pop3"; "*" = any other service */
};

enum last_login_language {
	LAST_LOGIN_BY_SYNTAX, /* v24 by the key's syntax */
	LAST_LOGIN_V23,
	LAST_LOGIN_V24,
};

struct last_login_options {
	const char *const
		*services; /* not NULL, not empty: exactly these, mail_plugins is ignored */
	enum last_login_language language;
};

struct last_login_conf {
	struct last_login_target *targets;
	size_t target_count;
	enum last_login_language language;
	struct last_login_rules *rules; /* private */
	struct last_login_index *index; /* private */
};

/*
 * Fills conf_r from the trees, which end with NULL and keep its memory: a later tree overrides all
 * blocks of the earlier ones (the server's file, our own, the command line). They get the "key =
 * <file" values that are needed. Errors: -EINVAL with file:line for a dict without a driver, an
 * unknown precision or source, two dicts for one login, a network that is none; -E2BIG for a
 * million combinations of networks and names.
 */
int last_login_read(struct conf_section *const *roots, const struct last_login_options *options,
		    struct last_login_conf *conf_r, struct error *error_r);

enum last_login_source last_login_source(const struct last_login_target *target);

/* The language of a key: the configuration's, or that of the syntax around it. */
bool last_login_speaks_v24(const struct last_login_conf *conf, const struct last_login_text *key);

/* The target of a login, or NULL when it is not to be recorded. One thread at a time. */
const struct last_login_target *last_login_match(const struct last_login_conf *conf,
						 const struct conf_peer *peer);

#endif
