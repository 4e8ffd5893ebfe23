/* SPDX-License-Identifier: MIT */
#include "sql_fixture.h"
#include "store/drivers/sql/failure.h"

enum { NULLABLE = 1, FILLED = 2 };

static void add_column(struct sql_table *table, enum sql_dialect dialect, const char *name,
		       const char *type, unsigned int flags)
{
	const struct sql_column_row row = {.name = slice_str(name),
					   .type = slice_str(type),
					   .nullable = flags & NULLABLE,
					   .filled = flags & FILLED};

	sql_table_add_column(table, dialect, &row);
}

/* The plan of the documented schema: PRIMARY KEY (userid, service). */
static void documented_table(struct sql_table *table, enum sql_dialect dialect)
{
	static const char *const columns[] = {"userid", "service", "last_access", "last_ip"};
	static const char *const types[] = {"varchar", "varchar", "bigint", "varchar"};

	*table = (struct sql_table){0};
	for (int i = 0; i < 4; i++)
		add_column(table, dialect, columns[i], types[i], 0);
	sql_table_add_key_column(table, slice_str("PRIMARY"), slice_str("userid"), false);
	sql_table_add_key_column(table, slice_str("PRIMARY"), slice_str("service"), false);
}

static void users_table(struct sql_table *table, enum sql_dialect dialect)
{
	*table = (struct sql_table){0};
	add_column(table, dialect, "userid", "text", 0);
	add_column(table, dialect, "last_imap_access", "bigint", NULLABLE);
	add_column(table, dialect, "last_imap_ip", "text", NULLABLE);
	sql_table_add_key_column(table, slice_str("PRIMARY"), slice_str("userid"), false);
}

static void make_plan(const struct sql_map *map, enum sql_dialect dialect,
		      const struct sql_table *table, struct sql_plan *plan)
{
	struct error error = {0};

	if (sql_plan_make(map, dialect, table, NULL, plan, &error) < 0)
		fail_msg("%s", error.text);
}

static void assert_insert(const char *maps, void (*fill)(struct sql_table *, enum sql_dialect),
			  enum sql_dialect dialect, size_t rows, const char *expected)
{
	struct sql_map_set set;
	struct sql_table table;
	struct sql_plan plan;
	struct buf out;

	load_maps(&set, maps);
	fill(&table, dialect);
	make_plan(&set.maps[0], dialect, &table, &plan);
	buf_init(&out, 65536);
	assert_int_equal(
		sql_statement_insert(&out, dialect, SQL_FORM_NEWEST, set.maps, &plan, rows), 0);
	assert_string_equal(buf_str(&out), expected);
	buf_release(&out);
	sql_map_set_release(&set);
}

static void mysql_moves_the_companions_before_the_time(void **state)
{
	(void)state;
	assert_insert(
		DOCUMENTED_MAP, documented_table, SQL_MYSQL, 2,
		"INSERT INTO `last_login` (`last_access`,`service`,`userid`,`last_ip`) VALUES "
		"(?,?,?,?),(?,?,?,?) ON DUPLICATE KEY UPDATE "
		"`last_ip`=IF(IF(CONVERT(`last_access` USING utf8mb4) REGEXP '^[0-9]{10,19}$',RPAD(`last_access`,19,'0'),'')>RPAD(VALUES(`last_access`),19,'0'),`last_ip`,VALUES(`last_ip`)),"
		"`last_access`=IF(IF(CONVERT(`last_access` USING utf8mb4) REGEXP '^[0-9]{10,19}$',RPAD(`last_access`,19,'0'),'')>RPAD(VALUES(`last_access`),19,'0'),`last_access`,"
		"VALUES(`last_access`))");
}

#define KEPT_TIME                                                                                  \
	"CASE WHEN kept.\"last_access\"::text~'^[0-9]{10,19}$' THEN "                              \
	"rpad(kept.\"last_access\"::text,19,'0') ELSE '' END"
