/* SPDX-License-Identifier: MIT */
/* What the service manager wants to know. Does nothing when there is none. */
#ifndef DOVETAP_NOTIFY_H
#define DOVETAP_NOTIFY_H

#include "base/log.h"

void notify_ready(unsigned int links); /* READY=1 and a status line (sd_notify(3)) */

void notify_reloading(void); /* RELOADING=1, for Type=notify-reload */
void notify_reloaded(void);  /* READY=1 again */

/* The journal's line format when standard error is connected to the journal (JOURNAL_STREAM). */
enum log_sink notify_log_sink(void);

#endif
