/* SPDX-License-Identifier: MIT */
/*
 * The fd store of the service manager: descriptors go there by sd_notify(3), FDSTORE=1, and to the
 * next process of the service by sd_listen_fds(3). It closes them when the service is stopped for
 * good, and takes FileDescriptorStoreMax= of them. Both protocols are implemented here, without
 * systemd's library.
 */
#ifndef DOVETAP_ATTACH_SYSTEMD_FD_STORE_H
#define DOVETAP_ATTACH_SYSTEMD_FD_STORE_H

#include "base/fd_store.h"

/* To be used when notify_available() (priv/notify.h). */
struct fd_store systemd_fd_store(void);

#endif
