/* SPDX-License-Identifier: MIT */
/* A listening socket from its name. */
#ifndef DOVETAP_LISTEN_H
#define DOVETAP_LISTEN_H

#include <stdbool.h>

#include "base/error.h"

/*
 * "/path" is a unix socket (mode 0600), "127.0.0.1:9190" and "[::1]:9190" are TCP; what is not
 * loopback is refused unless it may be anywhere. Returns a descriptor or -EINVAL, -EADDRINUSE,
 * another errno.
 */
int listen_open(const char *address, bool anywhere, struct error *error_r);

/* Is it such a name? 0 or -EINVAL; nothing is opened. */
int listen_check(const char *address, bool anywhere, struct error *error_r);

/* A connection to the same name, of this machine, for readers. */
int listen_connect(const char *address, struct error *error_r);

#endif
