/* SPDX-License-Identifier: MIT */
/*
 * What space_saving.h promises, held against exact counts, after every prefix of streams that are
 * made at random and of streams that are made to hurt.
 */
#include <stdlib.h>

#include "../cmocka_all.h"
#include "base/space_saving.h"

#define COUNTERS 16
#define KEYS	 400
#define LENGTH	 6000

struct truth {
	uint64_t count[KEYS];
};

static struct slice key_text(unsigned int key, char text[16])
{
	return (struct slice){text, (size_t)snprintf(text, 16, "key-%u", key)};
}

static unsigned int key_of(struct slice text)
{
	char digits[16] = "";

	memcpy(digits, text.ptr + 4, text.len - 4);
	return (unsigned int)strtoul(digits, NULL, 10);
}

static void check(const struct space_saving *a, const struct space_saving *b,
		  const struct truth *truth, uint64_t total)
{
	struct space_saving_item items[2 * COUNTERS];
	uint64_t bound = space_saving_bound(a) + (b ? space_saving_bound(b) : 0);
	bool seen[KEYS] = {false};
	int count = space_saving_top(a, b, items, 2 * COUNTERS);

	assert_true(bound <= total / COUNTERS);
	for (int i = 0; i < count; i++) {
		unsigned int key = key_of(items[i].key);

		assert_false(seen[key]);
		seen[key] = true;
		assert_true(items[i].count >= truth->count[key]);
		assert_true(items[i].count - items[i].error <= truth->count[key]);
		assert_true(items[i].error <= bound);
		assert_true(i == 0 || items[i - 1].count >= items[i].count);
	}
	for (unsigned int key = 0; key < KEYS; key++)
		assert_true(seen[key] || truth->count[key] <= bound);
}

/* Counts a stream in two parts, one sketch each, and looks after every so many keys. */
static void run(unsigned int (*next)(unsigned int step, const struct truth *truth))
{
	struct space_saving *sketches[2];
	struct truth whole = {{0}}, part = {{0}};

	for (int i = 0; i < 2; i++)
		assert_int_equal(space_saving_new(COUNTERS, &sketches[i], NULL), 0);
	for (unsigned int step = 0; step < LENGTH; step++) {
		struct space_saving *sketch = sketches[step >= LENGTH / 2];
		unsigned int key = next(step, &whole);
		char text[16];

		if (step == LENGTH / 2)
			part = (struct truth){{0}};
		space_saving_add(sketch, key_text(key, text));
		whole.count[key]++;
		part.count[key]++;
		if (step % 7 == 0) {
			check(sketch, NULL, &part, space_saving_total(sketch));
			check(sketches[0], sketches[1], &whole, step + 1);
		}
	}
	for (int i = 0; i < 2; i++)
		space_saving_free(&sketches[i]);
}

static unsigned int seed;

static unsigned int uniform(unsigned int step, const struct truth *truth)
{
	(void)step;
	(void)truth;
	return (unsigned int)rand_r(&seed) % KEYS;
}

/* Few keys have most of it, as guessed user names have. */
static unsigned int skewed(unsigned int step, const struct truth *truth)
{
	unsigned int r = (unsigned int)rand_r(&seed) % KEYS;

	(void)step;
	(void)truth;
	return r * r / KEYS * r / KEYS;
}

static unsigned int in_turn(unsigned int step, const struct truth *truth)
{
	(void)truth;
	return step % KEYS;
}

/* A key that was frequent is flooded out by keys that come once, and comes back. */
static unsigned int flooded(unsigned int step, const struct truth *truth)
{
	(void)truth;
	return step % 1000 < 50 ? 0 : 1 + step % (KEYS - 1);
}

/* Just one key more than there are counters, always the one that was counted least: the worst case
 * of the algorithm, where every key takes over a counter. */
static unsigned int least(unsigned int step, const struct truth *truth)
{
	unsigned int key = 0;

	(void)step;
	for (unsigned int i = 1; i <= COUNTERS; i++) {
		if (truth->count[i] < truth->count[key])
			key = i;
	}
	return key;
}

