/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/lookup.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/precision.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/types.h"
#include "store/drivers/sql/columns.h"

#define TEXT_MAX  (1U << 20)
#define PAGE_ROWS 1000
#define TRIES_MAX 3

/* One map's SELECT on one connection; answered and error are set by lookup_done(). */
struct lookup {
	struct cql_request request;
	const struct sql_map *map;
	struct sql_columns columns; /* key NULL: roles are found by the names of columns */
	struct slice params[SQL_COLUMNS_MAX];
	size_t param_count;
	enum cql_consistency consistency;
	dict_record_cb *cb;
	void *context;

	int64_t until_us; /* of a DELETE: the timestamp that it is written with; 0: a SELECT */

	bool answered, again;
	struct error error;
	struct cql_prepared_id id;
	uint16_t param_types[SQL_COLUMNS_MAX];
	struct buf page; /* of a listing: where the next one begins */
	struct buf user; /* put together */
	int64_t records;
};

/* --- rows ------------------------------------------------------------------------------------ */

static int64_t cell_time(uint16_t type, struct slice text)
{
	int64_t time_ns;

	if (type == CQL_TYPE_TIMESTAMP)
		return (int64_t)strtoll(text.ptr, NULL, 10) * NS_PER_MSEC;
	return precision_parse_value(text.ptr, text.len, &time_ns) == 0 ? time_ns : -1;
}

static struct slice role_text(const struct lookup *lookup, enum sql_role role,
			      const struct slice *texts)
{
	size_t column = sql_map_role(lookup->map, role);

	return column > 0 ? texts[column] : (struct slice){NULL, 0};
}

static struct slice text_of(const struct slice *texts, size_t column)
{
	return column > 0 ? texts[column] : (struct slice){NULL, 0};
}

static void name_by_columns(struct lookup *lookup, const struct slice *texts,
			    struct dict_record *record)
{
	const struct sql_columns *columns = &lookup->columns;

	record->asked = columns->key;
	record->user = sql_columns_user(columns, texts, &lookup->user);
	record->service = text_of(texts, columns->service);
	record->remote_ip = text_of(texts, columns->remote_ip);
}

static void name_by_roles(const struct lookup *lookup, const struct slice *texts,
			  struct dict_record *record)
{
	record->user = role_text(lookup, SQL_ROLE_USER, texts);
	record->service = role_text(lookup, SQL_ROLE_SERVICE, texts);
	record->remote_ip = role_text(lookup, SQL_ROLE_REMOTE_IP, texts);
	if (record->service.len == 0 && lookup->map->service)
		record->service = slice_str(lookup->map->service);
}

static void hand_out(struct lookup *lookup, const struct cql_rows *rows, const struct buf *bufs)
{
	struct slice texts[SQL_COLUMNS_MAX];
	struct dict_record record = {
		.value = buf_slice(&bufs[0]),
		.time_ns = cell_time(rows->columns[0].type, buf_slice(&bufs[0])),
	};

	for (uint16_t i = 0; i < rows->column_count; i++)
		texts[i] = buf_slice(&bufs[i]);
	if (lookup->columns.key)
		name_by_columns(lookup, texts, &record);
	else
		name_by_roles(lookup, texts, &record);
	lookup->cb(&record, lookup->context);
	lookup->records++;
}

static int take_row(struct lookup *lookup, const struct cql_rows *rows,
		    const struct cql_bytes *cells)
{
	struct buf texts[SQL_COLUMNS_MAX];
	uint16_t i;
	int ret = 0;

	for (i = 0; i < rows->column_count; i++)
		buf_init(&texts[i], TEXT_MAX);
	for (i = 0; i < rows->column_count && ret == 0; i++) {
		if (!cells[i].null)
			ret = cql_value_text(&texts[i], rows->columns[i].type, cells[i].data);
	}
	if (ret == 0)
		hand_out(lookup, rows, texts);
	for (i = 0; i < rows->column_count; i++)
		buf_release(&texts[i]);
	return ret;
}

