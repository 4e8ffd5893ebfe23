/* SPDX-License-Identifier: MIT */
/* Finds the records of a user by the columns that come from their name, and lists those of all. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/dict_key.h"
#include "store/drivers/sql/select.h"
#include "store/drivers/sql/sql_private.h"
#include "store/stamp.h"

struct sql_reading {
	struct sql_dict *sql;
	const struct sql_map *map;
	struct sql_columns columns; /* of the map */
	dict_record_cb *cb;
	void *context;
	int64_t found;
	struct buf user;
};

static struct slice text_of(const struct slice *row, size_t column)
{
	return column > 0 ? row[column] : (struct slice){0};
}

static void on_row(const struct slice *row, size_t count, void *context)
{
	struct sql_reading *reading = context;
	const struct sql_columns *columns = &reading->columns;
	struct dict_record record = {.asked = columns->key, .value = row[0]};

	/* A user that never logged in by this service has a row in a "users" table all the same. */
	if (count < reading->map->column_count || !row[0].ptr)
		return;
	record.user = sql_columns_user(columns, row, &reading->user);
	record.service = text_of(row, columns->service);
	record.remote_ip = text_of(row, columns->remote_ip);
	record.time_ns = stamp_to_ns(record.value);
	reading->found++;
	reading->cb(&record, reading->context);
}

/* A connection that turns out to be dead is made anew, as long as nothing was handed out. */
static int run(struct sql_reading *reading, const struct sql_select *select, int64_t deadline_ns,
	       int64_t idle_ns, struct error *error_r)
{
	const struct sql_question question = {
		.statement = buf_str(&select->text),
		.params = select->params,
		.param_count = select->param_count,
		.deadline_ns = deadline_ns,
		.idle_ns = idle_ns,
	};
	struct sql_dict *sql = reading->sql;
	enum sql_result result = SQL_LOST;
	int64_t before = reading->found;

	for (int attempt = 0; attempt < 2 && sql_is_broken(result) && reading->found == before;
	     attempt++) {
		if (sql_connect(sql, deadline_ns, error_r) < 0)
			return -EIO;
		result = sql->backend->select(sql->conn, &question, on_row, reading, error_r);
		if (sql_is_broken(result))
			sql_disconnect(sql);
	}
	return result == SQL_OK ? 0 : -EIO;
}

static int no_user(const struct sql_map *map, struct error *error_r)
{
	return error_set(error_r, EOPNOTSUPP, "%s: no column of the map holds the user alone",
			 map->where);
}

static int find_user(struct sql_reading *reading, int64_t deadline_ns, struct error *error_r)
{
	struct sql_select select;
	int ret;

	if (!reading->columns.of_user)
		return no_user(reading->map, error_r);
	sql_select_init(&select);
	ret = sql_select_of_user(&select, reading->sql->backend->dialect, reading->map,
				 &reading->columns);
	if (ret == 0)
		ret = run(reading, &select, deadline_ns, 0, error_r);
	else
		(void)error_set(error_r, ENOMEM, "out of memory");
	sql_select_release(&select);
	return ret;
}

static int unmapped(const struct dict_key *key, struct error *error_r)
{
	return error_set(error_r, EOPNOTSUPP, "no map is for last-login keys such as %.*s",
			 (int)key->text.len, key->text.ptr);
}

int sql_search(struct dict *dict, struct slice user, const struct dict_key *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct sql_reading reading = {.sql = (struct sql_dict *)dict, .cb = cb, .context = context};
	const struct sql_map_set *maps = &reading.sql->maps;
	size_t asked = 0;
	int ret = 0;

	(void)user;
	buf_init(&reading.user, SQL_STATEMENT_MAX);
	for (size_t i = 0; i < maps->count && ret == 0; i++) {
		if (!sql_columns_find(maps, i, keys, key_count, reading.sql->strict,
				      &reading.columns))
			continue;
		asked++;
		reading.map = &maps->maps[i];
		ret = find_user(&reading, deadline_ns, error_r);
	}
	buf_release(&reading.user);
	if (ret == 0 && asked == 0)
		ret = unmapped(&keys[0], error_r);
	return ret < 0 ? ret : (int)reading.found;
}

