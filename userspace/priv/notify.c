/* SPDX-License-Identifier: MIT */
#include "priv/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "priv/fd_message.h"

static const char *socket_path(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && path[0] ? path : NULL;
}

bool notify_available(void)
{
	return socket_path() != NULL;
}

/* "/path", or "@name" of the abstract ones. Returns the address's length, 0 when it is neither. */
static socklen_t address_of(const char *path, struct sockaddr_un *address_r)
{
	size_t len = strlen(path);

	*address_r = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((path[0] != '/' && path[0] != '@') || len >= sizeof(address_r->sun_path))
		return 0;
	memcpy(address_r->sun_path, path, len);
	if (path[0] == '@')
		address_r->sun_path[0] = '\0';
	else
		len++;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

int notify_send(const char *state, int fd)
{
	const char *path = socket_path();
	struct sockaddr_un address;
	socklen_t len;
	int channel, ret;

	if (!path)
		return -ENOTCONN;
	len = address_of(path, &address);
	if (len == 0)
		return -EAFNOSUPPORT;
	channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (channel < 0)
		return -errno;
	ret = connect(channel, (const struct sockaddr *)&address, len) < 0 ? -errno : 0;
	if (ret == 0)
		ret = fd_message_send(channel, state, strlen(state), &fd, fd >= 0);
	close(channel);
	return ret;
}

/* Without a service manager nobody waits for it: not an error. */
void notify_ready(unsigned int links)
{
	char state[64];

	(void)snprintf(state, sizeof(state), "READY=1\nSTATUS=%u probes attached", links);
	(void)notify_send(state, -1);
}

void notify_reloading(void)
{
	char state[64];

	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
		       (long long)(clock_monotonic_ns() / NS_PER_USEC));
	(void)notify_send(state, -1);
}

void notify_reloaded(void)
{
	(void)notify_send("READY=1", -1);
}

int64_t notify_watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	unsigned long long value;

	if (!usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	errno = 0;
	value = strtoull(usec, &end, 10);
	if (errno != 0 || *end || end == usec ||
	    value > (unsigned long long)(INT64_MAX / NS_PER_USEC))
		return 0;
	return (int64_t)value * NS_PER_USEC;
}

void notify_alive(void)
{
	(void)notify_send("WATCHDOG=1", -1);
}

enum log_sink notify_log_sink(void)
{
	return getenv("JOURNAL_STREAM") ? LOG_SINK_JOURNAL : LOG_SINK_STDERR;
}
