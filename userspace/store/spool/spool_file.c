/* SPDX-License-Identifier: MIT */
/* The file of a spool: opened, given its tables, moved aside when it is damaged. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

#define APPLICATION_ID 0x44545350 /* "DTSP" */
#define USER_VERSION   1
#define BUSY_MSECS     5000

/* Users come in no order, so a transaction touches as many pages as it has rows. With the file of
 * 50,000 of them in memory, and the log given back after several transactions instead of after
 * each, that costs half. The log may have 16 MB then. */
#define SIZES "PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000"

/* All or nothing: half of it would be taken for another program's file. */
static const char schema[] =
	"BEGIN IMMEDIATE;"
	"PRAGMA application_id = 1146377040;"
	"CREATE TABLE pending (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL, "
	"time_ns INTEGER NOT NULL, parts TEXT NOT NULL, queued INTEGER NOT NULL);"
	"CREATE TABLE dead_letter (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value NOT NULL, "
	"time_ns INTEGER NOT NULL, parts TEXT NOT NULL, refused_ns INTEGER NOT NULL, "
	"reason TEXT NOT NULL);"
	"PRAGMA user_version = 1;"
	"COMMIT;";

static const char hold_schema[] =
	"CREATE TABLE IF NOT EXISTS held (key PRIMARY KEY NOT NULL, value NOT NULL, "
	"time_ns INTEGER NOT NULL, parts TEXT NOT NULL, due_ns INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE INDEX IF NOT EXISTS held_due ON held (due_ns);"
	"CREATE TABLE IF NOT EXISTS written (key PRIMARY KEY NOT NULL, at_ns INTEGER NOT NULL, "
	"time_ns INTEGER NOT NULL) WITHOUT ROWID;";

void spool_disconnect(struct spool *spool)
{
	sqlite_handle_drop(spool->file);
	spool->db = NULL;
}

