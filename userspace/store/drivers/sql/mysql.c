/* SPDX-License-Identifier: MIT */
/*
 * MySQL and MariaDB through libmariadb's non-blocking calls: each "start" returns what the library
 * waits for, we poll until the deadline, and "cont" goes on. Only the look-up of a host name blocks
 * inside the library.
 *
 * Prepared statements are kept by map and number of rows. Since every number of rows would need one
 * of its own, there are only some numbers, and a batch is filled up to the next by its last row
 * again, which changes nothing.
 */
#include "store/drivers/sql/backend.h"

#include "base/clock.h"
#include "store/drivers/sql/failure.h"
#include "store/drivers/sql/mysql_settings.h"

#include <errno.h>
#include <mariadb/errmsg.h>
#include <mariadb/mysql.h>
#include <mariadb/mysqld_error.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#define STATEMENT_MAX (4U << 20)

/* Filling up costs a half at most, a fifth on average. */
static const size_t row_counts[] = {1,	2,  3,	4,   6,	  8,   12,  16,	 24,  32,
				    48, 64, 96, 128, 192, 256, 384, 512, 768, 1000};
#define ROW_COUNTS (sizeof(row_counts) / sizeof(*row_counts))
#define BATCH_MAX  1000 /* the writer's */

struct mysql_statements {
	MYSQL_STMT *by_rows[ROW_COUNTS];
};

struct mysql_conn {
	struct sql_conn conn;
	struct mysql_hosts hosts;
	size_t host;
	bool strict;
	MYSQL *mysql;
	int64_t deadline_ns; /* of the call that is under way */
	struct mysql_statements *statements;
	size_t map_count; /* of statements */
	MYSQL_BIND *binds;
	size_t bind_count;
};

/* --- waiting ----------------------------------------------------------------------------------*/

static int events_of(int status)
{
	return (status & MYSQL_WAIT_READ ? POLLIN : 0) | (status & MYSQL_WAIT_WRITE ? POLLOUT : 0) |
	       (status & MYSQL_WAIT_EXCEPT ? POLLPRI : 0);
}

/* What happened of that for which the library waits; at the deadline, a timeout. */
static int wait_for(struct mysql_conn *my, int status)
{
	struct pollfd fd = {.fd = mysql_get_socket(my->mysql), .events = (short)events_of(status)};
	int64_t left_ms = (my->deadline_ns - clock_monotonic_ns() + NS_PER_MSEC - 1) / NS_PER_MSEC;
	int ret;

	if (left_ms <= 0)
		return MYSQL_WAIT_TIMEOUT;
	do {
		ret = poll(&fd, 1, (int)(left_ms < 3600000 ? left_ms : 3600000));
	} while (ret < 0 && errno == EINTR);
	if (ret <= 0)
		return MYSQL_WAIT_TIMEOUT;
	return (fd.revents & POLLIN ? MYSQL_WAIT_READ : 0) |
	       (fd.revents & POLLOUT ? MYSQL_WAIT_WRITE : 0) |
	       (fd.revents & POLLPRI ? MYSQL_WAIT_EXCEPT : 0) |
	       (fd.revents & (POLLERR | POLLHUP) ? status & ~MYSQL_WAIT_TIMEOUT : 0);
}

/* Drives a pair of calls to its end. */
#define AWAIT(my, call, result, object, ...)                                                       \
	do {                                                                                       \
		int status_ = call##_start(&(result), (object), ##__VA_ARGS__);                    \
		while (status_)                                                                    \
			status_ = call##_cont(&(result), (object), wait_for((my), status_));       \
	} while (0)

static int64_t earlier(int64_t deadline_ns, unsigned int msecs)
{
	int64_t limit = clock_monotonic_ns() + msecs * NS_PER_MSEC;

	return limit < deadline_ns ? limit : deadline_ns;
}

static const struct mysql_host *host_of(const struct mysql_conn *my)
{
	return &my->hosts.list[my->host];
}

static void set_deadline(struct mysql_conn *my, int64_t deadline_ns)
{
	my->deadline_ns = earlier(deadline_ns, host_of(my)->read_timeout);
}

/* --- errors -----------------------------------------------------------------------------------*/

