/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail when fails() says so, which whoever includes this has defined. For what is
 * linked with --wrap for each of these functions (WRAP_ALLOCATIONS in the Makefile).
 */
#ifndef DOVETAP_WRAP_ALLOCATIONS_H
#define DOVETAP_WRAP_ALLOCATIONS_H

#include <stdlib.h>
#include <string.h>

#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails() ? NULL : __real_##name arguments;                                   \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t len), (text, len))

#endif
