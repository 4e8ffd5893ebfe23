/* SPDX-License-Identifier: MIT */
/* A new configuration while dovetap runs: taken over only if a collector could start with it. */
#ifndef DOVETAP_RELOAD_H
#define DOVETAP_RELOAD_H

#include "plan/plan.h"

/*
 * Reads everything anew and lets a child with the collector's rights (user NULL = the default)
 * open every dict. On success *plan is the new one and the old one is freed; on an error nothing
 * has changed and error_r says what is wrong.
 */
int reload_plan(const struct config_options *options, const char *user, struct plan **plan,
		struct error *error_r);

#endif
