/* SPDX-License-Identifier: MIT */
#include "conf/convert.h"

#include "conf/arena.h"
#include "conf/convert_parts.h"
#include "conf/last_login_rule.h"
#include "conf/print.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <utlist.h>

/* All rules of one filter; a later rule has replaced an earlier one. */
struct block {
	struct block *next;
	struct conf_filter filter;
	enum last_login_switch enable;
	struct conf_pos enable_pos, pos; /* pos: of the last rule */
	const struct last_login_dict *dict;
	const struct last_login_text *key, *precision;
};

static bool filter_equal(const struct conf_filter *a, const struct conf_filter *b)
{
	return strcmp(a->protocol ? a->protocol : "", b->protocol ? b->protocol : "") == 0 &&
	       strcmp(a->local_name ? a->local_name : "", b->local_name ? b->local_name : "") ==
		       0 &&
	       conf_net_equal(&a->remote, &b->remote) && conf_net_equal(&a->local, &b->local);
}

static struct block *block_find(struct block *blocks, const struct conf_filter *filter)
{
	while (blocks && !filter_equal(&blocks->filter, filter))
		blocks = blocks->next;
	return blocks;
}

static void block_apply(struct block *block, const struct last_login_rule *rule)
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
			const char *local_name, struct block **blocks)
{
	struct conf_filter filter = rule->filter;
	struct block *block;

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
			 struct block **blocks)
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

static int collect(struct conf_section *root, const struct last_login_rules *rules, bool to_v24,
		   struct block **blocks, struct error *error_r)
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

/* --- the blocks ----------------------------------------------------------------------------- */

static void print_net(struct convert *convert, const char *type, const struct conf_net *net)
{
	char ip[INET6_ADDRSTRLEN] = "", name[sizeof(ip) + 8];

	if (net->ip.family == 0)
		return;
	(void)inet_ntop(net->ip.family, net->ip.bytes, ip, sizeof(ip));
	(void)snprintf(name, sizeof(name), "%s/%u", ip, net->bits);
	conf_print_begin(convert->out, convert->depth++, type, name);
}

static void print_filter(struct convert *convert, const struct conf_filter *filter)
{
	print_net(convert, "local", &filter->local);
	if (filter->local_name)
		conf_print_begin(convert->out, convert->depth++, "local_name", filter->local_name);
	print_net(convert, "remote", &filter->remote);
	if (filter->protocol)
		conf_print_begin(convert->out, convert->depth++, "protocol", filter->protocol);
}

/* A block that switches the plugin off matters only where a wider one may have switched it on. */
static int print_plugins(struct convert *convert, const struct last_login_rules *rules,
			 const struct block *block, struct error *error_r)
{
	bool on = block->enable == LAST_LOGIN_ON;

	if (block->enable == LAST_LOGIN_UNSET ||
	    (!on && (!rules->any_enabled || conf_filter_is_any(&block->filter))))
		return 0;
	if (!convert->options->to_v24 && !on)
		return conf_error(
			&block->enable_pos, error_r, EINVAL,
			"2.3 cannot take one plugin out of mail_plugins; enable last_login "
			"only in the blocks that want it");
	if (!convert->options->to_v24) {
		conf_print_setting(convert->out, convert->depth, 0, "mail_plugins",
				   "$mail_plugins last_login", NULL);
		return 0;
	}
	conf_print_begin(convert->out, convert->depth++, "mail_plugins", "");
	conf_print_setting(convert->out, convert->depth, 0, "last_login", on ? "yes" : "no", NULL);
	conf_print_end(convert->out, --convert->depth);
	return 0;
}

static int print_dict(struct convert *convert, const struct last_login_dict *dict,
		      struct error *error_r)
{
	struct buf uri;
	int ret = 0;

