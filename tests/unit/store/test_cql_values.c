/* SPDX-License-Identifier: MIT */
/* Values by column type, tokens, and the settings that lead to a cluster. */
#include "../cmocka_all.h"
#include "base/clock.h"
#include "conf/parse.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/murmur3.h"
#include "store/drivers/cassandra/token_ring.h"
#include "store/drivers/cassandra/types.h"
#include "store/drivers/cassandra/wire.h"

#define BYTES(literal) ((struct slice){(literal), sizeof(literal) - 1})

static void check_value(uint16_t type, enum sql_type field, const char *text, struct slice expected)
{
	struct error error = {0};
	struct buf out, back;

	buf_init(&out, 256);
	buf_init(&back, 256);
	if (cql_value_put(&out, type, field, slice_str(text), &error) < 0)
		fail_msg("%s: %s", text, error.text);
	assert_int_equal(out.len, expected.len);
	assert_memory_equal(out.data, expected.ptr, expected.len);
	if (expected.len > 4) { /* and what is read back is what was written */
		assert_int_equal(cql_value_text(&back, type,
						(struct slice){expected.ptr + 4, expected.len - 4}),
				 0);
		assert_string_equal(buf_str(&back), text);
	}
	buf_release(&out);
	buf_release(&back);
}

static void check_refused(uint16_t type, enum sql_type field, struct slice text, const char *why)
{
	struct error error = {0};
	struct buf out;

	buf_init(&out, 256);
	assert_int_equal(cql_value_put(&out, type, field, text, &error), -EINVAL);
	assert_non_null(strstr(error.text, why));
	assert_int_equal(out.len, 0);
	buf_release(&out);
}

static void values_take_the_form_of_their_column(void **state)
{
	(void)state;
	check_value(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, "o'\xc3\xbc", BYTES("\0\0\0\4o'\xc3\xbc"));
	check_value(CQL_TYPE_ASCII, SQL_TYPE_STRING, "imap", BYTES("\0\0\0\4imap"));
	check_value(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, "", BYTES("\0\0\0\0"));
	check_value(CQL_TYPE_BIGINT, SQL_TYPE_UINT, "1795338302210",
		    BYTES("\0\0\0\10\0\0\1\xa2\x02\x80\x73\x02"));
	check_value(CQL_TYPE_TIMESTAMP, SQL_TYPE_UINT, "1", BYTES("\0\0\0\10\0\0\0\0\0\0\0\1"));
	check_value(CQL_TYPE_INT, SQL_TYPE_INT, "-2", BYTES("\0\0\0\4\xff\xff\xff\xfe"));
	check_value(CQL_TYPE_SMALLINT, SQL_TYPE_INT, "-32768", BYTES("\0\0\0\2\x80\0"));
	check_value(CQL_TYPE_TINYINT, SQL_TYPE_UINT, "127", BYTES("\0\0\0\1\x7f"));
	check_value(CQL_TYPE_INET, SQL_TYPE_STRING, "192.0.2.1", BYTES("\0\0\0\4\xc0\0\2\1"));
	check_value(CQL_TYPE_INET, SQL_TYPE_STRING, "2001:db8::ff",
		    BYTES("\0\0\0\20\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\xff"));
	check_value(
		CQL_TYPE_UUID, SQL_TYPE_UUID, "00112233-4455-6677-8899-aabbccddeeff",
		BYTES("\0\0\0\20\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"));
	check_value(CQL_TYPE_DOUBLE, SQL_TYPE_DOUBLE, "1.5",
		    BYTES("\0\0\0\10\x3f\xf8\0\0\0\0\0\0"));
	check_value(CQL_TYPE_BLOB, SQL_TYPE_HEXBLOB, "00ff", BYTES("\0\0\0\2\x00\xff"));
}

static void no_address_is_null(void **state)
{
	(void)state;
	check_value(CQL_TYPE_INET, SQL_TYPE_STRING, "", BYTES("\xff\xff\xff\xff"));
}

