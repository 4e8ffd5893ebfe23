/* SPDX-License-Identifier: MIT */
/* Reads records: a SELECT for each map that has a user column. */
#include <errno.h>

#include "store/drivers/sql/sql_private.h"
#include "store/stamp.h"

struct sql_lookup {
	const struct sql_map *map;
	dict_record_cb *cb;
	void *context;
	int found;
};

static struct slice role_text(const struct sql_map *map, enum sql_role role,
			      const struct slice *columns)
{
	size_t column = sql_map_role(map, role);

	if (column > 0)
		return columns[column];
	return role == SQL_ROLE_SERVICE ? slice_str(map->service) : (struct slice){0};
}

static void found_row(const struct slice *columns, size_t count, void *context)
{
	struct sql_lookup *lookup = context;
	struct dict_record record = {.value = columns[0]};

	/* A user that never logged in by this service has a row in a "users" table all the same. */
	if (count < lookup->map->column_count || !columns[0].ptr)
		return;
	record.user = role_text(lookup->map, SQL_ROLE_USER, columns);
	record.service = role_text(lookup->map, SQL_ROLE_SERVICE, columns);
	record.remote_ip = role_text(lookup->map, SQL_ROLE_REMOTE_IP, columns);
	record.time_ns = stamp_to_ns(record.value);
	lookup->found++;
	lookup->cb(&record, lookup->context);
}

static bool may_hold(const struct sql_map *map, const struct slice *keys, size_t key_count)
{
	size_t literal = strcspn(map->pattern, "$");

	for (size_t i = 0; i < key_count; i++)
		if (keys[i].len >= literal && memcmp(keys[i].ptr, map->pattern, literal) == 0)
			return true;
	return key_count == 0;
}

static enum sql_result sql_lookup_map(struct sql_dict *sql, struct sql_lookup *lookup,
				      struct slice user, int64_t deadline_ns, struct error *error_r)
{
	struct sql_question question = {
		.params = &user, .param_count = 1, .deadline_ns = deadline_ns};
	enum sql_result result = SQL_LOST;
	struct buf statement;

	buf_init(&statement, SQL_STATEMENT_MAX);
	sql_statement_select(&statement, sql->backend->dialect, lookup->map,
			     sql_map_role(lookup->map, SQL_ROLE_USER));
	question.statement = buf_str(&statement);
	for (int attempt = 0; attempt < 2 && sql_is_broken(result); attempt++) {
		if (sql_connect(sql, deadline_ns, error_r) < 0)
			break;
		result = sql->backend->select(sql->conn, &question, found_row, lookup, error_r);
		if (sql_is_broken(result))
			sql_disconnect(sql);
	}
	buf_release(&statement);
	return result;
}

int sql_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	struct sql_lookup lookup = {.cb = cb, .context = context};
	bool asked = false;

	for (size_t i = 0; i < sql->maps.count; i++) {
		lookup.map = &sql->maps.maps[i];
		if (!sql_map_role(lookup.map, SQL_ROLE_USER) ||
		    !may_hold(lookup.map, keys, key_count))
			continue;
		asked = true;
		if (sql_lookup_map(sql, &lookup, user, deadline_ns, error_r) != SQL_OK)
			return -EIO;
	}
	if (!asked)
		return error_set(error_r, EOPNOTSUPP,
				 "no map names the column of the user: name its variable $user");
	return lookup.found;
}
