/* SPDX-License-Identifier: MIT */
/*
 * Configuration back into text that parses to the same tree.
 *
 * With CONF_PRINT_MASK passwords become "****", wherever they stand: in a setting of that name, in
 * "password=..." of a URI or of a connect string, in "//user:password@". With CONF_PRINT_PLACES
 * every line ends with a comment with its origin.
 */
#ifndef DOVETAP_CONF_PRINT_H
#define DOVETAP_CONF_PRINT_H

#include "base/buf.h"
#include "conf/tree.h"

#define CONF_PRINT_MASK	  1U
#define CONF_PRINT_PLACES 2U

/* All append to out, which remembers errors; depth counts levels of two blanks. */
void conf_print_setting(struct buf *out, unsigned int depth, unsigned int flags, const char *key,
			const char *value, const struct conf_pos *pos);
void conf_print_begin(struct buf *out, unsigned int depth, const char *type, const char *name);
void conf_print_end(struct buf *out, unsigned int depth);

/* A section with everything inside. */
void conf_print_section(struct buf *out, unsigned int depth, unsigned int flags,
			const struct conf_section *section);

/* The value with its secrets masked; as it is when it has none. */
void conf_mask(struct buf *out, const char *key, const char *value);

#endif
