/* SPDX-License-Identifier: MIT */
/* Is there a record below a directory of "fs:posix:"? */
#ifndef DOVETAP_FS_WALK_H
#define DOVETAP_FS_WALK_H

/* Looks for a file whose path begins with start, which need not end a directory's name, in
 * directories below as well; one that is being written does not count. 1, 0, or a negative errno:
 * -ENOENT when the directory of start is not there. */
int fs_walk_any(const char *start);

#endif
