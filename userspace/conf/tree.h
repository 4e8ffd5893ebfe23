/* SPDX-License-Identifier: MIT */
/*
 * A configuration file as a tree, with the place of every word.
 *
 * The parser (parse.h) reads Dovecot's syntax, 2.3 and 2.4, and knows no setting by name. The
 * tree owns all its texts; it is freed as a whole.
 */
#ifndef DOVETAP_CONF_TREE_H
#define DOVETAP_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct conf_pos {
	const char *file; /* owned by the tree; "--option" for the command line */
	unsigned int line;
};

/* "key = value" */
struct conf_setting {
	struct conf_setting *next;
	char *key;
	char *value; /* after quotes, continuation, $variables and "<file" */
	struct conf_pos pos;
};

/* "type name { ... }"; the root has type "" and name "" */
struct conf_section {
	struct conf_section *next;
	struct conf_section *parent; /* NULL for the root */
	char *type;
	char *name; /* "" when there is none; a quoted or spaced name as one text */
	struct conf_pos pos;
	struct conf_setting *settings; /* in the order of the file */
	struct conf_section *sections; /* in the order of the file */
};

/* The last setting of that key in the section itself (a later one wins), or NULL. */
const struct conf_setting *conf_setting_find(const struct conf_section *section, const char *key);

/* The first section of that type (and name, unless NULL) directly inside, or NULL; and the next
 * such section behind it. */
const struct conf_section *conf_section_find(const struct conf_section *section, const char *type,
					     const char *name);
const struct conf_section *conf_section_next(const struct conf_section *section, const char *type,
					     const char *name);

void conf_free(struct conf_section **root); /* takes NULL, sets NULL */

#endif
