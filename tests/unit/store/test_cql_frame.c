/* SPDX-License-Identifier: MIT */
/* The bytes of native_protocol_v4.spec, both ways. */
#include "../cmocka_all.h"
#include "store/drivers/cassandra/error_code.h"
#include "store/drivers/cassandra/frame.h"
#include "store/drivers/cassandra/response.h"
#include "store/drivers/cassandra/types.h"

#define BYTES(literal) ((struct slice){(literal), sizeof(literal) - 1})

static void check_bytes(const struct buf *out, struct slice expected)
{
	assert_int_equal(out->failed, 0);
	assert_int_equal(out->len, expected.len);
	assert_memory_equal(out->data, expected.ptr, expected.len);
}

static struct cql_header header_of(uint8_t opcode, size_t length)
{
	return (struct cql_header){.version = 4, .opcode = opcode, .length = (uint32_t)length};
}

static void decode(uint8_t opcode, struct slice body, struct cql_response *response)
{
	const struct cql_header header = header_of(opcode, body.len);
	struct error error = {0};

	if (cql_response_read(&header, body, response, &error) < 0)
		fail_msg("%s", error.text);
}

static void refuse(uint8_t opcode, struct slice body)
{
	const struct cql_header header = header_of(opcode, body.len);
	struct cql_response response;
	struct error error = {0};

	assert_int_equal(cql_response_read(&header, body, &response, &error), -EPROTO);
	assert_int_not_equal(error.text[0], '\0');
}

/* --- requests -------------------------------------------------------------------------------- */

static void requests_are_laid_out_as_specified(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	cql_put_options(&out, 4, 1);
	check_bytes(&out, BYTES("\x04\x00\x00\x01\x05\x00\x00\x00\x00"));
	buf_reset(&out);
	cql_put_startup(&out, 3, 0);
	check_bytes(&out, BYTES("\x03\x00\x00\x00\x01\x00\x00\x00\x2c\x00\x02\x00\x0b"
				"CQL_VERSION\x00\x05"
				"3.0.0\x00\x0b"
				"DRIVER_NAME\x00\x07"
				"dovetap"));
	buf_reset(&out);
	cql_put_auth_response(&out, 4, 2, BYTES("\0u\0p"));
	check_bytes(&out, BYTES("\x04\x00\x00\x02\x0f\x00\x00\x00\x08\x00\x00\x00\x04\0u\0p"));
	buf_reset(&out);
	cql_put_query(&out, 4, 258, "SELECT", CQL_LOCAL_ONE);
	check_bytes(&out, BYTES("\x04\x00\x01\x02\x07\x00\x00\x00\x0d\x00\x00\x00\x06"
				"SELECT\x00\x0a\x00"));
	buf_reset(&out);
	cql_put_prepare(&out, 4, 0, "X");
	check_bytes(&out, BYTES("\x04\x00\x00\x00\x09\x00\x00\x00\x05\x00\x00\x00\x01X"));
	buf_release(&out);
}

static void execute_carries_values_and_the_default_timestamp(void **state)
{
	struct cql_execute execute = {.id = BYTES("ID"),
				      .values = BYTES("\x00\x00\x00\x01v\xff\xff\xff\xff"),
				      .value_count = 2,
				      .consistency = CQL_LOCAL_QUORUM,
				      .timestamp_us = 0x0102030405060708};
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	cql_put_execute(&out, 4, 3, &execute);
	check_bytes(&out, BYTES("\x04\x00\x00\x03\x0a\x00\x00\x00\x1a\x00\x02ID\x00\x06\x21\x00\x02"
				"\x00\x00\x00\x01v\xff\xff\xff\xff"
				"\x01\x02\x03\x04\x05\x06\x07\x08"));
	buf_reset(&out);
	execute.timestamp_us = -1;
	cql_put_execute(&out, 4, 3, &execute);
	check_bytes(&out, BYTES("\x04\x00\x00\x03\x0a\x00\x00\x00\x12\x00\x02ID\x00\x06\x01\x00\x02"
				"\x00\x00\x00\x01v\xff\xff\xff\xff"));
	buf_release(&out);
}

static void a_frame_that_does_not_fit_says_so(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	cql_put_prepare(&out, 4, 0, "a statement that is longer than the buffer may become");
	assert_int_equal(out.failed, -E2BIG);
	buf_release(&out);
}

