/* SPDX-License-Identifier: MIT */
/* What of an earlier or a running dovetap is pinned, for "dovetap check". */
#ifndef DOVETAP_CHECK_PINS_H
#define DOVETAP_CHECK_PINS_H

#include "cli/findings.h"

/* wanted is the setting; "" when pins are not asked for, but may be there all the same. Adds
 * nothing when there are none. */
void check_pins(const char *wanted, struct findings *findings);

#endif
