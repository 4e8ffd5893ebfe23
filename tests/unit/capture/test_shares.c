/* SPDX-License-Identifier: MIT */
/* How many lines the log has of what was dropped. */
#include <stdio.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "capture/shares.h"

static uint64_t map[2 * DOVETAP_COUNTER_STRIDE];
static const struct counters counters = {.map = map, .bytes = sizeof(map), .cpus = 1};
static struct shares shares;
static char printed[4096];

static uint64_t *counter(enum dovetap_counter counter)
{
	return &map[DOVETAP_COUNTER_STRIDE + counter];
}

static const char *log_of(void (*story)(void))
{
	FILE *file = tmpfile();
	int old = dup(2);

	assert_non_null(file);
	memset(map, 0, sizeof(map));
	shares = (struct shares){.next_ns = {0}};
	assert_int_equal(dup2(fileno(file), 2), 2);
	story();
	(void)fflush(stderr);
	assert_int_equal(dup2(old, 2), 2);
	close(old);
	rewind(file);
	printed[fread(printed, 1, sizeof(printed) - 1, file)] = '\0';
	(void)fclose(file);
	return printed;
}

static unsigned int lines(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void quiet(void)
{
	*counter(DOVETAP_COUNT_BUDGET_USER) = 7;
	shares_begin(&shares, &counters);
	shares_look(&shares, &counters, 1);
}

static void what_was_before_is_not_logged(void **state)
{
	(void)state;
	assert_string_equal(log_of(quiet), "");
}

static void a_minute(void)
{
	for (int64_t second = 0; second <= 60; second++) {
		*counter(DOVETAP_COUNT_BUDGET_UNRELATED) += 100;
		shares_look(&shares, &counters, second * SHARES_NS / 60);
	}
}

static void a_minute_is_two_lines_with_all_of_them(void **state)
{
	const char *text = log_of(a_minute);

	(void)state;
	assert_int_equal(lines(text), 2);
	assert_non_null(strstr(text, "warning: 100 records"));
	assert_non_null(strstr(text, "warning: 6000 records"));
	assert_non_null(strstr(text, "budget_unrelated"));
}

static void all_classes(void)
{
	*counter(DOVETAP_COUNT_BUDGET_DOVECOT) = 1;
	*counter(DOVETAP_COUNT_BUDGET_USER) = 1;
	*counter(DOVETAP_COUNT_BUDGET_UNRELATED) = 1;
	*counter(DOVETAP_COUNT_RING_FULL) = 1;
	shares_look(&shares, &counters, 1);
}

static void each_class_has_a_line(void **state)
{
	(void)state;
	assert_int_equal(lines(log_of(all_classes)), SHARES_CLASSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_before_is_not_logged),
		cmocka_unit_test(a_minute_is_two_lines_with_all_of_them),
		cmocka_unit_test(each_class_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
