/* SPDX-License-Identifier: MIT */
#include "store/path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The directory part, "." without one; "/" for a file in the root. NULL without memory. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

mode_t path_parent_mode(const char *path)
{
	char *parent = parent_of(path);
	struct stat st;
	mode_t mode = 0700;

	if (parent && stat(parent, &st) == 0)
		mode = st.st_mode & 0777;
	free(parent);
	return mode;
}

static int make_directory(const char *directory)
{
	char *above = parent_of(directory);
	struct stat st;
	bool setgid;
	int ret = 0;

	if (!above)
		return -ENOMEM;
	setgid = stat(above, &st) == 0 && (st.st_mode & S_ISGID) != 0;
	if (mkdir(directory, 0700) < 0)
		ret = errno == EEXIST ? 0 : -errno;
	else if (setgid && chmod(directory, st.st_mode & 07777) < 0)
		ret = -errno;
	free(above);
	return ret;
}

int path_make_parents(const char *path)
{
	char *directory = parent_of(path), *p;
	int ret = 0;

	if (!directory)
		return -ENOMEM;
	for (p = directory; ret == 0 && (p = strchr(p + 1, '/'));) {
		*p = '\0';
		ret = make_directory(directory);
		*p = '/';
	}
	if (ret == 0)
		ret = make_directory(directory);
	free(directory);
	return ret;
}

char *path_expand(const char *path, const char *home)
{
	char *out;

	if (strncmp(path, "~/", 2) == 0)
		path += 2;
	else if (*path == '/')
		return strdup(path);
	if (!home || !*home)
		return strdup(path);
	return asprintf(&out, "%s/%s", home, path) < 0 ? NULL : out;
}
