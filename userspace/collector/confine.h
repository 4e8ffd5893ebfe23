/* SPDX-License-Identifier: MIT */
/* Leaves the collector the files that its plan names, and those that programs need (Landlock). */
#ifndef DOVETAP_COLLECTOR_CONFINE_H
#define DOVETAP_COLLECTOR_CONFINE_H

#include "plan/plan.h"

struct confine_options {
	const struct plan *plan;
	const char *control; /* socket; "" = none */
	const char *record;  /* file, which is made at once; or NULL */
};

/*
 * Before any thread is started. Returns the kernel's Landlock version, 0 when it has none (the
 * permissions of the files are then all that counts), or a negative errno.
 */
int confine(const struct confine_options *options, struct error *error_r);

#endif
