/* SPDX-License-Identifier: MIT */
#include "store/drivers/fs_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 64
#define TEMPORARY "temp.dovecot."

static int look_into(int parent, const char *name, const char *begin, unsigned int depth);

static mode_t kind_of(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return DTTOIF(entry->d_type);
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_mode & S_IFMT : 0;
}

static int look_at(int dir, const struct dirent *entry, unsigned int depth)
{
	mode_t kind;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
	    strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
		return 0;
	kind = kind_of(dir, entry);
	if (kind == S_IFDIR)
		return look_into(dir, entry->d_name, "", depth + 1);
	return kind == S_IFREG || kind == S_IFLNK;
}

static int look_through(DIR *dir, const char *begin, unsigned int depth)
{
	const struct dirent *entry;
	int ret = 0;

	errno = 0;
	while (ret == 0 && (entry = readdir(dir)) != NULL) {
		if (strncmp(entry->d_name, begin, strlen(begin)) == 0)
			ret = look_at(dirfd(dir), entry, depth);
		errno = 0;
	}
	return ret == 0 ? -errno : ret;
}

/* 1, 0 or a negative errno. */
static int look_into(int parent, const char *name, const char *begin, unsigned int depth)
{
	int fd, ret;
	DIR *dir;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) /* one below may be removed meanwhile */
		return errno == ENOENT && depth > 0 ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	ret = look_through(dir, begin, depth);
	closedir(dir);
	return ret;
}

int fs_walk_any(const char *start)
{
	const char *slash = strrchr(start, '/');
	char *dir = slash ? strndup(start, (size_t)(slash - start) + 1) : strdup("./");
	int ret;

	if (!dir)
		return -ENOMEM;
	ret = look_into(AT_FDCWD, dir, slash ? slash + 1 : start, 0);
	free(dir);
	return ret;
}
