/* SPDX-License-Identifier: MIT */
/* A running collector is asked by its control socket to forget users. */
#include <sys/stat.h>
#include <sysexits.h>

#include "collector_case.h"
#include "pipeline/removed.h"

#define JOBS_MAX                                                                                   \
	64 /* of collector_forget.c: asked for, and nobody has fetched what became of them */

static char printed[1 << 16];

static const char *request(const struct running *it, const char *method, const char *of)
{
	static char text[1 << 16];
	int fd = listen_connect(it->control, NULL);
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s /forget?of=%s HTTP/1.0\r\nHost: localhost\r\n\r\n", method,
			    of) > 0);
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fd);
	return text;
}

static void expect_status(const char *answer, const char *status)
{
	if (strncmp(answer + strlen("HTTP/1.1 "), status, 3) != 0)
		fail_msg("'%s' instead of %s", answer, status);
}

static const char *body_of(const char *answer)
{
	const char *end = strstr(answer, "\r\n\r\n");

	expect_status(answer, "200");
	assert_non_null(end);
	return end + 4;
}

static unsigned long begin(const struct running *it, const char *user)
{
	return strtoul(body_of(request(it, "POST", user)), NULL, 10);
}

/* What it prints once it is done, to be valid until the next request. */
static const char *result_of(const struct running *it, unsigned long number)
{
	int64_t deadline = clock_monotonic_ns() + LONG_NS;
	char of[32];
	const char *body;

	snprintf(of, sizeof(of), "%lu", number);
	while (strcmp(body = body_of(request(it, "GET", of)), "running\n") == 0) {
		assert_true(clock_monotonic_ns() < deadline);
		usleep(2000);
	}
	return body;
}

static void end(struct running *it)
{
	assert_int_equal(kill(it->pid, SIGTERM), 0);
	assert_int_equal(running_end(it, printed, sizeof(printed)), EX_OK);
	(void)unlink("dict");
	(void)unlink("mirror");
}

static void each_dict_loses_the_user_and_nobody_else(void **state)
{
	char settings[400];
	struct running *it;
	unsigned long number;

	(void)state;
	snprintf(settings, sizeof(settings), "mirror_dicts = file:%s/mirror", folder);
	it = running_start(settings);
	running_login(it, "gone@x");
	running_login(it, "stays@x");
	wait_for_file("dict", "shared/last/stays@x\n");
	wait_for_file("mirror", "shared/last/stays@x\n");
	number = begin(it, "gone@x");
	assert_string_equal(result_of(it, number), "done\nfile (t.conf:2)\t1\t0\t0\t\n"
						   "file (mirror_dicts)\t1\t0\t0\t\n");
	assert_false(file_has("dict", "gone@x"));
	assert_false(file_has("mirror", "gone@x"));
	assert_true(file_has("dict", "stays@x"));
	assert_true(file_has("mirror", "stays@x"));
	number = begin(it, "gone@x");
	assert_string_equal(result_of(it, number), "done\nfile (t.conf:2)\t0\t0\t0\t\n"
						   "file (mirror_dicts)\t0\t0\t0\t\n");
	running_login(it, "gone@x"); /* recorded again */
	wait_for_file("dict", "shared/last/gone@x\n");
	end(it);
}

static void an_answer_is_given_once(void **state)
{
	struct running *it = running_start("");
	unsigned long number = begin(it, "a@x");

	(void)state;
	assert_int_equal(begin(it, "b@x"), number + 1);
	result_of(it, number + 1);
	result_of(it, number);
	expect_status(request(it, "GET", "1"), "400");
	expect_status(request(it, "GET", "2"), "400");
	end(it);
}

static void what_is_no_name_and_no_number_is_refused(void **state)
{
	static const char *const numbers[] = {
		"",
		"0",
		"x",
		"1000",
		"11111111111111111111111",
		"1111111111111111111111111111111111111111111111111111111111111111"};
	struct running *it = running_start("");

	(void)state;
	expect_status(request(it, "POST", ""), "400");
	assert_int_equal(begin(it, "a@x"), 1);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		expect_status(request(it, "GET", numbers[i]), "400");
	result_of(it, 1);
	end(it);
}

/* Who asks and does not come back takes no place from others: the oldest answer goes. */
static void the_oldest_answer_makes_room(void **state)
{
	struct running *it = running_start("");
	char user[32], number[32];

	(void)state;
	for (unsigned long i = 1; i <= JOBS_MAX; i++) {
		snprintf(user, sizeof(user), "u%lu@x", i);
		assert_int_equal(begin(it, user), i);
	}
	result_of(it, JOBS_MAX); /* the last one is done, and so are those before it */
	assert_int_equal(begin(it, "last@x"), JOBS_MAX + 1);
	assert_int_equal(begin(it, "more@x"), JOBS_MAX + 2);
	expect_status(request(it, "GET", "1"), "400");
	for (unsigned long i = 2; i < JOBS_MAX; i += 20) {
		snprintf(number, sizeof(number), "%lu", i);
		expect_status(request(it, "GET", number), "200");
	}
	result_of(it, JOBS_MAX + 1);
	result_of(it, JOBS_MAX + 2);
	end(it);
}

/* Whoever asks, and whatever its case. */
static void who_is_forgotten_is_noted_first(void **state)
{
	struct running *it = running_start("");
	struct removed removed;

	(void)state;
	begin(it, "Noted@X");
	assert_int_equal(removed_read(&removed, folder, NULL), 0);
	assert_int_not_equal(removed_user(&removed, it->plan, slice_str("noted@x")), 0);
	removed_release(&removed);
	end(it);
}

static void who_cannot_be_noted_is_not_forgotten(void **state)
{
	struct running *it = running_start("");
	char path[300];

	(void)state;
	snprintf(path, sizeof(path), "%s/removed", folder);
	(void)unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	running_login(it, "stays@x");
	wait_for_file("dict", "shared/last/stays@x\n");
	expect_status(request(it, "POST", "stays@x"), "400");
	wait_for_file("dict", "shared/last/stays@x\n");
	assert_int_equal(rmdir(path), 0);
	end(it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_dict_loses_the_user_and_nobody_else),
		cmocka_unit_test(an_answer_is_given_once),
		cmocka_unit_test(what_is_no_name_and_no_number_is_refused),
		cmocka_unit_test(the_oldest_answer_makes_room),
		cmocka_unit_test(who_is_forgotten_is_noted_first),
		cmocka_unit_test(who_cannot_be_noted_is_not_forgotten),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
