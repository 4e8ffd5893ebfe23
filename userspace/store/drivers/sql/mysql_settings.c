/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/mysql_settings.h"

#include <errno.h>
#include <stdlib.h>

#include "conf/dovecot_value.h"
#include "conf/tree.h"
#include "store/drivers/sql/words.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_PORT, KIND_TIME, KIND_BOOL };

static const struct setting {
	const char *name;
	enum kind kind;
	size_t offset;
	const char *value; /* the default */
} settings[] = {
#define AT(member) offsetof(struct mysql_host, member)
	{"user", KIND_TEXT, AT(user), NULL},
	{"password", KIND_TEXT, AT(password), NULL},
	{"dbname", KIND_TEXT, AT(dbname), NULL},
	{"port", KIND_PORT, AT(port), "0"},
	{"client_flags", KIND_NUMBER, AT(client_flags), "0"},
	{"connect_timeout", KIND_TIME, AT(connect_timeout), "5"},
	{"read_timeout", KIND_TIME, AT(read_timeout), "30"},
	{"write_timeout", KIND_TIME, AT(write_timeout), "30"},
	{"ssl_ca", KIND_TEXT, AT(ssl_ca), NULL},
	{"ssl_ca_path", KIND_TEXT, AT(ssl_ca_path), NULL},
	{"ssl_cert", KIND_TEXT, AT(ssl_cert), NULL},
	{"ssl_key", KIND_TEXT, AT(ssl_key), NULL},
	{"ssl_cipher", KIND_TEXT, AT(ssl_cipher), "HIGH"},
	{"ssl_verify_server_cert", KIND_BOOL, AT(ssl_verify_server_cert), "yes"},
	{"option_file", KIND_TEXT, AT(option_file), NULL},
	{"option_group", KIND_TEXT, AT(option_group), "client"},
#undef AT
};

#define SETTING_COUNT (sizeof(settings) / sizeof(*settings))

static int set_text(char **out, const char *value, struct error *error_r)
{
	char *copy = strdup(value);

	if (!copy)
		return error_set(error_r, ENOMEM, "out of memory");
	free(*out);
	*out = copy;
	return 0;
}

static int set_number(unsigned int *out, const struct setting *setting, const char *value,
		      struct error *error_r)
{
	unsigned long max = setting->kind == KIND_PORT ? 65535 : 0xffffffffUL;
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || value[0] == '-' || number > max)
		return error_set(error_r, EINVAL, "Invalid %s: %s (0 to %lu)", setting->name, value,
				 max);
	*out = (unsigned int)number;
	return 0;
}

static int set_bool(bool *out, const struct setting *setting, const char *value,
		    struct error *error_r)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return error_set(error_r, EINVAL, "Invalid %s: %s (yes or no)", setting->name,
				 value);
	*out = strcmp(value, "yes") == 0;
	return 0;
}

static int set(struct mysql_host *host, const struct setting *setting, const char *value,
	       struct error *error_r)
{
	void *member = (char *)host + setting->offset;

	switch (setting->kind) {
	case KIND_TEXT:
		return set_text(member, value, error_r);
	case KIND_NUMBER:
	case KIND_PORT:
		return set_number(member, setting, value, error_r);
	case KIND_BOOL:
		return set_bool(member, setting, value, error_r);
	default:
		if (sql_words_time(value, member))
			return 0;
		return error_set(error_r, EINVAL, "Invalid %s: %s (seconds)", setting->name, value);
	}
}

static int set_defaults(struct mysql_host *host, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < SETTING_COUNT && ret == 0; i++)
		if (settings[i].value)
			ret = set(host, &settings[i], settings[i].value, error_r);
	return ret;
}

static void mysql_host_release(struct mysql_host *host)
{
	free(host->host);
	for (size_t i = 0; i < SETTING_COUNT; i++)
		if (settings[i].kind == KIND_TEXT)
			free(*(char **)((char *)host + settings[i].offset));
}

void mysql_hosts_release(struct mysql_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++)
		mysql_host_release(&hosts->list[i]);
	free(hosts->list);
	*hosts = (struct mysql_hosts){0};
}

/* With its defaults. */
static int add_host(struct mysql_hosts *hosts, const char *name, struct mysql_host **host_r,
		    struct error *error_r)
{
	struct mysql_host *list = realloc(hosts->list, (hosts->count + 1) * sizeof(*hosts->list));
	struct mysql_host *host;
	int ret;

	if (!list) {
		error_set(error_r, ENOMEM, "out of memory");
		return -ENOMEM;
	}
	hosts->list = list;
	host = &list[hosts->count++];
	*host = (struct mysql_host){0};
	ret = name ? set_text(&host->host, name, error_r) : 0;
	if (ret == 0)
		ret = set_defaults(host, error_r);
	*host_r = host;
	return ret;
}

/* --- 2.3 --------------------------------------------------------------------------------------*/

/* "hostaddr" is a second name; "maxconns" is for a pool, and one thread has one connection. */
static bool is_host(struct slice key)
{
	return slice_is(key, "host") || slice_is(key, "hostaddr");
}