/* Where the SQLSTATE says less than the number, or nothing (HY000). */
static const struct {
	unsigned int number;
	enum sql_result result;
} numbers[] = {
	{ER_OPTION_PREVENTS_STATEMENT, SQL_MOVE}, /* --read-only */
	{1836, SQL_MOVE},			  /* read-only mode */
	{ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, SQL_MOVE},
	{ER_SERVER_SHUTDOWN, SQL_MOVE},
	{ER_UNKNOWN_COM_ERROR, SQL_MOVE}, /* a Galera node that is not in sync */
	{1927, SQL_LOST},		  /* connection was killed */
	{4031, SQL_LOST},		  /* disconnected by the server for inactivity */
	{ER_QUERY_INTERRUPTED, SQL_AGAIN},
	{ER_TRUNCATED_WRONG_VALUE_FOR_FIELD, SQL_ROW},
	{ER_WARN_DATA_OUT_OF_RANGE, SQL_ROW},
	{1300, SQL_ROW}, /* invalid character string */
	{3819, SQL_ROW}, /* check constraint, MySQL */
	{4025, SQL_ROW}, /* check constraint, MariaDB */
	{ER_NO_PARTITION_FOR_GIVEN_VALUE, SQL_ROW},
	{ER_NO_DEFAULT_FOR_FIELD, SQL_SCHEMA},
	{ER_NON_INSERTABLE_TABLE, SQL_SCHEMA},
	{ER_NO_DB_ERROR, SQL_SCHEMA},
};

static enum sql_result result_of(unsigned int number, const char *sqlstate)
{
	if (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR)
		return SQL_LOST;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].number == number)
			return numbers[i].result;
	return sql_failure_of_state(sqlstate);
}

static const char *host_name(const struct mysql_host *host)
{
	return host->host ? host->host : host->option_file ? host->option_file : "localhost";
}

static enum sql_result fail(struct mysql_conn *my, unsigned int number, const char *state,
			    const char *text, struct error *error_r)
{
	bool late = clock_monotonic_ns() >= my->deadline_ns;

	error_set(error_r, late ? ETIMEDOUT : EIO, "mysql(%s): %s", host_name(host_of(my)),
		  late ? "no answer in time" : text);
	return late ? SQL_LOST : result_of(number, state);
}

static enum sql_result fail_conn(struct mysql_conn *my, struct error *error_r)
{
	return fail(my, mysql_errno(my->mysql), mysql_sqlstate(my->mysql), mysql_error(my->mysql),
		    error_r);
}

static enum sql_result fail_stmt(struct mysql_conn *my, MYSQL_STMT *stmt, struct error *error_r)
{
	return fail(my, mysql_stmt_errno(stmt), mysql_stmt_sqlstate(stmt), mysql_stmt_error(stmt),
		    error_r);
}

/* --- connecting -------------------------------------------------------------------------------*/

static int my_new(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		  bool strict, struct error *error_r)
{
	struct mysql_conn *my = calloc(1, sizeof(*my));
	int ret;

	if (!my)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = block ? mysql_hosts_from_block(&my->hosts, block, error_r)
		    : mysql_hosts_from_connect(&my->hosts, connect, error_r);
	if (ret < 0) {
		free(my);
		return ret;
	}
	my->strict = strict;
	my->conn = (struct sql_conn){&sql_mysql_backend, my->hosts.count};
	*conn_r = &my->conn;
	return 0;
}

/* A statement that is closed after its connection makes no round trip, so nothing can block. */
static void my_disconnect(struct sql_conn *conn)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (!my->mysql)
		return;
	if (mysql_get_socket(my->mysql) != MARIADB_INVALID_SOCKET)
		shutdown(mysql_get_socket(my->mysql), SHUT_RDWR);
	mysql_close(my->mysql);
	my->mysql = NULL;
	for (size_t map = 0; map < my->map_count; map++) {
		for (size_t i = 0; i < ROW_COUNTS; i++)
			if (my->statements[map].by_rows[i])
				mysql_stmt_close(my->statements[map].by_rows[i]);
		my->statements[map] = (struct mysql_statements){0};
	}
}

