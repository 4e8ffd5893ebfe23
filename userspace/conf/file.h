/* SPDX-License-Identifier: MIT */
/* Reads configuration files as a whole; everything else in conf/ works on bytes. */
#ifndef DOVETAP_CONF_FILE_H
#define DOVETAP_CONF_FILE_H

#include "base/buf.h"

/* Appends the content of a file, or what a descriptor has until its end (not closed). Returns 0
 * or a negative errno; -E2BIG above the buffer's ceiling, -EISDIR for a directory. */
int conf_file_read(const char *path, struct buf *out);
int conf_fd_read(int fd, struct buf *out);

#endif
