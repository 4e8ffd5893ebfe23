/* SPDX-License-Identifier: MIT */
/* All keepers as one. Logs when one of them cannot keep something, each reason once. */
#ifndef DOVETAP_ATTACH_FD_STORES_H
#define DOVETAP_ATTACH_FD_STORES_H

#include "base/fd_store.h"

#include <stddef.h>

struct keepers {
	const struct keeper *list; /* the owner's */
	size_t count;
	struct error told;
};

void keepers_put(struct keepers *keepers, const char *name, int fd);
void keepers_drop(const struct keepers *keepers, const char *name);
void keepers_each(struct keepers *keepers, keeper_fn *fn, void *fn_ctx);

#endif
