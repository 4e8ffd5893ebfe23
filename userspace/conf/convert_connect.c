/* SPDX-License-Identifier: MIT */
/* The connect string of a 2.3 SQL map, and the settings that 2.4 has for it. */
#include "conf/convert_parts.h"
#include "conf/print.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

/* Words of "connect" that in 2.4 stand in the block of each server. */
static const struct convert_word server_words[] = {
	{"port", "port", CONVERT_PLAIN, "mysql_port"},
	{"user", "user", CONVERT_PLAIN, "mysql_user"},
	{"password", "password", CONVERT_PLAIN, "mysql_password"},
	{"dbname", "dbname", CONVERT_PLAIN, "mysql_dbname"},
	{0},
};

static const struct convert_word mysql_words[] = {
	{"maxconns", "mysql_connection_limit", CONVERT_PLAIN, NULL},
	{"client_flags", "mysql_client_flags", CONVERT_PLAIN, NULL},
	{"connect_timeout", "mysql_connect_timeout", CONVERT_SECS, NULL},
	{"read_timeout", "mysql_read_timeout", CONVERT_SECS, NULL},
	{"write_timeout", "mysql_write_timeout", CONVERT_SECS, NULL},
	{"option_file", "mysql_option_file", CONVERT_PLAIN, NULL},
	{"option_group", "mysql_option_group", CONVERT_PLAIN, NULL},
	{"ssl_ca", "ssl_client_ca_file", CONVERT_PLAIN, NULL},
	{"ssl_ca_path", "ssl_client_ca_dir", CONVERT_PLAIN, NULL},
	{"ssl_cert", "ssl_client_cert_file", CONVERT_PLAIN, NULL},
	{"ssl_key", "ssl_client_key_file", CONVERT_PLAIN, NULL},
	{"ssl_cipher", "ssl_cipher_list", CONVERT_PLAIN, NULL},
	{"ssl_verify_server_cert", "ssl_client_require_valid_cert", CONVERT_PLAIN, NULL},
	{0},
};

static const struct convert_word pgsql_words[] = {
	{"maxconns", "pgsql_connection_limit", CONVERT_PLAIN, NULL},
	{0},
};

static const struct convert_word cassandra_words[] = {
	{"port", "cassandra_port", CONVERT_PLAIN, NULL},
	{"dbname", "cassandra_keyspace", CONVERT_PLAIN, NULL},
	{"keyspace", "cassandra_keyspace", CONVERT_PLAIN, NULL},
	{"user", "cassandra_user", CONVERT_PLAIN, NULL},
	{"password", "cassandra_password", CONVERT_PLAIN, NULL},
	{"read_consistency", "cassandra_read_consistency", CONVERT_PLAIN, NULL},
	{"write_consistency", "cassandra_write_consistency", CONVERT_PLAIN, NULL},
	{"delete_consistency", "cassandra_delete_consistency", CONVERT_PLAIN, NULL},
	{"read_fallback_consistency", "cassandra_read_fallback_consistency", CONVERT_PLAIN, NULL},
	{"write_fallback_consistency", "cassandra_write_fallback_consistency", CONVERT_PLAIN, NULL},
	{"delete_fallback_consistency", "cassandra_delete_fallback_consistency", CONVERT_PLAIN,
	 NULL},
	{"connect_timeout", "cassandra_connect_timeout", CONVERT_TIME, NULL},
	{"request_timeout", "cassandra_request_timeout", CONVERT_TIME, NULL},
	{"warn_timeout", "cassandra_warn_timeout", CONVERT_TIME, NULL},
	{"heartbeat_interval", "cassandra_heartbeat_interval", CONVERT_TIME, NULL},
	{"idle_timeout", "cassandra_idle_timeout", CONVERT_TIME, NULL},
	{"execution_retry_interval", "cassandra_execution_retry_interval", CONVERT_TIME, NULL},
	{"execution_retry_times", "cassandra_execution_retry_times", CONVERT_PLAIN, NULL},
	{"num_threads", "cassandra_io_thread_count", CONVERT_PLAIN, NULL},
	{"page_size", "cassandra_page_size", CONVERT_PLAIN, NULL},
	{"version", "cassandra_protocol_version", CONVERT_PLAIN, NULL},
	{"latency_aware_routing", "cassandra_latency_aware_routing", CONVERT_PLAIN, NULL},
	{"log_level", "cassandra_log_level", CONVERT_PLAIN, NULL},
	{"debug_queries", "cassandra_debug_queries", CONVERT_PLAIN, NULL},
	{"metrics", "cassandra_metrics_path", CONVERT_PLAIN, NULL},
	{0},
};

/* --- 2.3 to 2.4 ----------------------------------------------------------------------------- */