static void my_free(struct sql_conn *conn)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (!my)
		return;
	my_disconnect(conn);
	mysql_hosts_release(&my->hosts);
	free(my->statements);
	free(my->binds);
	free(my);
}

/* A user name that is too long must be refused, not cut to another user's. */
#define STRICT_SQL_MODE "SET SESSION sql_mode=CONCAT(@@sql_mode,',STRICT_ALL_TABLES')"

static void set_options(struct mysql_conn *my, const struct mysql_host *host)
{
	unsigned int connect_secs = (host->connect_timeout + 999) / 1000;
	my_bool verify = host->ssl_verify_server_cert ? 1 : 0;

	mysql_options(my->mysql, MYSQL_OPT_NONBLOCK, 0);
	mysql_options(my->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(my->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_secs);
	if (!my->strict)
		mysql_options(my->mysql, MYSQL_INIT_COMMAND, STRICT_SQL_MODE);
	if (host->option_file)
		mysql_options(my->mysql, MYSQL_READ_DEFAULT_FILE, host->option_file);
	mysql_options(my->mysql, MYSQL_READ_DEFAULT_GROUP, host->option_group);
	if (host->ssl_ca || host->ssl_ca_path) {
		mysql_ssl_set(my->mysql, host->ssl_key, host->ssl_cert, host->ssl_ca,
			      host->ssl_ca_path, host->ssl_cipher);
		mysql_options(my->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	}
}

static enum sql_result query(struct mysql_conn *my, const char *text, size_t len,
			     MYSQL_RES **result_r, struct error *error_r)
{
	MYSQL_RES *rows = NULL;
	int failed = 0;

	AWAIT(my, mysql_real_query, failed, my->mysql, text, len);
	if (failed)
		return fail_conn(my, error_r);
	AWAIT(my, mysql_store_result, rows, my->mysql);
	if (!rows)
		return fail_conn(my, error_r);
	*result_r = rows;
	return SQL_OK;
}

/* A server that does not know the variable (a proxy in front of many) is taken as writable. */
static int check_writable(struct mysql_conn *my, struct error *error_r)
{
	static const char text[] = "SELECT @@global.read_only";
	MYSQL_RES *rows = NULL;
	enum sql_result result = query(my, text, sizeof(text) - 1, &rows, error_r);
	MYSQL_ROW row = result == SQL_OK ? mysql_fetch_row(rows) : NULL;
	bool read_only = row && row[0] && strcmp(row[0], "0") != 0;

	mysql_free_result(rows);
	if (result == SQL_LOST)
		return -ECONNRESET;
	if (read_only)
		return error_set(error_r, EROFS, "mysql(%s): the server is read-only",
				 host_name(host_of(my)));
	return 0;
}

static int my_connect(struct sql_conn *conn, size_t number, int64_t deadline_ns,
		      struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	const struct mysql_host *host = &my->hosts.list[number];
	bool is_socket = host->host && host->host[0] == '/';
	MYSQL *connected = NULL;
	int ret;

	my->host = number;
	my->mysql = mysql_init(NULL);
	if (!my->mysql)
		return error_set(error_r, ENOMEM, "out of memory");
	set_options(my, host);
	my->deadline_ns = earlier(deadline_ns, host->connect_timeout);
	AWAIT(my, mysql_real_connect, connected, my->mysql, is_socket ? NULL : host->host,
	      host->user, host->password, host->dbname, host->port, is_socket ? host->host : NULL,
	      host->client_flags);
	if (!connected) {
		fail_conn(my, error_r);
		ret = mysql_errno(my->mysql) == ER_ACCESS_DENIED_ERROR ? -EACCES : -ECONNREFUSED;
	} else {
		ret = check_writable(my, error_r);
	}
	if (ret < 0)
		my_disconnect(conn);
	return ret;
}

/* --- statements -------------------------------------------------------------------------------*/

static void my_forget(struct sql_conn *conn, size_t map_index)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;

	if (map_index >= my->map_count)
		return;
	set_deadline(my, INT64_MAX);
	for (size_t i = 0; i < ROW_COUNTS; i++) {
		MYSQL_STMT *stmt = my->statements[map_index].by_rows[i];
		my_bool closed = 0;

		if (stmt)
			AWAIT(my, mysql_stmt_close, closed, stmt);
		my->statements[map_index].by_rows[i] = NULL;
	}
}

static int make_room(struct mysql_conn *my, size_t map_index)
{
	struct mysql_statements *grown;

	if (map_index < my->map_count)
		return 0;
	grown = realloc(my->statements, (map_index + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + my->map_count, 0, (map_index + 1 - my->map_count) * sizeof(*grown));
	my->statements = grown;
	my->map_count = map_index + 1;
	return 0;
}

static enum sql_result prepare(struct mysql_conn *my, struct slice text, MYSQL_STMT **stmt_r,
			       struct error *error_r)
{
	MYSQL_STMT *stmt = mysql_stmt_init(my->mysql);
	enum sql_result result;
	my_bool closed = 0;
	int failed = 0;

	if (!stmt)
		return fail_conn(my, error_r);
	AWAIT(my, mysql_stmt_prepare, failed, stmt, text.ptr, text.len);
	if (!failed) {
		*stmt_r = stmt;
		return SQL_OK;
	}
	result = fail_stmt(my, stmt, error_r);
	AWAIT(my, mysql_stmt_close, closed, stmt);
	return result;
}

static size_t row_class(size_t rows)
{
	size_t i = 0;

	while (row_counts[i] < rows)
		i++;
	return i;
}

static enum sql_result get_statement(struct mysql_conn *my, const struct sql_batch *batch,
				     size_t class, MYSQL_STMT **stmt_r, struct error *error_r)
{
	enum sql_result result = SQL_OK;
	MYSQL_STMT **kept;
	struct buf text;

	if (make_room(my, batch->map_index) < 0) {
		error_set(error_r, ENOMEM, "out of memory");
		return SQL_AGAIN;
	}
	kept = &my->statements[batch->map_index].by_rows[class];
	buf_init(&text, STATEMENT_MAX);
	if (!*kept) {
		sql_statement_insert(&text, SQL_MYSQL, batch->form, batch->map, batch->plan,
				     row_counts[class]);
		result = prepare(my, buf_slice(&text), kept, error_r);
	}
	*stmt_r = *kept;
	buf_release(&text);
	return result;
}

/* --- writing ----------------------------------------------------------------------------------*/

/* The bound memory is the value itself: nothing is copied. */
static void bind_value(MYSQL_BIND *bind, const struct sql_value *value)
{
	static my_bool yes = 1;
	struct slice text = value->type == SQL_TYPE_UUID ? slice_str(value->uuid) : value->text;

	switch (value->type) {
	case SQL_TYPE_INT:
	case SQL_TYPE_UINT:
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = (void *)&value->number;
		break;
	case SQL_TYPE_DOUBLE:
		bind->buffer_type = MYSQL_TYPE_DOUBLE;
		bind->buffer = (void *)&value->real;
		break;
	default:
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = (void *)(text.ptr ? text.ptr : "");
		bind->buffer_length = text.len;
	}
	if (value->null)
		bind->is_null = &yes;
}

static int bind_rows(struct mysql_conn *my, const struct sql_batch *batch, size_t rows)
{
	size_t columns = batch->map->column_count;
	size_t count = rows * columns + (batch->form == SQL_FORM_UPSERT);

	if (count > my->bind_count) {
		free(my->binds);
		my->binds = calloc(count, sizeof(*my->binds));
		my->bind_count = my->binds ? count : 0;
		if (!my->binds)
			return -ENOMEM;
	}
	memset(my->binds, 0, count * sizeof(*my->binds));
	for (size_t row = 0; row < rows; row++)
		for (size_t i = 0; i < columns; i++)
			bind_value(&my->binds[row * columns + i],
				   &batch->rows[row < batch->count ? row : batch->count - 1][i]);
	if (batch->form == SQL_FORM_UPSERT)
		bind_value(&my->binds[count - 1], &batch->rows[0][0]);
	return 0;
}

static enum sql_result my_write(struct sql_conn *conn, const struct sql_batch *batch,
				int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	size_t class = row_class(batch->count);
	MYSQL_STMT *stmt = NULL;
	enum sql_result result;
	int failed = 0;

	set_deadline(my, deadline_ns);
	result = get_statement(my, batch, class, &stmt, error_r);
	if (result != SQL_OK)
		return result;
	if (bind_rows(my, batch, row_counts[class]) < 0) {
		error_set(error_r, ENOMEM, "out of memory");
		return SQL_AGAIN;
	}
	if (mysql_stmt_bind_param(stmt, my->binds))
		return fail_stmt(my, stmt, error_r);
	AWAIT(my, mysql_stmt_execute, failed, stmt);
	if (failed)
		return fail_stmt(my, stmt, error_r);
	*changed_r = mysql_stmt_affected_rows(stmt);
	return SQL_OK;
}

/* --- reading ----------------------------------------------------------------------------------*/

#define TEXT_MAX 4096

struct reader {
	MYSQL_BIND binds[SQL_COLUMNS_MAX];
	unsigned long lengths[SQL_COLUMNS_MAX];
	my_bool nulls[SQL_COLUMNS_MAX];
	char texts[SQL_COLUMNS_MAX][TEXT_MAX];
	unsigned int columns;
};

static void reader_bind(struct reader *reader, MYSQL_STMT *stmt)
{
	reader->columns = mysql_stmt_field_count(stmt);
	if (reader->columns > SQL_COLUMNS_MAX)
		reader->columns = SQL_COLUMNS_MAX;
	for (unsigned int i = 0; i < reader->columns; i++) {
		reader->binds[i].buffer_type = MYSQL_TYPE_STRING;
		reader->binds[i].buffer = reader->texts[i];
		reader->binds[i].buffer_length = TEXT_MAX;
		reader->binds[i].length = &reader->lengths[i];
		reader->binds[i].is_null = &reader->nulls[i];
	}
	mysql_stmt_bind_result(stmt, reader->binds);
}

static void reader_hand_out(struct reader *reader, sql_row_cb *cb, void *context)
{
	struct slice columns[SQL_COLUMNS_MAX] = {0};

	for (unsigned int i = 0; i < reader->columns; i++)
		if (!reader->nulls[i])
			columns[i] = (struct slice){reader->texts[i], reader->lengths[i] < TEXT_MAX
									      ? reader->lengths[i]
									      : TEXT_MAX};
	cb(columns, reader->columns, context);
}

static enum sql_result read_rows(struct mysql_conn *my, MYSQL_STMT *stmt, struct reader *reader,
				 sql_row_cb *cb, void *context, struct error *error_r)
{
	int failed = 0;

	AWAIT(my, mysql_stmt_execute, failed, stmt);
	if (failed)
		return fail_stmt(my, stmt, error_r);
	reader_bind(reader, stmt);
	AWAIT(my, mysql_stmt_store_result, failed, stmt);
	if (failed)
		return fail_stmt(my, stmt, error_r);
	/* All rows are here: this does not wait. */
	for (failed = mysql_stmt_fetch(stmt); failed == 0 || failed == MYSQL_DATA_TRUNCATED;
	     failed = mysql_stmt_fetch(stmt))
		reader_hand_out(reader, cb, context);
	return failed == MYSQL_NO_DATA ? SQL_OK : fail_stmt(my, stmt, error_r);
}

static enum sql_result select_by(struct mysql_conn *my, const char *text, MYSQL_BIND *params,
				 sql_row_cb *cb, void *context, struct error *error_r)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	MYSQL_STMT *stmt = NULL;
	enum sql_result result = SQL_AGAIN;
	my_bool closed = 0;

	if (!reader) {
		error_set(error_r, ENOMEM, "out of memory");
		return result;
	}
	result = prepare(my, slice_str(text), &stmt, error_r);
	if (result == SQL_OK && mysql_stmt_bind_param(stmt, params))
		result = fail_stmt(my, stmt, error_r);
	if (result == SQL_OK)
		result = read_rows(my, stmt, reader, cb, context, error_r);
	if (stmt)
		AWAIT(my, mysql_stmt_close, closed, stmt);
	free(reader);
	return result;
}

static MYSQL_BIND text_param(struct slice text)
{
	return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING,
			    .buffer = (void *)(text.ptr ? text.ptr : ""),
			    .buffer_length = text.len};
}

