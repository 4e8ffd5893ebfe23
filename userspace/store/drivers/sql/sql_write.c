/* SPDX-License-Identifier: MIT */
/* Writes a batch: rows of one map at a time, halved to find a row that the server refuses. */
#include <errno.h>

#include "base/clock.h"
#include "store/drivers/sql/sql_private.h"

static void sql_mark(struct sql_row **rows, size_t count, enum dict_outcome outcome,
		     const struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		if (error) {
			sql_entry_set(rows[i]->entry, outcome, "%s", error->text);
		} else {
			rows[i]->entry->outcome = outcome;
			rows[i]->entry->reason[0] = '\0';
		}
	}
}

/* A plain INSERT must not be sent again after it may have been done. */
static bool sql_may_resend(const struct sql_dict *sql, enum sql_result result)
{
	return result == SQL_MOVE || (result == SQL_LOST && sql->form != SQL_FORM_INSERT);
}

static enum sql_result sql_send(struct sql_dict *sql, const struct sql_batch *batch,
				int64_t deadline_ns, uint64_t *changed_r, struct error *error_r)
{
	enum sql_result result =
		sql->backend->write(sql->conn, batch, deadline_ns, changed_r, error_r);

	if (sql_may_resend(sql, result) && sql_reconnect(sql, result, deadline_ns, error_r) == 0)
		result = sql->backend->write(sql->conn, batch, deadline_ns, changed_r, error_r);
	if (sql_is_broken(result))
		sql_disconnect(sql);
	return result;
}

static int sql_write_batch(struct sql_dict *sql, struct sql_batch *batch, struct sql_row **rows,
			   int64_t deadline_ns, struct error *error_r);

/* Finds the row that the server does not take: the rest must not suffer from it. */
static int sql_halve(struct sql_dict *sql, const struct sql_batch *batch, struct sql_row **rows,
		     int64_t deadline_ns, struct error *error_r)
{
	struct sql_batch half = *batch;
	int ret;

	half.count = batch->count / 2;
	ret = sql_write_batch(sql, &half, rows, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	half.rows = batch->rows + half.count;
	rows += half.count;
	half.count = batch->count - half.count;
	return sql_write_batch(sql, &half, rows, deadline_ns, error_r);
}

static int sql_write_batch(struct sql_dict *sql, struct sql_batch *batch, struct sql_row **rows,
			   int64_t deadline_ns, struct error *error_r)
{
	uint64_t changed = 0;
	enum sql_result result = sql_send(sql, batch, deadline_ns, &changed, error_r);

	switch (result) {
	case SQL_OK:
		sql_mark(rows, batch->count, changed ? DICT_STORED : DICT_UNCHANGED, NULL);
		return 0;
	case SQL_ROW:
		if (batch->count > 1)
			return sql_halve(sql, batch, rows, deadline_ns, error_r);
		sql_mark(rows, 1, DICT_REFUSED, error_r);
		return 0;
	case SQL_SCHEMA:
		sql_forget_plan(sql, batch->map_index);
		/* fall through */
	case SQL_AGAIN:
		sql_mark(rows, batch->count, DICT_RETRY, error_r);
		return 0;
	case SQL_MOVE:
		sql_mark(rows, batch->count, DICT_RETRY, error_r);
		return -EROFS;
	default:
		sql_mark(rows, batch->count, DICT_UNCERTAIN, error_r);
		return clock_monotonic_ns() >= deadline_ns ? -ETIMEDOUT : -ECONNRESET;
	}
}

static void sql_retry_map(struct sql_dict *sql, const struct sql_map *map,
			  const struct error *error)
{
	for (size_t i = 0; i < sql->rows.row_count; i++)
		if (sql->rows.rows[i].map == map)
			sql_entry_set(sql->rows.rows[i].entry, DICT_RETRY, "%s", error->text);
}

int sql_write_taken(struct sql_dict *sql, size_t map_index, const struct sql_plan *plan, size_t max,
		    int64_t deadline_ns, struct error *error_r)
{
	int ret = 0;

	for (size_t i = 0; i < sql->rows.sent_count && ret == 0; i += max) {
		size_t left = sql->rows.sent_count - i;
		struct sql_batch batch = {&sql->maps.maps[map_index],
					  map_index,
					  sql->form,
					  plan,
					  sql->rows.sent_values + i,
					  left < max ? left : max};

		ret = sql_write_batch(sql, &batch, sql->rows.sent + i, deadline_ns, error_r);
	}
	return ret;
}

static int sql_write_map(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
			 struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[map_index];
	const struct sql_plan *plan = &sql->plans[map_index];
	int ret = sql_make_plan(sql, map_index, deadline_ns, error_r);

	if (ret == -ENOENT || ret == -EINVAL) {
		/* Other maps of this dict may be in order. */
		sql_retry_map(sql, map, error_r);
		return 0;
	}
	if (ret < 0)
		return ret;
	sql_rows_take(&sql->rows, map, plan);
	ret = sql_write_taken(sql, map_index, plan, sql->backend->batch_max, deadline_ns, error_r);
	sql_rows_apply_outcomes(&sql->rows, map);
	return ret;
}

/* One by one, as the plugin does. */
static int sql_write_in_order(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r)
{
	size_t next = 0;
	int ret = sql->rows.row_count > 0 ? sql_connect(sql, deadline_ns, error_r) : 0;

	while (ret == 0 && next < sql->rows.row_count) {
		const struct sql_map *map = sql_rows_take_next(&sql->rows, &next);

		ret = sql_write_taken(sql, (size_t)(map - sql->maps.maps), NULL, 1, deadline_ns,
				      error_r);
	}
	return ret;
}

static bool sql_has_rows(const struct sql_dict *sql, const struct sql_map *map)
{
	for (size_t i = 0; i < sql->rows.row_count; i++)
		if (sql->rows.rows[i].map == map)
			return true;
	return false;
}

int sql_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
	      struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	struct error local = {0};
	struct error *error = error_r ? error_r : &local;
	int ret = sql_rows_fill(&sql->rows, &sql->maps, sql->strict, entries, count);

	if (ret < 0)
		error_set(error, ENOMEM, "out of memory");
	else if (sql->strict)
		ret = sql_write_in_order(sql, deadline_ns, error);
	for (size_t i = 0; i < sql->maps.count && ret == 0 && !sql->strict; i++)
		if (sql_has_rows(sql, &sql->maps.maps[i]))
			ret = sql_write_map(sql, i, deadline_ns, error);
	for (size_t i = 0; i < count; i++)
		if (entries[i].outcome == DICT_PENDING)
			sql_entry_set(&entries[i], DICT_RETRY, "%s", error->text);
	return ret;
}
