/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/proto.h"

static int pair[2];

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair);
}

static int tear_down(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static const struct priv_message attached = {
	.version = PRIV_PROTO_VERSION,
	.type = PRIV_ATTACHED,
	.role = PRIV_ROLE_AUTH,
	.links = 7,
	.inode = 1234567890123ULL,
	.abi = "2.4.ABIv1",
	.symbol = "auth_request_finished_event",
	.path = "/proc/1/root/usr/lib/dovecot/auth",
};

static void test_a_message_arrives_whole(void **state)
{
	struct priv_message message;

	(void)state;
	assert_int_equal(priv_send(pair[0], &attached), 0);
	assert_int_equal(priv_receive(pair[1], &message), 1);
	assert_memory_equal(&message, &attached, sizeof(message));
	assert_int_equal(priv_receive(pair[1], &message), -EAGAIN);
}

static void test_the_end_of_the_other_side_is_reported(void **state)
{
	struct priv_message message;

	(void)state;
	assert_int_equal(priv_send(pair[0], &attached), 0);
	close(pair[0]);
	assert_int_equal(priv_receive(pair[1], &message), 1);
	assert_int_equal(priv_receive(pair[1], &message), 0);
	assert_int_equal(priv_send(pair[1], &attached), -EPIPE); /* and no signal */
	pair[0] = -1;
}

static void test_a_reader_that_sleeps_does_not_block_the_sender(void **state)
{
	int err = 0;

	(void)state;
	for (int i = 0; i < 100000 && err == 0; i++)
		err = priv_send(pair[0], &attached);
	assert_int_equal(err, -EAGAIN);
}

static void test_another_size_or_version_is_refused(void **state)
{
	char large[sizeof(struct priv_message) + 1] = {0};
	struct priv_message message = attached;

	(void)state;
	memcpy(large, &attached, sizeof(attached));
	assert_int_equal(send(pair[0], large, sizeof(large) - 2, 0), sizeof(large) - 2);
	assert_int_equal(priv_receive(pair[1], &message), -EPROTO);
	assert_int_equal(send(pair[0], large, sizeof(large), 0), sizeof(large));
	assert_int_equal(priv_receive(pair[1], &message), -EPROTO);
	message.version++;
	assert_int_equal(priv_send(pair[0], &message), 0);
	assert_int_equal(priv_receive(pair[1], &message), -EPROTO);
}

static void test_texts_are_terminated_whatever_was_sent(void **state)
{
	struct priv_message message;

	(void)state;
	memset(&message, 'x', sizeof(message));
	message.version = PRIV_PROTO_VERSION;
	assert_int_equal(priv_send(pair[0], &message), 0);
	assert_int_equal(priv_receive(pair[1], &message), 1);
	assert_int_equal(strlen(message.abi), sizeof(message.abi) - 1);
	assert_int_equal(strlen(message.symbol), sizeof(message.symbol) - 1);
	assert_int_equal(strlen(message.path), sizeof(message.path) - 1);
	assert_int_equal(strlen(message.reason), sizeof(message.reason) - 1);
}

static void test_roles_have_names(void **state)
{
	(void)state;
	assert_string_equal(priv_role_name(PRIV_ROLE_MAIL_USER), "mail_user");
	assert_string_equal(priv_role_name(PRIV_ROLE_AUTH), "auth");
	assert_string_equal(priv_role_name(PRIV_ROLE_PROXY), "proxy");
	assert_string_equal(priv_role_name(0), "unknown");
	assert_string_equal(priv_role_name(PRIV_ROLE_END), "unknown");
}

static void test_reasons_have_names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PRIV_REFUSAL_COUNT; i++)
		assert_non_null(priv_refusal_name(i));
	assert_string_equal(priv_refusal_name(PRIV_REFUSAL_NO_FUNCTION), "no_function");
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(test_a_message_arrives_whole),
		SCENARIO(test_the_end_of_the_other_side_is_reported),
		SCENARIO(test_a_reader_that_sleeps_does_not_block_the_sender),
		SCENARIO(test_another_size_or_version_is_refused),
		SCENARIO(test_texts_are_terminated_whatever_was_sent),
		SCENARIO(test_roles_have_names),
		SCENARIO(test_reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
