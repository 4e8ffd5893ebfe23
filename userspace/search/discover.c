/* SPDX-License-Identifier: MIT */
#include "search/discover.h"

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

#include "base/clock.h"
#include "search/finder.h"
#include "search/process.h"
#include "search/rescan.h"
#include "search/root.h"
#include "search/seen_cache.h"

/* Where distributions and "make install" put Dovecot's libraries and executables. */
static const char *const usual_directories[] = {
	"/usr/lib/dovecot",
	"/usr/lib64/dovecot",
	"/usr/libexec/dovecot",
	"/usr/local/lib/dovecot",
	"/usr/local/libexec/dovecot",
	"/opt/dovecot/lib/dovecot",
	"/opt/dovecot/libexec/dovecot",
	"/dovecot/lib/dovecot",
	"/dovecot/libexec/dovecot",
};

static const char *const usual_masters[] = {
	"/usr/sbin/dovecot",
	"/usr/local/sbin/dovecot",
	"/opt/dovecot/sbin/dovecot",
	"/dovecot/sbin/dovecot",
};

/* Where the services are that a master in PREFIX/sbin will start. */
static const char beside_master[] = "$ORIGIN/libexec/dovecot:$ORIGIN/lib/dovecot";

#define RECENT_EXEC_NS	  (1 * NS_PER_SEC)
#define SEEN_UNRELATED_NS (600 * NS_PER_SEC)

struct discover {
	struct finder finder;
	bool processes;
	char **roots; /* NULL-terminated */
	discover_lost_fn *lost;
	struct seen_cache seen_cache;	   /* executables, by namespace */
	struct seen_cache unrelated_names; /* libraries that are none of Dovecot's, by namespace */
	struct rescan rescan;
};

/* Adds the directories that an executable's RUNPATH names, and where its services may be. */
static void add_runpath(struct discover *discover, int root_fd, const char *prefix,
			const struct recognised *is, const char *exe)
{
	char origin[PATH_MAX];

	char *directory;

	if (!is->dynamic)
		return;
	snprintf(origin, sizeof(origin), "%s", exe);
	directory = dirname(origin);
	directories_add_runpath(&discover->finder.dirs, root_fd, prefix, is->dynamic->runpath,
				directory, discover->finder.files.search);
	directories_add_runpath(&discover->finder.dirs, root_fd, prefix, beside_master,
				dirname(directory), discover->finder.files.search);
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
					      usual_directories[i], discover->finder.files.search));
	for (size_t i = 0; i < sizeof(usual_masters) / sizeof(usual_masters[0]); i++) {
		fd = root_open_file(root_fd, usual_masters[i]);
		if (fd < 0)
			continue;
		add_runpath(discover, root_fd, prefix, recognise(&discover->finder.recogniser, fd),
			    usual_masters[i]);
		close(fd);
	}
	close(root_fd);
}

/* Returns the index of the directory, or a negative errno. */
static int add_directory_of(struct discover *discover, const struct process *process,
			    const char *path)
{
	struct directories *dirs = &discover->finder.dirs;
	char copy[PATH_MAX];
	int index;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return -ENAMETOOLONG;
	index = directories_add(dirs, process->root_fd, process->prefix, dirname(copy),
				discover->finder.files.search);
	if (index == -EDQUOT)
		discover->finder.limited++;
	return index;
}

/* Looks at what a process runs or maps, and takes over fd. */
static void look_at_used(struct discover *discover, const struct process *process, const char *path,
			 bool deleted, int fd)
{
	const struct directory *dir = NULL;
	char full[PATH_MAX];
	int index = -1;

	if (!deleted)
		index = add_directory_of(discover, process, path);
	if (index >= 0)
		dir = &discover->finder.dirs.list[index];
	snprintf(full, sizeof(full), "%s%.3900s%s", process->prefix, path,
		 deleted ? " (deleted)" : "");
	finder_look_at(&discover->finder, fd, full, dir);
}

/* A mapped file: if it is a library of Dovecot's, that and its directory. */
static void use_library(void *ctx, const struct process *process,
			const struct process_library *library)
{
	struct discover *discover = ctx;
	uint64_t key = seen_cache_key(process->namespace, library->path, library->inode);
	int64_t now = clock_monotonic_ns();
	enum priv_role named = probe_role_of_name(strrchr(library->path, '/') + 1);
	const struct recognised *is;
	int fd;

	if (seen_cache_has(&discover->unrelated_names, key, now))
		return;
	if (library->deleted)
		finder_saw_deleted(&discover->finder, named);
	fd = process_open_library(process, library);
	if (fd < 0)
		return;
	is = recognise(&discover->finder.recogniser, fd);
	if (library->deleted)
		finder_saw_deleted(&discover->finder, is->role);
	if (is->library || is->role != 0 || named != 0) {
		look_at_used(discover, process, library->path, library->deleted, fd);
		return;
	}
	close(fd);
	if (!is->waits)
		seen_cache_add(&discover->unrelated_names, key, now + SEEN_UNRELATED_NS);
}

