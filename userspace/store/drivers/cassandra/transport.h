/* SPDX-License-Identifier: MIT */
/*
 * A non-blocking TCP connection, with TLS over it when the settings ask for it. SIGPIPE must be
 * ignored (store/tls_client.h).
 */
#ifndef DOVETAP_CQL_TRANSPORT_H
#define DOVETAP_CQL_TRANSPORT_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "store/drivers/cassandra/address.h"

struct cql_settings;
struct cql_tls; /* certificates and policy, shared by all connections */
struct ssl_st;

struct cql_transport {
	int fd; /* -1: closed */
	struct ssl_st *ssl;
	short wants;   /* the POLLIN or POLLOUT that the last call stopped for */
	int connected; /* TCP is */
};

/* Loads certificates and keys. Errors: -EINVAL that name the file. */
int cql_tls_new(const struct cql_settings *settings, struct cql_tls **tls_r, struct error *error_r);
void cql_tls_free(struct cql_tls **tls); /* takes NULL */

/* Starts to connect; tls may be NULL. keepalive_secs: when the kernel probes a quiet peer;
 * 0: never. */
int cql_transport_open(struct cql_transport *transport, const struct cql_address *address,
		       struct cql_tls *tls, int keepalive_secs, struct error *error_r);

/* Goes on connecting and shaking hands. 1 when done, -EAGAIN, or an error with its reason. */
int cql_transport_connect(struct cql_transport *transport, struct error *error_r);

/* Bytes moved, -EAGAIN, or an error with its reason; the peer's end is -ECONNRESET. */
ssize_t cql_transport_read(struct cql_transport *transport, void *data, size_t size,
			   struct error *error_r);
ssize_t cql_transport_write(struct cql_transport *transport, const void *data, size_t len,
			    struct error *error_r);

void cql_transport_close(struct cql_transport *transport);

#endif
