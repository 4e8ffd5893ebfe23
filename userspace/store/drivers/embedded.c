/* SPDX-License-Identifier: MIT */
/*
 * The embedded dict: "sqlite:" or "sqlite:path=FILE[:busy_msecs=N][:synchronous=normal|full]".
 *
 *	CREATE TABLE last_login (
 *		userid,               -- TEXT; BLOB when the name is not UTF-8
 *		service,              -- "" when the key has no %{service}
 *		last_access INTEGER,  -- the value, in the operator's precision
 *		last_ip,              -- "" when the key has no %{remote_ip} or there was none
 *		time_ns INTEGER,      -- what "newest" is decided by
 *		PRIMARY KEY (userid, service)) WITHOUT ROWID
 *
 * last_auth and last_failure, in the same file, are tables like it (dict_config.table); those of a
 * history are described in embedded_history.c.
 *
 * Columns are bound to the variables of the key, not to its text, so a "/" in a name shifts
 * nothing. Time and address change together and only forward. A batch is one transaction.
 *
 * synchronous=normal loses no transaction when dovetap or the system's processes die, but may
 * lose the newest ones when the power fails; full loses none, at the price of one fsync a batch.
 *
 * Only a write makes the file and its tables: whoever looks must not leave what the collector's
 * user cannot write. The file's owner is store/sqlite_file.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/drivers/drivers.h"
#include "store/drivers/embedded_private.h"
#include "store/option.h"
#include "store/sqlite_util.h"
#include "store/stamp.h"

#define DEFAULT_PATH "/var/lib/dovetap/last-login.db"

#define INSERT(table)                                                                              \
	"INSERT INTO " table " (userid, service, last_access, last_ip, time_ns) "                  \
	"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (userid, service) DO UPDATE SET "                 \
	"last_access = excluded.last_access, last_ip = excluded.last_ip, time_ns = excluded.time_ns"

#define COLUMNS(table) "SELECT userid, service, last_ip, last_access, time_ns FROM " table

#define TABLE(table)                                                                               \
	{                                                                                          \
		table,                                                                             \
			"CREATE TABLE IF NOT EXISTS " table                                        \
			" (userid, service, last_access INTEGER, "                                 \
			"last_ip, time_ns INTEGER, PRIMARY KEY (userid, service)) WITHOUT ROWID",  \
			{                                                                          \
				[BEGIN] = "BEGIN IMMEDIATE",                                       \
				[COMMIT] = "COMMIT",                                               \
				[ROLLBACK] = "ROLLBACK",                                           \
				[UPSERT] = INSERT(table) " WHERE excluded.time_ns > time_ns",      \
				[OVERWRITE] = INSERT(table),                                       \
				[SELECT] = COLUMNS(table) " WHERE userid = ?1 ORDER BY service",   \
				[SELECT_LIKE] = COLUMNS(table) " WHERE ?1 = '' OR userid GLOB ?1", \
				[EXPIRE] = "DELETE FROM " table                                    \
					   " WHERE (userid, service) IN (SELECT "                  \
					   "userid, service FROM " table                           \
					   " WHERE time_ns < ?1 LIMIT ?2)",                        \
				[EXPIRED] = COLUMNS(table) " WHERE time_ns < ?1 LIMIT ?2",         \
				[REMOVE] = "DELETE FROM " table " WHERE userid = ?1",              \
				[COUNT] = "SELECT 1 FROM " table " WHERE userid = ?1",             \
			},                                                                         \
	}

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): the names stand inside the statements. */
static const struct embedded_table tables[] = {TABLE("last_login"), TABLE("last_auth"),
					       TABLE("last_failure")};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

#define AT(field) offsetof(struct embedded_settings, field)