/* What was refused because nobody seemed to use it is looked at anew: it is used. */
static void reconsider(struct discover *discover)
{
	const struct binary *binary;

	while ((binary = file_table_next_unused(&discover->finder.files)) != NULL) {
		if (discover->lost)
			discover->lost(discover->finder.ctx, binary);
		file_table_drop(&discover->finder.files, binary);
	}
}

static void use_exe(struct discover *discover, const struct process *process)
{
	int fd = process_open_exe(process);
	const struct recognised *is;

	if (fd < 0)
		return;
	is = recognise(&discover->finder.recogniser, fd);
	if (process->deleted)
		finder_saw_deleted(&discover->finder, is->role);
	add_runpath(discover, process->root_fd, process->prefix, is, process->exe);
	if (is->importer && directories_note_importer(&discover->finder.dirs, process->root_fd))
		reconsider(discover);
	look_at_used(discover, process, process->exe, process->deleted, fd);
}

/* Whether it runs a program of Dovecot's; nothing is opened if the program was looked at before. */
static bool is_dovecot(struct discover *discover, const struct process *process)
{
	const struct recognised *is =
		recognise_known(&discover->finder.recogniser, &process->exe_stat);
	int fd;

	if (is)
		return is->dovecot;
	fd = process_open_exe(process);
	if (fd < 0)
		return false;
	is = recognise(&discover->finder.recogniser, fd);
	close(fd);
	return is->dovecot;
}

/* Before anything of the process is read for which its file systems must answer. */
static bool enter(struct discover *discover, struct process *process)
{
	char prefix[32] = "";

	if (process->namespace != 0)
		snprintf(prefix, sizeof(prefix), "/proc/%d/root", (int)process->pid);
	if (!finder_enter(&discover->finder, process->namespace, prefix, process->exe))
		return false;
	discover->finder.dirs.namespace = process->namespace;
	return true;
}

static void note_deleted(void *ctx, const struct process *process,
			 const struct process_library *library)
{
	struct discover *discover = ctx;

	(void)process;
	if (library->deleted)
		finder_saw_deleted(&discover->finder,
				   probe_role_of_name(strrchr(library->path, '/') + 1));
}

/* Below a root, too, older processes go on with files that no path leads to after an upgrade. */
static void search_deleted(struct discover *discover, const struct process *process)
{
	if (process->deleted)
		finder_saw_deleted(&discover->finder,
				   probe_role_of_name(strrchr(process->exe, '/') + 1));
	process_libraries(process, note_deleted, discover);
}

static void search_inside(struct discover *discover, struct process *process)
{
	if (process_stat_exe(process) < 0 || !is_dovecot(discover, process) ||
	    process_open(process) < 0)
		return;
	if (!discover->processes) {
		search_deleted(discover, process);
		return;
	}
	use_exe(discover, process);
	process_libraries(process, use_library, discover);
}

static void search_process(void *ctx, pid_t pid)
{
	struct discover *discover = ctx;
	struct process process;

	if (process_identify(pid, &process) < 0)
		return;
	if (enter(discover, &process)) {
		search_inside(discover, &process);
		finder_leave(&discover->finder);
	}
	process_close(&process);
}

static void drop_lost(struct discover *discover)
{
	const struct binary *binary;

	while (discover->lost && (binary = file_table_next_lost(&discover->finder.files)) != NULL) {
		discover->lost(discover->finder.ctx, binary);
		file_table_drop(&discover->finder.files, binary);
	}
}

int discover_scan(struct discover *discover, struct error *error_r)
{
	struct error *first = &discover->finder.first;

	discover->finder.files.search++;
	discover->finder.limited = 0;
	discover->finder.dirs.over_limit.code = first->code = 0;
	for (size_t i = 0; discover->roots[i]; i++) {
		if (!finder_enter(&discover->finder, 0, discover->roots[i], ""))
			continue;
		discover->finder.dirs.namespace = 0;
		search_root(discover, discover->roots[i]);
		finder_leave(&discover->finder);
	}
	process_each(search_process, discover, first->code == 0 ? first : NULL);
	directories_sweep(&discover->finder.dirs, discover->finder.files.search);
	finder_look_into_touched(&discover->finder);
	drop_lost(discover);
	if (first->code == 0)
		*first = discover->finder.dirs.over_limit;
	if (first->code == 0)
		*first = discover->finder.dirs.no_inotify;
	if (first->code != 0 && error_r)
		*error_r = *first;
	return -first->code;
}

/*
 * One look a second at a program of a namespace is enough, however often it is executed. Where the
 * next container may have the number of the last one's namespace, and share its program, its
 * overlay has another device as long as the last one's is held.
 */
static bool was_taken(struct discover *discover, const struct process *process, int64_t now)
{
	uint64_t key = seen_cache_key(process->namespace, process->exe,
				      process->exe_stat.st_ino ^ (process->exe_stat.st_dev << 32));

	if (seen_cache_has(&discover->seen_cache, key, now))
		return true;
	seen_cache_add(&discover->seen_cache, key, now + RECENT_EXEC_NS);
	return false;
}

