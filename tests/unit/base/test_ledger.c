/* SPDX-License-Identifier: MIT */
/* Numbers in a memory file: what one process has written the next one reads, whatever killed it. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/ledger.h"

struct numbers {
	uint64_t one;
	uint64_t few[3];
	uint64_t last;
};

static const struct ledger_row rows[] = {
	LEDGER_ONE(struct numbers, one),
	LEDGER_ARRAY(struct numbers, few, 8),
	LEDGER_ONE(struct numbers, last),
	{0, 0, 0},
};

/* As an earlier version had it. */
static const struct ledger_row earlier[] = {
	LEDGER_ONE(struct numbers, one),
	{offsetof(struct numbers, few), 2, 8},
	{0, 0, 0},
};

struct world {
	int fd;
	struct ledger ledger;
};

static void map(struct world *world)
{
	struct error error = {0};

	if (ledger_map(world->fd, &world->ledger, &error) < 0)
		fail_msg("%s", error.text);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->fd = memfd_create("test_ledger", MFD_CLOEXEC);
	assert_true(world->fd >= 0);
	assert_int_equal(ftruncate(world->fd, LEDGER_BYTES), 0);
	map(world);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	ledger_unmap(&world->ledger);
	ledger_unmap(&world->ledger);
	close(world->fd);
	free(world);
	return 0;
}

static void next_life(struct world *world)
{
	ledger_unmap(&world->ledger);
	map(world);
}

/* As version 1 has published it: live areas have this layout. */
static void the_layout_stays(void **state)
{
	(void)state;
	assert_int_equal(LEDGER_BYTES, 8 + 64 * (16 + 2 * 121 * 8));
	assert_int_equal(offsetof(struct ledger_area, blocks), 8);
	assert_int_equal(offsetof(struct ledger_block, slots), 16);
	assert_int_equal(offsetof(struct ledger_slot, numbers), 8);
}

static void the_next_life_reads_what_was_written(void **state)
{
	const struct numbers written = {1, {2, 3, 4}, 5};
	struct world *world = *state;
	struct numbers read = {0};

	ledger_write(ledger_block(&world->ledger, "a"), rows, &written);
	next_life(world);
	assert_true(ledger_read(ledger_block(&world->ledger, "a"), rows, &read));
	assert_memory_equal(&read, &written, sizeof(read));
}

static void what_nobody_wrote_leaves_the_members_alone(void **state)
{
	struct world *world = *state;
	struct numbers read = {7, {7, 7, 7}, 7};

	assert_false(ledger_read(ledger_block(&world->ledger, "a"), rows, &read));
	assert_false(ledger_read(NULL, rows, &read));
	assert_int_equal(read.last, 7);
}

static void each_name_has_its_block(void **state)
{
	const struct numbers written = {1, {2, 3, 4}, 5};
	struct world *world = *state;
	struct ledger_block *a = ledger_block(&world->ledger, "a");
	struct numbers read;

	assert_ptr_not_equal(a, ledger_block(&world->ledger, "b"));
	assert_ptr_equal(a, ledger_block(&world->ledger, "a"));
	ledger_write(a, rows, &written);
	assert_false(ledger_read(ledger_block(&world->ledger, "b"), rows, &read));
}

static void numbers_of_an_earlier_version_keep_their_places(void **state)
{
	const struct numbers written = {1, {2, 3, 4}, 5};
	struct world *world = *state;
	struct ledger_block *block = ledger_block(&world->ledger, "a");
	struct numbers read = {9, {9, 9, 9}, 9};

	ledger_write(block, earlier, &written);
	assert_true(ledger_read(block, rows, &read));
	assert_int_equal(read.one, 1);
	assert_int_equal(read.few[1], 3);
	assert_int_equal(read.few[2], 0);
	assert_int_equal(read.last, 0);
}

static void blocks_come_to_an_end(void **state)
{
	struct world *world = *state;
	char name[] = "??";

	for (unsigned int i = 0; i < LEDGER_BLOCKS; i++) {
		name[0] = (char)('0' + i / 8);
		name[1] = (char)('0' + i % 8);
		assert_non_null(ledger_block(&world->ledger, name));
	}
	assert_null(ledger_block(&world->ledger, "one more"));
	assert_non_null(ledger_block(&world->ledger, name));
	ledger_write(NULL, rows, name);
}

static void another_version_is_refused(void **state)
{
	struct world *world = *state;
	struct ledger other = {NULL};
	struct error error;

	world->ledger.area->magic++;
	assert_int_equal(ledger_map(world->fd, &other, &error), -EILSEQ);
	assert_null(other.area);
}

/* Writes numbers that are all the same, as fast as it can. */
static void count_for_ever(struct ledger_block *block)
{
	for (uint64_t i = 1;; i++) {
		const struct numbers numbers = {i, {i, i, i}, i};

		ledger_write(block, rows, &numbers);
	}
}

/* At whatever instruction: the numbers are of one moment. */
static void a_kill_leaves_the_numbers_of_one_moment(void **state)
{
	struct world *world = *state;
	struct ledger_block *block = ledger_block(&world->ledger, "a");
	struct numbers before = {0}, read;

	for (unsigned int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0)
			count_for_ever(block);
		usleep(500 + 37 * i % 1000);
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		if (!ledger_read(block, rows, &read))
			continue;
		assert_int_equal(read.one, read.last);
		for (unsigned int n = 0; n < 3; n++)
			assert_int_equal(read.few[n], read.one);
		before.one += read.one;
	}
	assert_true(before.one > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_layout_stays),
		TEST(the_next_life_reads_what_was_written),
		TEST(what_nobody_wrote_leaves_the_members_alone),
		TEST(each_name_has_its_block),
		TEST(numbers_of_an_earlier_version_keep_their_places),
		TEST(blocks_come_to_an_end),
		TEST(another_version_is_refused),
		TEST(a_kill_leaves_the_numbers_of_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
