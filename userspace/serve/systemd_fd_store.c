/* SPDX-License-Identifier: MIT */
#include "serve/systemd_fd_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

bool systemd_fd_store_available(void)
{
	return getenv("NOTIFY_SOCKET") != NULL;
}

/* FDPOLL=0: to the manager's poll(2) a perf event looks like a connection that was hung up. */
static int put(void *ctx, const char *name, int fd, struct error *error_r)
{
	char state[FD_STORE_NAME_MAX + 64];
	int ret;

	(void)ctx;
	(void)snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	ret = sd_pid_notify_with_fds(0, 0, state, &fd, 1);
	if (ret > 0)
		return 0;
	return error_set(error_r, ret < 0 ? -ret : ENOTCONN,
			 "the service manager does not keep %s: %s", name,
			 strerror(ret < 0 ? -ret : ENOTCONN));
}

static void drop(void *ctx, const char *name)
{
	(void)ctx;
	(void)sd_notifyf(0, "FDSTOREREMOVE=1\nFDNAME=%s", name);
}

static int each(void *ctx, fd_store_fn *fn, void *fn_ctx, struct error *error_r)
{
	char **names = NULL;
	int count = sd_listen_fds_with_names(true, &names);

	(void)ctx;
	if (count < 0)
		return error_set(error_r, -count, "descriptors of the service manager: %s",
				 strerror(-count));
	for (int i = 0; i < count; i++) {
		fn(fn_ctx, names[i], SD_LISTEN_FDS_START + i);
		free(names[i]);
	}
	free(names);
	return 0;
}

struct fd_store systemd_fd_store(void)
{
	return (struct fd_store){.put = put, .drop = drop, .each = each};
}
