/* SPDX-License-Identifier: MIT */
/* A search of everything, and the roots: where Dovecot usually is. */
#include "search/discover.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search/discover_private.h"
#include "search/process.h"
#include "search/root.h"

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

void discover_add_runpath(struct discover *discover, int root_fd, const char *prefix,
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
		discover_add_runpath(discover, root_fd, prefix,
				     recognise(&discover->finder.recogniser, fd), usual_masters[i]);
		close(fd);
	}
	close(root_fd);
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
	discover->dovecots = 0;
	discover->finder.dirs.over_limit.code = first->code = 0;
	for (size_t i = 0; discover->roots[i]; i++) {
		if (!finder_enter(&discover->finder, 0, discover->roots[i], ""))
			continue;
		discover->finder.dirs.namespace = 0;
		search_root(discover, discover->roots[i]);
		finder_leave(&discover->finder);
	}
	process_each(discover_search_process, discover, first->code == 0 ? first : NULL);
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

unsigned int discover_limited(const struct discover *discover)
{
	return discover->finder.limited;
}

unsigned int discover_dovecots(const struct discover *discover)
{
	return discover->dovecots;
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

void discover_on_master(struct discover *discover, discover_master_fn *master)
{
	discover->master = master;
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
