/* SPDX-License-Identifier: MIT */
#include "store/dict.h"

#include <errno.h>
#include <string.h>

#include "conf/tree.h"
#include "store/compare.h"
#include "store/drivers/registry.h"

/* Such dicts are about another one, which stands behind. */
#define DEBUG_PREFIX "debug:"

static struct dict_config innermost(const struct dict_config *config)
{
	struct dict_config inner = *config;

	while (inner.uri && strncmp(inner.uri, DEBUG_PREFIX, strlen(DEBUG_PREFIX)) == 0)
		inner.uri += strlen(DEBUG_PREFIX);
	return inner;
}

const char *dict_map_path(const char *uri)
{
	static const char *const with_map[] = {"mysql:", "pgsql:", "sqlite:", "cassandra:"};
	const struct dict_config config = {.uri = uri};

	if (!uri || dict_is_embedded(&config))
		return NULL;
	uri = innermost(&config).uri;
	for (size_t i = 0; i < sizeof(with_map) / sizeof(with_map[0]); i++) {
		size_t len = strlen(with_map[i]);

		if (strncmp(uri, with_map[i], len) == 0)
			return uri[len] ? uri + len : NULL;
	}
	return NULL;
}

bool dict_is_embedded(const struct dict_config *config)
{
	struct dict_config inner = innermost(config);

	return inner.uri && strncmp(inner.uri, "sqlite:", 7) == 0 && registry_is_embedded(&inner);
}

/* --- opening ------------------------------------------------------------------------------- */

/* A block's name doubles as its driver; "sql" leaves the choice to sql_driver. */
static int block_driver(const struct conf_section *block, struct slice *name_r,
			struct error *error_r)
{
	const char *name = conf_setting_value(block, "dict_name", block->name);

	name = conf_setting_value(block, "dict_driver", name);
	name = conf_setting_value(block, "driver", name);
	if (strcmp(name, "sql") == 0)
		name = conf_setting_value(block, "sql_driver", NULL);
	if (!name)
		return error_set(error_r, EINVAL,
				 "sql_driver is not set (mysql, pgsql, sqlite, cassandra)");
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

static int find_driver(const struct dict_config *config, const struct dict_driver **driver_r,
		       struct error *error_r)
{
	struct slice name = {0};
	int ret = driver_name(config, &name, error_r);

	return ret < 0 ? ret : registry_find(config, name, driver_r, error_r);
}

bool dict_keeps_history(const struct dict_config *config)
{
	const struct dict_driver *driver;
	struct error ignored;

	return find_driver(config, &driver, &ignored) == 0 && driver->history;
}

/* Errors: -EINVAL, with what can. */
static int check_history(const struct dict_config *config, const struct dict_driver *driver,
			 struct error *error_r)
{
	if (config->history == 0 || driver->history)
		return 0;
	return error_set(
		error_r, EINVAL,
		"dict %s cannot keep a history of logins, which %s asks for; " HISTORY_STORES,
		driver->name, config->history_where ? config->history_where : "a setting");
}

static int open_driver(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	const struct dict_driver *driver;
	int ret = find_driver(config, &driver, error_r);

	if (ret == 0)
		ret = check_history(config, driver, error_r);
	if (ret < 0)
		return ret;
	ret = driver->open(config, dict_r, error_r);
	if (ret < 0)
		return error_prefix(error_r, "dict %s", driver->name);
	if (!(*dict_r)->driver)
		(*dict_r)->driver = driver;
	(*dict_r)->strict = config->strict;
	return 0;
}

int dict_load(const struct dict_config *config, struct error *error_r)
{
	struct dict_config inner = innermost(config);
	const struct dict_driver *driver;
	int ret = find_driver(&inner, &driver, error_r);

	return ret < 0 && config->where ? error_prefix(error_r, "%s", config->where) : ret;
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
	const struct compare_store store = {dict->driver->write, dict->driver->lookup};
	bool compares =
		dict->strict || dict->driver->caps & (DICT_CAP_NEWEST_WINS | DICT_CAP_COMPARES);
	struct error error = {0};
	int ret;

	for (size_t i = 0; i < count; i++)
		dict_entry_set(&entries[i], DICT_PENDING, "%s", "");
	if (count == 0)
		return 0;
	ret = compares ? dict->driver->write(dict, entries, count, deadline_ns, &error)
		       : compare_write(dict, &store, entries, count, deadline_ns, &error);
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
	return dict->driver->lookup(dict, user, keys, key_count, deadline_ns, cb, context, error_r);
}

int dict_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		 history_row_cb *cb, void *context, struct error *error_r)
{
	if (!dict->driver->history)
		return no_slot(dict, "keep a history of logins", error_r);
	return dict->driver->history(dict, user, limit, deadline_ns, cb, context, error_r);
}

int dict_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	return dict->driver->ping ? dict->driver->ping(dict, deadline_ns, error_r) : 0;
}

int dict_check_key(struct dict *dict, const char *const *variables, struct error *error_r)
{
	return dict->driver->check_key ? dict->driver->check_key(dict, variables, error_r) : 0;
}

int dict_expect(struct dict *dict, const struct dict_entry *entry, struct error *error_r)
{
	return dict->driver->expect ? dict->driver->expect(dict, entry, error_r) : 0;
}

void dict_notes(const struct dict *dict, dict_note_cb *cb, void *context)
{
	if (dict->driver->notes)
		dict->driver->notes(dict, cb, context);
}

int dict_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		  int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r)
{
	*presence_r = (struct dict_presence){.state = DICT_UNSHOWN};
	if (!dict->driver->presence)
		return 0;
	return dict->driver->presence(dict, keys, key_count, deadline_ns, presence_r, error_r);
}

int dict_require(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct dict_presence presence;
	int ret = dict_presence(dict, NULL, 0, deadline_ns, &presence, error_r);

	if (ret == 0 && presence.state == DICT_ABSENT)
		ret = error_set(error_r, ENOENT, "%s", presence.found);
	return ret;
}

bool dict_can_expire(const struct dict *dict)
{
	return dict->driver->expire;
}

int dict_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		struct error *error_r)
{
	int ret;

	if (!dict_can_expire(dict))
		return no_slot(dict, "remove old records", error_r);
	ret = expiry->must_exist ? dict_require(dict, deadline_ns, error_r) : 0;
	if (ret < 0)
		return ret;
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
