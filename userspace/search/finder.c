/* SPDX-License-Identifier: MIT */
#include "search/finder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "search/fuse.h"
#include "search/root.h"

/* The importers of a function are looked for beside the directory of its library. */
struct place {
	const struct finder *finder;
	const struct directory *dir; /* NULL for a file known by its process only */
};

static bool place_imports(void *ctx, const char *suffix, const char *symbol)
{
	const struct place *place = ctx;

	return place->dir && directory_imports(&place->finder->dirs, place->dir, suffix, symbol);
}

bool finder_enter(struct finder *finder, uint64_t namespace, const char *prefix, const char *path)
{
	char place[PATH_MAX];

	finder->files.namespace = namespace;
	if (!finder->guard.enter)
		return true;
	snprintf(place, sizeof(place), "%s%.3900s", prefix, path);
	if (finder->guard.enter(finder->guard.ctx, namespace, place))
		return true;
	file_table_left_out(&finder->files, namespace);
	return false;
}

void finder_leave(const struct finder *finder)
{
	if (finder->guard.leave)
		finder->guard.leave(finder->guard.ctx);
}

void finder_note_error(struct finder *finder, int code, const char *path)
{
	if (finder->first.code == 0)
		error_set(&finder->first, code, "%s: %s", path, strerror(code));
}

static void note_reason(struct finder *finder, const struct error *error, const char *path)
{
	finder->limited += error->code == EDQUOT;
	if (finder->first.code == 0)
		error_set(&finder->first, error->code, "%s: %s", path, error->text);
}

/* Adds the binary to the table and reports it, unless it is known by another path. */
static void file_binary(struct finder *finder, struct binary *binary, const char *path)
{
	const struct binary *added, *replaced;
	struct error error;
	int ret = file_table_add(&finder->files, binary, &added, &replaced, &error);

	if (ret < 0)
		note_reason(finder, &error, path);
	if (ret < 0 || !added)
		return;
	finder->fn(finder->ctx, added, replaced);
	if (replaced)
		file_table_drop(&finder->files, replaced);
}

/* What has to wait is looked at by a later search: nothing is known of it yet. */
static bool may_read(struct finder *finder, const struct stat *st, const char *path)
{
	struct read_budget *budget = finder->dirs.budget;
	int64_t now = clock_monotonic_ns();

	if (file_table_has_to_wait(&finder->files, st, now) ||
	    !read_budget_allows(budget, st->st_dev, now)) {
		if (finder->first.code == 0)
			error_set(&finder->first, EBUSY,
				  "%s: the files there change too often or are too large; they "
				  "are looked at later",
				  path);
		return false;
	}
	read_budget_spend(budget, st->st_dev, st->st_size, now);
	return true;
}

/* A name alone makes no program one of Dovecot's: others have an "auth" as well. */
static enum priv_role role_of(struct finder *finder, int fd, const char *path)
{
	const struct recognised *is = recognise(&finder->recogniser, fd);
	const char *name = strrchr(path, '/');
	enum priv_role role = is->role;

	if (role == 0)
		role = probe_role_of_name(name ? name + 1 : path);
	if (is->role == 0 && role == PRIV_ROLE_AUTH && !is->dovecot)
		return 0;
	return (finder->roles & PRIV_ROLE_BIT(role)) ? role : 0;
}

static void examine(struct finder *finder, int fd, const char *path, enum priv_role role,
		    const struct directory *dir)
{
	struct place place = {finder, dir};
	struct binary binary;
	struct error error;
	int ret;

	if (!finder->fuse && fuse_check(fd, &error) < 0)
		ret = binary_refuse(fd, path, role, &error, &binary);
	else
		ret = binary_examine(fd, path, role, place_imports, &place, &binary, &error);
	if (ret == 0) {
		file_binary(finder, &binary, path);
		return;
	}
	close(fd);
	if (finder->first.code == 0)
		finder->first = error;
}

void finder_look_at(struct finder *finder, int fd, const char *path, const struct directory *dir)
{
	enum priv_role role;
	struct stat st;

	if (fstat(fd, &st) < 0 || file_table_has(&finder->files, &st)) {
		close(fd);
		return;
	}
	role = role_of(finder, fd, path);
	if (role != 0 && may_read(finder, &st, path))
		examine(finder, fd, path, role, dir);
	else
		close(fd);
}

void finder_saw_deleted(struct finder *finder, enum priv_role role)
{
	if (finder->roles & PRIV_ROLE_BIT(role))
		file_table_saw_deleted(&finder->files, role);
}

/* A name costs more than its reading; ordinary directories have a few, and nothing to pay. */
static void spend_on_names(struct finder *finder, const struct directory *dir, int names)
{
	int64_t bytes = names * READ_BUDGET_NAME;

	if (bytes > READ_BUDGET_LOOK_MIN)
		read_budget_spend(finder->dirs.budget, dir->dev, bytes, clock_monotonic_ns());
}

static void look_for(struct finder *finder, const struct directory *dir, const char *name)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;
	int path_fd, fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir->path, name) >= (int)sizeof(path) ||
	    snprintf(full, sizeof(full), "%s%s", dir->prefix, path) >= (int)sizeof(full))
		return;
	path_fd = root_open_path(dir->root_fd, path);
	if (path_fd < 0)
		return;
	fd = -1;
	if (fstat(path_fd, &st) == 0 && !file_table_has(&finder->files, &st)) {
		fd = root_reopen_file(path_fd);
		if (fd < 0 && fd != -ENOEXEC)
			finder_note_error(finder, -fd, full);
	}
	close(path_fd);
	if (fd >= 0)
		finder_look_at(finder, fd, full, dir);
}

/* First by the usual names, which read best. What is called quite otherwise is found when a process
 * uses it, or when it is put here. */
static void look_into(struct finder *finder, const struct directory *dir)
{
	DIR *list = directory_list(dir);
	const struct dirent *entry;
	int names = 0;

	for (size_t i = 0; i < probe_file_count; i++) {
		if (finder->roles & PRIV_ROLE_BIT(probe_files[i].role))
			look_for(finder, dir, probe_files[i].name);
	}
	for (int i = 0; list && i < DIRECTORY_ENTRIES_MAX && (entry = readdir(list)) != NULL; i++) {
		if (!(finder->roles & PRIV_ROLE_BIT(probe_role_of_name(entry->d_name))))
			continue;
		look_for(finder, dir, entry->d_name);
		names++;
	}
	if (list)
		closedir(list);
	spend_on_names(finder, dir, names);
}

void finder_look_into_touched(struct finder *finder)
{
	for (size_t i = 0; i < finder->dirs.count; i++) {
		struct directory *dir = &finder->dirs.list[i];

		/* What has used up its share stays touched. */
		if (!dir->touched ||
		    !read_budget_allows(finder->dirs.budget, dir->dev, clock_monotonic_ns()))
			continue;
		dir->touched = false;
		if (!finder_enter(finder, dir->owner.namespace, dir->prefix, dir->path))
			continue;
		look_into(finder, dir);
		finder_leave(finder);
	}
}
