/* SPDX-License-Identifier: MIT */
/* A handle of a SQLite file, and its statements. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite_file_private.h"

int sqlite_handle_new(const struct sqlite_handle_options *options, struct sqlite_handle **handle_r,
		      struct error *error_r)
{
	struct sqlite_handle *handle = calloc(1, sizeof(*handle));

	if (handle) {
		handle->path = strdup(options->path);
		handle->create = options->create;
		handle->synchronous = sqlite_connection_level(options->synchronous);
	}
	if (handle && handle->path) {
		*handle_r = handle;
		return 0;
	}
	sqlite_handle_free(&handle);
	return error_set(error_r, ENOMEM, "out of memory");
}

static void finalize_own(struct sqlite_handle *handle)
{
	for (size_t i = 0; i < handle->statement_count; i++)
		sqlite_handle_forget(handle, i);
}

void sqlite_handle_free(struct sqlite_handle **handle)
{
	struct sqlite_handle *h = *handle;

	if (!h)
		return;
	if (h->file) {
		if (!h->begun)
			(void)sqlite_shared_make_busy(h->file, INT64_MAX, NULL);
		if (h->file->db && h->generation == h->file->generation)
			finalize_own(h);
		sqlite_shared_make_free(h->file);
		sqlite_shared_release(h->file);
	}
	free(h->statements);
	free(h->path);
	free(h);
	*handle = NULL;
}

sqlite3 *sqlite_handle_db(const struct sqlite_handle *handle)
{
	return handle->file->db;
}

static int make_room(struct sqlite_handle *handle, size_t index)
{
	size_t count = index + 1;
	sqlite3_stmt **grown;

	if (index < handle->statement_count)
		return SQLITE_OK;
	grown = reallocarray(handle->statements, count, sizeof(sqlite3_stmt *));
	if (!grown)
		return SQLITE_NOMEM;
	for (size_t i = handle->statement_count; i < count; i++)
		grown[i] = NULL;
	handle->statements = grown;
	handle->statement_count = count;
	return SQLITE_OK;
}

int sqlite_handle_prepare(struct sqlite_handle *handle, size_t index, const char *sql,
			  sqlite3_stmt **statement_r)
{
	int code = make_room(handle, index);

	if (code == SQLITE_OK && !handle->statements[index])
		code = sqlite3_prepare_v3(handle->file->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
					  &handle->statements[index], NULL);
	*statement_r = code == SQLITE_OK ? handle->statements[index] : NULL;
	return code;
}

void sqlite_handle_forget(struct sqlite_handle *handle, size_t index)
{
	if (index >= handle->statement_count)
		return;
	sqlite3_finalize(handle->statements[index]);
	handle->statements[index] = NULL;
}
