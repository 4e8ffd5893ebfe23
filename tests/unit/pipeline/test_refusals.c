/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "pipeline/refusals.h"

static struct refusals refusals;
static char printed[4096];

static void note(enum origin_verdict verdict, int64_t now_ns)
{
	struct login login = {.uid = 1000, .pid = 5};

	(void)snprintf(login.process.exe, sizeof(login.process.exe), "forger");
	refusals_note(&refusals, verdict, &login, now_ns);
}

/* What the log has of a minute's refusals, and those behind it. */
static const char *log_of(void (*notes)(void))
{
	FILE *file = tmpfile();
	int old = dup(2);

	assert_non_null(file);
	refusals = (struct refusals){0};
	assert_int_equal(dup2(fileno(file), 2), 2);
	notes();
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

static void a_flood(void)
{
	for (int64_t i = 0; i < 1000; i++)
		note(ORIGIN_UNRELATED, i);
	note(ORIGIN_UNRELATED, REFUSALS_NS);
}

static void a_flood_is_two_lines(void **state)
{
	const char *text = log_of(a_flood);

	(void)state;
	assert_int_equal(lines(text), 2);
	assert_non_null(strstr(text, "forger (uid 1000)"));
	assert_non_null(strstr(text, "and 999 before it"));
}

static void two_reasons(void)
{
	note(ORIGIN_UNRELATED, 0);
	note(ORIGIN_OTHER_USER, 0);
	note(ORIGIN_USER_MASTER, 0);
	note(ORIGIN_UNPROVED, 0);
}

static void each_reason_has_a_line(void **state)
{
	(void)state;
	assert_int_equal(lines(log_of(two_reasons)), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_is_two_lines),
		cmocka_unit_test(each_reason_has_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
