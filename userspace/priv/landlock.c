/* SPDX-License-Identifier: MIT */
/* Raw system calls: the C library has no wrappers, and the headers of Linux 6.1 do not know all
 * that later kernels can deny. */
#include "priv/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Later than the headers' (include/uapi/linux/landlock.h). */
#define ACCESS_FS_TRUNCATE  (1ULL << 14)
#define ACCESS_NET_BIND_TCP (1ULL << 0)
#define SCOPE_SIGNAL	    (1ULL << 1)
#define RULE_NET_PORT	    2

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                                                     \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                            \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REFER |   \
	 ACCESS_FS_TRUNCATE)
#define NEVER                                                                                      \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                               \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                            \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
/* What a rule on a file, not a directory, may name. */
#define OF_A_FILE                                                                                  \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_FS_TRUNCATE)

enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_SCOPE = 6 };

/* As the newest kernels have them; older ones take the part that they know, by its size. */
struct ruleset_attr {
	uint64_t fs, net, scoped;
};

struct net_port_attr {
	uint64_t access, port;
};

struct landlock {
	int fd, abi;
	uint64_t handled;
};

static int create_ruleset(const struct ruleset_attr *attr, size_t size, unsigned int flags)
{
	long fd = syscall(SYS_landlock_create_ruleset, attr, size, flags);

	return fd < 0 ? -errno : (int)fd;
}

static int add_rule(const struct landlock *landlock, unsigned int type, const void *rule)
{
	return syscall(SYS_landlock_add_rule, landlock->fd, type, rule, 0) < 0 ? -errno : 0;
}

static int ruleset_new(struct landlock *landlock)
{
	struct ruleset_attr attr = {.fs = READS | WRITES | NEVER};
	size_t size = sizeof(attr.fs);

	if (landlock->abi < ABI_REFER)
		attr.fs &= ~(uint64_t)LANDLOCK_ACCESS_FS_REFER;
	if (landlock->abi < ABI_TRUNCATE)
		attr.fs &= ~ACCESS_FS_TRUNCATE;
	if (landlock->abi >= ABI_NET) {
		attr.net = ACCESS_NET_BIND_TCP;
		size = offsetof(struct ruleset_attr, scoped);
	}
	if (landlock->abi >= ABI_SCOPE) {
		attr.scoped = SCOPE_SIGNAL;
		size = sizeof(attr);
	}
	landlock->handled = attr.fs;
	landlock->fd = create_ruleset(&attr, size, 0);
	return landlock->fd < 0 ? landlock->fd : 0;
}

static int allow_port(const struct landlock *landlock, uint16_t port)
{
	const struct net_port_attr rule = {ACCESS_NET_BIND_TCP, port};

	return port == 0 || landlock->abi < ABI_NET ? 0 : add_rule(landlock, RULE_NET_PORT, &rule);
}

int landlock_new(uint16_t listen_port, struct landlock **landlock_r, struct error *error_r)
{
	int abi = create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), ret;
	struct landlock *landlock;

	*landlock_r = NULL;
	if (abi < 0) /* -ENOSYS: not built in, -EOPNOTSUPP: not switched on, -EPERM: a container's
		      * own list */
		return 0;
	landlock = calloc(1, sizeof(*landlock));
	if (!landlock)
		return error_set(error_r, ENOMEM, "out of memory");
	landlock->abi = abi;
	landlock->fd = -1;
	ret = ruleset_new(landlock);
	if (ret == 0)
		ret = allow_port(landlock, listen_port);
	if (ret < 0) {
		landlock_free(&landlock);
		return error_set(error_r, -ret, "Landlock: %s", strerror(-ret));
	}
	*landlock_r = landlock;
	return 0;
}

void landlock_free(struct landlock **landlock)
{
	if (!*landlock)
		return;
	if ((*landlock)->fd >= 0)
		close((*landlock)->fd);
	free(*landlock);
	*landlock = NULL;
}

/* Cuts the last component off; false at the top. */
static bool to_parent(char *path)
{
	char *slash = strrchr(path, '/');

	while (slash && slash > path && slash[1] == '\0') {
		*slash = '\0';
		slash = strrchr(path, '/');
	}
	if (!slash || slash == path)
		return false;
	*slash = '\0';
	return true;
}

static int open_place(const char *path, enum landlock_access access)
{
	char above[PATH_MAX];
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT || access == LANDLOCK_READ ||
	    snprintf(above, sizeof(above), "%s", path) >= (int)sizeof(above))
		return fd < 0 ? -errno : fd;
	while (fd < 0 && errno == ENOENT && to_parent(above))
		fd = open(above, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int landlock_allow(struct landlock *landlock, const char *path, enum landlock_access access,
		   struct error *error_r)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = access == LANDLOCK_WRITE ? READS | WRITES : READS,
	};
	struct stat st;
	int ret;

	if (!landlock)
		return 0;
	rule.parent_fd = open_place(path, access);
	/* What cannot be reached now cannot be opened later. */
	if (rule.parent_fd < 0)
		return 0;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= OF_A_FILE;
	rule.allowed_access &= landlock->handled;
	ret = add_rule(landlock, LANDLOCK_RULE_PATH_BENEATH, &rule);
	close(rule.parent_fd);
	return ret < 0 ? error_set(error_r, -ret, "Landlock: %s: %s", path, strerror(-ret)) : 0;
}

int landlock_allow_parent(struct landlock *landlock, const char *file, enum landlock_access access,
			  struct error *error_r)
{
	char dir[PATH_MAX];
	int ret;

	if (snprintf(dir, sizeof(dir), "%s", file) >= (int)sizeof(dir))
		return error_set(error_r, ENAMETOOLONG, "%s: the path is too long", file);
	if (!to_parent(dir))
		(void)snprintf(dir, sizeof(dir), "%s", file[0] == '/' ? "/" : ".");
	ret = landlock_allow(landlock, dir, access, error_r);
	/* Behind a symbolic link: SQLite has its journal there. */
	if (ret == 0 && realpath(file, dir) && to_parent(dir))
		ret = landlock_allow(landlock, dir, access, error_r);
	return ret;
}

int landlock_enter(struct landlock *landlock, struct error *error_r)
{
	if (!landlock)
		return 0;
	if (syscall(SYS_landlock_restrict_self, landlock->fd, 0) < 0)
		return error_set(error_r, errno, "cannot enter Landlock: %s", strerror(errno));
	return landlock->abi;
}
