/* SPDX-License-Identifier: MIT */
/* The connection of a dict: hosts in turn, and the plan of each map once it is up. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/sql/sql_private.h"

void sql_disconnect(struct sql_dict *sql)
{
	if (sql->connected)
		sql->backend->disconnect(sql->conn);
	sql->connected = false;
}

static void sql_next_host(struct sql_dict *sql)
{
	sql->host = (sql->host + 1) % sql->conn->host_count;
}

int sql_connect(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r)
{
	int ret = 0;

	if (sql->connected)
		return 0;
	for (size_t i = 0; i < sql->conn->host_count; i++) {
		ret = sql->backend->connect(sql->conn, sql->host, deadline_ns, error_r);
		if (ret == 0) {
			sql->connected = true;
			return 0;
		}
		sql_next_host(sql);
	}
	return ret;
}

int sql_reconnect(struct sql_dict *sql, enum sql_result why, int64_t deadline_ns,
		  struct error *error_r)
{
	sql_disconnect(sql);
	if (why == SQL_MOVE)
		sql_next_host(sql);
	if (clock_monotonic_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return sql_connect(sql, deadline_ns, error_r);
}

bool sql_is_broken(enum sql_result result)
{
	return result == SQL_LOST || result == SQL_MOVE;
}

void sql_forget_plan(struct sql_dict *sql, size_t map_index)
{
	sql->planned[map_index] = false;
	if (sql->connected)
		sql->backend->forget(sql->conn, map_index);
}

int sql_describe(struct sql_dict *sql, const struct sql_map *map, struct sql_table *table,
		 int64_t deadline_ns, struct error *error_r)
{
	enum sql_result result = SQL_LOST;
	int ret = sql_connect(sql, deadline_ns, error_r);

	for (int attempt = 0; attempt < 2 && ret == 0 && sql_is_broken(result); attempt++) {
		*table = (struct sql_table){0};
		result = sql->backend->describe(sql->conn, map, table, deadline_ns, error_r);
		if (sql_is_broken(result))
			ret = sql_reconnect(sql, result, deadline_ns, error_r);
	}
	if (ret < 0)
		return ret;
	return result == SQL_OK ? 0 : sql_is_broken(result) ? -ECONNRESET : -EINVAL;
}

static int plan_table(struct sql_dict *sql, size_t map_index, const struct sql_table *table,
		      bool whole, struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[map_index];
	const struct sql_need *need = &sql->needs[map_index];
	int ret = sql_plan_make(map, sql->backend->dialect, table, need, &sql->plans[map_index],
				error_r);

	sql->planned[map_index] = ret == 0;
	if (ret == 0 && whole)
		ret = sql_need_check(map, sql->backend->dialect, table, need, error_r);
	return ret;
}

static int describe_and_plan(struct sql_dict *sql, size_t map_index, bool whole,
			     int64_t deadline_ns, struct error *error_r)
{
	struct sql_table *table = calloc(1, sizeof(*table));
	int ret;

	if (!table)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = sql_describe(sql, &sql->maps.maps[map_index], table, deadline_ns, error_r);
	if (ret == 0)
		ret = plan_table(sql, map_index, table, whole, error_r);
	free(table);
	return ret;
}

int sql_make_plan(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
		  struct error *error_r)
{
	if (sql->planned[map_index])
		return sql_connect(sql, deadline_ns, error_r);
	return describe_and_plan(sql, map_index, false, deadline_ns, error_r);
}

int sql_check_table(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
		    struct error *error_r)
{
	sql_forget_plan(sql, map_index);
	return describe_and_plan(sql, map_index, true, deadline_ns, error_r);
}
