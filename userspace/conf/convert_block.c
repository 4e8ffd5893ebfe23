/* SPDX-License-Identifier: MIT */
#include "conf/convert_block.h"

#include "conf/arena.h"

#include <errno.h>
#include <string.h>
#include <utlist.h>

static bool filter_equal(const struct conf_filter *a, const struct conf_filter *b)
{
	return strcmp(a->protocol ? a->protocol : "", b->protocol ? b->protocol : "") == 0 &&
	       strcmp(a->local_name ? a->local_name : "", b->local_name ? b->local_name : "") ==
		       0 &&
	       conf_net_equal(&a->remote, &b->remote) && conf_net_equal(&a->local, &b->local);
}

static struct convert_block *block_find(struct convert_block *blocks,
					const struct conf_filter *filter)
{
	while (blocks && !filter_equal(&blocks->filter, filter))
		blocks = blocks->next;
	return blocks;
}

static void block_apply(struct convert_block *block, const struct last_login_rule *rule)
{
	if (rule->enable) {
		block->enable = rule->enable;
		block->enable_pos = rule->pos;
	}
	block->dict = rule->dict ? rule->dict : block->dict;
	block->key = rule->key ? rule->key : block->key;
	block->precision = rule->precision ? rule->precision : block->precision;
	block->pos = rule->pos;
}

static int collect_rule(struct arena *arena, const struct last_login_rule *rule,
			const char *local_name, struct convert_block **blocks)
{
	struct conf_filter filter = rule->filter;
	struct convert_block *block;

	filter.local_name = local_name;
	block = block_find(*blocks, &filter);
	if (!block) {
		block = arena_alloc(arena, sizeof(*block));
		if (!block)
			return -ENOMEM;
		block->filter = filter;
		LL_APPEND(*blocks, block);
	}
	block_apply(block, rule);
	return 0;
}

/* 2.4 takes one name in a local_name block, 2.3 several. */
static int collect_names(struct arena *arena, const struct last_login_rule *rule,
			 struct convert_block **blocks)
{
	const char *names = rule->filter.local_name;
	int ret = 0;

	for (names += strspn(names, " "); *names != '\0' && ret == 0; names += strspn(names, " ")) {
		size_t len = strcspn(names, " ");
		const char *name = arena_strndup(arena, names, len);

		ret = name ? collect_rule(arena, rule, name, blocks) : -ENOMEM;
		names += len;
	}
	return ret;
}

int convert_collect(struct conf_section *root, const struct last_login_rules *rules, bool to_v24,
		    struct convert_block **blocks, struct error *error_r)
{
	const struct last_login_rule *rule;
	int ret = 0;

	LL_FOREACH(rules->first, rule) {
		if (ret < 0)
			break;
		if (to_v24 && rule->filter.local_name)
			ret = collect_names(conf_arena(root), rule, blocks);
		else
			ret = collect_rule(conf_arena(root), rule, rule->filter.local_name, blocks);
	}
	return ret < 0 ? error_set(error_r, ENOMEM, "out of memory") : 0;
}

int convert_check_order(const struct convert_block *blocks, struct error *error_r)
{
	const struct convert_block *a, *b;

	for (a = blocks; a; a = a->next) {
		for (b = a->next; b; b = b->next) {
			bool same = (a->key && b->key) || (a->dict && b->dict) ||
				    (a->precision && b->precision) || (a->enable && b->enable);
			bool apart = a->filter.protocol && b->filter.protocol &&
				     strcmp(a->filter.protocol, b->filter.protocol) != 0;

			if (same && !apart && conf_filter_compare(&a->filter, &b->filter) > 0)
				return conf_error(&b->pos, error_r, EINVAL,
						  "this block wins over the one at line %u in 2.4 "
						  "and would lose in 2.3; put the block with more "
						  "conditions last",
						  a->pos.line);
		}
	}
	return 0;
}
