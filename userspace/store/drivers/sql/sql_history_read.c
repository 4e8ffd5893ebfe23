/* SPDX-License-Identifier: MIT */
/* Reads, removes and expires rows of a history. */
#include <errno.h>
#include <inttypes.h>

#include "store/drivers/sql/sql_private.h"

enum sql_result sql_history_run(struct sql_dict *sql, const struct sql_question *question,
				sql_row_cb *cb, void *context, struct error *error_r)
{
	enum sql_result result = SQL_LOST;

	for (int attempt = 0; attempt < 2 && sql_is_broken(result); attempt++) {
		if (sql_connect(sql, question->deadline_ns, error_r) < 0)
			break;
		result = sql->backend->select(sql->conn, question, cb, context, error_r);
		if (sql_is_broken(result))
			sql_disconnect(sql);
	}
	return result;
}

/* A statement that is being put together, with the user as its only parameter. */
struct asking {
	struct sql_dict *sql;
	struct slice user;
	struct buf text;
	int64_t deadline_ns;

	history_row_cb *cb;
	const struct dict_expiry *expiry;
	void *context;
	int count; /* rows that came */
};

static void put(struct asking *asking, const char *text)
{
	buf_append_str(&asking->text, text);
}

static void put_table(struct asking *asking)
{
	sql_name_quote(&asking->text, asking->sql->backend->dialect,
		       asking->sql->maps.maps[0].table);
}

static void put_columns(struct asking *asking)
{
	const struct sql_map *map = &asking->sql->maps.maps[0];

	for (size_t i = 0; i < map->column_count; i++)
		buf_appendf(&asking->text, "%s%s", i ? "," : "", map->columns[i].name);
	put(asking, " FROM ");
	put_table(asking);
}

static void put_user(struct asking *asking)
{
	put(asking,
	    asking->sql->backend->dialect == SQL_PGSQL ? " WHERE userid=$1" : " WHERE userid=?");
}

static int run(struct asking *asking, sql_row_cb *cb, struct error *error_r)
{
	struct sql_question question = {.statement = buf_str(&asking->text),
					.params = &asking->user,
					.param_count = asking->user.len > 0,
					.deadline_ns = asking->deadline_ns};
	int ret;

	if (asking->text.failed < 0)
		ret = error_set(error_r, ENOMEM, "out of memory");
	else
		ret = sql_history_run(asking->sql, &question, cb, asking, error_r) == SQL_OK ? 0
											     : -EIO;
	buf_reset(&asking->text);
	return ret;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int64_t time_of(const struct slice *columns)
{
	struct sql_value value;

	return sql_value_parse(SQL_TYPE_INT, columns[SQL_HISTORY_TIME], &value) ? value.number : -1;
}

static void on_row(const struct slice *columns, size_t count, void *context)
{
	struct asking *asking = context;
	struct history_row row = {.user = columns[SQL_HISTORY_USER]};

	if (count < SQL_HISTORY_COLUMNS)
		return;
	row.time_ns = time_of(columns);
	for (size_t i = 0; i < HISTORY_FIELDS; i++)
		row.field[i] = columns[SQL_HISTORY_FIELDS + i];
	asking->cb(&row, asking->context);
	asking->count++;
}

static int read_rows(struct asking *asking, size_t limit, struct error *error_r)
{
	put(asking, "SELECT ");
	put_columns(asking);
	if (asking->user.len > 0)
		put_user(asking);
	buf_appendf(&asking->text, " ORDER BY time_ns DESC,id DESC LIMIT %zu", limit);
	return run(asking, on_row, error_r);
}

int sql_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		history_row_cb *cb, void *context, struct error *error_r)
{
	struct asking asking = {.sql = (struct sql_dict *)dict,
				.user = user,
				.cb = cb,
				.context = context,
				.deadline_ns = deadline_ns};
	size_t kept = asking.sql->history;
	int ret = sql_history_table(asking.sql, deadline_ns, error_r);

	buf_init(&asking.text, SQL_STATEMENT_MAX);
	if (ret == 0)
		ret = read_rows(&asking, user.len > 0 && limit > kept ? kept : limit, error_r);
	buf_release(&asking.text);
	return ret < 0 ? ret : asking.count;
}

