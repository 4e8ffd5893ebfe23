/* SPDX-License-Identifier: MIT */
/* Dicts that logins are written to directly: 2.3 URIs and 2.4 blocks. */
#include "conf/convert_parts.h"
#include "conf/print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct convert_word redis_words[] = {
	{"host", "redis_host", CONVERT_PLAIN, NULL},
	{"port", "redis_port", CONVERT_PLAIN, NULL},
	{"path", "redis_socket_path", CONVERT_TEXT, NULL},
	{"prefix", "redis_key_prefix", CONVERT_TEXT, NULL},
	{"db", "redis_db_id", CONVERT_PLAIN, NULL},
	{"password", "redis_password", CONVERT_TEXT, NULL},
	{"expire_secs", "redis_expire", CONVERT_SECS, NULL},
	{"timeout_msecs", "redis_request_timeout", CONVERT_MSECS, NULL},
	{0},
};

static const struct convert_word file_path = {NULL, "dict_file_path", CONVERT_TEXT, "path"};
static const struct convert_word file_words[] = {
	{"lock", "dict_file_lock_method", CONVERT_PLAIN, "lock_method"},
	{0},
};

static const struct convert_word fs_words[] = {
	{"prefix", "fs_posix_prefix", CONVERT_TEXT, "prefix"},
	{"mode", "fs_posix_mode", CONVERT_PLAIN, "mode"},
	{"lock", "fs_posix_lock_method", CONVERT_PLAIN, "lock_method"},
	{"no-fsync", "fs_posix_fsync", CONVERT_IF_NO, "fsync"},
	{"accurate-mtime", "fs_posix_accurate_mtime", CONVERT_IF_YES, "accurate_mtime"},
	{0},
};

static const struct convert_word proxy_socket = {NULL, "dict_proxy_socket_path", CONVERT_TEXT,
						 "socket_path"};
static const struct convert_word proxy_name = {NULL, "dict_proxy_name", CONVERT_TEXT, "name"};
static const struct convert_word proxy_words[] = {
	{"idle_msecs", "dict_proxy_idle_timeout", CONVERT_MSECS, "idle_timeout"},
	{"warn_slow_msecs", "dict_proxy_slow_warn", CONVERT_MSECS, "slow_warn"},
	{0},
};

/* One URI or block on its way. */
struct job {
	struct convert *convert;
	const char *driver;
	const struct conf_pos *pos;
	struct error *error_r;
	struct buf *uri; /* 2.4 to 2.3 */
};

static bool is_flag(const struct convert_word *word)
{
	return word->unit == CONVERT_IF_YES || word->unit == CONVERT_IF_NO;
}

/* --- 2.3 to 2.4 ----------------------------------------------------------------------------- */

/* Cuts the text in front of the next ":" off and returns it; *rest is NULL behind the last one. */
static char *next_piece(char **rest)
{
	char *piece = *rest;

	*rest = strchr(piece, ':');
	if (*rest)
		*(*rest)++ = '\0';
	return piece;
}

static int print_word(const struct job *job, const struct convert_word *word, const char *value)
{
	return convert_print_word(job->convert, word, value, job->pos, job->error_r);
}

/* "name=value" or a bare word. */
static int print_option(const struct job *job, const struct convert_word *words, const char *option)
{
	size_t len = strcspn(option, "=");
	const struct convert_word *word = convert_word_v23(words, option, len);

	if (!word || is_flag(word) != (option[len] == '\0'))
		return conf_error(job->pos, job->error_r, EINVAL,
				  "%s: the option \"%.*s\" has no form in 2.4; remove it",
				  job->driver, (int)len, option);
	return print_word(job, word, is_flag(word) ? "" : option + len + 1);
}

static int print_options(const struct job *job, const struct convert_word *words, char *rest)
{
	int ret = 0;

	while (rest && ret == 0)
		ret = print_option(job, words, next_piece(&rest));
	return ret;
}

