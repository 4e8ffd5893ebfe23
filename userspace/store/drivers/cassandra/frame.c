/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/frame.h"

#include <endian.h>
#include <errno.h>

#include "store/drivers/cassandra/wire.h"

#define FLAG_COMPRESSED 0x01U

/* Of a request's <query_parameters>. */
#define WITH_VALUES    0x01U
#define WITH_PAGE_SIZE 0x04U
#define WITH_PAGE      0x08U
#define WITH_TIMESTAMP 0x20U

static const char *const opcode_names[] = {
	[CQL_ERROR] = "ERROR",
	[CQL_STARTUP] = "STARTUP",
	[CQL_READY] = "READY",
	[CQL_AUTHENTICATE] = "AUTHENTICATE",
	[CQL_OPTIONS] = "OPTIONS",
	[CQL_SUPPORTED] = "SUPPORTED",
	[CQL_QUERY] = "QUERY",
	[CQL_RESULT] = "RESULT",
	[CQL_PREPARE] = "PREPARE",
	[CQL_EXECUTE] = "EXECUTE",
	[CQL_REGISTER] = "REGISTER",
	[CQL_EVENT] = "EVENT",
	[CQL_BATCH] = "BATCH",
	[CQL_AUTH_CHALLENGE] = "AUTH_CHALLENGE",
	[CQL_AUTH_RESPONSE] = "AUTH_RESPONSE",
	[CQL_AUTH_SUCCESS] = "AUTH_SUCCESS",
};

