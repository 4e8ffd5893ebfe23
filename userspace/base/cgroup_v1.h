/* SPDX-License-Identifier: MIT */
/*
 * Which hierarchy of control groups of version 1 shows the containers, where version 2 does not: on
 * a machine of version 1, and on one of both (systemd's "hybrid"), whose version 2 is at "unified"
 * and has no container of most runtimes.
 *
 * The first that is mounted of pids, memory, devices and freezer. Runtimes make a group in each of
 * them; systemd in pids for every service and scope.
 */
#ifndef DOVETAP_BASE_CGROUP_V1_H
#define DOVETAP_BASE_CGROUP_V1_H

/* root is /sys/fs/cgroup, or what stands for it. Returns the number in the list of controllers, or
 * -ENOENT: the groups there are of version 2, or there are none. */
int cgroup_v1_find(const char *root);

const char *cgroup_v1_name(int which); /* "pids" */

#endif
