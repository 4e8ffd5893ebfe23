/* SPDX-License-Identifier: MIT */
/* Directories below one of the test's own, and what the process holds open because of them. */
#ifndef DOVETAP_DIRECTORIES_CASE_H
#define DOVETAP_DIRECTORIES_CASE_H

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../conf/folder.h"
#include "search/directory.h"

static inline size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* How many watches an inotify descriptor has (proc(5), fdinfo). */
static inline size_t watches_of(int inotify_fd)
{
	char path[64], line[400];
	size_t count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", inotify_fd);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count += strncmp(line, "inotify wd:", 11) == 0;
	fclose(file);
	return count;
}

static inline int make_directories(void **state)
{
	static const char *const names[] = {"a", "b", "c", "lib"};

	if (enter_folder(state) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (mkdir(names[i], 0755) < 0)
			return -1;
	}
	return 0;
}

static inline int open_root(void)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

#endif
