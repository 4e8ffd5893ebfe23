/* SPDX-License-Identifier: MIT */
#include "store/spool/spool_remove.h"

#include "base/buf.h"
#include "store/spool/spool_parts.h"
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

/* --- whose is a row? ------------------------------------------------------------ */

static struct slice bytes_of(sqlite3_value *value)
{
	const char *bytes = sqlite3_value_blob(value);

	return (struct slice){bytes, (size_t)sqlite3_value_bytes(value)};
}

static bool row_is_theirs(const struct dict_removal *what, struct slice key,
			  struct slice parts_text, int64_t time_ns)
{
	struct key_part parts[SPOOL_PARTS_MAX];
	struct dict_entry entry = {.key = key, .time_ns = time_ns, .parts = parts};
	struct buf text;
	int count = 0;
	bool theirs;

	buf_init(&text, SPOOL_PARTS_TEXT_MAX);
	if (parts_text.len > 0 && buf_append_slice(&text, parts_text) == 0)
		count = spool_parts_parse(text.data, key.len, parts, SPOOL_PARTS_MAX);
	entry.part_count = count > 0 ? (size_t)count : 0;
	theirs = dict_removal_concerns(what, &entry);
	buf_release(&text);
	return theirs;
}

/* is_theirs(key, parts, time_ns) */
static void is_theirs(sqlite3_context *context, int count, sqlite3_value **values)
{
	const struct dict_removal *what = sqlite3_user_data(context);

	(void)count;
	sqlite3_result_int(context, row_is_theirs(what, bytes_of(values[0]), bytes_of(values[1]),
						  sqlite3_value_int64(values[2])));
}

/* --- rows ------------------------------------------------------------ */

#define THEIRS " WHERE is_theirs(key, parts, time_ns)"

static const struct {
	const char *count, *remove;
	size_t at; /* in struct spool_removed */
} tables[] = {
	{"SELECT count(*) FROM pending" THEIRS, "DELETE FROM pending" THEIRS,
	 offsetof(struct spool_removed, waiting)},
	{"SELECT count(*) FROM held" THEIRS, "DELETE FROM held" THEIRS,
	 offsetof(struct spool_removed, held)},
	{"SELECT count(*) FROM dead_letter" THEIRS, "DELETE FROM dead_letter" THEIRS,
	 offsetof(struct spool_removed, refused)},
};

static int run(sqlite3 *db, const char *sql, uint64_t *count_r)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*count_r = (uint64_t)sqlite3_column_int64(statement, 0);
	else if (code == SQLITE_DONE)
		*count_r = (uint64_t)sqlite3_changes(db);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int run_all(sqlite3 *db, const struct dict_removal *what, struct spool_removed *removed)
{
	uint64_t written;
	int code = SQLITE_OK;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && code == SQLITE_OK; i++)
		code = run(db, what->dry_run ? tables[i].count : tables[i].remove,
			   (uint64_t *)((char *)removed + tables[i].at));
	/* A login after this must not be held back for one before. */
	if (code == SQLITE_OK && !what->dry_run)
		code = run(db, "DELETE FROM written WHERE is_theirs(key, '', 0)", &written);
	return code;
}

int spool_remove_rows(sqlite3 *db, const struct dict_removal *what, struct spool_removed *removed_r)
{
	int code = sqlite3_create_function_v2(db, "is_theirs", 3, SQLITE_UTF8, (void *)what,
					      is_theirs, NULL, NULL, NULL);

	*removed_r = (struct spool_removed){0};
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = run_all(db, what, removed_r);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	(void)sqlite3_create_function_v2(db, "is_theirs", 3, SQLITE_UTF8, NULL, NULL, NULL, NULL,
					 NULL);
	return code;
}

int spool_remove(struct spool *spool, const struct dict_removal *what,
		 struct spool_removed *removed_r, struct error *error_r)
{
	int code, ret = spool_connect(spool, error_r);

	if (ret < 0)
		return ret;
	code = spool_remove_rows(spool->db, what, removed_r);
	if (code != SQLITE_OK)
		return spool_give_up(spool, code, error_r);
	if (what->dry_run)
		return 0;
	/* As if another process had taken them. */
	spool_set_count(spool, &spool->count,
			spool->count > removed_r->waiting ? spool->count - removed_r->waiting : 0);
	return spool_count_held(spool) == SQLITE_OK ? 0
						    : spool_give_up(spool, SQLITE_IOERR, error_r);
}