#define KEPT_IMAP                                                                                  \
	"CASE WHEN kept.\"last_imap_access\" NOT GLOB '*[^0-9]*' AND "                             \
	"length(kept.\"last_imap_access\") BETWEEN 10 AND 19 THEN "                                \
	"substr(kept.\"last_imap_access\"||'000000000',1,19) ELSE '' END"

static void pgsql_takes_one_array_per_column(void **state)
{
	(void)state;
	assert_insert(
		DOCUMENTED_MAP, documented_table, SQL_PGSQL, 1,
		"INSERT INTO \"last_login\" AS kept "
		"(\"last_access\",\"service\",\"userid\",\"last_ip\") SELECT * FROM "
		"unnest($1::bigint[],$2::varchar[],$3::varchar[],$4::varchar[]) ON CONFLICT "
		"(\"service\",\"userid\") DO UPDATE SET \"last_access\"=excluded.\"last_access\","
		"\"last_ip\"=excluded.\"last_ip\" WHERE kept.\"last_access\" IS NULL OR "
		"rpad(excluded.\"last_access\"::text,19,'0')>" KEPT_TIME ""
		" OR (rpad(excluded.\"last_access\"::text,19,'0')="
		"" KEPT_TIME " AND (excluded.\"last_ip\") IS "
		"DISTINCT FROM (kept.\"last_ip\"))");
}

static void sqlite_takes_a_row_at_a_time(void **state)
{
	(void)state;
	assert_insert(
		USERS_MAP, users_table, SQL_SQLITE, 1,
		"INSERT INTO \"users\" AS kept (\"last_imap_access\",\"userid\",\"last_imap_ip\") "
		"VALUES (?1,?2,?3) ON CONFLICT (\"userid\") DO UPDATE SET "
		"\"last_imap_access\"=excluded.\"last_imap_access\","
		"\"last_imap_ip\"=excluded.\"last_imap_ip\" WHERE kept.\"last_imap_access\" IS NULL "
		"OR substr(excluded.\"last_imap_access\"||'000000000',1,19)>"
		"" KEPT_IMAP " OR "
		"(substr(excluded.\"last_imap_access\"||'000000000',1,19)="
		"" KEPT_IMAP " AND "
		"(excluded.\"last_imap_ip\") IS NOT (kept.\"last_imap_ip\"))");
}

static void names_are_quoted_as_the_server_wants_them(void **state)
{
	static const struct {
		enum sql_dialect dialect;
		const char *name, *quoted;
	} names[] = {
		{SQL_MYSQL, "mails.last_login", "`mails`.`last_login`"},
		{SQL_MYSQL, "`odd name`", "`odd name`"},
		{SQL_PGSQL, "Mails.Last_Login", "\"mails\".\"last_login\""},
		{SQL_PGSQL, "\"Last_Login\"", "\"Last_Login\""},
		{SQL_SQLITE, "`a\"b`", "\"a\"\"b\""},
	};
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_true(sql_name_valid(names[i].name, 3));
		buf_reset(&out);
		sql_name_quote(&out, names[i].dialect, names[i].name);
		assert_string_equal(buf_str(&out), names[i].quoted);
	}
	buf_release(&out);
	assert_false(sql_name_valid("a.b.c.d", 3));
	assert_false(sql_name_valid("a b", 3));
	assert_false(sql_name_valid("a;DROP TABLE x", 3));
	assert_false(sql_name_valid("`a", 3));
	assert_false(sql_name_valid("", 3));
	assert_false(sql_name_valid("a.", 3));
}

/* --- strict -----------------------------------------------------------------------------------*/

static void parse_row(const struct sql_map *map, const char *value, const char *service,
		      const char *user, const char *ip, struct sql_value *row)
{
	const char *texts[] = {value, service, user, ip};

	for (size_t i = 0; i < map->column_count; i++)
		assert_true(sql_value_parse(map->columns[i].type, slice_str(texts[i]), &row[i]));
}

