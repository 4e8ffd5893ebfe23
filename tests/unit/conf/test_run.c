/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "conf/run.h"

#define LONG_MS 60000

struct result {
	struct buf out, err;
	struct error error;
	int ret;
};

static struct result run(const char *script, int timeout_ms)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};
	struct result result = {.error = {0}};

	buf_init(&result.out, 1000);
	buf_init(&result.err, 100);
	result.ret = conf_run(argv, timeout_ms, &result.out, &result.err, &result.error);
	return result;
}

static void release(struct result *result)
{
	buf_release(&result->out);
	buf_release(&result->err);
}

static void expect(const char *script, int ret, const char *out, const char *text)
{
	int before = open("/dev/null", O_RDONLY), after;
	struct result result;

	close(before);
	result = run(script, LONG_MS);
	assert_int_equal(result.ret, ret);
	if (out)
		assert_string_equal(buf_str(&result.out), out);
	if (text)
		assert_string_equal(result.error.text, text);
	release(&result);
	after = open("/dev/null", O_RDONLY);
	close(after);
	assert_int_equal(after, before); /* no descriptor is left */
}

static void output_is_kept(void **state)
{
	(void)state;
	expect("echo one; echo two", 0, "one\ntwo\n", NULL);
	expect("printf ''", 0, "", NULL);
}

static void there_is_no_input_and_a_plain_environment(void **state)
{
	(void)state;
	setenv("DOVETAP_SECRET", "x", 1);
	expect("cat; echo \"<$DOVETAP_SECRET$LC_ALL>\"", 0, "<C>\n", NULL);
	unsetenv("DOVETAP_SECRET");
}

static void a_failure_has_its_last_words(void **state)
{
	(void)state;
	expect("echo first >&2; echo last >&2; echo >&2; exit 3", -EIO, NULL,
	       "/bin/sh ended with status 3: last");
	expect("exit 1", -EIO, NULL, "/bin/sh ended with status 1: ");
	expect("kill -9 $$", -EIO, NULL, "/bin/sh ended with signal 9: ");
}

static void output_has_a_ceiling_and_errors_are_cut(void **state)
{
	(void)state;
	expect("head -c 1000 /dev/zero | tr '\\0' a", 0, NULL, NULL);
	expect("head -c 1001 /dev/zero | tr '\\0' a", -E2BIG, NULL,
	       "/bin/sh printed more than 1000 bytes");
	expect("head -c 5000 /dev/zero >&2; echo x", 0, "x\n", NULL);
}

static void a_program_that_does_not_end_is_killed(void **state)
{
	struct result result = run("exec sleep 1000", 50);

	(void)state;
	assert_int_equal(result.ret, -ETIMEDOUT);
	assert_string_equal(result.error.text, "/bin/sh did not end in time");
	release(&result);
}

static void a_program_that_is_not_there_is_named(void **state)
{
	const char *const argv[] = {"/no/such/program", NULL};
	struct result result = {.error = {0}};

	(void)state;
	buf_init(&result.out, 10);
	buf_init(&result.err, 10);
	assert_int_equal(conf_run(argv, LONG_MS, &result.out, &result.err, &result.error), -ENOENT);
	assert_string_equal(result.error.text,
			    "cannot run /no/such/program: No such file or directory");
	release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_is_kept),
		cmocka_unit_test(there_is_no_input_and_a_plain_environment),
		cmocka_unit_test(a_failure_has_its_last_words),
		cmocka_unit_test(output_has_a_ceiling_and_errors_are_cut),
		cmocka_unit_test(a_program_that_does_not_end_is_killed),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
