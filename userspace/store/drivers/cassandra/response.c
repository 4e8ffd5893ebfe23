/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/response.h"

#include <errno.h>

#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/types.h"

/* Of a frame header. */
#define FLAG_TRACING 0x02U
#define FLAG_PAYLOAD 0x04U
#define FLAG_WARNING 0x08U

/* Of <metadata>. */
#define GLOBAL_TABLE_SPEC 0x1U
#define HAS_MORE_PAGES	  0x2U
#define NO_METADATA	  0x4U

#define UUID_SIZE      16
#define TYPE_DEPTH_MAX 8

/* What may stand in front of the message proper; none of it is for us. */
static void skip_prelude(struct cql_reader *reader, uint8_t flags)
{
	uint16_t count;

	if (flags & FLAG_TRACING)
		cql_read_raw(reader, UUID_SIZE);
	if (flags & FLAG_WARNING)
		cql_skip_string_list(reader);
	if (!(flags & FLAG_PAYLOAD))
		return;
	for (count = cql_read_short(reader); count > 0 && !reader->failed; count--) {
		cql_read_string(reader);
		cql_read_bytes(reader);
	}
}

/* Reads an [option] that names a type; what it is made of is skipped. */
static uint16_t read_type(struct cql_reader *reader, unsigned int depth)
{
	uint16_t type = cql_read_short(reader), fields;
	bool named = type == CQL_TYPE_UDT;

	if (depth > TYPE_DEPTH_MAX)
		reader->failed = true;
	if (reader->failed)
		return type;
	switch (type) {
	case CQL_TYPE_CUSTOM:
		cql_read_string(reader);
		break;
	case CQL_TYPE_MAP:
		read_type(reader, depth + 1);
		/* fall through */
	case CQL_TYPE_LIST:
	case CQL_TYPE_SET:
		read_type(reader, depth + 1);
		break;
	case CQL_TYPE_UDT:
		cql_read_string(reader);
		cql_read_string(reader);
		/* fall through */
	case CQL_TYPE_TUPLE:
		for (fields = cql_read_short(reader); fields > 0 && !reader->failed; fields--) {
			if (named)
				cql_read_string(reader);
			read_type(reader, depth + 1);
		}
		break;
	default:
		break;
	}
	return type;
}

static void read_columns(struct cql_reader *reader, uint32_t flags, struct cql_column *columns,
			 uint16_t count)
{
	uint16_t i;

	if (flags & GLOBAL_TABLE_SPEC) {
		cql_read_string(reader);
		cql_read_string(reader);
	}
	for (i = 0; i < count && !reader->failed; i++) {
		if (!(flags & GLOBAL_TABLE_SPEC)) {
			cql_read_string(reader);
			cql_read_string(reader);
		}
		columns[i].name = cql_read_string(reader);
		columns[i].type = read_type(reader, 0);
	}
}

/* A count of columns that fits our arrays; else the reader fails. */
static uint16_t read_column_count(struct cql_reader *reader)
{
	int32_t count = cql_read_int(reader);

	if (count >= 0 && count <= CQL_COLUMNS_MAX)
		return (uint16_t)count;
	reader->failed = true;
	return 0;
}

static void read_rows(struct cql_reader *reader, struct cql_rows *rows)
{
	uint32_t flags = (uint32_t)cql_read_int(reader);

	rows->column_count = read_column_count(reader);
	rows->more_pages = (flags & HAS_MORE_PAGES) != 0;
	rows->next_page = (struct slice){NULL, 0};
	if (rows->more_pages)
		rows->next_page = cql_read_bytes(reader).data;
	if (flags & NO_METADATA) /* we never ask for that */
		reader->failed = true;
	read_columns(reader, flags, rows->columns, rows->column_count);
	rows->row_count = cql_read_int(reader);
	if (rows->row_count < 0 || (rows->column_count == 0 && rows->row_count > 0))
		reader->failed = true;
	rows->content = *reader;
}

static void read_key(struct cql_reader *reader, struct cql_prepared *prepared)
{
	int32_t count = cql_read_int(reader), i;

	if (count < 0 || count > CQL_KEY_MAX) {
		reader->failed = true;
		return;
	}
	for (i = 0; i < count; i++) {
		prepared->key[i] = cql_read_short(reader);
		if (prepared->key[i] >= prepared->column_count)
			reader->failed = true;
	}
	prepared->key_count = (uint16_t)count;
}

/* The metadata of a later SELECT's result follows; we take that from the result itself. */
static void read_prepared(struct cql_reader *reader, uint8_t version, struct cql_prepared *prepared)
{
	uint32_t flags;

	prepared->id = cql_read_string(reader);
	if (prepared->id.len == 0 || prepared->id.len > CQL_PREPARED_MAX)
		reader->failed = true;
	flags = (uint32_t)cql_read_int(reader);
	prepared->column_count = read_column_count(reader);
	prepared->key_count = 0;
	if (version >= 4)
		read_key(reader, prepared);
	read_columns(reader, flags, prepared->columns, prepared->column_count);
}

