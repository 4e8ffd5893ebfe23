/* SPDX-License-Identifier: MIT */
#include "attach/discover.h"

#include "attach/directory.h"
#include "attach/known.h"
#include "attach/process.h"
#include "attach/recent.h"
#include "attach/root.h"
#include "attach/runpath.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where distributions and "make install" put Dovecot's libraries and executables. */
static const char *const usual_directories[] = {
	"/usr/lib/dovecot",
	"/usr/lib64/dovecot",
	"/usr/libexec/dovecot",
	"/usr/local/lib/dovecot",
	"/usr/local/libexec/dovecot",
	"/opt/dovecot/lib/dovecot",
	"/opt/dovecot/libexec/dovecot",
};

static const char *const usual_masters[] = {
	"/usr/sbin/dovecot",
	"/usr/local/sbin/dovecot",
	"/opt/dovecot/sbin/dovecot",
};

struct discover {
	unsigned int roles;
	bool processes;
	char **roots; /* NULL-terminated */
	discover_fn *fn;
	discover_lost_fn *lost;
	void *ctx;
	struct directories dirs;
	struct known_files known;
	struct runpath_cache runpaths;
	struct recent recent; /* executables, by namespace */
	struct error first;   /* reason of the current search that is worth telling */
};

/* The importers of a function are looked for beside the directory of its library. */
struct place {
	const struct discover *discover;
	const struct directory *dir; /* NULL for a file known by its process only */
};

static bool place_imports(void *ctx, const char *suffix, const char *symbol)
{
	const struct place *place = ctx;

	return place->dir && directory_imports(&place->discover->dirs, place->dir, suffix, symbol);
}

static void note_error(struct discover *discover, int code, const char *path)
{
	if (discover->first.code == 0)
		error_set(&discover->first, code, "%s: %s", path, strerror(code));
}

/* Files the build and tells of it, unless it is known by another path. */
static void file_build(struct discover *discover, struct build *build, const char *path)
{
	const struct build *added, *replaced;
	int err = known_add(&discover->known, build, &added, &replaced);

	if (err < 0)
		note_error(discover, -err, path);
	if (err < 0 || !added)
		return;
	discover->fn(discover->ctx, added, replaced);
	if (replaced)
		known_drop(&discover->known, replaced);
}

/* Takes over fd. */
static void look_at_file(struct discover *discover, int fd, const char *path, enum priv_role role,
			 const struct directory *dir)
{
	struct place place = {discover, dir};
	struct build build;
	struct error error;
	struct stat st;

	if (fstat(fd, &st) == 0 && known_has(&discover->known, &st)) {
		close(fd);
		return;
	}
	if (build_examine(fd, path, role, place_imports, &place, &build, &error) == 0) {
		file_build(discover, &build, path);
		return;
	}
	close(fd);
	if (discover->first.code == 0)
		discover->first = error;
}

static void look_for(struct discover *discover, const struct directory *dir,
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
	if (fstat(path_fd, &st) == 0 && !known_has(&discover->known, &st)) {
		fd = root_reopen_file(path_fd);
		if (fd < 0 && fd != -ENOEXEC)
			note_error(discover, -fd, full);
	}
	close(path_fd);
	if (fd >= 0)
		look_at_file(discover, fd, full, wanted->role, dir);
}

static void look_into(struct discover *discover, const struct directory *dir)
{
	for (size_t i = 0; i < probe_file_count; i++) {
		if (discover->roles & PRIV_ROLE_BIT(probe_files[i].role))
			look_for(discover, dir, &probe_files[i]);
	}
}

/* Looks where something has led to since the last time. */
static void look_into_touched(struct discover *discover)
{
	for (size_t i = 0; i < discover->dirs.count; i++) {
		if (!discover->dirs.list[i].touched)
			continue;
		discover->dirs.list[i].touched = false;
		look_into(discover, &discover->dirs.list[i]);
	}
}

