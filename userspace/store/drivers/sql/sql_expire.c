/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "store/drivers/sql/expire.h"
#include "store/drivers/sql/sql_private.h"
#include "store/stamp.h"

/* One of our keys goes to that map. */
static bool is_ours(const struct sql_dict *sql, size_t map_index, const struct dict_expiry *expiry)
{
	struct slice values[SQL_COLUMNS_MAX];

	for (size_t i = 0; i < expiry->key_count; i++) {
		const struct sql_key key = {.text = expiry->keys[i]};

		if (sql_map_set_find(&sql->maps, &key, sql->strict, values) ==
		    &sql->maps.maps[map_index])
			return true;
	}
	return false;
}

/* Another map of ours, before this one, has the same table. */
static bool seen_table(const struct sql_dict *sql, size_t map_index,
		       const struct dict_expiry *expiry)
{
	for (size_t i = 0; i < map_index; i++)
		if (strcmp(sql->maps.maps[i].table, sql->maps.maps[map_index].table) == 0 &&
		    is_ours(sql, i, expiry))
			return true;
	return false;
}

static int sql_delete(struct sql_dict *sql, const struct sql_expiry *what, int64_t older_than_ns,
		      size_t limit, int64_t deadline_ns, struct error *error_r)
{
	enum sql_result result;
	struct buf statement;
	uint64_t removed = 0;
	int ret;

	buf_init(&statement, SQL_STATEMENT_MAX);
	ret = sql_expiry_statement(&statement, sql->backend->dialect, what, older_than_ns, limit);
	if (ret < 0)
		return error_set(error_r, -ret, "out of memory");
	result = sql->backend->execute(sql->conn, buf_str(&statement), deadline_ns, &removed,
				       error_r);
	buf_release(&statement);
	if (sql_is_broken(result))
		sql_disconnect(sql);
	return result == SQL_OK ? (int)removed : -EIO;
}

/* --- what would be removed ------------------------------------------------------------------ */

struct showing {
	const struct sql_map *map;
	const struct dict_expiry *expiry;
	int count;
};

static void show_row(const struct slice *columns, size_t count, void *context)
{
	struct showing *showing = context;
	struct dict_record record = {.value = columns[0]};
	size_t user = sql_map_role(showing->map, SQL_ROLE_USER);
	size_t service = sql_map_role(showing->map, SQL_ROLE_SERVICE);

	if (count < showing->map->column_count)
		return;
	if (user > 0)
		record.user = columns[user];
	if (service > 0)
		record.service = columns[service];
	record.time_ns = record.value.ptr ? stamp_to_ns(record.value) : -1;
	showing->count++;
	showing->expiry->show(&record, showing->expiry->context);
}

static int sql_show(struct sql_dict *sql, const struct sql_map *map, const struct sql_expiry *what,
		    const struct dict_expiry *expiry, int64_t deadline_ns, struct error *error_r)
{
	struct showing showing = {.map = map, .expiry = expiry};
	struct sql_question question = {.deadline_ns = deadline_ns};
	enum sql_result result = SQL_AGAIN;
	struct buf statement;

	buf_init(&statement, SQL_STATEMENT_MAX);
	if (sql_expiry_select(&statement, sql->backend->dialect, what, map, expiry->older_than_ns) <
	    0) {
		error_set(error_r, ENOMEM, "out of memory");
	} else {
		question.statement = buf_str(&statement);
		result = sql->backend->select(sql->conn, &question, show_row, &showing, error_r);
	}
	buf_release(&statement);
	if (sql_is_broken(result))
		sql_disconnect(sql);
	return result == SQL_OK ? showing.count : -EIO;
}

static int sql_expire_map(struct sql_dict *sql, size_t map_index, struct sql_table *table,
			  const struct dict_expiry *expiry, size_t limit, int64_t deadline_ns,
			  struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[map_index];
	struct sql_expiry what;
	int ret = sql_describe(sql, map, table, deadline_ns, error_r);

	if (ret == 0)
		ret = sql_expiry_make(&sql->maps, map_index, sql->backend->dialect, table, &what,
				      error_r);
	if (ret == 0 && expiry->show)
		return sql_show(sql, map, &what, expiry, deadline_ns, error_r);
	if (ret == 0)
		ret = sql_delete(sql, &what, expiry->older_than_ns, limit, deadline_ns, error_r);
	return ret;
}

int sql_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
	       struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	struct sql_table *table = calloc(1, sizeof(*table));
	size_t removed = 0;
	int ret = table ? 0 : error_set(error_r, ENOMEM, "out of memory");

	for (size_t i = 0; i < sql->maps.count && ret >= 0 && removed < expiry->limit; i++) {
		if (!is_ours(sql, i, expiry) || seen_table(sql, i, expiry))
			continue;
		ret = sql_expire_map(sql, i, table, expiry, expiry->limit - removed, deadline_ns,
				     error_r);
		removed += ret > 0 ? (size_t)ret : 0;
	}
	free(table);
	return ret < 0 ? ret : (int)removed;
}
