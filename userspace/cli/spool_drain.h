/* SPDX-License-Identifier: MIT */
/* Writes what waits in a spool to its dict, without a collector. */
#ifndef DOVETAP_SPOOL_DRAIN_H
#define DOVETAP_SPOOL_DRAIN_H

#include <stdint.h>

#include "plan/plan.h"

/*
 * Stops at the first batch that the dict does not take as a whole. Harmless beside a running
 * collector: newest wins. Returns how many records are left, or a negative errno.
 */
int64_t spool_drain(const struct plan *plan, size_t dict, struct error *error_r);

#endif
