/* SPDX-License-Identifier: MIT */
/* Whether a dict that answers is the one that logins have been recorded in. */
#ifndef DOVETAP_CLI_CHECK_STORES_H
#define DOVETAP_CLI_CHECK_STORES_H

#include "cli/findings.h"
#include "plan/plan.h"

/*
 * Fills in text and advice of the finding of a dict that has answered; a warning when the state
 * has recorded logins there before and there is no record, or no store, now. Returns 0, or a
 * negative errno with the finding made a bad one.
 */
int check_store(const struct plan *plan, size_t index, struct dict *dict, struct finding *finding);

#endif
