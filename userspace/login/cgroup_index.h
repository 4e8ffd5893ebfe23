/* SPDX-License-Identifier: MIT */
/*
 * Every control group of version 2 by its number, which is the inode number of its directory, and
 * is never used twice. One walk finds those that are there; inotify reports those that come, so
 * that a container is known before its first login, in any cgroup namespace of this process.
 *
 *	cgroup_index_new()	walks
 *	fd readable		cgroup_index_refresh() adds what has come
 *	cgroup_index_find()	refreshes; walks again only without inotify or after an overflow
 *
 * Groups that are gone stay known for the records of their last logins, CGROUP_GONE_MAX of them.
 * Linux sends inotify events for control groups that are made by mkdir(2), which all are.
 */
#ifndef DOVETAP_LOGIN_CGROUP_INDEX_H
#define DOVETAP_LOGIN_CGROUP_INDEX_H

#include <stdint.h>

#include "login/container.h"

#define CGROUP_INDEX_MAX 20000 /* more groups are not taken */
#define CGROUP_GONE_MAX	 4096

struct cgroup_index;

/* root is where the control groups are; copied. NULL: no memory. */
struct cgroup_index *cgroup_index_new(const char *root);
void cgroup_index_free(struct cgroup_index **index); /* takes NULL, sets NULL */

/* Readable when groups have come or gone; -1: there is no inotify. */
int cgroup_index_fd(const struct cgroup_index *index);
void cgroup_index_refresh(struct cgroup_index *index);

/* The container by the path of its group; all empty for a group without one. NULL: no such group is
 * known. Valid until the next call. */
const struct container *cgroup_index_find(struct cgroup_index *index, uint64_t cgroup_id);

#endif
