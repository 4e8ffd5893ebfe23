/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL through libpq's asynchronous calls, so that every wait ends at the deadline; only the
 * look-up of a host name blocks inside the library.
 *
 * A batch is one prepared statement for any number of rows: each column travels as one array.
 */
#include "store/drivers/sql/backend.h"

#include "base/clock.h"
#include "store/drivers/sql/failure.h"
#include "store/drivers/sql/pgsql_settings.h"

#include <errno.h>
#include <poll.h>
#include <postgresql/libpq-fe.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define CONNECT_TIMEOUT_MS 5000
#define BATCH_MAX	   1024
#define ARRAY_MAX	   (64U << 20)
#define STATEMENT_MAX	   (1U << 20)
#define ANSWER_MAX	   (1U << 20) /* to a write, and for what the catalogue says of a table */

struct pgsql_conn {
	struct sql_conn conn;
	struct pgsql_hosts hosts;
	size_t host;
	PGconn *pg;
	int64_t deadline_ns; /* of the call that is under way */
	size_t bytes_left;   /* that the server may say in it, more or less */
	bool *prepared;	     /* by map */
	size_t map_count;    /* of prepared */
	struct buf params[SQL_COLUMNS_MAX];
};

/* --- errors -----------------------------------------------------------------------------------*/

/* libpq's texts end with a newline and may have more of them inside. */
static void set_error(struct pgsql_conn *pg, const char *text, struct error *error_r)
{
	const char *host = pg->hosts.list[pg->host].name;

	error_set(error_r, EIO, "pgsql(%s): %s", host[0] != '\0' ? host : "default", text);
	for (char *p = error_r ? error_r->text : NULL; p && *p != '\0'; p++) {
		if (*p != '\n')
			continue;
		*p = p[1] == '\0' ? '\0' : ' ';
		if (*p == '\0')
			break;
	}
}

/* The connection is of no use: it failed, or an answer may still come. */
static enum sql_result lost(struct pgsql_conn *pg, struct error *error_r)
{
	const char *text = PQerrorMessage(pg->pg);

	if (clock_monotonic_ns() >= pg->deadline_ns)
		text = "no answer in time";
	else if (pg->bytes_left == 0)
		text = "the answer is too long";
	else if (text[0] == '\0')
		text = "not an answer to what was asked";
	set_error(pg, text, error_r);
	return SQL_LOST;
}