static void values_that_do_not_fit_are_refused(void **state)
{
	(void)state;
	check_refused(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, BYTES("a\xff"), "byte 2 is not UTF-8");
	check_refused(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, BYTES("\xc0\x80"), "not UTF-8");
	check_refused(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, BYTES("\xed\xa0\x80"), "not UTF-8");
	check_refused(CQL_TYPE_VARCHAR, SQL_TYPE_STRING, BYTES("\xf0\x9f\x93"), "not UTF-8");
	check_refused(CQL_TYPE_ASCII, SQL_TYPE_STRING, BYTES("\xc3\xbc"), "not ASCII");
	check_refused(CQL_TYPE_BIGINT, SQL_TYPE_UINT, BYTES("9223372036854775808"), "64-bit");
	check_refused(CQL_TYPE_BIGINT, SQL_TYPE_UINT, BYTES("-1"), "unsigned");
	check_refused(CQL_TYPE_BIGINT, SQL_TYPE_UINT, BYTES(" 1"), "64-bit");
	check_refused(CQL_TYPE_BIGINT, SQL_TYPE_UINT, BYTES(""), "64-bit");
	check_refused(CQL_TYPE_INT, SQL_TYPE_UINT, BYTES("2147483648"), "does not fit 32 bits");
	check_refused(CQL_TYPE_TINYINT, SQL_TYPE_INT, BYTES("-129"), "does not fit 8 bits");
	check_refused(CQL_TYPE_INET, SQL_TYPE_STRING, BYTES("example.com"), "not an IP address");
	check_refused(CQL_TYPE_UUID, SQL_TYPE_STRING, BYTES("00112233"), "not a UUID");
	check_refused(CQL_TYPE_BLOB, SQL_TYPE_HEXBLOB, BYTES("0"), "even number");
	check_refused(CQL_TYPE_BLOB, SQL_TYPE_HEXBLOB, BYTES("0g"), "even number");
	check_refused(CQL_TYPE_LIST, SQL_TYPE_STRING, BYTES("x"), "a list column takes no string");
}

static void a_map_and_a_column_must_agree(void **state)
{
	(void)state;
	assert_true(cql_type_takes(CQL_TYPE_VARCHAR, SQL_TYPE_STRING));
	assert_true(cql_type_takes(CQL_TYPE_TIMESTAMP, SQL_TYPE_UINT));
	assert_true(cql_type_takes(CQL_TYPE_BLOB, SQL_TYPE_HEXBLOB));
	assert_false(cql_type_takes(CQL_TYPE_TIMESTAMP, SQL_TYPE_STRING));
	assert_false(cql_type_takes(CQL_TYPE_VARCHAR, SQL_TYPE_UINT));
	assert_false(cql_type_takes(CQL_TYPE_COUNTER, SQL_TYPE_UINT));
	assert_false(cql_type_takes(0x4321, SQL_TYPE_STRING));
}

/* Against Cassandra's own: SELECT token(k) for k of type blob. */
static void tokens_are_cassandras(void **state)
{
	char fe[8], tens[50];
	size_t i;

	(void)state;
	memset(fe, 0xfe, sizeof(fe));
	for (i = 0; i < sizeof(tens); i += 5)
		memcpy(tens + i, "\x00\xff\x10\xfa\x99", 5);
	assert_int_equal(cql_murmur3(BYTES("123")), -7468325962851647638);
	assert_int_equal(cql_murmur3((struct slice){tens, sizeof(tens)}), 5837342703291459765);
	assert_int_equal(cql_murmur3((struct slice){fe, sizeof(fe)}), -8927430733708461935);
	assert_int_equal(cql_murmur3(BYTES("\x10\x10\x10\x10\x10\x10\x10\x10")),
			 1446172840243228796);
	assert_int_equal(cql_murmur3(BYTES("9223372036854775807")), 7162290910810015547);
	assert_int_equal(cql_murmur3(BYTES("u1@example.com")), 5688164075214671314);
	assert_int_equal(cql_murmur3(BYTES("\xc3\xbc\xc3\xb6\xc3\xa4")), -6254200926178396681);
}

