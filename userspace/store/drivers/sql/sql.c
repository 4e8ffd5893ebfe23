/* SPDX-License-Identifier: MIT */
#include "store/drivers/sql/sql.h"

#include "base/clock.h"
#include "conf/parse.h"
#include "store/drivers/sql/backend.h"
#include "store/drivers/sql/expire.h"
#include "store/drivers/sql/map_source.h"
#include "store/drivers/sql/rows.h"
#include "store/stamp.h"

#include <errno.h>
#include <stdlib.h>

#define STATEMENT_MAX (1U << 20)

struct sql_dict {
	struct dict dict;
	const struct sql_backend *backend;
	struct sql_conn *conn;
	size_t host; /* the one that is connected, or the next to try */
	bool connected;
	bool strict;
	enum sql_form form;
	struct sql_map_set maps;
	struct sql_plan *plans; /* one per map */
	bool *planned;
	struct sql_rows rows;
};

/* --- the connection ---------------------------------------------------------------------------*/

static void sql_disconnect(struct sql_dict *sql)
{
	if (sql->connected)
		sql->backend->disconnect(sql->conn);
	sql->connected = false;
}

static void sql_next_host(struct sql_dict *sql)
{
	sql->host = (sql->host + 1) % sql->conn->host_count;
}

/* Tries every host once, beginning with the one that worked last. */
static int sql_connect(struct sql_dict *sql, int64_t deadline_ns, struct error *error_r)
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

/* After SQL_LOST and SQL_MOVE: the connection is of no use any more. */
static int sql_reconnect(struct sql_dict *sql, enum sql_result why, int64_t deadline_ns,
			 struct error *error_r)
{
	sql_disconnect(sql);
	if (why == SQL_MOVE)
		sql_next_host(sql);
	if (clock_monotonic_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return sql_connect(sql, deadline_ns, error_r);
}

static bool is_broken(enum sql_result result)
{
	return result == SQL_LOST || result == SQL_MOVE;
}

/* --- plans ------------------------------------------------------------------------------------*/

static void sql_forget_plan(struct sql_dict *sql, size_t map_index)
{
	sql->planned[map_index] = false;
	if (sql->connected)
		sql->backend->forget(sql->conn, map_index);
}

static int sql_describe(struct sql_dict *sql, const struct sql_map *map, struct sql_table *table,
			int64_t deadline_ns, struct error *error_r)
{
	enum sql_result result = SQL_LOST;
	int ret = sql_connect(sql, deadline_ns, error_r);

	for (int attempt = 0; attempt < 2 && ret == 0 && is_broken(result); attempt++) {
		*table = (struct sql_table){0};
		result = sql->backend->describe(sql->conn, map, table, deadline_ns, error_r);
		if (is_broken(result))
			ret = sql_reconnect(sql, result, deadline_ns, error_r);
	}
	if (ret < 0)
		return ret;
	return result == SQL_OK ? 0 : is_broken(result) ? -ECONNRESET : -EINVAL;
}

/* Returns 0 with a plan; -ENOENT or -EINVAL when the schema does not fit the map; or another
 * negative errno when the server is not there. */
static int sql_make_plan(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
			 struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[map_index];
	struct sql_table *table;
	int ret;

	if (sql->planned[map_index])
		return sql_connect(sql, deadline_ns, error_r);
	table = calloc(1, sizeof(*table));
	if (!table)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = sql_describe(sql, map, table, deadline_ns, error_r);
	if (ret == 0)
		ret = sql_plan_make(map, sql->backend->dialect, table, &sql->plans[map_index],
				    error_r);
	sql->planned[map_index] = ret == 0;
	free(table);
	return ret;
}

/* --- writing ----------------------------------------------------------------------------------*/

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
	if (is_broken(result))
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

static int sql_prepare_map(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
			   struct error *error_r)
{
	return sql->strict ? sql_connect(sql, deadline_ns, error_r)
			   : sql_make_plan(sql, map_index, deadline_ns, error_r);
}

static int sql_write_map(struct sql_dict *sql, size_t map_index, int64_t deadline_ns,
			 struct error *error_r)
{
	const struct sql_map *map = &sql->maps.maps[map_index];
	const struct sql_plan *plan = sql->strict ? NULL : &sql->plans[map_index];
	size_t max = sql->strict ? 1 : sql->backend->batch_max;
	int ret = sql_prepare_map(sql, map_index, deadline_ns, error_r);