/* --- headers --------------------------------------------------------------------------------- */

static void a_header_is_read_once_it_is_there(void **state)
{
	struct cql_header header;
	struct error error;

	(void)state;
	assert_int_equal(
		cql_header_read(BYTES("\x84\x00\x00\x07\x02\x00\x00\x00"), &header, &error), 0);
	assert_int_equal(
		cql_header_read(BYTES("\x84\x08\xff\xff\x0c\x00\x00\x01\x00"), &header, &error), 1);
	assert_int_equal(header.version, 4);
	assert_int_equal(header.flags, 8);
	assert_int_equal(header.stream, CQL_EVENT_STREAM);
	assert_int_equal(header.opcode, CQL_EVENT);
	assert_int_equal(header.length, 256);
}

static void what_is_no_header_is_refused(void **state)
{
	static const struct {
		struct slice bytes;
		const char *why;
	} cases[] = {
		{BYTES("\x04\x00\x00\x00\x02\x00\x00\x00\x00"), "without response bit"},
		{BYTES("HTTP/1.1 "), "without response bit"},
		{BYTES("\xff\x00\x00\x00\x02\x00\x00\x00\x00"), "protocol version 127"},
		{BYTES("\x84\x00\x00\x00\x04\x00\x00\x00\x00"), "unknown opcode 0x04"},
		{BYTES("\x84\x00\x00\x00\x55\x00\x00\x00\x00"), "unknown opcode 0x55"},
		{BYTES("\x84\x01\x00\x00\x08\x00\x00\x00\x00"), "compressed"},
		{BYTES("\x84\x00\x00\x00\x08\x01\x00\x00\x01"), "16777217 bytes"},
		{BYTES("\x84\x00\x00\x00\x08\xff\xff\xff\xff"), "4294967295 bytes"},
	};
	struct cql_header header;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cql_header_read(cases[i].bytes, &header, &error), -EPROTO);
		assert_non_null(strstr(error.text, cases[i].why));
	}
}

/* --- responses ------------------------------------------------------------------------------- */

static void errors_are_read_with_what_belongs_to_their_code(void **state)
{
	struct cql_response response;
	char text[256];

	(void)state;
	decode(CQL_ERROR,
	       BYTES("\x00\x00\x11\x00\x00\x04late\x00\x06\x00\x00\x00\x01\x00\x00\x00\x02"
		     "\x00\x06SIMPLE"),
	       &response);
	assert_int_equal(response.error.code, CQL_E_WRITE_TIMEOUT);
	assert_true(slice_is(response.error.write_type, "SIMPLE"));
	cql_error_describe(&response.error, text, sizeof(text));
	assert_string_equal(text, "write_timeout: 1 of 2 replicas at local-quorum (late)");

	decode(CQL_ERROR, BYTES("\x00\x00\x10\x00\x00\x00\x00\x04\x00\x00\x00\x03\x00\x00\x00\x01"),
	       &response);
	cql_error_describe(&response.error, text, sizeof(text));
	assert_string_equal(text, "unavailable: 1 of 3 replicas at quorum ()");

	decode(CQL_ERROR,
	       BYTES("\x00\x00\x22\x00\x00\x03"
		     "bad"),
	       &response);
	cql_error_describe(&response.error, text, sizeof(text));
	assert_string_equal(text, "invalid: bad");
	refuse(CQL_ERROR, BYTES("\x00\x00\x11\x00\x00\x04late\x00\x06"));
	refuse(CQL_ERROR, BYTES("\x00\x00\x22\x00\x00\x04"
				"bad"));
}

static void every_code_of_the_specification_has_its_rule(void **state)
{
	static const int32_t codes[] = {0x0000, 0x000a, 0x0100, 0x1000, 0x1001, 0x1002, 0x1003,
					0x1100, 0x1200, 0x1300, 0x1400, 0x1500, 0x1600, 0x1700,
					0x2000, 0x2100, 0x2200, 0x2300, 0x2400, 0x2500};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		assert_int_equal(cql_error_rule(codes[i])->code, codes[i]);
	assert_string_equal(cql_error_rule(0x7777)->name, "unknown error");
}

