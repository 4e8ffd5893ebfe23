/* SPDX-License-Identifier: MIT */
#include "serve/connections.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <utlist.h>

struct connection {
	struct connection *prev, *next;
	int fd;
	enum peer_role role;
	bool ended; /* by us; the library has not noticed yet */
};

static int descriptor_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static struct connection *find_first(const struct connections *connections, enum peer_role most)
{
	struct connection *first;

	DL_FOREACH(connections->list, first) {
		if (!first->ended && first->role <= most)
			break;
	}
	return first;
}

/* The library sees the end of the connection, and closes it. */
static void end_first(struct connections *connections)
{
	struct connection *first = find_first(connections, PEER_OUTSIDER);

	if (!first)
		first = find_first(connections, PEER_OWNER);
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
	new->role = connections->by_group ? peer_role(new->fd, connections->readers) : PEER_OWNER;
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

static struct connection *ours(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

/* Without memory for it nobody knows who that is. */
enum peer_role connections_role(const struct connections *connections,
				struct MHD_Connection *connection)
{
	const struct connection *known = ours(connection);

	if (!connections->by_group)
		return PEER_OWNER;
	return known ? known->role : PEER_OUTSIDER;
}

void connections_used(struct connections *connections, struct MHD_Connection *connection)
{
	struct connection *used = ours(connection);

	if (!used)
		return;
	DL_DELETE(connections->list, used);
	DL_APPEND(connections->list, used);
}
