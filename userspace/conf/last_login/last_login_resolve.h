/* SPDX-License-Identifier: MIT */
/*
 * Inside of last_login: from "dict NAME { }" to everything that Dovecot 2.4 would read for it.
 *
 * A setting of a dict may stand in its block, in another block of that name, in last_login { }, in
 * protocol { } and the like, at the top, or in a group that one of them includes. What comes out is
 * one block with full names, in which all of it stands, for a driver to read and nothing around it:
 *
 *	dict NAME {
 *		dict_driver = sql
 *		sql_driver = mysql
 *		mysql HOST {
 *			mysql_host = HOST
 *			mysql_port = 3306
 *		}
 *		dict_map PATTERN {
 *			dict_map_sql_table = t
 *			dict_map_key_field FIELD { ... }
 *			dict_map_value_field FIELD { ... }
 *		}
 *	}
 */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RESOLVE_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_RESOLVE_H

#include "conf/last_login/last_login_rule.h"

struct last_login_resolver {
	const struct last_login_rules *rules;
	struct resolved *known;
	const uint64_t *none; /* the filters of a process that is for no login: the dict server */
};

/* -ENOMEM. Always to be released. */
int last_login_resolver_init(struct last_login_resolver *resolver,
			     const struct last_login_rules *rules);
void last_login_resolver_release(struct last_login_resolver *resolver);

/*
 * The dict of that entry for logins that match the filters. Equal dicts are one. It lives as long
 * as the trees; they get the "key = <file" values that it needs. -EINVAL with the place, -ENOMEM.
 */
int last_login_resolve(struct last_login_resolver *resolver, const struct last_login_tree *tree,
		       const struct v24_block *entry, const uint64_t *filters,
		       const struct last_login_dict **dict_r, struct error *error_r);

/* Fills the backend of a dict that has a proxy_name. */
int last_login_resolve_name(struct last_login_resolver *resolver, struct last_login_dict *dict,
			    struct error *error_r);

#endif
