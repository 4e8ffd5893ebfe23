/* SPDX-License-Identifier: MIT */
/* What rights the running dovetap processes have, for "dovetap check". */
#ifndef DOVETAP_CLI_PROCESSES_H
#define DOVETAP_CLI_PROCESSES_H

#include "cli/findings.h"

/*
 * Adds a finding for each attacher, searcher and collector on this machine: a warning where one has
 * more rights than it should have. Landlock is the one thing that /proc does not show; the
 * collector is asked for it, on its control socket.
 */
void processes_check(struct findings *findings, const char *control);

#endif
