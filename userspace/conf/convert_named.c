/* SPDX-License-Identifier: MIT */
/* What is behind the dict server, in both versions. */
#include "conf/convert_block.h"
#include "conf/print.h"

#include <string.h>

/* One name of the dict server that some block uses. */
static bool is_first_use(const struct convert_block *blocks, const struct convert_block *block)
{
	const struct convert_block *earlier = blocks;

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

int convert_print_named(struct convert *convert, const struct convert_block *blocks,
			struct error *error_r)
{
	bool v24 = convert->options->to_v24, any = false;
	const struct convert_block *block;
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

int convert_print_maps(struct convert *convert, const struct convert_block *blocks,
		       struct error *error_r)
{
	const struct convert_block *block;
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
