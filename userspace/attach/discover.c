/* SPDX-License-Identifier: MIT */
#include "attach/discover.h"

#include "attach/finder.h"
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
	struct finder finder;
	bool processes;
	char **roots; /* NULL-terminated */
	discover_lost_fn *lost;
	struct runpath_cache runpaths;
	struct recent recent; /* executables, by namespace */
};

/* Adds the directories that an executable's RUNPATH names. */
static void add_runpath(struct discover *discover, int root_fd, const char *prefix, int exe_fd,
			const char *exe)
{
	char origin[PATH_MAX];

	snprintf(origin, sizeof(origin), "%s", exe);
	directories_add_runpath(&discover->finder.dirs, root_fd, prefix,
				runpath_of(&discover->runpaths, exe_fd), dirname(origin),
				discover->finder.known.search);
}

static void fix(struct discover *discover, int index)
{
	if (index >= 0)
		discover->finder.dirs.list[index].fixed = true;
}

static void search_root(struct discover *discover, const char *root)
{
	const char *prefix = strcmp(root, "/") == 0 ? "" : root;
	int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0) {
		finder_note_error(&discover->finder, errno, root);
		return;
	}
	for (size_t i = 0; i < sizeof(usual_directories) / sizeof(usual_directories[0]); i++)
		fix(discover, directories_add(&discover->finder.dirs, root_fd, prefix,
					      usual_directories[i], discover->finder.known.search));
	for (size_t i = 0; i < sizeof(usual_masters) / sizeof(usual_masters[0]); i++) {
		fd = root_open_file(root_fd, usual_masters[i]);
		if (fd < 0)
			continue;
		add_runpath(discover, root_fd, prefix, fd, usual_masters[i]);
		close(fd);
	}
	close(root_fd);
}

static void add_directory_of(struct discover *discover, const struct process *process,
			     const char *path)
{
	char copy[PATH_MAX];

	if (snprintf(copy, sizeof(copy), "%s", path) < (int)sizeof(copy))
		directories_add(&discover->finder.dirs, process->root_fd, process->prefix,
				dirname(copy), discover->finder.known.search);
}

/* A mapped library: its directory, and the very file if it has left that directory. */
static void use_library(void *ctx, const struct process *process, const char *path, bool deleted,
			int open_fd)
{
	struct discover *discover = ctx;
	enum priv_role role = finder_role(&discover->finder, path);
	char full[PATH_MAX];

	if (role != 0 && deleted)
		known_saw_deleted(&discover->finder.known, role);
	if (role != 0 && !deleted)
		add_directory_of(discover, process, path);
	if (open_fd < 0)
		return;
	snprintf(full, sizeof(full), "%s%.3900s (deleted)", process->prefix, path);
	if (role != 0)
		finder_look_at(&discover->finder, open_fd, full, role, NULL);
	else
		close(open_fd);
}

static void use_exe(struct discover *discover, const struct process *process)
{
	enum priv_role role = finder_role(&discover->finder, process->exe);
	int fd = process_open_exe(process);
	char full[PATH_MAX];

	if (role != 0 && process->deleted)
		known_saw_deleted(&discover->finder.known, role);
	if (fd < 0)
		return;
	add_runpath(discover, process->root_fd, process->prefix, fd, process->exe);
	snprintf(full, sizeof(full), "%s%.3900s%s", process->prefix, process->exe,
		 process->deleted ? " (deleted)" : "");
	if (role != 0)
		finder_look_at(&discover->finder, fd, full, role, NULL);
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

	while (discover->lost && (build = known_next_lost(&discover->finder.known)) != NULL) {
		discover->lost(discover->finder.ctx, build);
		known_drop(&discover->finder.known, build);
	}
}

int discover_scan(struct discover *discover, struct error *error_r)
{
	struct error *first = &discover->finder.first;

	discover->finder.known.search++;
	first->code = 0;
	for (size_t i = 0; discover->roots[i]; i++)
		search_root(discover, discover->roots[i]);
	if (discover->processes)
		process_each(search_process, discover, first->code == 0 ? first : NULL);
	directories_sweep(&discover->finder.dirs, discover->finder.known.search);
	finder_look_into_touched(&discover->finder);
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
	finder_look_into_touched(&discover->finder);
}

int discover_inotify_fd(const struct discover *discover)
{
	return discover->finder.dirs.inotify_fd;
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

/*
 * Package managers write every file of an upgrade under another name
 * ("libdovecot-storage.so.0.0.0.dpkg-new"), and rename them once all are there. Watched from when
 * it is written, a file misses nobody after it got its name.
 */
static void look_at_written(struct discover *discover, const struct directory *dir,
			    const struct inotify_event *event)
{
	char path[PATH_MAX], full[PATH_MAX];
	enum priv_role role;
	int fd;

	if (!(event->mask & IN_CLOSE_WRITE) ||
	    snprintf(path, sizeof(path), "%s/%s", dir->path, event->name) >= (int)sizeof(path) ||
	    snprintf(full, sizeof(full), "%s%s", dir->prefix, path) >= (int)sizeof(full))
		return;
	role = finder_role(&discover->finder, path);
	fd = role != 0 ? root_open_file(dir->root_fd, path) : -1;
	if (fd >= 0)
		finder_look_at(&discover->finder, fd, full, role, dir);
}

static void touch_all(struct discover *discover)
{
	for (size_t i = 0; i < discover->finder.dirs.count; i++)
		discover->finder.dirs.list[i].touched = true;
}

static void take_event(struct discover *discover, const struct inotify_event *event)
{
	int index = directories_find_watch(&discover->finder.dirs, event->wd);

	if (event->mask & IN_Q_OVERFLOW)
		touch_all(discover);
	if (index < 0)
		return;
	if (event->mask & IN_IGNORED) { /* the directory is gone, and the watch with it */
		discover->finder.dirs.list[index].watch = -1;
		directories_remove(&discover->finder.dirs, (size_t)index);
	} else if (is_complete(&discover->finder.dirs.list[index], event)) {
		look_at_written(discover, &discover->finder.dirs.list[index], event);
		discover->finder.dirs.list[index].touched = true;
	}
}

void discover_changed(struct discover *discover)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t n;

	while ((n = read(discover->finder.dirs.inotify_fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			take_event(discover, event);
		}
	}
	finder_look_into_touched(&discover->finder);
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
	struct discover *discover;
	int err = root_check(error_r);

	if (err < 0)
		return err;
	discover = calloc(1, sizeof(*discover));
	if (!discover)
		return error_set(error_r, ENOMEM, "out of memory");
	discover->finder.roles = options->roles;
	discover->processes = options->processes;
	discover->finder.fn = fn;
	discover->finder.ctx = ctx;
	discover->roots = copy_roots(options->roots);
	err = directories_init(&discover->finder.dirs);
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

int discover_restore(struct discover *discover, enum priv_role role, const struct file_id *id)
{
	return known_restore(&discover->finder.known, role, id);
}

void discover_free(struct discover **discover)
{
	if (!*discover)
		return;
	known_release(&(*discover)->finder.known);
	for (char **root = (*discover)->roots; root && *root; root++)
		free(*root);
	free((*discover)->roots);
	runpath_cache_release(&(*discover)->runpaths);
	directories_release(&(*discover)->finder.dirs);
	free(*discover);
	*discover = NULL;
}