static const char *const consistency_names[CQL_CONSISTENCY_COUNT] = {
	[CQL_ANY] = "any",
	[CQL_ONE] = "one",
	[CQL_TWO] = "two",
	[CQL_THREE] = "three",
	[CQL_QUORUM] = "quorum",
	[CQL_ALL] = "all",
	[CQL_LOCAL_QUORUM] = "local-quorum",
	[CQL_EACH_QUORUM] = "each-quorum",
	[CQL_SERIAL] = "serial",
	[CQL_LOCAL_SERIAL] = "local-serial",
	[CQL_LOCAL_ONE] = "local-one",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *cql_opcode_name(unsigned int opcode)
{
	if (opcode >= COUNT(opcode_names) || !opcode_names[opcode])
		return "unknown";
	return opcode_names[opcode];
}

const char *cql_consistency_name(unsigned int consistency)
{
	return consistency < CQL_CONSISTENCY_COUNT ? consistency_names[consistency] : "unknown";
}

int cql_consistency_parse(const char *name, enum cql_consistency *consistency_r)
{
	unsigned int i;

	for (i = 0; i < CQL_CONSISTENCY_COUNT; i++) {
		if (strcmp(consistency_names[i], name) == 0) {
			*consistency_r = (enum cql_consistency)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int header_check(const struct cql_header *header, bool from_server, struct error *error_r)
{
	if (!from_server)
		return error_set(error_r, EPROTO, "not a CQL server: a frame without response bit");
	if (header->version == 0 || header->version > 6)
		return error_set(error_r, EPROTO, "not a CQL server: protocol version %u",
				 header->version);
	if (header->opcode >= COUNT(opcode_names) || !opcode_names[header->opcode])
		return error_set(error_r, EPROTO, "frame with the unknown opcode 0x%02x",
				 header->opcode);
	if (header->flags & FLAG_COMPRESSED)
		return error_set(error_r, EPROTO, "compressed frame, compression was not agreed");
	if (header->length > CQL_BODY_MAX)
		return error_set(error_r, EPROTO, "frame of %u bytes, %u is the most",
				 header->length, CQL_BODY_MAX);
	return 1;
}

int cql_header_read(struct slice bytes, struct cql_header *header_r, struct error *error_r)
{
	struct cql_header header;
	struct cql_reader reader;
	uint8_t version;
	int ret;

	if (bytes.len < CQL_HEADER_SIZE)
		return 0;
	cql_reader_init(&reader, bytes);
	version = cql_read_byte(&reader);
	header.version = version & 0x7f;
	header.flags = cql_read_byte(&reader);
	header.stream = (int16_t)cql_read_short(&reader);
	header.opcode = cql_read_byte(&reader);
	header.length = (uint32_t)cql_read_int(&reader);
	ret = header_check(&header, (version & CQL_FROM_SERVER) != 0, error_r);
	if (ret > 0)
		*header_r = header;
	return ret;
}

/* Appends a header with length 0 and returns where the frame starts. */
static size_t frame_begin(struct buf *out, uint8_t version, int16_t stream, enum cql_opcode opcode)
{
	size_t start = out->len;

	cql_put_byte(out, version);
	cql_put_byte(out, 0);
	cql_put_short(out, (uint16_t)stream);
	cql_put_byte(out, (uint8_t)opcode);
	cql_put_int(out, 0);
	return start;
}

static void frame_end(struct buf *out, size_t start)
{
	uint32_t length;

	if (out->failed) /* nothing half-made may reach the wire */
		return;
	length = htobe32((uint32_t)(out->len - start - CQL_HEADER_SIZE));
	/* UNSAFE: frame_begin() appended the header at start. */
	memcpy(out->data + start + CQL_HEADER_SIZE - sizeof(length), &length, sizeof(length));
}

void cql_put_options(struct buf *out, uint8_t version, int16_t stream)
{
	frame_end(out, frame_begin(out, version, stream, CQL_OPTIONS));
}

void cql_put_startup(struct buf *out, uint8_t version, int16_t stream)
{
	size_t start = frame_begin(out, version, stream, CQL_STARTUP);

	cql_put_short(out, 2);
	cql_put_string(out, slice_str("CQL_VERSION"));
	cql_put_string(out, slice_str("3.0.0"));
	cql_put_string(out, slice_str("DRIVER_NAME"));
	cql_put_string(out, slice_str("dovetap"));
	frame_end(out, start);
}

void cql_put_auth_response(struct buf *out, uint8_t version, int16_t stream, struct slice token)
{
	size_t start = frame_begin(out, version, stream, CQL_AUTH_RESPONSE);

	cql_put_bytes(out, token);
	frame_end(out, start);
}

void cql_put_register(struct buf *out, uint8_t version, int16_t stream)
{
	size_t start = frame_begin(out, version, stream, CQL_REGISTER);

	cql_put_short(out, 3);
	cql_put_string(out, slice_str("TOPOLOGY_CHANGE"));
	cql_put_string(out, slice_str("STATUS_CHANGE"));
	cql_put_string(out, slice_str("SCHEMA_CHANGE"));
	frame_end(out, start);
}

void cql_put_query(struct buf *out, uint8_t version, int16_t stream, const char *query,
		   enum cql_consistency consistency)
{
	size_t start = frame_begin(out, version, stream, CQL_QUERY);

	cql_put_bytes(out, slice_str(query));
	cql_put_short(out, (uint16_t)consistency);
	cql_put_byte(out, 0);
	frame_end(out, start);
}

void cql_put_prepare(struct buf *out, uint8_t version, int16_t stream, const char *query)
{
	size_t start = frame_begin(out, version, stream, CQL_PREPARE);

	cql_put_bytes(out, slice_str(query));
	frame_end(out, start);
}

void cql_put_execute(struct buf *out, uint8_t version, int16_t stream,
		     const struct cql_execute *execute)
{
	size_t start = frame_begin(out, version, stream, CQL_EXECUTE);
	bool timestamp = execute->timestamp_us >= 0;
	unsigned int flags = WITH_VALUES | (execute->page_size > 0 ? WITH_PAGE_SIZE : 0) |
			     (execute->page.len > 0 ? WITH_PAGE : 0) |
			     (timestamp ? WITH_TIMESTAMP : 0);

	cql_put_string(out, execute->id);
	cql_put_short(out, (uint16_t)execute->consistency);
	cql_put_byte(out, (uint8_t)flags);
	cql_put_short(out, execute->value_count);
	buf_append_slice(out, execute->values);
	if (execute->page_size > 0)
		cql_put_int(out, execute->page_size);
	if (execute->page.len > 0)
		cql_put_bytes(out, execute->page);
	if (timestamp)
		cql_put_long(out, execute->timestamp_us);
	frame_end(out, start);
}
