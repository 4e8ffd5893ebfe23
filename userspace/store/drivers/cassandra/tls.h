/* SPDX-License-Identifier: MIT */
/* TLS of the settings ssl_*: what a server's certificate must be for; used by transport.c only. */
#ifndef DOVETAP_CQL_TLS_H
#define DOVETAP_CQL_TLS_H

#include "base/error.h"
#include "store/drivers/cassandra/transport.h"

struct ssl_st;

/* A TLS client for a connected socket, ready for its handshake, with the host checks set. */
int cql_tls_client(struct cql_tls *tls, int fd, const struct cql_address *address,
		   struct ssl_st **ssl_r, struct error *error_r);

#endif
