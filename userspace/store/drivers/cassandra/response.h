/* SPDX-License-Identifier: MIT */
/*
 * The server's messages as structs (native_protocol_v4.spec, section 4.2). Pure; everything in a
 * struct cql_response points into the frame's body and is valid as long as that is.
 */
#ifndef DOVETAP_CQL_RESPONSE_H
#define DOVETAP_CQL_RESPONSE_H

#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "store/drivers/cassandra/frame.h"
#include "store/drivers/cassandra/wire.h"

#define CQL_COLUMNS_MAX 64 /* of one result or statement */
#define CQL_KEY_MAX	8  /* columns of a partition key that we can route by */

struct cql_column {
	struct slice name;
	uint16_t type; /* enum cql_type */
};

enum cql_result_kind {
	CQL_RESULT_VOID = 1,
	CQL_RESULT_ROWS,
	CQL_RESULT_SET_KEYSPACE,
	CQL_RESULT_PREPARED,
	CQL_RESULT_SCHEMA_CHANGE,
};

struct cql_rows {
	uint16_t column_count;
	struct cql_column columns[CQL_COLUMNS_MAX];
	int32_t row_count; /* rows that are left */
	struct cql_reader content;
	bool more_pages;
	struct slice next_page; /* for the next EXECUTE; len 0 behind the last */
};

struct cql_prepared {
	struct slice id;
	uint16_t column_count; /* of the markers */
	struct cql_column columns[CQL_COLUMNS_MAX];
	uint16_t key_count;	   /* 0: not known, route anywhere */
	uint16_t key[CQL_KEY_MAX]; /* the marker of each column of the partition key */
};

struct cql_server_error {
	int32_t code; /* error_code.h */
	struct slice message;
	uint16_t consistency;	    /* the following three for unavailable, timeouts, failures */
	int32_t received, required; /* replicas that answered (or are alive), that are needed */
	struct slice write_type;
};

enum cql_event_kind { CQL_EVENT_OTHER, CQL_EVENT_TOPOLOGY, CQL_EVENT_STATUS, CQL_EVENT_SCHEMA };

struct cql_event {
	enum cql_event_kind kind;
	struct slice change;  /* "NEW_NODE", "UP", "UPDATED"... */
	struct slice address; /* 4 or 16 bytes; topology and status */
	int32_t port;
	struct slice keyspace, name; /* schema; name is empty for a keyspace */
};

struct cql_response {
	int16_t stream;
	enum cql_opcode opcode;
	enum cql_result_kind kind; /* of a RESULT */
	union {
		struct cql_server_error error;
		struct slice authenticator; /* AUTHENTICATE: a class name */
		struct cql_bytes token;	    /* AUTH_CHALLENGE, AUTH_SUCCESS */
		struct cql_rows rows;
		struct cql_prepared prepared;
		struct cql_event event;
	};
};

/* Reads the body behind a header. Returns 0 or -EPROTO with the reason. */
int cql_response_read(const struct cql_header *header, struct slice body,
		      struct cql_response *response_r, struct error *error_r);

/* The next row's cells, as many as column_count. Returns 1, 0 behind the last row, or -EPROTO. */
int cql_rows_next(struct cql_rows *rows, struct cql_bytes *cells);

/* The index of a column, or -1. */
int cql_rows_column(const struct cql_rows *rows, const char *name);

#endif
