/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/pgsql_settings.h"

#include <errno.h>
#include <libpq-fe.h>
#include <stdlib.h>

#include "base/buf.h"
#include "conf/tree.h"
#include "store/drivers/sql/words.h"

#define CONNINFO_MAX 65536

void pgsql_hosts_release(struct pgsql_hosts *hosts)
{
	for (size_t i = 0; i < hosts->count; i++) {
		free(hosts->list[i].name);
		free(hosts->list[i].conninfo);
	}
	free(hosts->list);
	*hosts = (struct pgsql_hosts){0};
}

/* libpq's own complaint may quote half a password; a word that it does not know is safe to name,
 * because it stood in front of a "=". */
static int check_conninfo(const char *conninfo, struct error *error_r)
{
	char *complaint = NULL;
	PQconninfoOption *options = PQconninfoParse(conninfo, &complaint);
	bool named = complaint && strncmp(complaint, "invalid connection option", 25) == 0;
	int ret = 0;

	if (!options)
		ret = error_set(
			error_r, EINVAL, "pgsql: %.*s", named ? (int)strcspn(complaint, "\n") : 100,
			named ? complaint : "not a connection string of words like user=name");
	PQconninfoFree(options);
	PQfreemem(complaint);
	return ret;
}

static int add_host(struct pgsql_hosts *hosts, struct slice name, const struct buf *conninfo,
		    struct error *error_r)
{
	struct pgsql_host *list = realloc(hosts->list, (hosts->count + 1) * sizeof(*hosts->list));
	struct pgsql_host *host;

	if (!list)
		return error_set(error_r, ENOMEM, "out of memory");
	hosts->list = list;
	host = &list[hosts->count++];
	host->name = strndup(name.len ? name.ptr : "", name.len);
	host->conninfo = strdup(buf_str(conninfo));
	if (!host->name || !host->conninfo || conninfo->failed)
		return error_set(error_r, ENOMEM, "out of memory");
	return check_conninfo(host->conninfo, error_r);
}

/* --- 2.3 --------------------------------------------------------------------------------------*/

/* The words of connect that belong to libpq. */
static void put_words(struct buf *out, const char *connect)
{
	struct slice key, value;

	while (sql_words_next(&connect, &key, &value)) {
		if (slice_is(key, "host") || slice_is(key, "maxconns"))
			continue;
		buf_append_slice(out, key);
		if (value.ptr) {
			buf_append_char(out, '=');
			buf_append_slice(out, value);
		}
		buf_append_char(out, ' ');
	}
}

static int add_one(struct pgsql_hosts *hosts, struct slice name, const char *connect,
		   struct error *error_r)
{
	struct buf conninfo;
	int ret;

	buf_init(&conninfo, CONNINFO_MAX);
	if (name.ptr)
		buf_appendf(&conninfo, "host=%.*s ", (int)name.len, name.ptr);
	put_words(&conninfo, connect);
	ret = add_host(hosts, name, &conninfo, error_r);
	buf_release(&conninfo);
	return ret;
}

int pgsql_hosts_from_connect(struct pgsql_hosts *hosts_r, const char *connect,
			     struct error *error_r)
{
	struct pgsql_hosts hosts = {0};
	struct slice key, value;
	const char *list = connect;
	int ret = 0;

	while (ret == 0 && sql_words_next(&list, &key, &value))
		if (slice_is(key, "host") && value.ptr)
			ret = add_one(&hosts, value, connect, error_r);
	if (ret == 0 && hosts.count == 0)
		ret = add_one(&hosts, (struct slice){0}, connect, error_r);
	if (ret < 0)
		pgsql_hosts_release(&hosts);
	else
		*hosts_r = hosts;
	return ret;
}

/* --- 2.4 --------------------------------------------------------------------------------------*/

static void put_quoted(struct buf *out, const char *key, const char *value)
{
	buf_appendf(out, "%s='", key);
	for (; *value != '\0'; value++) {
		if (*value == '\'' || *value == '\\')
			buf_append_char(out, '\\');
		buf_append_char(out, *value);
	}
	buf_append_str(out, "' ");
}

static int add_filter(struct pgsql_hosts *hosts, const struct conf_section *filter,
		      struct error *error_r)
{
	const struct conf_section *parameters = conf_section_find(filter, "parameters", NULL);
	const struct conf_setting *setting = sql_words_find(filter, "pgsql_", "host");
	const char *host = setting ? setting->value : filter->name;
	struct buf conninfo;
	int ret;

	if (!parameters)
		parameters = conf_section_find(filter, "pgsql_parameters", NULL);
	buf_init(&conninfo, CONNINFO_MAX);
	if (host[0] != '\0')
		put_quoted(&conninfo, "host", host);
	for (setting = parameters ? parameters->settings : NULL; setting; setting = setting->next)
		put_quoted(&conninfo, setting->key, setting->value);
	ret = add_host(hosts, slice_str(host), &conninfo, error_r);
	if (ret < 0)
		error_prefix(error_r, "%s:%u", filter->pos.file, filter->pos.line);
	buf_release(&conninfo);
	return ret;
}

int pgsql_hosts_from_block(struct pgsql_hosts *hosts_r, const struct conf_section *block,
			   struct error *error_r)
{
	const struct conf_section *filter = sql_words_filter(block, "pgsql");
	struct pgsql_hosts hosts = {0};
	int ret = 0;

	if (!filter)
		return error_set(error_r, EINVAL,
				 "%s:%u: pgsql { .. } named list filter is missing",
				 block->pos.file, block->pos.line);
	for (; filter && ret == 0; filter = conf_section_next(filter, "pgsql", NULL))
		ret = add_filter(&hosts, filter, error_r);
	if (ret < 0)
		pgsql_hosts_release(&hosts);
	else
		*hosts_r = hosts;
	return ret;
}
