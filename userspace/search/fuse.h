/* SPDX-License-Identifier: MIT */
/*
 * Files whose pages a process has to send. While the kernel sets a probe in a file that is mapped,
 * it reads the page from there and blocks every fork on the whole machine meanwhile; it cannot be
 * interrupted. A server that withholds the page would stop everything, and in a container that may
 * mount FUSE any user can run one.
 *
 * An overlay does not reveal its layers: there such a file is not recognised.
 */
#ifndef DOVETAP_SEARCH_FUSE_H
#define DOVETAP_SEARCH_FUSE_H

#include "base/error.h"

/* 0, or -EREMOTE with the reason why no probe goes into fd, and what to do. May ask the server. */
int fuse_check(int fd, struct error *error_r);

#endif
