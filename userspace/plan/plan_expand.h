/* SPDX-License-Identifier: MIT */
/*
 * Variables in the settings of a dict: "redis:host=127.0.0.1:prefix=%d/", "redis_password = a%%b".
 *
 * Dovecot expands them for each login. One connection serves all logins here, so what a login
 * answers can stand in the prefix of keys alone, which then becomes a part of the key; everywhere
 * else only what is the same for all logins is expanded ("%%", the node's name), and the rest is
 * refused.
 */
#ifndef DOVETAP_PLAN_PLAN_EXPAND_H
#define DOVETAP_PLAN_PLAN_EXPAND_H

#include "plan/plan_private.h"

/*
 * Puts the expanded settings into dict->config and the part of the prefix that depends on the login
 * into dict->prefix. by_login: the settings are read by the process of a login, not by the dict
 * server. -EINVAL with the place, -ENOMEM.
 */
int plan_expand_uri(struct plan *plan, struct plan_dict *dict, struct error *error_r);
int plan_expand_block(struct plan *plan, struct plan_dict *dict, bool by_login,
		      struct error *error_r);

/* The same for a URI of mirror_dicts: a mirror gets the keys of each login's own store, so its
 * prefix cannot depend on the login. */
int plan_expand_mirror(struct plan *plan, struct plan_dict *dict, struct error *error_r);

#endif
