/* SPDX-License-Identifier: MIT */
#include "attach/finder.h"

#include "attach/root.h"
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void finder_note_error(struct finder *finder, int code, const char *path)
{
	if (finder->first.code == 0)
		error_set(&finder->first, code, "%s: %s", path, strerror(code));
}

/* Files the build and tells of it, unless it is known by another path. */
static void file_build(struct finder *finder, struct build *build, const char *path)
{
	const struct build *added, *replaced;
	int err = known_add(&finder->known, build, &added, &replaced);

	if (err < 0)
		finder_note_error(finder, -err, path);
	if (err < 0 || !added)
		return;
	finder->fn(finder->ctx, added, replaced);
	if (replaced)
		known_drop(&finder->known, replaced);
}

/* What has to wait is looked at by a later search: nothing is known of it yet. */
static bool may_read(struct finder *finder, const struct stat *st, const char *path)
{
	struct read_budget *budget = finder->dirs.budget;
	int64_t now = clock_monotonic_ns();

	if (!read_budget_allows(budget, st->st_dev, now)) {
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

void finder_look_at(struct finder *finder, int fd, const char *path, enum priv_role role,
		    const struct directory *dir)
{
	struct place place = {finder, dir};
	struct build build;
	struct error error;
	struct stat st;

	if (fstat(fd, &st) == 0 &&
	    (known_has(&finder->known, &st) || !may_read(finder, &st, path))) {
		close(fd);
		return;
	}
	if (build_examine(fd, path, role, place_imports, &place, &build, &error) == 0) {
		file_build(finder, &build, path);
		return;
	}
	close(fd);
	if (finder->first.code == 0)
		finder->first = error;
}

static void look_for(struct finder *finder, const struct directory *dir,
		     const struct probe_file *wanted)
{
	char path[PATH_MAX], full[PATH_MAX];
	struct stat st;
	int path_fd, fd;

	if (snprintf(path, sizeof(path), "%s/%s", dir->path, wanted->name) >= (int)sizeof(path) ||
	    snprintf(full, sizeof(full), "%s%s", dir->prefix, path) >= (int)sizeof(full))
		return;
	path_fd = root_open_path(dir->root_fd, path);
	if (path_fd < 0)
		return;
	fd = -1;
	if (fstat(path_fd, &st) == 0 && !known_has(&finder->known, &st)) {
		fd = root_reopen_file(path_fd);
		if (fd < 0 && fd != -ENOEXEC)
			finder_note_error(finder, -fd, full);
	}
	close(path_fd);
	if (fd >= 0)
		finder_look_at(finder, fd, full, wanted->role, dir);
}

static void look_into(struct finder *finder, const struct directory *dir)
{
	for (size_t i = 0; i < probe_file_count; i++) {
		if (finder->roles & PRIV_ROLE_BIT(probe_files[i].role))
			look_for(finder, dir, &probe_files[i]);
	}
}

void finder_look_into_touched(struct finder *finder)
{
	for (size_t i = 0; i < finder->dirs.count; i++) {
		if (!finder->dirs.list[i].touched)
			continue;
		finder->dirs.list[i].touched = false;
		look_into(finder, &finder->dirs.list[i]);
	}
}

enum priv_role finder_role(const struct finder *finder, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < probe_file_count; i++) {
		size_t len = strlen(probe_files[i].name);

		if ((finder->roles & PRIV_ROLE_BIT(probe_files[i].role)) &&
		    strncmp(name, probe_files[i].name, len) == 0 &&
		    (name[len] == '\0' || name[len] == '.'))
			return probe_files[i].role;
	}
	return 0;
}
