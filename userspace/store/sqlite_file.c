/* SPDX-License-Identifier: MIT */
/* Begin and end: which file a handle's path leads to now, and whose turn it is. */
#include "store/sqlite_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/sqlite_file_private.h"
#include "store/sqlite_util.h"

static void release_file(struct sqlite_handle *handle)
{
	sqlite_shared_release(handle->file);
	handle->file = NULL;
}

/* Busy: is the connection one to what stands at the handle's path? */
static bool is_current(const struct sqlite_handle *handle)
{
	struct sqlite_file_id id;

	return handle->file->db && sqlite_file_id_of(handle->path, &id, NULL) == 0 &&
	       sqlite_file_id_same(&id, &handle->file->id);
}

/* Busy: is the connection one to what stands at the file's own path? */
static bool is_stale(const struct sqlite_file *file)
{
	struct sqlite_file_id id;

	return file->db && (sqlite_file_id_of(file->path, &id, NULL) < 0 ||
			    !sqlite_file_id_same(&id, &file->id));
}

/* The file that the handle's path leads to now. */
static int find_file(struct sqlite_handle *handle, bool create, struct error *error_r)
{
	struct sqlite_file_id id = {0};
	char *path = sqlite_side_real_path(handle->path);
	int ret = sqlite_file_id_of(handle->path, &id, error_r);

	if (!path)
		return error_set(error_r, ENOMEM, "out of memory");
	if (ret == 0 || (ret == -ENOENT && create)) {
		handle->file = sqlite_shared_get(&id, path);
		ret = handle->file ? 0 : error_set(error_r, ENOMEM, "out of memory");
	}
	free(path);
	return ret;
}

/* Busy. -EAGAIN: the file is to be looked for again. */
static int open_at_place(struct sqlite_handle *handle, bool create, struct error *error_r)
{
	int ret;

	if (is_current(handle))
		return 0;
	if (is_stale(handle->file))
		sqlite_connection_close(handle->file);
	if (handle->file->db) /* the path leads elsewhere, for others it does not */
		return -EAGAIN;
	sqlite_shared_lock();
	ret = sqlite_connection_open(handle->file, create, error_r);
	sqlite_shared_unlock();
	return ret == 0 && !is_current(handle) ? -EAGAIN : ret;
}

static int try_begin(struct sqlite_handle *handle, bool create, int64_t deadline_ns,
		     struct error *error_r)
{
	int ret = handle->file ? 0 : find_file(handle, create, error_r);

	assert(ret < 0 || handle->file);
	if (ret == 0 && !handle->begun) {
		ret = sqlite_shared_make_busy(handle->file, deadline_ns, error_r);
		handle->begun = ret == 0;
	}
	if (ret == 0)
		handle->file->ours |= handle->create;
	if (ret == 0)
		ret = open_at_place(handle, create, error_r);
	if (ret == 0)
		return 0;
	sqlite_handle_end(handle);
	release_file(handle);
	return ret;
}

/* Statements of a connection that is gone went with it. */
static int adopt_connection(struct sqlite_handle *handle)
{
	assert(handle->file);
	if (handle->generation == handle->file->generation)
		return 0;
	for (size_t i = 0; i < handle->statement_count; i++)
		handle->statements[i] = NULL;
	handle->generation = handle->file->generation;
	return 1;
}

/* -EAGAIN also when SQLite refuses to write because the file was moved since it was opened. */
static int begin_write(struct sqlite_handle *handle, struct error *error_r)
{
	int ret = sqlite_connection_make_writable(handle->file, handle, error_r);

	if (ret < 0) {
		ret = is_current(handle) ? ret : -EAGAIN;
		sqlite_handle_drop(handle);
	}
	return ret;
}

int sqlite_handle_begin(struct sqlite_handle *handle, enum sqlite_access access,
			int64_t deadline_ns, int64_t max_wait_msecs, struct error *error_r)
{
	bool write = access == SQLITE_HANDLE_WRITE;
	int ret, fresh = 0;

	do {
		ret = try_begin(handle, write && handle->create, deadline_ns, error_r);
		if (ret == 0) {
			fresh = adopt_connection(handle);
			sqlite_wait_until(handle->file->db, deadline_ns, max_wait_msecs);
			ret = write ? begin_write(handle, error_r) : 0;
		}
		if (ret == -EAGAIN && clock_monotonic_ns() >= deadline_ns)
			return error_set(error_r, EBUSY, "%s: is replaced again and again",
					 handle->path);
	} while (ret == -EAGAIN);
	return ret < 0 ? ret : fresh;
}

void sqlite_handle_end(struct sqlite_handle *handle)
{
	if (handle->begun && handle->file)
		sqlite_shared_make_free(handle->file);
	handle->begun = false;
}

void sqlite_handle_drop(struct sqlite_handle *handle)
{
	if (!handle->begun)
		return;
	sqlite_connection_close(handle->file);
	sqlite_handle_end(handle);
}

void sqlite_handle_tidy(struct sqlite_handle *handle)
{
	struct sqlite_file *file = handle->file;

	if (!file || handle->begun || sqlite_shared_make_busy(file, 0, NULL) < 0)
		return;
	if (is_stale(file)) {
		sqlite_connection_close(file);
	} else if (file->writable) {
		sqlite3_busy_timeout(file->db, 0);
		(void)sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	}
	sqlite_shared_make_free(file);
}
