/* SPDX-License-Identifier: MIT */
#include "store/spool/spool_view.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/spool/spool_remove.h"
#include "store/sqlite_util.h"

#define BUSY_MSECS 5000

struct spool_view {
	char path[PATH_MAX];
	sqlite3 *db;
};

static int connect_view(struct spool_view *view, struct error *error_r)
{
	if (access(view->path, R_OK) < 0)
		return error_set(error_r, errno, "%s: %m", view->path);
	if (sqlite3_open_v2(view->path, &view->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return sqlite_error(view->db, view->path, error_r);
	sqlite3_busy_timeout(view->db, BUSY_MSECS);
	return 0;
}

int spool_view_open(const char *dir, const char *name, struct spool_view **view_r,
		    struct error *error_r)
{
	struct spool_view *view = calloc(1, sizeof(*view));
	int ret;

	if (!view)
		return error_set(error_r, ENOMEM, "out of memory for a spool");
	(void)snprintf(view->path, sizeof(view->path), "%s/%s.spool", dir, name);
	ret = connect_view(view, error_r);
	if (ret < 0)
		spool_view_close(&view);
	else
		*view_r = view;
	return ret;
}

void spool_view_close(struct spool_view **view)
{
	if (!*view)
		return;
	sqlite3_close((*view)->db);
	free(*view);
	*view = NULL;
}

static struct spool_row read_row(sqlite3_stmt *select)
{
	return (struct spool_row){
		.key = sqlite_column_bytes_slice(select, 0),
		.value = sqlite_column_bytes_slice(select, 1),
		.time_ns = sqlite3_column_int64(select, 2),
		.since_ns = sqlite3_column_int64(select, 3),
		.reason = sqlite_column_bytes_slice(select, 4),
		.due_ns = sqlite3_column_int64(select, 5),
		.parts = sqlite_column_bytes_slice(select, 6),
	};
}

static int64_t each_row(struct spool_view *view, const char *sql, spool_row_cb *cb, void *context,
			struct error *error_r)
{
	sqlite3_stmt *select = NULL;
	int64_t count = 0;
	int code = sqlite3_prepare_v2(view->db, sql, -1, &select, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(select);
		if (code == SQLITE_ROW) {
			const struct spool_row row = read_row(select);

			cb(&row, context);
			count++;
		}
	}
	if (code != SQLITE_DONE)
		count = sqlite_error(view->db, view->path, error_r);
	sqlite3_finalize(select);
	return count;
}

int64_t spool_view_pending(struct spool_view *view, spool_row_cb *cb, void *context,
			   struct error *error_r)
{
	return each_row(
		view,
		"SELECT key, value, time_ns, queued, NULL, 0, parts FROM pending ORDER BY seq", cb,
		context, error_r);
}

int64_t spool_view_held(struct spool_view *view, spool_row_cb *cb, void *context,
			struct error *error_r)
{
	return each_row(
		view,
		"SELECT key, value, time_ns, 0, NULL, due_ns, parts FROM held ORDER BY due_ns", cb,
		context, error_r);
}

int64_t spool_view_dead_letters(struct spool_view *view, spool_row_cb *cb, void *context,
				struct error *error_r)
{
	return each_row(
		view,
		"SELECT key, value, time_ns, refused_ns, reason, 0, parts FROM dead_letter ORDER BY seq",
		cb, context, error_r);
}

#define OF_KEY " WHERE ?1 IS NULL OR key = ?1"

static const char requeue[] =
	"INSERT INTO pending (key, value, time_ns, parts, queued) "
	"SELECT key, value, time_ns, parts, ?2 FROM dead_letter" OF_KEY
	" ON CONFLICT (key) DO UPDATE SET value = excluded.value, time_ns = excluded.time_ns, "
	"parts = excluded.parts WHERE excluded.time_ns > time_ns";
static const char forget[] = "DELETE FROM dead_letter" OF_KEY;

static int run(struct spool_view *view, const char *sql, struct slice key, int64_t now_ns)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(view->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK && key.ptr)
		code = sqlite_bind_bytes(statement, 1, key);
	if (code == SQLITE_OK && sqlite3_bind_parameter_count(statement) > 1)
		code = sqlite3_bind_int64(statement, 2, now_ns);
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	(void)sqlite3_finalize(statement);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int64_t change(struct spool_view *view, bool again, struct slice key, int64_t now_ns,
		      struct error *error_r)
{
	int code = sqlite3_exec(view->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	int64_t count = 0;

	if (code == SQLITE_OK && again)
		code = run(view, requeue, key, now_ns);
	if (code == SQLITE_OK)
		code = run(view, forget, key, 0);
	if (code == SQLITE_OK) {
		count = sqlite3_changes(view->db);
		code = sqlite3_exec(view->db, "COMMIT", NULL, NULL, NULL);
	}
	if (code == SQLITE_OK)
		return count;
	count = sqlite_error(view->db, view->path, error_r);
	(void)sqlite3_exec(view->db, "ROLLBACK", NULL, NULL, NULL);
	return count;
}

int64_t spool_view_retry(struct spool_view *view, struct slice key, int64_t now_ns,
			 struct error *error_r)
{
	return change(view, true, key, now_ns, error_r);
}

int64_t spool_view_drop(struct spool_view *view, struct slice key, struct error *error_r)
{
	return change(view, false, key, 0, error_r);
}

int spool_view_remove(struct spool_view *view, const struct dict_removal *what,
		      struct spool_removed *removed_r, struct error *error_r)
{
	int ret = 0;

	if (spool_remove_rows(view->db, what, removed_r) != SQLITE_OK)
		ret = sqlite_error(view->db, view->path, error_r);
	if (ret < 0 && !sqlite3_get_autocommit(view->db))
		(void)sqlite3_exec(view->db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

int spool_view_check(struct spool_view *view, struct error *error_r)
{
	sqlite3_stmt *check = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(view->db, "PRAGMA integrity_check(1)", -1, &check, NULL) !=
		    SQLITE_OK ||
	    sqlite3_step(check) != SQLITE_ROW)
		ret = sqlite_error(view->db, view->path, error_r);
	else if (!slice_is(sqlite_column_bytes_slice(check, 0), "ok"))
		ret = error_set(error_r, EILSEQ, "%s: %s", view->path,
				(const char *)sqlite3_column_text(check, 0));
	sqlite3_finalize(check);
	return ret;
}