/* --- presence --------------------------------------------------------------------------------- */

static void no_record(const struct dict_record *record, void *context)
{
	(void)record;
	(void)context; /* reading.found has it */
}

static int find_any(struct sql_reading *reading, int64_t deadline_ns, struct error *error_r)
{
	struct sql_select select;
	int ret;

	sql_select_init(&select);
	ret = sql_select_any(&select, reading->sql->backend->dialect, reading->map);
	if (ret == 0)
		ret = run(reading, &select, deadline_ns, 0, error_r);
	else
		(void)error_set(error_r, ENOMEM, "out of memory");
	sql_select_release(&select);
	return ret;
}

/* Is one of the maps' tables there? */
static int find_table(struct sql_dict *sql, int64_t deadline_ns, struct dict_presence *presence,
		      struct error *error_r)
{
	struct sql_table *table = calloc(1, sizeof(*table));
	bool found = false;
	int ret = 0;

	if (!table)
		return error_set(error_r, ENOMEM, "out of memory");
	for (size_t i = 0; i < sql->maps.count && ret == 0 && !found; i++) {
		ret = sql_describe(sql, &sql->maps.maps[i], table, deadline_ns, error_r);
		found = table->column_count > 0;
	}
	free(table);
	if (ret < 0)
		return -EIO;
	if (found || sql->maps.count == 0)
		return 0;
	return dict_presence_set(presence, DICT_ABSENT, "%s: there is no table %s",
				 sql->maps.maps[0].where, sql->maps.maps[0].table);
}

/* With keys a table that is not there is an error of the SELECT. */
int sql_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
		 int64_t deadline_ns, struct dict_presence *presence_r, struct error *error_r)
{
	struct sql_reading reading = {.sql = (struct sql_dict *)dict, .cb = no_record};
	const struct sql_map_set *maps = &reading.sql->maps;
	int ret = 0;

	if (key_count == 0)
		return find_table(reading.sql, deadline_ns, presence_r, error_r);
	buf_init(&reading.user, SQL_STATEMENT_MAX);
	for (size_t i = 0; i < maps->count && ret == 0 && reading.found == 0; i++) {
		if (!sql_columns_find(maps, i, keys, key_count, reading.sql->strict,
				      &reading.columns))
			continue;
		reading.map = &maps->maps[i];
		ret = find_any(&reading, deadline_ns, error_r);
	}
	buf_release(&reading.user);
	if (ret < 0 || !reading.map)
		return ret;
	return dict_presence_set(presence_r, reading.found > 0 ? DICT_PRESENT : DICT_EMPTY,
				 "table %s has no row with a time", reading.map->table);
}

/* --- listing ---------------------------------------------------------------------------------- */

struct sql_listing {
	struct sql_reading reading;
	const struct dict_listing *what;
	struct sql_columns *columns; /* of each map; key NULL: of no interest */
	struct sql_table *table;     /* scratch */
	struct buf like;
};

static bool is_number(const struct sql_dict *sql, const struct sql_table *table,
		      const struct sql_map *map)
{
	for (size_t i = 0; i < table->column_count; i++) {
		enum sql_storage storage = table->columns[i].storage;

		if (sql_name_is(sql->backend->dialect, map->columns[0].name,
				table->columns[i].name))
			return storage == SQL_STORAGE_NUMBER || storage == SQL_STORAGE_SMALL ||
			       storage == SQL_STORAGE_ANY;
	}
	return false;
}

/* Records count when the key does that led to the map; those in a map with a column for the service
 * by that column. */
static bool is_judged(const struct sql_listing *listing, const struct sql_columns *columns)
{
	return columns->key &&
	       (columns->service || listing->what->judged[columns->key - listing->what->keys]);
}

