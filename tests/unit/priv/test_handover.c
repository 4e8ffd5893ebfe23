/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/fd_message.h"
#include "priv/handover.h"

static int pair[2];

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
	(void)state;
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* A descriptor that can be told from others: a pipe's number stays the same in whoever has it. */
static int open_one(void)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[1]);
	return fds[0];
}

static ino_t number_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void same_file(int a, int b)
{
	assert_int_not_equal(a, b);
	assert_int_equal(number_of(a), number_of(b));
	assert_int_equal(fcntl(b, F_GETFD), FD_CLOEXEC);
	close(a);
	close(b);
}

static struct handover example(bool with_lock)
{
	struct handover handover = {
		.fds = {.ring = open_one(),
			.counters = open_one(),
			.accounts = open_one(),
			.configuration = open_one(),
			.lock = with_lock ? open_one() : -1,
			.old = {open_one(), open_one()},
			.old_count = 2,
			.ids = {.ring = 11, .counters = 12, .old = {13, 14}},
			.inherited = true},
		.user = {.name = "somebody", .uid = 5, .gid = 6},
		.attacher = getpid(),
		.watchdog_ns = 7,
	};

	return handover;
}

static void comes_over(bool with_lock)
{
	const struct handover sent = example(with_lock);
	struct handover got;

	assert_int_equal(handover_send(pair[0], &sent), 0);
	assert_int_equal(handover_receive(pair[1], &got, NULL), 0);
	assert_int_equal(got.fds.peer, pair[1]);
	assert_int_equal(got.fds.old_count, 2);
	assert_memory_equal(&got.fds.ids, &sent.fds.ids, sizeof(sent.fds.ids));
	assert_true(got.fds.inherited);
	assert_string_equal(got.user.name, "somebody");
	assert_int_equal(got.user.uid, 5);
	assert_int_equal(got.user.gid, 6);
	assert_int_equal(got.attacher, getpid());
	assert_int_equal(got.watchdog_ns, 7);
	assert_false(got.no_sandbox);
	same_file(sent.fds.ring, got.fds.ring);
	same_file(sent.fds.counters, got.fds.counters);
	same_file(sent.fds.accounts, got.fds.accounts);
	same_file(sent.fds.configuration, got.fds.configuration);
	same_file(sent.fds.old[0], got.fds.old[0]);
	same_file(sent.fds.old[1], got.fds.old[1]);
	if (with_lock)
		same_file(sent.fds.lock, got.fds.lock);
	else
		assert_int_equal(got.fds.lock, -1);
}

static void each_descriptor_comes_to_its_place(void **state)
{
	(void)state;
	comes_over(true);
	comes_over(false);
}

static void receive_fails(int code)
{
	struct handover got;
	struct error error = {0};

	assert_int_equal(handover_receive(pair[1], &got, &error), -code);
	assert_int_equal(error.code, code);
}

static void anything_else_is_refused(void **state)
{
	char other[] = "hello";

	(void)state;
	assert_int_equal(fd_message_send(pair[0], other, sizeof(other), NULL, 0), 0);
	receive_fails(EPROTO);
}

static void an_attacher_that_is_gone_is_noticed(void **state)
{
	(void)state;
	shutdown(pair[0], SHUT_RDWR);
	receive_fails(EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_descriptor_comes_to_its_place, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(anything_else_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_attacher_that_is_gone_is_noticed, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
