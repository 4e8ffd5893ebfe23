/* SPDX-License-Identifier: MIT */
/*
 * Values of last-login records as times.
 *
 * A value is the plugin's: seconds since 1970 followed by 0, 3, 6 or 9 digits. Its precision
 * shows in its length, because seconds have ten digits from 2001 to 2286. So a store in which the
 * operator changed the precision still compares rightly.
 */
#ifndef DOVETAP_STAMP_H
#define DOVETAP_STAMP_H

#include <stdint.h>

#include "base/slice.h"

/* ns since 1970, or -1 when the value is not such a time. */
int64_t stamp_to_ns(struct slice value);

#endif