#define WORD_MAX 256

/* One "name=value" of a connect string. */
struct word {
	char name[WORD_MAX], value[WORD_MAX];
};

struct job {
	struct convert *convert;
	const char *driver;
	const struct conf_setting *connect; /* 2.3 */
	const struct conf_section *block;   /* 2.4 */
	struct error *error_r;
	struct buf *out; /* 2.4 to 2.3: the connect string */
};

static bool copy(char *to, const char *from, size_t len)
{
	if (len >= WORD_MAX)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

/* libpq's quotes: 'a \' b'. Returns what stands behind the value, NULL when it is too long. */
static const char *read_quoted(const char *p, char *value)
{
	size_t len = 0;

	for (p++; *p != '\0' && *p != '\''; p++) {
		p += *p == '\\' && p[1] != '\0';
		if (len + 1 >= WORD_MAX)
			return NULL;
		value[len++] = *p;
	}
	value[len] = '\0';
	return *p == '\'' ? p + 1 : p;
}

static int word_error(const struct job *job, const char *p)
{
	return conf_error(&job->connect->pos, job->error_r, EINVAL,
			  "connect: \"%.*s\" is no option; name=value would be right",
			  (int)strcspn(p, " \t="), p);
}

/* 1: *word_r is filled and *rest moved on; 0: no more words. */
static int next_word(const struct job *job, const char **rest, struct word *word_r)
{
	const char *p = *rest + strspn(*rest, " \t");
	size_t len = strcspn(p, " \t=");

	if (*p == '\0')
		return 0;
	if (p[len] != '=' || !copy(word_r->name, p, len))
		return word_error(job, p);
	p += len + 1;
	if (*p == '\'' && strcmp(job->driver, "pgsql") == 0) {
		*rest = read_quoted(p, word_r->value);
		return *rest ? 1 : word_error(job, word_r->name);
	}
	len = strcspn(p, " \t");
	*rest = p + len;
	return copy(word_r->value, p, len) ? 1 : word_error(job, word_r->name);
}

static bool is_host(const struct word *word)
{
	return strcmp(word->name, "host") == 0 || strcmp(word->name, "hostaddr") == 0;
}

typedef int word_fn(const struct job *job, const struct word *word);

static int for_words(const struct job *job, word_fn *call)
{
	const char *rest = job->connect->value;
	struct word word;
	int ret;

	while ((ret = next_word(job, &rest, &word)) > 0) {
		ret = call(job, &word);
		if (ret < 0)
			return ret;
	}
	return ret;
}

static int print_word(const struct job *job, const struct convert_word *words,
		      const struct word *word)
{
	const struct convert_word *known = convert_word_v23(words, word->name, strlen(word->name));

	if (!known)
		return conf_error(&job->connect->pos, job->error_r, EINVAL,
				  "connect: the option \"%s\" has no form in 2.4; remove it",
				  word->name);
	return convert_print_word(job->convert, known, word->value, &job->connect->pos,
				  job->error_r);
}

static bool is_server_word(const struct word *word)
{
	return convert_word_v23(server_words, word->name, strlen(word->name)) != NULL;
}

static int print_server_word(const struct job *job, const struct word *word)
{
	return is_server_word(word) ? print_word(job, server_words, word) : 0;
}

static int print_mysql_server(const struct job *job, const struct word *word)
{
	int ret;

	if (!is_host(word))
		return 0;
	conf_print_begin(job->convert->out, job->convert->depth++, "mysql", word->value);
	ret = for_words(job, print_server_word);
	conf_print_end(job->convert->out, --job->convert->depth);
	return ret;
}

static int print_mysql_word(const struct job *job, const struct word *word)
{
	return is_host(word) || is_server_word(word) ? 0 : print_word(job, mysql_words, word);
}

static int mysql_to_block(const struct job *job)
{
	int ret = for_words(job, print_mysql_word);

	return ret < 0 ? ret : for_words(job, print_mysql_server);
}

static int print_pgsql_parameter(const struct job *job, const struct word *word)
{
	if (!is_host(word) && strcmp(word->name, "maxconns") != 0)
		conf_print_setting(job->convert->out, job->convert->depth, 0, word->name,
				   word->value, &job->connect->pos);
	return 0;
}

static int print_pgsql_server(const struct job *job, const struct word *word)
{
	int ret;

	if (!is_host(word))
		return 0;
	conf_print_begin(job->convert->out, job->convert->depth++, "pgsql", word->value);
	conf_print_begin(job->convert->out, job->convert->depth++, "parameters", "");
	ret = for_words(job, print_pgsql_parameter);
	conf_print_end(job->convert->out, --job->convert->depth);
	conf_print_end(job->convert->out, --job->convert->depth);
	return ret;
}

static int print_pgsql_word(const struct job *job, const struct word *word)
{
	return strcmp(word->name, "maxconns") == 0 ? print_word(job, pgsql_words, word) : 0;
}

static int pgsql_to_block(const struct job *job)
{
	int ret = for_words(job, print_pgsql_word);

	return ret < 0 ? ret : for_words(job, print_pgsql_server);
}

static int append_host(const struct job *job, const struct word *word)
{
	if (is_host(word))
		buf_appendf(job->out, "%s%s", job->out->len > 0 ? " " : "", word->value);
	return 0;
}

static int print_cassandra_word(const struct job *job, const struct word *word)
{
	return is_host(word) ? 0 : print_word(job, cassandra_words, word);
}

static int cassandra_to_block(const struct job *job)
{
	struct job with_hosts = *job;
	struct buf hosts;
	int ret;

	buf_init(&hosts, CONF_TREE_MAX);
	with_hosts.out = &hosts;
	ret = for_words(&with_hosts, append_host);
	if (ret == 0)
		conf_print_setting(job->convert->out, job->convert->depth, 0, "cassandra_hosts",
				   buf_str(&hosts), &job->connect->pos);
	buf_release(&hosts);
	return ret < 0 ? ret : for_words(job, print_cassandra_word);
}

static int sqlite_to_block(const struct job *job)
{
	conf_print_setting(job->convert->out, job->convert->depth, 0, "sqlite_path",
			   job->connect->value, &job->connect->pos);
	return 0;
}

/* --- 2.4 to 2.3 ----------------------------------------------------------------------------- */

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
		if (!other && !convert_word_v24(server_words, setting->key))
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
				      server_words);
	return ret < 0 ? ret : append_driver_settings(job, mysql_words);
}