static int query_number(sqlite3 *db, const char *query, int64_t *number_r)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, query, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number_r = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* An empty file gets its tables; one of another version or program counts as damaged. */
static int prepare_schema(struct spool *spool, struct error *error_r)
{
	int64_t version = 0, application = 0, tables = 0;

	if (query_number(spool->db, "PRAGMA user_version", &version) != SQLITE_OK ||
	    query_number(spool->db, "PRAGMA application_id", &application) != SQLITE_OK ||
	    query_number(spool->db, "SELECT count(*) FROM sqlite_master", &tables) != SQLITE_OK)
		return sqlite_error(spool->db, spool->path, error_r);
	if (tables > 0 && (version != USER_VERSION || application != APPLICATION_ID))
		return error_set(error_r, EILSEQ, "%s: not a spool of this version", spool->path);
	if ((tables == 0 && sqlite3_exec(spool->db, schema, NULL, NULL, NULL) != SQLITE_OK) ||
	    sqlite3_exec(spool->db, hold_schema, NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(spool->db, spool->path, error_r);
	return 0;
}

void spool_set_count(struct spool *spool, uint64_t *count, uint64_t rows)
{
	if (rows > *count)
		spool->stats.found += rows - *count;
	else
		spool->stats.gone += *count - rows;
	*count = rows;
}

static int count_rows(struct spool *spool)
{
	int code = sqlite3_step(spool->statements[COUNT]);

	if (code == SQLITE_ROW)
		spool_set_count(spool, &spool->count,
				(uint64_t)sqlite3_column_int64(spool->statements[COUNT], 0));
	sqlite3_reset(spool->statements[COUNT]);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

void spool_find_oldest(struct spool *spool)
{
	sqlite3_stmt *since = spool->statements[SINCE];

	if (spool->count == 0)
		return;
	if (sqlite3_step(since) == SQLITE_ROW)
		spool->oldest_ns = sqlite3_column_int64(since, 0);
	sqlite3_reset(since);
}

int spool_count_held(struct spool *spool)
{
	sqlite3_stmt *held = spool->statements[HELD];
	int code = sqlite3_step(held);

	if (code == SQLITE_ROW) {
		spool_set_count(spool, &spool->held, (uint64_t)sqlite3_column_int64(held, 0));
		spool->due_ns = spool->held > 0 ? sqlite3_column_int64(held, 1) : INT64_MAX;
	}
	sqlite3_reset(held);
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

static int connect_file(struct spool *spool, struct error *error_r)
{
	int64_t deadline_ns = clock_monotonic_ns() + BUSY_MSECS * NS_PER_MSEC;
	int ret = sqlite_handle_begin(spool->file, SQLITE_HANDLE_WRITE, deadline_ns, BUSY_MSECS,
				      error_r);

	if (ret < 0)
		spool->db = NULL;
	if (ret < 0 || (ret == 0 && spool->db))
		return ret;
	spool->db = sqlite_handle_db(spool->file);
	ret = 0;
	if (sqlite3_exec(spool->db, SIZES, NULL, NULL, NULL) != SQLITE_OK)
		ret = sqlite_error(spool->db, spool->path, error_r);
	if (ret == 0)
		ret = prepare_schema(spool, error_r);
	if (ret == 0)
		ret = spool_prepare(spool, error_r);
	if (ret == 0 && (count_rows(spool) != SQLITE_OK || spool_count_held(spool) != SQLITE_OK))
		ret = sqlite_error(spool->db, spool->path, error_r);
	if (ret < 0)
		spool_disconnect(spool);
	else
		spool_find_oldest(spool);
	return ret;
}

static bool is_sound(struct spool *spool)
{
	sqlite3_stmt *check = NULL;
	bool sound = sqlite3_prepare_v2(spool->db, "PRAGMA quick_check(1)", -1, &check, NULL) ==
			     SQLITE_OK &&
		     sqlite3_step(check) == SQLITE_ROW &&
		     strcmp((const char *)sqlite3_column_text(check, 0), "ok") == 0;

	sqlite3_finalize(check);
	return sound;
}

/* SQLite also takes it for damage when a read fails once: a fresh connection must find the same. */
static bool is_damaged(struct spool *spool)
{
	int ret;

	spool_disconnect(spool);
	ret = connect_file(spool, NULL);
	return ret == -EILSEQ || (ret == 0 && !is_sound(spool));
}

/* The -wal and -shm files belong to the file that goes; SQLite must not apply them to a new one. */
static void move_aside(struct spool *spool)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-id"};
	char from[4096], to[4096];
	int64_t now = clock_wall_ns();

	spool_disconnect(spool);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", spool->path, suffixes[i]);
		snprintf(to, sizeof(to), "%s.damaged-%lld%s", spool->path, (long long)now,
			 suffixes[i]);
		if (rename(from, to) < 0 && errno != ENOENT)
			(void)unlink(from);
	}
	spool->stats.lost += spool->count + spool->held;
	spool->stats.damaged++;
	spool->count = spool->held = 0;
	spool->due_ns = INT64_MAX;
}

int spool_connect(struct spool *spool, struct error *error_r)
{
	int ret = connect_file(spool, error_r);

	if (ret != -EILSEQ)
		return ret;
	if (!is_damaged(spool))
		return spool->db ? 0 : error_set(error_r, EIO, "%s: cannot be read", spool->path);
	move_aside(spool);
	return ret;
}

/* A damaged file makes room for a new one; after any other error we start from a fresh
 * connection, which also notices a disk that came back. */
int spool_give_up(struct spool *spool, int code, struct error *error_r)
{
	int ret = sqlite_call_error(spool->db, code, spool->path, error_r);

	if (!sqlite3_get_autocommit(spool->db))
		(void)spool_run(spool, ROLLBACK);
	if (ret != -EILSEQ) {
		if (ret != -EBUSY)
			spool_disconnect(spool);
		return ret;
	}
	if (!is_damaged(spool))
		return error_set(error_r, EIO, "%s: a read failed", spool->path);
	move_aside(spool);
	return ret;
}