static enum sql_result my_execute(struct sql_conn *conn, const char *statement, int64_t deadline_ns,
				  uint64_t *changed_r, struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	int failed = 0;

	set_deadline(my, deadline_ns);
	AWAIT(my, mysql_real_query, failed, my->mysql, statement, strlen(statement));
	if (failed)
		return fail_conn(my, error_r);
	*changed_r = mysql_affected_rows(my->mysql);
	return SQL_OK;
}

static enum sql_result my_select(struct sql_conn *conn, const char *statement, struct slice param,
				 int64_t deadline_ns, sql_row_cb *cb, void *context,
				 struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	MYSQL_BIND bind = text_param(param);

	set_deadline(my, deadline_ns);
	return select_by(my, statement, &bind, cb, context, error_r);
}

/* --- the catalogue ----------------------------------------------------------------------------*/

static void add_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 4)
		sql_table_add_column(context, SQL_MYSQL, columns[0], columns[1],
				     slice_is(columns[2], "1"), slice_is(columns[3], "1"));
}

static void add_key_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 3)
		sql_table_add_key_column(context, columns[0], columns[1],
					 !slice_is(columns[2], "1"));
}

/* The second parameter is the database, or empty for that of the connection. */
#define OF_TABLE "WHERE table_name=? AND table_schema=COALESCE(NULLIF(?,''),DATABASE()) "

