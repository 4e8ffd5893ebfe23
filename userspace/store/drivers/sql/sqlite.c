/* SPDX-License-Identifier: MIT */
/*
 * SQLite with a map file: an operator's own table in a file. (The embedded store without a map is
 * another driver.) The file must exist, with its table: a mistyped name shall not make a new one.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "conf/tree.h"
#include "store/drivers/sql/backend.h"
#include "store/drivers/sql/sql.h"
#include "store/drivers/sql/sql_private.h"
#include "store/drivers/sql/words.h"
#include "store/sqlite_file.h"

#define BATCH_MAX      4096
#define STATEMENT_MAX  (1U << 20)
#define BUSY_MAX_MSECS 60000

struct sqlite_conn {
	struct sql_conn conn;
	char *path;
	char *journal_mode; /* of 2.4, or NULL: as the file has it */
	struct sqlite_handle *file;
};

/* --- errors -----------------------------------------------------------------------------------*/

static const struct {
	int code;
	enum sql_result result;
} codes[] = {
	{SQLITE_CONSTRAINT, SQL_ROW}, {SQLITE_TOOBIG, SQL_ROW},	   {SQLITE_MISMATCH, SQL_ROW},
	{SQLITE_ERROR, SQL_SCHEMA},   {SQLITE_NOTADB, SQL_SCHEMA}, {SQLITE_CORRUPT, SQL_SCHEMA},
	{SQLITE_READONLY, SQL_MOVE},
};

static enum sql_result fail(struct sqlite_conn *lite, struct error *error_r)
{
	sqlite3 *db = sqlite_handle_db(lite->file);
	int code = sqlite3_errcode(db) & 0xff;

	error_set(error_r, EIO, "sqlite(%s): %s", lite->path, sqlite3_errmsg(db));
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].code == code)
			return codes[i].result;
	return SQL_AGAIN; /* busy, full, I/O error */
}

/* With the result code of a call that may have run out of memory of ours. */
static enum sql_result fail_call(struct sqlite_conn *lite, int code, struct error *error_r)
{
	if (code != SQLITE_NOMEM)
		return fail(lite, error_r);
	error_set(error_r, ENOMEM, "sqlite(%s): out of memory", lite->path);
	return SQL_AGAIN;
}

/* --- connecting -------------------------------------------------------------------------------*/

static int read_block(struct sqlite_conn *lite, const struct conf_section *block,
		      struct error *error_r)
{
	const struct conf_setting *path = sql_words_find(block, "sqlite_", "path");
	const struct conf_setting *mode = sql_words_find(block, "sqlite_", "journal_mode");

	if (!path)
		return error_set(error_r, EINVAL, "%s:%u: sqlite_path is missing", block->pos.file,
				 block->pos.line);
	if (mode && strcmp(mode->value, "wal") != 0 && strcmp(mode->value, "delete") != 0)
		return error_set(error_r, EINVAL, "%s:%u: sqlite_journal_mode: %s (wal or delete)",
				 mode->pos.file, mode->pos.line, mode->value);
	lite->path = strdup(path->value);
	lite->journal_mode = strdup(mode ? mode->value : "wal");
	return lite->path && lite->journal_mode ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

static void lite_free(struct sql_conn *conn);

static int lite_new(struct sql_conn **conn_r, const char *connect, const struct conf_section *block,
		    bool strict, struct error *error_r)
{
	struct sqlite_conn *lite = calloc(1, sizeof(*lite));
	int ret = 0;

	(void)strict; /* the session is the same */
	if (!lite)
		return error_set(error_r, ENOMEM, "out of memory");
	lite->conn = (struct sql_conn){&sql_sqlite_backend, 1};
	if (block)
		ret = read_block(lite, block, error_r);
	else if (connect[0] == '\0')
		ret = error_set(error_r, EINVAL, "connect is empty: it is the database file");
	else if (!(lite->path = strdup(connect)))
		ret = error_set(error_r, ENOMEM, "out of memory");
	if (ret < 0)
		lite_free(&lite->conn);
	else
		*conn_r = &lite->conn;
	return ret;
}

/* Its text shows that a statement is of another plan. */
static void lite_forget(struct sql_conn *conn, size_t map_index)
{
	(void)conn;
	(void)map_index;
}

static void lite_disconnect(struct sql_conn *conn)
{
	sqlite_handle_free(&((struct sqlite_conn *)conn)->file);
}

static void lite_free(struct sql_conn *conn)
{
	struct sqlite_conn *lite = (struct sqlite_conn *)conn;

	if (!lite)
		return;
	lite_disconnect(conn);
	free(lite->path);
	free(lite->journal_mode);
	free(lite);
}

static bool exec(struct sqlite_conn *lite, const char *command)
{
	return sqlite3_exec(sqlite_handle_db(lite->file), command, NULL, NULL, NULL) == SQLITE_OK;
}

/* What was learnt of the file that stood here before is not true of another one. */
static enum sql_result begin(struct sqlite_conn *lite, int64_t deadline_ns, struct error *error_r)
{
	struct error error;
	int ret = sqlite_handle_begin(lite->file, SQLITE_HANDLE_WRITE, deadline_ns, BUSY_MAX_MSECS,
				      &error);

