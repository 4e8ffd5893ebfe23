/* SPDX-License-Identifier: MIT */
/* What the service manager wants to know. Does nothing when there is none. */
#ifndef DOVETAP_NOTIFY_H
#define DOVETAP_NOTIFY_H

#include <stdint.h>

#include "base/log.h"

void notify_ready(unsigned int links); /* READY=1 and a status line (sd_notify(3)) */

void notify_reloading(void); /* RELOADING=1, for Type=notify-reload */
void notify_reloaded(void);  /* READY=1 again */

/*
 * The time within which the service manager wants a sign of life (WatchdogSec=), in nanoseconds; 0
 * when it wants none. To be asked in the process that it has started: it says which one it means.
 */
int64_t notify_watchdog_ns(void);
void notify_alive(void); /* WATCHDOG=1; from a child it takes NotifyAccess=all */

/* The journal's line format when standard error is connected to the journal (JOURNAL_STREAM). */
enum log_sink notify_log_sink(void);

#endif
