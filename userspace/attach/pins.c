/* SPDX-License-Identifier: MIT */
#include "attach/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define BPFFS_MAGIC   0xcafe4a11 /* linux/magic.h */
#define LOCK_TRIES    5
#define LOCK_PAUSE_NS 20000000

struct pins {
	char *dir;
	int fd; /* of the directory; carries the lock */
};

/* The kernel pins by path only. -ENAMETOOLONG unless it fits. */
static int pin_path(const char *dir, const char *name, char path_r[PATH_MAX])
{
	return snprintf(path_r, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int not_bpffs(const char *dir, struct error *error_r)
{
	return error_set(error_r, ENOTSUP,
			 "%s is not in bpffs, pins can be nowhere else; "
			 "mount -t bpf bpf /sys/fs/bpf, and name a directory below it",
			 dir);
}

int pins_check_place(const char *dir, struct error *error_r)
{
	char parent[PATH_MAX];
	struct statfs fs = {0};
	char *slash;

	if (snprintf(parent, sizeof(parent), "%s", dir) >= (int)sizeof(parent))
		return error_set(error_r, ENAMETOOLONG, "%s: too long", dir);
	slash = strrchr(parent, '/');
	if (!slash)
		return not_bpffs(dir, error_r);
	*slash = '\0';
	if (statfs(dir, &fs) < 0 && statfs(parent, &fs) < 0 && errno != ENOENT)
		return error_set(error_r, errno, "%s: %s", dir, strerror(errno));
	return (unsigned long)fs.f_type == BPFFS_MAGIC ? 0 : not_bpffs(dir, error_r);
}

static int make_dir(const char *dir, struct error *error_r)
{
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return 0;
	return error_set(error_r, errno, "%s: cannot make the directory for pins: %s", dir,
			 strerror(errno));
}

/* Whoever could write there could hand us probes and a ring of his own. */
static int check_dir(const struct pins *pins, struct error *error_r)
{
	struct statfs fs;
	struct stat st;

	if (fstat(pins->fd, &st) < 0 || fstatfs(pins->fd, &fs) < 0)
		return error_set(error_r, errno, "%s: %s", pins->dir, strerror(errno));
	if ((unsigned long)fs.f_type != BPFFS_MAGIC)
		return not_bpffs(pins->dir, error_r);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return error_set(error_r, EPERM,
				 "%s belongs to uid %u with mode %04o; pins want a directory that "
				 "nobody but uid %u can enter (mode 0700)",
				 pins->dir, st.st_uid, st.st_mode & 07777, geteuid());
	return 0;
}

/* "dovetap check" has the lock for a moment, to see whether it can be had. */
static int lock_dir(const struct pins *pins, struct error *error_r)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(pins->fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK)
			return error_set(error_r, errno, "%s: flock: %s", pins->dir,
					 strerror(errno));
		(void)nanosleep(&pause, NULL);
	}
	return error_set(error_r, EBUSY,
			 "%s: another dovetap works with these pins; two would corrupt the ring, "
			 "so end it first",
			 pins->dir);
}

static int open_dir(struct pins *pins, struct error *error_r)
{
	int ret = pins_check_place(pins->dir, error_r);

	if (ret == 0)
		ret = make_dir(pins->dir, error_r);
	if (ret < 0)
		return ret;
	pins->fd = open(pins->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pins->fd < 0)
		return error_set(error_r, errno, "%s: %s", pins->dir, strerror(errno));
	ret = check_dir(pins, error_r);
	return ret < 0 ? ret : lock_dir(pins, error_r);
}

int pins_open(const char *dir, struct pins **pins_r, struct error *error_r)
{
	struct pins *pins = calloc(1, sizeof(*pins));
	int ret = -ENOMEM;

	if (!pins)
		return error_set(error_r, ENOMEM, "out of memory");
	pins->fd = -1;
	pins->dir = strdup(dir);
	ret = pins->dir ? open_dir(pins, error_r) : error_set(error_r, ENOMEM, "out of memory");
	if (ret < 0)
		pins_close(&pins);
	else
		*pins_r = pins;
	return ret;
}

void pins_close(struct pins **pins)
{
	if (!*pins)
		return;
	if ((*pins)->fd >= 0)
		close((*pins)->fd);
	free((*pins)->dir);
	free(*pins);
	*pins = NULL;
}

/* Links to perf events learnt to be pinned in 5.15; before, they are no links at all. */
static int put(void *ctx, const char *name, int fd, struct error *error_r)
{
	const struct pins *pins = ctx;
	char path[PATH_MAX];
	int ret = pin_path(pins->dir, name, path);

	if (ret == 0 && bpf_obj_pin(fd, path) < 0)
		ret = -errno;
	if (ret == 0 || ret == -EEXIST)
		return 0;
	if (ret == -EINVAL)
		return error_set(error_r, EINVAL,
				 "this kernel cannot pin probes (Linux 5.15 can): they end with "
				 "this process, and logins until the next one starts are missed");
	return error_set(error_r, -ret, "cannot pin %s: %s", path, strerror(-ret));
}

static void drop(void *ctx, const char *name)
{
	unlinkat(((const struct pins *)ctx)->fd, name, 0);
}

int pins_list(const char *dir, fd_store_fn *fn, void *fn_ctx, struct error *error_r)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;

	if (!stream)
		return error_set(error_r, errno, "%s: %s", dir, strerror(errno));
	while ((entry = readdir(stream)) != NULL) {
		if (entry->d_name[0] != '.' && strlen(entry->d_name) < FD_STORE_NAME_MAX)
			fn(fn_ctx, entry->d_name, -1);
	}
	closedir(stream);
	return 0;
}

struct visit {
	const struct pins *pins;
	fd_store_fn *fn;
	void *fn_ctx;
};

static void open_pin(void *ctx, const char *name, int none)
{
	const struct visit *visit = ctx;
	char path[PATH_MAX];
	int fd = -1;

	(void)none;
	if (pin_path(visit->pins->dir, name, path) == 0)
		fd = bpf_obj_get(path);
	if (fd >= 0)
		visit->fn(visit->fn_ctx, name, fd);
}

static int each(void *ctx, fd_store_fn *fn, void *fn_ctx, struct error *error_r)
{
	struct visit visit = {ctx, fn, fn_ctx};

	return pins_list(visit.pins->dir, open_pin, &visit, error_r);
}

struct fd_store pins_fd_store(struct pins *pins)
{
	return (struct fd_store){.ctx = pins, .put = put, .drop = drop, .each = each};
}

int pins_remove_dir(const struct pins *pins, struct error *error_r)
{
	if (rmdir(pins->dir) == 0)
		return 0;
	return error_set(error_r, errno, "%s: %s", pins->dir, strerror(errno));
}
