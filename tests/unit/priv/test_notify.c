/* SPDX-License-Identifier: MIT */
/* The datagrams as sd_notify(3) describes them, at a socket that plays the service manager's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "priv/notify.h"

static char dir[] = "/tmp/test-notify.XXXXXX", path[64];
static int manager;

static int listen_at(const char *name, socklen_t extra)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, name, extra);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return bind(manager, (const struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + extra));
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/socket", dir);
	return setenv("NOTIFY_SOCKET", path, 1) < 0 ? -1
						    : listen_at(path, (socklen_t)strlen(path) + 1);
}

static int tear_down(void **state)
{
	(void)state;
	close(manager);
	(void)unlink(path);
	(void)rmdir(dir);
	(void)snprintf(dir, sizeof(dir), "/tmp/test-notify.XXXXXX");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return unsetenv("NOTIFY_SOCKET");
}

/* Returns the descriptor that came along, or -1. */
static int hears(const char *text)
{
	char got[256] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {got, sizeof(got) - 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	const struct cmsghdr *header;
	int fd = -1;

	assert_true(recvmsg(manager, &message, 0) >= 0);
	assert_string_equal(got, text);
	header = CMSG_FIRSTHDR(&message);
	if (header)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

static void what_the_manager_wants_to_know(void **state)
{
	(void)state;
	assert_true(notify_available());
	notify_ready(3);
	assert_int_equal(hears("READY=1\nSTATUS=3 probes attached"), -1);
	notify_reloaded();
	assert_int_equal(hears("READY=1"), -1);
	notify_alive();
	assert_int_equal(hears("WATCHDOG=1"), -1);
}

static void a_descriptor_goes_along(void **state)
{
	struct stat sent, got;
	int fd;

	(void)state;
	assert_int_equal(notify_send("FDSTORE=1", manager), 0);
	fd = hears("FDSTORE=1");
	assert_int_equal(fstat(manager, &sent), 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(sent.st_ino, got.st_ino);
	close(fd);
}

static void a_socket_may_be_abstract(void **state)
{
	char name[64];

	(void)state;
	close(manager);
	(void)snprintf(name, sizeof(name), "%cdovetap-test-%d", '\0', (int)getpid());
	assert_int_equal(listen_at(name, (socklen_t)strlen(name + 1) + 1), 0);
	name[0] = '@';
	setenv("NOTIFY_SOCKET", name, 1);
	notify_alive();
	(void)hears("WATCHDOG=1");
}

static void without_a_manager_nothing_is_said(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_false(notify_available());
	assert_int_equal(notify_send("READY=1", -1), -ENOTCONN);
	setenv("NOTIFY_SOCKET", "vsock:2:1", 1);
	assert_int_equal(notify_send("READY=1", -1), -EAFNOSUPPORT);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(notify_send("READY=1", -1), -ENOENT);
	notify_ready(1); /* which is no error */
}

static void watchdog_is(const char *usec, const char *pid, int64_t expected)
{
	setenv("WATCHDOG_USEC", usec, 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	else
		unsetenv("WATCHDOG_PID");
	assert_int_equal(notify_watchdog_ns(), expected);
}

static void the_watchdog_is_for_one_process(void **state)
{
	char self[12];

	(void)state;
	assert_int_equal(notify_watchdog_ns(), 0);
	(void)snprintf(self, sizeof(self), "%d", (int)getpid());
	watchdog_is("2000000", self, 2000000000);
	watchdog_is("2000000", NULL, 2000000000);
	watchdog_is("2000000", "1", 0);
	watchdog_is("2s", self, 0);
	watchdog_is("", self, 0);
	watchdog_is("18446744073709551615", self, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_manager_wants_to_know, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_descriptor_goes_along, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_socket_may_be_abstract, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_a_manager_nothing_is_said, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(the_watchdog_is_for_one_process, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