static enum discover_exec take_exec(struct discover *discover, struct process *process)
{
	int64_t now = clock_monotonic_ns();

	if (process_stat_exe(process) < 0)
		return DISCOVER_EXEC_GONE;
	if (!is_dovecot(discover, process))
		return DISCOVER_EXEC_UNRELATED;
	if (!was_taken(discover, process, now) && process_open(process) == 0) {
		use_exe(discover, process);
		rescan_add(&discover->rescan, process, now);
	}
	return DISCOVER_EXEC_DOVECOT;
}

enum discover_exec discover_exec(struct discover *discover, pid_t pid)
{
	enum discover_exec what = DISCOVER_EXEC_GONE;
	struct process process;

	if (!discover->processes || process_identify(pid, &process) < 0)
		return what;
	if (enter(discover, &process)) {
		what = take_exec(discover, &process);
		finder_leave(&discover->finder);
	}
	process_close(&process);
	if (what == DISCOVER_EXEC_DOVECOT)
		finder_look_into_touched(&discover->finder);
	return what;
}

int64_t discover_due_ns(const struct discover *discover)
{
	return rescan_due_ns(&discover->rescan);
}

void discover_due(struct discover *discover)
{
	struct process process;

	while (rescan_take(&discover->rescan, clock_monotonic_ns(), &process)) {
		if (enter(discover, &process)) {
			if (process_open(&process) == 0)
				process_libraries(&process, use_library, discover);
			finder_leave(&discover->finder);
		}
		process_close(&process);
	}
	finder_look_into_touched(&discover->finder);
}

unsigned int discover_limited(const struct discover *discover)
{
	return discover->finder.limited;
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
 * Under any name: package managers write every file of an upgrade under another name
 * ("libdovecot-storage.so.0.0.0.dpkg-new"), and rename them once all are complete. Watched from
 * when it is written, a file has its probe when it gets its name.
 */
static void look_at_named(struct discover *discover, const struct directory *dir,
			  const struct inotify_event *event)
{
	char path[PATH_MAX], full[PATH_MAX];
	int fd;

	if (event->len == 0 || (event->mask & IN_ISDIR) ||
	    snprintf(path, sizeof(path), "%s/%s", dir->path, event->name) >= (int)sizeof(path) ||
	    snprintf(full, sizeof(full), "%s%s", dir->prefix, path) >= (int)sizeof(full))
		return;
	fd = root_open_file(dir->root_fd, path);
	if (fd >= 0)
		finder_look_at(&discover->finder, fd, full, dir);
}

static void touch_all(struct discover *discover)
{
	for (size_t i = 0; i < discover->finder.dirs.count; i++)
		discover->finder.dirs.list[i].touched = true;
}

static void take_change(struct discover *discover, struct directory *dir,
			const struct inotify_event *event)
{
	if (!finder_enter(&discover->finder, dir->owner.namespace, dir->prefix, dir->path))
		return;
	if (is_complete(dir, event)) {
		look_at_named(discover, dir, event);
		dir->touched = true;
	}
	finder_leave(&discover->finder);
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
	} else {
		take_change(discover, &discover->finder.dirs.list[index], event);
	}
}

void discover_changed(struct discover *discover)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t n = read(discover->finder.dirs.inotify_fd, bytes, sizeof(bytes));

	for (char *at = bytes; n > 0 && at < bytes + n; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)at;
		take_event(discover, event);
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
	int ret = root_check(error_r);

	if (ret < 0)
		return ret;
	discover = calloc(1, sizeof(*discover));
	if (!discover)
		return error_set(error_r, ENOMEM, "out of memory");
	discover->finder.roles = options->roles & PRIV_ROLES_ALL;
	discover->processes = options->processes;
	discover->finder.fuse = options->fuse;
	discover->finder.fn = fn;
	discover->finder.ctx = ctx;
	discover->roots = copy_roots(options->roots);
	ret = directories_init(&discover->finder.dirs);
	discover->finder.recogniser.budget = discover->finder.dirs.budget;
	if (!discover->roots || ret < 0) {
		discover_free(&discover);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	*discover_r = discover;
	return 0;
}

void discover_on_lost(struct discover *discover, discover_lost_fn *lost)
{
	discover->lost = lost;
}

void discover_set_guard(struct discover *discover, const struct discover_guard *guard)
{
	discover->finder.guard = *guard;
}

int discover_restore(struct discover *discover, enum priv_role role, const struct file_id *id)
{
	return file_table_restore(&discover->finder.files, role, id);
}

void discover_free(struct discover **discover)
{
	if (!*discover)
		return;
	file_table_release(&(*discover)->finder.files);
	for (char **root = (*discover)->roots; root && *root; root++)
		free(*root);
	free((*discover)->roots);
	recogniser_release(&(*discover)->finder.recogniser);
	rescan_release(&(*discover)->rescan);
	directories_release(&(*discover)->finder.dirs);
	free(*discover);
	*discover = NULL;
}
