/* SPDX-License-Identifier: MIT */
/* What "dovetap check" knows of layouts: which of them live records have proved or refused, and
 * which of the operator's own stand in the place of a built-in one. */
#ifndef DOVETAP_CLI_CHECK_LAYOUTS_H
#define DOVETAP_CLI_CHECK_LAYOUTS_H

#include "cli/findings.h"

struct binary;

/* Completes the finding of a file that can be watched. state_dir is the collector's. */
void check_proof(const char *state_dir, const struct binary *binary, struct finding *finding);

/* Warnings about files of layout_dir, once they are loaded. */
void check_own_layouts(struct findings *findings);

#endif
