/* SPDX-License-Identifier: MIT */
/*
 * Who has authenticated lately, by session id: for PARTNERS_KEEP_NS, and no more of them than
 * PARTNERS_MAX and PARTNERS_BYTES; the oldest makes room.
 */
#ifndef DOVETAP_PARTNERS_H
#define DOVETAP_PARTNERS_H

#include "login/login.h"

#define PARTNERS_KEEP_NS (60LL * 1000000000LL)
#define PARTNERS_MAX	 16384
#define PARTNERS_BYTES	 (8U << 20)

struct partners { /* zero-initialised is empty */
	struct partner *first;
	size_t bytes;
};

/* Copies a success that has a session id; a newer one of the same session takes its place. Without
 * memory for it the login goes on without its authentication. */
void partners_add(struct partners *partners, const struct login *auth);

/* The authentication of the login's session, valid until the next call of partners_add(); or NULL.
 */
const struct login *partners_find(const struct partners *partners, const struct login *login);

void partners_release(struct partners *partners);

#endif
