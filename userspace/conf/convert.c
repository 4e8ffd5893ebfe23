/* SPDX-License-Identifier: MIT */
#include "conf/convert.h"

#include "conf/convert_block.h"
#include "conf/print.h"

#include <arpa/inet.h>
#include <errno.h>
#include <utlist.h>

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
			 const struct convert_block *block, struct error *error_r)
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

static int print_settings(struct convert *convert, const struct convert_block *block,
			  struct error *error_r)
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
		       const struct convert_block *block, struct error *error_r)
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

static int print_all(struct convert *convert, const struct last_login_rules *rules,
		     const struct convert_block *blocks, struct error *error_r)
{
	const struct convert_block *block;
	int ret = 0;

	if (convert->options->to_v24)
		buf_append_str(convert->out, "dovecot_config_version = 2.4.0\n"
					     "dovecot_storage_version = 2.4.0\n\n");
	for (block = blocks; block && ret == 0; block = block->next)
		ret = print_block(convert, rules, block, error_r);
	if (ret == 0)
		ret = convert_print_named(convert, blocks, error_r);
	if (ret == 0 && !convert->options->to_v24)
		ret = convert_print_maps(convert, blocks, error_r);
	return ret;
}

/* Dovecot would not take them: they belong into dovetap.conf. */
static int refuse_own(const struct last_login_rules *rules, struct error *error_r)
{
	const struct last_login_rule *rule;

	LL_FOREACH(rules->first, rule) {
		if (rule->source || rule->auth_key || rule->failure_key)
			return conf_error(&rule->pos, error_r, EINVAL,
					  "last_login_source, last_auth_key and last_failure_key "
					  "are dovetap's own; move them to dovetap.conf");
		if (rule->fields)
			return conf_error(&rule->pos, error_r, EINVAL,
					  "last_login_dict_fields has no counterpart; move it to "
					  "dovetap.conf");
	}
	return 0;
}

int config_convert(struct conf_section *root, const struct convert_options *options,
		   struct buf *out, struct error *error_r)
{
	struct conf_section *const roots[] = {root, NULL};
	struct convert convert = {.options = options, .out = out};
	struct last_login_rules rules = {0};
	struct convert_block *blocks = NULL;
	int ret;

	ret = last_login_rules_read(roots, &rules, error_r);
	if (ret == 0)
		ret = refuse_own(&rules, error_r);
	if (ret == 0)
		ret = convert_collect(root, &rules, options->to_v24, &blocks, error_r);
	if (ret == 0 && !options->to_v24 && conf_is_v24(root))
		ret = convert_check_order(blocks, error_r);
	if (ret == 0)
		ret = print_all(&convert, &rules, blocks, error_r);
	if (ret == 0 && out->failed)
		ret = error_set(error_r, -out->failed, "the result is too large");
	return ret;
}
