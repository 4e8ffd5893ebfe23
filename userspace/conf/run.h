/* SPDX-License-Identifier: MIT */
/* Runs a program to its end and keeps what it printed. No shell, no input, a deadline. */
#ifndef DOVETAP_CONF_RUN_H
#define DOVETAP_CONF_RUN_H

#include "base/buf.h"
#include "base/error.h"

/*
 * argv[0] is the path of the program; argv ends with NULL. Appends its standard output to out, its
 * standard error to messages; what exceeds the ceiling of messages is dropped, what exceeds that of
 * out is an error. Returns 0 when the program ended with status 0; else -ETIMEDOUT (it was killed),
 * -E2BIG, -EIO (another status or a signal; the text has the last line of messages), or the errno
 * of starting it.
 */
int conf_run(const char *const argv[], int timeout_ms, struct buf *out, struct buf *messages,
	     struct error *error_r);

#endif
