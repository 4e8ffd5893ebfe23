/* SPDX-License-Identifier: MIT */
/*
 * The keeper that hands descriptors to the service manager (sd_notify(3), FDSTORE=1), which gives
 * them to the next process of the service (sd_listen_fds(3)). It forgets them when the service is
 * stopped for good, and takes as many as FileDescriptorStoreMax= says. Both protocols are spoken
 * here, without systemd's library.
 */
#ifndef DOVETAP_ATTACH_SYSTEMD_FD_STORE_H
#define DOVETAP_ATTACH_SYSTEMD_FD_STORE_H

#include "base/fd_store.h"

/* To be used when notify_available() (priv/notify.h). */
struct fd_store systemd_fd_store(void);

#endif
