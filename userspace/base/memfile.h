/* SPDX-License-Identifier: MIT */
/*
 * A file in memory that nobody can change any more, whoever has it: its size and content are sealed
 * (memfd_create(2), fcntl(2) F_ADD_SEALS). What processes of different rights hand to each other.
 */
#ifndef DOVETAP_BASE_MEMFILE_H
#define DOVETAP_BASE_MEMFILE_H

#include "base/error.h"
#include "base/slice.h"

/* Makes one; name is for people who look into /proc. Returns its descriptor (close on exec), or a
 * negative errno. */
int memfile_make(const char *name, struct slice content, struct error *error_r);

/*
 * Maps it for reading. -EPERM if it is not sealed and so might change while it is read, -EINVAL if
 * it is empty, -E2BIG if it is larger than max, or the errno of what failed. The descriptor can be
 * closed before memfile_unmap().
 */
int memfile_map(int fd, size_t max, struct slice *content_r, struct error *error_r);
void memfile_unmap(struct slice *content); /* an empty one, too */

#endif