static void read_result(struct cql_reader *reader, uint8_t version, struct cql_response *response)
{
	response->kind = (enum cql_result_kind)cql_read_int(reader);
	switch (response->kind) {
	case CQL_RESULT_ROWS:
		read_rows(reader, &response->rows);
		break;
	case CQL_RESULT_PREPARED:
		read_prepared(reader, version, &response->prepared);
		break;
	case CQL_RESULT_VOID:
	case CQL_RESULT_SET_KEYSPACE:
	case CQL_RESULT_SCHEMA_CHANGE:
		break;
	default:
		reader->failed = true;
	}
}

static void read_error(struct cql_reader *reader, struct cql_server_error *error)
{
	error->code = cql_read_int(reader);
	error->message = cql_read_string(reader);
	switch (error->code) {
	case CQL_E_UNAVAILABLE:
		error->consistency = cql_read_short(reader);
		error->required = cql_read_int(reader);
		error->received = cql_read_int(reader);
		break;
	case CQL_E_WRITE_TIMEOUT:
	case CQL_E_WRITE_FAILURE:
	case CQL_E_READ_TIMEOUT:
	case CQL_E_READ_FAILURE:
		error->consistency = cql_read_short(reader);
		error->received = cql_read_int(reader);
		error->required = cql_read_int(reader);
		if (error->code == CQL_E_WRITE_FAILURE)
			cql_read_int(reader); /* how many replicas failed */
		if (error->code == CQL_E_WRITE_TIMEOUT || error->code == CQL_E_WRITE_FAILURE)
			error->write_type = cql_read_string(reader);
		break;
	default:
		break;
	}
}

static void read_address(struct cql_reader *reader, struct cql_event *event)
{
	uint8_t len = cql_read_byte(reader);

	if (len != 4 && len != 16)
		reader->failed = true;
	event->address = cql_read_raw(reader, len);
	event->port = cql_read_int(reader);
}

static void read_event(struct cql_reader *reader, struct cql_event *event)
{
	struct slice type = cql_read_string(reader);

	event->change = cql_read_string(reader);
	if (slice_is(type, "SCHEMA_CHANGE")) {
		event->kind = CQL_EVENT_SCHEMA;
		type = cql_read_string(reader);
		event->keyspace = cql_read_string(reader);
		if (!slice_is(type, "KEYSPACE"))
			event->name = cql_read_string(reader);
	} else if (slice_is(type, "TOPOLOGY_CHANGE") || slice_is(type, "STATUS_CHANGE")) {
		event->kind = type.ptr[0] == 'T' ? CQL_EVENT_TOPOLOGY : CQL_EVENT_STATUS;
		read_address(reader, event);
	}
}

static int read_message(struct cql_reader *reader, uint8_t version, struct cql_response *response,
			struct error *error_r)
{
	switch (response->opcode) {
	case CQL_ERROR:
		read_error(reader, &response->error);
		return 0;
	case CQL_AUTHENTICATE:
		response->authenticator = cql_read_string(reader);
		return 0;
	case CQL_AUTH_CHALLENGE:
	case CQL_AUTH_SUCCESS:
		response->token = cql_read_bytes(reader);
		return 0;
	case CQL_RESULT:
		read_result(reader, version, response);
		return 0;
	case CQL_EVENT:
		read_event(reader, &response->event);
		return 0;
	case CQL_READY:
	case CQL_SUPPORTED:
		return 0;
	default:
		return error_set(error_r, EPROTO, "the server sent %s, which is a request",
				 cql_opcode_name(response->opcode));
	}
}

int cql_response_read(const struct cql_header *header, struct slice body,
		      struct cql_response *response_r, struct error *error_r)
{
	struct cql_reader reader;
	int ret;

	/* Not the whole union: its arrays are large, and only as much as their counts is set.
	 */
	memset(response_r, 0, offsetof(struct cql_response, error));
	memset(&response_r->error, 0, sizeof(response_r->error));
	memset(&response_r->event, 0, sizeof(response_r->event));
	response_r->stream = header->stream;
	response_r->opcode = (enum cql_opcode)header->opcode;
	cql_reader_init(&reader, body);
	skip_prelude(&reader, header->flags);
	ret = read_message(&reader, header->version, response_r, error_r);
	if (ret == 0 && reader.failed)
		ret = error_set(error_r, EPROTO, "malformed %s of %zu bytes",
				cql_opcode_name(header->opcode), body.len);
	return ret;
}

int cql_rows_next(struct cql_rows *rows, struct cql_bytes *cells)
{
	uint16_t i;

	if (rows->row_count <= 0)
		return 0;
	for (i = 0; i < rows->column_count; i++)
		cells[i] = cql_read_bytes(&rows->content);
	rows->row_count = rows->content.failed ? 0 : rows->row_count - 1;
	return rows->content.failed ? -EPROTO : 1;
}

int cql_rows_column(const struct cql_rows *rows, const char *name)
{
	uint16_t i;

	for (i = 0; i < rows->column_count; i++) {
		if (slice_is(rows->columns[i].name, name))
			return i;
	}
	return -1;
}
