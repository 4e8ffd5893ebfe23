/* SPDX-License-Identifier: MIT */
/*
 * Frames and requests of the CQL native protocol, versions 3 and 4 (native_protocol_v4.spec of
 * Apache Cassandra, sections 2 and 4.1). Pure: nothing here knows of a socket.
 *
 *      0         8        16        24        32         40
 *      +---------+---------+---------+---------+---------+
 *      | version |  flags  |      stream       | opcode  |
 *      +---------+---------+---------+---------+---------+
 *      |                length                 |  body ...
 *      +---------+---------+---------+---------+
 *
 * Bit 7 of the version marks what the server sends. We never compress.
 */
#ifndef DOVETAP_CQL_FRAME_H
#define DOVETAP_CQL_FRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/slice.h"

#define CQL_VERSION_MIN	 3
#define CQL_VERSION_MAX	 4
#define CQL_HEADER_SIZE	 9
#define CQL_EVENT_STREAM (-1)
#define CQL_FROM_SERVER	 0x80U
#define CQL_BODY_MAX	 (16U << 20) /* the largest answer that we take */
#define CQL_PREPARED_MAX 64	     /* bytes of a statement id; servers send 16 */

enum cql_opcode {
	CQL_ERROR = 0x00,
	CQL_STARTUP = 0x01,
	CQL_READY = 0x02,
	CQL_AUTHENTICATE = 0x03,
	CQL_OPTIONS = 0x05,
	CQL_SUPPORTED = 0x06,
	CQL_QUERY = 0x07,
	CQL_RESULT = 0x08,
	CQL_PREPARE = 0x09,
	CQL_EXECUTE = 0x0a,
	CQL_REGISTER = 0x0b,
	CQL_EVENT = 0x0c,
	CQL_BATCH = 0x0d,
	CQL_AUTH_CHALLENGE = 0x0e,
	CQL_AUTH_RESPONSE = 0x0f,
	CQL_AUTH_SUCCESS = 0x10,
};

enum cql_consistency {
	CQL_ANY = 0,
	CQL_ONE,
	CQL_TWO,
	CQL_THREE,
	CQL_QUORUM,
	CQL_ALL,
	CQL_LOCAL_QUORUM,
	CQL_EACH_QUORUM,
	CQL_SERIAL,
	CQL_LOCAL_SERIAL,
	CQL_LOCAL_ONE,
	CQL_CONSISTENCY_COUNT
};

struct cql_header {
	uint8_t version; /* without the direction bit */
	uint8_t flags;
	int16_t stream;
	uint8_t opcode;
	uint32_t length; /* of the body */
};

/*
 * Reads the header of a server's frame. Returns 1, 0 when fewer than CQL_HEADER_SIZE bytes are
 * there, or -EPROTO: not a response, an unknown version or opcode, a compressed body, a body
 * above CQL_BODY_MAX.
 */
int cql_header_read(struct slice bytes, struct cql_header *header_r, struct error *error_r);

/* "local-quorum" and the like. Returns 0 or -EINVAL. */
int cql_consistency_parse(const char *name, enum cql_consistency *consistency_r);
const char *cql_consistency_name(unsigned int consistency); /* "unknown" for others */
const char *cql_opcode_name(unsigned int opcode);	    /* "unknown" for others */

/* One EXECUTE. */
struct cql_execute {
	struct slice id;     /* of the prepared statement */
	struct slice values; /* as cql_value_put() made them */
	uint16_t value_count;
	enum cql_consistency consistency;
	int64_t timestamp_us; /* the default timestamp; negative: none */
	int32_t page_size;    /* rows of an answer; 0: all */
	struct slice page;    /* where the next one begins, from the last answer; or len 0 */
};

/* Each appends one whole frame; out->failed is set if it did not fit. */
void cql_put_options(struct buf *out, uint8_t version, int16_t stream);
void cql_put_startup(struct buf *out, uint8_t version, int16_t stream);
void cql_put_auth_response(struct buf *out, uint8_t version, int16_t stream, struct slice token);
void cql_put_register(struct buf *out, uint8_t version, int16_t stream);
void cql_put_query(struct buf *out, uint8_t version, int16_t stream, const char *query,
		   enum cql_consistency consistency);
void cql_put_prepare(struct buf *out, uint8_t version, int16_t stream, const char *query);
void cql_put_execute(struct buf *out, uint8_t version, int16_t stream,
		     const struct cql_execute *execute);

#endif
