/* SPDX-License-Identifier: MIT */
/*
 * The keeper that hands descriptors to the service manager (sd_notify(3), FDSTORE=1), which gives
 * them to the next process of the service (sd_listen_fds(3)). It forgets them when the service is
 * stopped for good, and takes as many as FileDescriptorStoreMax= says.
 */
#ifndef DOVETAP_SERVE_SYSTEMD_FD_STORE_H
#define DOVETAP_SERVE_SYSTEMD_FD_STORE_H

#include <stdbool.h>

#include "base/fd_store.h"

/* True if there is a service manager to talk to ($NOTIFY_SOCKET). */
bool systemd_fd_store_available(void);

struct fd_store systemd_fd_store(void);

#endif
