/* SPDX-License-Identifier: MIT */
#include "priv/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum byte { ATTACHER, COLLECTOR };

#define LOOK_NS (20 * NS_PER_MSEC)

static struct flock lock_of(enum byte byte)
{
	return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
}

/* The collector's user may write there: what it has put in place of the file is not followed. */
static int open_file(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static pid_t holder(int fd, enum byte byte)
{
	struct flock lock = lock_of(byte);

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? lock.l_pid : 0;
}

/* 0, -EAGAIN when somebody else has it, or another negative errno. */
static int try(int fd, enum byte byte)
{
	struct flock lock = lock_of(byte);

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

int lock_take(const char *dir, struct error *error_r)
{
	int fd = open_file(dir), ret;

	if (fd < 0)
		return error_set(error_r, -fd, "%s/lock: %s", dir, strerror(-fd));
	ret = try(fd, ATTACHER);
	if (ret == 0)
		return fd;
	if (ret == -EAGAIN)
		error_set(error_r, EBUSY,
			  "another dovetap (process %d) has %s; end that one, or give this one a "
			  "state_dir, control_socket and pin of its own",
			  (int)holder(fd, ATTACHER), dir);
	else
		error_set(error_r, -ret, "%s/lock: %s", dir, strerror(-ret));
	close(fd);
	return ret == -EAGAIN ? -EBUSY : ret;
}

int lock_holder(const char *dir)
{
	char path[PATH_MAX];
	int fd, pid;

	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	pid = (int)holder(fd, ATTACHER);
	if (pid == 0)
		pid = (int)holder(fd, COLLECTOR);
	close(fd);
	return pid;
}

int lock_wait(int fd, int64_t deadline_ns, struct error *error_r)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	int ret;

	while ((ret = try(fd, COLLECTOR)) == -EAGAIN && clock_monotonic_ns() < deadline_ns)
		(void)nanosleep(&pause, NULL);
	if (ret == -EAGAIN)
		return error_set(error_r, EBUSY, "an earlier collector (process %d) has not ended",
				 (int)holder(fd, COLLECTOR));
	return ret < 0 ? error_set(error_r, -ret, "lock: %s", strerror(-ret)) : 0;
}
