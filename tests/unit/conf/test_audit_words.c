/* SPDX-License-Identifier: MIT */
/* The words of the settings are the names that the published schema of the records has. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../cmocka_all.h"
#include "conf/audit_words.h"

/* From the top of the tree, where tests are started. */
#define SCHEMA "docs/audit.schema.json"

static bool is_in(const char *const *words, const char *word)
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

static size_t count(const char *const *words)
{
	size_t number = 0;

	while (words[number])
		number++;
	return number;
}

/* Each line that jq(1) prints is one of the words, but for the two others; returns how many. */
static size_t lines_are(const char *filter, const char *const *words, const char *const *others)
{
	char command[300], line[100];
	size_t lines = 0;
	FILE *jq;

	(void)snprintf(command, sizeof(command), "jq -r '%s' " SCHEMA, filter);
	jq = popen(command, "r");
	assert_non_null(jq);
	while (fgets(line, sizeof(line), jq)) {
		line[strcspn(line, "\n")] = '\0';
		if (is_in(others, line))
			continue;
		if (!is_in(words, line))
			fail_msg("'%s' of " SCHEMA " is no word", line);
		lines++;
	}
	assert_int_equal(pclose(jq), 0);
	return lines;
}

static void fields_are_those_of_the_schema(void **state)
{
	static const char *const in_every_record[] = {"version", "event", "time", NULL};

	(void)state;
	assert_int_equal(count(audit_field_words), AUDIT_FIELD_COUNT);
	assert_int_equal(lines_are(".properties | keys[] | sub(\"_hex$|_hash$\"; \"\")",
				   audit_field_words, in_every_record) >= AUDIT_FIELD_COUNT,
			 1);
}

static void events_are_those_of_the_schema(void **state)
{
	static const char *const none[] = {NULL};

	(void)state;
	assert_int_equal(lines_are(".properties.event.enum[]", audit_event_words, none),
			 count(audit_event_words));
}

static void each_number_has_its_word(void **state)
{
	(void)state;
	assert_string_equal(audit_field_words[AUDIT_FIELD_USER], "user");
	assert_string_equal(audit_field_words[AUDIT_FIELD_REAL_LOCAL_PORT], "real_local_port");
	assert_string_equal(audit_field_words[AUDIT_FIELD_CONTAINER_ID], "container_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_those_of_the_schema),
		cmocka_unit_test(events_are_those_of_the_schema),
		cmocka_unit_test(each_number_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
