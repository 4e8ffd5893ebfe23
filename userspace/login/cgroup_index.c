/* SPDX-License-Identifier: MIT */
#include "login/cgroup_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"

#define DEPTH_MAX 16
#define WALK_REST 20 /* times as long as the last walk took: a twentieth of the time at most */
#define WATCHED	  (IN_CREATE | IN_DELETE_SELF | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW)

struct group {
	uint64_t id;
	int watch;		     /* -1: gone, or not watched */
	char *path;		     /* below the root, "" for that; NULL when gone */
	struct container *container; /* NULL: none's */
	UT_hash_handle by_id, by_watch;
	bool listed_gone;
	struct group *next_gone;
};

struct cgroup_index {
	char *root;
	struct group *by_id, *by_watch;
	struct group *gone, **gone_end; /* oldest first */
	size_t gone_count;
	int inotify_fd;
	bool complete; /* each group that is there is known, or will be by an event */
	int64_t walk_ns;
};

static const struct container nobody;

static void group_free(struct group *group)
{
	free(group->path);
	free(group->container);
	free(group);
}

static struct group *find(const struct cgroup_index *index, uint64_t id)
{
	struct group *group;

	HASH_FIND(by_id, index->by_id, &id, sizeof(id), group);
	return group;
}

/* --- groups that go --------------------------------------------------------------------------- */

static void drop_oldest_gone(struct cgroup_index *index)
{
	struct group *oldest = index->gone;

	index->gone = oldest->next_gone;
	if (!index->gone)
		index->gone_end = &index->gone;
	index->gone_count--;
	oldest->next_gone = NULL;
	oldest->listed_gone = false;
	if (oldest->path) /* made anew under the same number, as ordinary directories are */
		return;
	HASH_DELETE(by_id, index->by_id, oldest);
	group_free(oldest);
}

static void take_gone(struct cgroup_index *index, int watch)
{
	struct group *group;

	HASH_FIND(by_watch, index->by_watch, &watch, sizeof(watch), group);
	if (!group)
		return;
	HASH_DELETE(by_watch, index->by_watch, group);
	group->watch = -1;
	free(group->path);
	group->path = NULL;
	if (group->listed_gone)
		return;
	group->listed_gone = true;
	*index->gone_end = group;
	index->gone_end = &group->next_gone;
	if (++index->gone_count > CGROUP_GONE_MAX)
		drop_oldest_gone(index);
}

/* --- groups that come ------------------------------------------------------------------------- */

static void add_below(struct cgroup_index *index, const char *path, unsigned int depth);

static struct container *container_of(const char *path)
{
	struct container *copy, container;

	container_from_path(slice_str(path), &container);
	if (!container.id[0] && !container.pod_uid[0] && !container.name[0])
		return NULL;
	copy = malloc(sizeof(*copy));
	if (copy)
		*copy = container;
	return copy;
}

static struct group *group_new(uint64_t id, const char *path)
{
	struct group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->id = id;
	group->watch = -1;
	group->path = strdup(path);
	group->container = container_of(path);
	if (group->path)
		return group;
	group_free(group);
	return NULL;
}

static void watch(struct cgroup_index *index, struct group *group, const char *full)
{
	if (index->inotify_fd >= 0)
		group->watch = inotify_add_watch(index->inotify_fd, full, WATCHED);
	if (group->watch < 0) {
		index->complete = false;
		return;
	}
	HASH_ADD(by_watch, index->by_watch, watch, sizeof(group->watch), group);
	if (!group->by_watch.tbl)
		index->complete = false;
}

static struct group *add_new(struct cgroup_index *index, uint64_t id, const char *path)
{
	struct group *group;

	if (HASH_CNT(by_id, index->by_id) >= CGROUP_INDEX_MAX + CGROUP_GONE_MAX)
		return NULL;
	group = group_new(id, path);
	if (!group)
		return NULL;
	HASH_ADD(by_id, index->by_id, id, sizeof(group->id), group);
	if (group->by_id.tbl)
		return group;
	group_free(group); /* no memory for the table */
	return NULL;
}

static void come_again(struct group *group, const char *path)
{
	free(group->container);
	group->container = container_of(path);
	group->path = strdup(path);
}