static void take_rows(struct lookup *lookup, const struct cql_response *response)
{
	struct cql_rows rows = response->rows;
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	int ret = rows.column_count == lookup->map->column_count ? 0 : -EPROTO;

	while (ret == 0 && (ret = cql_rows_next(&rows, cells)) > 0)
		ret = cells[0].null ? 0 : take_row(lookup, &rows, cells);
	buf_reset(&lookup->page);
	if (buf_append_slice(&lookup->page, rows.next_page) < 0)
		ret = -ENOMEM;
	if (ret < 0)
		error_set(&lookup->error, EPROTO, "malformed rows");
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_prepared(struct lookup *lookup, const struct cql_prepared *prepared)
{
	if (prepared->column_count != lookup->param_count) {
		error_set(&lookup->error, EPROTO, "the server found %u markers, there are %zu",
			  prepared->column_count, lookup->param_count);
		return;
	}
	for (size_t i = 0; i < lookup->param_count; i++)
		lookup->param_types[i] = prepared->columns[i].type;
	lookup->id.len = (uint8_t)prepared->id.len;
	memcpy(lookup->id.bytes, prepared->id.ptr, prepared->id.len);
}

static void take_error(struct lookup *lookup, const struct cql_server_error *error)
{
	char text[400];

	cql_error_describe(error, text, sizeof(text));
	lookup->again = cql_error_rule(error->code)->retry != CQL_RETRY_NEVER;
	error_set(&lookup->error, error->code == CQL_E_INVALID ? EOPNOTSUPP : EREMOTEIO, "%s: %s",
		  lookup->map->where, text);
}

static void lookup_done(struct cql_request *request, struct cql_conn *conn,
			const struct cql_response *response)
{
	struct lookup *lookup = (struct lookup *)request;

	lookup->answered = true;
	if (!response) {
		lookup->again = true;
		lookup->error = conn->error;
	} else if (response->opcode == CQL_ERROR) {
		take_error(lookup, &response->error);
	} else if (response->opcode == CQL_RESULT && response->kind == CQL_RESULT_PREPARED) {
		take_prepared(lookup, &response->prepared);
	} else if (response->opcode == CQL_RESULT && response->kind == CQL_RESULT_ROWS) {
		take_rows(lookup, response);
	} else if (response->opcode == CQL_RESULT && lookup->until_us > 0) {
		return; /* it is done */
	} else {
		error_set(&lookup->error, EPROTO, "the server answered a read with %s",
			  cql_opcode_name(response->opcode));
	}
}

/* --- asking ---------------------------------------------------------------------------------- */

static int await(struct cql_cluster *cluster, struct lookup *lookup, struct cql_conn *conn,
		 int16_t stream, int64_t deadline_ns)
{
	while (!lookup->answered) {
		if (clock_monotonic_ns() >= deadline_ns) {
			cql_conn_forget(conn, stream);
			return error_set(&lookup->error, ETIMEDOUT, "no answer in time");
		}
		cql_cluster_step(cluster, deadline_ns);
	}
	return -lookup->error.code;
}

static int prepare(struct cql_cluster *cluster, struct lookup *lookup, struct cql_conn *conn,
		   const char *text, int64_t deadline_ns)
{
	int16_t stream = cql_conn_stream(conn, &lookup->request);

	lookup->answered = false;
	if (stream < 0)
		return error_set(&lookup->error, EAGAIN, "too many requests in flight");
	cql_put_prepare(&conn->out, conn->version, stream, text);
	return await(cluster, lookup, conn, stream, deadline_ns);
}

static int put_params(struct lookup *lookup, struct buf *values)
{
	int ret = 0;

	for (size_t i = 0; i < lookup->param_count && ret == 0; i++)
		ret = cql_value_put(values, lookup->param_types[i], SQL_TYPE_STRING,
				    lookup->params[i], &lookup->error);
	return ret;
}

static int execute(struct cql_cluster *cluster, struct lookup *lookup, struct cql_conn *conn,
		   const struct buf *values, int64_t deadline_ns)
{
	const struct cql_execute execute = {
		.id = {lookup->id.bytes, lookup->id.len},
		.values = buf_slice(values),
		.value_count = (uint16_t)lookup->param_count,
		.consistency = lookup->consistency,
		.timestamp_us = -1,
		.page_size = lookup->param_count == 0 ? PAGE_ROWS : 0,
		.page = buf_slice(&lookup->page),
	};
	int16_t stream = cql_conn_stream(conn, &lookup->request);

	if (stream < 0)
		return error_set(&lookup->error, EAGAIN, "too many requests in flight");
	lookup->answered = false;
	cql_put_execute(&conn->out, conn->version, stream, &execute);
	return await(cluster, lookup, conn, stream, deadline_ns);
}

static int select_rows(struct cql_cluster *cluster, struct lookup *lookup, struct cql_conn *conn,
		       int64_t deadline_ns)
{
	struct buf values;
	int ret;

	buf_init(&values, TEXT_MAX);
	ret = put_params(lookup, &values);
	if (ret == 0)
		ret = execute(cluster, lookup, conn, &values, deadline_ns);
	buf_release(&values);
	return ret;
}

static void put_table(const struct cql_cluster *cluster, const struct sql_map *map,
		      struct buf *text)
{
	buf_append_str(text, " FROM ");
	if (!strchr(map->table, '.'))
		buf_appendf(text, "%s.", cluster->settings->keyspace);
	buf_append_str(text, map->table);
}

static void put_from(const struct cql_cluster *cluster, const struct sql_map *map, struct buf *text)
{
	for (size_t i = 0; i < map->column_count; i++)
		buf_appendf(text, i > 0 ? ",%s" : "SELECT %s", map->columns[i].name);
	put_table(cluster, map, text);
}

static void put_condition(struct lookup *lookup, size_t column, struct slice value,
			  struct buf *text)
{
	buf_appendf(text, "%s%s = ?", lookup->param_count > 0 ? " AND " : " WHERE ",
		    lookup->map->columns[column].name);
	lookup->params[lookup->param_count++] = value;
}

/* The node may have left the cluster, or the connection have died, while we waited. */
static bool still_there(const struct cql_cluster *cluster, const struct cql_conn *conn)
{
	size_t i;

	for (i = 0; i < cluster->host_count; i++) {
		if (cluster->hosts[i]->conn == conn)
			return true;
	}
	return false;
}

/* One answer from one node, with a few tries. */
static int ask(struct cql_cluster *cluster, struct lookup *lookup, const char *text,
	       int64_t deadline_ns, struct error *error_r)
{
	struct cql_host *host, *tried[TRIES_MAX];
	struct cql_conn *conn;
	size_t tries;
	int ret = -EAGAIN;

	lookup->again = true;
	lookup->consistency =
		(enum cql_consistency)(lookup->until_us > 0 ? cluster->settings->write_consistency
							    : cluster->settings->read_consistency);
	for (tries = 0; ret < 0 && lookup->again && tries < TRIES_MAX; tries++) {
		lookup->again = false;
		lookup->error = (struct error){0};
		ret = cql_cluster_wait(cluster, deadline_ns, &lookup->error);
		host = ret == 0 ? cql_cluster_route(cluster, NULL, tried, tries) : NULL;
		if (!host)
			break;
		tried[tries] = host;
		conn = host->conn;
		ret = prepare(cluster, lookup, conn, text, deadline_ns);
		if (ret == 0 && !still_there(cluster, conn))
			ret = error_set(&lookup->error, ECONNRESET, "the node is gone");
		if (ret == 0)
			ret = select_rows(cluster, lookup, conn, deadline_ns);
		lookup->consistency = (enum cql_consistency)(
			lookup->until_us > 0 ? cluster->settings->write_fallback
					     : cluster->settings->read_fallback);
	}
	if (ret < 0 && error_r)
		*error_r = lookup->error;
	return ret;
}

static void lookup_init(struct lookup *lookup, dict_record_cb *cb, void *context)
{
	*lookup = (struct lookup){.request.done = lookup_done, .cb = cb, .context = context};
	buf_init(&lookup->page, TEXT_MAX);
	buf_init(&lookup->user, TEXT_MAX);
}

static void lookup_release(struct lookup *lookup)
{
	buf_release(&lookup->page);
	buf_release(&lookup->user);
}

int cql_lookup(struct cql_cluster *cluster, const struct sql_map_set *maps, struct slice user,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct lookup lookup;
	struct buf text;
	int ret = 0;

	lookup_init(&lookup, cb, context);
	buf_init(&text, TEXT_MAX);
	for (size_t i = 0; i < maps->count && ret == 0; i++) {
		lookup.map = &maps->maps[i];
		lookup.param_count = 0;
		buf_reset(&text);
		put_from(cluster, lookup.map, &text);
		put_condition(&lookup, sql_map_role(lookup.map, SQL_ROLE_USER), user, &text);
		if (sql_map_role(lookup.map, SQL_ROLE_USER) == 0)
			ret = error_set(error_r, EOPNOTSUPP, "%s: the map has no column for $user",
					lookup.map->where);
		else
			ret = ask(cluster, &lookup, buf_str(&text), deadline_ns, error_r);
	}
	buf_release(&text);
	lookup_release(&lookup);
	return ret < 0 ? ret : (int)lookup.records;
}

/* --- by the key ------------------------------------------------------------------------------ */

static void put_statement(const struct cql_cluster *cluster, const struct lookup *lookup,
			  struct buf *text)
{
	if (lookup->until_us == 0) {
		put_from(cluster, lookup->map, text);
		return;
	}
	buf_append_str(text, "DELETE");
	put_table(cluster, lookup->map, text);
	buf_appendf(text, " USING TIMESTAMP %lld", (long long)lookup->until_us);
}

static int search_map(struct cql_cluster *cluster, struct lookup *lookup, int64_t deadline_ns,
		      struct error *error_r)
{
	struct buf text;
	int ret;

	if (!lookup->columns.of_user)
		return error_set(error_r, EOPNOTSUPP, "%s: no column of the map holds the user",
				 lookup->map->where);
	buf_init(&text, TEXT_MAX);
	put_statement(cluster, lookup, &text);
	lookup->param_count = 0;
	for (size_t i = 1; i < lookup->map->column_count; i++) {
		if (lookup->columns.of_user >> i & 1)
			put_condition(lookup, i, lookup->columns.values[i], &text);
	}
	ret = ask(cluster, lookup, buf_str(&text), deadline_ns, error_r);
	buf_release(&text);
	return ret;
}

/* The deadline is for each page. */
static int list_map(struct cql_cluster *cluster, struct lookup *lookup, int64_t idle_ns,
		    struct error *error_r)
{
	struct buf text;
	int ret;

	if (!lookup->columns.user && !lookup->columns.username)
		return error_set(error_r, EOPNOTSUPP, "%s: no column of the map holds the user",
				 lookup->map->where);
	buf_init(&text, TEXT_MAX);
	put_from(cluster, lookup->map, &text);
	lookup->param_count = 0;
	buf_reset(&lookup->page);
	do {
		ret = ask(cluster, lookup, buf_str(&text), clock_monotonic_ns() + idle_ns, error_r);
	} while (ret == 0 && lookup->page.len > 0);
	buf_release(&text);
	return ret;
}

static int unmapped(const struct dict_key *key, struct error *error_r)
{
	return error_set(error_r, EOPNOTSUPP, "no map is for last-login keys such as %.*s",
			 (int)key->text.len, key->text.ptr);
}

/* Calls for each map that one of the keys leads to. */
static int each_map(struct cql_cluster *cluster, const struct sql_map_set *maps,
		    const struct dict_key *keys, size_t key_count, int64_t limit_ns,
		    int (*call)(struct cql_cluster *, struct lookup *, int64_t, struct error *),
		    struct lookup *lookup, struct error *error_r)
{
	size_t asked = 0;
	int ret = 0;

	for (size_t i = 0; i < maps->count && ret == 0; i++) {
		if (!sql_columns_find(maps, i, keys, key_count, false, &lookup->columns))
			continue;
		asked++;
		lookup->map = &maps->maps[i];
		ret = call(cluster, lookup, limit_ns, error_r);
	}
	return ret == 0 && asked == 0 ? unmapped(&keys[0], error_r) : ret;
}

int cql_search(struct cql_cluster *cluster, const struct sql_map_set *maps,
	       const struct dict_key *keys, size_t key_count, int64_t deadline_ns,
	       dict_record_cb *cb, void *context, struct error *error_r)
{
	struct lookup lookup;
	int ret;

	lookup_init(&lookup, cb, context);
	ret = each_map(cluster, maps, keys, key_count, deadline_ns, search_map, &lookup, error_r);
	lookup_release(&lookup);
	return ret < 0 ? ret : (int)lookup.records;
}

static void count_record(const struct dict_record *record, void *context)
{
	(void)record;
	(void)context; /* lookup.records has it */
}

int cql_remove(struct cql_cluster *cluster, const struct sql_map_set *maps,
	       const struct dict_removal *what, int64_t deadline_ns, struct error *error_r)
{
	struct lookup lookup;
	int ret, removed;

	lookup_init(&lookup, count_record, NULL);
	ret = each_map(cluster, maps, what->keys, what->key_count, deadline_ns, search_map, &lookup,
		       error_r);
	removed = (int)lookup.records;
	lookup.until_us = what->until_ns / NS_PER_USEC;
	if (ret == 0 && !what->dry_run)
		ret = each_map(cluster, maps, what->keys, what->key_count, deadline_ns, search_map,
			       &lookup, error_r);
	lookup_release(&lookup);
	return ret < 0 ? ret : removed;
}

static int any_of_map(struct cql_cluster *cluster, struct lookup *lookup, int64_t deadline_ns,
		      struct error *error_r)
{
	struct buf text;
	int ret;

	if (lookup->records > 0)
		return 0;
	buf_init(&text, TEXT_MAX);
	put_from(cluster, lookup->map, &text);
	buf_append_str(&text, " LIMIT 1");
	lookup->param_count = 0;
	buf_reset(&lookup->page);
	ret = ask(cluster, lookup, buf_str(&text), deadline_ns, error_r);
	buf_release(&text);
	return ret;
}

int cql_any(struct cql_cluster *cluster, const struct sql_map_set *maps,
	    const struct dict_key *keys, size_t key_count, int64_t deadline_ns,
	    struct error *error_r)
{
	struct lookup lookup;
	int ret;

	lookup_init(&lookup, count_record, NULL);
	ret = each_map(cluster, maps, keys, key_count, deadline_ns, any_of_map, &lookup, error_r);
	lookup_release(&lookup);
	return ret < 0 ? ret : lookup.records > 0;
}

int64_t cql_list(struct cql_cluster *cluster, const struct sql_map_set *maps,
		 const struct dict_listing *listing, int64_t idle_ns, dict_record_cb *cb,
		 void *context, struct error *error_r)
{
	struct lookup lookup;
	int ret;

	lookup_init(&lookup, cb, context);
	ret = each_map(cluster, maps, listing->keys, listing->key_count, idle_ns, list_map, &lookup,
		       error_r);
	lookup_release(&lookup);
	return ret < 0 ? ret : lookup.records;
}