	if (ret < 0) {
		error_set(error_r, -ret, "sqlite(%s): %s", lite->path, error.text);
		return ret == -EBUSY ? SQL_AGAIN : SQL_MOVE;
	}
	if (ret == 0)
		return SQL_OK;
	sqlite_handle_end(lite->file);
	error_set(error_r, EIO, "sqlite(%s): the file was moved", lite->path);
	return SQL_MOVE;
}

static int set_journal(struct sqlite_conn *lite, struct error *error_r)
{
	const char *journal = lite->journal_mode && strcmp(lite->journal_mode, "wal") == 0
				      ? "PRAGMA journal_mode=WAL"
				      : "PRAGMA journal_mode=DELETE";

	if (!lite->journal_mode || exec(lite, journal))
		return 0;
	fail(lite, error_r);
	return -EIO;
}

static int open_file(struct sqlite_conn *lite, int64_t deadline_ns, struct error *error_r)
{
	struct error error = {0};
	int ret = sqlite_handle_begin(lite->file, SQLITE_HANDLE_WRITE, deadline_ns, BUSY_MAX_MSECS,
				      &error);

	if (ret == -EROFS)
		return error_set(error_r, EROFS, "sqlite(%s): the file is read-only", lite->path);
	if (ret < 0)
		return error_set(error_r, EIO, "sqlite(%s): %s; the file and its table must exist",
				 lite->path, error.text);
	ret = set_journal(lite, error_r);
	sqlite_handle_end(lite->file);
	return ret;
}

static int lite_connect(struct sql_conn *conn, size_t number, int64_t deadline_ns,
			struct error *error_r)
{
	struct sqlite_conn *lite = (struct sqlite_conn *)conn;
	const struct sqlite_handle_options options = {.path = lite->path};
	int ret = sqlite_handle_new(&options, &lite->file, error_r);

	(void)number;
	if (ret == 0)
		ret = open_file(lite, deadline_ns, error_r);
	if (ret < 0)
		lite_disconnect(conn);
	return ret;
}

/* --- writing ----------------------------------------------------------------------------------*/

static enum sql_result get_statement(struct sqlite_conn *lite, const struct sql_batch *batch,
				     sqlite3_stmt **stmt_r, struct error *error_r)
{
	enum sql_result result = SQL_OK;
	struct buf text;
	int code;

	buf_init(&text, STATEMENT_MAX);
	sql_statement_insert(&text, SQL_SQLITE, batch->form, batch->map, batch->plan, 1);
	code = sqlite_handle_prepare(lite->file, batch->map_index, buf_str(&text), stmt_r);
	if (code == SQLITE_OK && strcmp(sqlite3_sql(*stmt_r), buf_str(&text)) != 0) {
		sqlite_handle_forget(lite->file, batch->map_index);
		code = sqlite_handle_prepare(lite->file, batch->map_index, buf_str(&text), stmt_r);
	}
	if (code != SQLITE_OK)
		result = fail_call(lite, code, error_r);
	buf_release(&text);
	return result;
}

static int bind_blob(sqlite3_stmt *stmt, int column, struct slice hex)
{
	unsigned char *bytes = malloc(hex.len / 2 + 1);

	if (!bytes)
		return SQLITE_NOMEM;
	sql_value_unhex(hex, bytes);
	return sqlite3_bind_blob(stmt, column, bytes, (int)(hex.len / 2), free);
}

/* The memory of a text is the caller's until the row is stored. */
static int bind_value(sqlite3_stmt *stmt, int column, const struct sql_value *value)
{
	struct slice text = value->type == SQL_TYPE_UUID ? slice_str(value->uuid) : value->text;

	if (value->null)
		return sqlite3_bind_null(stmt, column);
	switch (value->type) {
	case SQL_TYPE_INT:
	case SQL_TYPE_UINT:
		return sqlite3_bind_int64(stmt, column, value->number);
	case SQL_TYPE_DOUBLE:
		return sqlite3_bind_double(stmt, column, value->real);
	case SQL_TYPE_HEXBLOB:
		return bind_blob(stmt, column, text);
	default:
		return sqlite3_bind_text(stmt, column, text.len ? text.ptr : "", (int)text.len,
					 SQLITE_STATIC);
	}
}

static int store_row(sqlite3_stmt *stmt, const struct sql_value *row, size_t columns)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < columns && code == SQLITE_OK; i++)
		code = bind_value(stmt, (int)i + 1, &row[i]);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	return code == SQLITE_DONE ? sqlite3_reset(stmt) : code;
}