static int redis_to_block(struct job *job, char *rest)
{
	return *rest == '\0' ? 0 : print_options(job, redis_words, rest);
}

static int file_to_block(struct job *job, char *rest)
{
	int ret = print_word(job, &file_path, next_piece(&rest));

	return ret < 0 ? ret : print_options(job, file_words, rest);
}

static int fs_to_block(struct job *job, char *rest)
{
	const char *name = next_piece(&rest);
	int ret;

	if (strcmp(name, "posix") != 0)
		return conf_error(job->pos, job->error_r, EINVAL,
				  "fs: only the driver posix can be converted, not \"%s\"", name);
	conf_print_begin(job->convert->out, job->convert->depth++, "fs", "posix");
	ret = print_options(job, fs_words, rest);
	conf_print_end(job->convert->out, --job->convert->depth);
	return ret;
}

/* [idle_msecs=N:][warn_slow_msecs=N:][SOCKET]:NAME */
static int proxy_to_block(struct job *job, char *rest)
{
	char *name;
	int ret = 0;

	while (ret == 0 && convert_word_v23(proxy_words, rest, strcspn(rest, "=")) &&
	       strchr(rest, ':'))
		ret = print_option(job, proxy_words, next_piece(&rest));
	name = strrchr(rest, ':');
	if (name)
		*name++ = '\0';
	if (ret == 0 && name && *rest != '\0')
		ret = print_word(job, &proxy_socket, rest);
	return ret < 0 ? ret : print_word(job, &proxy_name, name ? name : rest);
}

/* --- 2.4 to 2.3 ----------------------------------------------------------------------------- */

/* Appends ":" and what stands behind it; a text with ":" inside has no form in 2.3. */
static int add_piece(const struct job *job, const char *name, const char *value)
{
	if (strchr(value, ':'))
		return conf_error(job->pos, job->error_r, EINVAL,
				  "%s: a value with \":\" cannot stand in a 2.3 URI", job->driver);
	return buf_appendf(job->uri, *name == '\0' ? ":%s%s" : ":%s=%s", name, value);
}

static int add_word(const struct job *job, const struct convert_word *word,
		    const struct conf_setting *setting)
{
	struct buf value;
	int ret;

	if (is_flag(word))
		return (strcmp(setting->value, "no") == 0) == (word->unit == CONVERT_IF_NO)
			       ? add_piece(job, "", word->v23)
			       : 0;
	buf_init(&value, CONF_TREE_MAX);
	ret = convert_value(job->convert, word->unit, setting->key, setting->value, &setting->pos,
			    &value, job->error_r);
	if (ret == 0)
		ret = add_piece(job, word->v23 ? word->v23 : "", buf_str(&value));
	buf_release(&value);
	return ret;
}

/* The settings that are texts without a name in 2.3, and "driver" itself. */
static bool is_known_text(const char *key, const struct convert_word *const *texts)
{
	for (; *texts; texts++) {
		if (strcmp(key, (*texts)->v24) == 0 || strcmp(key, (*texts)->short_v24) == 0)
			return true;
	}
	return strcmp(key, "driver") == 0 || strcmp(key, "dict_driver") == 0;
}

static int add_options(const struct job *job, const struct conf_section *block,
		       const struct convert_word *words, const struct convert_word *const *texts)
{
	const struct conf_setting *setting;
	int ret = 0;

	for (setting = block->settings; setting && ret == 0; setting = setting->next) {
		const struct convert_word *word = convert_word_v24(words, setting->key);

		if (word)
			ret = add_word(job, word, setting);
		else if (!is_known_text(setting->key, texts))
			ret = conf_error(&setting->pos, job->error_r, EINVAL,
					 "%s: \"%s\" has no form in 2.3; remove it", job->driver,
					 setting->key);
	}
	return ret;
}

/* The text's value as ":value"; ":" alone when it is not set. */
static int add_text(const struct job *job, const struct conf_section *block,
		    const struct convert_word *word)
{
	const struct conf_setting *setting = conf_setting_find(block, word->v24);

	if (!setting)
		setting = conf_setting_find(block, word->short_v24);
	return setting ? add_word(job, word, setting) : buf_append_char(job->uri, ':');
}

