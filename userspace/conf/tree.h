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

#include "base/error.h"

struct arena;

struct conf_pos {
	const char *file;  /* owned by the tree; "--option" for the command line */
	unsigned int line; /* from 1; 0 when the file is no file */
};

/* "key = value" */
struct conf_setting {
	struct conf_setting *next;
	const char *key;
	const char *value; /* after quotes, continuation and $variables */
	struct conf_pos pos;
	unsigned int order; /* counts all settings and sections as they were read */
	bool from_file;	    /* "key = <value": value is still the path, see conf_load_files() */
	bool quoted;
};

/* "type name { ... }"; the root has type "" and name "" */
struct conf_section {
	struct conf_section *next;
	struct conf_section *parent; /* NULL for the root */
	const char *type;
	const char *name; /* "" when there is none; a quoted or spaced name as one text */
	struct conf_pos pos;
	unsigned int order;
	struct conf_setting *settings; /* in the order of the file */
	struct conf_section *sections; /* in the order of the file */
	struct conf_setting *last_setting;
	struct conf_section *last_section;
};

/* The last setting of that key in the section itself (a later one wins), or NULL. */
const struct conf_setting *conf_setting_find(const struct conf_section *section, const char *key);

/* Its value, or the default. */
const char *conf_setting_value(const struct conf_section *section, const char *key,
			       const char *otherwise);

/* The first section of that type (and name, unless NULL) directly inside, or NULL; and the next
 * such section behind it. */
const struct conf_section *conf_section_find(const struct conf_section *section, const char *type,
					     const char *name);
const struct conf_section *conf_section_next(const struct conf_section *section, const char *type,
					     const char *name);

/* True for 2.4: the file begins with dovecot_config_version. */
bool conf_is_v24(const struct conf_section *root);

/* Fills error_r with "file:line: text"; returns -code. */
int conf_error(const struct conf_pos *pos, struct error *error_r, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* --- building; all return NULL or -ENOMEM when memory or the tree's ceiling is used up --- */

#define CONF_TREE_MAX (32U << 20) /* bytes of a whole tree */

struct conf_section *conf_new(void);
void conf_free(struct conf_section **root); /* takes NULL, sets NULL */

struct arena *conf_arena(const struct conf_section *any); /* of the tree that it belongs to */

/* The root folder that the file was read below (parse.h), without a "/" at its end, or NULL. */
const char *conf_root_dir(const struct conf_section *any);
int conf_set_root_dir(struct conf_section *any, const char *dir); /* copied; -ENOMEM */

/* From now on no file is read for the tree: conf_load_file() refuses. */
void conf_seal(const struct conf_section *any);
bool conf_is_sealed(const struct conf_section *any);

struct conf_section *conf_section_add(struct conf_section *parent, const char *type,
				      const char *name, struct conf_pos pos);
/* A section that has a parent but is not among its sections: what was made of the file's. */
struct conf_section *conf_section_apart(struct conf_section *parent, const char *type,
					const char *name, struct conf_pos pos);
struct conf_setting *conf_setting_add(struct conf_section *section, const char *key,
				      const char *value, struct conf_pos pos);

/*
 * Puts a setting from elsewhere over the file's: path is "key" or "section/key", where becomes
 * the file name of its place ("--key") and must outlive the tree.
 */
int conf_set(struct conf_section *root, const char *path, const char *value, const char *where);

#endif
