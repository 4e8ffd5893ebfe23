/* SPDX-License-Identifier: MIT */
/*
 * Times, sizes and booleans as Dovecot reads them, 2.3 and 2.4 alike (tests/differential compares).
 *
 * A unit may be cut short ("5 hour", "5 h"), in any case, with blanks in front. Only 0 is a time
 * without a unit.
 */
#ifndef DOVETAP_CONF_DOVECOT_VALUE_H
#define DOVETAP_CONF_DOVECOT_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define DOVECOT_INFINITE INT64_MAX /* "infinite", "unlimited" */

/*
 * In milliseconds. whole_secs: of a setting that counts seconds, which takes milliseconds only when
 * they come to whole seconds. -EINVAL in Dovecot's words: no time, no unit, too large.
 */
int dovecot_interval_parse(const char *text, bool whole_secs, int64_t *msecs_r,
			   struct error *error_r);

/* "10", "10 k", "10MB", "10 GiB" in bytes; false for anything else. */
bool dovecot_size_parse(const char *text, uint64_t *bytes_r);

/* yes, y, 1; no. Dovecot takes no others. */
bool dovecot_bool_parse(const char *text, bool *value_r);

#endif