/* --- removing --------------------------------------------------------------------------------- */

static void count_row(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	((struct asking *)context)->count++;
}

/* They are counted before: no count comes with the answer to a statement with parameters. */
static int remove_rows(struct asking *asking, const struct dict_removal *what,
		       struct error *error_r)
{
	static const char *const verbs[] = {"SELECT 1 FROM ", "DELETE FROM "};
	int ret = 0;

	for (size_t i = 0; i < (what->dry_run ? 1 : 2) && ret == 0; i++) {
		put(asking, verbs[i]);
		put_table(asking);
		put_user(asking);
		buf_appendf(&asking->text, " AND time_ns<=%" PRId64, what->until_ns);
		ret = run(asking, count_row, error_r);
	}
	return ret;
}

int sql_history_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
		       struct error *error_r)
{
	struct asking asking = {
		.sql = (struct sql_dict *)dict, .user = what->user, .deadline_ns = deadline_ns};
	int ret = sql_history_table(asking.sql, deadline_ns, error_r);

	buf_init(&asking.text, SQL_STATEMENT_MAX);
	if (ret == 0)
		ret = remove_rows(&asking, what, error_r);
	buf_release(&asking.text);
	return ret < 0 ? ret : asking.count;
}

/* --- expiring --------------------------------------------------------------------------------- */

static void show_row(const struct slice *columns, size_t count, void *context)
{
	struct asking *asking = context;
	const struct dict_record record = {
		.user = columns[SQL_HISTORY_USER],
		.service = columns[SQL_HISTORY_FIELDS + HISTORY_SERVICE],
		.remote_ip = columns[SQL_HISTORY_FIELDS + HISTORY_REMOTE_IP],
		.value = columns[SQL_HISTORY_TIME],
		.time_ns = time_of(columns),
	};

	if (count < SQL_HISTORY_COLUMNS)
		return;
	asking->expiry->show(&record, asking->expiry->context);
	asking->count++;
}

static void put_old(struct asking *asking)
{
	buf_appendf(&asking->text, " WHERE time_ns<%" PRId64 " LIMIT %zu",
		    asking->expiry->older_than_ns, asking->expiry->limit);
}

static int show_old(struct asking *asking, struct error *error_r)
{
	put(asking, "SELECT ");
	put_columns(asking);
	put_old(asking);
	return run(asking, show_row, error_r);
}

static int remove_old(struct asking *asking, struct error *error_r)
{
	struct sql_dict *sql = asking->sql;
	bool nested = sql->backend->dialect != SQL_MYSQL; /* its DELETE has a LIMIT of its own */
	enum sql_result result;
	uint64_t removed = 0;

	put(asking, "DELETE FROM ");
	put_table(asking);
	if (nested) {
		put(asking, " WHERE (userid,id) IN (SELECT userid,id FROM ");
		put_table(asking);
	}
	put_old(asking);
	put(asking, nested ? ")" : "");
	if (asking->text.failed < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	result = sql->backend->execute(sql->conn, buf_str(&asking->text), asking->deadline_ns,
				       &removed, error_r);
	if (sql_is_broken(result))
		sql_disconnect(sql);
	asking->count = (int)removed;
	return result == SQL_OK ? 0 : -EIO;
}

int sql_history_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
		       struct error *error_r)
{
	struct asking asking = {
		.sql = (struct sql_dict *)dict, .expiry = expiry, .deadline_ns = deadline_ns};
	int ret = sql_history_table(asking.sql, deadline_ns, error_r);

	buf_init(&asking.text, SQL_STATEMENT_MAX);
	if (ret == 0)
		ret = expiry->show ? show_old(&asking, error_r) : remove_old(&asking, error_r);
	buf_release(&asking.text);
	return ret < 0 ? ret : asking.count;
}
