/* SPDX-License-Identifier: MIT */
/* What waits in the ring, by counters of two CPUs that the test sets. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "stats/ring_account.h"

#define CPUS 2U

struct world {
	uint64_t numbers[(1 + CPUS) * DOVETAP_COUNTER_STRIDE];
	struct counters counters;
	struct ledger ledger;
	struct pipeline_stats stats;
	uint64_t untaken, made_meanwhile;
	unsigned int asked;
	int fd;
};

static void made(struct world *world, uint64_t count)
{
	world->numbers[2 * DOVETAP_COUNTER_STRIDE + DOVETAP_COUNT_AUTH_EMITTED] += count;
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	world->numbers[0] = CPUS;
	world->numbers[1 + DOVETAP_COUNTS_RECORD] =
		1U << DOVETAP_COUNT_MAIL_USER_EMITTED | 1U << DOVETAP_COUNT_AUTH_EMITTED;
	world->numbers[DOVETAP_COUNTER_STRIDE + DOVETAP_COUNT_SEEN] = 1000; /* no record */
	world->counters = (struct counters){.map = world->numbers, .cpus = CPUS};
	world->fd = memfd_create("ledger", MFD_CLOEXEC);
	assert_int_equal(ftruncate(world->fd, LEDGER_BYTES), 0);
	assert_int_equal(ledger_map(world->fd, &world->ledger, NULL), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	ledger_unmap(&world->ledger);
	close(world->fd);
	free(world);
	return 0;
}

static int untaken(void *context, uint64_t *count_r, struct error *error_r)
{
	struct world *world = context;

	world->asked++;
	if (world->untaken == UINT64_MAX)
		return error_set(error_r, EIO, "no ring");
	made(world, world->made_meanwhile);
	world->untaken += world->made_meanwhile;
	world->made_meanwhile = 0;
	*count_r = world->untaken;
	return 0;
}

static struct ring_account open_account(struct world *world, uint64_t id)
{
	struct ring_account account = {.counters = id};

	assert_int_equal(ring_account_open(&account, ledger_block(&world->ledger, "ring"),
					   &world->counters, &world->stats, untaken, world, NULL),
			 0);
	return account;
}

static int64_t waiting(const struct world *world, const struct ring_account *account)
{
	return ring_account_waiting(account, &world->counters, &world->stats);
}

static void what_is_not_taken_waits(void **state)
{
	struct world *world = *state;
	const struct ring_account account = open_account(world, 7);

	made(world, 10);
	assert_int_equal(waiting(world, &account), 10);
	world->stats.events = 9;
	world->stats.again = 3;
	assert_int_equal(waiting(world, &account), 4);
	world->stats.events = 14;
	assert_int_equal(waiting(world, &account), -1);
	assert_int_equal(account.before, 0);
}

/* By a version without accounts: 10 were made, of which 4 are still in the ring. */
static void what_was_taken_before_the_account_is_known(void **state)
{
	struct world *world = *state;
	struct ring_account account;

	made(world, 10);
	world->untaken = 4;
	world->made_meanwhile = 2;
	account = open_account(world, 7);
	assert_int_equal(account.before, 6);
	assert_int_equal(waiting(world, &account), 6);
}

static void the_account_goes_on_with_the_counters_that_it_is_of(void **state)
{
	struct world *world = *state;
	struct ring_account account;

	made(world, 10);
	(void)open_account(world, 7);
	world->stats.events = 4;
	account = open_account(world, 7);
	assert_int_equal(account.before, 10);
	assert_int_equal(waiting(world, &account), -4);
	account = open_account(world, 8);
	assert_int_equal(account.before, 6);
	assert_int_equal(waiting(world, &account), 0);
}

static void a_ring_that_cannot_be_read_is_an_error(void **state)
{
	struct world *world = *state;
	struct ring_account account = {.counters = 7};
	struct error error;

	made(world, 1);
	world->untaken = UINT64_MAX;
	assert_int_equal(ring_account_open(&account, NULL, &world->counters, &world->stats, untaken,
					   world, &error),
			 -EIO);
	assert_int_equal(world->asked, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_not_taken_waits),
		TEST(what_was_taken_before_the_account_is_known),
		TEST(the_account_goes_on_with_the_counters_that_it_is_of),
		TEST(a_ring_that_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