static void prepared_has_types_and_partition_key(void **state)
{
	/* INSERT INTO mails.last_login (last_access,userid) VALUES (?,?) */
	static const char body[] = "\x00\x00\x00\x04\x00\x02ID"
				   "\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01"
				   "\x00\x05mails\x00\x0alast_login"
				   "\x00\x0blast_access\x00\x0b\x00\x06userid\x00\x0d"
				   "\x00\x00\x00\x04\x00\x00\x00\x00";
	struct cql_response response;

	(void)state;
	decode(CQL_RESULT, BYTES(body), &response);
	assert_int_equal(response.kind, CQL_RESULT_PREPARED);
	assert_true(slice_is(response.prepared.id, "ID"));
	assert_int_equal(response.prepared.column_count, 2);
	assert_true(slice_is(response.prepared.columns[0].name, "last_access"));
	assert_int_equal(response.prepared.columns[0].type, CQL_TYPE_TIMESTAMP);
	assert_int_equal(response.prepared.columns[1].type, CQL_TYPE_VARCHAR);
	assert_int_equal(response.prepared.key_count, 1);
	assert_int_equal(response.prepared.key[0], 1);
}

static void a_prepared_key_outside_the_markers_is_refused(void **state)
{
	(void)state;
	refuse(CQL_RESULT, BYTES("\x00\x00\x00\x04\x00\x02ID"
				 "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x01"
				 "\x00\x01k\x00\x01t\x00\x01"
				 "c\x00\x0d"));
}

static void rows_are_walked_cell_by_cell(void **state)
{
	static const char body[] = "\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02"
				   "\x00\x06system\x00\x05local"
				   "\x00\x02"
				   "dc\x00\x0d\x00\x06tokens\x00\x22\x00\x0d"
				   "\x00\x00\x00\x02"
				   "\x00\x00\x00\x02"
				   "d1\xff\xff\xff\xff"
				   "\x00\x00\x00\x00\x00\x00\x00\x01t";
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	struct cql_response response;

	(void)state;
	decode(CQL_RESULT, BYTES(body), &response);
	assert_int_equal(cql_rows_column(&response.rows, "tokens"), 1);
	assert_int_equal(cql_rows_column(&response.rows, "rack"), -1);
	assert_int_equal(cql_rows_next(&response.rows, cells), 1);
	assert_true(slice_is(cells[0].data, "d1"));
	assert_true(cells[1].null);
	assert_int_equal(cql_rows_next(&response.rows, cells), 1);
	assert_false(cells[0].null);
	assert_int_equal(cells[0].data.len, 0);
	assert_int_equal(cql_rows_next(&response.rows, cells), 0);
}

static void rows_that_are_not_there_end_the_walk(void **state)
{
	struct cql_bytes cells[CQL_COLUMNS_MAX];
	struct cql_response response;

	(void)state;
	decode(CQL_RESULT,
	       BYTES("\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01"
		     "\x00\x01k\x00\x01t\x00\x01"
		     "c\x00\x0d\x7f\xff\xff\xff\x00\x00\x00\x01x"),
	       &response);
	assert_int_equal(cql_rows_next(&response.rows, cells), 1);
	assert_int_equal(cql_rows_next(&response.rows, cells), -EPROTO);
	assert_int_equal(cql_rows_next(&response.rows, cells), 0);
	/* Two thousand million rows without a column, and more columns than any table has. */
	refuse(CQL_RESULT, BYTES("\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x00"
				 "\x00\x01k\x00\x01t\x7f\xff\xff\xff"));
	refuse(CQL_RESULT, BYTES("\x00\x00\x00\x02\x00\x00\x00\x01\x7f\xff\xff\xff"));
}

static void nested_types_are_skipped_up_to_a_depth(void **state)
{
	static const char start[] = "\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x01"
				    "\x00\x01k\x00\x01t\x00\x01"
				    "c";
	struct cql_response response;
	struct buf body;
	int i;

	(void)state;
	buf_init(&body, 1024);
	buf_append_slice(&body, BYTES(start));
	/* map<text, tuple<int, frozen<udt(a int)>>> */
	buf_append_slice(&body,
			 BYTES("\x00\x21\x00\x0d\x00\x31\x00\x02\x00\x09\x00\x30\x00\x01k\x00"
			       "\x01u\x00\x01\x00\x01"
			       "a\x00\x09\x00\x00\x00\x00"));
	decode(CQL_RESULT, buf_slice(&body), &response);
	assert_int_equal(response.rows.columns[0].type, CQL_TYPE_MAP);
	buf_reset(&body);
	buf_append_slice(&body, BYTES(start));
	for (i = 0; i < 100; i++)
		buf_append_slice(&body, BYTES("\x00\x20"));
	refuse(CQL_RESULT, buf_slice(&body));
	buf_release(&body);
}

