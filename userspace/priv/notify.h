/* SPDX-License-Identifier: MIT */
/*
 * What the service manager wants to know: the protocol of sd_notify(3), datagrams to the socket
 * that $NOTIFY_SOCKET names, spoken without its library. Does nothing when there is no service
 * manager.
 */
#ifndef DOVETAP_PRIV_NOTIFY_H
#define DOVETAP_PRIV_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

/* True if there is one to talk to. */
bool notify_available(void);

/*
 * Sends lines "NAME=VALUE", and a descriptor unless fd is -1. Returns 0, -ENOTCONN when there is no
 * service manager, -EAFNOSUPPORT for a socket that is none of AF_UNIX, or the errno of sendmsg(2).
 */
int notify_send(const char *state, int fd);

void notify_ready(unsigned int links); /* READY=1 and a status line */

void notify_reloading(void); /* RELOADING=1, for Type=notify-reload */
void notify_reloaded(void);  /* READY=1 again */

/*
 * The time within which the service manager wants a keep-alive (WatchdogSec=), in nanoseconds; 0
 * when it wants none. To be called in the process that it has started: WATCHDOG_PID names that.
 */
int64_t notify_watchdog_ns(void);
void notify_alive(void); /* WATCHDOG=1; from a child it takes NotifyAccess=all */

/* The journal's line format when standard error is connected to the journal (JOURNAL_STREAM). */
enum log_sink notify_log_sink(void);

#endif