static int pgsql_to_connect(const struct job *job)
{
	const struct conf_section *server = conf_section_find(job->block, "pgsql", NULL);
	const struct conf_section *parameters =
		server ? conf_section_find(server, "parameters", "") : NULL;
	int ret = append_hosts(job);

	if (ret == 0)
		ret = append_settings(job, parameters, NULL);
	return ret < 0 ? ret : append_driver_settings(job, pgsql_words);
}

static int cassandra_to_connect(const struct job *job)
{
	const struct conf_setting *hosts = conf_setting_find(job->block, "cassandra_hosts");
	const char *p = hosts ? hosts->value : "";
	char host[WORD_MAX];
	int ret = 0;

	for (p += strspn(p, " \t,"); *p != '\0' && ret == 0; p += strspn(p, " \t,")) {
		size_t len = strcspn(p, " \t,");

		if (copy(host, p, len))
			ret = append_word(job, "host", host, &hosts->pos);
		p += len;
	}
	return ret < 0 ? ret : append_driver_settings(job, cassandra_words);
}

static int sqlite_to_connect(const struct job *job)
{
	return buf_append_str(job->out, conf_setting_value(job->block, "sqlite_path", ""));
}

/* --- both ----------------------------------------------------------------------------------- */

static const struct driver {
	const char *name;
	int (*to_block)(const struct job *job);
	int (*to_connect)(const struct job *job);
} drivers[] = {
	{"mysql", mysql_to_block, mysql_to_connect},
	{"pgsql", pgsql_to_block, pgsql_to_connect},
	{"sqlite", sqlite_to_block, sqlite_to_connect},
	{"cassandra", cassandra_to_block, cassandra_to_connect},
};

static const struct driver *driver_find(const struct job *job, const struct conf_pos *pos)
{
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i].name, job->driver) == 0)
			return &drivers[i];
	}
	(void)conf_error(pos, job->error_r, EINVAL,
			 "the SQL driver \"%s\" is unknown; mysql, pgsql, sqlite or cassandra "
			 "would be right",
			 job->driver);
	return NULL;
}

int convert_connect_to_block(struct convert *convert, const char *driver_name,
			     const struct conf_setting *connect, struct error *error_r)
{
	const struct job job = {
		.convert = convert, .driver = driver_name, .connect = connect, .error_r = error_r};
	const struct driver *driver = driver_find(&job, &connect->pos);

	return driver ? driver->to_block(&job) : -EINVAL;
}

int convert_block_to_connect(struct convert *convert, const char *driver_name,
			     const struct conf_section *block, struct buf *connect,
			     struct error *error_r)
{
	const struct job job = {.convert = convert,
				.driver = driver_name,
				.block = block,
				.error_r = error_r,
				.out = connect};
	const struct driver *driver = driver_find(&job, &block->pos);

	return driver ? driver->to_connect(&job) : -EINVAL;
}
