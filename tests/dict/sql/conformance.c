/* SPDX-License-Identifier: MIT */
/*
 * The mysql, pgsql and sqlite drivers against real servers, which the test starts for itself. Every
 * scenario runs on each of them; what the tables hold is read back by the server's own client.
 */
#include "scenarios.h"
#include "store/drivers/sql/sql.h"

static struct sql_harness harnesses[] = {
	{.name = "mysql",
	 .driver = &sql_mysql_driver,
	 .script = "mariadb",
	 .connect = {"host=", "/socket dbname=mails user=dovetap password=sekret"},
	 .hex = {"LOWER(HEX(", "))"}},
	{.name = "pgsql",
	 .driver = &sql_pgsql_driver,
	 .script = "pgsql",
	 .connect = {"host=", " dbname=mails user=dovetap password=sekret"},
	 .hex = {"encode(convert_to(", ",'UTF8'),'hex')"}},
	{.name = "sqlite",
	 .driver = &sql_sqlite_driver,
	 .script = "sqlite",
	 .connect = {"", "/db"},
	 .hex = {"LOWER(HEX(", "))"}},
};

static const struct sql_scenario *const subjects[] = {
	sql_newest, sql_values, sql_schema, sql_reading, sql_removing, sql_trouble, sql_strict};

#define SCENARIOS_MAX 200
#define HARNESS_COUNT (sizeof(harnesses) / sizeof(*harnesses))

static int start_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < HARNESS_COUNT; i++)
		sql_harness_start(&harnesses[i]);
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < HARNESS_COUNT; i++)
		sql_harness_stop(&harnesses[i]);
	return 0;
}

static struct CMUnitTest tests[SCENARIOS_MAX];
static char names[SCENARIOS_MAX][96];
static size_t count;

static void add_scenarios(size_t harness, const struct sql_scenario *scenario)
{
	for (; scenario->name; scenario++) {
		if (!(scenario->where & (1U << harness)))
			continue;
		assert_true(count < SCENARIOS_MAX);
		snprintf(names[count], sizeof(names[count]), "%s: %s", harnesses[harness].name,
			 scenario->name);
		tests[count] = (struct CMUnitTest){names[count], scenario->run, drop_tables,
						   drop_tables, &harnesses[harness]};
		count++;
	}
}

int main(void)
{
	for (size_t harness = 0; harness < HARNESS_COUNT; harness++)
		for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
			add_scenarios(harness, subjects[i]);
	return _cmocka_run_group_tests("sql", tests, count, start_all, stop_all);
}
