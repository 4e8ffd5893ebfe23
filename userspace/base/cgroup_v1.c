/* SPDX-License-Identifier: MIT */
#include "base/cgroup_v1.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

/* Records have the number of one: appended, four at the most (dovetap/cgroup.h). */
static const char *const controllers[] = {"pids", "memory", "devices", "freezer"};

static bool has(const char *root, const char *name)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return access(path, F_OK) == 0;
}

int cgroup_v1_find(const char *root)
{
	char file[64];

	if (has(root, "cgroup.controllers"))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		/* Not a directory that is left where none is mounted. */
		(void)snprintf(file, sizeof(file), "%s/cgroup.procs", controllers[i]);
		if (has(root, file))
			return (int)i;
	}
	return -ENOENT;
}

const char *cgroup_v1_name(int which)
{
	return controllers[which];
}
