/* SPDX-License-Identifier: MIT */
/*
 * The history in an SQL store: rows are added to a table of ours (docs/history.md), whose key is
 * user and id; what is too many of their users is then removed by a second statement.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "store/drivers/sql/sql_private.h"

#define TRIM_MAX 256 /* users in one statement */

/* --- the table -------------------------------------------------------------------------------- */

static int name_column(struct sql_column *column, const char *name, enum sql_type type)
{
	column->type = type;
	column->name = strdup(name);
	column->variable = strdup(name);
	return column->name && column->variable ? 0 : -ENOMEM;
}

static int name_columns(struct sql_map *map)
{
	int ret = name_column(&map->columns[SQL_HISTORY_TIME], "time_ns", SQL_TYPE_INT);

	if (ret == 0)
		ret = name_column(&map->columns[SQL_HISTORY_USER], "userid", SQL_TYPE_STRING);
	for (size_t i = 0; i < HISTORY_FIELDS && ret == 0; i++)
		ret = name_column(&map->columns[SQL_HISTORY_FIELDS + i], history_names[i],
				  SQL_TYPE_STRING);
	map->column_count = SQL_HISTORY_COLUMNS;
	return ret;
}

int sql_history_map(struct sql_dict *sql, const struct dict_config *config, struct error *error_r)
{
	struct sql_map *map = calloc(1, sizeof(*map));
	const char *where = config->history_where ? config->history_where : "history";

	if (!map)
		return error_set(error_r, ENOMEM, "out of memory");
	sql_map_set_release(&sql->maps);
	sql->maps = (struct sql_map_set){.maps = map, .count = 1};
	map->key = "userid, id";
	map->table = strdup(config->table);
	map->where = strdup(where);
	if (!map->table || !map->where || name_columns(map) < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	return 0;
}

/* With fewer columns in the key logins would be taken for the same, with more for others. */
static int check_key(const struct sql_dict *sql, struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[0];

	for (size_t i = 0; i < map->column_count; i++) {
		bool wanted = i == SQL_HISTORY_USER || i == SQL_HISTORY_FIELDS + HISTORY_ID;

		if (sql->plans[0].columns[i].in_key != wanted)
			return error_set(error_r, EINVAL, "%s: table %s needs PRIMARY KEY (%s)",
					 map->where, map->table, map->key);
	}
	return 0;
}

int sql_history_table(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r)
{
	struct error error = {0};
	int ret = sql_make_plan(sql, 0, deadline_ns, &error);

	if (ret == 0)
		ret = check_key(sql, &error);
	if (ret == -EINVAL)
		sql_forget_plan(sql, 0);
	if (ret == -ENOENT && sql->past)
		return 1;
	if (ret == -ENOENT || ret == -EINVAL)
		return error_set(error_r, -ret, "%s (docs/history.md has the table)", error.text);
	if (ret < 0 && error_r)
		*error_r = error;
	return ret;
}

static int ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	int ret;

	sql_forget_plan(sql, 0);
	ret = sql_history_table(sql, deadline_ns, error_r);
	return ret < 0 ? ret : 0;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* A client may give itself any name: what is no UTF-8 becomes "?", as no server takes it all. */
static struct slice put_text(struct buf *texts, struct slice text)
{
	size_t from = texts->len;

	for (size_t i = 0; i < text.len;) {
		size_t len = text.ptr[i] == '\0'
				     ? 0
				     : utf8_sequence((const uint8_t *)text.ptr + i, text.len - i);

		if (len > 0)
			buf_append(texts, text.ptr + i, len);
		else
			buf_append_char(texts, '?');
		i += len > 0 ? len : 1;
	}
	return (struct slice){texts->data + from, texts->len - from};
}

static bool fill_field(const struct sql_dict *sql, size_t column, struct slice text,
		       struct sql_value *value)
{
	if (text.len == 0)
		return sql_plan_fill_empty(&sql->plans[0], column, value);
	*value = (struct sql_value){.type = SQL_TYPE_STRING, .text = text};
	return true;
}

/* The texts have room already: they do not move. */
static void fill_row(struct sql_dict *sql, struct sql_row *row, struct dict_entry *entry)
{
	struct history_row past;
	bool fits = true;

	if (!history_row_of(entry, &sql->scratch, &past))
		return;
	row->entry = entry;
	row->map = &sql->maps.maps[0];
	row->values[SQL_HISTORY_TIME] =
		(struct sql_value){.type = SQL_TYPE_INT, .number = past.time_ns};
	row->values[SQL_HISTORY_USER] =
		(struct sql_value){.type = SQL_TYPE_STRING, .text = past.user};
	for (size_t i = 0; i < HISTORY_FIELDS; i++)
		fits &= fill_field(sql, SQL_HISTORY_FIELDS + i,
				   put_text(&sql->texts, past.field[i]),
				   &row->values[SQL_HISTORY_FIELDS + i]);
	if (fits)
		sql->rows.sent[sql->rows.sent_count++] = row;
	else
		dict_entry_set(entry, DICT_REFUSED, "a column of %s cannot be empty",
			       row->map->table);
}

static int compare_rows(const void *left, const void *right)
{
	const struct sql_row *a = *(struct sql_row *const *)left;
	const struct sql_row *b = *(struct sql_row *const *)right;
	int order = sql_value_compare(&a->values[SQL_HISTORY_USER], &b->values[SQL_HISTORY_USER]);

	return order ? order
		     : sql_value_compare(&a->values[SQL_HISTORY_FIELDS],
					 &b->values[SQL_HISTORY_FIELDS]);
}

static int make_texts(struct sql_dict *sql, const struct dict_entry *entries, size_t count)
{
	size_t size = 0;

	for (size_t i = 0; i < count; i++)
		size += entries[i].value.len;
	buf_reset(&sql->texts);
	return buf_reserve(&sql->texts, size + 1);
}

/* Rows in the order of their keys, so that two nodes rarely deadlock. */
static int fill_rows(struct sql_dict *sql, struct dict_entry *entries, size_t count)
{
	struct sql_rows *rows = &sql->rows;
	int ret = sql_rows_make_room(rows, count, SQL_HISTORY_COLUMNS);

	if (ret == 0)
		ret = make_texts(sql, entries, count);
	if (ret < 0)
		return ret;
	rows->row_count = count;
	rows->sent_count = 0;
	for (size_t i = 0; i < count; i++) {
		rows->rows[i] = (struct sql_row){.values = rows->values + i * SQL_HISTORY_COLUMNS};
		fill_row(sql, &rows->rows[i], &entries[i]);
	}
	qsort(rows->sent, rows->sent_count, sizeof(struct sql_row *), compare_rows);
	for (size_t i = 0; i < rows->sent_count; i++)
		rows->sent_values[i] = rows->sent[i]->values;
	return 0;
}

/* --- what is too many ------------------------------------------------------------------------- */

static void put_users(struct buf *out, enum sql_dialect dialect, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (dialect == SQL_PGSQL)
			buf_appendf(out, "%s$%zu", i ? "," : "", i + 1);
		else
			buf_append_str(out, i ? ",?" : "?");
	}
}

