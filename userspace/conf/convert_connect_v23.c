/* SPDX-License-Identifier: MIT */
/* Settings of a 2.4 SQL driver as the connect string of a 2.3 SQL map. */
#include "conf/convert_connect.h"

#include <errno.h>
#include <string.h>

#define HOST_MAX 256

struct job {
	struct convert *convert;
	const char *driver;
	const struct conf_section *block;
	struct error *error_r;
	struct buf *out; /* the connect string */
};

static int append_word(const struct job *job, const char *name, const char *value,
		       const struct conf_pos *pos)
{
	bool quoted = strcmp(job->driver, "pgsql") == 0;

	if (!quoted && (*value == '\0' || strpbrk(value, " \t")))
		return conf_error(pos, job->error_r, EINVAL,
				  "%s: a value with blanks, or none, has no form in a 2.3 connect "
				  "string",
				  name);
	buf_appendf(job->out, "%s%s=", job->out->len > 0 ? " " : "", name);
	if (!quoted || (*value != '\0' && !strpbrk(value, " \t'\\")))
		return buf_append_str(job->out, value);
	buf_append_char(job->out, '\'');
	for (; *value != '\0'; value++)
		buf_appendf(job->out, *value == '\'' || *value == '\\' ? "\\%c" : "%c", *value);
	return buf_append_char(job->out, '\'');
}

static int append_setting(const struct job *job, const struct convert_word *words,
			  const struct conf_setting *setting)
{
	const struct convert_word *word = convert_word_v24(words, setting->key);
	struct buf value;
	int ret;

	if (!word)
		return conf_error(&setting->pos, job->error_r, EINVAL,
				  "\"%s\" has no form in a 2.3 map file; remove it", setting->key);
	buf_init(&value, CONF_TREE_MAX);
	ret = convert_value(job->convert, word->unit, setting->key, setting->value, &setting->pos,
			    &value, job->error_r);
	if (ret == 0)
		ret = append_word(job, word->v23, buf_str(&value), &setting->pos);
	buf_release(&value);
	return ret;
}

/* The settings of the dict block that belong to the SQL driver. */
static int append_driver_settings(const struct job *job, const struct convert_word *words)
{
	static const char *const others[] = {"driver", "dict_driver", "sql_driver",
					     "cassandra_hosts", NULL};
	const struct conf_setting *setting;
	int ret = 0;

	for (setting = job->block->settings; setting && ret == 0; setting = setting->next) {
		bool other = false;

		for (size_t i = 0; others[i]; i++)
			other |= strcmp(others[i], setting->key) == 0;
		if (!other && !convert_word_v24(convert_server_words, setting->key))
			ret = append_setting(job, words, setting);
	}
	return ret;
}

/* All servers have one connect string in 2.3, so they must not differ in more than the host. */
static int check_same(const struct job *job, const struct conf_section *first,
		      const struct conf_section *server)
{
	const struct conf_setting *setting;

	for (setting = server->settings; setting; setting = setting->next) {
		if (strcmp(setting->value, conf_setting_value(first, setting->key, "")) != 0)
			return conf_error(&setting->pos, job->error_r, EINVAL,
					  "%s differs from that of the server %s; 2.3 has one for "
					  "all",
					  setting->key, first->name);
	}
	return 0;
}

static int append_hosts(const struct job *job)
{
	const struct conf_section *first = conf_section_find(job->block, job->driver, NULL);
	const struct conf_section *server;
	int ret = 0;

	for (server = first; server && ret == 0;
	     server = conf_section_next(server, job->driver, NULL)) {
		ret = check_same(job, first, server);
		if (ret == 0)
			ret = append_word(job, "host", server->name, &server->pos);
	}
	return ret;
}

static int append_settings(const struct job *job, const struct conf_section *section,
			   const struct convert_word *words)
{
	const struct conf_setting *setting = section ? section->settings : NULL;
	int ret = 0;

	for (; setting && ret == 0; setting = setting->next) {
		if (words)
			ret = append_setting(job, words, setting);
		else
			ret = append_word(job, setting->key, setting->value, &setting->pos);
	}
	return ret;
}

static int mysql_to_connect(const struct job *job)
{
	int ret = append_hosts(job);

	if (ret == 0)
		ret = append_settings(job, conf_section_find(job->block, "mysql", NULL),
				      convert_server_words);
	return ret < 0 ? ret : append_driver_settings(job, convert_mysql_words);
}

static int pgsql_to_connect(const struct job *job)
{
	const struct conf_section *server = conf_section_find(job->block, "pgsql", NULL);
	const struct conf_section *parameters =
		server ? conf_section_find(server, "parameters", "") : NULL;
	int ret = append_hosts(job);

	if (ret == 0)
		ret = append_settings(job, parameters, NULL);
	return ret < 0 ? ret : append_driver_settings(job, convert_pgsql_words);
}

static int cassandra_to_connect(const struct job *job)
{
	const struct conf_setting *hosts = conf_setting_find(job->block, "cassandra_hosts");
	const char *p = hosts ? hosts->value : "";
	char host[HOST_MAX];
	int ret = 0;

	for (p += strspn(p, " \t,"); *p != '\0' && ret == 0; p += strspn(p, " \t,")) {
		size_t len = strcspn(p, " \t,");

		(void)snprintf(host, sizeof(host), "%.*s", (int)len, p);
		ret = append_word(job, "host", host, &hosts->pos);
		p += len;
	}
	return ret < 0 ? ret : append_driver_settings(job, convert_cassandra_words);
}

static int sqlite_to_connect(const struct job *job)
{
	return buf_append_str(job->out, conf_setting_value(job->block, "sqlite_path", ""));
}

static const struct {
	const char *name;
	int (*convert)(const struct job *job);
} drivers[] = {
	{"mysql", mysql_to_connect},
	{"pgsql", pgsql_to_connect},
	{"sqlite", sqlite_to_connect},
	{"cassandra", cassandra_to_connect},
};

int convert_block_to_connect(struct convert *convert, const char *driver_name,
			     const struct conf_section *block, struct buf *connect,
			     struct error *error_r)
{
	const struct job job = {.convert = convert,
				.driver = driver_name,
				.block = block,
				.error_r = error_r,
				.out = connect};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i].name, driver_name) == 0)
			return drivers[i].convert(&job);
	}
	return convert_unknown_driver(driver_name, &block->pos, error_r);
}
