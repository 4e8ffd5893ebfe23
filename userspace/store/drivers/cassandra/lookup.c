/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/lookup.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/precision.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/types.h"

#define TEXT_MAX  (1U << 20)
#define TRIES_MAX 3

/* One map's SELECT on one connection; answered and error are set by lookup_done(). */
struct lookup {
	struct cql_request request;
	const struct sql_map *map;
	dict_record_cb *cb;
	void *context;

	bool answered, again;
	struct error error;
	struct cql_prepared_id id;
	uint16_t user_type;
	int records;
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
			      const struct buf *texts)
{
	size_t column = sql_map_role(lookup->map, role);

	return column > 0 ? buf_slice(&texts[column]) : (struct slice){NULL, 0};
}

static void hand_out(struct lookup *lookup, const struct cql_rows *rows, const struct buf *texts)
{
	struct dict_record record = {
		.user = role_text(lookup, SQL_ROLE_USER, texts),
		.service = role_text(lookup, SQL_ROLE_SERVICE, texts),
		.remote_ip = role_text(lookup, SQL_ROLE_REMOTE_IP, texts),
		.value = buf_slice(&texts[0]),
		.time_ns = cell_time(rows->columns[0].type, buf_slice(&texts[0])),
	};

	if (record.service.len == 0 && lookup->map->service)
		record.service = slice_str(lookup->map->service);
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
	if (ret < 0)
		error_set(&lookup->error, EPROTO, "malformed rows");
}

/* --- answers --------------------------------------------------------------------------------- */

static void take_prepared(struct lookup *lookup, const struct cql_prepared *prepared)
{
	if (prepared->column_count != 1) {
		error_set(&lookup->error, EPROTO, "the server found %u markers, there is one",
			  prepared->column_count);
		return;
	}
	lookup->user_type = prepared->columns[0].type;
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

static int select_user(struct cql_cluster *cluster, struct lookup *lookup, struct cql_conn *conn,
		       struct slice user, enum cql_consistency consistency, int64_t deadline_ns)
{
	struct cql_execute execute = {.id = {lookup->id.bytes, lookup->id.len},
				      .value_count = 1,
				      .consistency = consistency,
				      .timestamp_us = -1};
	struct buf value;
	int16_t stream = -1;
	int ret;

	buf_init(&value, TEXT_MAX);
	ret = cql_value_put(&value, lookup->user_type, SQL_TYPE_STRING, user, &lookup->error);
	if (ret == 0)
		stream = cql_conn_stream(conn, &lookup->request);
	if (ret == 0 && stream < 0)
		ret = error_set(&lookup->error, EAGAIN, "too many requests in flight");
	if (ret == 0) {
		lookup->answered = false;
		execute.values = buf_slice(&value);
		cql_put_execute(&conn->out, conn->version, stream, &execute);
		ret = await(cluster, lookup, conn, stream, deadline_ns);
	}
	buf_release(&value);
	return ret;
}

static int select_text(const struct cql_cluster *cluster, const struct sql_map *map,
		       struct buf *text)
{
	size_t i;

	for (i = 0; i < map->column_count; i++)
		buf_appendf(text, i > 0 ? ",%s" : "SELECT %s", map->columns[i].name);
	buf_append_str(text, " FROM ");
	if (!strchr(map->table, '.'))
		buf_appendf(text, "%s.", cluster->settings->keyspace);
	return buf_appendf(text, "%s WHERE %s = ?", map->table,
			   map->columns[sql_map_role(map, SQL_ROLE_USER)].name);
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

static int lookup_map(struct cql_cluster *cluster, struct lookup *lookup, const char *text,
		      struct slice user, int64_t deadline_ns, struct error *error_r)
{
	struct cql_host *host, *tried[TRIES_MAX];
	struct cql_conn *conn;
	unsigned int consistency = cluster->settings->read_consistency;
	size_t tries;
	int ret = -EAGAIN;

	lookup->again = true;
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
			ret = select_user(cluster, lookup, conn, user,
					  (enum cql_consistency)consistency, deadline_ns);
		consistency = cluster->settings->read_fallback;
	}
	if (ret < 0 && error_r)
		*error_r = lookup->error;
	return ret;
}

int cql_lookup(struct cql_cluster *cluster, const struct sql_map_set *maps, struct slice user,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct lookup lookup = {.request.done = lookup_done, .cb = cb, .context = context};
	struct buf text;
	size_t i;
	int ret = 0;

	for (i = 0; i < maps->count && ret == 0; i++) {
		lookup.map = &maps->maps[i];
		if (sql_map_role(lookup.map, SQL_ROLE_USER) == 0)
			return error_set(error_r, EOPNOTSUPP, "%s: the map has no column for $user",
					 lookup.map->where);
		buf_init(&text, TEXT_MAX);
		ret = select_text(cluster, lookup.map, &text);
		if (ret == 0)
			ret = lookup_map(cluster, &lookup, buf_str(&text), user, deadline_ns,
					 error_r);
		buf_release(&text);
	}
	return ret < 0 ? ret : lookup.records;
}
