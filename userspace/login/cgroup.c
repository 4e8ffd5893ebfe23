/* SPDX-License-Identifier: MIT */
#include "login/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define GROUPS_MAX 20000 /* of one walk */
#define DEPTH_MAX  16
#define WALK_REST  20	 /* times as long as the walk took */
#define TEXT_MAX   16384 /* of /proc/PID/cgroup */

void cgroup_finder_init(struct cgroup_finder *finder, const char *root, const char *proc)
{
	char path[PATH_MAX];

	*finder = (struct cgroup_finder){
		.root = root ? root : "/sys/fs/cgroup",
		.proc = proc ? proc : "/proc",
	};
	(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", finder->root);
	finder->unified = access(path, F_OK) == 0;
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

/* The line of version 2, which is the last one where version 1 is there, too. */
static const char *unified_path(char *text)
{
	char *line = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");

	if (!line)
		return NULL;
	line = strchr(line, '/');
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The process's own word for its group, if the directory has the number. Saves the walk. */
static bool find_by_claim(const struct cgroup_finder *finder, const struct login *login,
			  struct container *container_r)
{
	char text[TEXT_MAX], path[PATH_MAX];
	size_t len = read_proc(finder, login->pid, "cgroup", text, sizeof(text) - 1);
	const char *group;
	struct stat st;

	text[len] = '\0';
	group = unified_path(text);
	if (!group || strstr(group, "/../"))
		return false;
	if (snprintf(path, sizeof(path), "%s%s", finder->root, group) >= (int)sizeof(path) ||
	    stat(path, &st) < 0 || st.st_ino != login->cgroup_id)
		return false;
	container_from_path(slice_str(group), container_r);
	return true;
}

struct walk {
	uint64_t wanted;
	unsigned int seen;
	char path[PATH_MAX]; /* of the directory looked at */
};

static bool walk_into(struct walk *walk, int parent, const char *name, unsigned int depth);

static bool walk_entry(struct walk *walk, int dir, const struct dirent *entry, unsigned int depth)
{
	size_t len = strlen(walk->path);
	bool found;

	if (entry->d_type != DT_DIR || entry->d_name[0] == '.' || ++walk->seen > GROUPS_MAX ||
	    len + strlen(entry->d_name) + 2 > sizeof(walk->path))
		return false;
	(void)snprintf(walk->path + len, sizeof(walk->path) - len, "/%s", entry->d_name);
	found = entry->d_ino == walk->wanted ||
		(depth < DEPTH_MAX && walk_into(walk, dir, entry->d_name, depth + 1));
	if (!found)
		walk->path[len] = '\0';
	return found;
}

static bool walk_into(struct walk *walk, int parent, const char *name, unsigned int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!found && (entry = readdir(dir)))
		found = walk_entry(walk, dirfd(dir), entry, depth);
	closedir(dir);
	return found;
}

/* Looks at every group, for a process that has ended; a twentieth of the time at most. */
static bool find_by_walk(struct cgroup_finder *finder, const struct login *login,
			 struct container *container_r)
{
	struct walk walk = {.wanted = login->cgroup_id};
	int64_t begin = clock_monotonic_ns(), end;
	bool found;

	if (begin < finder->walk_ns)
		return false;
	found = walk_into(&walk, AT_FDCWD, finder->root, 0);
	end = clock_monotonic_ns();
	finder->walk_ns = end + WALK_REST * (end - begin);
	if (!found)
		return false;
	container_from_path(slice_str(walk.path), container_r);
	return true;
}

bool cgroup_find(struct cgroup_finder *finder, const struct login *login,
		 struct container *container_r)
{
	*container_r = (struct container){0};
	if (finder->unified)
		return find_by_claim(finder, login, container_r) ||
		       find_by_walk(finder, login, container_r);
	find_by_process(finder, login, container_r);
	return false;
}
