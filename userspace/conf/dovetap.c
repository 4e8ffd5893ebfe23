/* SPDX-License-Identifier: MIT */
#include "conf/dovetap.h"

#include <errno.h>
#include <string.h>

#include "conf/server_words.h"
#include "conf/settings.h"
#include "conf/v24/setting_names.h"

int dovetap_settings_read(const struct conf_section *const *roots,
			  struct dovetap_settings *settings_r, struct error *error_r)
{
	const struct conf_section *owner = *roots;
	struct dovetap_settings settings = {0};
	int ret = conf_settings_default(dovetap_fields(), owner, &settings, error_r);

	for (; *roots && ret == 0; roots++)
		ret = conf_settings_read(conf_section_find(*roots, "dovetap", NULL),
					 dovetap_fields(), "dovetap { }", owner, &settings,
					 error_r);
	if (ret == 0)
		*settings_r = settings;
	return ret;
}

/* What may stand where in our own file; NULL lists: anything. */
struct shape {
	const char *const *settings;
	const char *const *sections;
};

static const char *const filter_settings[] = {
	"mail_plugins",
	"last_login_key",
	"last_login_precision",
	"last_login_source",
	"last_auth_key",
	"last_failure_key",
	"plugin/last_login_dict",
	"plugin/last_login_key",
	"plugin/last_login_precision",
	"plugin/last_login_source",
	"plugin/last_auth_key",
	"plugin/last_failure_key",
	"dovecot_config_version",
	"dovecot_storage_version",
	"base_dir",
	NULL,
};
static const char *const filter_sections[] = {
	"dovetap",
	"plugin",
	"dict",
	"last_login",
	"dict_server",
	"mail_plugins",
	"protocol",
	"remote",
	"local",
	"local_name",
	"last_login_dict_fields",
	NULL,
};
static const char *const plugin_settings[] = {
	"last_login_dict",
	"last_login_key",
	"last_login_precision",
	"last_login_source",
	"last_auth_key",
	"last_failure_key",
	NULL,
};
static const char *const last_login_settings[] = {
	"last_login_key", "key",	   "last_login_precision", "precision", "last_login_source",
	"source",	  "last_auth_key", "last_failure_key",	   NULL,
};
static const char *const last_login_sections[] = {"dict", "last_login_dict_fields", "dict_fields",
						  NULL};
static const char *const none[] = {NULL};

static const struct {
	const char *type;
	struct shape shape;
} shapes[] = {
	{"", {filter_settings, filter_sections}},
	{"protocol", {filter_settings, filter_sections}},
	{"remote", {filter_settings, filter_sections}},
	{"local", {filter_settings, filter_sections}},
	{"local_name", {filter_settings, filter_sections}},
	{"plugin", {plugin_settings, none}},
	{"last_login", {last_login_settings, last_login_sections}},
};

static const struct shape *shape_of(const char *type)
{
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		if (strcmp(shapes[i].type, type) == 0)
			return &shapes[i].shape;
	}
	return NULL; /* dovetap { } and dicts are checked by those who read them */
}

static bool is_known(const char *word, const char *const *known)
{
	for (; *known; known++) {
		if (strcmp(*known, word) == 0)
			return true;
	}
	return false;
}

/* A setting or block of Dovecot 2.4, or "@label = group". */
static bool is_v24(const struct conf_section *in, const char *word)
{
	char out[128];

	if (strcmp(in->type, "plugin") == 0)
		return false;
	if (strcmp(word, "group") == 0)
		return *in->type == '\0';
	if (strcmp(in->type, "last_login") == 0)
		word = v24_full_name(in->type, "", word, out, sizeof(out));
	return word[0] == '@' || v24_kind(word) != V24_UNKNOWN;
}

static int check_word(const struct conf_pos *pos, const struct conf_section *in, const char *what,
		      const char *word, const char *const *known, struct error *error_r)
{
	const char *nearest, *place = *in->type == '\0' ? "the file" : in->type;

	if (is_known(word, known) || is_v24(in, word))
		return 0;
	nearest = conf_nearest(word, known);
	if (nearest)
		return conf_error(pos, error_r, EINVAL,
				  "unknown %s \"%s\" in %s; did you mean \"%s\"?", what, word,
				  place, nearest);
	return conf_error(pos, error_r, EINVAL,
			  "unknown %s \"%s\" in %s; dovetap's own settings stand in dovetap { }",
			  what, word, place);
}

static int check_section(const struct conf_section *section, struct error *error_r)
{
	const struct shape *shape = shape_of(section->type);
	const struct conf_setting *setting;
	const struct conf_section *child;
	int ret = 0;

	if (!shape)
		return 0;
	for (setting = section->settings; setting && ret == 0; setting = setting->next) {
		ret = server_words_check_place(section, setting, error_r);
		if (ret == 0)
			ret = check_word(&setting->pos, section, "setting", setting->key,
					 shape->settings, error_r);
	}
	for (child = section->sections; child && ret == 0; child = child->next) {
		ret = check_word(&child->pos, section, "section", child->type, shape->sections,
				 error_r);
		if (ret == 0)
			ret = check_section(child, error_r);
	}
	return ret;
}

int dovetap_conf_check(const struct conf_section *root, struct error *error_r)
{
	return check_section(root, error_r);
}
