/* SPDX-License-Identifier: MIT */
/* Any bytes as what a CQL server sends: frame after frame, each cell of each row, tokens. */
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/frame.h"
#include "store/drivers/cassandra/response.h"
#include "store/drivers/cassandra/token_ring.h"
#include "store/drivers/cassandra/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_cells(struct cql_rows *rows)
{
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	struct cql_ring ring = {0};
	struct buf text;
	uint16_t i;

	buf_init(&text, 1U << 16);
	while (cql_rows_next(rows, cells) > 0) {
		for (i = 0; i < rows->column_count; i++) {
			buf_reset(&text);
			(void)cql_value_text(&text, rows->columns[i].type, cells[i].data);
			(void)cql_ring_add(&ring, cells[i].data, i);
		}
	}
	cql_ring_sort(&ring);
	if (ring.count > 0)
		(void)cql_ring_find(&ring, 0);
	cql_ring_release(&ring);
	buf_release(&text);
}

static void read_response(struct cql_response *response)
{
	char text[256];

	if (response->opcode == CQL_ERROR)
		cql_error_describe(&response->error, text, sizeof(text));
	else if (response->opcode == CQL_RESULT && response->kind == CQL_RESULT_ROWS)
		read_cells(&response->rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice left = {(const char *)data, size}, body;
	struct cql_response response;
	struct cql_header header;
	struct error error;

	while (cql_header_read(left, &header, &error) > 0 &&
	       left.len - CQL_HEADER_SIZE >= header.length) {
		body = (struct slice){left.ptr + CQL_HEADER_SIZE, header.length};
		if (cql_response_read(&header, body, &response, &error) == 0)
			read_response(&response);
		left.ptr += CQL_HEADER_SIZE + header.length;
		left.len -= CQL_HEADER_SIZE + header.length;
	}
	return 0;
}
