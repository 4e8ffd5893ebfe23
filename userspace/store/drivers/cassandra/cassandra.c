/* SPDX-License-Identifier: MIT */
/*
 * The dict driver "cassandra": Apache Cassandra and what speaks its protocol.
 *
 *	cassandra:/etc/dovecot/dovecot-dict-cql.conf.ext     2.3: connect = ..., map { ... }
 *	dict sql { driver = sql  sql_driver = cassandra ... } 2.4: cassandra_*, dict_map { ... }
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/module.h"
#include "conf/parse.h"
#include "store/dict.h"
#include "store/drivers/cassandra/batch.h"
#include "store/drivers/cassandra/cql_cluster.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/cql_statement.h"
#include "store/drivers/cassandra/lookup.h"
#include "store/drivers/drivers.h"
#include "store/drivers/sql/map.h"
#include "store/drivers/sql/map_source.h"

struct cassandra_dict {
	struct dict dict;
	struct cql_settings settings;
	struct sql_map_set maps;
	struct cql_statements statements;
	struct cql_cluster cluster;
	struct cql_batch batch;
};

static int load_file(struct cassandra_dict *cassandra, const struct dict_config *config,
		     const char *path, struct error *error_r)
{
	const struct conf_setting *connect;
	const struct conf_section *root;
	struct conf_section *owned;
	char where[512];
	int ret;

	if (path[0] == '\0')
		return error_set(error_r, EINVAL,
				 "%s: %s: needs a map file: cassandra:/path/to/file", config->where,
				 config->uri);
	ret = sql_map_source_open(config, path, &root, &owned, error_r);
	if (ret < 0)
		return ret;
	connect = conf_setting_find(root, "connect");
	if (!connect) {
		ret = error_set(error_r, EINVAL, "%s: Missing connect setting (connect = host=...)",
				path);
		goto out;
	}
	snprintf(where, sizeof(where), "%s:%u", connect->pos.file, connect->pos.line);
	ret = cql_settings_parse(&cassandra->settings, connect->value, where, error_r);
	if (ret == 0)
		ret = sql_map_set_load_file(&cassandra->maps, root, error_r);
out:
	conf_free(&owned);
	return ret;
}

static int load_block(struct cassandra_dict *cassandra, const struct conf_section *block,
		      struct error *error_r)
{
	int ret = cql_settings_from_block(&cassandra->settings, block, error_r);

	return ret < 0 ? ret : sql_map_set_load_block(&cassandra->maps, block, error_r);
}

static void cassandra_close(struct dict *dict)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	if (!cassandra)
		return;
	cql_cluster_release(&cassandra->cluster);
	cql_batch_release(&cassandra->batch);
	cql_statements_release(&cassandra->statements);
	sql_map_set_release(&cassandra->maps);
	cql_settings_release(&cassandra->settings);
	free(cassandra);
}

static int cassandra_open(const struct dict_config *config, struct dict **dict_r,
			  struct error *error_r)
{
	struct cassandra_dict *cassandra = calloc(1, sizeof(*cassandra));
	int ret;

	if (!cassandra)
		return error_set(error_r, ENOMEM, "out of memory");
	if (config->block)
		ret = load_block(cassandra, config->block, error_r);
	else
		ret = load_file(cassandra, config, strchr(config->uri, ':') + 1, error_r);
	if (cassandra->settings.ttl_ns == 0 && !config->strict)
		cassandra->settings.ttl_ns = config->expire_secs * NS_PER_SEC;
	if (ret == 0)
		ret = cql_statements_init(&cassandra->statements, &cassandra->maps,
					  &cassandra->settings, error_r);
	if (ret == 0)
		ret = cql_cluster_init(&cassandra->cluster, &cassandra->settings,
				       &cassandra->statements, error_r);
	if (ret < 0) {
		cassandra_close(&cassandra->dict);
		return ret;
	}
	cql_batch_init(&cassandra->batch, &cassandra->cluster, &cassandra->maps, config->strict);
	*dict_r = &cassandra->dict;
	return 0;
}

static int cassandra_write(struct dict *dict, struct dict_entry *entries, size_t count,
			   int64_t deadline_ns, struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	return cql_batch_write(&cassandra->batch, entries, count, deadline_ns, error_r);
}

static int cassandra_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			    size_t key_count, int64_t deadline_ns, dict_record_cb *cb,
			    void *context, struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	(void)keys, (void)key_count;
	return cql_lookup(&cassandra->cluster, &cassandra->maps, user, deadline_ns, cb, context,
			  error_r);
}

static int cassandra_search(struct dict *dict, struct slice user, const struct dict_key *keys,
			    size_t key_count, int64_t deadline_ns, dict_record_cb *cb,
			    void *context, struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	(void)user;
	return cql_search(&cassandra->cluster, &cassandra->maps, keys, key_count, deadline_ns, cb,
			  context, error_r);
}

static int64_t cassandra_list(struct dict *dict, const struct dict_listing *listing,
			      int64_t idle_ns, dict_record_cb *cb, void *context,
			      struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	return cql_list(&cassandra->cluster, &cassandra->maps, listing, idle_ns, cb, context,
			error_r);
}

static int cassandra_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
			    struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	return cql_remove(&cassandra->cluster, &cassandra->maps, what, deadline_ns, error_r);
}

static int cassandra_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;

	/* A node is ready once it took the statements and their types were checked. */
	return cql_cluster_wait(&cassandra->cluster, deadline_ns, error_r);
}

static int cassandra_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
			      int64_t deadline_ns, struct dict_presence *presence_r,
			      struct error *error_r)
{
	struct cassandra_dict *cassandra = (struct cassandra_dict *)dict;
	int ret;

	presence_r->keeps_ns = cassandra->settings.ttl_ns;
	if (key_count == 0)
		return 0;
	ret = cql_any(&cassandra->cluster, &cassandra->maps, keys, key_count, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	return dict_presence_set(presence_r, ret > 0 ? DICT_PRESENT : DICT_EMPTY,
				 "keyspace %s: the table has no row", cassandra->settings.keyspace);
}

static void cassandra_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const struct cql_settings *settings = &((const struct cassandra_dict *)dict)->settings;
	const char *const files[] = {settings->ca_file, settings->cert_file, settings->key_file};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i] && files[i][0] != '\0')
			cb(context, files[i], DICT_PLACE_READ);
	}
}

const struct dict_driver cassandra_driver = {
	.name = "cassandra",
	.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_COLUMNS,
	.open = cassandra_open,
	.write = cassandra_write,
	.lookup = cassandra_lookup,
	.search = cassandra_search,
	.list = cassandra_list,
	.remove = cassandra_remove,
	.ping = cassandra_ping,
	.presence = cassandra_presence,
	.places = cassandra_places,
	.close = cassandra_close,
};

MODULE_DEFINE(cassandra, cassandra_driver);
