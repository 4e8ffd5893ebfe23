/* SPDX-License-Identifier: MIT */
#include "store/drivers/file_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/path.h"

#define STALE_NS  (60 * NS_PER_SEC)
#define POLL_MSEC 5

/* The mode that the new file is to have. */
static mode_t wanted_mode(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		return st.st_mode & 07777;
	return path_parent_mode(path) & 0666;
}

/* One look at a lock: 0 when we have it, -EAGAIN when another has, or another errno. */

static int try_dotlock(struct file_lock *lock)
{
	struct stat st;

	lock->fd = open(lock->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (lock->fd >= 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(lock->new_path, &st) == 0 &&
	    clock_wall_ns() - st.st_mtim.tv_sec * NS_PER_SEC > STALE_NS &&
	    unlink(lock->new_path) < 0 && errno != ENOENT)
		return -errno; /* such as a directory: waiting won't help */
	return -EAGAIN;
}

static int try_os_lock(const struct file_lock *lock)
{
	/* A lock of the open file, not of the process: two dicts of one process must not share. */
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (lock->method == FILE_LOCK_FLOCK)
		return flock(lock->locked_fd, LOCK_EX | LOCK_NB) == 0 ? 0 : -errno;
	if (fcntl(lock->locked_fd, F_OFD_SETLK, &whole) == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

/* While we waited, the file may have been replaced: its lock is then worth nothing. */
static bool still_the_file(const struct file_lock *lock)
{
	struct stat by_fd, by_path;

	return fstat(lock->locked_fd, &by_fd) == 0 && stat(lock->path, &by_path) == 0 &&
	       by_fd.st_ino == by_path.st_ino && by_fd.st_dev == by_path.st_dev;
}

static int try_locked_file(struct file_lock *lock)
{
	int ret;

	lock->locked_fd =
		open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC, path_parent_mode(lock->path) & 0666);
	if (lock->locked_fd < 0)
		return -errno;
	ret = try_os_lock(lock);
	if (ret == 0 && !still_the_file(lock))
		ret = -EAGAIN;
	if (ret == 0) {
		lock->fd = open(lock->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ret = lock->fd < 0 ? -errno : 0;
	}
	if (ret < 0) {
		close(lock->locked_fd);
		lock->locked_fd = -1;
	}
	return ret;
}

static int try_method(struct file_lock *lock)
{
	return lock->method == FILE_LOCK_DOTLOCK ? try_dotlock(lock) : try_locked_file(lock);
}

/* Some file systems (/proc) refuse a new file with ENOENT although the directory is there: no
 * waiting helps, so a second ENOENT is an answer. */
static int try_lock(struct file_lock *lock)
{
	int ret = try_method(lock);

	if (ret != -ENOENT)
		return ret;
	ret = path_make_parents(lock->path);
	return ret < 0 ? ret : try_method(lock);
}

int file_lock_take(struct file_lock *lock, enum file_lock_method method, const char *path,
		   int64_t deadline_ns, struct error *error_r)
{
	mode_t mode = wanted_mode(path);
	int ret;

	*lock = (struct file_lock){.method = method, .path = path, .fd = -1, .locked_fd = -1};
	if (asprintf(&lock->new_path, "%s.%s", path, method == FILE_LOCK_DOTLOCK ? "lock" : "tmp") <
	    0)
		return error_set(error_r, ENOMEM, "out of memory");
	while ((ret = try_lock(lock)) == -EAGAIN && clock_monotonic_ns() < deadline_ns)
		(void)poll(NULL, 0, POLL_MSEC);
	if (ret == 0 && fchmod(lock->fd, mode) < 0)
		ret = -errno;
	if (ret == 0)
		return 0;
	if (ret == -EAGAIN)
		ret = error_set(error_r, ETIMEDOUT, "%s is locked by another process", path);
	else
		ret = error_set(error_r, -ret, "%s: %s", path, strerrordesc_np(-ret));
	file_lock_drop(lock);
	return ret;
}

static int write_all(int fd, struct slice content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.ptr, content.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		n = n < 0 ? 0 : n;
		content.ptr += n;
		content.len -= (size_t)n;
	}
	return 0;
}

int file_lock_replace(struct file_lock *lock, struct slice content, struct stat *stat_r,
		      struct error *error_r)
{
	int ret = write_all(lock->fd, content);

	/* The name must not come to point to content that the disk does not have. */
	if (ret == 0 && fdatasync(lock->fd) < 0)
		ret = -errno;
	if (ret == 0 && fstat(lock->fd, stat_r) < 0)
		ret = -errno;
	if (ret == 0 && rename(lock->new_path, lock->path) < 0)
		ret = -errno;
	if (ret < 0) {
		file_lock_drop(lock);
		return error_set(error_r, -ret, "cannot replace %s: %s", lock->path,
				 strerrordesc_np(-ret));
	}
	close(lock->fd);
	lock->fd = -1;
	file_lock_drop(lock);
	return 0;
}

void file_lock_drop(struct file_lock *lock)
{
	if (lock->fd >= 0) {
		(void)unlink(lock->new_path);
		close(lock->fd);
	}
	if (lock->locked_fd >= 0)
		close(lock->locked_fd);
	free(lock->new_path);
	lock->new_path = NULL;
	lock->fd = lock->locked_fd = -1;
}
