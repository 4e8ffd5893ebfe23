/* SPDX-License-Identifier: MIT */
#include "base/precision.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const struct {
	const char *name;
	int64_t divisor;
	int64_t multiplier; /* of the quotient: the digits that Dovecot leaves zero */
	size_t digits;	    /* of a present-day time */
} precisions[] = {
	[PRECISION_S] = {"s", NS_PER_SEC, 1, 10},
	[PRECISION_MS] = {"ms", NS_PER_MSEC, 1, 13},
	[PRECISION_US] = {"us", NS_PER_USEC, 1, 16},
	[PRECISION_NS] = {"ns", NS_PER_USEC, 1000, 19},
};

#define PRECISION_COUNT (sizeof(precisions) / sizeof(precisions[0]))

int precision_parse(const char *name, enum precision *precision_r)
{
	for (unsigned int i = 0; i < PRECISION_COUNT; i++) {
		if (strcmp(name, precisions[i].name) == 0) {
			*precision_r = (enum precision)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *precision_name(enum precision precision)
{
	return precisions[precision].name;
}

size_t precision_format(enum precision precision, int64_t time_ns, char text[PRECISION_TEXT_MAX])
{
	int64_t value = time_ns / precisions[precision].divisor * precisions[precision].multiplier;

	return (size_t)snprintf(text, PRECISION_TEXT_MAX, "%" PRId64, value);
}

static int parse_digits(const char *text, size_t len, int64_t *value_r)
{
	int64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, text[i] - '0', &value))
			return -EINVAL;
	}
	*value_r = value;
	return 0;
}

int precision_parse_value(const char *text, size_t len, int64_t *time_ns_r)
{
	for (unsigned int i = 0; i < PRECISION_COUNT; i++) {
		int64_t value;

		if (len != precisions[i].digits)
			continue;
		if (parse_digits(text, len, &value) < 0)
			return -EINVAL;
		return __builtin_mul_overflow(
			       value, precisions[i].divisor / precisions[i].multiplier, time_ns_r)
			       ? -EINVAL
			       : 0;
	}
	return -EINVAL;
}
