/* SPDX-License-Identifier: MIT */
/* The map is a memory file here: nothing but mmap(2) is done with it. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "capture/counters.h"

#define CPUS  2U
#define BLOCK DOVETAP_COUNTER_STRIDE

static uint64_t map[(1 + CPUS) * BLOCK];

static void begin(struct counters *counters)
{
	int fd = memfd_create("counters", MFD_CLOEXEC);

	assert_int_equal(write(fd, map, sizeof(map)), sizeof(map));
	assert_int_equal(counters_map(fd, counters, NULL), 0);
	close(fd);
}

static uint64_t bit(unsigned int counter)
{
	return (uint64_t)1 << counter;
}

static int set_up(void **state)
{
	(void)state;
	memset(map, 0, sizeof(map));
	map[0] = CPUS;
	map[1 + DOVETAP_COUNTS_LOGIN_LOST] = bit(DOVETAP_COUNT_RING_FULL);
	return 0;
}

static void test_cpus_add_up(void **state)
{
	struct counters counters;

	(void)state;
	map[BLOCK + DOVETAP_COUNT_RING_FULL] = 3;
	map[2 * BLOCK + DOVETAP_COUNT_RING_FULL] = 4;
	begin(&counters);
	assert_int_equal(counter_on_cpu(&counters, 1, DOVETAP_COUNT_RING_FULL), 4);
	assert_int_equal(counter_value(&counters, DOVETAP_COUNT_RING_FULL), 7);
	assert_int_equal(counters_sum(&counters, 0, DOVETAP_COUNTS_LOGIN_LOST), 3);
	assert_int_equal(counters_unknown(&counters, DOVETAP_COUNTS_LOGIN_LOST), 0);
	counters_unmap(&counters);
}

/* After a roll-back. */
static void test_a_newer_versions_losses_are_losses(void **state)
{
	struct counters counters;

	(void)state;
	map[1 + DOVETAP_COUNTS_LOGIN_LOST] |= bit(DOVETAP_COUNTER_COUNT);
	map[1 + DOVETAP_COUNTS_REMARK] |= bit(DOVETAP_COUNTER_COUNT + 1);
	map[BLOCK + DOVETAP_COUNTER_COUNT] = 5;
	map[2 * BLOCK + DOVETAP_COUNTER_COUNT] = 6;
	map[BLOCK + DOVETAP_COUNTER_COUNT + 1] = 100;
	begin(&counters);
	assert_int_equal(counters_unknown(&counters, DOVETAP_COUNTS_LOGIN_LOST), 11);
	assert_int_equal(counters_unknown(&counters, DOVETAP_COUNTS_NO_LOGIN), 0);
	assert_int_equal(counters_sum(&counters, 1, DOVETAP_COUNTS_LOGIN_LOST), 6);
	counters_unmap(&counters);
}

static void test_a_map_without_cpus_is_refused(void **state)
{
	struct counters counters;
	int fd = memfd_create("counters", MFD_CLOEXEC);

	(void)state;
	map[0] = 0;
	assert_int_equal(write(fd, map, sizeof(map)), sizeof(map));
	assert_int_equal(counters_map(fd, &counters, NULL), -EILSEQ);
	close(fd);
}

/* The kernel's largest number, and one more. */
static void test_a_map_of_too_many_cpus_is_refused(void **state)
{
	struct counters counters;
	int fd = memfd_create("counters", MFD_CLOEXEC);

	(void)state;
	map[0] = 65537;
	assert_int_equal(pwrite(fd, map, sizeof(map), 0), sizeof(map));
	assert_int_equal(counters_map(fd, &counters, NULL), -EILSEQ);
	map[0] = 65536;
	assert_int_equal(pwrite(fd, map, sizeof(map), 0), sizeof(map));
	assert_int_equal(ftruncate(fd, (off_t)65537 * BLOCK * (off_t)sizeof(uint64_t)), 0);
	assert_int_equal(counters_map(fd, &counters, NULL), 0);
	assert_int_equal(counters.cpus, 65536);
	counters_unmap(&counters);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_cpus_add_up, set_up),
		cmocka_unit_test_setup(test_a_newer_versions_losses_are_losses, set_up),
		cmocka_unit_test_setup(test_a_map_without_cpus_is_refused, set_up),
		cmocka_unit_test_setup(test_a_map_of_too_many_cpus_is_refused, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