/* Adds the directories that an executable's RUNPATH names. */
static void add_runpath(struct discover *discover, int root_fd, const char *prefix, int exe_fd,
			const char *exe)
{
	char origin[PATH_MAX];

	snprintf(origin, sizeof(origin), "%s", exe);
	directories_add_runpath(&discover->dirs, root_fd, prefix,
				runpath_of(&discover->runpaths, exe_fd), dirname(origin),
				discover->known.search);
}

static void fix(struct discover *discover, int index)
{
	if (index >= 0)
		discover->dirs.list[index].fixed = true;
}

static void search_root(struct discover *discover, const char *root)
{
	const char *prefix = strcmp(root, "/") == 0 ? "" : root;
	int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0) {
		note_error(discover, errno, root);
		return;
	}
	for (size_t i = 0; i < sizeof(usual_directories) / sizeof(usual_directories[0]); i++)
		fix(discover, directories_add(&discover->dirs, root_fd, prefix,
					      usual_directories[i], discover->known.search));
	for (size_t i = 0; i < sizeof(usual_masters) / sizeof(usual_masters[0]); i++) {
		fd = root_open_file(root_fd, usual_masters[i]);
		if (fd < 0)
			continue;
		add_runpath(discover, root_fd, prefix, fd, usual_masters[i]);
		close(fd);
	}
	close(root_fd);
}

/* The role of a file by its name, 0 for others; "libdovecot-storage.so.0.0.0" counts as well. */
static enum priv_role role_of(const struct discover *discover, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < probe_file_count; i++) {
		size_t len = strlen(probe_files[i].name);

		if ((discover->roles & PRIV_ROLE_BIT(probe_files[i].role)) &&
		    strncmp(name, probe_files[i].name, len) == 0 &&
		    (name[len] == '\0' || name[len] == '.'))
			return probe_files[i].role;
	}
	return 0;
}

static void add_directory_of(struct discover *discover, const struct process *process,
			     const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy))
		directories_add(&discover->dirs, process->root_fd, process->prefix, dirname(copy),
				discover->known.search);
}

/* A mapped library: its directory, and the very file if it has left that directory. */
static void use_library(void *ctx, const struct process *process, const char *path, bool deleted,
			int open_fd)
{
	struct discover *discover = ctx;
	enum priv_role role = role_of(discover, path);
	char full[PATH_MAX];

	if (role != 0 && deleted)
		known_saw_deleted(&discover->known, role);
	if (role != 0 && !deleted)
		add_directory_of(discover, process, path);
	if (open_fd < 0)
		return;
	snprintf(full, sizeof(full), "%s%.3900s (deleted)", process->prefix, path);
	if (role != 0)
		look_at_file(discover, open_fd, full, role, NULL);
	else
		close(open_fd);
}

static void use_exe(struct discover *discover, const struct process *process)
{
	enum priv_role role = role_of(discover, process->exe);
	int fd = process_open_exe(process);
	char full[PATH_MAX];

	if (role != 0 && process->deleted)
		known_saw_deleted(&discover->known, role);
	if (fd < 0)
		return;
	add_runpath(discover, process->root_fd, process->prefix, fd, process->exe);
	snprintf(full, sizeof(full), "%s%.3900s%s", process->prefix, process->exe,
		 process->deleted ? " (deleted)" : "");
	if (role != 0)
		look_at_file(discover, fd, full, role, NULL);
	else
		close(fd);
}

static void search_process(void *ctx, pid_t pid)
{
	struct discover *discover = ctx;
	struct process process;

	if (process_identify(pid, &process) < 0 || process_open(&process) < 0)
		return;
	add_directory_of(discover, &process, process.exe);
	use_exe(discover, &process);
	process_libraries(&process, use_library, discover);
	process_close(&process);
}

static void drop_lost(struct discover *discover)
{
	const struct build *build;

	while (discover->lost && (build = known_next_lost(&discover->known)) != NULL) {
		discover->lost(discover->ctx, build);
		known_drop(&discover->known, build);
	}
}

