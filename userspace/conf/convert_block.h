/* SPDX-License-Identifier: MIT */
/* Inside of convert: the rules of a configuration, put together by filter. */
#ifndef DOVETAP_CONF_CONVERT_BLOCK_H
#define DOVETAP_CONF_CONVERT_BLOCK_H

#include "conf/convert_parts.h"
#include "conf/last_login_rule.h"

/* All rules of one filter; a later rule has replaced an earlier one. */
struct convert_block {
	struct convert_block *next;
	struct conf_filter filter;
	enum last_login_switch enable;
	struct conf_pos enable_pos, pos; /* pos: of the last rule */
	const struct last_login_dict *dict;
	const struct last_login_text *key, *precision;
};

/* The blocks in the order in which they win, a later one last. In the memory of the tree. */
int convert_collect(struct conf_section *root, const struct last_login_rules *rules, bool to_v24,
		    struct convert_block **blocks, struct error *error_r);

/* In 2.3 the more specific block wins, in 2.4 the later one: -EINVAL when these rules disagree
 * about the blocks of a 2.4 file. */
int convert_check_order(const struct convert_block *blocks, struct error *error_r);

/* dict_server { } or dict { } with all names that the blocks use. */
int convert_print_named(struct convert *convert, const struct convert_block *blocks,
			struct error *error_r);

/* The map files that 2.3 wants beside its configuration. */
int convert_print_maps(struct convert *convert, const struct convert_block *blocks,
		       struct error *error_r);

#endif
