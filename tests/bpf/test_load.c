/* SPDX-License-Identifier: MIT */
/* The one object loads with every layout that is embedded. */
#include "login_object.h"
#include "unit/cmocka_all.h"

static void test_every_layout_loads(void **state)
{
	(void)state;
	assert_true(layouts_embedded_count > 0);
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		struct login_object object;

		login_object_load(&object, &layouts_embedded[i], NULL);
		login_object_release(&object);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_layout_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
