/* SPDX-License-Identifier: MIT */
#include "attach/fd_stores.h"

#include "base/log.h"

#include <string.h>

static void tell(struct keepers *keepers, const struct error *error)
{
	if (strcmp(error->text, keepers->told.text) != 0)
		log_warning("%s", error->text);
	keepers->told = *error;
}

void keepers_put(struct keepers *keepers, const char *name, int fd)
{
	struct error error;

	for (size_t i = 0; i < keepers->count; i++) {
		const struct keeper *keeper = &keepers->list[i];

		if (keeper->put(keeper->ctx, name, fd, &error) < 0)
			tell(keepers, &error);
	}
}

void keepers_drop(const struct keepers *keepers, const char *name)
{
	for (size_t i = 0; i < keepers->count; i++)
		keepers->list[i].drop(keepers->list[i].ctx, name);
}

void keepers_each(struct keepers *keepers, keeper_fn *fn, void *fn_ctx)
{
	struct error error;

	for (size_t i = 0; i < keepers->count; i++) {
		const struct keeper *keeper = &keepers->list[i];

		if (keeper->each(keeper->ctx, fn, fn_ctx, &error) < 0)
			tell(keepers, &error);
	}
}
