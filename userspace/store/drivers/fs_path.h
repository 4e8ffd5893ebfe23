/* SPDX-License-Identifier: MIT */
/* The file of a key in "fs:posix:". No I/O. */
#ifndef DOVETAP_FS_PATH_H
#define DOVETAP_FS_PATH_H

#include "base/buf.h"

/*
 * Appends prefix and key name, one behind the other. Where a segment of the name is nothing but
 * dots it gets two more, as in Dovecot, so that no name leads out of its directory: "a/../b" is
 * "a/..../b". Slashes at the end are dropped. Returns 0; -EINVAL for a name that holds a NUL or
 * leaves no file name; or the buffer's error.
 */
int fs_path_append(struct buf *out, const char *prefix, struct slice name);

#endif
