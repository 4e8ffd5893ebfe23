/* SPDX-License-Identifier: MIT */
#include "base/read_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIECE 16384

int read_fd(int fd, struct buf *out)
{
	char piece[PIECE];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (buf_append(out, piece, (size_t)got) < 0)
			return out->failed;
	}
	return 0;
}

static int read_and_close(int fd, struct buf *out)
{
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_fd(fd, out);
	close(fd);
	return ret;
}

int read_file(const char *path, struct buf *out)
{
	return read_and_close(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), out);
}

int read_file_below(const char *dir, const char *path, struct buf *out)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int dir_fd, ret;

	if (!dir)
		return read_file(path, out);
	dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0)
		return -errno;
	ret = read_and_close((int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how)), out);
	close(dir_fd);
	return ret;
}