/* Rows of those users by their age; the window function is that of MySQL 8.0, MariaDB 10.2 and
 * SQLite 3.25. */
static void put_ranked(struct buf *out, enum sql_dialect dialect, const char *table, size_t users)
{
	buf_append_str(out, "(SELECT userid AS u,id AS i,ROW_NUMBER() OVER (PARTITION BY userid "
			    "ORDER BY time_ns DESC,id DESC) AS n FROM ");
	sql_name_quote(out, dialect, table);
	buf_append_str(out, " WHERE userid IN (");
	put_users(out, dialect, users);
	buf_append_str(out, ")) AS ranked");
}

/* An index finds the first row that is too many, without a look at those that stay. */
static void put_pgsql_trim(struct buf *out, const char *table, size_t users, size_t kept)
{
	buf_append_str(out, "DELETE FROM ");
	sql_name_quote(out, SQL_PGSQL, table);
	buf_append_str(out, " AS h USING unnest(ARRAY[");
	put_users(out, SQL_PGSQL, users);
	buf_append_str(out, "]::text[]) AS s(u) CROSS JOIN LATERAL (SELECT id AS i FROM ");
	sql_name_quote(out, SQL_PGSQL, table);
	buf_appendf(out,
		    " AS o WHERE o.userid=s.u ORDER BY time_ns DESC,id DESC OFFSET %zu) AS old "
		    "WHERE h.userid=s.u AND h.id=old.i",
		    kept);
}

