/* SPDX-License-Identifier: MIT */
/* "--older 90d": the time before which something is old. */
#ifndef DOVETAP_OLDER_H
#define DOVETAP_OLDER_H

#include <argp.h>
#include <stdint.h>

/* Nanoseconds of the argument, in Dovecot's units; ends the program when it is none, or less than a
 * day, which is hardly what was meant. */
int64_t older_parse(const char *arg, struct argp_state *state);

#endif
