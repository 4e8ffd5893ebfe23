/* SPDX-License-Identifier: MIT */
#include "search/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "search/elf.h"
#include "search/root.h"

#define RUNPATH_MAX   16 /* elements looked at */
#define IMPORTERS_MAX 32 /* executables of one directory looked at */

/* A file is complete when its writer closes it or moves it here; a link is when it is made. */
#define WATCHED (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR)

/* Scans find by themselves what a watch would report at once. */
static void note_no_inotify(struct directories *dirs, int code, const char *setting)
{
	if (dirs->no_inotify.code == 0)
		error_set(
			&dirs->no_inotify, code,
			"inotify: %s (sysctl %s): upgraded files are found by searches alone, up to "
			"a minute later",
			strerror(code), setting);
}

int directories_init(struct directories *dirs)
{
	*dirs = (struct directories){.inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC)};
	if (dirs->inotify_fd < 0)
		note_no_inotify(dirs, errno, "fs.inotify.max_user_instances");
	dirs->budget = calloc(1, sizeof(*dirs->budget));
	return dirs->budget ? 0 : -ENOMEM;
}

static void directory_release(struct directory *dir)
{
	if (dir->root_fd >= 0)
		close(dir->root_fd);
	free(dir->prefix);
	free(dir->path);
}

void directories_release(struct directories *dirs)
{
	for (size_t i = 0; i < dirs->count; i++)
		directory_release(&dirs->list[i]);
	free(dirs->list);
	free(dirs->budget);
	if (dirs->inotify_fd >= 0)
		close(dirs->inotify_fd);
	*dirs = (struct directories){.inotify_fd = -1};
}

static int find(const struct directories *dirs, const struct stat *st)
{
	for (size_t i = 0; i < dirs->count; i++) {
		if (dirs->list[i].dev == st->st_dev && dirs->list[i].ino == st->st_ino)
			return (int)i;
	}
	return -1;
}

static int watch(struct directories *dirs, int dir_fd)
{
	char path[32];
	int watch;

	if (dirs->inotify_fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dir_fd);
	watch = inotify_add_watch(dirs->inotify_fd, path, WATCHED);
	if (watch < 0 && errno == ENOSPC)
		note_no_inotify(dirs, ENOSPC, "fs.inotify.max_user_watches");
	return watch;
}

static int append(struct directories *dirs, const struct directory *dir)
{
	static const struct quota_limits limits = {"directories with Dovecot files", 16384, 8192,
						   1024, 256};
	struct directory *list;
	struct quota quota;

	quota_init(&quota, &limits, &dir->owner);
	for (size_t i = 0; i < dirs->count; i++)
		quota_count(&quota, &dirs->list[i].owner);
	if (quota_check(&quota, &dirs->over_limit) < 0)
		return error_prefix(&dirs->over_limit, "%s%s", dir->prefix, dir->path);
	list = realloc(dirs->list, (dirs->count + 1) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	dirs->list = list;
	list[dirs->count] = *dir;
	return (int)dirs->count++;
}

static struct root_id root_identify(int root_fd)
{
	struct stat st;

	if (fstat(root_fd, &st) < 0)
		return (struct root_id){0};
	return (struct root_id){st.st_dev, st.st_ino};
}

static bool root_is(const struct root_id *a, const struct root_id *b)
{
	return a->dev == b->dev && a->ino == b->ino;
}

static int add_new(struct directories *dirs, int dir_fd, const struct stat *st, int root_fd,
		   const char *prefix, const char *path)
{
	struct directory dir = {
		.dev = st->st_dev,
		.ino = st->st_ino,
		.root_fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0),
		.root = root_identify(root_fd),
		.owner = {.uid = st->st_uid, .namespace = dirs->namespace},
		.prefix = strdup(prefix),
		.path = strdup(path),
		.watch = watch(dirs, dir_fd),
	};
	int index = -ENOMEM;

	if (dir.root_fd >= 0 && dir.prefix && dir.path)
		index = append(dirs, &dir);
	if (index < 0)
		directory_release(&dir);
	return index;
}

int directories_add(struct directories *dirs, int root_fd, const char *prefix, const char *path,
		    unsigned int seen)
{
	int dir_fd = root_open_directory(root_fd, path);
	struct stat st;
	int index;

	if (dir_fd < 0)
		return dir_fd;
	if (fstat(dir_fd, &st) < 0) {
		index = -errno;
	} else {
		index = find(dirs, &st);
		if (index < 0)
			index = add_new(dirs, dir_fd, &st, root_fd, prefix, path);
	}
	if (index >= 0) {
		dirs->list[index].seen = seen;
		dirs->list[index].touched = true;
	}
	close(dir_fd);
	return index;
}

/* One element of a RUNPATH with $ORIGIN replaced; false if it is too long or relative. */
static bool runpath_element(const char *element, size_t len, const char *origin,
			    char path_r[PATH_MAX])
{
	static const char *const names[] = {"$ORIGIN", "${ORIGIN}"};
	int n = -1;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t skip = strlen(names[i]);

		if (len >= skip && memcmp(element, names[i], skip) == 0)
			n = snprintf(path_r, PATH_MAX, "%s%.*s", origin, (int)(len - skip),
				     element + skip);
	}
	if (n < 0)
		n = snprintf(path_r, PATH_MAX, "%.*s", (int)len, element);
	return n < PATH_MAX && path_r[0] == '/';
}

