/* SPDX-License-Identifier: MIT */
/* From a map to the INSERT, its types, its values and the token of its row. */
#include "../cmocka_all.h"
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/cql_statement.h"
#include "store/drivers/cassandra/types.h"

#define BYTES(literal) ((struct slice){(literal), sizeof(literal) - 1})

static char last_access[] = "last_access", service[] = "service", userid[] = "userid";
static char user_variable[] = "user", service_variable[] = "service";
static char table[] = "last_login", where[] = "map.conf:3";

static struct sql_map map = {
	.table = table,
	.columns = {{last_access, NULL, SQL_TYPE_UINT},
		    {service, service_variable, SQL_TYPE_STRING},
		    {userid, user_variable, SQL_TYPE_STRING}},
	.column_count = 3,
	.where = where,
};

static const struct slice values[] = {{"1795338302210", 13}, {"imap", 4}, {"u1@example.com", 14}};

static struct cql_settings settings;
static struct cql_statements statements;

static int make_statements(void **state)
{
	const struct sql_map_set maps = {&map, 1};
	struct error error;

	(void)state;
	if (cql_settings_parse(&settings, "host=a dbname=mails", "x", &error) < 0)
		return -1;
	return cql_statements_init(&statements, &maps, &settings, &error);
}

static int free_statements(void **state)
{
	(void)state;
	cql_statements_release(&statements);
	cql_settings_release(&settings);
	return 0;
}

/* What a server answers whose partition key are these markers. */
static struct cql_prepared answer(uint16_t value_type, uint16_t key_count, uint16_t first,
				  uint16_t second)
{
	struct cql_prepared prepared = {.column_count = 3, .key_count = key_count};

	prepared.columns[0].type = value_type;
	prepared.columns[1].type = CQL_TYPE_VARCHAR;
	prepared.columns[2].type = CQL_TYPE_VARCHAR;
	prepared.key[0] = first;
	prepared.key[1] = second;
	return prepared;
}

static struct cql_statement *learned(uint16_t key_count, uint16_t first, uint16_t second)
{
	struct cql_prepared prepared = answer(CQL_TYPE_TIMESTAMP, key_count, first, second);
	struct error error;

	assert_int_equal(cql_statement_learn(&statements.list[0], &prepared, &error), 0);
	return &statements.list[0];
}

static int64_t token_of(const struct cql_statement *statement)
{
	const struct cql_row row = {values, 1795338302210999999, false};
	struct error error = {0};
	struct buf out;
	bool routed;
	int64_t token = 0;

	buf_init(&out, 1024);
	assert_int_equal(cql_statement_bind(statement, &row, &out, &routed, &token, &error), 0);
	assert_true(routed);
	buf_release(&out);
	return token;
}

static void the_statement_names_keyspace_table_and_columns(void **state)
{
	(void)state;
	assert_string_equal(statements.list[0].text,
			    "INSERT INTO mails.last_login (last_access,service,userid) "
			    "VALUES (?,?,?)");
}

static void values_stand_in_the_order_of_the_columns(void **state)
{
	const struct cql_statement *statement = learned(0, 0, 0);
	const struct cql_row row = {values, 1795338302210999999, false};
	struct error error;
	struct buf out;
	bool routed;
	int64_t token;

	(void)state;
	buf_init(&out, 1024);
	assert_int_equal(cql_statement_bind(statement, &row, &out, &routed, &token, &error), 0);
	assert_false(routed);
	assert_int_equal(out.len, 12 + 8 + 18);
	assert_memory_equal(out.data,
			    "\0\0\0\10\0\0\1\xa2\x02\x80\x73\x02"
			    "\0\0\0\4imap\0\0\0\16u1@example.com",
			    out.len);
	buf_release(&out);
}

/* The tokens are those of Cassandra and of its Python client. */
static void a_row_has_the_token_of_its_partition_key(void **state)
{
	(void)state;
	assert_int_equal(token_of(learned(1, 2, 0)), 5688164075214671314);
	assert_int_equal(token_of(learned(2, 2, 1)), 8886551213855768004);
}

static void an_empty_partition_key_is_refused(void **state)
{
	const struct slice nobody[] = {values[0], values[1], {NULL, 0}};
	const struct cql_row row = {nobody, 1, false};
	struct error error;
	struct buf out;
	bool routed;
	int64_t token;

	(void)state;
	buf_init(&out, 1024);
	assert_int_equal(cql_statement_bind(learned(1, 2, 0), &row, &out, &routed, &token, &error),
			 -EINVAL);
	assert_string_equal(error.text, "column userid of the partition key: empty");
	buf_release(&out);
}

static void a_type_that_does_not_fit_is_reported(void **state)
{
	struct cql_prepared prepared = answer(CQL_TYPE_VARCHAR, 0, 0, 0);
	struct error error;

	(void)state;
	assert_int_equal(cql_statement_learn(&statements.list[0], &prepared, &error), -EINVAL);
	assert_string_equal(error.text, "map.conf:3: column last_access of last_login has the type "
					"text, which cannot hold a uint; change value_type or the "
					"column");
}

static void another_number_of_markers_is_refused(void **state)
{
	struct cql_prepared prepared = answer(CQL_TYPE_TIMESTAMP, 0, 0, 0);
	struct error error;

	(void)state;
	prepared.column_count = 2;
	assert_int_equal(cql_statement_learn(&statements.list[0], &prepared, &error), -EPROTO);
}

#define SCENARIO(function)                                                                         \
	cmocka_unit_test_setup_teardown(function, make_statements, free_statements)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(the_statement_names_keyspace_table_and_columns),
		SCENARIO(values_stand_in_the_order_of_the_columns),
		SCENARIO(a_row_has_the_token_of_its_partition_key),
		SCENARIO(an_empty_partition_key_is_refused),
		SCENARIO(a_type_that_does_not_fit_is_reported),
		SCENARIO(another_number_of_markers_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