static enum sql_result store_rows(struct sqlite_conn *lite, const struct sql_batch *batch,
				  sqlite3_stmt *stmt, uint64_t *changed, struct error *error_r)
{
	sqlite3 *db = sqlite_handle_db(lite->file);
	int before = sqlite3_total_changes(db);
	enum sql_result result;
	int code = SQLITE_OK;

	if (!exec(lite, "BEGIN IMMEDIATE"))
		return fail(lite, error_r);
	for (size_t i = 0; i < batch->count && code == SQLITE_OK; i++)
		code = store_row(stmt, batch->rows[i], batch->map->column_count);
	*changed = (uint64_t)(sqlite3_total_changes(db) - before);
	if (code == SQLITE_OK && exec(lite, "COMMIT"))
		return SQL_OK;
	result = fail_call(lite, code, error_r);
	sqlite3_reset(stmt);
	exec(lite, "ROLLBACK");
	return result;
}

static enum sql_result lite_write(struct sql_conn *conn, const struct sql_batch *batch,
				  int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct sqlite_conn *lite = (struct sqlite_conn *)conn;
	sqlite3_stmt *stmt = NULL;
	enum sql_result result = begin(lite, deadline_ns, error_r);
	uint64_t changed = 0;

	if (result != SQL_OK)
		return result;
	result = get_statement(lite, batch, &stmt, error_r);
	if (result == SQL_OK)
		result = store_rows(lite, batch, stmt, &changed, error_r);
	if (result == SQL_OK)
		*changed_r = changed;
	sqlite_handle_end(lite->file);
	return result;
}

static enum sql_result lite_execute(struct sql_conn *conn, const char *statement,
				    int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	struct sqlite_conn *lite = (struct sqlite_conn *)conn;
	enum sql_result result = begin(lite, deadline_ns, error_r);

	if (result != SQL_OK)
		return result;
	if (exec(lite, statement))
		*changed_r = (uint64_t)sqlite3_changes(sqlite_handle_db(lite->file));
	else
		result = fail(lite, error_r);
	sqlite_handle_end(lite->file);
	return result;
}

/* --- reading ----------------------------------------------------------------------------------*/

static void hand_out(sqlite3_stmt *stmt, sql_row_cb *cb, void *context)
{
	struct slice columns[SQL_COLUMNS_MAX] = {0};
	int count = sqlite3_column_count(stmt);

	for (int i = 0; i < count && i < SQL_COLUMNS_MAX; i++) {
		const char *text = (const char *)sqlite3_column_text(stmt, i);

		if (text)
			columns[i] = (struct slice){text, (size_t)sqlite3_column_bytes(stmt, i)};
	}
	cb(columns, (size_t)count, context);
}

static void bind_params(sqlite3_stmt *stmt, const struct sql_question *question)
{
	for (size_t i = 0; i < question->param_count; i++) {
		struct slice param = question->params[i];

		sqlite3_bind_text(stmt, (int)i + 1, param.len ? param.ptr : "", (int)param.len,
				  SQLITE_STATIC);
	}
}

