/* SPDX-License-Identifier: MIT */
#include "store/dict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "conf/tree.h"
#include "store/compare.h"
#include "store/drivers/drivers.h"
#include "store/drivers/sql/sql.h"
#include "store/stamp.h"

#define KEY_PREFIX "shared/"

/* "sqlite:" and "sqlite:path=FILE" are the embedded dict, "sqlite:FILE" is Dovecot's, where FILE
 * is a map. */
static bool embedded(const struct dict_config *config)
{
	const char *rest;

	if (!config->uri)
		return true;
	rest = strchr(config->uri, ':') + 1;
	return *rest == '\0' || strncmp(rest, "path=", 5) == 0;
}

/* SQLite with a table of the operator's. */
static bool mapped(const struct dict_config *config)
{
	return config->uri ? !embedded(config)
			   : conf_setting_find(config->block, "sql_driver") != NULL;
}

const char *dict_map_path(const char *uri)
{
	static const char *const with_map[] = {"mysql:", "pgsql:", "sqlite:", "cassandra:"};
	const struct dict_config config = {.uri = uri};

	if (!uri || dict_is_embedded(&config))
		return NULL;
	while (strncmp(uri, "debug:", 6) == 0)
		uri += 6;
	for (size_t i = 0; i < sizeof(with_map) / sizeof(with_map[0]); i++) {
		size_t len = strlen(with_map[i]);

		if (strncmp(uri, with_map[i], len) == 0)
			return uri[len] ? uri + len : NULL;
	}
	return NULL;
}

bool dict_is_embedded(const struct dict_config *config)
{
	struct dict_config inner = *config;

	while (inner.uri && strncmp(inner.uri, "debug:", 6) == 0)
		inner.uri += 6;
	return inner.uri && strncmp(inner.uri, "sqlite:", 7) == 0 && embedded(&inner);
}

/* The first row whose driver has the name and whose takes() agrees. */
static const struct {
	const struct dict_driver *driver;
	bool (*takes)(const struct dict_config *config); /* NULL takes all */
} registry[] = {
	{&memory_driver, NULL},	      {&debug_driver, NULL},
	{&sql_sqlite_driver, mapped}, {&sqlite_driver, embedded},
	{&redis_driver, NULL},	      {&file_driver, NULL},
	{&fs_driver, NULL},	      {&sql_mysql_driver, NULL},
	{&sql_pgsql_driver, NULL},    {&memcached_ascii_driver, NULL},
	{&proxy_driver, NULL},	      {&cassandra_driver, NULL},
};

#define REGISTRY_SIZE (sizeof(registry) / sizeof(registry[0]))

static const char *const outcome_names[DICT_OUTCOMES] = {
	[DICT_PENDING] = "pending", [DICT_STORED] = "stored",	[DICT_UNCHANGED] = "unchanged",
	[DICT_RETRY] = "retry",	    [DICT_REFUSED] = "refused", [DICT_UNCERTAIN] = "uncertain",
	[DICT_DONE] = "done",
};

const char *dict_outcome_name(enum dict_outcome outcome)
{
	return outcome_names[outcome];
}

/* --- opening ------------------------------------------------------------------------------- */

static int unknown_driver(struct slice name, struct error *error_r)
{
	struct buf known;
	int ret;

	buf_init(&known, 256);
	for (size_t i = 0; i < REGISTRY_SIZE; i++) {
		if (i == 0 || registry[i].driver->name != registry[i - 1].driver->name)
			buf_appendf(&known, "%s%s", i ? " " : "", registry[i].driver->name);
	}
	ret = error_set(error_r, EINVAL, "Unknown dict module: %.*s (known: %s)", (int)name.len,
			name.ptr, buf_str(&known));
	buf_release(&known);
	return ret;
}

static const char *setting(const struct conf_section *block, const char *key)
{
	const char *value = NULL;

	for (const struct conf_setting *s = block->settings; s; s = s->next) {
		if (strcmp(s->key, key) == 0)
			value = s->value;
	}
	return value;
}

/* A block's name doubles as its driver; "sql" leaves the choice to sql_driver. */
static int block_driver(const struct conf_section *block, struct slice *name_r,
			struct error *error_r)
{
	const char *name = setting(block, "driver");

	if (!name)
		name = setting(block, "dict_driver");
	if (!name)
		name = block->name;
	if (strcmp(name, "sql") == 0) {
		name = setting(block, "sql_driver");
		if (!name)
			return error_set(error_r, EINVAL,
					 "sql_driver is not set (mysql, pgsql, sqlite, cassandra)");
	}
	*name_r = slice_str(name);
	return 0;
}

static int driver_name(const struct dict_config *config, struct slice *name_r,
		       struct error *error_r)
{
	size_t len;

	if (config->block)
		return block_driver(config->block, name_r, error_r);
	len = strcspn(config->uri, ":");
	if (config->uri[len] == '\0')
		return error_set(error_r, EINVAL, "Dictionary URI is missing ':': %s (use %s:)",
				 config->uri, config->uri);
	*name_r = (struct slice){config->uri, len};
	return 0;
}

