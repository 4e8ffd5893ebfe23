/* SPDX-License-Identifier: MIT */
/* Whether a collector could work with a configuration, before one has to. */
#ifndef DOVETAP_CLI_TRY_PLAN_H
#define DOVETAP_CLI_TRY_PLAN_H

#include "plan/plan.h"
#include "priv/drop.h"

/*
 * Has a child with the collector's rights open every dict, the databases and the audit stream, and
 * ask each store that answers whether its tables are fit.
 * Returns 0, or a negative errno and what could not be opened. The plan is as before.
 */
int try_plan(const struct plan *plan, const struct priv_user *user, struct error *error_r);

#endif
