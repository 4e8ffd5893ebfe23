/* SPDX-License-Identifier: MIT */
/* Inside of last_login: the settings that a process of Dovecot finds for a dict, in the order in
 * which a block of them is written. */
#ifndef DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_GATHER_H
#define DOVETAP_CONF_LAST_LOGIN_LAST_LOGIN_GATHER_H

#include "base/buf.h"
#include "conf/last_login/last_login_rule.h"

/* One of value, begin or neither: the end of what began last. */
struct last_login_piece {
	const struct v24_value *value;
	const struct v24_block *begin;
};

/*
 * Appends pieces to out, from the begin of the entry to its end. around is the named block that the
 * process reads: "last_login" or "dict_server". A failure stays in out.
 */
void last_login_gather(const struct last_login_tree *tree, const struct v24_block *entry,
		       const char *around, const uint64_t *filters, struct buf *out);

/* The first "dict NAME { }" of the tree that the process reads, or NULL. */
const struct v24_block *last_login_gather_find(const struct last_login_tree *tree, const char *name,
					       const char *around, const uint64_t *filters);

#endif
