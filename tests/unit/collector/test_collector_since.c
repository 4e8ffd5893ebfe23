/* SPDX-License-Identifier: MIT */
/* Since when logins are recorded: noted once the first search is over, and at the end,
 * while every Dovecot is watched. */
#include "collector_case.h"

static char printed[1 << 16];

static void end(struct running *it)
{
	assert_int_equal(kill(it->pid, SIGTERM), 0);
	assert_int_equal(running_end(it, printed, sizeof(printed)), 0);
}

static void before_the_first_search_nobody_is_sure(void **state)
{
	(void)state;
	end(running_start(""));
	assert_int_equal(access("since", F_OK), -1);
}

static void after_it_the_services_have_their_time(void **state)
{
	const struct priv_message done = {.version = PRIV_PROTO_VERSION,
					  .type = PRIV_INITIAL_SCAN_DONE};
	struct running *it = running_start("");
	long long before = clock_wall_ns(), from, seen;
	unsigned long long mark;
	char service[64];
	FILE *file;

	(void)state;
	assert_int_equal(priv_send(it->peer, &done), 0);
	wait_for_file("since", "\n");
	end(it);
	file = fopen("since", "r");
	assert_non_null(file);
	assert_int_equal(
		fscanf(file, "dovetap-since 1\n%llx %63s %lld %lld", &mark, service, &from, &seen),
		4);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(service, "imap");
	assert_true(from >= before && from <= clock_wall_ns());
	assert_true(seen > from); /* it was written once more at the end */
	assert_null(strstr(printed, "not remembered"));
	assert_int_equal(unlink("since"), 0);
}

static void read_text(const char *name, char *text, size_t size)
{
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	assert_int_equal(fclose(file), 0);
}

static int count(const char *text, const char *word)
{
	int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

/* A state that cannot be read, and one that cannot be written: logins are recorded all the same,
 * and that is reported once. */
static void a_state_that_is_none_is_reported_once(void **state)
{
	const struct priv_message done = {.version = PRIV_PROTO_VERSION,
					  .type = PRIV_INITIAL_SCAN_DONE};

	(void)state;
	for (int unwritable = 0; unwritable < 2; unwritable++) {
		struct running *it;

		assert_int_equal(mkdir(unwritable ? "since.new" : "since", 0700), 0);
		it = running_start("");
		assert_int_equal(priv_send(it->peer, &done), 0);
		running_login(it, "a@x");
		wait_for_file("dict", "shared/last/a@x\n");
		end(it);
		assert_int_equal(count(printed, "is not remembered: "), 1);
		assert_non_null(strstr(printed, "directory"));
		assert_int_equal(rmdir(unwritable ? "since.new" : "since"), 0);
		assert_int_equal(unlink("dict"), 0);
	}
}

/* --- while a Dovecot is not watched ----------------------------------------------------------- */

#define OF_COUNT(member) offsetof(struct priv_message, member)

static const size_t counts[] = {OF_COUNT(refused), OF_COUNT(unseen)};

/* Sends how many are not watched, and waits until that has arrived. */
static void report(const struct running *it, size_t place, uint32_t number, unsigned int stamp)
{
	struct priv_message message = {
		.version = PRIV_PROTO_VERSION, .type = PRIV_INITIAL_SCAN_DONE, .stalled = stamp};
	char line[64];

	memcpy((char *)&message + place, &number, sizeof(number));
	(void)snprintf(line, sizeof(line), "\ndovetap_places_stalled %u\n", stamp);
	assert_int_equal(priv_send(it->peer, &message), 0);
	wait_for_answer(it->control, "/metrics", line);
}

static void while_one_is_not_watched_nothing_begins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct running *it = running_start("");

		report(it, counts[i], 1, 7);
		end(it);
		assert_int_equal(access("since", F_OK), -1);
		assert_int_equal(count(printed, "not every Dovecot is watched"), 1);
		it = running_start("");
		report(it, counts[i], 2, 7);
		report(it, counts[i], 0, 8);
		wait_for_file("since", "\n");
		end(it);
		assert_int_equal(unlink("since"), 0);
	}
}

static void nor_does_it_go_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct running *it = running_start("");
		char before[200] = "", after[200] = "";

		report(it, counts[i], 0, 7);
		wait_for_file("since", "\n");
		read_text("since", before, sizeof(before));
		report(it, counts[i], 1, 8);
		end(it);
		read_text("since", after, sizeof(after));
		assert_string_equal(after, before);
		assert_int_equal(unlink("since"), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_first_search_nobody_is_sure),
		cmocka_unit_test(after_it_the_services_have_their_time),
		cmocka_unit_test(a_state_that_is_none_is_reported_once),
		cmocka_unit_test(while_one_is_not_watched_nothing_begins),
		cmocka_unit_test(nor_does_it_go_on),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