static const struct {
	enum sql_dialect dialect;
	const char *version, *value, *expected;
} strict_texts[] = {
	{SQL_MYSQL, "2.3.19.1", "1795338302210",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1795338302210,'imap','u1@example.com','127.0.0.1') ON DUPLICATE KEY UPDATE "
	 "last_access=1795338302210"},
	{SQL_MYSQL, "2.3.13", "1",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1,'imap','u1@example.com','127.0.0.1') ON DUPLICATE KEY UPDATE last_access=1"},
	{SQL_SQLITE, "2.3.19.1", "1795338328256",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1795338328256,'imap','u1@example.com','127.0.0.1') ON CONFLICT "
	 "(service,userid,last_ip) DO UPDATE SET last_access=1795338328256"},
	{SQL_PGSQL, "2.4.1", "1795338328256",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1795338328256,'imap','u1@example.com','127.0.0.1') ON CONFLICT "
	 "(service,userid,last_ip) DO UPDATE SET last_access=1795338328256"},
	{SQL_SQLITE, "2.3.13", "1795338992812",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1795338992812,'imap','u1@example.com','127.0.0.1')"},
	{SQL_PGSQL, "2.3.15", "1795338992812",
	 "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
	 "(1795338992812,'imap','u1@example.com','127.0.0.1')"},
};

static void strict_text_is_what_dovecot_sends(void **state)
{
	struct sql_map_set set;
	struct buf out;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	buf_init(&out, 4096);
	for (size_t i = 0; i < sizeof(strict_texts) / sizeof(*strict_texts); i++) {
		enum sql_dialect dialect = strict_texts[i].dialect;
		struct sql_value row[SQL_COLUMNS_MAX];

		parse_row(set.maps, strict_texts[i].value, "imap", "u1@example.com", "127.0.0.1",
			  row);
		buf_reset(&out);
		sql_statement_text(&out, dialect,
				   sql_form_of_dovecot(dialect, strict_texts[i].version), set.maps,
				   row);
		assert_string_equal(buf_str(&out), strict_texts[i].expected);
	}
	buf_release(&out);
	sql_map_set_release(&set);
}

static void the_alternative_schema_in_strict_text(void **state)
{
	const char *texts[] = {"1795338386641", "u1@example.com", "1.2.3.4"};
	struct sql_value row[SQL_COLUMNS_MAX];
	struct sql_map_set set;
	struct buf out;

	(void)state;
	load_maps(&set, USERS_MAP);
	for (size_t i = 0; i < 3; i++)
		assert_true(
			sql_value_parse(set.maps[0].columns[i].type, slice_str(texts[i]), &row[i]));
	buf_init(&out, 4096);
	sql_statement_text(&out, SQL_MYSQL, SQL_FORM_UPSERT, set.maps, row);
	assert_string_equal(buf_str(&out),
			    "INSERT INTO users (last_imap_access,userid,last_imap_ip) VALUES "
			    "(1795338386641,'u1@example.com','1.2.3.4') ON DUPLICATE KEY UPDATE "
			    "last_imap_access=1795338386641");
	buf_release(&out);
	sql_map_set_release(&set);
}

static void strict_text_escapes_as_the_driver_does(void **state)
{
	static const char *const maps = "connect = x\nmap {\n pattern = shared/k/$u\n table = t\n"
					" value_field = v\n value_type = hexblob\n"
					" fields {\n  k = $u\n }\n}\n";
	static const char *const expected[] = {
		"INSERT INTO t (v,k) VALUES (X'1795338375','o\\'brien\\\\x@d')",
		"INSERT INTO t (v,k) VALUES (E'\\\\x1795338375','o''brien\\x@d')",
		"INSERT INTO t (v,k) VALUES (x'1795338375','o''brien\\x@d')",
	};
	struct sql_value row[2];
	struct sql_map_set set;
	struct buf out;

	(void)state;
	load_maps(&set, maps);
	buf_init(&out, 4096);
	assert_true(sql_value_parse(SQL_TYPE_HEXBLOB, slice_str("1795338375"), &row[0]));
	assert_true(sql_value_parse(SQL_TYPE_STRING, slice_str("o'brien\\x@d"), &row[1]));
	for (enum sql_dialect dialect = 0; dialect < SQL_DIALECT_COUNT; dialect++) {
		buf_reset(&out);
		sql_statement_text(&out, dialect, SQL_FORM_INSERT, set.maps, row);
		assert_string_equal(buf_str(&out), expected[dialect]);
	}
	buf_release(&out);
	sql_map_set_release(&set);
}

