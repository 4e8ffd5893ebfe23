/* SPDX-License-Identifier: MIT */
/*
 * The text form in which layouts of Dovecot's structs are reviewed and kept; the opening comment
 * of layouts/dovecot.layouts describes it. The build and the command "dovetap layout" read the same
 * form. The parser is pure: bytes in, table out, nothing allocated beyond the ceilings below.
 */
#ifndef DOVETAP_DOVECOT_LAYOUT_TABLE_H
#define DOVETAP_DOVECOT_LAYOUT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "dovecot/abi.h"

#define LAYOUT_NAME_MAX	   48	  /* bytes of a name, with the NUL */
#define LAYOUT_MEMBERS_MAX 64	  /* of one struct */
#define LAYOUT_ABIS_MAX	   64	  /* of one struct */
#define LAYOUT_STRUCTS_MAX 128	  /* of one table */
#define LAYOUT_SIZE_MAX	   65536U /* bytes of one struct */

enum layout_type {
	LAYOUT_PTR,
	LAYOUT_U8,
	LAYOUT_U16,
	LAYOUT_U32,
	LAYOUT_U64,
	LAYOUT_S32,
	LAYOUT_BIT,
	LAYOUT_GROUP,	 /* a nested struct: the rows with this one's name and a dot in front */
	LAYOUT_NAMED,	 /* another struct of the table, embedded */
	LAYOUT_U8_ARRAY, /* of count bytes */
};

struct layout_member {
	char name[LAYOUT_NAME_MAX]; /* as in C: "conn.remote_ip" */
	uint32_t byte;		    /* from the start of the outermost struct */
	uint32_t bit;		    /* LAYOUT_BIT only */
	uint32_t count;		    /* LAYOUT_U8_ARRAY only */
	enum layout_type type;
	char type_name[LAYOUT_NAME_MAX]; /* LAYOUT_NAMED only */
};

struct layout_struct {
	char name[LAYOUT_NAME_MAX];
	uint32_t size;
	char abis[LAYOUT_ABIS_MAX][ABI_MAX];
	size_t abi_count;
	struct layout_member members[LAYOUT_MEMBERS_MAX];
	size_t member_count;
};

struct layout_table {
	struct layout_struct *structs;
	size_t count;
};

/*
 * Parses text; file is its name in errors ("file:line: what is wrong, what would be right").
 * On success the caller owns *table_r and gives it back with layout_table_release(). Everything
 * that the BTF maker relies on is checked: members lie inside their struct, a nested one behind its
 * group and inside it, and no ABI has two layouts of one struct.
 */
int layout_table_parse(struct slice text, const char *file, struct layout_table *table_r,
		       struct error *error_r);
void layout_table_release(struct layout_table *table);

/* The layout of struct name for an ABI string; NULL when the table has none. */
const struct layout_struct *layout_table_find(const struct layout_table *table, const char *abi,
					      const char *name);

/* Bytes that a member occupies. A group has no size of its own: 0. */
uint32_t layout_member_size(const struct layout_table *table, const char *abi,
			    const struct layout_member *member);

#endif
