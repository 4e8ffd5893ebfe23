/* SPDX-License-Identifier: MIT */
/* The SQLite files of this process: one each, however many handles and names it has, and one thread
 * at a time at work with it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "store/sqlite_file_private.h"

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sqlite_file *list;

/* Taken before the list's lock. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;

static struct sqlite_file *find_open(const struct sqlite_file_id *id)
{
	struct sqlite_file *file = list;

	while (file && !(file->open && sqlite_file_id_same(&file->id, id)))
		file = file->next;
	return file;
}

static struct sqlite_file *find_named(const char *path)
{
	struct sqlite_file *file = list;

	while (file && strcmp(file->path, path) != 0)
		file = file->next;
	return file;
}

static struct sqlite_file *add_file(const char *path)
{
	struct sqlite_file *file = calloc(1, sizeof(*file));
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

struct sqlite_file *sqlite_shared_get(const struct sqlite_file_id *id, const char *path)
{
	struct sqlite_file *file;

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
static bool leave_list(struct sqlite_file *file)
{
	struct sqlite_file **link = &list;
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

void sqlite_shared_set_open(struct sqlite_file *file, bool open, struct sqlite_file_id id)
{
	pthread_mutex_lock(&list_lock);
	file->open = open;
	file->id = id;
	pthread_mutex_unlock(&list_lock);
}

bool sqlite_shared_open_elsewhere(const struct sqlite_file *file, const struct sqlite_file_id *id)
{
	struct sqlite_file *other;

	pthread_mutex_lock(&list_lock);
	other = find_open(id);
	pthread_mutex_unlock(&list_lock);
	return other && other != file;
}

int sqlite_shared_make_busy(struct sqlite_file *file, int64_t deadline_ns, struct error *error_r)
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

void sqlite_shared_make_free(struct sqlite_file *file)
{
	pthread_mutex_lock(&list_lock);
	file->busy = false;
	pthread_cond_signal(&file->freed);
	pthread_mutex_unlock(&list_lock);
}

void sqlite_shared_lock(void)
{
	pthread_mutex_lock(&open_lock);
}

void sqlite_shared_unlock(void)
{
	pthread_mutex_unlock(&open_lock);
}

/* Whoever opens it next waits until it is closed. */
void sqlite_shared_release(struct sqlite_file *file)
{
	bool last;

	if (!file)
		return;
	sqlite_shared_lock();
	last = leave_list(file);
	if (last)
		sqlite_connection_close(file);
	sqlite_shared_unlock();
	if (!last)
		return;
	pthread_cond_destroy(&file->freed);
	free(file->path);
	free(file);
}