static enum sql_result select_rows(struct sqlite_conn *lite, const struct sql_question *question,
				   sql_row_cb *cb, void *context, struct error *error_r)
{
	enum sql_result result = SQL_OK;
	sqlite3_stmt *stmt = NULL;
	int code;

	if (sqlite3_prepare_v2(sqlite_handle_db(lite->file), question->statement, -1, &stmt,
			       NULL) != SQLITE_OK)
		return fail(lite, error_r);
	bind_params(stmt, question);
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		hand_out(stmt, cb, context);
	if (code != SQLITE_DONE)
		result = fail(lite, error_r);
	sqlite3_finalize(stmt);
	return result;
}

static enum sql_result lite_select(struct sql_conn *conn, const struct sql_question *question,
				   sql_row_cb *cb, void *context, struct error *error_r)
{
	struct sqlite_conn *lite = (struct sqlite_conn *)conn;
	enum sql_result result = begin(lite, question->deadline_ns, error_r);

	if (result != SQL_OK)
		return result;
	result = select_rows(lite, question, cb, context, error_r);
	sqlite_handle_end(lite->file);
	return result;
}

/* --- the catalogue ----------------------------------------------------------------------------*/

static void add_column(const struct slice *columns, size_t count, void *context)
{
	const struct sql_column_row row = {
		.name = columns[0],
		.type = columns[1],
		.nullable = slice_is(columns[2], "1"),
		.filled = slice_is(columns[3], "1"),
	};

	if (count == 4)
		sql_table_add_column(context, SQL_SQLITE, &row);
}

static void add_key_column(const struct slice *columns, size_t count, void *context)
{
	if (count == 3)
		sql_table_add_key_column(context, columns[0], columns[1],
					 !slice_is(columns[2], "1"));
}

/* An INTEGER PRIMARY KEY is filled by SQLite. */
static const char columns_query[] =
	"SELECT name,type,\"notnull\"=0 AND pk=0,"
	"dflt_value IS NOT NULL OR (pk>0 AND upper(type)='INTEGER') FROM pragma_table_info(?1)";

static const char primary_query[] =
	"SELECT 'PRIMARY KEY',name,1 FROM pragma_table_info(?1) WHERE pk>0 ORDER BY pk";

static const char unique_query[] =
	"SELECT l.name,i.name,l.partial=0 AND i.name IS NOT NULL FROM pragma_index_list(?1) l "
	"JOIN pragma_index_info(l.name) i WHERE l.\"unique\" AND l.origin<>'pk' "
	"ORDER BY l.name,i.seqno";

static const char view_query[] =
	"SELECT 1 FROM sqlite_master WHERE type='view' AND name=?1 COLLATE NOCASE";

static void set_view(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	((struct sql_table *)context)->view = true;
}

static enum sql_result lite_describe(struct sql_conn *conn, const struct sql_map *map,
				     struct sql_table *table_r, int64_t deadline_ns,
				     struct error *error_r)
{
	const struct {
		const char *statement;
		sql_row_cb *cb;
	} queries[] = {{columns_query, add_column},
		       {primary_query, add_key_column},
		       {unique_query, add_key_column},
		       {view_query, set_view}};
	enum sql_result result = SQL_OK;
	struct slice table;
	struct buf name;

	buf_init(&name, SQL_NAME_SIZE);
	sql_name_word(&name, SQL_SQLITE, map->table, true);
	table = buf_slice(&name);
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]) && result == SQL_OK; i++) {
		const struct sql_question question = {queries[i].statement, &table, 1, deadline_ns,
						      0};

		result = lite_select(conn, &question, queries[i].cb, table_r, error_r);
	}
	buf_release(&name);
	return result;
}

static void lite_places(const struct sql_conn *conn, dict_place_cb *cb, void *context)
{
	cb(context, ((const struct sqlite_conn *)conn)->path, DICT_PLACE_FILE);
}

const struct sql_backend sql_sqlite_backend = {
	.dialect = SQL_SQLITE,
	.batch_max = BATCH_MAX,
	.new = lite_new,
	.connect = lite_connect,
	.disconnect = lite_disconnect,
	.describe = lite_describe,
	.write = lite_write,
	.forget = lite_forget,
	.execute = lite_execute,
	.select = lite_select,
	.places = lite_places,
	.free = lite_free,
};

/* --- the driver ------------------------------------------------------------------------------- */

static int sqlite_open(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	return sql_open(&sql_sqlite_driver, &sql_sqlite_backend, config, dict_r, error_r);
}

const struct dict_driver sql_sqlite_driver = SQL_DRIVER("sqlite", sqlite_open);
