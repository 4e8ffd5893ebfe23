/* SPDX-License-Identifier: MIT */
/*
 * The variables of configuration values: words that begin with "$".
 *
 *	2.3	$name		the setting "name" as it stands at this point
 *		$ENV:NAME	the environment
 *	2.4	$SET:name, $ENV:NAME; any other "$" is plain text
 *
 * A variable is a whole word between blanks ("a$b" and "$b/c" are not "b"), and quoted values are
 * never expanded: so does Dovecot. A setting that is not set yet expands to nothing, which is the
 * default of the list settings that this is used for. Templates (%u, %{user}) are not touched.
 */
#ifndef DOVETAP_CONF_EXPAND_H
#define DOVETAP_CONF_EXPAND_H

#include "base/buf.h"
#include "conf/tree.h"

enum conf_dollar {
	CONF_DOLLAR_V23,
	CONF_DOLLAR_V24,
	CONF_DOLLAR_ENV_ONLY, /* SQL maps: "$user" is a variable of the pattern */
};

/* Appends the value as it reads in that section. Returns 0 or the buffer's error. */
int conf_expand(struct buf *out, const struct conf_section *section, enum conf_dollar dollar,
		const char *value);

#endif
