/* SPDX-License-Identifier: MIT */
/* Clocks that the test sets: none of the real ones takes part but in a new boot's first look. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/timeline.h"

#define SECOND NS_PER_SEC
#define MINUTE (60 * NS_PER_SEC)
#define START  1700000000

/* A machine that was started at START, and whose clock the test sets. */
struct machine {
	struct timeline timeline;
	int64_t boot_ns, offset_ns;
	char path[64];
};

static int64_t start_clock(struct machine *machine, int64_t offset_ns)
{
	const struct clock_offset offset = {.wall_minus_boot = offset_ns};

	machine->offset_ns = offset_ns;
	return timeline_set_offset(&machine->timeline, &offset);
}

static int setup(void **state)
{
	const struct clock_offset offset = {.wall_minus_boot = START * SECOND};
	struct machine *machine = calloc(1, sizeof(*machine));
	int fd;

	snprintf(machine->path, sizeof(machine->path), "/tmp/test_timeline.XXXXXX");
	fd = mkstemp(machine->path);
	assert_true(fd >= 0);
	close(fd);
	timeline_init(&machine->timeline, &offset);
	machine->offset_ns = START * SECOND;
	machine->boot_ns = 1000 * SECOND;
	*state = machine;
	return 0;
}

static int teardown(void **state)
{
	struct machine *machine = *state;

	timeline_release(&machine->timeline);
	unlink(machine->path);
	free(machine);
	return 0;
}

static void pass(struct machine *machine, int64_t ns)
{
	machine->boot_ns += ns;
}

static int64_t set_clock(struct machine *machine, int64_t by_ns)
{
	return start_clock(machine, machine->offset_ns + by_ns);
}

static int64_t clock_now(const struct machine *machine)
{
	return machine->boot_ns + machine->offset_ns;
}

static int64_t login(struct machine *machine)
{
	return timeline_time(&machine->timeline, (uint64_t)machine->boot_ns);
}

static void a_clock_that_is_left_alone_is_followed(void **state)
{
	struct machine *machine = *state;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(login(machine), clock_now(machine));
		pass(machine, 1 + i * i * 7);
	}
	assert_int_equal(machine->timeline.back + machine->timeline.forward, 0);
}

static void a_step_forward_is_followed_at_once(void **state)
{
	struct machine *machine = *state;

	login(machine);
	pass(machine, SECOND);
	assert_int_equal(set_clock(machine, 86400 * SECOND), 86400 * SECOND);
	assert_int_equal(login(machine), clock_now(machine));
	assert_int_equal(machine->timeline.forward, 1);
}

/* Every login has a later time than the one before, until the clock has caught up. */
static void after_a_step_back_the_later_login_stays_the_newer(void **state)
{
	static const int64_t steps[] = {SECOND / 5, SECOND, 20 * SECOND, 5 * MINUTE};

	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		struct machine *machine = *state;
		int64_t last = login(machine), now = 0;
		unsigned int logins = 0;

		pass(machine, SECOND / 1000);
		assert_int_equal(set_clock(machine, -steps[s]), -steps[s]);
		do {
			now = login(machine);
			assert_true(now > last);
			assert_true(now - clock_now(machine) <= steps[s]);
			last = now;
			logins++;
			pass(machine, SECOND / 10);
		} while (now != clock_now(machine) - SECOND / 10);
		/* At half the speed: twice as long as the step. */
		assert_in_range(logins, 2 * steps[s] / (SECOND / 10) - 1,
				2 * steps[s] / (SECOND / 10) + 3);
	}
}

static void two_seconds_apart_logins_differ_in_whole_seconds(void **state)
{
	struct machine *machine = *state;
	int64_t last = login(machine);

	set_clock(machine, -MINUTE);
	for (int i = 0; i < 50; i++) {
		pass(machine, 2 * SECOND);
		assert_true(login(machine) / SECOND > last / SECOND);
		last = machine->timeline.mark.time_ns;
	}
}

static void a_clock_that_was_quite_wrong_is_not_carried_on(void **state)
{
	struct machine *machine = *state;

	set_clock(machine, 86400 * SECOND);
	login(machine);
	pass(machine, SECOND);
	set_clock(machine, -86400 * SECOND);
	assert_int_equal(login(machine), clock_now(machine));
	assert_int_equal(machine->timeline.back, 1);
	pass(machine, SECOND);
	assert_int_equal(login(machine), clock_now(machine));
}

static void a_leap_second_reorders_nothing(void **state)
{
	struct machine *machine = *state;
	int64_t last = login(machine);

	for (int i = 0; i < 100; i++) {
		pass(machine, SECOND / 10);
		if (i == 50)
			set_clock(machine, -SECOND); /* 23:59:60, as the kernel does it */
		assert_true(login(machine) > last);
		last = machine->timeline.mark.time_ns;
	}
	assert_int_equal(last, clock_now(machine)); /* caught up */
}

/* The boot clock goes on while the machine sleeps. */
static void after_a_suspend_times_are_right(void **state)
{
	struct machine *machine = *state;

	login(machine);
	pass(machine, 8 * 3600 * SECOND);
	assert_int_equal(set_clock(machine, 0), 0);
	assert_int_equal(login(machine), clock_now(machine));
}