static const struct dict_driver *find_driver(const struct dict_config *config, struct slice name)
{
	for (size_t i = 0; i < REGISTRY_SIZE; i++) {
		if (slice_is(name, registry[i].driver->name) &&
		    (!registry[i].takes || registry[i].takes(config)))
			return registry[i].driver;
	}
	return NULL;
}

static int open_driver(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	const struct dict_driver *driver;
	struct slice name = {0};
	int ret = driver_name(config, &name, error_r);

	if (ret < 0)
		return ret;
	driver = find_driver(config, name);
	if (!driver)
		return unknown_driver(name, error_r);
	ret = driver->open(config, dict_r, error_r);
	if (ret < 0)
		return error_prefix(error_r, "dict %s", driver->name);
	(*dict_r)->driver = driver;
	(*dict_r)->strict = config->strict;
	return 0;
}

int dict_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	int ret = open_driver(config, dict_r, error_r);

	if (ret < 0 && config->where)
		error_prefix(error_r, "%s", config->where);
	return ret;
}

void dict_close(struct dict **dict)
{
	if (*dict)
		(*dict)->driver->close(*dict);
	*dict = NULL;
}

/* --- slots --------------------------------------------------------------------------------- */

static int no_slot(const struct dict *dict, const char *what, struct error *error_r)
{
	return error_set(error_r, EOPNOTSUPP, "dict %s cannot %s", dict->driver->name, what);
}

int dict_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
	       struct error *error_r)
{
	bool compares = dict->strict || dict->driver->caps & DICT_CAP_NEWEST_WINS;
	struct error error = {0};
	int ret;

	for (size_t i = 0; i < count; i++)
		dict_entry_set(&entries[i], DICT_PENDING, "%s", "");
	if (count == 0)
		return 0;
	ret = (compares ? dict->driver->write : compare_write)(dict, entries, count, deadline_ns,
							       &error);
	if (ret < 0)
		dict_entries_set(entries, count, DICT_RETRY, error.text);
	if (ret < 0 && error_r)
		*error_r = error;
	return ret;
}

int dict_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
		int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	if (!dict->driver->lookup)
		return no_slot(dict, "look up records", error_r);
	if (user.len == 0 && !(dict->driver->caps & DICT_CAP_LIST))
		return no_slot(dict, "list every user", error_r);
	return dict->driver->lookup(dict, user, keys, key_count, deadline_ns, cb, context, error_r);
}

int dict_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	return dict->driver->ping ? dict->driver->ping(dict, deadline_ns, error_r) : 0;
}

int dict_check_key(struct dict *dict, const char *const *variables, struct error *error_r)
{
	return dict->driver->check_key ? dict->driver->check_key(dict, variables, error_r) : 0;
}

int dict_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		struct error *error_r)
{
	if (!dict->driver->expire)
		return no_slot(dict, "remove old records", error_r);
	return dict->driver->expire(dict, expiry, deadline_ns, error_r);
}

void dict_tidy(struct dict *dict)
{
	if (dict->driver->tidy)
		dict->driver->tidy(dict);
}

void dict_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	if (dict->driver->places)
		dict->driver->places(dict, cb, context);
}

/* --- for drivers --------------------------------------------------------------------------- */

void dict_entry_set(struct dict_entry *entry, enum dict_outcome outcome, const char *fmt, ...)
{
	va_list args;

	entry->outcome = outcome;
	va_start(args, fmt);
	vsnprintf(entry->reason, sizeof(entry->reason), fmt, args);
	va_end(args);
}

void dict_entries_set(struct dict_entry *entries, size_t count, enum dict_outcome outcome,
		      const char *reason)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome == DICT_PENDING)
			dict_entry_set(&entries[i], outcome, "%s", reason);
	}
}

struct slice dict_key_name(struct slice key)
{
	size_t len = strlen(KEY_PREFIX);

	if (key.len < len || memcmp(key.ptr, KEY_PREFIX, len) != 0)
		return key;
	return (struct slice){key.ptr + len, key.len - len};
}

/* Digits can be anything, a port for instance; a time was cut to a second at most. */
bool dict_entry_is_time(const struct dict_entry *entry)
{
	int64_t stored = stamp_to_ns(entry->value);

	return stored >= 0 && stored <= entry->time_ns && entry->time_ns - stored < 1000000000;
}

bool dict_takes_fields(const struct dict *dict)
{
	return !(dict->driver->caps & DICT_CAP_TIMES_ONLY);
}

bool dict_entry_newer(const struct dict_entry *entry, struct slice stored)
{
	/* Both were cut to the same precision. */
	return !dict_entry_is_time(entry) || stamp_to_ns(entry->value) > stamp_to_ns(stored);
}

bool dict_entry_part(const struct dict_entry *entry, const char *variable, struct slice *text_r)
{
	for (size_t i = 0; i < entry->part_count; i++) {
		const struct key_part *part = &entry->parts[i];

		if (strcmp(part->variable, variable) != 0)
			continue;
		*text_r = (struct slice){entry->key.ptr + part->offset, part->len};
		return true;
	}
	return false;
}