static enum sql_result check(struct pgsql_conn *pg, const PGresult *result, struct error *error_r)
{
	ExecStatusType status = PQresultStatus(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return SQL_OK;
	if (!state || PQstatus(pg->pg) == CONNECTION_BAD)
		return lost(pg, error_r);
	set_error(pg, text ? text : state, error_r);
	return sql_failure_of_state(state);
}

/* --- waiting ----------------------------------------------------------------------------------*/

/* Returns false at the deadline. */
static bool wait_for(struct pgsql_conn *pg, int events)
{
	struct pollfd fd = {.fd = PQsocket(pg->pg), .events = (short)events};
	int64_t left_ms = (pg->deadline_ns - clock_monotonic_ns() + NS_PER_MSEC - 1) / NS_PER_MSEC;
	int ret;

	if (left_ms <= 0)
		return false;
	do {
		ret = poll(&fd, 1, (int)(left_ms < 3600000 ? left_ms : 3600000));
	} while (ret < 0 && errno == EINTR);
	return ret > 0;
}

static void begin(struct pgsql_conn *pg, int64_t deadline_ns, size_t answer_max)
{
	pg->deadline_ns = deadline_ns;
	pg->bytes_left = answer_max;
}

/* Waits, and reads what there is: libpq keeps all of it. Returns false when it is enough. */
static bool consume(struct pgsql_conn *pg, int events)
{
	int there = 0;

	if (!wait_for(pg, events))
		return false;
	if (ioctl(PQsocket(pg->pg), FIONREAD, &there) == 0 && there > 0)
		pg->bytes_left -= (size_t)there < pg->bytes_left ? (size_t)there : pg->bytes_left;
	return pg->bytes_left > 0 && PQconsumeInput(pg->pg);
}

/* Sends what is buffered; reads meanwhile, because the server may be writing, too. */
static bool flush(struct pgsql_conn *pg)
{
	int left;

	while ((left = PQflush(pg->pg)) > 0)
		if (!consume(pg, POLLIN | POLLOUT))
			return false;
	return left == 0;
}

/* Nothing that we send makes rows to copy, of which libpq would go on telling for ever. */
static bool is_copy(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* The answer to what was sent. The last result counts; there is only one. */
static enum sql_result finish(struct pgsql_conn *pg, int sent, PGresult **result_r,
			      struct error *error_r)
{
	PGresult *result = NULL, *next;
	enum sql_result outcome;

	if (!sent || !flush(pg))
		return lost(pg, error_r);
	do {
		while (PQisBusy(pg->pg))
			if (!consume(pg, POLLIN)) {
				PQclear(result);
				return lost(pg, error_r);
			}
		next = PQgetResult(pg->pg);
		if (next) {
			PQclear(result);
			result = next;
		}
	} while (next && !is_copy(next));
	if (!result || is_copy(result)) {
		PQclear(result);
		return lost(pg, error_r);
	}
	outcome = check(pg, result, error_r);
	if (outcome == SQL_OK && result_r)
		*result_r = result;
	else
		PQclear(result);
	return outcome;
}

/* --- connecting -------------------------------------------------------------------------------*/

static int pg_new(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		  bool strict, struct error *error_r)
{
	struct pgsql_conn *pg = calloc(1, sizeof(*pg));
	int ret;

	(void)strict; /* the session is the same */
	if (!pg)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = block ? pgsql_hosts_from_block(&pg->hosts, block, error_r)
		    : pgsql_hosts_from_connect(&pg->hosts, connect, error_r);
	if (ret < 0) {
		free(pg);
		return ret;
	}
	for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
		buf_init(&pg->params[i], ARRAY_MAX);
	pg->conn = (struct sql_conn){&sql_pgsql_backend, pg->hosts.count};
	*conn_r = &pg->conn;
	return 0;
}

static void pg_disconnect(struct sql_conn *conn)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	PQfinish(pg->pg);
	pg->pg = NULL;
	if (pg->map_count > 0)
		memset(pg->prepared, 0, pg->map_count * sizeof(*pg->prepared));
}

static void pg_free(struct sql_conn *conn)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	if (!pg)
		return;
	pg_disconnect(conn);
	for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
		buf_release(&pg->params[i]);
	pgsql_hosts_release(&pg->hosts);
	free(pg->prepared);
	free(pg);
}

static int await_connection(struct pgsql_conn *pg, struct error *error_r)
{
	PostgresPollingStatusType status = PGRES_POLLING_WRITING;

	if (!pg->pg)
		return error_set(error_r, ENOMEM, "out of memory");
	while (PQstatus(pg->pg) != CONNECTION_BAD && status != PGRES_POLLING_OK &&
	       status != PGRES_POLLING_FAILED) {
		if (!wait_for(pg, status == PGRES_POLLING_READING ? POLLIN : POLLOUT)) {
			set_error(pg, "no connection in time", error_r);
			return -ETIMEDOUT;
		}
		status = PQconnectPoll(pg->pg);
	}
	if (status == PGRES_POLLING_OK)
		return 0;
	set_error(pg, PQerrorMessage(pg->pg), error_r);
	return PQconnectionNeedsPassword(pg->pg) || strstr(PQerrorMessage(pg->pg), "authentication")
		       ? -EACCES
		       : -ECONNREFUSED;
}

/* "on" for a standby as well as for default_transaction_read_only. */
static int check_writable(struct pgsql_conn *pg, struct error *error_r)
{
	PGresult *result = NULL;
	bool read_only;

	if (finish(pg, PQsendQuery(pg->pg, "SHOW transaction_read_only"), &result, error_r) !=
	    SQL_OK)
		return -ECONNRESET;
	read_only = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "on") == 0;
	PQclear(result);
	if (!read_only)
		return 0;
	set_error(pg, "the server is read-only", error_r);
	return -EROFS;
}

