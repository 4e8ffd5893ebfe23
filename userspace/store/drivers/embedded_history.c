/* SPDX-License-Identifier: MIT */
/*
 * The history in the embedded dict:
 *
 *	CREATE TABLE login_history (
 *		userid,           -- TEXT; BLOB when the name is not UTF-8
 *		time_ns INTEGER,  -- of the login
 *		id,               -- of the event
 *		service, remote_ip, country, asn, client_id, mech, tls, node, session,
 *		outcome,          -- "" but for a failure
 *		PRIMARY KEY (userid, time_ns, id)) WITHOUT ROWID
 *	CREATE INDEX login_history_time ON login_history (time_ns)
 *
 * and failure_history, which is like it. The rows of a user lie side by side, so that adding one
 * and removing the oldest touches one page.
 */
#include <errno.h>

#include "store/drivers/embedded_private.h"
#include "store/sqlite_util.h"

#define COLUMNS                                                                                    \
	"userid, time_ns, id, service, remote_ip, country, asn, client_id, mech, tls, node, "      \
	"session, outcome"

/* Its id is looked for among the user's rows of ten minutes before and after: a replay can have
 * found another time for it. */
#define ADD(table)                                                                                 \
	"INSERT INTO " table " (" COLUMNS ") "                                                     \
	"SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 WHERE NOT EXISTS "          \
	"(SELECT 1 FROM " table " WHERE userid = ?1 AND "                                          \
	"time_ns BETWEEN ?2 - 600000000000 AND ?2 + 600000000000 AND id = ?3)"

#define TABLE(table)                                                                               \
	{                                                                                          \
		table,                                                                             \
			"CREATE TABLE IF NOT EXISTS " table                                        \
			" (userid, time_ns INTEGER, id, service, remote_ip, country, asn, "        \
			"client_id, mech, tls, node, session, outcome, "                           \
			"PRIMARY KEY (userid, time_ns, id)) WITHOUT ROWID; "                       \
			"CREATE INDEX IF NOT EXISTS " table "_time ON " table " (time_ns)",        \
			{                                                                          \
				[BEGIN] = "BEGIN IMMEDIATE",                                       \
				[COMMIT] = "COMMIT",                                               \
				[ROLLBACK] = "ROLLBACK",                                           \
				[UPSERT] = ADD(table),                                             \
				[TRIM] = "DELETE FROM " table " WHERE userid = ?1 AND "            \
					 "(time_ns, id) < (SELECT time_ns, id FROM " table         \
					 " WHERE userid = ?1 ORDER BY time_ns DESC, id DESC "      \
					 "LIMIT 1 OFFSET ?2 - 1)",                                 \
				[SELECT] = "SELECT " COLUMNS " FROM " table " WHERE userid = ?1 "  \
					   "ORDER BY time_ns DESC, id DESC LIMIT ?2",              \
				[SELECT_LIKE] = "SELECT " COLUMNS " FROM " table                   \
						" ORDER BY time_ns DESC LIMIT ?2",                 \
				[EXPIRE] = "DELETE FROM " table                                    \
					   " WHERE (userid, time_ns, id) IN (SELECT "              \
					   "userid, time_ns, id FROM " table                       \
					   " WHERE time_ns < ?1 LIMIT ?2)",                        \
				[EXPIRED] = "SELECT userid, service, remote_ip, time_ns, time_ns " \
					    "FROM " table " WHERE time_ns < ?1 LIMIT ?2",          \
				[REMOVE] = "DELETE FROM " table " WHERE userid = ?1",              \
				[COUNT] = "SELECT 1 FROM " table " WHERE userid = ?1",             \
			},                                                                         \
	}

/* NOLINTBEGIN(bugprone-suspicious-missing-comma): the names stand inside the statements. */
static const struct embedded_table tables[] = {TABLE("login_history"), TABLE("failure_history")};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

