/* SPDX-License-Identifier: MIT */
/*
 * The connections of an HTTP server, in the order of what they last did: when there are more than
 * CONNECTIONS_MAX, the one that has been idle for longest is ended, an outsider's before all
 * others. So those who connect and ask nothing keep nobody out.
 */
#ifndef DOVETAP_SERVE_CONNECTIONS_H
#define DOVETAP_SERVE_CONNECTIONS_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "serve/peer.h"

#define CONNECTIONS_MAX	     16
#define CONNECTIONS_ACCEPTED (2 * CONNECTIONS_MAX) /* by the library; it ends those in its turn */

struct connection;

struct connections {
	struct connection *list; /* utlist; the one that was idle for longest first */
	size_t count;
	bool by_group; /* who may ask what is decided by peer_role(); else everybody is an owner */
	gid_t readers;
};

/* For MHD_OPTION_NOTIFY_CONNECTION; context is the struct connections. */
void connections_notify(void *context, struct MHD_Connection *connection, void **data,
			enum MHD_ConnectionNotificationCode code);

/* Of who has connected. */
enum peer_role connections_role(const struct connections *connections,
				struct MHD_Connection *connection);

/* The connection has made a request. */
void connections_used(struct connections *connections, struct MHD_Connection *connection);

#endif