static const struct option options[] = {
	{"path", "path", OPTION_STRING, AT(path), .fallback = DEFAULT_PATH},
	{"busy_msecs", "busy_timeout", OPTION_MSECS, AT(busy_msecs), .max = 3600000,
	 .fallback = "10000", .invalid = "Invalid busy_msecs", .expected = "0 to 3600000"},
	{"synchronous", "synchronous", OPTION_STRING, AT(synchronous), .fallback = "normal"},
	{0},
};

/* --- connection ---------------------------------------------------------------------------- */

int embedded_fail(struct embedded *sqlite, int code, struct error *error_r)
{
	return sqlite_call_error(sqlite_handle_db(sqlite->file), code, sqlite->settings.path,
				 error_r);
}

static int make_table(struct embedded *sqlite, struct error *error_r)
{
	int code;

	if (sqlite->has_table)
		return 0;
	code = sqlite3_exec(sqlite_handle_db(sqlite->file), sqlite->table->schema, NULL, NULL,
			    NULL);
	if (code != SQLITE_OK)
		return embedded_fail(sqlite, code, error_r);
	sqlite->has_table = true;
	return 0;
}

/* A busy file is tried again on the same connection. */
void embedded_end(struct embedded *sqlite, int ret)
{
	if (ret >= 0 || ret == -EBUSY)
		sqlite_handle_end(sqlite->file);
	else
		sqlite_handle_drop(sqlite->file);
}

int embedded_begin(struct embedded *sqlite, enum sqlite_access access, int64_t deadline_ns,
		   struct error *error_r)
{
	int ret = sqlite_handle_begin(sqlite->file, access, deadline_ns,
				      sqlite->settings.busy_msecs, error_r);

	if (ret < 0)
		return ret;
	if (ret > 0)
		sqlite->has_table = false;
	ret = access == SQLITE_HANDLE_WRITE ? make_table(sqlite, error_r) : 0;
	if (ret < 0)
		embedded_end(sqlite, ret);
	return ret;
}

int embedded_prepare(struct embedded *sqlite, enum embedded_statement which, sqlite3_stmt **stmt_r)
{
	return sqlite_handle_prepare(sqlite->file, which, sqlite->table->sql[which], stmt_r);
}

