/* SPDX-License-Identifier: MIT */
/*
 * Files that are Dovecot's master and have another name: noted in a map where the probes' programs
 * look (bpf/masters.bpf.h), by the numbers that the kernel has for them.
 *
 * One that is noted stays, also when nobody runs it any more: a master may have ended before its
 * processes. Whoever was seen the longest ago makes room, files of root's and others' apart, so
 * that no user can have a real one forgotten.
 */
#ifndef DOVETAP_ATTACH_MASTERS_H
#define DOVETAP_ATTACH_MASTERS_H

#include <stdbool.h>

#include "attach/kernel_types.h"
#include "base/error.h"

struct masters;

/* The map is maps_open()'s; what is in it may come from an earlier process. -ENOMEM. */
int masters_new(const struct kernel_facts *kernel, int map_fd, struct masters **masters_r);
void masters_free(struct masters **masters); /* takes NULL, sets NULL */

/*
 * Whether the open file needs nothing more: it is noted (and counts as seen), or belongs to others
 * than root, of whom too many have come in this second.
 */
bool masters_has(struct masters *masters, int fd);

/*
 * Notes the open file, which was verified; O_PATH will do. Returns 0; -ENOTSUP where nothing of the
 * kernel can be read; another negative errno.
 */
int masters_note(struct masters *masters, int fd, struct error *error_r);

#endif
