/* SPDX-License-Identifier: MIT */
/*
 * A place where descriptors outlive this process, each under a name: pins in bpffs (attach/pins.c)
 * or the service manager's fd store (attach/systemd_fd_store.c). Names have letters, digits, "_"
 * and "-" only and are shorter than FD_STORE_NAME_MAX.
 */
#ifndef DOVETAP_BASE_FD_STORE_H
#define DOVETAP_BASE_FD_STORE_H

#include "base/error.h"

#define FD_STORE_NAME_MAX 200

/* A descriptor that an earlier process has left; fn takes it over. */
typedef void fd_store_fn(void *fn_ctx, const char *name, int fd);

struct fd_store {
	void *ctx;
	/* Keeps the thing behind fd; 0 also when it is there already. */
	int (*put)(void *ctx, const char *name, int fd, struct error *error_r);
	void (*drop)(void *ctx, const char *name);
	/* What earlier processes have left; to be called once, before the first put. */
	int (*each)(void *ctx, fd_store_fn *fn, void *fn_ctx, struct error *error_r);
};

#endif
