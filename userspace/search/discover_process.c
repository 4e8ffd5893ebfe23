/* SPDX-License-Identifier: MIT */
/* What processes run and have mapped: executables, libraries, and their directories. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "search/discover_private.h"
#include "search/process.h"

#define RECENT_EXEC_NS	  (1 * NS_PER_SEC)
#define SEEN_UNRELATED_NS (600 * NS_PER_SEC)
#define USUAL_NAME_MAX	  31 /* longer ones the kernel keeps elsewhere */

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

/* The kernel's programs know the usual name (bpf/process.bpf.h), also with more behind it. */
static bool has_usual_name(const char *exe)
{
	static const char usual[] = "dovecot";
	const char *name = strrchr(exe, '/');

	return name && strncmp(name + 1, usual, strlen(usual)) == 0 &&
	       strlen(name + 1) <= USUAL_NAME_MAX;
}

static void report_master(struct discover *discover, const struct process *process)
{
	const struct recognised *is =
		recognise_known(&discover->finder.recogniser, &process->exe_stat);
	char path[PATH_MAX];
	int fd;

	if (!discover->master || !is || !is->master || has_usual_name(process->exe))
		return;
	fd = process_open_exe_path(process);
	if (fd < 0)
		return;
	snprintf(path, sizeof(path), "%s%.3900s", process->prefix, process->exe);
	discover->master(discover->finder.ctx, fd, path);
	close(fd);
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
	discover_add_runpath(discover, process->root_fd, process->prefix, is, process->exe);
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
	if (process_stat_exe(process) < 0 || !is_dovecot(discover, process))
		return;
	discover->dovecots++;
	if (process_open(process) < 0)
		return;
	report_master(discover, process);
	if (!discover->processes) {
		search_deleted(discover, process);
		return;
	}
	use_exe(discover, process);
	process_libraries(process, use_library, discover);
}

void discover_search_process(void *ctx, pid_t pid)
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
		report_master(discover, process);
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
