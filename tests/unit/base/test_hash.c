/* SPDX-License-Identifier: MIT */
/* A table goes on working when there is no memory for one more element. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool no_memory;

#define uthash_malloc(size) (no_memory ? NULL : malloc(size))

#include "../cmocka_all.h"
#include "base/hash.h"

struct element {
	int key;
	UT_hash_handle hh;
};

static struct element *find(struct element *table, int key)
{
	struct element *element;

	HASH_FIND_INT(table, &key, element);
	return element;
}

static void an_element_is_added(void **state)
{
	struct element one = {.key = 1}, two = {.key = 2}, *table = NULL;

	(void)state;
	HASH_ADD_INT(table, key, &one);
	assert_true(hash_added(&one));
	HASH_ADD_INT(table, key, &two);
	assert_true(hash_added(&two));
	assert_ptr_equal(find(table, 1), &one);
	assert_ptr_equal(find(table, 2), &two);
	HASH_CLEAR(hh, table);
}

static void without_memory_it_is_not_and_nobody_ends(void **state)
{
	struct element one = {.key = 1}, *table = NULL;

	(void)state;
	no_memory = true;
	HASH_ADD_INT(table, key, &one);
	no_memory = false;
	assert_false(hash_added(&one));
	assert_null(table);
	HASH_ADD_INT(table, key, &one);
	assert_true(hash_added(&one));
	HASH_CLEAR(hh, table);
}

/* It cannot grow: the elements stay where they are. */
static void a_table_without_room_to_grow_keeps_what_it_has(void **state)
{
	static struct element elements[2000];
	struct element *table = NULL;

	(void)state;
	elements[0].key = -1;
	HASH_ADD_INT(table, key, &elements[0]);
	no_memory = true;
	for (int i = 1; i < 2000; i++) {
		elements[i].key = i;
		HASH_ADD_INT(table, key, &elements[i]);
	}
	no_memory = false;
	assert_ptr_equal(find(table, -1), &elements[0]);
	for (int i = 1; i < 2000; i++) {
		if (hash_added(&elements[i]))
			assert_ptr_equal(find(table, i), &elements[i]);
		else
			assert_null(find(table, i));
	}
	HASH_CLEAR(hh, table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_element_is_added),
		cmocka_unit_test(without_memory_it_is_not_and_nobody_ends),
		cmocka_unit_test(a_table_without_room_to_grow_keeps_what_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
