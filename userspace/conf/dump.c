/* SPDX-License-Identifier: MIT */
#include "conf/dump.h"

#include <string.h>

#include "conf/print.h"
#include "conf/settings.h"

#define FLAGS (CONF_PRINT_MASK | CONF_PRINT_PLACES)

static const struct conf_pos by_default = {"default", 0};

/* The last setting of that name in any dovetap { } of the tree. */
static const struct conf_setting *find_own(const struct conf_section *root, const char *name)
{
	const struct conf_section *block = conf_section_find(root, "dovetap", NULL);
	const struct conf_setting *found = NULL;

	for (; block; block = conf_section_next(block, "dovetap", NULL)) {
		if (conf_setting_find(block, name))
			found = conf_setting_find(block, name);
	}
	return found;
}

static void dump_own(const struct config *config, struct buf *out)
{
	const struct conf_field *field;
	const struct conf_setting *setting;

	conf_print_begin(out, 0, "dovetap", "");
	for (field = dovetap_fields(); field->name; field++) {
		setting = find_own(config->command_line, field->name);
		if (!setting)
			setting = find_own(config->own, field->name);
		if (setting)
			conf_print_setting(out, 1, FLAGS, field->name, setting->value,
					   &setting->pos);
		else
			conf_print_setting(out, 1, FLAGS, field->name,
					   field->otherwise ? field->otherwise : "", &by_default);
	}
	conf_print_end(out, 0);
}

static void dump_backend(const struct last_login_dict *dict, struct buf *out)
{
	if (!dict->proxy_name)
		return;
	if (dict->backend_block)
		conf_print_section(out, 1, FLAGS, dict->backend_block);
	else if (dict->backend_uri)
		conf_print_setting(out, 1, FLAGS, dict->proxy_name, dict->backend_uri,
				   &dict->backend_pos);
	else
		buf_appendf(out, "  # no dict { } of these files has the name \"%s\"\n",
			    dict->proxy_name);
}

static void dump_dict(const struct last_login_dict *dict, struct buf *out)
{
	if (!dict) {
		buf_append_str(out, "  # no dict is named: the embedded store in state_dir\n");
		return;
	}
	if (dict->block)
		conf_print_section(out, 1, FLAGS, dict->block);
	else
		conf_print_setting(out, 1, FLAGS, "last_login_dict", dict->uri, &dict->pos);
	dump_backend(dict, out);
}

static void dump_text(const char *name, const struct last_login_text *text, struct buf *out)
{
	if (text)
		conf_print_setting(out, 1, FLAGS, name, text->text, &text->pos);
}

static void dump_target(const struct last_login_target *target, struct buf *out)
{
	buf_appendf(out, "\n# %s of %s\n",
		    target->logins ? "logins" : "authentications, not logins,", target->services);
	buf_append_str(out, "last_login {\n");
	dump_dict(target->dict, out);
	if (target->logins)
		dump_text("last_login_key", target->key, out);
	dump_text("last_login_precision", target->precision, out);
	if (target->logins)
		dump_text("last_login_source", target->source, out);
	if (target->logins && target->fields)
		conf_print_section(out, 1, FLAGS, target->fields);
	dump_text("last_auth_key", target->auth_key, out);
	dump_text("last_failure_key", target->failure_key, out);
	if (target->logins)
		buf_appendf(out, "  # the key is a template of Dovecot %s\n",
			    target->v24 ? "2.4" : "2.3");
	conf_print_end(out, 0);
}

int config_dump(const struct config *config, struct buf *out)
{
	if (config->server)
		buf_appendf(out, "# the server's file %s, read by %s\n",
			    config->settings.dovecot_config,
			    config->doveconf ? config->doveconf : "dovetap");
	if (config->doveconf_error.code)
		buf_appendf(out, "# %s\n", config->doveconf_error.text);
	dump_own(config, out);
	for (size_t i = 0; i < config->last_login.target_count; i++)
		dump_target(&config->last_login.targets[i], out);
	if (config->last_login.target_count == 0)
		buf_append_str(out, "\n# no login is recorded\n");
	return out->failed;
}
