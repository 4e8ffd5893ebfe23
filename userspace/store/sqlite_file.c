/* SPDX-License-Identifier: MIT */
#include "store/sqlite_file.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "store/sqlite_side.h"
#include "store/sqlite_util.h"

/* One file; in the list as long as it has handles. The first six members are the list's, the others
 * are for whoever has made it busy. */
struct file {
	struct file *next;
	char *path; /* without symbolic links */
	unsigned int handles;
	bool open; /* and then id is that of the connection's file */
	struct sqlite_file_id id;
	bool busy;
	pthread_cond_t freed; /* no longer busy */

	sqlite3 *db;
	uint64_t generation; /* of the connection; no other one of the process has it */
	struct sqlite_side side;
	int synchronous;
	bool ours;     /* a handle may make it */
	bool writable; /* in WAL mode, with what has to be set to write */
};

struct sqlite_handle {
	char *path;
	bool create;
	int synchronous;
	struct file *file; /* of the last time; NULL when there was none */
	bool begun;
	uint64_t generation; /* of the connection that the statements are of */
	size_t statement_count;
	sqlite3_stmt **statements;
};

static const char *const levels[] = {"off", "normal", "full"};

#define LEVEL_UNSET (-1)

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct file *list;

/* Two names of one file must not be opened at the same time. Taken before the list's lock. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t generations;

/* --- the list --------------------------------------------------------------------------------- */

static struct file *find_open(const struct sqlite_file_id *id)
{
	struct file *file = list;

	while (file && !(file->open && sqlite_file_id_same(&file->id, id)))
		file = file->next;
	return file;
}

static struct file *find_named(const char *path)
{
	struct file *file = list;

	while (file && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

static struct file *add_file(const char *path)
{
	struct file *file = calloc(1, sizeof(*file));
	pthread_condattr_t attributes;

	if (!file)
		return NULL;
	file->path = strdup(path);
	if (!file->path) {
		free(file);
		return NULL;
	}
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&file->freed, &attributes);
	pthread_condattr_destroy(&attributes);
	file->next = list;
	list = file;
	return file;
}

/* The open file of that id, under any name, or the one of that name. NULL without memory. */
static struct file *get_file(const struct sqlite_file_id *id, const char *path)
{
	struct file *file;

	pthread_mutex_lock(&list_lock);
	file = find_open(id);
	if (!file)
		file = find_named(path);
	if (!file)
		file = add_file(path);
	if (file)
		file->handles++;
	pthread_mutex_unlock(&list_lock);
	return file;
}

/* Returns whether it was the last one; the file is out of the list then. */
static bool leave_list(struct file *file)
{
	struct file **link = &list;
	bool last;

	pthread_mutex_lock(&list_lock);
	last = --file->handles == 0;
	while (last && *link != file)
		link = &(*link)->next;
	if (last)
		*link = file->next;
	pthread_mutex_unlock(&list_lock);
	return last;
}

static void set_open(struct file *file, bool open, struct sqlite_file_id id)
{
	pthread_mutex_lock(&list_lock);
	file->open = open;
	file->id = id;
	pthread_mutex_unlock(&list_lock);
}

static bool open_elsewhere(const struct file *file, const struct sqlite_file_id *id)
{
	struct file *other;

	pthread_mutex_lock(&list_lock);
	other = find_open(id);
	pthread_mutex_unlock(&list_lock);
	return other && other != file;
}

/* --- the connection, for whoever has made the file busy
 * ---------------------------------------- */

static void finalize_all(sqlite3 *db)
{
	sqlite3_stmt *statement;

	while ((statement = sqlite3_next_stmt(db, NULL)))
		sqlite3_finalize(statement);
}

static void close_connection(struct file *file)
{
	if (!file->db)
		return;
	finalize_all(file->db);
	sqlite_side_close(&file->side, file->db, file->path, &file->id, file->ours);
	file->db = NULL;
	file->side = (struct sqlite_side){0};
	file->writable = false;
	set_open(file, false, (struct sqlite_file_id){0});
}

static int exec(const struct file *file, const char *sql, struct error *error_r)
{
	return sqlite3_exec(file->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : sqlite_error(file->db, file->path, error_r);
}

/* What does not fit a cache must not go to /tmp, where the sandbox lets nobody write. */
static int connect_file(struct file *file, struct error *error_r)
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
	file->synchronous = LEVEL_UNSET;
	return 0;
}

/* Returns 0, -EAGAIN when the file was replaced meanwhile, or another negative errno. */
static int open_file(struct file *file, bool create, struct error *error_r)
{
	struct sqlite_file_id id, now;
	int ret = create ? sqlite_side_create(file->path, error_r) : 0;

	if (ret == 0)
		ret = sqlite_file_id_of(file->path, &id, error_r);
	if (ret < 0)
		return ret;
	if (open_elsewhere(file, &id))
		return -EAGAIN;
	if (create)
		ret = sqlite_side_admit(file->path, error_r);
	if (ret == 0 && file->ours)
		ret = sqlite_side_check(file->path, &id, create, error_r);
	if (ret == 0)
		ret = connect_file(file, error_r);
	if (ret < 0)
		return ret;
	set_open(file, true, id);
	if (sqlite_file_id_of(file->path, &now, NULL) == 0 && sqlite_file_id_same(&now, &id))
		return 0;
	close_connection(file);
	return -EAGAIN;
}

static int set_synchronous(struct file *file, int level, struct error *error_r)
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

static int use_log(struct file *file, struct error *error_r)
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

static int make_writable(struct file *file, const struct sqlite_handle *handle,
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

/* --- whose connection it is --------------------------------------------------------------------*/

static int make_busy(struct file *file, int64_t deadline_ns, struct error *error_r)
{
	const struct timespec until = {.tv_sec = deadline_ns / NS_PER_SEC,
				       .tv_nsec = deadline_ns % NS_PER_SEC};
	bool got;

	pthread_mutex_lock(&list_lock);
	while (file->busy && pthread_cond_timedwait(&file->freed, &list_lock, &until) == 0)
		;
	got = !file->busy;
	file->busy = true;
	pthread_mutex_unlock(&list_lock);
	if (got)
		return 0;
	return error_set(error_r, EBUSY, "%s: another dict of this process uses it", file->path);
}

static void make_free(struct file *file)
{
	pthread_mutex_lock(&list_lock);
	file->busy = false;
	pthread_cond_signal(&file->freed);
	pthread_mutex_unlock(&list_lock);
}

/* Whoever opens it next waits until it is closed. */
static void release_file(struct sqlite_handle *handle)
{
	struct file *file = handle->file;
	bool last;

	handle->file = NULL;
	if (!file)
		return;
	pthread_mutex_lock(&open_lock);
	last = leave_list(file);
	if (last)
		close_connection(file);
	pthread_mutex_unlock(&open_lock);
	if (!last)
		return;
	pthread_cond_destroy(&file->freed);
	free(file->path);
	free(file);
}

/* Busy: is the connection one to what stands at the handle's path? */
static bool is_current(const struct sqlite_handle *handle)
{
	struct sqlite_file_id id;

	return handle->file->db && sqlite_file_id_of(handle->path, &id, NULL) == 0 &&
	       sqlite_file_id_same(&id, &handle->file->id);
}

/* Busy: is the connection one to what stands at the file's own path? */
static bool is_stale(const struct file *file)
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
		handle->file = get_file(&id, path);
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
		close_connection(handle->file);
	if (handle->file->db) /* the path leads elsewhere, for others it does not */
		return -EAGAIN;
	pthread_mutex_lock(&open_lock);
	ret = open_file(handle->file, create, error_r);
	pthread_mutex_unlock(&open_lock);
	return ret == 0 && !is_current(handle) ? -EAGAIN : ret;
}

static int try_begin(struct sqlite_handle *handle, bool create, int64_t deadline_ns,
		     struct error *error_r)
{
	int ret = handle->file ? 0 : find_file(handle, create, error_r);