static void ring_add(struct cql_ring *ring, const char *token, uint32_t node)
{
	struct buf cell;

	buf_init(&cell, 64);
	cql_put_int(&cell, 1);
	cql_put_bytes(&cell, slice_str(token));
	assert_int_equal(cql_ring_add(ring, buf_slice(&cell), node), 0);
	buf_release(&cell);
}

static void a_token_belongs_to_the_next_node_round_the_ring(void **state)
{
	struct cql_ring ring = {0};

	(void)state;
	ring_add(&ring, "100", 0);
	ring_add(&ring, "-9223372036854775808", 1);
	ring_add(&ring, "-5", 2);
	cql_ring_sort(&ring);
	assert_int_equal(ring.tokens[cql_ring_find(&ring, -5)].node, 2);
	assert_int_equal(ring.tokens[cql_ring_find(&ring, -4)].node, 0);
	assert_int_equal(ring.tokens[cql_ring_find(&ring, 101)].node, 1);
	assert_int_equal(ring.tokens[cql_ring_find(&ring, INT64_MIN)].node, 1);
	cql_ring_release(&ring);
}

static void broken_tokens_are_refused(void **state)
{
	struct cql_ring ring = {0};

	(void)state;
	assert_int_equal(cql_ring_add(&ring, BYTES("\0\0\0\1\0\0\0\2xx"), 0), -EPROTO);
	assert_int_equal(cql_ring_add(&ring,
				      BYTES("\x7f\xff\xff\xff\0\0\0\1"
					    "1"),
				      0),
			 -EPROTO);
	cql_ring_release(&ring);
}

/* --- settings -------------------------------------------------------------------------------- */

static void the_documents_connect_line_is_enough(void **state)
{
	struct cql_settings settings;
	struct error error;

	(void)state;
	assert_int_equal(cql_settings_parse(&settings,
					    "host=sql.example.com dbname=mails user=dovecot "
					    "password=pass",
					    "f:1", &error),
			 0);
	assert_int_equal(settings.host_count, 1);
	assert_string_equal(settings.hosts[0], "sql.example.com");
	assert_string_equal(settings.keyspace, "mails");
	assert_string_equal(settings.user, "dovecot");
	assert_string_equal(settings.password, "pass");
	assert_int_equal(settings.port, 9042);
	assert_int_equal(settings.write_consistency, CQL_LOCAL_QUORUM);
	assert_int_equal(settings.write_fallback, CQL_LOCAL_QUORUM);
	assert_int_equal(settings.connect_timeout_ns, 5 * NS_PER_SEC);
	assert_false(settings.tls);
	cql_settings_release(&settings);
}

static void every_connect_parameter_has_its_place(void **state)
{
	struct cql_settings settings;
	struct error error = {0};
	int ret = cql_settings_parse(
		&settings,
		"host=a host=b port=1 keyspace=k write_consistency=quorum "
		"write_fallback_consistency=local-one read_consistency=one connect_timeout=500ms "
		"request_timeout=2s warn_timeout=5s heartbeat_interval=10s idle_timeout=1min "
		"execution_retry_interval=100ms execution_retry_times=2 num_threads=4 page_size=5 "
		"version=3 latency_aware_routing=yes log_level=warn debug_queries=yes metrics=/x "
		"ttl=90d ssl_ca=/ca ssl_cert_file=/c ssl_private_key_file=/k "
		"ssl_private_key_password=w ssl_verify=cert-dns delete_consistency=one",
		"f:1", &error);

	(void)state;
	if (ret < 0)
		fail_msg("%s", error.text);
	assert_int_equal(settings.host_count, 2);
	assert_int_equal(settings.write_consistency, CQL_QUORUM);
	assert_int_equal(settings.write_fallback, CQL_LOCAL_ONE);
	assert_int_equal(settings.read_fallback, CQL_ONE);
	assert_int_equal(settings.connect_timeout_ns, 500 * NS_PER_MSEC);
	assert_int_equal(settings.retry_interval_ns, 100 * NS_PER_MSEC);
	assert_int_equal(settings.retry_times, 2);
	assert_int_equal(settings.version, 3);
	assert_int_equal(settings.ttl_ns / NS_PER_SEC, 90 * 86400);
	assert_true(settings.tls);
	assert_int_equal(settings.verify, CQL_VERIFY_DNS);
	cql_settings_release(&settings);
}