int discover_scan(struct discover *discover, struct error *error_r)
{
	struct error *first = &discover->first;

	discover->known.search++;
	first->code = 0;
	for (size_t i = 0; discover->roots[i]; i++)
		search_root(discover, discover->roots[i]);
	if (discover->processes)
		process_each(search_process, discover, first->code == 0 ? first : NULL);
	directories_sweep(&discover->dirs, discover->known.search);
	look_into_touched(discover);
	drop_lost(discover);
	if (first->code != 0 && error_r)
		*error_r = *first;
	return -first->code;
}

void discover_exec(struct discover *discover, pid_t pid)
{
	struct process process;

	if (!discover->processes || process_identify(pid, &process) < 0 ||
	    recent_has(&discover->recent, recent_key(process.namespace, process.exe),
		       clock_monotonic_ns()) ||
	    process_open(&process) < 0)
		return;
	add_directory_of(discover, &process, process.exe);
	use_exe(discover, &process);
	process_close(&process);
	look_into_touched(discover);
}

int discover_inotify_fd(const struct discover *discover)
{
	return discover->dirs.inotify_fd;
}

/* A file that was only just created is still being written; a link is complete at once. */
static bool is_complete(const struct directory *dir, const struct inotify_event *event)
{
	char path[PATH_MAX];
	struct stat st;
	bool complete;
	int fd;

	if (!(event->mask & IN_CREATE))
		return true;
	if (snprintf(path, sizeof(path), "%s/%s", dir->path, event->name) >= (int)sizeof(path))
		return false;
	fd = root_open_link(dir->root_fd, path);
	if (fd < 0)
		return false;
	complete = fstat(fd, &st) == 0 && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
	close(fd);
	return complete;
}

static void touch_all(struct discover *discover)
{
	for (size_t i = 0; i < discover->dirs.count; i++)
		discover->dirs.list[i].touched = true;
}

static void take_event(struct discover *discover, const struct inotify_event *event)
{
	int index = directories_find_watch(&discover->dirs, event->wd);

	if (event->mask & IN_Q_OVERFLOW)
		touch_all(discover);
	if (index < 0)
		return;
	if (event->mask & IN_IGNORED) { /* the directory is gone, and the watch with it */
		discover->dirs.list[index].watch = -1;
		directories_remove(&discover->dirs, (size_t)index);
	} else if (is_complete(&discover->dirs.list[index], event)) {
		discover->dirs.list[index].touched = true;
	}
}

void discover_changed(struct discover *discover)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t n;

	while ((n = read(discover->dirs.inotify_fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			take_event(discover, event);
		}
	}
	look_into_touched(discover);
}

static char **copy_roots(const char *const *roots)
{
	static const char *const host[] = {"/", NULL};
	size_t count = 0;
	char **copy;

	if (!roots)
		roots = host;
	while (roots[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = strdup(roots[i]);
	return copy;
}

int discover_new(const struct discover_options *options, discover_fn *fn, void *ctx,
		 struct discover **discover_r, struct error *error_r)
{
	struct discover *discover = calloc(1, sizeof(*discover));
	int err;

	if (!discover)
		return error_set(error_r, ENOMEM, "out of memory");
	discover->roles = options->roles;
	discover->processes = options->processes;
	discover->fn = fn;
	discover->ctx = ctx;
	discover->roots = copy_roots(options->roots);
	err = directories_init(&discover->dirs);
	if (!discover->roots || err < 0) {
		discover_free(&discover);
		return error_set(error_r, err < 0 ? -err : ENOMEM, "inotify: %s",
				 strerror(err < 0 ? -err : ENOMEM));
	}
	*discover_r = discover;
	return 0;
}

void discover_on_lost(struct discover *discover, discover_lost_fn *lost)
{
	discover->lost = lost;
}

void discover_free(struct discover **discover)
{
	if (!*discover)
		return;
	known_release(&(*discover)->known);
	for (char **root = (*discover)->roots; root && *root; root++)
		free(*root);
	free((*discover)->roots);
	runpath_cache_release(&(*discover)->runpaths);
	directories_release(&(*discover)->dirs);
	free(*discover);
	*discover = NULL;
}
