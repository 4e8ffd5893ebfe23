/* SPDX-License-Identifier: MIT */
/* Inside of v24: groups in the blocks that include them. */
#ifndef DOVETAP_CONF_V24_INCLUDE_H
#define DOVETAP_CONF_V24_INCLUDE_H

#include "conf/v24/blocks.h"

struct arena;

/*
 * Puts a copy of each group that "@label = name" names into the block where that stands, as a block
 * of kind V24_BLOCK_INCLUDED, and takes the groups themselves out of the root. Errors: -ENOMEM;
 * -EINVAL with the groups of that label for a name that is none.
 */
int v24_include_groups(struct arena *arena, struct v24_block *root, struct error *error_r);

/* A new block inside parent with section, type and kind of another; NULL: out of memory. */
struct v24_block *v24_block_add(struct arena *arena, struct v24_block *parent,
				const struct v24_block *as);

#endif
