/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/memory_trim.h"

/* Of files, resident: code and constants that have been used. */
static long file_pages(void)
{
	long kib = -1;
	char line[200];
	FILE *file = fopen("/proc/self/status", "r");

	assert_non_null(file);
	while (kib < 0 && fgets(line, sizeof(line), file))
		(void)sscanf(line, "RssFile: %ld", &kib);
	assert_int_equal(fclose(file), 0);
	return kib;
}

static char written[3 * 4096] = "before";
static const char constant[3 * 4096] = "constant";

static void code_and_constants_are_given_back(void **state)
{
	long before = file_pages();

	(void)state;
	assert_true(before > 500);
	memory_trim();
	assert_true(file_pages() < before / 2 + 500);
}

static void all_goes_on_as_it_was(void **state)
{
	char *heap = malloc(100000);
	char text[40];

	(void)state;
	memset(heap, 'h', 100000);
	(void)snprintf(written, sizeof(written), "after");
	written[2 * 4096] = 'x';
	for (int i = 0; i < 3; i++) {
		memory_trim();
		assert_string_equal(written, "after");
		assert_int_equal(written[2 * 4096], 'x');
		assert_string_equal(constant, "constant");
		assert_int_equal(heap[99999], 'h');
		(void)snprintf(text, sizeof(text), "%d %s", i, getenv("PATH") ? "set" : "unset");
		assert_int_equal(text[0], '0' + i);
	}
	free(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_and_constants_are_given_back),
		cmocka_unit_test(all_goes_on_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