static void bounds_hold_on_random_streams(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= 20; i++) {
		seed = i;
		run(uniform);
		run(skewed);
	}
}

static void bounds_hold_on_hostile_streams(void **state)
{
	(void)state;
	run(in_turn);
	run(flooded);
	run(least);
}

/* More than total / counters: such a key cannot hide. */
static void a_frequent_key_is_always_there(void **state)
{
	struct space_saving_item items[COUNTERS];
	struct space_saving *sketch;
	char text[16];

	(void)state;
	assert_int_equal(space_saving_new(COUNTERS, &sketch, NULL), 0);
	for (unsigned int i = 0; i < 16000; i++)
		space_saving_add(sketch, i % 10 == 0 ? slice_str("key-0") : key_text(1 + i, text));
	assert_int_equal(space_saving_top(sketch, NULL, items, 1), 1);
	assert_true(slice_is(items[0].key, "key-0"));
	assert_true(items[0].count >= 1600);
	assert_true(items[0].count - items[0].error <= 1600);
	space_saving_free(&sketch);
}

static void few_keys_are_counted_exactly(void **state)
{
	struct space_saving_item items[COUNTERS];
	struct space_saving *sketch;

	(void)state;
	assert_int_equal(space_saving_new(COUNTERS, &sketch, NULL), 0);
	space_saving_add(sketch, (struct slice){NULL, 0});
	space_saving_add(sketch, (struct slice){"a\0b", 3});
	space_saving_add(sketch, (struct slice){"a\0b", 3});
	assert_int_equal(space_saving_bound(sketch), 0);
	assert_int_equal(space_saving_top(sketch, NULL, items, COUNTERS), 2);
	assert_true(slice_equal(items[0].key, (struct slice){"a\0b", 3}));
	assert_int_equal(items[0].count, 2);
	assert_int_equal(items[0].error, 0);
	assert_int_equal(items[1].key.len, 0);
	space_saving_reset(sketch);
	assert_int_equal(space_saving_top(sketch, NULL, items, COUNTERS), 0);
	assert_int_equal(space_saving_total(sketch), 0);
	space_saving_free(&sketch);
}

static void long_keys_are_cut(void **state)
{
	struct space_saving_item items[COUNTERS];
	char text[SPACE_SAVING_KEY_MAX + 2];
	struct space_saving *sketch;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(space_saving_new(COUNTERS, &sketch, NULL), 0);
	space_saving_add(sketch, (struct slice){text, sizeof(text)});
	space_saving_add(sketch, (struct slice){text, sizeof(text) - 1});
	assert_int_equal(space_saving_top(sketch, NULL, items, COUNTERS), 1);
	assert_int_equal(items[0].key.len, SPACE_SAVING_KEY_MAX);
	assert_int_equal(items[0].count, 2);
	space_saving_free(&sketch);
}

static void a_forgotten_key_leaves_its_count(void **state)
{
	struct space_saving_item items[2];
	struct space_saving *sketch;

	(void)state;
	assert_int_equal(space_saving_new(4, &sketch, NULL), 0);
	space_saving_add(sketch, slice_str("alice"));
	space_saving_add(sketch, slice_str("alice"));
	space_saving_add(sketch, slice_str("bob"));
	space_saving_forget(sketch, slice_str("alice"));
	space_saving_forget(sketch, slice_str("nobody"));
	assert_int_equal(space_saving_top(sketch, NULL, items, 2), 2);
	assert_true(slice_is(items[0].key, "forgotten-0"));
	assert_int_equal(items[0].count, 2);
	space_saving_add(sketch, slice_str("alice"));
	assert_int_equal(space_saving_total(sketch), 4);
	space_saving_free(&sketch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_hold_on_random_streams),
		cmocka_unit_test(bounds_hold_on_hostile_streams),
		cmocka_unit_test(a_frequent_key_is_always_there),
		cmocka_unit_test(few_keys_are_counted_exactly),
		cmocka_unit_test(long_keys_are_cut),
		cmocka_unit_test(a_forgotten_key_leaves_its_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
