/* SPDX-License-Identifier: MIT */
#include "conf/config.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "conf/doveconf.h"
#include "conf/parse.h"
#include "conf/server_words.h"

void config_release(struct config *config)
{
	for (struct config_map *map = config->maps; map; map = map->next)
		conf_free(&map->tree);
	config->maps = NULL;
	conf_free(&config->command_line);
	conf_free(&config->own);
	conf_free(&config->server);
}

static int no_memory(struct error *error_r)
{
	return error_set(error_r, ENOMEM, "out of memory while reading the configuration");
}

static int load_own(const char *path, struct config *config, struct error *error_r)
{
	int ret;

	if (!path && access(CONFIG_DEFAULT_PATH, F_OK) < 0)
		return (config->own = conf_new()) ? 0 : no_memory(error_r);
	ret = conf_parse_file(path ? path : CONFIG_DEFAULT_PATH, 0, &config->own, error_r);
	if (ret == 0)
		ret = dovetap_conf_check(config->own, error_r);
	return ret < 0 ? ret : conf_load_files(config->own, error_r);
}

/* One word of the command line as if it stood in a file. */
static int set_word(struct config *config, const char *path, const char *value, const char *option,
		    struct error *error_r)
{
	if (value && conf_set(config->command_line, path, value, option) < 0)
		return no_memory(error_r);
	return 0;
}

static int load_command_line(const struct config_options *options, struct config *config,
			     struct error *error_r)
{
	const struct {
		const char *value, *path, *option;
	} words[] = {
		{options->dict, "plugin/last_login_dict", options->from ? "--from-dict" : "--dict"},
		{options->precision, "plugin/last_login_precision", "--precision"},
		{options->dovecot_config, "dovetap/dovecot_config",
		 options->from ? "--from-config" : "--dovecot-config"},
		{options->services, "dovetap/services", "--service"},
		{options->state_dir, "dovetap/state_dir", "--state-dir"},
	};
	int ret = 0;

	config->command_line = conf_new();
	if (!config->command_line)
		return no_memory(error_r);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && ret == 0; i++)
		ret = set_word(config, words[i].path, words[i].value, words[i].option, error_r);
	return ret;
}

/* A key on the command line is in the language of the server's file, 2.3 without one. */
static int load_key(const struct config_options *options, struct config *config,
		    struct error *error_r)
{
	bool v24 = conf_is_v24(config->own) || (config->server && conf_is_v24(config->server));

	return set_word(config, v24 ? "last_login/key" : "plugin/last_login_key", options->key,
			options->from ? "--from-key" : "--key", error_r);
}

int config_read_settings(struct config *config, struct error *error_r)
{
	const struct conf_section *const roots[] = {config->own, config->command_line, NULL};

	return dovetap_settings_read(roots, &config->settings, error_r);
}

/* The root folder of the container whose file it is, or NULL. */
static const char *root_of_server(const struct config_options *options,
				  const struct dovetap_settings *settings)
{
	const char *const *root = options->roots;

	if (conf_path_is_below(settings->dovecot_config, settings->dovecot_root))
		return settings->dovecot_root;
	while (root && *root && !conf_path_is_below(settings->dovecot_config, *root))
		root++;
	return root ? *root : NULL;
}

/* The release is that of the doveconf beside it, unless the setting has another. */
static int take_version(struct config *config, const char *version, struct error *error_r)
{
	if (config->settings.dovecot_version || *version == '\0')
		return 0;
	if (conf_set(config->command_line, "dovetap/dovecot_version", version, "doveconf") < 0)
		return no_memory(error_r);
	return config_read_settings(config, error_r);
}

static int load_server(const struct config_options *options, struct config *config,
		       struct error *error_r)
{
	const struct doveconf_options doveconf = {
		.program = options->doveconf,
		.root_dir = root_of_server(options, &config->settings),
	};
	struct doveconf_answer answer = {0};
	int ret;

	if (*config->settings.dovecot_config == '\0')
		return 0;
	ret = doveconf_read(config->settings.dovecot_config, &doveconf, &config->server, &answer,
			    error_r);
	config->doveconf = answer.program;
	config->doveconf_error = answer.error;
	if (ret == 0)
		ret = take_version(config, answer.version, error_r);
	return ret < 0 ? ret : server_words_check(config->server, error_r);
}

int config_read_last_login(struct config *config, struct error *error_r)
{
	static const enum last_login_language languages[] = {
		[DOVETAP_TEMPLATE_AUTO] = LAST_LOGIN_BY_SYNTAX,
		[DOVETAP_TEMPLATE_V23] = LAST_LOGIN_V23,
		[DOVETAP_TEMPLATE_V24] = LAST_LOGIN_V24,
	};
	const struct last_login_options options = {
		.services = config->settings.services,
		.language = languages[config->settings.template_version],
	};
	struct conf_section *const with_server[] = {config->server, config->own,
						    config->command_line, NULL};

	return last_login_read(with_server + !config->server, &options, &config->last_login,
			       error_r);
}

int config_load(const struct config_options *options, struct config *config_r,
		struct error *error_r)
{
	struct config config = {0};
	int ret;

	ret = load_own(options->path, &config, error_r);
	if (ret == 0)
		ret = load_command_line(options, &config, error_r);
	if (ret == 0)
		ret = config_read_settings(&config, error_r);
	if (ret == 0)
		ret = load_server(options, &config, error_r);
	if (ret == 0)
		ret = load_key(options, &config, error_r);
	if (ret == 0)
		ret = config_read_last_login(&config, error_r);
	if (ret < 0)
		config_release(&config);
	else
		*config_r = config;
	return ret;
}
