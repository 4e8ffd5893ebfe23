/* SPDX-License-Identifier: MIT */
/* Which driver a name stands for. The modules are linked into this program. */
#include "../cmocka_all.h"
#include "base/module.h"
#include "conf/tree.h"
#include "store/dict.h"
#include "store/drivers/registry.h"

static const struct dict_driver *find(const char *uri)
{
	const struct dict_config config = {.uri = uri};
	const struct dict_driver *driver = NULL;
	struct slice name = {uri, strcspn(uri, ":")};

	assert_int_equal(registry_find(&config, name, &driver, NULL), 0);
	return driver;
}

static void test_names(void **state)
{
	static const char *const names[] = {"memory", "debug", "file",	"fs",	 "memcached_ascii",
					    "proxy",  "redis", "mysql", "pgsql", "cassandra"};
	char uri[64];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(uri, sizeof(uri), "%s:", names[i]);
		assert_string_equal(find(uri)->name, names[i]);
	}
}

/* One name, two drivers. */
static void test_sqlite(void **state)
{
	const struct dict_driver *embedded = find("sqlite:"), *mapped = find("sqlite:/map.conf");

	(void)state;
	assert_string_equal(embedded->name, "sqlite");
	assert_string_equal(mapped->name, "sqlite");
	assert_ptr_not_equal(embedded, mapped);
	assert_ptr_equal(find("sqlite:path=/x"), embedded);
}

static void test_unknown(void **state)
{
	const struct dict_config config = {.uri = "nosuch:"};
	const struct dict_driver *driver;
	struct error error;

	(void)state;
	assert_int_equal(registry_find(&config, slice_str("nosuch"), &driver, &error), -EINVAL);
	assert_string_equal(error.text,
			    "Unknown dict module: nosuch (known: memory debug sqlite file fs "
			    "memcached_ascii proxy redis mysql pgsql cassandra)");
}

/* dict_load() goes through "debug:" to what has to be loaded, and names the place. */
static void test_load(void **state)
{
	const struct dict_config good = {.uri = "debug:debug:redis:"};
	const struct dict_config bad = {.uri = "debug:nosuch:", .where = "x.conf:3"};
	struct error error;

	(void)state;
	assert_int_equal(dict_load(&good, NULL), 0);
	assert_int_equal(dict_load(&bad, &error), -EINVAL);
	assert_memory_equal(error.text, "x.conf:3: Unknown dict module: nosuch", 37);
}

/*
 * What passes between the program and modules that were built on another day. Who changes one of
 * these changes MODULE_ABI, too (base/module.h).
 */
static void test_abi(void **state)
{
	(void)state;
	assert_int_equal(MODULE_ABI, 6);
	assert_int_equal(sizeof(struct module), 32);
	assert_int_equal(sizeof(struct error), 516);
	assert_int_equal(sizeof(struct dict_driver), 152);
	assert_int_equal(sizeof(struct dict), 16);
	assert_int_equal(sizeof(struct dict_config), 112);
	assert_int_equal(sizeof(struct dict_entry), 224);
	assert_int_equal(sizeof(struct dict_record), 96);
	assert_int_equal(sizeof(struct dict_expiry), 56);
	assert_int_equal(sizeof(struct history_row), 200);
	assert_int_equal(sizeof(struct conf_section), 88);
	assert_int_equal(sizeof(struct conf_setting), 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_sqlite),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_load),
		cmocka_unit_test(test_abi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
