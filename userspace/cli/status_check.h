/* SPDX-License-Identifier: MIT */
/* "dovetap status --check": the metrics as a line and an exit status, as Nagios has them. */
#ifndef DOVETAP_CLI_STATUS_CHECK_H
#define DOVETAP_CLI_STATUS_CHECK_H

#include <stdbool.h>

#include "base/buf.h"

enum status_verdict { STATUS_OK, STATUS_WARNING, STATUS_CRITICAL, STATUS_UNKNOWN };

/*
 * Appends the line, with figures behind "|", and returns the verdict of the worst:
 *
 *	critical	a dict is down, or not every Dovecot that was there is watched yet
 *	warning		logins were lost, or a Dovecot cannot be watched
 *
 * metrics is the Prometheus text.
 */
enum status_verdict status_check(const char *metrics, bool ready, struct buf *out);

/* The line when nobody answers (critical) or can be asked (unknown); returns the verdict. */
enum status_verdict status_check_failed(enum status_verdict verdict, const char *reason,
					struct buf *out);

#endif
