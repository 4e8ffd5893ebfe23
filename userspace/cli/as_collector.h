/* SPDX-License-Identifier: MIT */
/* Commands that do the collector's work, and what they make shall be the collector's. */
#ifndef DOVETAP_AS_COLLECTOR_H
#define DOVETAP_AS_COLLECTOR_H

#include "base/error.h"
#include "plan/plan.h"

/*
 * For root: makes the state directory if there is none, and becomes the collector's user, for good
 * (priv/drop.h). Anybody else stays who it is. Returns 0 or a negative errno: -ENOENT without such
 * a user.
 */
int as_collector(const struct plan *plan, struct error *error_r);

/* The same for a command that makes nothing. */
int as_collector_looking(const struct plan *plan, struct error *error_r);

/*
 * as_collector() for a command that writes into the dicts, if one of them has its files in the
 * state directory; others are wherever who runs the command wants them.
 */
int as_collector_in_its_files(const struct plan *plan, struct error *error_r);

#endif
