/* SPDX-License-Identifier: MIT */
/*
 * One connection to one node: bytes in and out, and which request each stream id belongs to.
 *
 *	CONNECTING ─TCP, TLS─> STARTING ─startup.c─> READY ─schema changed─> STARTING ...
 *	     └──────────────────────┴──── anything wrong ───┴──> CLOSED (with its error)
 *
 * A request is answered exactly once: with the server's message, or with NULL when the connection
 * died first. What breaks the protocol (a malformed frame, an answer to a stream that was not
 * asked) closes the connection. Nothing here blocks; step.c polls.
 */
#ifndef DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_CONN_H
#define DOVETAP_STORE_DRIVERS_CASSANDRA_CQL_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/drivers/cassandra/response.h"
#include "store/drivers/cassandra/transport.h"

#define CQL_STREAMS 512 /* requests in flight; servers take at least 1024 */

struct cql_conn;
struct cql_settings;
struct cql_statements;

/* Embedded in the object that waits for an answer; must stay until done() or cql_conn_forget(). */
struct cql_request {
	/* response is valid during the call, and NULL when the connection died (conn->error).
	 * It must not send on the connection, only note what to send next. */
	void (*done)(struct cql_request *request, struct cql_conn *conn,
		     const struct cql_response *response);
};

enum cql_conn_state { CQL_CLOSED, CQL_CONNECTING, CQL_STARTING, CQL_CONN_READY };

/* The name under which this node knows a statement. */
struct cql_prepared_id {
	uint8_t len;
	char bytes[CQL_PREPARED_MAX];
};

struct cql_conn {
	struct cql_transport transport;
	enum cql_conn_state state;
	uint8_t version;
	struct error error; /* why it was closed */

	const struct cql_settings *settings;
	struct cql_statements *statements;
	struct cql_prepared_id *ids; /* one per statement */

	struct cql_request startup; /* startup.c's, and where it stands */
	unsigned int startup_step;
	size_t preparing; /* index of the statement that is being prepared */

	void (*event)(struct cql_conn *conn, const struct cql_event *event, void *context);
	void *context;

	struct buf in, out;
	size_t in_done, out_done; /* bytes at the front that were consumed */
	bool more_input;	  /* the transport may hold bytes that poll(2) does not see */

	struct cql_request *requests[CQL_STREAMS];
	int16_t free_streams[CQL_STREAMS];
	unsigned int free_count;

	int64_t since_ns; /* opened; in READY: last answer, or the request that ended a silence */
};

/* Starts to connect and to introduce itself. Errors are the transport's. */
int cql_conn_open(const struct cql_settings *settings, struct cql_statements *statements,
		  const struct cql_address *address, struct cql_tls *tls, uint8_t version,
		  struct cql_conn **conn_r, struct error *error_r);

/* Closes, answers every request with NULL, and frees. Takes NULL, sets NULL. */
void cql_conn_free(struct cql_conn **conn);

/* Moves bytes both ways as far as that goes without waiting. */
void cql_conn_work(struct cql_conn *conn, int64_t now_ns);

/* What to poll for. */
short cql_conn_events(const struct cql_conn *conn);

/* Takes a stream id for a request; -1 when all are taken, too much output waits, or the connection
 * is closed. The caller appends one frame with that id to conn->out. */
int16_t cql_conn_stream(struct cql_conn *conn, struct cql_request *request);

/* The answer, when it comes, is of no use any more. */
void cql_conn_forget(struct cql_conn *conn, int16_t stream);

/* Asks a quiet server whether it is still there; silence then counts like any other. */
void cql_conn_probe(struct cql_conn *conn);

static inline unsigned int cql_conn_in_flight(const struct cql_conn *conn)
{
	return CQL_STREAMS - conn->free_count;
}

/* Closes with a reason; the error text gets no prefix. */
void cql_conn_fail(struct cql_conn *conn, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
