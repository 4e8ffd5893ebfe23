/* SPDX-License-Identifier: MIT */
/* A listening socket from its name. */
#ifndef DOVETAP_LISTEN_H
#define DOVETAP_LISTEN_H

#include "base/error.h"

/*
 * "/path" is a unix socket (mode 0600), "127.0.0.1:9190" and "[::1]:9190" are TCP; anything that is
 * not loopback is refused, because the contents are for this machine only. Returns a descriptor or
 * -EINVAL, -EADDRINUSE, another errno.
 */
int listen_open(const char *address, struct error *error_r);

/* Is it such a name? 0 or -EINVAL; nothing is opened. */
int listen_check(const char *address, struct error *error_r);

/* A connection to the same name, for readers. */
int listen_connect(const char *address, struct error *error_r);

#endif
