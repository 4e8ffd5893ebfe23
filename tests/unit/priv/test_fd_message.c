/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/fd_message.h"

static int ends[2];

static int set_up(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static int tear_down(void **state)
{
	(void)state;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

/* The next descriptor that would be made: what leaks shows here. */
static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static bool same_file(int a, int b)
{
	struct stat of_a, of_b;

	return fstat(a, &of_a) == 0 && fstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
	       of_a.st_dev == of_b.st_dev;
}

static void descriptors_come_over_in_their_order(void **state)
{
	char message[6] = "hello", got[6] = "";
	int sent[FD_MESSAGE_MAX], fds[FD_MESSAGE_MAX];
	size_t count = 0;

	(void)state;
	for (int i = 0; i < FD_MESSAGE_MAX; i += 2)
		assert_int_equal(pipe2(&sent[i], O_CLOEXEC), 0);
	assert_int_equal(fd_message_send(ends[0], message, sizeof(message), sent, FD_MESSAGE_MAX),
			 0);
	assert_int_equal(fd_message_receive(ends[1], got, sizeof(got), fds, &count), 1);
	assert_string_equal(got, "hello");
	assert_int_equal(count, FD_MESSAGE_MAX);
	for (size_t i = 0; i < count; i++) {
		assert_true(same_file(fds[i], sent[i]));
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		close(fds[i]);
		close(sent[i]);
	}
}

static void a_message_may_have_none(void **state)
{
	char got[3];
	int fds[FD_MESSAGE_MAX];
	size_t count = 7;

	(void)state;
	assert_int_equal(fd_message_send(ends[0], "abc", 3, NULL, 0), 0);
	assert_int_equal(fd_message_receive(ends[1], got, sizeof(got), fds, &count), 1);
	assert_int_equal(count, 0);
	assert_memory_equal(got, "abc", 3);
}

static void another_size_is_refused_and_nothing_kept(void **state)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), before = next_fd();
	int fds[FD_MESSAGE_MAX] = {null, null};
	char got[4];
	size_t count = 7;

	(void)state;
	assert_int_equal(fd_message_send(ends[0], "abc", 3, fds, 2), 0);
	assert_int_equal(fd_message_receive(ends[1], got, 4, fds, &count), -EPROTO);
	assert_int_equal(next_fd(), before);
	assert_int_equal(fd_message_send(ends[0], "abcde", 5, &null, 1), 0);
	assert_int_equal(fd_message_receive(ends[1], got, 4, fds, &count), -EPROTO);
	assert_int_equal(next_fd(), before);
	assert_int_equal(count, 7);
	close(null);
}

/* More descriptors than anybody of ours sends. */
static void too_many_descriptors_are_refused_and_nothing_kept(void **state)
{
	union {
		char bytes[CMSG_SPACE((FD_MESSAGE_MAX + 1) * sizeof(int))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN((FD_MESSAGE_MAX + 1) * sizeof(int))}};
	char bytes[] = "abc";
	struct iovec text = {bytes, 3};
	const struct msghdr header = {.msg_iov = &text,
				      .msg_iovlen = 1,
				      .msg_control = &control,
				      .msg_controllen = sizeof(control.bytes)};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), before = next_fd();
	int fds[FD_MESSAGE_MAX];
	char got[3];
	size_t count;

	(void)state;
	for (int i = 0; i <= FD_MESSAGE_MAX; i++)
		memcpy(CMSG_DATA(&control.header) + (size_t)i * sizeof(int), &null, sizeof(int));
	assert_int_equal(sendmsg(ends[0], &header, 0), 3);
	assert_int_equal(fd_message_receive(ends[1], got, sizeof(got), fds, &count), -EPROTO);
	assert_int_equal(next_fd(), before);
	close(null);
}

static void the_end_is_the_end(void **state)
{
	char got[3];
	int fds[FD_MESSAGE_MAX];
	size_t count;

	(void)state;
	close(ends[0]);
	assert_int_equal(fd_message_receive(ends[1], got, sizeof(got), fds, &count), 0);
	assert_int_equal(fd_message_send(ends[1], "abc", 3, NULL, 0), -EPIPE); /* and no signal */
	ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void a_socket_that_does_not_wait_says_so(void **state)
{
	char got[3], big[1000] = "";
	int fds[FD_MESSAGE_MAX], ret = 0;
	size_t count;

	(void)state;
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fd_message_receive(ends[0], got, sizeof(got), fds, &count), -EAGAIN);
	for (int i = 0; i < 100000 && ret == 0; i++)
		ret = fd_message_send(ends[0], big, sizeof(big), NULL, 0);
	assert_int_equal(ret, -EAGAIN);
	assert_int_equal(fd_message_receive(-1, got, sizeof(got), fds, &count), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors_come_over_in_their_order, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_message_may_have_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_size_is_refused_and_nothing_kept, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(too_many_descriptors_are_refused_and_nothing_kept,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_end_is_the_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_socket_that_does_not_wait_says_so, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