static void strict_statements_are_bound_all_the_same(void **state)
{
	static const char *const expected[] = {
		"INSERT INTO last_login (last_access,service,userid,last_ip) VALUES (?,?,?,?) "
		"ON DUPLICATE KEY UPDATE last_access=?",
		"INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
		"($1,$2,$3,$4) ON CONFLICT (service,userid,last_ip) DO UPDATE SET last_access=$1",
		"INSERT INTO last_login (last_access,service,userid,last_ip) VALUES "
		"(?1,?2,?3,?4) ON CONFLICT (service,userid,last_ip) DO UPDATE SET last_access=?1",
	};
	struct sql_map_set set;
	struct buf out;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	buf_init(&out, 4096);
	for (enum sql_dialect dialect = 0; dialect < SQL_DIALECT_COUNT; dialect++) {
		buf_reset(&out);
		sql_statement_insert(&out, dialect, SQL_FORM_UPSERT, set.maps, NULL, 1);
		assert_string_equal(buf_str(&out), expected[dialect]);
	}
	buf_release(&out);
	sql_map_set_release(&set);
}

/* --- plans ------------------------------------------------------------------------------------*/

static void assert_no_plan(const struct sql_table *table, enum sql_dialect dialect,
			   const char *expected)
{
	static const struct sql_need milliseconds = {.value = 1795338300000};
	struct error error = {0};
	struct sql_map_set set;
	struct sql_plan plan;

	load_maps(&set, DOCUMENTED_MAP);
	assert_true(sql_plan_make(set.maps, dialect, table, &milliseconds, &plan, &error) < 0);
	assert_string_equal(error.text, expected);
	sql_map_set_release(&set);
}

static void a_schema_that_does_not_fit_is_reported_in_one_line(void **state)
{
	struct sql_table table = {0};

	(void)state;
	assert_no_plan(&table, SQL_MYSQL,
		       "map.conf:2: there is no table last_login, or no right to see it");
	documented_table(&table, SQL_MYSQL);
	table.key_count = 0;
	assert_no_plan(&table, SQL_MYSQL,
		       "map.conf:2: table last_login has no primary or unique key among the "
		       "columns of the map; add PRIMARY KEY (userid, service), or "
		       "compat = strict to append a row for each login, as the plugin does");
	documented_table(&table, SQL_MYSQL);
	memcpy(table.columns[3].name, "lost_ip", 8);
	assert_no_plan(&table, SQL_MYSQL, "map.conf:2: table last_login has no column last_ip");
	documented_table(&table, SQL_MYSQL);
	table.columns[2].storage = SQL_STORAGE_SMALL;
	table.columns[2].max = INT32_MAX;
	memcpy(table.columns[2].type, "int", 4);
	assert_no_plan(&table, SQL_MYSQL,
		       "map.conf:2: table last_login, column last_access is int; the map's uint "
		       "needs a 64-bit integer (BIGINT), or last_login_precision = s");
	documented_table(&table, SQL_MYSQL);
	add_column(&table, SQL_MYSQL, "quota", "int", 0);
	assert_no_plan(&table, SQL_MYSQL,
		       "map.conf:2: table last_login, column quota is NOT NULL without a default "
		       "and the map does not write it; give it a DEFAULT");
}

