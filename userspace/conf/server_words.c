/* SPDX-License-Identifier: MIT */
#include "conf/server_words.h"

#include <errno.h>
#include <string.h>

#include "conf/settings.h"

static const char *const in_plugin[] = {"last_login_dict", "last_login_key", "last_login_precision",
					"last_login_source", NULL};
static const char *const elsewhere[] = {"last_login_key", "last_login_precision",
					"last_login_source", "last_login_dict_fields", NULL};

/* The blocks in which the plugin's settings can stand. */
static bool is_ours(const struct conf_section *section)
{
	static const char *const types[] = {"",	      "protocol",   "remote",	  "local",
					    "plugin", "local_name", "last_login", NULL};
	const char *const *type = types;

	while (*type && strcmp(*type, section->type) != 0)
		type++;
	return *type != NULL;
}

static bool has(const char *const *words, const char *word)
{
	while (*words && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

int server_words_check_place(const struct conf_section *in, const struct conf_setting *setting,
			     struct error *error_r)
{
	if (strcmp(in->type, "plugin") == 0 || strcmp(setting->key, "last_login_dict") != 0)
		return 0;
	return conf_error(&setting->pos, error_r, EINVAL,
			  "last_login_dict stands outside of plugin { }, where it has no effect; "
			  "plugin { last_login_dict = ... } would be right, or last_login { dict "
			  "... { } } in Dovecot 2.4");
}

static int check_word(const struct conf_section *in, const struct conf_setting *setting,
		      struct error *error_r)
{
	bool path = strncmp(setting->key, "plugin/", 7) == 0;
	const char *word = setting->key + (path ? 7 : 0), *nearest;
	const char *const *words = path || strcmp(in->type, "plugin") == 0 ? in_plugin : elsewhere;

	if (strncmp(word, "last_login_", 11) != 0 || has(words, word))
		return 0;
	nearest = conf_nearest(word, words);
	return conf_error(&setting->pos, error_r, EINVAL,
			  "unknown setting \"%s\"%s%s%s: it would have no effect", word,
			  nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			  nearest ? "\"?" : "");
}

int server_words_check(const struct conf_section *root, struct error *error_r)
{
	const struct conf_setting *setting;
	const struct conf_section *child;
	int ret = 0;

	for (setting = root->settings; setting && ret == 0; setting = setting->next) {
		ret = server_words_check_place(root, setting, error_r);
		if (ret == 0)
			ret = check_word(root, setting, error_r);
	}
	for (child = root->sections; child && ret == 0; child = child->next)
		if (is_ours(child))
			ret = server_words_check(child, error_r);
	return ret;
}