/* Notices ("relation exists, skipping") are for nobody. */
static void ignore_notice(void *context, const PGresult *result)
{
	(void)context;
	(void)result;
}

static int pg_connect(struct sql_conn *conn, size_t number, int64_t deadline_ns,
		      struct error *error_r)
{
	static const char *const keywords[] = {"dbname", "client_encoding",
					       "fallback_application_name", NULL};
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	const char *values[] = {pg->hosts.list[number].conninfo, "UTF8", "dovetap", NULL};
	int64_t limit = clock_monotonic_ns() + CONNECT_TIMEOUT_MS * NS_PER_MSEC;
	int ret;

	pg->host = number;
	begin(pg, limit < deadline_ns ? limit : deadline_ns, ANSWER_MAX);
	pg->pg = PQconnectStartParams(keywords, values, 1);
	ret = await_connection(pg, error_r);
	if (ret == 0) {
		PQsetnonblocking(pg->pg, 1);
		PQsetNoticeReceiver(pg->pg, ignore_notice, NULL);
		ret = check_writable(pg, error_r);
	}
	if (ret < 0)
		pg_disconnect(conn);
	return ret;
}

/* --- statements -------------------------------------------------------------------------------*/

static void statement_name(char name[24], size_t map_index)
{
	snprintf(name, 24, "map%zu", map_index);
}

static void pg_forget(struct sql_conn *conn, size_t map_index)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	char command[64], name[24];

	if (map_index >= pg->map_count || !pg->prepared[map_index])
		return;
	statement_name(name, map_index);
	snprintf(command, sizeof(command), "DEALLOCATE %s", name);
	begin(pg, clock_monotonic_ns() + NS_PER_SEC, ANSWER_MAX);
	finish(pg, PQsendQuery(pg->pg, command), NULL, NULL);
	pg->prepared[map_index] = false;
}

