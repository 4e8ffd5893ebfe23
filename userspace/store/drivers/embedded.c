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
 * last_auth and last_failure, in the same file, are tables like it (dict_config.table).
 *
 * Columns are bound to the variables of the key, not to its text, so a "/" in a name shifts
 * nothing. Time and address change together and only forward. A batch is one transaction.
 *
 * synchronous=normal loses no transaction when dovetap or the system's processes die, but may
 * lose the newest ones when the power fails; full loses none, at the price of one fsync a batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/drivers/drivers.h"
#include "store/option.h"
#include "store/sqlite_util.h"
#include "store/stamp.h"

#define DEFAULT_PATH "/var/lib/dovetap/last-login.db"

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	UPSERT,
	OVERWRITE,
	SELECT,
	SELECT_ALL,
	EXPIRE,
	STATEMENT_COUNT
};

#define INSERT(table)                                                                              \
	"INSERT INTO " table " (userid, service, last_access, last_ip, time_ns) "                  \
	"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (userid, service) DO UPDATE SET "                 \
	"last_access = excluded.last_access, last_ip = excluded.last_ip, time_ns = excluded.time_ns"

#define COLUMNS(table) "SELECT userid, service, last_ip, last_access, time_ns FROM " table

struct table {
	const char *name, *schema, *sql[STATEMENT_COUNT];
};

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
				[SELECT_ALL] = COLUMNS(table) " ORDER BY userid, service",         \
				[EXPIRE] = "DELETE FROM " table                                    \
					   " WHERE (userid, service) IN (SELECT "                  \
					   "userid, service FROM " table                           \
					   " WHERE time_ns < ?1 LIMIT ?2)",                        \
			},                                                                         \
	}

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): the names stand inside the statements. */
static const struct table tables[] = {TABLE("last_login"), TABLE("last_auth"),
				      TABLE("last_failure")};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

struct settings {
	char *path;
	char *synchronous;
	int64_t busy_msecs;
};

struct sqlite {
	struct dict dict;
	struct settings settings;
	const struct table *table;
	sqlite3 *db; /* NULL while the file cannot be opened */
	dev_t device;
	ino_t inode;
	sqlite3_stmt *statements[STATEMENT_COUNT];
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{"path", "path", OPTION_STRING, AT(path), .fallback = DEFAULT_PATH},
	{"busy_msecs", "busy_timeout", OPTION_MSECS, AT(busy_msecs), .max = 3600000,
	 .fallback = "10000", .invalid = "Invalid busy_msecs", .expected = "0 to 3600000"},
	{"synchronous", "synchronous", OPTION_STRING, AT(synchronous), .fallback = "normal"},
	{0},
};

/* --- connection ---------------------------------------------------------------------------- */

static void disconnect(struct sqlite *sqlite)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(sqlite->statements[i]);
		sqlite->statements[i] = NULL;
	}
	sqlite3_close(sqlite->db);
	sqlite->db = NULL;
}

