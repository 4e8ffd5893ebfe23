/* SPDX-License-Identifier: MIT */
/* The statements of a spool, prepared once for each connection. */
#include <errno.h>

#include "store/spool/spool_parts.h"
#include "store/spool/spool_state.h"
#include "store/sqlite_util.h"

static const char *const sql[STATEMENT_COUNT] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[COUNT] = "SELECT count(*) FROM pending",
	/* A row that came out of this table goes back behind the others. */
	[PUT_OFF] = "UPDATE pending SET seq = (SELECT max(seq) + 1 FROM pending) "
		    "WHERE key = ?1 AND time_ns = ?3",
	[KEEP] = "INSERT INTO pending (key, value, time_ns, parts, queued) "
		 "VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE SET "
		 "value = excluded.value, time_ns = excluded.time_ns, parts = excluded.parts "
		 "WHERE time_ns < excluded.time_ns",
	[REMOVE] = "DELETE FROM pending WHERE key = ?1 AND time_ns <= ?3",
	[BURY] = "INSERT OR REPLACE INTO dead_letter "
		 "(key, value, time_ns, parts, refused_ns, reason) "
		 "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[TRIM] = "DELETE FROM dead_letter WHERE seq <= (SELECT max(seq) FROM dead_letter) - ?1",
	[OLDEST] = "SELECT key, value, time_ns, parts FROM pending ORDER BY seq LIMIT ?1",
	/* The login of a row that was brought up to date is younger than its wait. */
	[SINCE] = "SELECT min(queued, time_ns) FROM pending ORDER BY seq LIMIT 1",
	[WRITTEN] = "SELECT at_ns, time_ns FROM written WHERE key = ?1",
	[NOTE] = "INSERT INTO written (key, time_ns, at_ns) VALUES (?1, ?3, ?5) "
		 "ON CONFLICT (key) DO UPDATE SET at_ns = excluded.at_ns, "
		 "time_ns = max(time_ns, excluded.time_ns)",
	[FORGET] = "DELETE FROM written WHERE at_ns <= ?1 OR at_ns > ?2",
	[HOLD] = "INSERT INTO held (key, value, time_ns, parts, due_ns) "
		 "VALUES (?1, ?2, ?3, ?4, ?6) ON CONFLICT (key) DO NOTHING",
	[HOLD_NEWER] = "UPDATE held SET value = ?2, time_ns = ?3, parts = ?4 "
		       "WHERE key = ?1 AND time_ns < ?3",
	[UNHOLD] = "DELETE FROM held WHERE key = ?1 AND time_ns <= ?3",
	/* Those that wait in "pending" already are brought up to date there. */
	[DUE_NEWER] = "UPDATE pending SET value = h.value, time_ns = h.time_ns, parts = h.parts "
		      "FROM held AS h WHERE h.key = pending.key AND "
		      "h.time_ns > pending.time_ns AND (h.due_ns <= ?1 OR h.due_ns > ?2)",
	[DUE_TO_PENDING] = "INSERT INTO pending (key, value, time_ns, parts, queued) "
			   "SELECT key, value, time_ns, parts, due_ns FROM held "
			   "WHERE due_ns <= ?1 OR due_ns > ?2 ORDER BY due_ns "
			   "ON CONFLICT (key) DO NOTHING",
	[REMOVE_DUE] = "DELETE FROM held WHERE due_ns <= ?1 OR due_ns > ?2",
	[HELD] = "SELECT count(*), min(due_ns) FROM held",
};

int spool_prepare(struct spool *spool, struct error *error_r)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		int code = sqlite_handle_prepare(spool->file, (size_t)i, sql[i],
						 &spool->statements[i]);

		/* A table or column that is not there: nothing that we made. */
		if (code == SQLITE_ERROR)
			return error_set(error_r, EILSEQ, "%s: %s", spool->path,
					 sqlite3_errmsg(spool->db));
		if (code != SQLITE_OK)
			return sqlite_call_error(spool->db, code, spool->path, error_r);
	}
	return 0;
}

int spool_run(struct spool *spool, enum spool_statement which)
{
	int code = sqlite3_step(spool->statements[which]);

	sqlite3_reset(spool->statements[which]);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* Binds what the statement has of ?1 to ?5. */
static int bind_row(const struct spool *spool, sqlite3_stmt *statement,
		    const struct dict_entry *entry, struct slice parts)
{
	int parameters = sqlite3_bind_parameter_count(statement);
	int code = sqlite_bind_bytes(statement, 1, entry->key);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, entry->time_ns);
	if (code == SQLITE_OK && parameters >= 4)
		code = sqlite_bind_bytes(statement, 2, entry->value);
	if (code == SQLITE_OK && parameters >= 4)
		code = sqlite_bind_bytes(statement, 4, parts);
	if (code == SQLITE_OK && parameters >= 5)
		code = sqlite3_bind_int64(statement, 5, spool->now());
	return code;
}

int spool_run_row(struct spool *spool, enum spool_statement which, const struct dict_entry *entry,
		  struct slice parts, int *changed_r)
{
	sqlite3_stmt *statement = spool->statements[which];
	int code = bind_row(spool, statement, entry, parts);

	if (code == SQLITE_OK && which == BURY)
		code = sqlite_bind_bytes(statement, 6, slice_str(entry->reason));
	if (code == SQLITE_OK)
		code = spool_run(spool, which);
	*changed_r = code == SQLITE_OK ? sqlite3_changes(spool->db) : 0;
	return code;
}

int spool_format_parts(struct buf *text, const struct dict_entry *entry)
{
	buf_reset(text);
	return spool_parts_format(text, entry->parts, entry->part_count) < 0 ? SQLITE_NOMEM
									     : SQLITE_OK;
}