static int redis_to_uri(const struct job *job, const struct conf_section *block)
{
	static const struct convert_word *const texts[] = {NULL};
	size_t len = job->uri->len;
	int ret = add_options(job, block, redis_words, texts);

	return ret == 0 && job->uri->len == len ? buf_append_char(job->uri, ':') : ret;
}

static int file_to_uri(const struct job *job, const struct conf_section *block)
{
	static const struct convert_word *const texts[] = {&file_path, NULL};
	int ret = add_text(job, block, &file_path);

	return ret < 0 ? ret : add_options(job, block, file_words, texts);
}

static int fs_to_uri(const struct job *job, const struct conf_section *block)
{
	static const struct convert_word *const texts[] = {NULL};
	const struct conf_section *posix = conf_section_find(block, "fs", "posix");

	if (!posix)
		return conf_error(job->pos, job->error_r, EINVAL,
				  "fs: only \"fs posix { }\" can be converted");
	buf_append_str(job->uri, ":posix");
	return add_options(job, posix, fs_words, texts);
}

static int proxy_to_uri(const struct job *job, const struct conf_section *block)
{
	static const struct convert_word *const texts[] = {&proxy_socket, &proxy_name, NULL};
	int ret = add_options(job, block, proxy_words, texts);

	if (ret == 0)
		ret = add_text(job, block, &proxy_socket);
	return ret < 0 ? ret : add_text(job, block, &proxy_name);
}

/* --- both ----------------------------------------------------------------------------------- */

static const struct driver {
	const char *name;
	int (*to_block)(struct job *job, char *rest);
	int (*to_uri)(const struct job *job, const struct conf_section *block);
} drivers[] = {
	{"redis", redis_to_block, redis_to_uri},
	{"file", file_to_block, file_to_uri},
	{"fs", fs_to_block, fs_to_uri},
	{"proxy", proxy_to_block, proxy_to_uri},
};

static const struct driver *driver_find(const struct job *job)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i].name, job->driver) == 0)
			return &drivers[i];
	}
	(void)conf_error(job->pos, job->error_r, EINVAL,
			 "the dict driver \"%s\" has no form in %s; redis, file, fs and proxy have",
			 job->driver, job->convert->options->to_v24 ? "2.4" : "2.3");
	return NULL;
}

int convert_uri_to_block(struct convert *convert, const struct last_login_dict *dict,
			 const char *name, struct error *error_r)
{
	struct job job = {.convert = convert, .pos = &dict->pos, .error_r = error_r};
	char *uri = strdup(dict->uri), *rest = uri;
	const struct driver *driver;
	int ret = -EINVAL;

	if (!uri)
		return conf_error(&dict->pos, error_r, ENOMEM, "out of memory");
	job.driver = next_piece(&rest);
	driver = driver_find(&job);
	if (driver) {
		conf_print_begin(convert->out, convert->depth++, "dict", name ? name : job.driver);
		if (name)
			conf_print_setting(convert->out, convert->depth, 0, "driver", job.driver,
					   NULL);
		ret = driver->to_block(&job, rest);
		conf_print_end(convert->out, --convert->depth);
	}
	free(uri);
	return ret;
}

int convert_block_to_uri(const struct convert *convert, const struct last_login_dict *dict,
			 struct buf *uri, struct error *error_r)
{
	const struct conf_section *block = dict->block;
	struct job job = {.convert = (struct convert *)convert,
			  .pos = &dict->pos,
			  .error_r = error_r,
			  .uri = uri};
	const struct driver *driver;

	job.driver = conf_setting_value(block, "dict_driver",
					conf_setting_value(block, "driver", block->name));
	driver = driver_find(&job);
	if (!driver)
		return -EINVAL;
	buf_append_str(uri, driver->name);
	return driver->to_uri(&job, block);
}
