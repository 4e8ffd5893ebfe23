/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "../cmocka_all.h"
#include "conf/arena.h"

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
	struct arena *arena = arena_new(1U << 20);
	char *last = NULL;

	(void)state;
	for (size_t size = 0; size < 200; size++) {
		char *block = arena_alloc(arena, size);

		assert_non_null(block);
		assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(block[i], 0);
		memset(block, 0xff, size);
		if (size > 1)
			assert_ptr_not_equal(block, last);
		last = block;
	}
	arena_free(&arena);
	assert_null(arena);
	arena_free(&arena);
}

static void large_blocks_have_room(void **state)
{
	struct arena *arena = arena_new(1U << 20);
	char *large = arena_alloc(arena, 100000), *small = arena_alloc(arena, 10);

	(void)state;
	assert_non_null(large);
	assert_non_null(small);
	memset(large, 1, 100000);
	assert_int_equal(small[0], 0);
	arena_free(&arena);
}

/* Of everything that was ever taken, rounded up for alignment. */
static void the_ceiling_covers_everything(void **state)
{
	struct arena *arena = arena_new(1024);

	(void)state;
	assert_null(arena_alloc(arena, 1025));
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX - 8));
	assert_non_null(arena_alloc(arena, 512));
	assert_non_null(arena_alloc(arena, 512));
	assert_null(arena_alloc(arena, 1));
	assert_null(arena_strdup(arena, ""));
	assert_null(arena_printf(arena, "%d", 1));
	arena_free(&arena);
}

static void texts_are_copies(void **state)
{
	struct arena *arena = arena_new(1U << 20);
	char text[] = "abc";
	char *all = arena_strdup(arena, text), *part = arena_strndup(arena, text, 2);

	(void)state;
	text[0] = 'x';
	assert_string_equal(all, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(arena_strndup(arena, NULL, 0), "");
	assert_string_equal(arena_printf(arena, "%s-%d", text, 7), "xbc-7");
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
		cmocka_unit_test(large_blocks_have_room),
		cmocka_unit_test(the_ceiling_covers_everything),
		cmocka_unit_test(texts_are_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
