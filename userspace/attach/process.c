/* SPDX-License-Identifier: MIT */
#include "attach/process.h"

#include "attach/root.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DELETED	 " (deleted)"
#define MAPS_MAX 8192 /* mappings of a process looked at; Dovecot's have some hundred */

/* Cuts the kernel's mark for a file that has no name any more. */
static bool cut_deleted(char *path)
{
	size_t len = strlen(path), mark = strlen(DELETED);

	if (len < mark || strcmp(path + len - mark, DELETED) != 0)
		return false;
	path[len - mark] = '\0';
	return true;
}

static int read_link(pid_t pid, const char *name, char target_r[PATH_MAX])
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/%s", (int)pid, name);
	len = readlink(link, target_r, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	target_r[len] = '\0';
	return 0;
}

static int read_exe(struct process *process)
{
	int err = read_link(process->pid, "exe", process->exe);

	if (err < 0)
		return err;
	process->deleted = cut_deleted(process->exe);
	return process->exe[0] == '/' && strstr(process->exe, "dovecot") ? 0 : -ENOENT;
}

/* Number of the mount namespace of a process ("self" for ours); 0 if it cannot be told. */
static uint64_t mount_namespace(const char *process)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%s/ns/mnt", process);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

int process_identify(pid_t pid, struct process *process_r)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	process_r->pid = pid;
	process_r->root_fd = -1;
	process_r->prefix[0] = '\0';
	process_r->namespace = mount_namespace(number);
	return read_exe(process_r);
}

/* The part of path below the process's root; NULL if it is not below. */
static const char *below_root(const struct process *process, const char *path)
{
	size_t len = strlen(process->root);

	if (strcmp(process->root, "/") == 0)
		return path;
	if (strncmp(path, process->root, len) != 0 || path[len] != '/')
		return NULL;
	return path + len;
}

/*
 * The kernel tells paths from the root of the process's mount namespace. A container has that as
 * its own root. One that has chrooted has it further up: the part above is cut off. A login
 * process has chrooted to where its executable is not; on the host the path then is ours.
 */
int process_open(struct process *process)
{
	int err = read_link(process->pid, "root", process->root);
	const char *below, *root = process->prefix;
	bool ours;

	if (err < 0)
		return err;
	ours = process->namespace != 0 && process->namespace == mount_namespace("self");
	below = below_root(process, process->exe);
	if (below)
		memmove(process->exe, below, strlen(below) + 1);
	if (ours && (!below || strcmp(process->root, "/") == 0)) {
		snprintf(process->root, sizeof(process->root), "/");
		root = "/";
	} else if (!below) {
		return 0;
	} else {
		snprintf(process->prefix, sizeof(process->prefix), "/proc/%d/root",
			 (int)process->pid);
	}
	process->root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return process->root_fd < 0 ? -errno : 0;
}

void process_close(struct process *process)
{
	if (process->root_fd >= 0)
		close(process->root_fd);
	process->root_fd = -1;
}

int process_open_exe(const struct process *process)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* What is mapped may be a device; only a regular file is opened. */
static int open_mapped(const struct process *process, const char *range)
{
	char path[96];
	int path_fd, fd;

	if (snprintf(path, sizeof(path), "/proc/%d/map_files/%s", (int)process->pid, range) >=
	    (int)sizeof(path))
		return -1;
	path_fd = open(path, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return -1;
	fd = root_reopen_file(path_fd);
	close(path_fd);
	return fd < 0 ? -1 : fd;
}

/* Splits off the next word of a line of maps. */
static char *next_word(char **line)
{
	char *word;

	*line += strspn(*line, " ");
	word = *line;
	*line += strcspn(*line, " \n");
	if (**line)
		*(*line)++ = '\0';
	return word;
}

/*
 * One line of maps: "7f12-7f34 r-xp 00001000 fe:01 1234    /usr/lib/dovecot/libdovecot-x.so.0".
 * Only executable mappings count: one for each library.
 */
static void maps_line(const struct process *process, char *line, process_library_fn *fn, void *ctx)
{
	enum { RANGE, MODES, OFFSET, DEVICE, INODE, WORDS };
	char *words[WORDS], *path;
	const char *below;
	bool deleted;

	for (int i = 0; i < WORDS; i++)
		words[i] = next_word(&line);
	path = line + strspn(line, " ");
	path[strcspn(path, "\n")] = '\0';
	if (path[0] != '/' || !strchr(words[MODES], 'x'))
		return;
	deleted = cut_deleted(path);
	below = below_root(process, path);
	if (below && strncmp(strrchr(below, '/') + 1, "libdovecot-", strlen("libdovecot-")) == 0)
		fn(ctx, process, below, deleted, deleted ? open_mapped(process, words[RANGE]) : -1);
}

int process_libraries(const struct process *process, process_library_fn *fn, void *ctx)
{
	char path[32], *line = NULL;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)process->pid);
	maps = fopen(path, "re");
	if (!maps)
		return -errno;
	for (int i = 0; i < MAPS_MAX && getline(&line, &size, maps) > 0; i++)
		maps_line(process, line, fn, ctx);
	free(line);
	(void)fclose(maps);
	return 0;
}

int process_each(process_pid_fn *fn, void *ctx, struct error *error_r)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;

	if (!proc)
		return error_set(error_r, errno, "/proc: %s", strerror(errno));
	while ((entry = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			fn(ctx, (pid_t)strtol(entry->d_name, NULL, 10));
	}
	closedir(proc);
	return 0;
}
