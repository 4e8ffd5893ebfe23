/* SPDX-License-Identifier: MIT */
/* last_login_precision: how a login time becomes the value that the dict keeps. */
#ifndef DOVETAP_PRECISION_H
#define DOVETAP_PRECISION_H

#include <stddef.h>
#include <stdint.h>

enum precision { PRECISION_S, PRECISION_MS, PRECISION_US, PRECISION_NS };

#define PRECISION_TEXT_MAX 24

/* Exact names only, as Dovecot: "s", "ms", "us", "ns". 0, or -EINVAL. */
int precision_parse(const char *name, enum precision *precision_r);
const char *precision_name(enum precision precision);

/*
 * Digits of the time, truncated, not rounded; returns their number. Dovecot's clock has
 * microseconds: for ns the last three digits are 000 (Dovecot 2.3 and 2.4.0 to 2.4.4).
 * time_ns must not be negative.
 */
size_t precision_format(enum precision precision, int64_t time_ns, char text[PRECISION_TEXT_MAX]);

/*
 * The time of a value, from the number of its digits (10 = s, 13 = ms, 16 = us, 19 = ns:
 * unambiguous from 2001 to 2286). -EINVAL when it is not such a number.
 */
int precision_parse_value(const char *text, size_t len, int64_t *time_ns_r);

#endif
