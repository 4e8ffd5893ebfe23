/* SPDX-License-Identifier: MIT */
/* From the number of a control group, or a process, to the ids in the group's path. */
#ifndef DOVETAP_CGROUP_H
#define DOVETAP_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "login/cgroup_index.h"
#include "login/container.h"
#include "login/login.h"

struct cgroup_finder {
	const char *root; /* of the control groups */
	const char *proc;
	int v1; /* hierarchy that the records' numbers are of (base/cgroup_v1.h); -1: version 2 */
	struct cgroup_index *index; /* of that; NULL: there are no control groups */
};

/* NULL: /sys/fs/cgroup and /proc. Not copied. Returns 0 or -ENOMEM. */
int cgroup_finder_init(struct cgroup_finder *finder, const char *root, const char *proc);
void cgroup_finder_release(struct cgroup_finder *finder);

/*
 * True when it holds for every login with this cgroup_id, of this and any other process. False
 * when it is that process's alone, or when nothing is known: then it is empty. A process is looked
 * at only where version 1 is: it may have groups in other hierarchies, and old programs give no
 * number.
 */
bool cgroup_find(struct cgroup_finder *finder, const struct login *login,
		 struct container *container_r);

#endif
