/* SPDX-License-Identifier: MIT */
/* The connect string of a 2.3 SQL map as settings of 2.4. */
#include "conf/convert_connect.h"
#include "conf/print.h"

#include <errno.h>
#include <string.h>

#define WORD_MAX 256

/* One "name=value" of a connect string. */
struct word {
	char name[WORD_MAX], value[WORD_MAX];
};

struct job {
	struct convert *convert;
	const char *driver;
	const struct conf_setting *connect;
	struct error *error_r;
	struct buf *out; /* of append_host() */
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
	return convert_word_v23(convert_server_words, word->name, strlen(word->name)) != NULL;
}

static int print_server_word(const struct job *job, const struct word *word)
{
	return is_server_word(word) ? print_word(job, convert_server_words, word) : 0;
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
	return is_host(word) || is_server_word(word) ? 0
						     : print_word(job, convert_mysql_words, word);
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
	return strcmp(word->name, "maxconns") == 0 ? print_word(job, convert_pgsql_words, word) : 0;
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
	return is_host(word) ? 0 : print_word(job, convert_cassandra_words, word);
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

static const struct {
	const char *name;
	int (*convert)(const struct job *job);
} drivers[] = {
	{"mysql", mysql_to_block},
	{"pgsql", pgsql_to_block},
	{"sqlite", sqlite_to_block},
	{"cassandra", cassandra_to_block},
};

int convert_connect_to_block(struct convert *convert, const char *driver_name,
			     const struct conf_setting *connect, struct error *error_r)
{
	const struct job job = {
		.convert = convert, .driver = driver_name, .connect = connect, .error_r = error_r};

	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (strcmp(drivers[i].name, driver_name) == 0)
			return drivers[i].convert(&job);
	}
	return convert_unknown_driver(driver_name, &connect->pos, error_r);
}