static void events_name_nodes_and_tables(void **state)
{
	struct cql_response response;

	(void)state;
	decode(CQL_EVENT,
	       BYTES("\x00\x0dSTATUS_CHANGE\x00\x02UP\x04\x7f\x00\x00\x02\x00\x00\x23\x52"),
	       &response);
	assert_int_equal(response.event.kind, CQL_EVENT_STATUS);
	assert_true(slice_is(response.event.change, "UP"));
	assert_int_equal(response.event.address.len, 4);
	assert_int_equal(response.event.port, 9042);
	decode(CQL_EVENT,
	       BYTES("\x00\x0dSCHEMA_CHANGE\x00\x07"
		     "DROPPED\x00\x05TABLE\x00\x05mails\x00\x05users"),
	       &response);
	assert_int_equal(response.event.kind, CQL_EVENT_SCHEMA);
	assert_true(slice_is(response.event.keyspace, "mails"));
	assert_true(slice_is(response.event.name, "users"));
	refuse(CQL_EVENT,
	       BYTES("\x00\x0dSTATUS_CHANGE\x00\x02UP\x05\x7f\x00\x00\x02\x01\x00\x00\x23\x52"));
}

static void warnings_and_tracing_in_front_are_passed_over(void **state)
{
	const struct cql_header header = {.version = 4, .flags = 0x0e, .opcode = CQL_RESULT};
	struct slice body =
		BYTES("0123456789abcdef\x00\x01\x00\x02hi\x00\x01\x00\x01k\x00\x00\x00\x01v"
		      "\x00\x00\x00\x01");
	struct cql_response response;
	struct error error;

	(void)state;
	assert_int_equal(cql_response_read(&header, body, &response, &error), 0);
	assert_int_equal(response.kind, CQL_RESULT_VOID);
}

static void requests_from_a_server_are_refused(void **state)
{
	(void)state;
	refuse(CQL_QUERY, BYTES(""));
	refuse(CQL_STARTUP, BYTES("\x00\x00"));
	refuse(CQL_RESULT, BYTES("\x00\x00\x00\x09"));
	refuse(CQL_RESULT, BYTES(""));
}

static void version_3_has_no_partition_key(void **state)
{
	const struct cql_header header = {.version = 3, .opcode = CQL_RESULT};
	struct slice body = BYTES("\x00\x00\x00\x04\x00\x02ID\x00\x00\x00\x01\x00\x00\x00\x01"
				  "\x00\x01k\x00\x01t\x00\x01"
				  "c\x00\x0d");
	struct cql_response response;
	struct error error;

	(void)state;
	assert_int_equal(cql_response_read(&header, body, &response, &error), 0);
	assert_int_equal(response.prepared.key_count, 0);
	assert_true(slice_is(response.prepared.columns[0].name, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_laid_out_as_specified),
		cmocka_unit_test(execute_carries_values_and_the_default_timestamp),
		cmocka_unit_test(a_frame_that_does_not_fit_says_so),
		cmocka_unit_test(a_header_is_read_once_it_is_there),
		cmocka_unit_test(what_is_no_header_is_refused),
		cmocka_unit_test(errors_are_read_with_what_belongs_to_their_code),
		cmocka_unit_test(every_code_of_the_specification_has_its_rule),
		cmocka_unit_test(prepared_has_types_and_partition_key),
		cmocka_unit_test(a_prepared_key_outside_the_markers_is_refused),
		cmocka_unit_test(rows_are_walked_cell_by_cell),
		cmocka_unit_test(rows_that_are_not_there_end_the_walk),
		cmocka_unit_test(nested_types_are_skipped_up_to_a_depth),
		cmocka_unit_test(events_name_nodes_and_tables),
		cmocka_unit_test(warnings_and_tracing_in_front_are_passed_over),
		cmocka_unit_test(requests_from_a_server_are_refused),
		cmocka_unit_test(version_3_has_no_partition_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