int embedded_run(struct embedded *sqlite, enum embedded_statement which)
{
	sqlite3_stmt *stmt;
	int code = embedded_prepare(sqlite, which, &stmt);

	if (code != SQLITE_OK)
		return code;
	code = sqlite3_step(stmt);
	sqlite3_reset(stmt);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* --- slots --------------------------------------------------------------------------------- */

static const struct embedded_table *table_of(const struct dict_config *config)
{
	const struct embedded_table *table = tables;

	if (config->history > 0)
		return embedded_history_table(config->table);
	while (config->table && strcmp(table->name, config->table) != 0)
		table++;
	return table;
}

static int open_handle(struct embedded *sqlite, struct error *error_r)
{
	const struct sqlite_handle_options handle = {
		.path = sqlite->settings.path,
		.synchronous = sqlite->settings.synchronous,
		.create = true,
	};

	return sqlite_handle_new(&handle, &sqlite->file, error_r);
}

static int sqlite_open(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	struct embedded *sqlite = calloc(1, sizeof(*sqlite));
	const char *level;
	int ret;

	if (!sqlite)
		return error_set(error_r, ENOMEM, "out of memory");
	sqlite->table = table_of(config);
	sqlite->history = config->history;
	buf_init(&sqlite->scratch, HISTORY_VALUE_MAX);
	ret = option_defaults(options, &sqlite->settings, error_r);
	if (ret == 0 && config->block)
		ret = option_from_block(options, &sqlite->settings, config->block, error_r);
	else if (ret == 0)
		ret = option_from_uri(options, &sqlite->settings, strchr(config->uri, ':') + 1,
				      false, error_r);
	level = sqlite->settings.synchronous;
	if (ret == 0 && strcmp(level, "normal") != 0 && strcmp(level, "full") != 0)
		ret = error_set(error_r, EINVAL, "Invalid synchronous: %s (normal or full)", level);
	if (ret == 0)
		ret = open_handle(sqlite, error_r);
	if (ret == 0) {
		*dict_r = &sqlite->dict;
		return 0;
	}
	option_release(options, &sqlite->settings);
	buf_release(&sqlite->scratch);
	free(sqlite);
	return ret;
}

/* Decimal digits that survive the way through an INTEGER column. */
static bool is_canonical_number(struct slice value)
{
	return stamp_to_ns(value) >= 0 && (value.ptr[0] != '0' || value.len == 1);
}

static int bind_value(sqlite3_stmt *stmt, int index, struct slice value)
{
	int64_t number = 0;

	if (!is_canonical_number(value))
		return sqlite3_bind_blob64(stmt, index, value.ptr ? value.ptr : "", value.len,
					   SQLITE_STATIC);
	for (size_t i = 0; i < value.len; i++)
		number = number * 10 + (value.ptr[i] - '0');
	return sqlite3_bind_int64(stmt, index, number);
}

static int bind_entry(sqlite3_stmt *stmt, const struct dict_entry *entry)
{
	struct slice user, service = {0}, remote_ip = {0};
	int code;

	if (!dict_entry_part(entry, "user", &user))
		return SQLITE_MISMATCH;
	(void)dict_entry_part(entry, "service", &service);
	(void)dict_entry_part(entry, "remote_ip", &remote_ip);
	code = sqlite_bind_bytes(stmt, 1, user);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(stmt, 2, service);
	if (code == SQLITE_OK)
		code = bind_value(stmt, 3, entry->value);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(stmt, 4, remote_ip);
	return code == SQLITE_OK ? sqlite3_bind_int64(stmt, 5, entry->time_ns) : code;
}

static int put(struct embedded *sqlite, struct dict_entry *entry)
{
	enum embedded_statement which = sqlite->dict.strict ? OVERWRITE : UPSERT;
	sqlite3_stmt *stmt;
	int code = embedded_prepare(sqlite, which, &stmt);

	if (code == SQLITE_OK)
		code = bind_entry(stmt, entry);
	if (code == SQLITE_OK)
		code = embedded_run(sqlite, which);
	if (code == SQLITE_MISMATCH)
		dict_entry_set(entry, DICT_REFUSED, "the key has no user variable");
	else if (code == SQLITE_TOOBIG)
		dict_entry_set(entry, DICT_REFUSED, "larger than SQLite takes");
	else if (code != SQLITE_OK)
		return code;
	else if (sqlite3_changes(sqlite_handle_db(sqlite->file)) > 0)
		dict_entry_set(entry, DICT_STORED, "%s", "");
	else
		dict_entry_set(entry, DICT_UNCHANGED, "%s", "");
	return SQLITE_OK;
}

/* What the transaction would have done is undone; what was refused stays refused. */
static int roll_back(struct embedded *sqlite, int code, struct dict_entry *entries, size_t count,
		     struct error *error_r)
{
	int ret = embedded_fail(sqlite, code, error_r);

	if (!sqlite3_get_autocommit(sqlite_handle_db(sqlite->file)))
		(void)embedded_run(sqlite, ROLLBACK);
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome != DICT_REFUSED)
			entries[i].outcome = DICT_PENDING;
	}
	return ret;
}