static int collect_hosts(struct mysql_hosts *hosts, const char *connect, struct error *error_r)
{
	struct mysql_host *host = NULL;
	struct slice key, value;
	bool option_file = false;

	while (sql_words_next(&connect, &key, &value)) {
		char name[256];
		int ret;

		option_file |= slice_is(key, "option_file");
		if (!is_host(key) || !value.ptr)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)value.len, value.ptr);
		ret = add_host(hosts, name, &host, error_r);
		if (ret < 0)
			return ret;
	}
	if (hosts->count > 0)
		return 0;
	if (option_file)
		return add_host(hosts, NULL, &host, error_r);
	return error_set(error_r, EINVAL, "No hosts given in connect string: add host=...");
}

static int set_word(struct mysql_hosts *hosts, struct slice key, const char *value,
		    struct error *error_r)
{
	int ret = 0;

	if (is_host(key) || slice_is(key, "maxconns"))
		return 0;
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		if (!slice_is(key, settings[i].name))
			continue;
		for (size_t j = 0; j < hosts->count && ret == 0; j++)
			ret = set(&hosts->list[j], &settings[i], value, error_r);
		return ret;
	}
	return error_set(error_r, EINVAL, "Unknown connect string: %.*s", (int)key.len, key.ptr);
}

int mysql_hosts_from_connect(struct mysql_hosts *hosts_r, const char *connect,
			     struct error *error_r)
{
	struct mysql_hosts hosts = {0};
	struct slice key, value;
	int ret = collect_hosts(&hosts, connect, error_r);

	while (ret == 0 && sql_words_next(&connect, &key, &value)) {
		char *text = value.ptr ? strndup(value.ptr, value.len) : NULL;

		/* The word itself may be half a password with a blank in it. */
		ret = text ? set_word(&hosts, key, text, error_r)
			   : error_set(error_r, EINVAL,
				       "Missing value in connect string: a word has no \"=\"");
		free(text);
	}
	if (ret < 0)
		mysql_hosts_release(&hosts);
	else
		*hosts_r = hosts;
	return ret;
}

/* --- 2.4 --------------------------------------------------------------------------------------*/

static int set_from_filter(struct mysql_host *host, const struct conf_section *filter,
			   struct error *error_r)
{
	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct conf_setting *found =
			sql_words_find(filter, "mysql_", settings[i].name);
		int ret = found ? set(host, &settings[i], found->value, error_r) : 0;

		if (ret < 0)
			return error_prefix(error_r, "%s:%u", found->pos.file, found->pos.line);
	}
	return 0;
}

/* Dovecot's ssl_client settings, which "mysql_ssl = yes" takes. */
static const struct {
	const char *name;
	size_t at;
} ssl_client[] = {
	{"ca_file", offsetof(struct mysql_host, ssl_ca)},
	{"ca_dir", offsetof(struct mysql_host, ssl_ca_path)},
	{"cert_file", offsetof(struct mysql_host, ssl_cert)},
	{"key_file", offsetof(struct mysql_host, ssl_key)},
};

static int set_ssl_client(struct mysql_host *host, const struct conf_section *filter,
			  struct error *error_r)
{
	const struct conf_setting *valid =
		sql_words_find(filter, "ssl_client_", "require_valid_cert");
	int ret = 0;

	for (size_t i = 0; i < sizeof(ssl_client) / sizeof(ssl_client[0]) && ret == 0; i++) {
		const struct conf_setting *found =
			sql_words_find(filter, "ssl_client_", ssl_client[i].name);

		if (found && *found->value)
			ret = set_text((char **)((char *)host + ssl_client[i].at), found->value,
				       error_r);
	}
	if (valid)
		host->ssl_verify_server_cert = strcmp(valid->value, "no") != 0;
	return ret;
}

static int set_ssl(struct mysql_host *host, const struct conf_section *filter,
		   struct error *error_r)
{
	const struct conf_setting *ssl = sql_words_find(filter, "mysql_", "ssl");

	if (ssl && !dovecot_bool_parse(ssl->value, &host->ssl))
		return error_set(error_r, EINVAL, "%s:%u: Invalid mysql_ssl: %s (yes or no)",
				 ssl->pos.file, ssl->pos.line, ssl->value);
	return host->ssl ? set_ssl_client(host, filter, error_r) : 0;
}

int mysql_hosts_from_block(struct mysql_hosts *hosts_r, const struct conf_section *block,
			   struct error *error_r)
{
	const struct conf_section *filter = sql_words_filter(block, "mysql");
	struct mysql_hosts hosts = {0};
	int ret = 0;

	if (!filter)
		return error_set(error_r, EINVAL,
				 "%s:%u: mysql { .. } named list filter is missing",
				 block->pos.file, block->pos.line);
	for (; filter && ret == 0; filter = conf_section_next(filter, "mysql", NULL)) {
		const struct conf_setting *name = sql_words_find(filter, "mysql_", "host");
		struct mysql_host *host = NULL;

		ret = add_host(&hosts, name ? name->value : filter->name, &host, error_r);
		if (ret == 0)
			ret = set_from_filter(host, filter, error_r);
		if (ret == 0)
			ret = set_ssl(host, filter, error_r);
	}
	if (ret < 0)
		mysql_hosts_release(&hosts);
	else
		*hosts_r = hosts;
	return ret;
}
