/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/un.h>

#include "../conf/folder.h"
#include "serve/listen.h"

/* Port 0: any; the one that was given. */
static unsigned int port_of(int fd)
{
	struct sockaddr_storage address = {0};
	socklen_t len = sizeof(address);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	return address.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&address)->sin_port)
					    : ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
}

static void expect_talk(int listener, const char *name)
{
	struct error error;
	int client = listen_connect(name, &error), server;
	char byte = 0;

	assert_true(client >= 0);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(write(client, "x", 1), 1);
	assert_int_equal(read(server, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(fcntl(client, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	close(client);
	close(server);
}

static void expect_listener(const char *host)
{
	struct error error = {0};
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s:0", host);
	fd = listen_open(name, false, &error);
	if (fd < 0)
		fail_msg("%s", error.text);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	snprintf(name, sizeof(name), "%s:%u", host, port_of(fd));
	expect_talk(fd, name);
	assert_int_equal(listen_open(name, false, &error), -EADDRINUSE);
	close(fd);
}

static void loopback_addresses_are_taken(void **state)
{
	(void)state;
	expect_listener("127.0.0.1");
	expect_listener("127.255.255.254");
	expect_listener("[::1]");
}

static void others_are_refused(void **state)
{
	static const char *const names[] = {
		"0.0.0.0:9190",
		"192.0.2.1:9190",
		"[::]:9190",
		"[2001:db8::1]:9190",
		"localhost:9190",
		"127.0.0.1",
		":9190",
		"",
		"127.0.0.1:http",
		"128.0.0.1:9190",
		"126.255.255.255:9190",
		"[]:9190",
		"127.0.0.1:99999999",
		"relative/path",
		"127.0.0.1:",
		"x127.0.0.1]:9190",
		"[127.0.0.12:9190",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error error = {0};

		if (listen_open(names[i], false, &error) != -EINVAL)
			fail_msg("%s: %s", names[i], error.text);
		assert_non_null(strstr(error.text, "loopback"));
		assert_int_equal(listen_connect(names[i], &error), -EINVAL);
	}
}

static void unix_path(char path[200], const char *name)
{
	snprintf(path, 200, "%s/%s", folder, name);
}

static void a_socket_file_is_for_its_owner(void **state)
{
	struct error error = {0};
	char path[200];
	struct stat st;
	int fd, other;
	mode_t old = umask(0);

	(void)state;
	unix_path(path, "sock");
	fd = listen_open(path, false, &error);
	assert_true(fd >= 0);
	assert_int_equal(umask(old), 0); /* as it was */
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	expect_talk(fd, path);
	/* Somebody answers there. */
	other = listen_open(path, false, &error);
	assert_int_equal(other, -EADDRINUSE);
	assert_non_null(strstr(error.text, path));
	close(fd);
	/* Nobody does: what is left is replaced. */
	assert_int_equal(listen_connect(path, &error), -ECONNREFUSED);
	fd = listen_open(path, false, &error);
	assert_true(fd >= 0);
	expect_talk(fd, path);
	close(fd);
}

static void other_files_stay(void **state)
{
	struct error error = {0};
	char path[200];
	struct stat st;

	(void)state;
	write_file("file", "content", 0600);
	unix_path(path, "file");
	assert_int_equal(listen_open(path, false, &error), -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 7);
	unix_path(path, "nosuch/sock");
	assert_int_equal(listen_open(path, false, &error), -ENOENT);
}

/* sun_path has 108 bytes with the NUL (unix(7)). */
static void a_path_has_107_bytes(void **state)
{
	struct error error = {0};
	char path[110], *own;
	int fd;

	(void)state;
	memset(path, 'a', sizeof(path));
	snprintf(path, sizeof(path), "%s", folder);
	path[strlen(folder)] = '/';
	path[107] = '\0';
	own = strdup(path); /* no byte behind the NUL is its own */
	fd = listen_open(own, false, &error);
	free(own);
	if (fd < 0)
		fail_msg("%s", error.text);
	close(fd);
	path[107] = 'a';
	path[108] = '\0';
	assert_int_equal(listen_open(path, false, &error), -EINVAL);
	assert_non_null(strstr(error.text, "at most 107 bytes"));
}

/* What a connection leaves behind for minutes where the server has ended it (TIME_WAIT) keeps no
 * restart from the port. */
static void a_port_can_be_taken_again_at_once(void **state)
{
	struct error error = {0};
	char name[64];
	int fd, client, server;

	(void)state;
	fd = listen_open("127.0.0.1:0", false, &error);
	assert_true(fd >= 0);
	snprintf(name, sizeof(name), "127.0.0.1:%u", port_of(fd));
	client = listen_connect(name, &error);
	server = accept(fd, NULL, NULL);
	assert_true(client >= 0 && server >= 0);
	close(server);
	assert_int_equal(read(client, name + 63, 1), 0);
	close(client);
	close(fd);
	fd = listen_open(name, false, &error);
	if (fd < 0)
		fail_msg("%s", error.text);
	close(fd);
}

static void no_descriptor_is_left_after_errors(void **state)
{
	int before = open("/dev/null", O_RDONLY), after;
	char path[200];

	(void)state;
	close(before);
	unix_path(path, "nosuch/sock");
	for (int i = 0; i < 3; i++) {
		assert_true(listen_open(path, false, NULL) < 0);
		assert_true(listen_connect(path, NULL) < 0);
	}
	after = open("/dev/null", O_RDONLY);
	close(after);
	assert_int_equal(after, before);
}

/* A service may be started without standard input. */
static void descriptor_0_is_like_any_other(void **state)
{
	struct error error = {0};
	int kept = dup(0), other, second;
	char path[200];

	(void)state;
	unix_path(path, "zero");
	close(0);
	assert_int_equal(listen_open(path, false, &error), 0);
	expect_talk(0, path);
	other = fcntl(0, F_DUPFD_CLOEXEC, 3);
	close(0);
	assert_int_equal(listen_open(path, false, &error), -EADDRINUSE); /* tried by descriptor 0 */
	assert_int_equal(listen_connect(path, &error), 0);
	close(accept(other, NULL, NULL)); /* of the trial */
	second = accept4(other, NULL, NULL, SOCK_NONBLOCK);
	assert_true(second > 0);
	assert_int_equal(write(0, "x", 1), 1);
	close(second);
	close(other);
	dup2(kept, 0);
	close(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loopback_addresses_are_taken),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_socket_file_is_for_its_owner),
		cmocka_unit_test(other_files_stay),
		cmocka_unit_test(a_path_has_107_bytes),
		cmocka_unit_test(a_port_can_be_taken_again_at_once),
		cmocka_unit_test(descriptor_0_is_like_any_other),
		cmocka_unit_test(no_descriptor_is_left_after_errors),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