void directories_add_runpath(struct directories *dirs, int root_fd, const char *prefix,
			     const char *runpath, const char *origin, unsigned int seen)
{
	char path[PATH_MAX];
	size_t len;

	for (int i = 0; i < RUNPATH_MAX && *runpath; i++) {
		len = strcspn(runpath, ":");
		if (len < PATH_MAX && runpath_element(runpath, len, origin, path))
			directories_add(dirs, root_fd, prefix, path, seen);
		runpath += len + (runpath[len] == ':');
	}
}

void directories_remove(struct directories *dirs, size_t index)
{
	if (dirs->list[index].watch >= 0)
		inotify_rm_watch(dirs->inotify_fd, dirs->list[index].watch);
	directory_release(&dirs->list[index]);
	dirs->count--;
	memmove(&dirs->list[index], &dirs->list[index + 1],
		(dirs->count - index) * sizeof(dirs->list[0]));
}

void directories_sweep(struct directories *dirs, unsigned int seen)
{
	for (size_t i = dirs->count; i-- > 0;) {
		if (!dirs->list[i].fixed && dirs->list[i].seen != seen)
			directories_remove(dirs, i);
	}
}

int directories_find_watch(const struct directories *dirs, int watched)
{
	for (size_t i = 0; i < dirs->count; i++) {
		if (dirs->list[i].watch == watched)
			return (int)i;
	}
	return -1;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len >= end && strcmp(name + len - end, suffix) == 0;
}

static void spend(struct read_budget *budget, int fd)
{
	struct stat st;

	if (fstat(fd, &st) == 0)
		read_budget_spend(budget, st.st_dev, st.st_size, clock_monotonic_ns());
}

static bool file_imports(struct read_budget *budget, const struct directory *dir, const char *name,
			 const char *symbol)
{
	struct elf_file *elf = NULL;
	char path[PATH_MAX];
	bool imports = false;
	int fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir->path, name) >= (int)sizeof(path))
		return false;
	fd = root_open_file(dir->root_fd, path);
	if (fd < 0)
		return false;
	spend(budget, fd);
	if (elf_file_read(fd, &elf, NULL) == 0)
		imports = elf_file_imports(elf, symbol);
	elf_file_free(&elf);
	close(fd);
	return imports;
}

DIR *directory_list(const struct directory *dir)
{
	char path[32];
	int fd = root_open_directory(dir->root_fd, dir->path);
	DIR *list;

	if (fd < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	list = opendir(path);
	close(fd);
	return list;
}

/* Of an ordinary directory it does not count. */
static void spend_on_entries(struct read_budget *budget, const struct directory *dir, int entries)
{
	int64_t bytes = entries * READ_BUDGET_ENTRY;

	if (bytes > READ_BUDGET_LOOK_MIN)
		read_budget_spend(budget, dir->dev, bytes, clock_monotonic_ns());
}

static bool any_imports(struct read_budget *budget, const struct directory *dir, const char *suffix,
			const char *symbol)
{
	DIR *list = directory_list(dir);
	const struct dirent *entry;
	bool imports = false;
	int looked_at = 0, entries = 0;

	while (list && !imports && looked_at < IMPORTERS_MAX && entries++ < DIRECTORY_ENTRIES_MAX &&
	       (entry = readdir(list)) != NULL) {
		if (!ends_in(entry->d_name, suffix))
			continue;
		imports = file_imports(budget, dir, entry->d_name, symbol);
		looked_at++;
	}
	if (list)
		closedir(list);
	spend_on_entries(budget, dir, entries);
	return imports;
}

static bool is_noted(const struct directories *dirs, const struct root_id *root)
{
	size_t count = dirs->importer_count;

	for (size_t i = 0; i < count && i < IMPORTERS_NOTED_MAX; i++) {
		if (root_is(&dirs->importers[i], root))
			return true;
	}
	return false;
}

bool directories_note_importer(struct directories *dirs, int root_fd)
{
	struct root_id root = root_identify(root_fd);

	if (root_fd < 0 || is_noted(dirs, &root))
		return false;
	dirs->importers[dirs->importer_count++ % IMPORTERS_NOTED_MAX] = root;
	for (size_t i = 0; i < dirs->count; i++)
		dirs->list[i].touched |= root_is(&dirs->list[i].root, &root);
	return true;
}

bool directory_imports(const struct directories *dirs, const struct directory *dir,
		       const char *suffix, const char *symbol)
{
	if (is_noted(dirs, &dir->root))
		return true;
	for (size_t i = 0; i < dirs->count; i++) {
		if (root_is(&dirs->list[i].root, &dir->root) &&
		    any_imports(dirs->budget, &dirs->list[i], suffix, symbol))
			return true;
	}
	return false;
}
