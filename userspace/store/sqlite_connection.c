/* SPDX-License-Identifier: MIT */
/* The one connection to a SQLite file: opened, closed and set up to write. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/sqlite_file_private.h"
#include "store/sqlite_util.h"

static const char *const levels[] = {"off", "normal", "full"};

static uint64_t generations;

int sqlite_connection_level(const char *synchronous)
{
	for (int i = 0; synchronous && i < (int)(sizeof(levels) / sizeof(levels[0])); i++) {
		if (strcmp(levels[i], synchronous) == 0)
			return i;
	}
	return SQLITE_LEVEL_UNSET;
}

static void finalize_all(sqlite3 *db)
{
	sqlite3_stmt *statement;

	while ((statement = sqlite3_next_stmt(db, NULL)))
		sqlite3_finalize(statement);
}

void sqlite_connection_close(struct sqlite_file *file)
{
	if (!file->db)
		return;
	finalize_all(file->db);
	sqlite_side_close(&file->side, file->db, file->path, &file->id, file->ours);
	file->db = NULL;
	file->side = (struct sqlite_side){0};
	file->writable = false;
	sqlite_shared_set_open(file, false, (struct sqlite_file_id){0});
}

static int exec(const struct sqlite_file *file, const char *sql, struct error *error_r)
{
	return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : sqlite_error(file->db, file->path, error_r);
}

/* What does not fit a cache must not go to /tmp, where the sandbox lets nobody write. */
static int connect_file(struct sqlite_file *file, struct error *error_r)
{
	int ret;

	if (sqlite3_open_v2(file->path, &file->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		ret = file->db ? sqlite_error(file->db, file->path, error_r)
			       : error_set(error_r, ENOMEM, "out of memory");
	else
		ret = exec(file, "PRAGMA temp_store = memory", error_r);
	if (ret < 0) {
		sqlite3_close(file->db);
		file->db = NULL;
		return ret;
	}
	file->generation = ++generations;
	file->synchronous = SQLITE_LEVEL_UNSET;
	return 0;
}

static bool stands_at(const char *path, const struct sqlite_file_id *id)
{
	struct sqlite_file_id now = {0};

	return sqlite_file_id_of(path, &now, NULL) == 0 && sqlite_file_id_same(&now, id);
}

/* The file of that id, with what is beside it. */
static int open_file(struct sqlite_file *file, const struct sqlite_file_id *id, bool create,
		     struct error *error_r)
{
	int ret = create ? sqlite_side_admit(file->path, error_r) : 0;

	if (ret == 0 && file->ours)
		ret = sqlite_side_check(file->path, id, create, error_r);
	if (ret == 0)
		ret = connect_file(file, error_r);
	if (ret == 0)
		sqlite_shared_set_open(file, true, *id);
	return ret;
}

int sqlite_connection_open(struct sqlite_file *file, bool create, struct error *error_r)
{
	struct sqlite_file_id id = {.device = 0};
	int ret = create ? sqlite_side_create(file->path, error_r) : 0;

	if (ret < 0)
		return ret;
	ret = sqlite_file_id_of(file->path, &id, error_r);
	if (ret == -ENOENT && create) /* made, and moved */
		return -EAGAIN;
	if (ret < 0)
		return ret;
	if (sqlite_shared_open_elsewhere(file, &id))
		return -EAGAIN;
	ret = open_file(file, &id, create, error_r);
	if (stands_at(file->path, &id))
		return ret;
	sqlite_connection_close(file);
	return -EAGAIN;
}

static int set_synchronous(struct sqlite_file *file, int level, struct error *error_r)
{
	char pragma[64];
	int ret;

	if (level <= file->synchronous)
		return 0;
	(void)snprintf(pragma, sizeof(pragma), "PRAGMA synchronous = %s", levels[level]);
	ret = exec(file, pragma, error_r);
	if (ret == 0)
		file->synchronous = level;
	return ret;
}

static int use_log(struct sqlite_file *file, struct error *error_r)
{
	int ret = exec(file, "PRAGMA journal_mode = wal; SELECT 1 FROM sqlite_master LIMIT 1",
		       error_r);

	if (ret < 0)
		return ret;
	file->writable = true;
	sqlite_side_remember(&file->side, file->path);
	sqlite_side_write_id(&file->side, file->path, &file->id);
	return 0;
}

int sqlite_connection_make_writable(struct sqlite_file *file, const struct sqlite_handle *handle,
				    struct error *error_r)
{
	int ret;

	if (sqlite3_db_readonly(file->db, "main") == 1)
		return error_set(error_r, EROFS, "%s: this process may only read it", file->path);
	ret = set_synchronous(file, handle->synchronous, error_r);
	if (ret < 0 || file->writable)
		return ret;
	if (handle->create)
		return use_log(file, error_r);
	sqlite_side_remember(&file->side, file->path);
	return 0;
}