static void a_unique_key_serves_when_the_primary_is_a_number(void **state)
{
	struct sql_table table;
	struct sql_map_set set;
	struct sql_plan plan;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	documented_table(&table, SQL_PGSQL);
	table.key_count = 0;
	add_column(&table, SQL_PGSQL, "id", "bigint", FILLED);
	sql_table_add_key_column(&table, slice_str("pkey"), slice_str("id"), false);
	sql_table_add_key_column(&table, slice_str("partial"), slice_str("userid"), true);
	sql_table_add_key_column(&table, slice_str("uniq"), slice_str("service"), false);
	sql_table_add_key_column(&table, slice_str("uniq"), slice_str("userid"), false);
	make_plan(set.maps, SQL_PGSQL, &table, &plan);
	assert_false(plan.columns[0].in_key);
	assert_true(plan.columns[1].in_key);
	assert_true(plan.columns[2].in_key);
	assert_false(plan.columns[3].in_key);
	sql_map_set_release(&set);
}

static void no_address_becomes_what_the_column_can_hold(void **state)
{
	struct sql_plan plan = {0};
	struct sql_value value;

	(void)state;
	plan.columns[3].storage = SQL_STORAGE_TEXT;
	assert_true(sql_plan_fill_empty(&plan, 3, &value));
	assert_false(value.null);
	plan.columns[3].storage = SQL_STORAGE_OTHER; /* inet */
	plan.columns[3].nullable = true;
	assert_true(sql_plan_fill_empty(&plan, 3, &value));
	assert_true(value.null);
	plan.columns[3].nullable = false;
	assert_false(sql_plan_fill_empty(&plan, 3, &value));
}

static void a_lookup_reads_the_columns_of_the_map(void **state)
{
	struct sql_map_set set;
	struct buf out;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	buf_init(&out, 4096);
	sql_statement_select(&out, SQL_PGSQL, set.maps, 2);
	assert_string_equal(buf_str(&out),
			    "SELECT \"last_access\",\"service\",\"userid\",\"last_ip\" FROM "
			    "\"last_login\" WHERE \"userid\"=$1");
	buf_release(&out);
	sql_map_set_release(&set);
}

static void a_servers_error_gives_the_outcome_of_the_rows(void **state)
{
	static const struct {
		const char *sqlstate;
		enum sql_result result;
	} states[] = {
		{"22001", SQL_ROW},    /* too long */
		{"22021", SQL_ROW},    /* not UTF-8 */
		{"23514", SQL_ROW},    /* check constraint */
		{"40P01", SQL_AGAIN},  /* deadlock */
		{"40001", SQL_AGAIN},  /* serialization */
		{"55P03", SQL_AGAIN},  /* lock not available */
		{"53100", SQL_AGAIN},  /* disk full */
		{"25006", SQL_MOVE},   /* read only */
		{"57P01", SQL_LOST},   /* shut down */
		{"08006", SQL_LOST},   /* connection failure */
		{"42P01", SQL_SCHEMA}, /* no such table */
		{"42S22", SQL_SCHEMA}, /* no such column */
		{"42501", SQL_SCHEMA}, /* no right */
		{"26000", SQL_SCHEMA}, /* no such statement */
		{"HY000", SQL_AGAIN},  /* nobody knows */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		assert_int_equal(sql_failure_of_state(states[i].sqlstate), states[i].result);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mysql_moves_the_companions_before_the_time),
		cmocka_unit_test(pgsql_takes_one_array_per_column),
		cmocka_unit_test(sqlite_takes_a_row_at_a_time),
		cmocka_unit_test(names_are_quoted_as_the_server_wants_them),
		cmocka_unit_test(strict_text_is_what_dovecot_sends),
		cmocka_unit_test(the_alternative_schema_in_strict_text),
		cmocka_unit_test(strict_text_escapes_as_the_driver_does),
		cmocka_unit_test(strict_statements_are_bound_all_the_same),
		cmocka_unit_test(a_schema_that_does_not_fit_is_reported_in_one_line),
		cmocka_unit_test(a_unique_key_serves_when_the_primary_is_a_number),
		cmocka_unit_test(no_address_becomes_what_the_column_can_hold),
		cmocka_unit_test(a_servers_error_gives_the_outcome_of_the_rows),
		cmocka_unit_test(a_lookup_reads_the_columns_of_the_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