/* The group is watched before it is looked into: what comes in between is found by both. */
static void add(struct cgroup_index *index, const char *path, unsigned int depth)
{
	char full[PATH_MAX];
	struct group *group;
	struct stat st;

	if (snprintf(full, sizeof(full), "%s%s", index->root, path) >= (int)sizeof(full) ||
	    stat(full, &st) < 0 || !S_ISDIR(st.st_mode))
		return;
	group = find(index, st.st_ino);
	if (!group)
		group = add_new(index, st.st_ino, path);
	else if (!group->path)
		come_again(group, path);
	if (!group || !group->path) {
		index->complete = false;
		return;
	}
	if (group->watch < 0)
		watch(index, group, full);
	if (depth < DEPTH_MAX)
		add_below(index, path, depth);
}

static void add_below(struct cgroup_index *index, const char *path, unsigned int depth)
{
	char full[PATH_MAX], child[PATH_MAX];
	const struct dirent *entry;
	DIR *dir;

	if (snprintf(full, sizeof(full), "%s%s", index->root, path) >= (int)sizeof(full))
		return;
	dir = opendir(full);
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    snprintf(child, sizeof(child), "%s/%s", path, entry->d_name) >=
			    (int)sizeof(child))
			continue;
		add(index, child, depth + 1);
	}
	closedir(dir);
}

static void walk(struct cgroup_index *index)
{
	int64_t begin = clock_monotonic_ns(), end;

	index->complete = true;
	add(index, "", 0);
	end = clock_monotonic_ns();
	index->walk_ns = end + WALK_REST * (end - begin);
}

/* --- events ----------------------------------------------------------------------------------- */

static unsigned int depth_of(const char *path)
{
	unsigned int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

static void take_new(struct cgroup_index *index, const struct inotify_event *event)
{
	char path[PATH_MAX];
	struct group *parent;

	HASH_FIND(by_watch, index->by_watch, &event->wd, sizeof(event->wd), parent);
	if (!parent || event->len == 0 ||
	    snprintf(path, sizeof(path), "%s/%s", parent->path, event->name) >= (int)sizeof(path))
		return;
	if (depth_of(path) <= DEPTH_MAX)
		add(index, path, depth_of(path));
}

static void take_event(struct cgroup_index *index, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		index->complete = false;
	else if (event->mask & (IN_IGNORED | IN_DELETE_SELF))
		take_gone(index, event->wd);
	else if (event->mask & IN_ISDIR)
		take_new(index, event);
}

void cgroup_index_refresh(struct cgroup_index *index)
{
	char bytes[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t n;

	while (index->inotify_fd >= 0 && (n = read(index->inotify_fd, bytes, sizeof(bytes))) > 0) {
		for (char *at = bytes; at < bytes + n; at += sizeof(*event) + event->len) {
			event = (const struct inotify_event *)at;
			take_event(index, event);
		}
	}
}

const struct container *cgroup_index_find(struct cgroup_index *index, uint64_t cgroup_id)
{
	const struct group *group = find(index, cgroup_id);

	if (!group) {
		cgroup_index_refresh(index);
		group = find(index, cgroup_id);
	}
	if (!group && !index->complete && clock_monotonic_ns() >= index->walk_ns) {
		walk(index);
		group = find(index, cgroup_id);
	}
	if (!group)
		return NULL;
	return group->container ? group->container : &nobody;
}

/* --- life ------------------------------------------------------------------------------------- */

struct cgroup_index *cgroup_index_new(const char *root)
{
	struct cgroup_index *index = calloc(1, sizeof(*index));

	if (!index)
		return NULL;
	index->gone_end = &index->gone;
	index->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	index->root = strdup(root);
	if (index->root)
		walk(index);
	else
		cgroup_index_free(&index);
	return index;
}

int cgroup_index_fd(const struct cgroup_index *index)
{
	return index->inotify_fd;
}

void cgroup_index_free(struct cgroup_index **index_p)
{
	struct cgroup_index *index = *index_p;
	struct group *group, *next;

	if (!index)
		return;
	HASH_CLEAR(by_watch, index->by_watch);
	HASH_ITER(by_id, index->by_id, group, next) {
		HASH_DELETE(by_id, index->by_id, group);
		group_free(group);
	}
	if (index->inotify_fd >= 0)
		close(index->inotify_fd);
	free(index->root);
	free(index);
	*index_p = NULL;
}