	if (convert->options->to_v24 && dict == &last_login_no_dict)
		return conf_error(&dict->pos, error_r, EINVAL,
				  "2.4 cannot take a dict away; remove \"last_login_dict =\" and "
				  "enable last_login only where it is wanted");
	if (convert->options->to_v24 && dict->block) {
		conf_print_section(convert->out, convert->depth, 0, dict->block);
		return 0;
	}
	if (convert->options->to_v24)
		return convert_uri_to_block(convert, dict, NULL, error_r);
	buf_init(&uri, CONF_TREE_MAX);
	if (dict->block)
		ret = convert_block_to_uri(convert, dict, &uri, error_r);
	else
		buf_append_str(&uri, dict->uri);
	if (ret == 0)
		conf_print_setting(convert->out, convert->depth, 0, "last_login_dict",
				   buf_str(&uri), NULL);
	buf_release(&uri);
	return ret;
}

/* A key that stands in the wanted syntax already stays as it is. */
static int print_key(struct convert *convert, const struct last_login_text *key,
		     struct error *error_r)
{
	const struct convert_word word = {NULL, "last_login_key", CONVERT_TEXT, NULL};

	if (key->v24 != convert->options->to_v24)
		return convert_print_word(convert, &word, key->text, &key->pos, error_r);
	conf_print_setting(convert->out, convert->depth, 0, word.v24, key->text, NULL);
	return 0;
}

static int print_settings(struct convert *convert, const struct block *block, struct error *error_r)
{
	int ret = 0;

	if (!block->dict && !block->key && !block->precision)
		return 0;
	conf_print_begin(convert->out, convert->depth++,
			 convert->options->to_v24 ? "last_login" : "plugin", "");
	if (block->dict)
		ret = print_dict(convert, block->dict, error_r);
	if (ret == 0 && block->key)
		ret = print_key(convert, block->key, error_r);
	if (ret == 0 && block->precision)
		conf_print_setting(convert->out, convert->depth, 0, "last_login_precision",
				   block->precision->text, NULL);
	conf_print_end(convert->out, --convert->depth);
	return ret;
}

static int print_block(struct convert *convert, const struct last_login_rules *rules,
		       const struct block *block, struct error *error_r)
{
	int ret;

	print_filter(convert, &block->filter);
	ret = print_plugins(convert, rules, block, error_r);
	if (ret == 0)
		ret = print_settings(convert, block, error_r);
	while (convert->depth > 0)
		conf_print_end(convert->out, --convert->depth);
	return ret;
}

/* In 2.3 the more specific block wins, in 2.4 the later one: only when both rules agree can the
 * order of a 2.4 file be kept. */
static int check_order(const struct block *blocks, struct error *error_r)
{
	const struct block *a, *b;

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

/* --- what is behind the dict server --------------------------------------------------------- */

/* One name of the dict server that some block uses. */
static bool is_first_use(const struct block *blocks, const struct block *block)
{
	const struct block *earlier = blocks;

	if (!block->dict || !block->dict->proxy_name)
		return false;
	for (; earlier != block; earlier = earlier->next) {
		if (earlier->dict && earlier->dict->proxy_name &&
		    strcmp(earlier->dict->proxy_name, block->dict->proxy_name) == 0)
			return false;
	}
	return block->dict->backend_block || block->dict->backend_uri;
}

static bool is_sql_uri(const char *uri)
{
	static const char *const drivers[] = {"mysql:", "pgsql:", "sqlite:", "cassandra:"};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strncmp(uri, drivers[i], strlen(drivers[i])) == 0)
			return true;
	}
	return false;
}

/* The dict as if logins were written to it directly. */
static struct last_login_dict behind(const struct last_login_dict *dict)
{
	return (struct last_login_dict){
		.uri = dict->backend_uri,
		.block = dict->backend_block,
		.pos = dict->backend_pos,
	};
}

static int print_named_v24(struct convert *convert, const struct last_login_dict *dict,
			   struct error *error_r)
{
	const struct last_login_dict direct = behind(dict);

	if (dict->backend_uri && is_sql_uri(dict->backend_uri))
		return convert_map_to_block(convert, dict, error_r);
	if (dict->backend_uri)
		return convert_uri_to_block(convert, &direct, dict->proxy_name, error_r);
	conf_print_section(convert->out, convert->depth, 0, dict->backend_block);
	return 0;
}

