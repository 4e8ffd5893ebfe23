/* SPDX-License-Identifier: MIT */
#include "login/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cgroup_v1.h"
#include "base/clock.h"
#include "dovetap/cgroup.h"

#define TEXT_MAX 16384 /* of /proc/PID/cgroup */

int cgroup_finder_init(struct cgroup_finder *finder, const char *root, const char *proc)
{
	char path[PATH_MAX];

	*finder = (struct cgroup_finder){
		.root = root ? root : "/sys/fs/cgroup",
		.proc = proc ? proc : "/proc",
	};
	finder->v1 = cgroup_v1_find(finder->root);
	(void)snprintf(path, sizeof(path), "%s/%s", finder->root,
		       finder->v1 < 0 ? "cgroup.controllers" : cgroup_v1_name(finder->v1));
	if (access(path, F_OK) < 0)
		return 0;
	if (finder->v1 < 0)
		(void)snprintf(path, sizeof(path), "%s", finder->root);
	finder->index = cgroup_index_new(path);
	return finder->index ? 0 : -ENOMEM;
}

void cgroup_finder_release(struct cgroup_finder *finder)
{
	cgroup_index_free(&finder->index);
}

static size_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return 0;
	while (used < size && (got = read(fd, text + used, size - used)) > 0)
		used += (size_t)got;
	close(fd);
	return used;
}

static size_t read_proc(const struct cgroup_finder *finder, uint32_t pid, const char *file,
			char *text, size_t size)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%u/%s", finder->proc, pid, file);
	return read_text(path, text, size);
}

/* The number may be another process's by now; then that one started after the login. */
static bool is_same_process(const struct cgroup_finder *finder, const struct login *login)
{
	char text[1024];
	size_t len = read_proc(finder, login->pid, "stat", text, sizeof(text) - 1);
	const char *at;
	unsigned long long ticks;

	text[len] = '\0';
	at = strrchr(text, ')'); /* behind the name, which may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return false;
	ticks = strtoull(at, NULL, 10);
	return ticks * (NS_PER_SEC / sysconf(_SC_CLK_TCK)) <= login->boot_ns;
}

static void find_by_process(const struct cgroup_finder *finder, const struct login *login,
			    struct container *container_r)
{
	char text[TEXT_MAX];
	struct slice all = {text, read_proc(finder, login->pid, "cgroup", text, sizeof(text))};

	/* Afterwards: it was still that process when its group was read. */
	if (is_same_process(finder, login))
		container_from_proc(all, container_r);
}

/* NULL: the number is of another hierarchy, or of no group that is known. */
static const struct container *find_by_number(struct cgroup_finder *finder, uint64_t number)
{
	uint64_t mark = finder->v1 < 0 ? 0 : DOVETAP_CGROUP_V1_MARK((unsigned int)finder->v1);

	if (!finder->index || (number & DOVETAP_CGROUP_V1_BITS) != mark)
		return NULL;
	return cgroup_index_find(finder->index, number & ~DOVETAP_CGROUP_V1_BITS);
}

static bool is_container(const struct container *container)
{
	return container->id[0] || container->pod_uid[0] || container->name[0];
}

bool cgroup_find(struct cgroup_finder *finder, const struct login *login,
		 struct container *container_r)
{
	const struct container *found = find_by_number(finder, login->cgroup_id);
	bool v2 = finder->index && finder->v1 < 0;

	*container_r = (struct container){0};
	if (found && (v2 || is_container(found))) {
		*container_r = *found;
		return true;
	}
	if (!v2)
		find_by_process(finder, login, container_r);
	return false;
}
