/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/rows.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

void sql_rows_init(struct sql_rows *rows)
{
	*rows = (struct sql_rows){0};
}

void sql_rows_release(struct sql_rows *rows)
{
	free(rows->rows);
	free(rows->values);
	free(rows->sent);
	free(rows->sent_values);
	sql_rows_init(rows);
}

void sql_entry_set(struct dict_entry *entry, enum dict_outcome outcome, const char *fmt, ...)
{
	va_list args;

	entry->outcome = outcome;
	va_start(args, fmt);
	vsnprintf(entry->reason, sizeof(entry->reason), fmt, args);
	va_end(args);
}

/* Values lie close together: the widest map sets the distance. */
static size_t widest(const struct sql_map_set *maps)
{
	size_t columns = 1;

	for (size_t i = 0; i < maps->count; i++)
		if (maps->maps[i].column_count > columns)
			columns = maps->maps[i].column_count;
	return columns;
}

int sql_rows_make_room(struct sql_rows *rows, size_t count, size_t columns)
{
	if (count <= rows->room)
		return 0;
	sql_rows_release(rows);
	rows->rows = calloc(count, sizeof(*rows->rows));
	rows->values = calloc(count * columns, sizeof(*rows->values));
	rows->sent = calloc(count, sizeof(struct sql_row *));
	rows->sent_values = calloc(count, sizeof(struct sql_value *));
	if (!rows->rows || !rows->values || !rows->sent || !rows->sent_values) {
		sql_rows_release(rows);
		return -ENOMEM;
	}
	rows->room = count;
	return 0;
}

/* --- entries to rows --------------------------------------------------------------------------*/

static bool read_value(const struct sql_map *map, size_t column, struct slice text,
		       struct dict_entry *entry, struct sql_value *value)
{
	enum sql_type type = map->columns[column].type;

	if (sql_value_parse(type, text, value))
		return true;
	sql_entry_set(
		entry, DICT_REFUSED,
		"dict-sql: Failed to set 1 fields (first %.*s): %s field's value %s: %.*s (in "
		"pattern: %s)",
		(int)entry->key.len, entry->key.ptr,
		column == 0 ? "value" : map->columns[column].name, sql_type_complaint(type),
		(int)text.len, text.ptr, map->pattern);
	return false;
}

static bool fill_row(struct sql_row *row, const struct sql_map_set *maps, bool strict,
		     struct dict_entry *entry)
{
	struct sql_key key = {entry->key, entry->parts, entry->part_count};
	struct slice texts[SQL_COLUMNS_MAX];

	row->entry = entry;
	row->newer = NULL;
	row->map = sql_map_set_find(maps, &key, strict, texts);
	if (!row->map) {
		sql_entry_set(entry, DICT_REFUSED, "sql dict set: Invalid/unmapped key: %.*s",
			      (int)entry->key.len, entry->key.ptr);
		return false;
	}
	texts[0] = entry->value;
	for (size_t i = 0; i < row->map->column_count; i++)
		if (!read_value(row->map, i, texts[i], entry, &row->values[i]))
			return false;
	return true;
}

int sql_rows_fill(struct sql_rows *rows, const struct sql_map_set *maps, bool strict,
		  struct dict_entry *entries, size_t count)
{
	size_t columns = widest(maps);

	if (sql_rows_make_room(rows, count, columns) < 0)
		return -ENOMEM;
	rows->row_count = 0;
	for (size_t i = 0; i < count; i++) {
		struct sql_row *row = &rows->rows[rows->row_count];

		row->values = rows->values + rows->row_count * columns;
		rows->row_count += fill_row(row, maps, strict, &entries[i]);
	}
	return 0;
}

/* --- rows to statements -----------------------------------------------------------------------*/

static int compare_keys(const struct sql_row *a, const struct sql_row *b,
			const struct sql_plan *plan)
{
	int order = 0;

	for (size_t i = 1; i < a->map->column_count && order == 0; i++)
		if (plan->columns[i].in_key)
			order = sql_value_compare(&a->values[i], &b->values[i]);
	return order;
}

/* By key, the newest first; of two with the same time the later entry counts as newer. */
static int compare_rows(const void *left, const void *right, void *context)
{
	const struct sql_row *a = *(struct sql_row *const *)left;
	const struct sql_row *b = *(struct sql_row *const *)right;
	int order = compare_keys(a, b, context);

	if (order == 0)
		order = (a->entry->time_ns < b->entry->time_ns) -
			(a->entry->time_ns > b->entry->time_ns);
	return order ? order : (a->entry < b->entry) - (a->entry > b->entry);
}

static void merge(struct sql_rows *rows, const struct sql_plan *plan)
{
	size_t kept = 0;

	for (size_t i = 0; i < rows->sent_count; i++) {
		struct sql_row *row = rows->sent[i];

		if (kept > 0 && compare_keys(rows->sent[kept - 1], row, plan) == 0)
			row->newer = rows->sent[kept - 1];
		else
			rows->sent[kept++] = row;
	}
	rows->sent_count = kept;
}

static bool fill_empty(struct sql_row *row, const struct sql_plan *plan)
{
	for (size_t i = 1; i < row->map->column_count; i++) {
		if (row->values[i].text.len > 0 || sql_plan_fill_empty(plan, i, &row->values[i]))
			continue;
		sql_entry_set(row->entry, DICT_REFUSED,
			      "column %s of type %s cannot hold an empty value",
			      row->map->columns[i].name, plan->columns[i].type);
		return false;
	}
	return true;
}

void sql_rows_take(struct sql_rows *rows, const struct sql_map *map, const struct sql_plan *plan)
{
	rows->sent_count = 0;
	for (size_t i = 0; i < rows->row_count; i++) {
		struct sql_row *row = &rows->rows[i];

		if (row->map == map && (!plan || fill_empty(row, plan)))
			rows->sent[rows->sent_count++] = row;
	}
	if (plan && rows->sent_count > 1) {
		qsort_r(rows->sent, rows->sent_count, sizeof(struct sql_row *), compare_rows,
			(void *)plan);
		merge(rows, plan);
	}
	for (size_t i = 0; i < rows->sent_count; i++)
		rows->sent_values[i] = rows->sent[i]->values;
}

const struct sql_map *sql_rows_take_next(struct sql_rows *rows, size_t *first)
{
	const struct sql_map *map = rows->rows[*first].map;

	rows->sent_count = 0;
	for (; *first < rows->row_count && rows->rows[*first].map == map; (*first)++) {
		struct sql_row *row = &rows->rows[*first];

		rows->sent_values[rows->sent_count] = row->values;
		rows->sent[rows->sent_count++] = row;
	}
	return map;
}

void sql_rows_apply_outcomes(struct sql_rows *rows, const struct sql_map *map)
{
	for (size_t i = 0; i < rows->row_count; i++) {
		struct sql_row *row = &rows->rows[i];

		if (row->map != map || !row->newer)
			continue;
		if (row->newer->entry->outcome == DICT_STORED)
			row->entry->outcome = DICT_UNCHANGED;
		else
			sql_entry_set(row->entry, row->newer->entry->outcome, "%s",
				      row->newer->entry->reason);
	}
}