const struct embedded_table *embedded_history_table(const char *name)
{
	return &tables[strcmp(name, tables[0].name) != 0];
}

static int bind_row(sqlite3_stmt *stmt, const struct history_row *row)
{
	int code = sqlite_bind_bytes(stmt, 1, row->user);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 2, row->time_ns);
	for (int i = 0; i < HISTORY_FIELDS && code == SQLITE_OK; i++)
		code = sqlite_bind_bytes(stmt, 3 + i, row->field[i]);
	return code;
}

static int add(struct embedded *sqlite, const struct history_row *row, bool *added_r)
{
	sqlite3_stmt *stmt;
	int code = embedded_prepare(sqlite, UPSERT, &stmt);

	if (code == SQLITE_OK)
		code = bind_row(stmt, row);
	if (code == SQLITE_OK)
		code = embedded_run(sqlite, UPSERT);
	*added_r = code == SQLITE_OK && sqlite3_changes(sqlite_handle_db(sqlite->file)) > 0;
	return code;
}

static int trim(struct embedded *sqlite, struct slice user)
{
	sqlite3_stmt *stmt;
	int code = embedded_prepare(sqlite, TRIM, &stmt);

	if (code == SQLITE_OK)
		code = sqlite_bind_bytes(stmt, 1, user);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(stmt, 2, (int64_t)sqlite->history);
	return code == SQLITE_OK ? embedded_run(sqlite, TRIM) : code;
}

int embedded_history_put(struct embedded *sqlite, struct dict_entry *entry)
{
	struct history_row row;
	bool added;
	int code;

	if (!history_row_of(entry, &sqlite->scratch, &row))
		return SQLITE_OK;
	code = add(sqlite, &row, &added);
	if (code == SQLITE_OK && added)
		code = trim(sqlite, row.user);
	if (code == SQLITE_OK)
		dict_entry_set(entry, added ? DICT_STORED : DICT_UNCHANGED, "%s", "");
	return code;
}

/* --- reading -------------------------------------------------------------------------------- */

static int each_row(struct embedded *sqlite, sqlite3_stmt *select, history_row_cb *cb,
		    void *context, struct error *error_r)
{
	int code, found = 0;

	while ((code = sqlite3_step(select)) == SQLITE_ROW) {
		struct history_row row = {
			.user = sqlite_column_bytes_slice(select, 0),
			.time_ns = sqlite3_column_int64(select, 1),
		};

		for (int i = 0; i < HISTORY_FIELDS; i++)
			row.field[i] = sqlite_column_bytes_slice(select, 2 + i);
		cb(&row, context);
		found++;
	}
	return code == SQLITE_DONE ? found : embedded_fail(sqlite, code, error_r);
}

static int select_rows(struct embedded *sqlite, struct slice user, size_t limit, history_row_cb *cb,
		       void *context, struct error *error_r)
{
	sqlite3_stmt *select;
	int code, ret;

	if (embedded_table_missing(sqlite))
		return 0;
	code = embedded_prepare(sqlite, user.len > 0 ? SELECT : SELECT_LIKE, &select);
	if (code == SQLITE_OK && user.len > 0)
		code = sqlite_bind_bytes(select, 1, user);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(select, 2, (int64_t)limit);
	if (code != SQLITE_OK)
		return embedded_fail(sqlite, code, error_r);
	ret = each_row(sqlite, select, cb, context, error_r);
	sqlite3_reset(select);
	return ret;
}

int embedded_history(struct dict *dict, struct slice user, size_t limit, int64_t deadline_ns,
		     history_row_cb *cb, void *context, struct error *error_r)
{
	struct embedded *sqlite = (struct embedded *)dict;
	int ret = embedded_begin(sqlite, SQLITE_HANDLE_READ, deadline_ns, error_r);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = select_rows(sqlite, user, limit, cb, context, error_r);
	embedded_end(sqlite, ret < 0 ? ret : 0);
	return ret;
}
