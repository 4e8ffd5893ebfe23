/* SPDX-License-Identifier: MIT */
/*
 * The settings of Dovecot 2.4 that lead a last login to its store, by their full names, and ours
 * beside them.
 *
 * Inside a block a setting may be written without what the block's type and name have already:
 *
 *	mysql db { port = 1 }		mysql_port
 *	dict proxy { name = x }		dict_proxy_name
 *	last_login { key = x }		last_login_key
 *	cassandra { hosts = a }		cassandra_hosts
 */
#ifndef DOVETAP_CONF_V24_SETTING_NAMES_H
#define DOVETAP_CONF_V24_SETTING_NAMES_H

#include <stddef.h>

enum v24_kind {
	V24_UNKNOWN, /* of something else, or misspelt */
	V24_SETTING, /* NAME = value */
	V24_LIST,    /* NAME { key = value }, also NAME = a b */
	V24_NAMED,   /* NAME { }: at most one in a place */
	V24_ENTRIES, /* NAME WHICH { }: any number; the first setting is the entry's own name */
};

enum v24_kind v24_kind(const char *name);

/* The setting that an entry's name is the default of: "mysql_host" for "mysql"; NULL for a type
 * that is none of V24_ENTRIES. */
const char *v24_entry_name(const char *type);

/*
 * What the word means inside of "type NAME { }" (name "" for V24_NAMED): a full name, in out when
 * it had to be made, else the word itself.
 */
const char *v24_full_name(const char *type, const char *name, const char *word, char *out,
			  size_t size);

#endif
