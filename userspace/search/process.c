/* SPDX-License-Identifier: MIT */
#include "search/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "priv/sandbox.h"
#include "search/root.h"

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

static int read_link(const struct process *process, const char *name, char target_r[PATH_MAX])
{
	ssize_t len = readlinkat(process->fd, name, target_r, PATH_MAX - 1);

	if (len < 0)
		return -errno;
	target_r[len] = '\0';
	return 0;
}

static int read_exe(struct process *process)
{
	int ret = read_link(process, "exe", process->exe);

	if (ret < 0)
		return ret;
	process->deleted = cut_deleted(process->exe);
	return process->exe[0] == '/' ? 0 : -ENOENT;
}

#define IS_ID (1ULL << 63) /* and no inode number */

/* Inode numbers of namespaces are given again at once; the kernel's id of one is not. */
static uint64_t namespace_at(int fd, const char *path)
{
	int namespace = openat(fd, path, O_RDONLY | O_CLOEXEC);
	uint64_t id = 0, number = 1;
	struct stat st;

	if (namespace < 0)
		return number;
	if (ioctl(namespace, PRIV_GET_MNTNS_ID, &id) == 0)
		number = id | IS_ID;
	else if (fstat(namespace, &st) == 0)
		number = st.st_ino;
	close(namespace);
	return number;
}

/* One that cannot be determined is not ours. */
static uint64_t mount_namespace(int fd)
{
	static uint64_t ours;
	uint64_t namespace = namespace_at(fd, "ns/mnt");

	if (ours == 0)
		ours = namespace_at(AT_FDCWD, "/proc/self/ns/mnt");
	return namespace != 1 && namespace == ours ? 0 : namespace;
}

int process_identify(pid_t pid, struct process *process_r)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : process_identify_fd(fd, pid, process_r);
}

int process_identify_fd(int fd, pid_t pid, struct process *process_r)
{
	int ret;

	process_r->pid = pid;
	process_r->fd = fd;
	process_r->root_fd = -1;
	process_r->prefix[0] = '\0';
	process_r->namespace = mount_namespace(fd);
	ret = read_exe(process_r);
	if (ret < 0)
		process_close(process_r);
	return ret;
}

int process_stat_exe(struct process *process)
{
	return fstatat(process->fd, "exe", &process->exe_stat, 0) < 0 ? -errno : 0;
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
 * The kernel gives paths from the root of the process's mount namespace. A container has that as
 * its own root. One that has chrooted has it further up: the part above is cut off. A login process
 * has chrooted to where its executable is not; on the host the path then is ours.
 */
int process_open(struct process *process)
{
	int ret = read_link(process, "root", process->root);
	const char *below;
	bool ours;

	if (ret < 0)
		return ret;
	ours = process->namespace == 0;
	below = below_root(process, process->exe);
	if (below)
		memmove(process->exe, below, strlen(below) + 1);
	if (ours && (!below || strcmp(process->root, "/") == 0)) {
		snprintf(process->root, sizeof(process->root), "/");
		process->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	} else if (!below) {
		return 0;
	} else {
		snprintf(process->prefix, sizeof(process->prefix), "/proc/%d/root",
			 (int)process->pid);
		process->root_fd = openat(process->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	return process->root_fd < 0 ? -errno : 0;
}

void process_close(struct process *process)
{
	if (process->root_fd >= 0)
		close(process->root_fd);
	if (process->fd >= 0)
		close(process->fd);
	process->root_fd = process->fd = -1;
}

int process_open_exe(const struct process *process)
{
	int fd = openat(process->fd, "exe", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int process_open_exe_path(const struct process *process)
{
	int fd = openat(process->fd, "exe", O_PATH | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What is mapped may be a device; only a regular file is opened. */
int process_open_library(const struct process *process, const struct process_library *library)
{
	char path[64];
	int path_fd, fd;

	if (!library->deleted)
		return root_open_file(process->root_fd, library->path);
	if (snprintf(path, sizeof(path), "map_files/%s", library->range) >= (int)sizeof(path))
		return -EINVAL;
	path_fd = openat(process->fd, path, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return -errno;
	fd = root_reopen_file(path_fd);
	close(path_fd);
	return fd;
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
	struct process_library library;
	char *words[WORDS], *path;

	for (int i = 0; i < WORDS; i++)
		words[i] = next_word(&line);
	path = line + strspn(line, " ");
	path[strcspn(path, "\n")] = '\0';
	if (path[0] != '/' || !strchr(words[MODES], 'x'))
		return;
	library.range = words[RANGE];
	library.inode = strtoull(words[INODE], NULL, 10);
	library.deleted = cut_deleted(path);
	library.path = below_root(process, path);
	if (library.path)
		fn(ctx, process, &library);
}

static FILE *open_maps(const struct process *process)
{
	int fd = openat(process->fd, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");

	if (fd >= 0 && !maps)
		close(fd);
	return maps;
}

int process_libraries(const struct process *process, process_library_fn *fn, void *ctx)
{
	FILE *maps = open_maps(process);
	char *line = NULL;
	size_t size = 0;

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
	/* There always is a process 1. */
	if (access("/proc/1", F_OK) < 0)
		return error_set(error_r, EPERM,
				 "/proc hides other users' processes (hidepid=): Dovecots that run "
				 "are not all seen; run as root with CAP_SYS_PTRACE, or \"mount -o "
				 "remount,hidepid=0 /proc\"");
	return 0;
}
