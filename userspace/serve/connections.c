/* SPDX-License-Identifier: MIT */
#include "serve/connections.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <utlist.h>

struct connection {
	struct connection *prev, *next;
	int fd;
	bool ended; /* by us; the library has not noticed yet */
};

static int descriptor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* The library sees the end of the connection, and closes it. */
static void end_first(struct connections *connections)
{
	struct connection *first;

	DL_FOREACH(connections->list, first) {
		if (!first->ended)
			break;
	}
	if (!first)
		return;
	first->ended = true;
	(void)shutdown(first->fd, SHUT_RDWR);
	connections->count--;
}

static void begin(struct connections *connections, struct MHD_Connection *connection, void **data)
{
	struct connection *new = calloc(1, sizeof(*new));

	*data = new;
	if (!new)
		return; /* it lives by the library's time limit alone */
	new->fd = descriptor_of(connection);
	DL_APPEND(connections->list, new);
	if (++connections->count > CONNECTIONS_MAX)
		end_first(connections);
}

static void end(struct connections *connections, void **data)
{
	struct connection *old = *data;

	if (!old)
		return;
	DL_DELETE(connections->list, old);
	connections->count -= !old->ended;
	free(old);
	*data = NULL;
}

void connections_notify(void *context, struct MHD_Connection *connection, void **data,
			enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		begin(context, connection, data);
	else
		end(context, data);
}

void connections_used(struct connections *connections, struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *used = info ? info->socket_context : NULL;

	if (!used)
		return;
	DL_DELETE(connections->list, used);
	DL_APPEND(connections->list, used);
}