int sql_history_trim_statement(struct buf *out, enum sql_dialect dialect, const char *table,
			       size_t users, size_t kept)
{
	if (dialect == SQL_PGSQL) {
		put_pgsql_trim(out, table, users, kept);
		return out->failed;
	}
	buf_append_str(out, dialect == SQL_MYSQL ? "DELETE h FROM " : "DELETE FROM ");
	sql_name_quote(out, dialect, table);
	buf_append_str(out, dialect == SQL_MYSQL ? " AS h JOIN "
						 : " WHERE (userid,id) IN (SELECT u,i FROM ");
	put_ranked(out, dialect, table, users);
	buf_appendf(out,
		    dialect == SQL_MYSQL ? " ON h.userid=ranked.u AND h.id=ranked.i WHERE n>%zu"
					 : " WHERE n>%zu)",
		    kept);
	return out->failed;
}

static void ignore_row(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	(void)context;
}

static enum sql_result trim(struct sql_dict *sql, const struct slice *users, size_t count,
			    int64_t deadline_ns, struct error *error_r)
{
	struct sql_question question = {
		.params = users, .param_count = count, .deadline_ns = deadline_ns};
	enum sql_result result = SQL_AGAIN;
	struct buf statement;

	buf_init(&statement, SQL_STATEMENT_MAX);
	if (sql_history_trim_statement(&statement, sql->backend->dialect, sql->maps.maps[0].table,
				       count, sql->history) < 0) {
		error_set(error_r, ENOMEM, "out of memory");
	} else {
		question.statement = buf_str(&statement);
		result = sql_history_run(sql, &question, ignore_row, NULL, error_r);
	}
	buf_release(&statement);
	return result;
}

/* Whose rows may be too many now. Those are found side by side. */
static bool is_due(const struct sql_dict *sql, const struct sql_row *row)
{
	return row->entry->outcome == DICT_STORED ||
	       (sql->untrimmed && row->entry->outcome == DICT_UNCHANGED);
}

/* The next users, from *at on. */
static size_t next_users(const struct sql_dict *sql, size_t *at, struct slice users[TRIM_MAX])
{
	const struct sql_rows *rows = &sql->rows;
	size_t count = 0;

	for (; *at < rows->sent_count && count < TRIM_MAX; (*at)++) {
		struct slice user = rows->sent[*at]->values[SQL_HISTORY_USER].text;

		if (is_due(sql, rows->sent[*at]) &&
		    (count == 0 || !slice_equal(users[count - 1], user)))
			users[count++] = user;
	}
	return count;
}

/* A row that was added is not done with before what it makes too many is gone: sent again, it finds
 * itself there. */
static void keep_rows(struct sql_dict *sql, enum sql_result why, const struct error *error)
{
	sql->untrimmed = true;
	for (size_t i = 0; i < sql->rows.sent_count; i++) {
		struct sql_row *row = sql->rows.sent[i];

		if (is_due(sql, row))
			sql_entry_set(row->entry, why == SQL_LOST ? DICT_UNCERTAIN : DICT_RETRY,
				      "%s", error->text);
	}
}

static int trim_users(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r)
{
	struct slice users[TRIM_MAX];
	enum sql_result result = SQL_OK;
	size_t at = 0, count;

	while (result == SQL_OK && (count = next_users(sql, &at, users)) > 0)
		result = trim(sql, users, count, deadline_ns, error_r);
	if (result == SQL_OK)
		sql->untrimmed = false;
	else
		keep_rows(sql, result, error_r);
	return sql_is_broken(result) ? -ECONNRESET : 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

static int add_rows(struct sql_dict *sql, struct dict_entry *entries, size_t count,
		    int64_t deadline_ns, struct error *error_r)
{
	int ret = sql_history_table(sql, deadline_ns, error_r);

	if (ret == -EINVAL || ret == -ENOENT) {
		dict_entries_set(entries, count, DICT_RETRY, error_r->text);
		return 0;
	}
	if (ret != 0)
		return ret < 0 ? ret : -ENOENT;
	if (fill_rows(sql, entries, count) < 0)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = sql_write_taken(sql, 0, &sql->plans[0], sql->backend->batch_max, deadline_ns,
			      error_r);
	return ret < 0 ? ret : trim_users(sql, deadline_ns, error_r);
}

static int write_rows(struct dict *dict, struct dict_entry *entries, size_t count,
		      int64_t deadline_ns, struct error *error_r)
{
	struct error local = {0};

	return add_rows((struct sql_dict *)dict, entries, count, deadline_ns,
			error_r ? error_r : &local);
}

const struct dict_driver sql_history_driver = {
	.name = "sql",
	.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_EXPIRE,
	.write = write_rows,
	.history = sql_history,
	.ping = ping,
	.expire = sql_history_expire,
	.remove = sql_history_remove,
	.places = sql_places,
	.close = sql_close,
};
