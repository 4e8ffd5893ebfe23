/* SPDX-License-Identifier: MIT */
#include "base/read_file.h"

#include <errno.h>
#include <fcntl.h>
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

int read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = read_fd(fd, out);
	close(fd);
	return ret;
}