static const char *map_dir(const struct convert *convert)
{
	return convert->options->map_dir ? convert->options->map_dir : "/etc/dovecot";
}

static int print_named_v23(struct convert *convert, const struct last_login_dict *dict,
			   struct error *error_r)
{
	const struct last_login_dict direct = behind(dict);
	struct buf uri;
	int ret = 0;

	buf_init(&uri, CONF_TREE_MAX);
	if (dict->backend_uri)
		buf_append_str(&uri, dict->backend_uri);
	else if (convert_sql_driver(dict->backend_block))
		buf_appendf(&uri, "%s:%s/dovecot-dict-%s.conf.ext",
			    convert_sql_driver(dict->backend_block), map_dir(convert),
			    dict->proxy_name);
	else
		ret = convert_block_to_uri(convert, &direct, &uri, error_r);
	if (ret == 0)
		conf_print_setting(convert->out, convert->depth, 0, dict->proxy_name, buf_str(&uri),
				   NULL);
	buf_release(&uri);
	return ret;
}

static int print_named(struct convert *convert, const struct block *blocks, struct error *error_r)
{
	bool v24 = convert->options->to_v24, any = false;
	const struct block *block;
	int ret = 0;

	for (block = blocks; block && ret == 0; block = block->next) {
		if (!is_first_use(blocks, block))
			continue;
		if (!any)
			conf_print_begin(convert->out, convert->depth++,
					 v24 ? "dict_server" : "dict", "");
		any = true;
		ret = v24 ? print_named_v24(convert, block->dict, error_r)
			  : print_named_v23(convert, block->dict, error_r);
	}
	if (any)
		conf_print_end(convert->out, --convert->depth);
	return ret;
}

/* The map files that 2.3 wants beside its configuration. */
static int print_maps(struct convert *convert, const struct block *blocks, struct error *error_r)
{
	const struct block *block;
	int ret = 0;

	for (block = blocks; block && ret == 0; block = block->next) {
		if (!is_first_use(blocks, block) || !block->dict->backend_block ||
		    !convert_sql_driver(block->dict->backend_block))
			continue;
		buf_appendf(convert->out, "\n# --- %s/dovecot-dict-%s.conf.ext ---\n",
			    map_dir(convert), block->dict->proxy_name);
		ret = convert_block_to_map(convert, block->dict, error_r);
	}
	return ret;
}

/* --- all of it ------------------------------------------------------------------------------ */

static int print_all(struct convert *convert, const struct last_login_rules *rules,
		     const struct block *blocks, struct error *error_r)
{
	const struct block *block;
	int ret = 0;

	if (convert->options->to_v24)
		buf_append_str(convert->out, "dovecot_config_version = 2.4.0\n"
					     "dovecot_storage_version = 2.4.0\n\n");
	for (block = blocks; block && ret == 0; block = block->next)
		ret = print_block(convert, rules, block, error_r);
	if (ret == 0)
		ret = print_named(convert, blocks, error_r);
	if (ret == 0 && !convert->options->to_v24)
		ret = print_maps(convert, blocks, error_r);
	return ret;
}

int config_convert(struct conf_section *root, const struct convert_options *options,
		   struct buf *out, struct error *error_r)
{
	struct conf_section *const roots[] = {root, NULL};
	struct convert convert = {.options = options, .out = out};
	struct last_login_rules rules = {0};
	struct block *blocks = NULL;
	int ret;

	ret = last_login_rules_read(roots, &rules, error_r);
	if (ret == 0)
		ret = collect(root, &rules, options->to_v24, &blocks, error_r);
	if (ret == 0 && !options->to_v24 && conf_is_v24(root))
		ret = check_order(blocks, error_r);
	if (ret == 0)
		ret = print_all(&convert, &rules, blocks, error_r);
	if (ret == 0 && out->failed)
		ret = error_set(error_r, -out->failed, "the result is too large");
	return ret;
}