static int make_room(struct pgsql_conn *pg, size_t map_index)
{
	bool *grown;

	if (map_index < pg->map_count)
		return 0;
	grown = realloc(pg->prepared, (map_index + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + pg->map_count, 0, (map_index + 1 - pg->map_count) * sizeof(*grown));
	pg->prepared = grown;
	pg->map_count = map_index + 1;
	return 0;
}

static enum sql_result prepare(struct pgsql_conn *pg, const struct sql_batch *batch,
			       const char *name, struct error *error_r)
{
	enum sql_result result;
	struct buf text;

	if (make_room(pg, batch->map_index) < 0) {
		set_error(pg, "out of memory", error_r);
		return SQL_AGAIN;
	}
	if (pg->prepared[batch->map_index])
		return SQL_OK;
	buf_init(&text, STATEMENT_MAX);
	sql_statement_insert(&text, SQL_PGSQL, batch->form, batch->map, batch->plan, 1);
	result = finish(pg, PQsendPrepare(pg->pg, name, buf_str(&text), 0, NULL), NULL, error_r);
	pg->prepared[batch->map_index] = result == SQL_OK;
	buf_release(&text);
	return result;
}

/* --- writing ----------------------------------------------------------------------------------*/

/* The value in PostgreSQL's text form: blobs get their "\x". */
static struct slice text_of(const struct sql_value *value, char number[SQL_NUMBER_SIZE],
			    struct buf *out)
{
	if (value->type == SQL_TYPE_HEXBLOB)
		buf_append_str(out, "\\x");
	return sql_value_text(value, number);
}

/* An element of an array: {"a\"b\\c",NULL} */
static void put_element(struct buf *out, const struct sql_value *value)
{
	char number[SQL_NUMBER_SIZE];
	struct slice text;

	if (value->null) {
		buf_append_str(out, "NULL");
		return;
	}
	buf_append_char(out, '"');
	if (value->type == SQL_TYPE_HEXBLOB)
		buf_append_char(out, '\\');
	text = text_of(value, number, out);
	for (const char *p = text.ptr, *end = p + text.len; p < end;) {
		const char *plain = p;

		while (p < end && *p != '"' && *p != '\\')
			p++;
		buf_append(out, plain, (size_t)(p - plain));
		if (p < end) {
			buf_append_char(out, '\\');
			buf_append_char(out, *p++);
		}
	}
	buf_append_char(out, '"');
}

static void put_array(struct buf *out, const struct sql_batch *batch, size_t column)
{
	for (size_t i = 0; i < batch->count; i++) {
		buf_append_char(out, i ? ',' : '{');
		put_element(out, &batch->rows[i][column]);
	}
	buf_append_char(out, '}');
}

static void put_single(struct buf *out, const struct sql_value *value)
{
	char number[SQL_NUMBER_SIZE];

	buf_append_slice(out, text_of(value, number, out));
}

/* libpq takes parameters as C strings, and the server has no text with a NUL anyway. */
static bool has_nul(const struct buf *param)
{
	return param->len > 0 && memchr(param->data, '\0', param->len) != NULL;
}

static enum sql_result fill_params(struct pgsql_conn *pg, const struct sql_batch *batch,
				   const char *values[SQL_COLUMNS_MAX], struct error *error_r)
{
	for (size_t i = 0; i < batch->map->column_count; i++) {
		struct buf *param = &pg->params[i];

		buf_reset(param);
		if (batch->form == SQL_FORM_NEWEST)
			put_array(param, batch, i);
		else
			put_single(param, &batch->rows[0][i]);
		if (param->failed) {
			set_error(pg, "out of memory", error_r);
			return SQL_AGAIN;
		}
		if (has_nul(param)) {
			set_error(pg, "a text with a NUL byte cannot be stored", error_r);
			return SQL_ROW;
		}
		values[i] = buf_str(param);
	}
	return SQL_OK;
}

static enum sql_result pg_write(struct sql_conn *conn, const struct sql_batch *batch,
				int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	const char *values[SQL_COLUMNS_MAX];
	PGresult *rows = NULL;
	enum sql_result result;
	char name[24];

	begin(pg, deadline_ns, ANSWER_MAX);
	statement_name(name, batch->map_index);
	result = fill_params(pg, batch, values, error_r);
	if (result == SQL_OK)
		result = prepare(pg, batch, name, error_r);
	if (result == SQL_OK)
		result = finish(pg,
				PQsendQueryPrepared(pg->pg, name, (int)batch->map->column_count,
						    values, NULL, NULL, 0),
				&rows, error_r);
	if (result == SQL_OK)
		*changed_r = strtoull(PQcmdTuples(rows), NULL, 10);
	PQclear(rows);
	return result;
}

static enum sql_result pg_execute(struct sql_conn *conn, const char *statement, int64_t deadline_ns,
				  uint64_t *changed_r, struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	PGresult *rows = NULL;
	enum sql_result result;

	begin(pg, deadline_ns, ANSWER_MAX);
	result = finish(pg, PQsendQuery(pg->pg, statement), &rows, error_r);
	if (result == SQL_OK)
		*changed_r = strtoull(PQcmdTuples(rows), NULL, 10);
	PQclear(rows);
	return result;
}

/* --- reading ----------------------------------------------------------------------------------*/

static void hand_out(const PGresult *rows, sql_row_cb *cb, void *context)
{
	int count = PQnfields(rows) < SQL_COLUMNS_MAX ? PQnfields(rows) : SQL_COLUMNS_MAX;

	for (int row = 0; row < PQntuples(rows); row++) {
		struct slice columns[SQL_COLUMNS_MAX] = {0};

		for (int i = 0; i < count; i++)
			if (!PQgetisnull(rows, row, i))
				columns[i] = (struct slice){PQgetvalue(rows, row, i),
							    (size_t)PQgetlength(rows, row, i)};
		cb(columns, (size_t)count, context);
	}
}

static enum sql_result select_by(struct pgsql_conn *pg, const char *statement, struct slice param,
				 sql_row_cb *cb, void *context, struct error *error_r)
{
	char *text = strndup(param.len ? param.ptr : "", param.len);
	const char *values[] = {text};
	enum sql_result result = SQL_AGAIN;
	PGresult *rows = NULL;

	if (!text)
		set_error(pg, "out of memory", error_r);
	else
		result = finish(
			pg, PQsendQueryParams(pg->pg, statement, 1, NULL, values, NULL, NULL, 0),
			&rows, error_r);
	if (result == SQL_OK)
		hand_out(rows, cb, context);
	PQclear(rows);
	free(text);
	return result;
}

static enum sql_result pg_select(struct sql_conn *conn, const char *statement, struct slice param,
				 int64_t deadline_ns, sql_row_cb *cb, void *context,
				 struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;

	begin(pg, deadline_ns, SIZE_MAX);
	return select_by(pg, statement, param, cb, context, error_r);
}

/* --- the catalogue ----------------------------------------------------------------------------*/

static void add_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 4)
		sql_table_add_column(context, SQL_PGSQL, columns[0], columns[1],
				     slice_is(columns[2], "t"), slice_is(columns[3], "t"));
}

