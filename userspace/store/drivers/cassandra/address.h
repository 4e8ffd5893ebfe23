/* SPDX-License-Identifier: MIT */
/* Where a node listens. */
#ifndef DOVETAP_CQL_ADDRESS_H
#define DOVETAP_CQL_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/slice.h"

struct cql_address {
	struct sockaddr_storage addr;
	socklen_t len;
	const char *name; /* as the operator wrote it; NULL for a discovered node */
};

/* From the 4 or 16 bytes of the protocol; false for another number of bytes. */
bool cql_address_set(struct sockaddr_storage *addr, struct slice bytes, unsigned int port);

/* Are host and port the same? */
bool cql_address_equal(const struct sockaddr_storage *a, const struct sockaddr_storage *b);

#define CQL_LABEL_MAX 64
/* "10.0.0.1:9042", "[::1]:9042" */
void cql_address_label(const struct sockaddr_storage *addr, char label[CQL_LABEL_MAX]);

#endif
