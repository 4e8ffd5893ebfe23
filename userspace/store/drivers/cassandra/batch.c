/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/clock.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/startup.h"

#define VALUES_MAX  (1U << 20)
#define SWEEP_NS    (100 * NS_PER_MSEC)
#define PREPARE_MAX 3

void cql_batch_init(struct cql_batch *batch, struct cql_cluster *cluster,
		    const struct sql_map_set *maps, bool strict)
{
	*batch = (struct cql_batch){.cluster = cluster, .maps = maps, .strict = strict};
	buf_init(&batch->values, VALUES_MAX);
}

void cql_batch_release(struct cql_batch *batch)
{
	free(batch->writes);
	buf_release(&batch->values);
}

static void finish(struct cql_write *write, enum dict_outcome outcome, const char *reason)
{
	/* What an earlier try may have stored is never surely not stored. */
	if (outcome == DICT_RETRY && write->unsure)
		outcome = DICT_UNCERTAIN;
	write->state = CQL_WRITE_DONE;
	dict_entry_set(write->entry, outcome, "%s", reason);
	write->batch->left--;
}

static void enqueue(struct cql_write *write)
{
	write->state = CQL_WRITE_QUEUED;
	DL_APPEND(write->batch->queue, write);
}

/* Once more if there are tries left, else that outcome. */
static void try_again(struct cql_write *write, enum dict_outcome outcome, const char *reason)
{
	if (write->tries < CQL_TRIES_MAX)
		enqueue(write);
	else
		finish(write, outcome, reason);
}

/* --- answers --------------------------------------------------------------------------------- */

static void on_error(struct cql_write *write, struct cql_conn *conn,
		     const struct cql_server_error *error)
{
	const struct cql_error_rule *rule = cql_error_rule(error->code);
	char text[DICT_REASON_MAX];
	bool again = rule->retry == CQL_RETRY_NEXT_NODE;

	cql_error_describe(error, text, sizeof(text));
	if (rule->outcome == DICT_UNCERTAIN)
		write->unsure = true;
	if (rule->retry == CQL_RETRY_FALLBACK && !write->fallback)
		again = write->fallback = true;
	if (rule->retry == CQL_RETRY_PREPARE && write->prepares++ < PREPARE_MAX) {
		write->tries--;
		cql_startup_prepare_again(conn);
		again = true;
	}
	if (again)
		try_again(write, rule->outcome, text);
	else
		finish(write, rule->outcome, text);
}

static void write_done(struct cql_request *request, struct cql_conn *conn,
		       const struct cql_response *response)
{
	struct cql_write *write = (struct cql_write *)request;

	if (!response) {
		write->unsure = true;
		try_again(write, DICT_UNCERTAIN, conn->error.text);
		return;
	}
	write->batch->answered++;
	if (response->opcode == CQL_RESULT && response->kind == CQL_RESULT_VOID) {
		finish(write, DICT_STORED, "");
	} else if (response->opcode == CQL_ERROR) {
		on_error(write, conn, &response->error);
	} else {
		finish(write, DICT_UNCERTAIN, "the server's answer is not one to a write");
		cql_conn_fail(conn, EPROTO, "the server answered a write with %s",
			      cql_opcode_name(response->opcode));
	}
}

/* --- sending --------------------------------------------------------------------------------- */

static int64_t timestamp_us(struct cql_batch *batch, const struct dict_entry *entry)
{
	int64_t now;

	if (!batch->strict)
		return entry->time_ns > 0 ? entry->time_ns / NS_PER_USEC : 0;
	now = clock_wall_ns() / NS_PER_USEC;
	batch->last_strict_us = now > batch->last_strict_us ? now : batch->last_strict_us + 1;
	return batch->last_strict_us;
}

static const struct sql_map *find_map(const struct cql_batch *batch, const struct dict_entry *entry,
				      struct slice values_r[SQL_COLUMNS_MAX])
{
	const struct sql_key key = {entry->key, entry->parts, entry->part_count};
	const struct sql_map *map = sql_map_set_find(batch->maps, &key, batch->strict, values_r);

	values_r[0] = entry->value;
	return map;
}

static void execute(struct cql_write *write, struct cql_conn *conn, size_t statement,
		    uint16_t value_count)
{
	const struct cql_settings *settings = write->batch->cluster->settings;
	const struct cql_prepared_id *id = &conn->ids[statement];
	const struct cql_execute message = {
		.id = {id->bytes, id->len},
		.values = buf_slice(&write->batch->values),
		.value_count = value_count,
		.consistency = (enum cql_consistency)(
			write->fallback ? settings->write_fallback : settings->write_consistency),
		.timestamp_us = timestamp_us(write->batch, write->entry),
	};

	cql_put_execute(&conn->out, conn->version, write->stream, &message);
}