static void add_key_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 3)
		sql_table_add_key_column(context, columns[0], columns[1],
					 !slice_is(columns[2], "t"));
}

static const char columns_query[] =
	"SELECT attname,format_type(atttypid,-1),NOT attnotnull,atthasdef OR attidentity<>'' "
	"FROM pg_attribute WHERE attrelid=to_regclass($1) AND attnum>0 AND NOT attisdropped "
	"ORDER BY attnum";

static const char keys_query[] =
	"SELECT c.relname,a.attname,i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid AND "
	"i.indimmediate AND a.attname IS NOT NULL "
	"FROM pg_index i JOIN pg_class c ON c.oid=i.indexrelid "
	"CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum,pos) "
	"LEFT JOIN pg_attribute a ON a.attrelid=i.indrelid AND a.attnum=k.attnum AND k.attnum>0 "
	"WHERE i.indrelid=to_regclass($1) AND i.indisunique AND k.pos<=i.indnkeyatts "
	"ORDER BY NOT i.indisprimary,c.relname,k.pos";

static enum sql_result pg_describe(struct sql_conn *conn, const struct sql_map *map,
				   struct sql_table *table_r, int64_t deadline_ns,
				   struct error *error_r)
{
	struct pgsql_conn *pg = (struct pgsql_conn *)conn;
	enum sql_result result;
	struct buf name;

	buf_init(&name, STATEMENT_MAX);
	sql_name_quote(&name, SQL_PGSQL, map->table);
	begin(pg, deadline_ns, ANSWER_MAX);
	result = select_by(pg, columns_query, buf_slice(&name), add_column, table_r, error_r);
	if (result == SQL_OK)
		result = select_by(pg, keys_query, buf_slice(&name), add_key_column, table_r,
				   error_r);
	buf_release(&name);
	return result;
}

/* Whatever libpq calls so, its defaults and those of the environment included. */
static bool names_a_file(const char *keyword)
{
	static const char *const keywords[] = {"passfile", "sslcert",	"sslkey",     "sslrootcert",
					       "sslcrl",   "sslcrldir", "servicefile"};

	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (strcmp(keywords[i], keyword) == 0)
			return true;
	}
	return false;
}

static void pg_places(const struct sql_conn *conn, dict_place_cb *cb, void *context)
{
	const struct pgsql_hosts *hosts = &((const struct pgsql_conn *)conn)->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		PQconninfoOption *options = PQconninfoParse(hosts->list[i].conninfo, NULL);

		for (const PQconninfoOption *o = options; o && o->keyword; o++) {
			if (o->val && names_a_file(o->keyword))
				cb(context, o->val, DICT_PLACE_READ);
		}
		PQconninfoFree(options);
	}
}

const struct sql_backend sql_pgsql_backend = {
	.dialect = SQL_PGSQL,
	.batch_max = BATCH_MAX,
	.new = pg_new,
	.connect = pg_connect,
	.disconnect = pg_disconnect,
	.describe = pg_describe,
	.write = pg_write,
	.forget = pg_forget,
	.execute = pg_execute,
	.select = pg_select,
	.places = pg_places,
	.free = pg_free,
};