static const char columns_query[] =
	"SELECT column_name,data_type,is_nullable='YES',"
	"column_default IS NOT NULL OR extra LIKE '%auto_increment%' OR extra LIKE '%GENERATED%' "
	"FROM information_schema.columns " OF_TABLE "ORDER BY ordinal_position";

static const char keys_query[] =
	"SELECT index_name,column_name,sub_part IS NULL AND column_name IS NOT NULL "
	"FROM information_schema.statistics " OF_TABLE
	"AND non_unique=0 ORDER BY index_name<>'PRIMARY',index_name,seq_in_index";

static enum sql_result my_describe(struct sql_conn *conn, const struct sql_map *map,
				   struct sql_table *table_r, int64_t deadline_ns,
				   struct error *error_r)
{
	struct mysql_conn *my = (struct mysql_conn *)conn;
	struct buf table, schema;
	enum sql_result result;

	buf_init(&table, SQL_NAME_SIZE);
	buf_init(&schema, SQL_NAME_SIZE);
	sql_name_word(&table, SQL_MYSQL, map->table, true);
	sql_name_word(&schema, SQL_MYSQL, map->table, false);
	set_deadline(my, deadline_ns);
	result = select_by(
		my, columns_query,
		(MYSQL_BIND[]){text_param(buf_slice(&table)), text_param(buf_slice(&schema))},
		add_column, table_r, error_r);
	if (result == SQL_OK)
		result = select_by(my, keys_query,
				   (MYSQL_BIND[]){text_param(buf_slice(&table)),
						  text_param(buf_slice(&schema))},
				   add_key_column, table_r, error_r);
	buf_release(&table);
	buf_release(&schema);
	return result;
}

static void my_places(const struct sql_conn *conn, dict_place_cb *cb, void *context)
{
	const struct mysql_hosts *hosts = &((const struct mysql_conn *)conn)->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct mysql_host *host = &hosts->list[i];
		const char *const files[] = {host->ssl_ca, host->ssl_ca_path, host->ssl_cert,
					     host->ssl_key, host->option_file};

		for (size_t f = 0; f < sizeof(files) / sizeof(files[0]); f++) {
			if (files[f])
				cb(context, files[f], DICT_PLACE_READ);
		}
	}
}

const struct sql_backend sql_mysql_backend = {
	.dialect = SQL_MYSQL,
	.batch_max = BATCH_MAX,
	.new = my_new,
	.connect = my_connect,
	.disconnect = my_disconnect,
	.describe = my_describe,
	.write = my_write,
	.forget = my_forget,
	.execute = my_execute,
	.select = my_select,
	.places = my_places,
	.free = my_free,
};
