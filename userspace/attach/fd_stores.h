/* SPDX-License-Identifier: MIT */
/* All fd stores as one. Logs when one of them cannot keep something, each reason once. */
#ifndef DOVETAP_ATTACH_FD_STORES_H
#define DOVETAP_ATTACH_FD_STORES_H

#include <stddef.h>

#include "base/fd_store.h"

struct fd_stores {
	const struct fd_store *list; /* the owner's */
	size_t count;
	struct error reported_file;
};

void fd_stores_put(struct fd_stores *fd_stores, const char *name, int fd);
void fd_stores_drop(const struct fd_stores *fd_stores, const char *name);
void fd_stores_each(struct fd_stores *fd_stores, fd_store_fn *fn, void *fn_ctx);

#endif
