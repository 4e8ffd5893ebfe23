/* SPDX-License-Identifier: MIT */
/*
 * Who was forgotten a short while ago, and when: logins of before may still be in the ring, or wait
 * for their authentication, and must not bring the user back. The last FORGOTTEN_MAX are known; a
 * login stays on its way for seconds.
 */
#ifndef DOVETAP_PIPELINE_FORGOTTEN_H
#define DOVETAP_PIPELINE_FORGOTTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define FORGOTTEN_MAX 4096

struct forgotten_user {
	char *name;
	size_t len;
	int64_t until_ns; /* wall clock */
};

/* Zero-initialised state is ready. */
struct forgotten {
	struct forgotten_user *users; /* FORGOTTEN_MAX of them, or NULL */
	size_t next, count;
};

void forgotten_release(struct forgotten *forgotten);

/* Logins of the user until then are to be passed over. -ENOMEM. */
int forgotten_add(struct forgotten *forgotten, struct slice user, int64_t until_ns);

bool forgotten_has(const struct forgotten *forgotten, struct slice user, int64_t time_ns);

#endif