	assert(ret < 0 || handle->file);
	if (ret == 0 && !handle->begun) {
		ret = make_busy(handle->file, deadline_ns, error_r);
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

int sqlite_handle_begin(struct sqlite_handle *handle, enum sqlite_access access,
			int64_t deadline_ns, int64_t max_wait_msecs, struct error *error_r)
{
	bool create = handle->create && access == SQLITE_HANDLE_WRITE;
	int ret, fresh;

	while ((ret = try_begin(handle, create, deadline_ns, error_r)) == -EAGAIN) {
		if (clock_monotonic_ns() >= deadline_ns)
			return error_set(error_r, EBUSY, "%s: is replaced again and again",
					 handle->path);
	}
	if (ret < 0)
		return ret;
	fresh = adopt_connection(handle);
	sqlite_wait_until(handle->file->db, deadline_ns, max_wait_msecs);
	if (access == SQLITE_HANDLE_WRITE)
		ret = make_writable(handle->file, handle, error_r);
	if (ret == 0)
		return fresh;
	sqlite_handle_drop(handle);
	return ret;
}

void sqlite_handle_end(struct sqlite_handle *handle)
{
	if (handle->begun && handle->file)
		make_free(handle->file);
	handle->begun = false;
}

void sqlite_handle_drop(struct sqlite_handle *handle)
{
	if (!handle->begun)
		return;
	close_connection(handle->file);
	sqlite_handle_end(handle);
}

void sqlite_handle_tidy(struct sqlite_handle *handle)
{
	struct file *file = handle->file;

	if (!file || handle->begun || make_busy(file, 0, NULL) < 0)
		return;
	if (is_stale(file)) {
		close_connection(file);
	} else if (file->writable) {
		sqlite3_busy_timeout(file->db, 0);
		(void)sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						NULL);
	}
	make_free(file);
}

/* --- handles -----------------------------------------------------------------------------------*/

static int level_of(const char *synchronous)
{
	for (int i = 0; synchronous && i < (int)(sizeof(levels) / sizeof(levels[0])); i++) {
		if (strcmp(levels[i], synchronous) == 0)
			return i;
	}
	return LEVEL_UNSET;
}

int sqlite_handle_new(const struct sqlite_handle_options *options, struct sqlite_handle **handle_r,
		      struct error *error_r)
{
	struct sqlite_handle *handle = calloc(1, sizeof(*handle));

	if (handle) {
		handle->path = strdup(options->path);
		handle->create = options->create;
		handle->synchronous = level_of(options->synchronous);
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
			(void)make_busy(h->file, INT64_MAX, NULL);
		if (h->file->db && h->generation == h->file->generation)
			finalize_own(h);
		make_free(h->file);
		release_file(h);
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
