/* SPDX-License-Identifier: MIT */
#include "attach/fd_stores.h"

#include <string.h>

#include "base/log.h"

static void report(struct fd_stores *fd_stores, const struct error *error)
{
	if (strcmp(error->text, fd_stores->reported_file.text) != 0)
		log_warning("%s", error->text);
	fd_stores->reported_file = *error;
}

void fd_stores_put(struct fd_stores *fd_stores, const char *name, int fd)
{
	struct error error;

	for (size_t i = 0; i < fd_stores->count; i++) {
		const struct fd_store *fd_store = &fd_stores->list[i];

		if (fd_store->put(fd_store->ctx, name, fd, &error) < 0)
			report(fd_stores, &error);
	}
}

void fd_stores_drop(const struct fd_stores *fd_stores, const char *name)
{
	for (size_t i = 0; i < fd_stores->count; i++)
		fd_stores->list[i].drop(fd_stores->list[i].ctx, name);
}

void fd_stores_each(struct fd_stores *fd_stores, fd_store_fn *fn, void *fn_ctx)
{
	struct error error;

	for (size_t i = 0; i < fd_stores->count; i++) {
		const struct fd_store *fd_store = &fd_stores->list[i];

		if (fd_store->each(fd_store->ctx, fn, fn_ctx, &error) < 0)
			report(fd_stores, &error);
	}
}