static int prepare(struct sqlite *sqlite, struct error *error_r)
{
	if (sqlite3_exec(sqlite->db, sqlite->table->schema, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(sqlite->db, sqlite->settings.path, error_r);
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		if (sqlite3_prepare_v3(sqlite->db, sqlite->table->sql[i], -1,
				       SQLITE_PREPARE_PERSISTENT, &sqlite->statements[i],
				       NULL) != SQLITE_OK)
			return sqlite_error(sqlite->db, sqlite->settings.path, error_r);
	}
	return 0;
}

static void remember_file(struct sqlite *sqlite)
{
	struct stat st = {0};

	(void)stat(sqlite->settings.path, &st);
	sqlite->device = st.st_dev;
	sqlite->inode = st.st_ino;
}

/* Somebody who removes or replaces the file must not make us write into the void. */
static bool file_moved(const struct sqlite *sqlite)
{
	struct stat st;

	return stat(sqlite->settings.path, &st) < 0 || st.st_ino != sqlite->inode ||
	       st.st_dev != sqlite->device;
}

/* SQLite leaves the log of a file that is gone, and would apply it to the one in its place. */
static void remove_log(const struct sqlite *sqlite)
{
	static const char *const suffixes[] = {"-wal", "-shm"};
	char *path;

	for (size_t i = 0; i < 2; i++) {
		if (asprintf(&path, "%s%s", sqlite->settings.path, suffixes[i]) < 0)
			continue;
		(void)unlink(path);
		free(path);
	}
}

static int connect_file(struct sqlite *sqlite, int64_t deadline_ns, struct error *error_r)
{
	int ret;

	if (sqlite->db && file_moved(sqlite)) {
		disconnect(sqlite);
		remove_log(sqlite);
	}
	if (!sqlite->db) {
		ret = sqlite_open_file(sqlite->settings.path, sqlite->settings.synchronous,
				       &sqlite->db, error_r);
		if (ret == 0)
			ret = prepare(sqlite, error_r);
		if (ret < 0) {
			disconnect(sqlite);
			return ret;
		}
		remember_file(sqlite);
	}
	sqlite_wait_until(sqlite->db, deadline_ns, sqlite->settings.busy_msecs);
	return 0;
}

static int run(struct sqlite *sqlite, enum statement which)
{
	int code = sqlite3_step(sqlite->statements[which]);

	sqlite3_reset(sqlite->statements[which]);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* --- slots --------------------------------------------------------------------------------- */

static const struct table *table_of(const struct dict_config *config)
{
	const struct table *table = tables;

	while (config->table && strcmp(table->name, config->table) != 0)
		table++;
	return table;
}

static int sqlite_open(const struct dict_config *config, struct dict **dict_r,
		       struct error *error_r)
{
	struct sqlite *sqlite = calloc(1, sizeof(*sqlite));
	const char *level;
	int ret;

	if (!sqlite)
		return error_set(error_r, ENOMEM, "out of memory");
	sqlite->table = table_of(config);
	ret = option_defaults(options, &sqlite->settings, error_r);
	if (ret == 0 && config->block)
		ret = option_from_block(options, &sqlite->settings, config->block, error_r);
	else if (ret == 0)
		ret = option_from_uri(options, &sqlite->settings, strchr(config->uri, ':') + 1,
				      false, error_r);
	level = sqlite->settings.synchronous;
	if (ret == 0 && strcmp(level, "normal") != 0 && strcmp(level, "full") != 0)
		ret = error_set(error_r, EINVAL, "Invalid synchronous: %s (normal or full)", level);
	if (ret == 0) {
		*dict_r = &sqlite->dict;
		return 0;
	}
	option_release(options, &sqlite->settings);
	free(sqlite);
	return ret;
}

/* Decimal digits that survive the way through an INTEGER column. */
static bool is_canonical_number(struct slice value)
{
	return stamp_to_ns(value) >= 0 && (value.ptr[0] != '0' || value.len == 1);
}

static int bind_value(sqlite3_stmt *statement, int index, struct slice value)
{
	int64_t number = 0;

	if (!is_canonical_number(value))
		return sqlite3_bind_blob64(statement, index, value.ptr ? value.ptr : "", value.len,
					   SQLITE_STATIC);
	for (size_t i = 0; i < value.len; i++)
		number = number * 10 + (value.ptr[i] - '0');
	return sqlite3_bind_int64(statement, index, number);
}

static int bind_entry(sqlite3_stmt *statement, const struct dict_entry *entry)
{
	struct slice user, service = {0}, remote_ip = {0};
	int code;

	if (!dict_entry_part(entry, "user", &user))
		return SQLITE_MISMATCH;
	(void)dict_entry_part(entry, "service", &service);
	(void)dict_entry_part(entry, "remote_ip", &remote_ip);
	code = sqlite_bind_bytes(statement, 1, user);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(statement, 2, service);
	if (code == SQLITE_OK)
		code = bind_value(statement, 3, entry->value);
	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(statement, 4, remote_ip);
	return code == SQLITE_OK ? sqlite3_bind_int64(statement, 5, entry->time_ns) : code;
}

static int put(struct sqlite *sqlite, struct dict_entry *entry)
{
	enum statement which = sqlite->dict.strict ? OVERWRITE : UPSERT;
	int code = bind_entry(sqlite->statements[which], entry);

	if (code == SQLITE_OK)
		code = run(sqlite, which);
	if (code == SQLITE_MISMATCH)
		dict_entry_set(entry, DICT_REFUSED, "the key has no user variable");
	else if (code == SQLITE_TOOBIG)
		dict_entry_set(entry, DICT_REFUSED, "larger than SQLite takes");
	else if (code != SQLITE_OK)
		return code;
	else if (sqlite3_changes(sqlite->db) > 0)
		dict_entry_set(entry, DICT_STORED, "%s", "");
	else
		dict_entry_set(entry, DICT_UNCHANGED, "%s", "");
	return SQLITE_OK;
}

/* What the transaction would have done is undone; what was refused stays refused. */
static int roll_back(struct sqlite *sqlite, struct dict_entry *entries, size_t count,
		     struct error *error_r)
{
	int ret = sqlite_error(sqlite->db, sqlite->settings.path, error_r);

	if (!sqlite3_get_autocommit(sqlite->db))
		(void)run(sqlite, ROLLBACK);
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome != DICT_REFUSED)
			entries[i].outcome = DICT_PENDING;
	}
	if (ret != -EBUSY)
		disconnect(sqlite);
	return ret;
}