/* What the server cannot compare it does not leave out. */
static int add_judge(struct sql_listing *listing, struct sql_select *select, size_t map_index,
		     int64_t deadline_ns, struct error *error_r)
{
	struct sql_dict *sql = listing->reading.sql;
	const struct sql_judge judge = {
		.map = &sql->maps.maps[map_index],
		.columns = &listing->columns[map_index],
		.unjudged = listing->what->unjudged,
	};
	int ret;

	if (!is_judged(listing, judge.columns))
		return 0;
	ret = sql_describe(sql, judge.map, listing->table, deadline_ns, error_r);
	if (ret < 0 || !is_number(sql, listing->table, judge.map))
		return ret;
	return sql_select_inactive(select, sql->backend->dialect, listing->reading.map,
				   &listing->reading.columns, &judge, listing->what->older_than_ns);
}

static int add_conditions(struct sql_listing *listing, struct sql_select *select,
			  int64_t deadline_ns, struct error *error_r)
{
	struct sql_reading *reading = &listing->reading;
	int ret = 0;

	if (listing->what->mask && reading->columns.user)
		ret = sql_select_like(select, reading->sql->backend->dialect, reading->map,
				      &reading->columns, buf_slice(&listing->like));
	for (size_t i = 0; i < reading->sql->maps.count && ret == 0 && listing->what->judged; i++)
		ret = add_judge(listing, select, i, deadline_ns, error_r);
	return ret;
}

static int list_map(struct sql_listing *listing, size_t map_index, int64_t idle_ns,
		    struct error *error_r)
{
	struct sql_reading *reading = &listing->reading;
	int64_t deadline_ns = clock_monotonic_ns() + idle_ns;
	struct sql_select select;
	int ret;

	reading->map = &reading->sql->maps.maps[map_index];
	reading->columns = listing->columns[map_index];
	if (!reading->columns.user && !reading->columns.username)
		return no_user(reading->map, error_r);
	sql_select_init(&select);
	ret = sql_select_all(&select, reading->sql->backend->dialect, reading->map);
	if (ret == 0)
		ret = add_conditions(listing, &select, deadline_ns, error_r);
	if (ret == 0)
		ret = run(reading, &select, clock_monotonic_ns() + idle_ns, idle_ns, error_r);
	sql_select_release(&select);
	return ret;
}

static int list_maps(struct sql_listing *listing, int64_t idle_ns, struct error *error_r)
{
	const struct dict_listing *what = listing->what;
	const struct sql_dict *sql = listing->reading.sql;
	size_t listed = 0;
	int ret = 0;

	for (size_t i = 0; i < sql->maps.count; i++)
		(void)sql_columns_find(&sql->maps, i, what->keys, what->key_count, sql->strict,
				       &listing->columns[i]);
	for (size_t i = 0; i < sql->maps.count && ret == 0; i++) {
		if (!listing->columns[i].key)
			continue;
		listed++;
		ret = list_map(listing, i, idle_ns, error_r);
	}
	if (ret == 0 && listed == 0)
		ret = unmapped(&what->keys[0], error_r);
	return ret;
}

int64_t sql_list(struct dict *dict, const struct dict_listing *what, int64_t idle_ns,
		 dict_record_cb *cb, void *context, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	struct sql_listing listing = {.reading = {.sql = sql, .cb = cb, .context = context},
				      .what = what};
	int ret;

	buf_init(&listing.reading.user, SQL_STATEMENT_MAX);
	buf_init(&listing.like, SQL_STATEMENT_MAX);
	listing.columns = calloc(sql->maps.count + 1, sizeof(*listing.columns));
	listing.table = calloc(1, sizeof(*listing.table));
	if (!listing.columns || !listing.table ||
	    (what->mask && dict_mask_like(&listing.like, what->mask) < 0))
		ret = error_set(error_r, ENOMEM, "out of memory");
	else
		ret = list_maps(&listing, idle_ns, error_r);
	free(listing.columns);
	free(listing.table);
	buf_release(&listing.like);
	buf_release(&listing.reading.user);
	return ret < 0 ? ret : listing.reading.found;
}
