/* SPDX-License-Identifier: MIT */
/* The findings of "dovetap check": a list, printed as text or as JSON. */
#ifndef DOVETAP_FINDINGS_H
#define DOVETAP_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum finding_state { FINDING_OK, FINDING_WARNING, FINDING_BAD };

struct finding {
	const char *area; /* "kernel", "dovecot", "process", "secret", "dict", ...; static */
	enum finding_state state;
	char subject[280]; /* a path, a check's name */
	char text[512];	   /* what was found */
	char advice[512];  /* what to do; "" when all is well */
};

struct findings {
	struct finding *items;
	size_t count, size;
};

/* Appends a finding with the area and state set, the texts empty; NULL when out of memory. */
struct finding *findings_add(struct findings *findings, const char *area, enum finding_state state);
void findings_release(struct findings *findings);

enum finding_state findings_worst(const struct findings *findings);

void findings_print(const struct findings *findings, FILE *to);
void findings_print_json(const struct findings *findings, FILE *to);

#endif