	if (ret == -ENOENT || ret == -EINVAL) {
		/* Other maps of this dict may be in order. */
		sql_retry_map(sql, map, error_r);
		return 0;
	}
	if (ret < 0)
		return ret;
	sql_rows_take(&sql->rows, map, plan);
	for (size_t i = 0; i < sql->rows.sent_count && ret == 0; i += max) {
		size_t left = sql->rows.sent_count - i;
		struct sql_batch batch = {map,
					  map_index,
					  sql->form,
					  plan,
					  sql->rows.sent_values + i,
					  left < max ? left : max};

		ret = sql_write_batch(sql, &batch, sql->rows.sent + i, deadline_ns, error_r);
	}
	sql_rows_settle(&sql->rows, map);
	return ret;
}

static bool sql_has_rows(const struct sql_dict *sql, const struct sql_map *map)
{
	for (size_t i = 0; i < sql->rows.row_count; i++)
		if (sql->rows.rows[i].map == map)
			return true;
	return false;
}

static int sql_write(struct dict *dict, struct dict_entry *entries, size_t count,
		     int64_t deadline_ns, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	struct error local = {0};
	struct error *error = error_r ? error_r : &local;
	int ret = sql_rows_fill(&sql->rows, &sql->maps, sql->strict, entries, count);

	if (ret < 0)
		error_set(error, ENOMEM, "out of memory");
	for (size_t i = 0; i < sql->maps.count && ret == 0; i++)
		if (sql_has_rows(sql, &sql->maps.maps[i]))
			ret = sql_write_map(sql, i, deadline_ns, error);
	for (size_t i = 0; i < count; i++)
		if (entries[i].outcome == DICT_PENDING)
			sql_entry_set(&entries[i], DICT_RETRY, "%s", error->text);
	return ret;
}

/* --- looking up -------------------------------------------------------------------------------*/

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
	enum sql_result result = SQL_LOST;
	struct buf statement;

	buf_init(&statement, STATEMENT_MAX);
	sql_statement_select(&statement, sql->backend->dialect, lookup->map,
			     user.len > 0 ? sql_map_role(lookup->map, SQL_ROLE_USER) : 0);
	for (int attempt = 0; attempt < 2 && is_broken(result); attempt++) {
		if (sql_connect(sql, deadline_ns, error_r) < 0)
			break;
		result = sql->backend->select(sql->conn, buf_str(&statement), user, deadline_ns,
					      found_row, lookup, error_r);
		if (is_broken(result))
			sql_disconnect(sql);
	}
	buf_release(&statement);
	return result;
}

static int sql_lookup(struct dict *dict, struct slice user, const struct slice *keys,
		      size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
		      struct error *error_r)
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
				 "no map tells which column is the user: name its variable $user");
	return lookup.found;
}

/* --- removing ---------------------------------------------------------------------------------*/

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

	buf_init(&statement, STATEMENT_MAX);
	ret = sql_expiry_statement(&statement, sql->backend->dialect, what, older_than_ns, limit);
	if (ret < 0)
		return error_set(error_r, -ret, "out of memory");
	result = sql->backend->execute(sql->conn, buf_str(&statement), deadline_ns, &removed,
				       error_r);
	buf_release(&statement);
	if (is_broken(result))
		sql_disconnect(sql);
	return result == SQL_OK ? (int)removed : -EIO;
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
	if (ret == 0)
		ret = sql_delete(sql, &what, expiry->older_than_ns, limit, deadline_ns, error_r);
	return ret;
}

static int sql_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
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

/* --- opening ----------------------------------------------------------------------------------*/

static int sql_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct sql_dict *sql = (struct sql_dict *)dict;
	int ret = sql_connect(sql, deadline_ns, error_r);

	for (size_t i = 0; i < sql->maps.count && ret == 0; i++) {
		if (strncmp(sql->maps.maps[i].pattern, "shared/", 7) != 0)
			continue;
		sql_forget_plan(sql, i);
		ret = sql_make_plan(sql, i, deadline_ns, error_r);
		/* Strict writes do not follow the plan; a missing key is then the operator's wish.
		 */
		if (sql->strict && ret == -EINVAL)
			ret = 0;
	}
	return ret;
}

