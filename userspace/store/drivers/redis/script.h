/* SPDX-License-Identifier: MIT */
/* The script that compares times in the server, so that the newest wins. */
#ifndef DOVETAP_REDIS_SCRIPT_H
#define DOVETAP_REDIS_SCRIPT_H

#include "base/slice.h"

#define REDIS_SHA_SIZE 41

/* KEYS[1]; ARGV[1] the value; ARGV[2] seconds to expire in, or absent. Answers 1 for stored, 0 for
 * "the same or a newer time was there". */
struct slice redis_script(void);

/* The name under which a server keeps it. */
void redis_script_name(char sha_r[REDIS_SHA_SIZE]);

#endif