/* 0 when sent, -EAGAIN when no node has room now, -EINVAL when the record does not fit. */
static int send_write(struct cql_write *write, struct error *error_r)
{
	struct cql_batch *batch = write->batch;
	struct slice values[SQL_COLUMNS_MAX];
	const struct sql_map *map = find_map(batch, write->entry, values);
	size_t index = (size_t)(map - batch->maps->maps);
	const struct cql_statement *statement = &batch->cluster->statements->list[index];
	const struct cql_row row = {values, write->entry->time_ns, batch->strict};
	struct cql_host *host;
	bool routed = false;
	int64_t token = 0;
	int ret;

	buf_reset(&batch->values);
	ret = cql_statement_bind(statement, &row, &batch->values, &routed, &token, error_r);
	if (ret < 0)
		return ret;
	host = cql_cluster_route(batch->cluster, routed ? &token : NULL, write->tried,
				 write->tries);
	if (!host)
		return -EAGAIN;
	write->stream = cql_conn_stream(host->conn, &write->request);
	if (write->stream < 0)
		return -EAGAIN;
	execute(write, host->conn, index, (uint16_t)map->column_count);
	write->conn = host->conn;
	write->sent_ns = clock_monotonic_ns();
	write->state = CQL_WRITE_SENT;
	write->tried[write->tries++] = host;
	return 0;
}

static void pump(struct cql_batch *batch)
{
	struct cql_write *write;
	struct error error;
	int ret;

	while (batch->queue) {
		write = batch->queue;
		ret = send_write(write, &error);
		if (ret == -EAGAIN)
			return;
		DL_DELETE(batch->queue, write);
		if (ret < 0)
			finish(write, DICT_REFUSED, error.text);
	}
}

static void forget(struct cql_write *write)
{
	cql_conn_forget(write->conn, write->stream);
	write->unsure = true;
}

/* Requests that wait too long, by the settings: with the next node, or not at all. */
static void sweep(struct cql_batch *batch, int64_t now)
{
	const struct cql_settings *settings = batch->cluster->settings;
	size_t i;

	if (now < batch->next_sweep_ns)
		return;
	batch->next_sweep_ns = now + SWEEP_NS;
	for (i = 0; i < batch->count; i++) {
		struct cql_write *write = &batch->writes[i];
		int64_t waited = now - write->sent_ns;

		if (write->state != CQL_WRITE_SENT)
			continue;
		if (waited > settings->request_timeout_ns) {
			forget(write);
			finish(write, DICT_UNCERTAIN, "no answer within request_timeout");
		} else if (settings->retry_interval_ns > 0 &&
			   waited > settings->retry_interval_ns &&
			   write->tries <= settings->retry_times && write->tries < CQL_TRIES_MAX) {
			forget(write);
			enqueue(write);
		}
	}
}

/* --- the whole ------------------------------------------------------------------------------- */

static int reserve(struct cql_batch *batch, size_t count)
{
	struct cql_write *writes;

	if (count <= batch->size)
		return 0;
	writes = realloc(batch->writes, count * sizeof(*writes));
	if (!writes)
		return -ENOMEM;
	batch->writes = writes;
	batch->size = count;
	return 0;
}

static void queue_entries(struct cql_batch *batch, struct dict_entry *entries, size_t count)
{
	struct slice values[SQL_COLUMNS_MAX];
	struct cql_write *write;
	char reason[DICT_REASON_MAX];
	size_t i;

	batch->queue = NULL;
	batch->left = batch->count = count;
	batch->answered = 0;
	batch->next_sweep_ns = 0;
	for (i = 0; i < count; i++) {
		write = &batch->writes[i];
		*write = (struct cql_write){
			.request.done = write_done, .batch = batch, .entry = &entries[i]};
		if (find_map(batch, &entries[i], values)) {
			enqueue(write);
			continue;
		}
		snprintf(reason, sizeof(reason), "Invalid/unmapped key: %.*s",
			 (int)(entries[i].key.len > 100 ? 100 : entries[i].key.len),
			 entries[i].key.ptr);
		finish(write, DICT_REFUSED, reason);
	}
}

static void run(struct cql_batch *batch, int64_t deadline_ns)
{
	int64_t now, until;

	while (batch->left > 0) {
		if (cql_cluster_ready(batch->cluster))
			pump(batch);
		now = clock_monotonic_ns();
		if (batch->left == 0 || now >= deadline_ns || cql_cluster_hopeless(batch->cluster))
			return;
		until = now + SWEEP_NS < deadline_ns ? now + SWEEP_NS : deadline_ns;
		cql_cluster_step(batch->cluster, until);
		sweep(batch, clock_monotonic_ns());
	}
}

/* Time is up, or no node is left. */
static void finish_rest(struct cql_batch *batch, const char *reason)
{
	size_t i;

	for (i = 0; i < batch->count; i++) {
		struct cql_write *write = &batch->writes[i];

		if (write->state == CQL_WRITE_SENT)
			forget(write);
		if (write->state != CQL_WRITE_DONE)
			finish(write, DICT_RETRY, reason);
	}
	batch->queue = NULL;
}

int cql_batch_write(struct cql_batch *batch, struct dict_entry *entries, size_t count,
		    int64_t deadline_ns, struct error *error_r)
{
	struct error error = {0};
	int ret;

	if (reserve(batch, count) < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	queue_entries(batch, entries, count);
	ret = cql_cluster_begin(batch->cluster, &error);
	if (ret == 0)
		run(batch, deadline_ns);
	if (batch->left == 0)
		return 0;
	if (ret == 0)
		ret = cql_cluster_error(batch->cluster, &error);
	finish_rest(batch, error.text);
	if (batch->answered > 0)
		return 0;
	if (error_r)
		*error_r = error;
	return ret;
}
