/* SPDX-License-Identifier: MIT */
#include "search/root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_in_root(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd < 0 ? -errno : (int)fd;
}

int root_check(struct error *error_r)
{
	int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (root_fd < 0)
		return error_set(error_r, errno, "/: %m");
	fd = root_open_directory(root_fd, "/");
	close(root_fd);
	if (fd < 0)
		return error_set(error_r, -fd,
				 "the system call openat2() is forbidden (%s): by a seccomp "
				 "profile, or by RestrictSUIDSGID= of systemd?",
				 strerror(-fd));
	close(fd);
	return 0;
}

int root_open_directory(int root_fd, const char *path)
{
	return open_in_root(root_fd, path, O_PATH | O_DIRECTORY);
}

int root_open_path(int root_fd, const char *path)
{
	return open_in_root(root_fd, path, O_PATH);
}

int root_open_link(int root_fd, const char *path)
{
	return open_in_root(root_fd, path, O_PATH | O_NOFOLLOW);
}

int root_reopen_file(int path_fd)
{
	char path[32];
	struct stat st;
	int fd;

	if (fstat(path_fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", path_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

int root_open_file(int root_fd, const char *path)
{
	int path_fd = root_open_path(root_fd, path);
	int fd;

	if (path_fd < 0)
		return path_fd;
	fd = root_reopen_file(path_fd);
	close(path_fd);
	return fd;
}
