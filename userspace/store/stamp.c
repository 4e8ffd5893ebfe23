/* SPDX-License-Identifier: MIT */
#include "store/stamp.h"

#define DIGITS_MAX 19 /* of a positive int64_t */

/* Up to 11 digits are seconds, 12 to 14 ms, 15 to 17 us, more ns. */
static unsigned int zeros_missing(size_t digits)
{
	return digits <= 11 ? 9 : digits <= 14 ? 6 : digits <= 17 ? 3 : 0;
}

int64_t stamp_to_ns(struct slice value)
{
	int64_t ns = 0;

	if (value.len == 0 || value.len > DIGITS_MAX)
		return -1;
	for (size_t i = 0; i < value.len; i++) {
		if (value.ptr[i] < '0' || value.ptr[i] > '9' ||
		    __builtin_mul_overflow(ns, 10, &ns) ||
		    __builtin_add_overflow(ns, value.ptr[i] - '0', &ns))
			return -1;
	}
	for (unsigned int i = zeros_missing(value.len); i > 0; i--) {
		if (__builtin_mul_overflow(ns, 10, &ns))
			return -1;
	}
	return ns;
}