static int sqlite_write(struct dict *dict, struct dict_entry *entries, size_t count,
			int64_t deadline_ns, struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	int code, ret = embedded_begin(sqlite, SQLITE_HANDLE_WRITE, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	code = embedded_run(sqlite, BEGIN);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = sqlite->history > 0 ? embedded_history_put(sqlite, &entries[i])
					   : put(sqlite, &entries[i]);
	if (code == SQLITE_OK)
		code = embedded_run(sqlite, COMMIT);
	if (code != SQLITE_OK)
		ret = roll_back(sqlite, code, entries, count, error_r);
	embedded_end(sqlite, ret);
	return ret;
}

static int64_t each_row(struct embedded *sqlite, sqlite3_stmt *select, dict_record_cb *cb,
			void *context, struct error *error_r)
{
	int64_t found = 0;
	int code;

	while ((code = sqlite3_step(select)) == SQLITE_ROW) {
		const struct dict_record record = {
			.user = sqlite_column_bytes_slice(select, 0),
			.service = sqlite_column_bytes_slice(select, 1),
			.remote_ip = sqlite_column_bytes_slice(select, 2),
			.value = sqlite_column_bytes_slice(select, 3),
			.time_ns = sqlite3_column_int64(select, 4),
		};

		cb(&record, context);
		found++;
	}
	return code == SQLITE_DONE ? found : embedded_fail(sqlite, code, error_r);
}

/* Nobody wrote yet, or not to this table. */
bool embedded_table_missing(struct embedded *sqlite)
{
	return sqlite3_table_column_metadata(sqlite_handle_db(sqlite->file), NULL,
					     sqlite->table->name, NULL, NULL, NULL, NULL, NULL,
					     NULL) == SQLITE_ERROR;
}

/* Nobody writes the file but dovetap: without it, or its table, nothing was recorded here. */
static int64_t select_rows(struct embedded *sqlite, enum embedded_statement which,
			   struct slice param, dict_record_cb *cb, void *context,
			   struct error *error_r)
{
	sqlite3_stmt *select;
	int64_t ret;
	int code;

	if (embedded_table_missing(sqlite))
		return 0;
	code = embedded_prepare(sqlite, which, &select);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(select, 1, param);
	if (code != SQLITE_OK)
		return embedded_fail(sqlite, code, error_r);
	ret = each_row(sqlite, select, cb, context, error_r);
	sqlite3_reset(select);
	return ret;
}

static int64_t read_rows(struct embedded *sqlite, enum embedded_statement which, struct slice param,
			 int64_t deadline_ns, dict_record_cb *cb, void *context,
			 struct error *error_r)
{
	struct error error = {0};
	int64_t ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, &error);

	if (ret == -ENOENT) /* presence() has that */
		return 0;
	if (ret < 0 && error_r)
		*error_r = error;
	if (ret < 0)
		return ret;
	ret = select_rows(sqlite, which, param, cb, context, error_r);
	embedded_end(sqlite, (int)(ret < 0 ? ret : 0));
	return ret;
}

static int sqlite_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			 size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			 struct error *error_r)
{
	(void)keys;
	(void)key_count;
	return (int)read_rows((struct embedded *)dict, SELECT, user, deadline_ns, cb, context,
			      error_r);
}

/* A row is the user's, with any address that its key had in it. */
static int sqlite_search(struct dict *dict, struct slice user, const struct dict_key *keys,
			 size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			 struct error *error_r)
{
	(void)keys;
	(void)key_count;
	return (int)read_rows((struct embedded *)dict, SELECT, user, deadline_ns, cb, context,
			      error_r);
}

static int64_t sqlite_list(struct dict *dict, const struct dict_listing *listing, int64_t idle_ns,
			   dict_record_cb *cb, void *context, struct error *error_r)
{
	return read_rows((struct embedded *)dict, SELECT_LIKE,
			 slice_str(listing->mask ? listing->mask : ""),
			 clock_monotonic_ns() + idle_ns, cb, context, error_r);
}

/* Taking the write lock proves that we may write. */
static int sqlite_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	int code, ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, error_r);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	code = embedded_run(sqlite, BEGIN);
	if (code == SQLITE_OK)
		code = embedded_run(sqlite, ROLLBACK);
	if (code != SQLITE_OK)
		ret = embedded_fail(sqlite, code, error_r);
	embedded_end(sqlite, ret);
	return ret;
}

static int sqlite_check_key(struct dict *dict, const char *const *variables, struct error *error_r)
{
	(void)dict;
	for (; *variables; variables++) {
		if (strcmp(*variables, "user") == 0)
			return 0;
	}
	return error_set(error_r, EINVAL,
			 "dict sqlite keeps one row for each user and service: the key template "
			 "needs %%{user}, without modifiers");
}

