/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a configuration as Dovecot 2.4 keeps them: one for each path, however often the
 * file opens it, in the place where it was opened first, with its settings under their full names
 * (setting_names.h). Blocks for other things are left out.
 *
 * A login gets each setting from the last block of this order that is for it:
 *
 *	fewer entries (dict NAME { }) around it, then fewer named blocks (last_login { }), then
 *	opened first
 *
 * What "@label = name" brings in from "group @label name { }" comes right behind the block that it
 * stands in: that block's own settings win over it.
 *
 * "last_login { last_login_key = x }" sets it outside of last_login { }, as Dovecot does: a named
 * block is never around settings that begin with its name.
 */
#ifndef DOVETAP_CONF_V24_BLOCKS_H
#define DOVETAP_CONF_V24_BLOCKS_H

#include "conf/tree.h"

enum v24_block_kind {
	V24_BLOCK_ROOT,
	V24_BLOCK_FILTER, /* protocol, remote, local, local_name: block_filter.h */
	V24_BLOCK_NAMED,
	V24_BLOCK_ENTRY,
	V24_BLOCK_GROUP,    /* "group @label name", with the name "@label name" */
	V24_BLOCK_INCLUDED, /* a group in the block that includes it: asks for nothing itself */
};

struct v24_rank {
	unsigned int entries, named, order;
};

struct v24_value {
	struct v24_value *next;
	const char *name;	      /* in full; "plugin" for one of plugin { } */
	const char *key;	      /* of a list; or NULL */
	struct conf_setting *setting; /* the last one; NULL for a whole list */
	struct conf_section *list;    /* "last_login_dict_fields { }", else NULL */
};

struct v24_include {
	struct v24_include *next;
	const char *label;
	const struct conf_setting *setting;
};

struct v24_block {
	struct v24_block *next, *parent;
	struct v24_block *blocks, *last_block;
	struct v24_value *values, *last_value;
	struct v24_include *includes;
	const struct conf_section
		*section; /* where it was opened first; type and name are its own */
	const char *type; /* in full */
	enum v24_block_kind kind;
	struct v24_rank rank;
	struct v24_rank inside; /* of an included group: its rank there; else all UINT_MAX */
};

/* The tree of blocks, in the tree's memory, with all groups included. Errors: -ENOMEM, and -EINVAL
 * for a group that there is not. */
int v24_blocks_read(struct conf_section *root, struct v24_block **root_r, struct error *error_r);

/* < 0: b wins over a; 0: the same block. */
int v24_block_compare(const struct v24_block *a, const struct v24_block *b);

#endif
