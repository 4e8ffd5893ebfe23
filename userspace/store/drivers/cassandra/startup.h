/* SPDX-License-Identifier: MIT */
/*
 * The handshake of a connection, one request at a time:
 *
 *	OPTIONS -> SUPPORTED, STARTUP -> READY, or AUTHENTICATE -> AUTH_RESPONSE -> AUTH_SUCCESS,
 *	then PREPARE for each statement of the map.
 *
 * A server that refuses our protocol version ends it with EPROTONOSUPPORT, wrong credentials with
 * EACCES, a statement that does not fit the schema with EINVAL.
 */
#ifndef DOVETAP_CQL_STARTUP_H
#define DOVETAP_CQL_STARTUP_H

struct cql_conn;

void cql_startup_begin(struct cql_conn *conn);

/* The node forgot a statement, or its table changed: prepares all of them again. */
void cql_startup_prepare_again(struct cql_conn *conn);

/* Sends what the last answer made due. */
void cql_startup_send(struct cql_conn *conn);

#endif