/* By the condition of EXPIRE. */
static int show_expired(struct embedded *sqlite, sqlite3_stmt *select,
			const struct dict_expiry *expiry, struct error *error_r)
{
	int64_t found = each_row(sqlite, select, expiry->show, expiry->context, error_r);

	sqlite3_reset(select);
	return (int)found;
}

static int expire(struct embedded *sqlite, const struct dict_expiry *expiry, struct error *error_r)
{
	sqlite3_stmt *stmt;
	int code;

	if (embedded_table_missing(sqlite))
		return 0;
	code = embedded_prepare(sqlite, expiry->show ? EXPIRED : EXPIRE, &stmt);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 1, expiry->older_than_ns);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 2, (int64_t)expiry->limit);
	if (code == SQLITE_OK && expiry->show)
		return show_expired(sqlite, stmt, expiry, error_r);
	if (code == SQLITE_OK)
		code = embedded_run(sqlite, EXPIRE);
	if (code != SQLITE_OK)
		return embedded_fail(sqlite, code, error_r);
	return sqlite3_changes(sqlite_handle_db(sqlite->file));
}

static int sqlite_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
			 struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	int ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, error_r);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = expire(sqlite, expiry, error_r);
	embedded_end(sqlite, ret);
	return ret;
}

/* Rows that come, or that are gone. */
static int count_rows(struct embedded *sqlite, sqlite3_stmt *stmt, struct error *error_r)
{
	int count = 0, code;

	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		count++;
	if (code == SQLITE_DONE && !sqlite3_stmt_readonly(stmt))
		count = sqlite3_changes(sqlite_handle_db(sqlite->file));
	if (code != SQLITE_DONE)
		count = embedded_fail(sqlite, code, error_r);
	sqlite3_reset(stmt);
	return count;
}

/* The address in a key is a column of its row, not what it is found by. */
static int remove_user(struct embedded *sqlite, const struct dict_removal *what,
		       struct error *error_r)
{
	sqlite3_stmt *stmt;
	int code;

	if (embedded_table_missing(sqlite))
		return 0;
	code = embedded_prepare(sqlite, what->dry_run ? COUNT : REMOVE, &stmt);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(stmt, 1, what->user);
	return code == SQLITE_OK ? count_rows(sqlite, stmt, error_r)
				 : embedded_fail(sqlite, code, error_r);
}

static int sqlite_remove(struct dict *dict, const struct dict_removal *what, int64_t deadline_ns,
			 struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	int ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, error_r);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = remove_user(sqlite, what, error_r);
	embedded_end(sqlite, ret);
	return ret;
}

static void sqlite_tidy(struct dict *dict)
{
	sqlite_handle_tidy(((struct embedded *)dict)->file);
}

static void sqlite_close(struct dict *dict)
{
	struct embedded *sqlite = (struct embedded *)dict;

	sqlite_handle_free(&sqlite->file);
	option_release(options, &sqlite->settings);
	buf_release(&sqlite->scratch);
	free(sqlite);
}

static void sqlite_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	cb(context, ((const struct embedded *)dict)->settings.path, DICT_PLACE_FILE);
}

const struct dict_driver sqlite_driver = {
	.name = "sqlite",
	.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_EXPIRE | DICT_CAP_TIMES_ONLY,
	.open = sqlite_open,
	.write = sqlite_write,
	.lookup = sqlite_lookup,
	.search = sqlite_search,
	.history = embedded_history,
	.list = sqlite_list,
	.ping = sqlite_ping,
	.presence = embedded_presence,
	.check_key = sqlite_check_key,
	.expire = sqlite_expire,
	.remove = sqlite_remove,
	.tidy = sqlite_tidy,
	.places = sqlite_places,
	.close = sqlite_close,
};
