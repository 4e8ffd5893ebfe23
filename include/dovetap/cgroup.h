/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What a record has as the number of its process's control group: of version 2, the inode number of
 * the group's directory. Where the containers' groups are of version 1, it is one of a hierarchy of
 * that version, with a mark: numbers of two hierarchies mean different groups.
 */
#ifndef DOVETAP_CGROUP_NUMBERS_H
#define DOVETAP_CGROUP_NUMBERS_H

#define DOVETAP_CGROUP_V1 (1ULL << 63)

/* Which one: the number in the list of controllers (base/cgroup_v1.h), in two bits. */
#define DOVETAP_CGROUP_V1_SHIFT	      61
#define DOVETAP_CGROUP_V1_MARK(which) (DOVETAP_CGROUP_V1 | (which)*1ULL << DOVETAP_CGROUP_V1_SHIFT)
#define DOVETAP_CGROUP_V1_BITS	      (DOVETAP_CGROUP_V1 | 3ULL << DOVETAP_CGROUP_V1_SHIFT)

/* X(ENUM, "struct", "member"): the way from a task to that number, in order. */
#define DOVETAP_CGROUP_V1_MEMBERS(X)                                                               \
	X(TASK_CGROUPS, "task_struct", "cgroups")                                                  \
	X(CSS_SET_SUBSYS, "css_set", "subsys") /* an array: the loader adds the place in it */     \
	X(CSS_CGROUP, "cgroup_subsys_state", "cgroup")                                             \
	X(CGROUP_KN, "cgroup", "kn")                                                               \
	X(KN_ID, "kernfs_node", "id")

enum dovetap_cgroup_v1_member {
#define DOVETAP_X(id, type, member) DOVETAP_CGROUP_##id,
	DOVETAP_CGROUP_V1_MEMBERS(DOVETAP_X)
#undef DOVETAP_X
		DOVETAP_CGROUP_V1_COUNT
};

#endif
