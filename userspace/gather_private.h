/* SPDX-License-Identifier: MIT */
/* What gather.c and gather_audit.c share. */
#ifndef DOVETAP_GATHER_PRIVATE_H
#define DOVETAP_GATHER_PRIVATE_H

#include "gather.h"

void gather_audit(const struct audit *audit, struct metrics *metrics); /* takes NULL */
void gather_failures(const struct failures *failures, struct metrics *metrics);

#endif