static int sqlite_write(struct dict *dict, struct dict_entry *entries, size_t count,
			int64_t deadline_ns, struct error *error_r)
{
	struct sqlite *sqlite = (struct sqlite *)dict;
	int code, ret = connect_file(sqlite, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	code = run(sqlite, BEGIN);
	for (size_t i = 0; i < count && code == SQLITE_OK; i++)
		code = put(sqlite, &entries[i]);
	if (code == SQLITE_OK)
		code = run(sqlite, COMMIT);
	return code == SQLITE_OK ? 0 : roll_back(sqlite, entries, count, error_r);
}

/* Only a write makes the file: "dovetap lookup" by root must not leave one that the collector's
 * user cannot write. */
static bool file_missing(const struct sqlite *sqlite)
{
	struct stat st;

	return stat(sqlite->settings.path, &st) < 0 && errno == ENOENT;
}

static int each_row(struct sqlite *sqlite, sqlite3_stmt *select, dict_record_cb *cb, void *context,
		    struct error *error_r)
{
	int code, found = 0;

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
	return code == SQLITE_DONE ? found
				   : sqlite_error(sqlite->db, sqlite->settings.path, error_r);
}

static int sqlite_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			 size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			 struct error *error_r)
{
	struct sqlite *sqlite = (struct sqlite *)dict;
	sqlite3_stmt *select;
	int ret;

	(void)keys;
	(void)key_count;
	if (file_missing(sqlite))
		return 0;
	ret = connect_file(sqlite, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	select = sqlite->statements[user.len > 0 ? SELECT : SELECT_ALL];
	if (user.len > 0 && sqlite_bind_bytes(select, 1, user) != SQLITE_OK)
		return sqlite_error(sqlite->db, sqlite->settings.path, error_r);
	ret = each_row(sqlite, select, cb, context, error_r);
	sqlite3_reset(select);
	return ret;
}

static int sqlite_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct sqlite *sqlite = (struct sqlite *)dict;
	int ret;

	if (file_missing(sqlite))
		return 0;
	ret = connect_file(sqlite, deadline_ns, error_r);
	/* Taking the write lock proves that we may write. */
	if (ret == 0 && (run(sqlite, BEGIN) != SQLITE_OK || run(sqlite, ROLLBACK) != SQLITE_OK))
		ret = sqlite_error(sqlite->db, sqlite->settings.path, error_r);
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

static int sqlite_expire(struct dict *dict, const struct dict_expiry *expiry, int64_t deadline_ns,
			 struct error *error_r)
{
	struct sqlite *sqlite = (struct sqlite *)dict;
	int ret;

	if (file_missing(sqlite))
		return 0;
	ret = connect_file(sqlite, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	sqlite3_bind_int64(sqlite->statements[EXPIRE], 1, expiry->older_than_ns);
	sqlite3_bind_int64(sqlite->statements[EXPIRE], 2, (int64_t)expiry->limit);
	if (run(sqlite, EXPIRE) != SQLITE_OK)
		return sqlite_error(sqlite->db, sqlite->settings.path, error_r);
	return sqlite3_changes(sqlite->db);
}

static void sqlite_close(struct dict *dict)
{
	struct sqlite *sqlite = (struct sqlite *)dict;

	disconnect(sqlite);
	option_release(options, &sqlite->settings);
	free(sqlite);
}

static void sqlite_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	cb(context, ((const struct sqlite *)dict)->settings.path, DICT_PLACE_FILE);
}

const struct dict_driver sqlite_driver = {
	.name = "sqlite",
	.caps = DICT_CAP_NEWEST_WINS | DICT_CAP_EXPIRE | DICT_CAP_SEARCH | DICT_CAP_LIST |
		DICT_CAP_TIMES_ONLY,
	.open = sqlite_open,
	.write = sqlite_write,
	.lookup = sqlite_lookup,
	.ping = sqlite_ping,
	.check_key = sqlite_check_key,
	.expire = sqlite_expire,
	.places = sqlite_places,
	.close = sqlite_close,
};
