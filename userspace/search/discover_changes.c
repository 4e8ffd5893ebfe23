/* SPDX-License-Identifier: MIT */
/* What changes in the directories that are watched (inotify). */
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "search/discover_private.h"
#include "search/root.h"

int discover_inotify_fd(const struct discover *discover)
{
	return discover->finder.dirs.inotify_fd;
}

/* A file that was only just created is still being written; a link is complete at once. */
static bool is_complete(const struct directory *dir, const struct inotify_event *event)
{
	char path[PATH_MAX];
	struct stat st;
	bool complete;
	int fd;

	if (!(event->mask & IN_CREATE))
		return true;
	if (snprintf(path, sizeof(path), "%s/%s", dir->path, event->name) >= (int)sizeof(path))
		return false;
	fd = root_open_link(dir->root_fd, path);
	if (fd < 0)
		return false;
	complete = fstat(fd, &st) == 0 && (S_ISLNK(st.st_mode) || st.st_nlink > 1);
	close(fd);
	return complete;
}

/*
 * Under any name: package managers write every file of an upgrade under another name
 * ("libdovecot-storage.so.0.0.0.dpkg-new"), and rename them once all are complete. Watched from
 * when it is written, a file has its probe when it gets its name.
 */
static void look_at_named(struct discover *discover, const struct directory *dir,
			  const struct inotify_event *event)
{
	char path[PATH_MAX], full[PATH_MAX];
	int fd;

	if (event->len == 0 || (event->mask & IN_ISDIR) ||
	    snprintf(path, sizeof(path), "%s/%s", dir->path, event->name) >= (int)sizeof(path) ||
	    snprintf(full, sizeof(full), "%s%s", dir->prefix, path) >= (int)sizeof(full))
		return;
	fd = root_open_file(dir->root_fd, path);
	if (fd >= 0)
		finder_look_at(&discover->finder, fd, full, dir);
}

static void touch_all(struct discover *discover)
{
	for (size_t i = 0; i < discover->finder.dirs.count; i++)
		discover->finder.dirs.list[i].touched = true;
}

static void take_change(struct discover *discover, struct directory *dir,
			const struct inotify_event *event)
{
	if (!finder_enter(&discover->finder, dir->owner.namespace, dir->prefix, dir->path))
		return;
	if (is_complete(dir, event)) {
		look_at_named(discover, dir, event);
		dir->touched = true;
	}
	finder_leave(&discover->finder);
}

static void take_event(struct discover *discover, const struct inotify_event *event)
{
	int index = directories_find_watch(&discover->finder.dirs, event->wd);

	if (event->mask & IN_Q_OVERFLOW)
		touch_all(discover);
	if (index < 0)
		return;
	if (event->mask & IN_IGNORED) { /* the directory is gone, and the watch with it */
		discover->finder.dirs.list[index].watch = -1;
		directories_remove(&discover->finder.dirs, (size_t)index);
	} else {
		take_change(discover, &discover->finder.dirs.list[index], event);
	}
}

void discover_changed(struct discover *discover)
{
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	ssize_t n = read(discover->finder.dirs.inotify_fd, bytes, sizeof(bytes));

	for (char *at = bytes; n > 0 && at < bytes + n; at += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)at;
		take_event(discover, event);
	}
	finder_look_into_touched(&discover->finder);
}
