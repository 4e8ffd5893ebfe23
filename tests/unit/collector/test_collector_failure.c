/* SPDX-License-Identifier: MIT */
#include <sysexits.h>

#include "../cmocka_all.h"
#include "collector/collector_private.h"

static void what_may_pass_is_a_shortage(void **state)
{
	(void)state;
	assert_true(collector_is_shortage(ENOMEM));
	assert_true(collector_is_shortage(EAGAIN));
	assert_true(collector_is_shortage(EMFILE));
	assert_true(collector_is_shortage(ENFILE));
	assert_false(collector_is_shortage(EINVAL));
	assert_false(collector_is_shortage(EACCES));
	assert_false(collector_is_shortage(EPROTO));
	assert_false(collector_is_shortage(0));
}

static void fail_now(struct loop *loop, void *context)
{
	struct collector *c = context;
	struct error error;

	(void)loop;
	error_set(&error, c->status, "for the test");
	collector_fail(c, &error);
}

/* The status of a collector whose loop ends with that error. */
static int status_after(int code)
{
	struct collector c = {.status = code};
	struct loop_watch *timer;

	assert_int_equal(loop_new(&c.loop, NULL), 0);
	assert_int_equal(loop_add_timer(c.loop, fail_now, &c, &timer, NULL), 0);
	loop_timer_set(timer, 1, 0);
	assert_int_equal(loop_run(c.loop, NULL), 0);
	loop_free(&c.loop);
	return c.status;
}

static void a_failure_ends_the_loop_with_its_status(void **state)
{
	(void)state;
	assert_int_equal(status_after(ENOMEM), EX_TEMPFAIL);
	assert_int_equal(status_after(EIO), EX_SOFTWARE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_pass_is_a_shortage),
		cmocka_unit_test(a_failure_ends_the_loop_with_its_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
