/* SPDX-License-Identifier: MIT */
/*
 * Everything once per allocation of ours, with that one failing: it is reported as -ENOMEM, leaks
 * nothing (the sanitizer looks), and the next try works. For a test_alloc_failure.c, which is
 * linked with --wrap for the functions below.
 */
#ifndef DOVETAP_ALLOC_FAILURE_H
#define DOVETAP_ALLOC_FAILURE_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cmocka_all.h"

/* Allocations until one fails; negative: none does. */
static _Thread_local int countdown = -1;

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

#include "../wrap_allocations.h"

/* Calls step with the first, second... allocation failing, until it needs no more. Returns how many
 * failed, so that a test can see that any did. */
static int each_failure(int (*step)(void *context), void *context)
{
	int failures = 0, ret;

	do {
		countdown = failures++;
		ret = step(context);
		if (countdown < 0 && ret < 0 && ret != -ENOMEM)
			fail_msg("allocation %d: error %d", failures, ret);
	} while (countdown < 0 && failures < 10000);
	countdown = -1;
	assert_int_equal(ret, 0);
	return failures - 1;
}

#endif
