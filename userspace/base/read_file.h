/* SPDX-License-Identifier: MIT */
/* Reads files as a whole, up to a ceiling. */
#ifndef DOVETAP_BASE_READ_FILE_H
#define DOVETAP_BASE_READ_FILE_H

#include "base/buf.h"

/* Appends the content of a file, or what a descriptor has until its end (not closed). Returns 0
 * or a negative errno; -E2BIG above the buffer's ceiling, -EISDIR for a directory. */
int read_file(const char *path, struct buf *out);
/* The same for a path below a root folder, in which links count from there and none leads out; dir
 * NULL: the machine's own. -ENOSYS without openat2() (Linux 5.6). */
int read_file_below(const char *dir, const char *path, struct buf *out);
int read_fd(int fd, struct buf *out);

#endif