static void bad_parameters_are_named(void **state)
{
	static const struct {
		const char *connect, *why;
	} cases[] = {
		{"dbname=m", "f:1: no Cassandra host is set"},
		{"host=a", "f:1: no Cassandra keyspace"},
		{"host=a dbname=m foo=1", "f:1: connect: unknown parameter \"foo\""},
		{"host=a dbname", "\"dbname\" is not name=value"},
		{"host=a dbname=m port=0", "port=0: a port from 1 to 65535"},
		{"host=a dbname=m write_consistency=most", "write_consistency=most: any, one"},
		{"host=a dbname=m connect_timeout=soon", "connect_timeout=soon: a time"},
		{"host=a dbname=m version=2", "version=2: protocol versions 3 and 4"},
		{"host=a dbname=m ssl_verify=maybe", "ssl_verify=maybe: none"},
		{"host=a dbname=m password=secret", "a password without a user"},
		{"host=a dbname=m write_consistency=serial",
		 "serial and local-serial are for reads"},
	};
	struct cql_settings settings;
	struct error error;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cql_settings_parse(&settings, cases[i].connect, "f:1", &error),
				 -EINVAL);
		if (!strstr(error.text, cases[i].why))
			fail_msg("%s, not %s", error.text, cases[i].why);
		assert_null(strstr(error.text, "secret"));
	}
}

static int read_block(const char *text, struct cql_settings *settings, struct error *error)
{
	struct conf_section *root = NULL;
	int ret = conf_parse_text(slice_str(text), "x.conf", 0, &root, error);

	if (ret < 0)
		fail_msg("%s", error->text);
	ret = cql_settings_from_block(settings, conf_section_find(root, "dict", NULL), error);
	conf_free(&root);
	return ret;
}

static void settings_of_2_4_are_found_in_and_around_the_block(void **state)
{
	struct cql_settings settings;
	struct error error = {0};

	(void)state;
	if (read_block("dovecot_config_version = 2.4.0\n"
		       "cassandra_user = dovecot\n"
		       "dict sql {\n"
		       "  driver = sql\n"
		       "  sql_driver = cassandra\n"
		       "  cassandra_hosts = a.example.com b.example.com\n"
		       "  cassandra_keyspace = mails\n"
		       "  cassandra_write_consistency = one\n"
		       "  cassandra_ssl = cert-ip\n"
		       "}\n",
		       &settings, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(settings.host_count, 2);
	assert_string_equal(settings.hosts[1], "b.example.com");
	assert_string_equal(settings.user, "dovecot");
	assert_int_equal(settings.write_consistency, CQL_ONE);
	assert_int_equal(settings.verify, CQL_VERIFY_IP);
	cql_settings_release(&settings);
}

static void an_unknown_setting_of_2_4_is_named_with_its_line(void **state)
{
	struct cql_settings settings;
	struct error error = {0};

	(void)state;
	assert_int_equal(read_block("dovecot_config_version = 2.4.0\n"
				    "dict sql {\n"
				    "  cassandra_host = a\n"
				    "}\n",
				    &settings, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "x.conf:3: unknown setting cassandra_host"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_take_the_form_of_their_column),
		cmocka_unit_test(no_address_is_null),
		cmocka_unit_test(values_that_do_not_fit_are_refused),
		cmocka_unit_test(a_map_and_a_column_must_agree),
		cmocka_unit_test(tokens_are_cassandras),
		cmocka_unit_test(a_token_belongs_to_the_next_node_round_the_ring),
		cmocka_unit_test(broken_tokens_are_refused),
		cmocka_unit_test(the_documents_connect_line_is_enough),
		cmocka_unit_test(every_connect_parameter_has_its_place),
		cmocka_unit_test(bad_parameters_are_named),
		cmocka_unit_test(settings_of_2_4_are_found_in_and_around_the_block),
		cmocka_unit_test(an_unknown_setting_of_2_4_is_named_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
