/* SPDX-License-Identifier: MIT */
/* --root DIR, which run and check share: where Dovecot's files are looked for. */
#ifndef DOVETAP_ROOTS_H
#define DOVETAP_ROOTS_H

#include <argp.h>

#include "search/discover.h"

#define ROOTS_MAX 16

struct roots {
	const char *dirs[ROOTS_MAX + 1]; /* ends with NULL */
	size_t count;
};

/* An argp child whose input is a struct roots. */
extern const struct argp roots_argp;

struct discover_options roots_discover(const struct roots *roots);

#endif
