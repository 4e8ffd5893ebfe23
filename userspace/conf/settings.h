/* SPDX-License-Identifier: MIT */
/*
 * A section of a configuration as a typed struct.
 *
 * A module keeps a table of fields next to its struct; the reader fills the struct from the
 * defaults and then from the section, and refuses what it does not know:
 *
 *	dovetap.conf:3: unknown setting "rign_size" in dovetap { }; did you mean "ring_size"?
 *	dovetap.conf:4: ring_size: "8X" is no size; a number with B, k, M, G or T would be right
 *
 * What each type stores at its offset:
 *
 *	CONF_STRING	const char *		never NULL unless the default is NULL
 *	CONF_BOOL	bool			yes, no (also true, false, y, n, 1, 0, on, off)
 *	CONF_UINT	uint64_t
 *	CONF_SIZE	uint64_t		bytes; B k M G T (powers of 1024)
 *	CONF_TIME	uint64_t		milliseconds; ms s m h d w, also in words (mins,
 *						hours)
 *	CONF_ENUM	unsigned int		index in words
 *	CONF_LIST	const char *const *	ends with NULL; "a b, c" or a block
 *						"key { a = yes }"
 *
 * min and max bound numbers, sizes and times; max 0 means no bound.
 */
#ifndef DOVETAP_CONF_SETTINGS_H
#define DOVETAP_CONF_SETTINGS_H

#include <stdint.h>

#include "base/error.h"
#include "conf/tree.h"

enum conf_type {
	CONF_STRING,
	CONF_BOOL,
	CONF_UINT,
	CONF_SIZE,
	CONF_TIME,
	CONF_ENUM,
	CONF_LIST,
	CONF_TYPE_COUNT
};

struct conf_field {
	const char *name; /* NULL ends a table */
	enum conf_type type;
	size_t offset;
	const char *otherwise; /* the default as it would stand in the file; NULL: empty */
	uint64_t min, max;
	const char *const *words; /* of CONF_ENUM; of CONF_LIST: the only allowed ones, or NULL */
	/* Optional. Puts what is wrong and right into error_r (no place, no name) and returns
	 * -EINVAL. */
	int (*check)(const char *value, struct error *error_r);

	/* For documents only, all optional but meaning where they are made (tools/docs). */
	const char *meaning;	  /* one sentence */
	const char *more;	  /* further ones */
	const char *default_text; /* the default in words; NULL: as otherwise has it */
	const char *range;	  /* what may stand there; NULL: as type and words have it */
	const char *example;	  /* where the default is empty */
	const char *see;	  /* a file in docs/ */
	const char *group;	  /* title of this field and those behind it */
};

/* Fills the struct at out with the defaults. Texts and lists live as long as the tree that owner
 * belongs to. */
int conf_settings_default(const struct conf_field *fields, const struct conf_section *owner,
			  void *out, struct error *error_r);

/*
 * Then puts the settings of the section over them, and those of the sections of the same type
 * behind it; a later one wins. section may be NULL. label names the section in errors:
 * "dovetap { }".
 */
int conf_settings_read(const struct conf_section *section, const struct conf_field *fields,
		       const char *label, const struct conf_section *owner, void *out,
		       struct error *error_r);

/* One value of a type, as above. owner gives texts and lists their memory. */
int conf_value_parse(const struct conf_field *field, const char *value,
		     const struct conf_section *owner, void *to, struct error *error_r);

/* The word of the list that is nearest to the misspelt one, or NULL when none is near. */
const char *conf_nearest(const char *word, const char *const *words);

#endif
