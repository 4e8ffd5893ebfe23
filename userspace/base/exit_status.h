/* SPDX-License-Identifier: MIT */
/* What "dovetap run" ends with, in whichever of its programs. */
#ifndef DOVETAP_BASE_EXIT_STATUS_H
#define DOVETAP_BASE_EXIT_STATUS_H

/* ret itself unless it is a negative errno; then a status of sysexits.h. */
int exit_status_of(int ret);

#endif
