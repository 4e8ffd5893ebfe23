/* SPDX-License-Identifier: MIT */
/* Takes the logins of one user out of the tables of all maps that the keys lead to. */
#include <errno.h>
#include <stdlib.h>

#include "store/drivers/sql/removal.h"
#include "store/drivers/sql/sql_private.h"

struct sql_removing {
	struct sql_dict *sql;
	const struct dict_removal *what;
	struct sql_table *table; /* scratch */
	int64_t deadline_ns;
	int removed;
};

static void count_row(const struct slice *columns, size_t count, void *context)
{
	(void)columns;
	(void)count;
	(*(int *)context)++;
}

/* A connection that turns out to be dead is made anew: what is removed twice is removed. */
static int run(struct sql_removing *removing, const struct sql_select *select, int *rows,
	       struct error *error_r)
{
	const struct sql_question question = {
		.statement = buf_str(&select->text),
		.params = select->params,
		.param_count = select->param_count,
		.deadline_ns = removing->deadline_ns,
	};
	struct sql_dict *sql = removing->sql;
	enum sql_result result = SQL_LOST;

	for (int attempt = 0; attempt < 2 && sql_is_broken(result); attempt++) {
		if (sql_connect(sql, removing->deadline_ns, error_r) < 0)
			return -EIO;
		*rows = 0;
		result = sql->backend->select(sql->conn, &question, count_row, rows, error_r);
		if (sql_is_broken(result))
			sql_disconnect(sql);
	}
	return result == SQL_OK ? 0 : -EIO;
}

static int run_removal(struct sql_removing *removing, const struct sql_removal *removal,
		       struct error *error_r)
{
	enum sql_dialect dialect = removing->sql->backend->dialect;
	struct sql_select count, remove;
	int rows = 0, ignored, ret;

	sql_select_init(&count);
	sql_select_init(&remove);
	if (sql_removal_count(&count, dialect, removal) < 0 ||
	    sql_removal_statement(&remove, dialect, removal) < 0)
		ret = error_set(error_r, ENOMEM, "out of memory");
	else
		ret = run(removing, &count, &rows, error_r);
	if (ret == 0 && !removing->what->dry_run)
		ret = run(removing, &remove, &ignored, error_r);
	sql_select_release(&remove);
	sql_select_release(&count);
	removing->removed += ret == 0 ? rows : 0;
	return ret;
}

/* Another map, before this one, has had the rows of this table. */
static bool seen_table(const struct sql_removing *removing, const struct sql_map *map)
{
	const struct sql_map_set *maps = &removing->sql->maps;
	struct sql_columns columns;

	for (size_t i = 0; &maps->maps[i] < map; i++) {
		if (strcmp(maps->maps[i].table, map->table) == 0 &&
		    sql_columns_find(maps, i, removing->what->keys, removing->what->key_count,
				     removing->sql->strict, &columns))
			return true;
	}
	return false;
}

static int remove_from_map(struct sql_removing *removing, const struct sql_map *map,
			   const struct sql_columns *columns, struct error *error_r)
{
	struct sql_dict *sql = removing->sql;
	struct sql_removal removal = {.rows = false};
	int ret;

	if (!columns->of_user)
		return error_set(error_r, EOPNOTSUPP,
				 "%s: no column of the map holds the user alone", map->where);
	ret = sql_describe(sql, map, removing->table, removing->deadline_ns, error_r);
	if (ret == 0)
		ret = sql_removal_make(&sql->maps, map, columns, sql->backend->dialect,
				       removing->table, &removal, error_r);
	if (ret < 0 || (removal.rows && seen_table(removing, map)))
		return ret;
	return run_removal(removing, &removal, error_r);
}

int sql_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
	       struct error *error_r)
{
	struct sql_removing removing = {
		.sql = (struct sql_dict *)dict, .what = what, .deadline_ns = deadline_ns};
	const struct sql_map_set *maps = &removing.sql->maps;
	struct sql_columns columns;
	size_t concerned = 0;
	int ret = 0;

	removing.table = calloc(1, sizeof(*removing.table));
	if (!removing.table)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < maps->count && ret == 0; i++) {
		if (!sql_columns_find(maps, i, what->keys, what->key_count, removing.sql->strict,
				      &columns))
			continue;
		concerned++;
		ret = remove_from_map(&removing, &maps->maps[i], &columns, error_r);
	}
	free(removing.table);
	if (ret == 0 && concerned == 0)
		ret = error_set(error_r, EOPNOTSUPP, "no map is for last-login keys such as %.*s",
				(int)what->keys[0].text.len, what->keys[0].text.ptr);
	return ret < 0 ? ret : removing.removed;
}
