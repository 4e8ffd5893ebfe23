/* SPDX-License-Identifier: MIT */
/*
 * The mysql, pgsql and sqlite drivers against real servers, which the test starts for itself. Every
 * story runs on each of them; what the tables hold is read back by the server's own client.
 */
#include "store/drivers/sql/sql.h"
#include "stories.h"

static struct sql_stand stands[] = {
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

static const struct sql_story *const subjects[] = {
	sql_newest, sql_values, sql_schema, sql_reading, sql_removing, sql_trouble, sql_strict};

#define STORIES_MAX 200
#define STAND_COUNT (sizeof(stands) / sizeof(*stands))

static int start_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < STAND_COUNT; i++)
		sql_stand_start(&stands[i]);
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < STAND_COUNT; i++)
		sql_stand_stop(&stands[i]);
	return 0;
}

static struct CMUnitTest tests[STORIES_MAX];
static char names[STORIES_MAX][96];
static size_t count;

static void add_stories(size_t stand, const struct sql_story *story)
{
	for (; story->name; story++) {
		if (!(story->where & (1U << stand)))
			continue;
		assert_true(count < STORIES_MAX);
		snprintf(names[count], sizeof(names[count]), "%s: %s", stands[stand].name,
			 story->name);
		tests[count] = (struct CMUnitTest){names[count], story->run, drop_tables,
						   drop_tables, &stands[stand]};
		count++;
	}
}

int main(void)
{
	for (size_t stand = 0; stand < STAND_COUNT; stand++)
		for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
			add_stories(stand, subjects[i]);
	return _cmocka_run_group_tests("sql", tests, count, start_all, stop_all);
}
