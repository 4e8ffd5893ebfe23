/* SPDX-License-Identifier: MIT */
/* The scripts that compare in the server, so that any number of writers leave the newest. */
#ifndef DOVETAP_REDIS_SCRIPT_H
#define DOVETAP_REDIS_SCRIPT_H

#include "base/slice.h"

#define REDIS_SHA_SIZE 41

/* KEYS[1]; ARGV[1] the value; ARGV[2] seconds to expire in, or absent. Answers 1 for stored, 0 for
 * "the same or a newer time was there". */
struct slice redis_script(void);

/* KEYS[1] the sorted set of a user's rows; ARGV[1] the time in microseconds since 1970; ARGV[2] the
 * row (store/history.h); ARGV[3] how many are kept; ARGV[4] seconds after which a row is too old,
 * or absent. Answers 1, or 0 when a row of that id is there. */
struct slice redis_history_script(void);

/* The name under which a server keeps it. */
void redis_script_name(struct slice script, char sha_r[REDIS_SHA_SIZE]);

#endif