static void sql_close(struct dict *dict)
{
	struct sql_dict *sql = (struct sql_dict *)dict;

	if (!sql)
		return;
	sql_disconnect(sql);
	if (sql->conn)
		sql->backend->free(sql->conn);
	sql_rows_release(&sql->rows);
	sql_map_set_release(&sql->maps);
	free(sql->plans);
	free(sql->planned);
	free(sql);
}

static int sql_load_file(struct sql_dict *sql, const struct dict_config *config, const char *path,
			 struct error *error_r)
{
	const struct conf_section *root;
	struct conf_section *owned;
	int ret = sql_map_source_open(config, path, &root, &owned, error_r);

	if (ret < 0)
		return ret;
	ret = sql_map_set_load_file(&sql->maps, root, error_r);
	if (ret == 0) {
		ret = sql->backend->new (&sql->conn, conf_setting_find(root, "connect")->value,
					 NULL, sql->strict, error_r);
		if (ret < 0)
			error_prefix(error_r, "%s:%u: connect", path,
				     conf_setting_find(root, "connect")->pos.line);
	}
	conf_free(&owned);
	return ret;
}

static int sql_load_block(struct sql_dict *sql, const struct conf_section *block,
			  struct error *error_r)
{
	int ret = sql_map_set_load_block(&sql->maps, block, error_r);

	if (ret == 0)
		ret = sql->backend->new (&sql->conn, NULL, block, sql->strict, error_r);
	return ret;
}

static int sql_load(struct sql_dict *sql, const struct dict_config *config, struct error *error_r)
{
	const char *colon = config->uri ? strchr(config->uri, ':') : NULL;
	int ret;

	if (config->block)
		ret = sql_load_block(sql, config->block, error_r);
	else if (colon && colon[1] != '\0')
		ret = sql_load_file(sql, config, colon + 1, error_r);
	else
		ret = error_set(error_r, EINVAL, "%s: %s: needs a map file: %s:/path/to/file",
				config->where, config->uri,
				sql_dialect_name(sql->backend->dialect));
	if (ret < 0)
		return ret;
	sql->plans = calloc(sql->maps.count + 1, sizeof(*sql->plans));
	sql->planned = calloc(sql->maps.count + 1, sizeof(*sql->planned));
	return sql->plans && sql->planned ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

static int sql_open(const struct dict_driver *driver, const struct sql_backend *backend,
		    const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct sql_dict *sql = calloc(1, sizeof(*sql));
	int ret;

	if (!sql)
		return error_set(error_r, ENOMEM, "out of memory");
	sql->dict.driver = driver;
	sql->backend = backend;
	sql->strict = config->strict;
	sql->form = config->strict ? sql_form_of_dovecot(backend->dialect, config->dovecot_version)
				   : SQL_FORM_NEWEST;
	sql_rows_init(&sql->rows);
	ret = sql_load(sql, config, error_r);
	if (ret < 0)
		sql_close(&sql->dict);
	else
		*dict_r = &sql->dict;
	return ret;
}

/* --- the drivers ------------------------------------------------------------------------------*/

static int mysql_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	return sql_open(&sql_mysql_driver, &sql_mysql_backend, config, dict_r, error_r);
}

static int pgsql_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	return sql_open(&sql_pgsql_driver, &sql_pgsql_backend, config, dict_r, error_r);
}

static int sqlite_open(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	return sql_open(&sql_sqlite_driver, &sql_sqlite_backend, config, dict_r, error_r);
}

static void sql_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const struct sql_dict *sql = (const struct sql_dict *)dict;

	sql->backend->places(sql->conn, cb, context);
}

#define SQL_DRIVER(called, opener)                                                                 \
	{                                                                                          \
		.name = (called),                                                                  \
		.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_SEARCH | DICT_CAP_LIST |                   \
			DICT_CAP_TIMES_ONLY | DICT_CAP_EXPIRE,                                     \
		.open = (opener), .write = sql_write, .lookup = sql_lookup, .ping = sql_ping,      \
		.expire = sql_expire, .places = sql_places, .close = sql_close,                    \
	}

const struct dict_driver sql_mysql_driver = SQL_DRIVER("mysql", mysql_open);
const struct dict_driver sql_pgsql_driver = SQL_DRIVER("pgsql", pgsql_open);
const struct dict_driver sql_sqlite_driver = SQL_DRIVER("sqlite", sqlite_open);