static void a_clock_that_is_slewed_takes_no_steps(void **state)
{
	struct machine *machine = *state;
	int64_t last = login(machine);

	for (int i = 0; i < 1000; i++) {
		pass(machine, SECOND);
		assert_int_equal(set_clock(machine, -SECOND / 2000), 0); /* 500 ppm */
		assert_true(login(machine) > last);
		last = machine->timeline.mark.time_ns;
		assert_int_equal(last, clock_now(machine));
	}
	assert_int_equal(machine->timeline.back, 0);
}

/* Two CPUs, or a login that waited for its authentication. */
static void a_stamp_that_comes_late_goes_before_the_last(void **state)
{
	struct machine *machine = *state;
	int64_t first = login(machine), third, second;

	pass(machine, 20 * SECOND);
	third = login(machine);
	pass(machine, -10 * SECOND);
	second = login(machine);
	assert_int_equal(second, clock_now(machine));
	assert_true(first < second && second < third);

	pass(machine, 11 * SECOND);
	set_clock(machine, -MINUTE);
	pass(machine, 10 * SECOND);
	first = third;
	third = login(machine);
	pass(machine, -SECOND);
	second = login(machine);
	assert_true(first < second && second < third);
}

static void reopen(struct machine *machine)
{
	const struct clock_offset offset = {.wall_minus_boot = machine->offset_ns};
	struct error error = {0};

	timeline_save(&machine->timeline);
	/* kill -9: nothing is released */
	timeline_init(&machine->timeline, &offset);
	if (timeline_remember(&machine->timeline, machine->path, &error) < 0)
		fail_msg("%s", error.text);
}

static void a_restart_forgets_no_time(void **state)
{
	struct machine *machine = *state;
	int64_t before;

	reopen(machine);
	before = login(machine);
	timeline_save(&machine->timeline);
	machine->offset_ns -= MINUTE; /* set back while nothing runs */
	reopen(machine);
	pass(machine, SECOND);
	assert_true(login(machine) > before);
	assert_true(login(machine) > clock_now(machine));
}

/* A clock without a battery, before NTP has set it: a little behind. */
static void nor_does_a_reboot(void **state)
{
	struct machine *machine = *state;
	char line[128];
	int64_t before;
	FILE *file;

	reopen(machine);
	before = login(machine);
	timeline_save(&machine->timeline);
	file = fopen(machine->path, "r+");
	assert_non_null(fgets(line, sizeof(line), file));
	line[2] = line[2] == '0' ? '1' : '0'; /* another boot id */
	rewind(file);
	fputs(line, file);
	assert_int_equal(fclose(file), 0);
	machine->boot_ns = clock_boot_ns() + SECOND;
	machine->offset_ns = before - MINUTE - machine->boot_ns;
	reopen(machine);
	assert_in_range(login(machine), before, before + MINUTE);
}

static void any_other_file_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"\n",
		"1",
		"1 \n",
		"garbage\n",
		"2 01234567-0123-0123-0123-0123456789ab 00000000000000000001 0000000000000000001\n",
		"1 01234567-0123-0123-0123-0123456789a 00000000000000000001 0000000000000000001\n",
		"1 01234567-0123-0123-0123-0123456789ab 00000000000000000001 -000000000000000001\n",
		"1 01234567-0123-0123-0123-0123456789ab 18446744073709551615 0000000000000000001\n",
		"1 01234567-0123-0123-0123-0123456789ab 00000000000000000001 0000000000000000001\nx",
	};
	struct timeline_mark mark;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(timeline_parse(slice_str(texts[i]), &mark));
}

static void what_is_written_can_be_read(void **state)
{
	const struct timeline_mark mark = {"01234567-0123-0123-0123-0123456789ab", 42,
					   START * SECOND};
	struct timeline_mark read;
	char line[128];
	size_t len = timeline_format(&mark, line, sizeof(line));

	(void)state;
	assert_true(timeline_parse((struct slice){line, len}, &read));
	assert_string_equal(read.boot_id, mark.boot_id);
	assert_int_equal(read.boot_ns, mark.boot_ns);
	assert_int_equal(read.time_ns, mark.time_ns);
}

int main(void)
{
#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		SCENARIO(a_clock_that_is_left_alone_is_followed),
		SCENARIO(a_step_forward_is_followed_at_once),
		SCENARIO(after_a_step_back_the_later_login_stays_the_newer),
		SCENARIO(two_seconds_apart_logins_differ_in_whole_seconds),
		SCENARIO(a_clock_that_was_quite_wrong_is_not_carried_on),
		SCENARIO(a_leap_second_reorders_nothing),
		SCENARIO(after_a_suspend_times_are_right),
		SCENARIO(a_clock_that_is_slewed_takes_no_steps),
		SCENARIO(a_stamp_that_comes_late_goes_before_the_last),
		SCENARIO(a_restart_forgets_no_time),
		SCENARIO(nor_does_a_reboot),
		SCENARIO(any_other_file_is_none),
		SCENARIO(what_is_written_can_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
