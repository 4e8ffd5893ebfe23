/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/memfile.h"
#include "priv/fd_message.h"
#include "priv/reload.h"

static int attacher, resolver; /* their ends */

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	attacher = pair[0];
	resolver = pair[1];
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(attacher);
	close(resolver);
	return 0;
}

static int make(const char *content)
{
	int fd = memfile_make("test", slice_str(content), NULL);

	assert_true(fd >= 0);
	return fd;
}

static void has(int fd, const char *content)
{
	struct slice got;

	assert_int_equal(memfile_map(fd, 100, &got, NULL), 0);
	assert_true(slice_is(got, content));
	memfile_unmap(&got);
	close(fd);
}

static void a_configuration_goes_each_way(void **state)
{
	int old = make("old"), new = make("new");

	(void)state;
	assert_int_equal(reload_request(attacher, old), 0);
	has(reload_take_request(resolver, NULL), "old");
	assert_int_equal(reload_answer(resolver, new, NULL), 0);
	has(reload_take_answer(attacher, NULL), "new");
	close(old);
	close(new);
}

static void answer_is(int code, const char *text)
{
	struct error error = {0};

	assert_int_equal(reload_take_answer(attacher, &error), -code);
	assert_string_equal(error.text, text);
}

static void a_refusal_comes_with_its_reason(void **state)
{
	struct error why;

	(void)state;
	error_set(&why, EINVAL, "file:3: wrong");
	assert_int_equal(reload_answer(resolver, -1, &why), 0);
	answer_is(EINVAL, "file:3: wrong");
}

static void a_resolver_that_dies_is_noticed(void **state)
{
	(void)state;
	shutdown(resolver, SHUT_RDWR);
	answer_is(EPIPE, "the resolver ended without an answer");
}

static void a_message_of_the_other_side_is_refused(void **state)
{
	int fd = make("x");
	struct error error;

	(void)state;
	assert_int_equal(reload_request(resolver, fd), 0);
	answer_is(EPROTO, "the resolver's answer: Protocol error");
	assert_int_equal(reload_answer(attacher, fd, NULL), 0);
	assert_int_equal(reload_take_request(resolver, &error), -EPROTO);
	close(fd);
}

static void any_other_message_is_refused(void **state)
{
	(void)state;
	assert_int_equal(fd_message_send(resolver, "hello", 5, &resolver, 1), 0);
	answer_is(EPROTO, "the resolver's answer: Protocol error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_configuration_goes_each_way, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refusal_comes_with_its_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_resolver_that_dies_is_noticed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_message_of_the_other_side_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(any_other_message_is_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
