/* SPDX-License-Identifier: MIT */
#include "attach/systemd_fd_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "priv/notify.h"

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */

/* FDPOLL=0: to the manager's poll(2) a perf event looks like a connection that was hung up. */
static int put(void *ctx, const char *name, int fd, struct error *error_r)
{
	char state[FD_STORE_NAME_MAX + 64];
	int ret;

	(void)ctx;
	(void)snprintf(state, sizeof(state), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	ret = notify_send(state, fd);
	return ret < 0 ? error_set(error_r, -ret, "the service manager does not keep %s: %s", name,
				   strerror(-ret))
		       : 0;
}

static void drop(void *ctx, const char *name)
{
	char state[FD_STORE_NAME_MAX + 64];

	(void)ctx;
	(void)snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	(void)notify_send(state, -1);
}

/* How many descriptors were passed to this process, and to no other. */
static int count_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	long count;
	char *end;

	if (!pid || !fds || strtol(pid, NULL, 10) != getpid())
		return 0;
	count = strtol(fds, &end, 10);
	return *end || end == fds || count < 0 || count > INT16_MAX ? -EINVAL : (int)count;
}

/* The next name of "A:B:C"; "unknown" where the list ends too early, as sd_listen_fds(3) has it. */
static void next_name(const char **list, char name_r[FD_STORE_NAME_MAX])
{
	size_t len = strcspn(*list, ":");

	(void)snprintf(name_r, FD_STORE_NAME_MAX, "%.*s", (int)len, *list);
	*list += len + ((*list)[len] == ':');
	if (len == 0)
		(void)snprintf(name_r, FD_STORE_NAME_MAX, "unknown");
}

static int each(void *ctx, fd_store_fn *fn, void *fn_ctx, struct error *error_r)
{
	const char *names = getenv("LISTEN_FDNAMES");
	char name[FD_STORE_NAME_MAX];
	int count = count_passed();

	(void)ctx;
	if (count < 0)
		return error_set(error_r, EINVAL,
				 "descriptors of the service manager: LISTEN_FDS is no number");
	names = names ? names : "";
	for (int i = 0; i < count; i++) {
		(void)fcntl(FIRST_FD + i, F_SETFD, FD_CLOEXEC);
		next_name(&names, name);
		fn(fn_ctx, name, FIRST_FD + i);
	}
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return 0;
}

struct fd_store systemd_fd_store(void)
{
	return (struct fd_store){.put = put, .drop = drop, .each = each};
}
