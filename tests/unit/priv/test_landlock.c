/* SPDX-License-Identifier: MIT */
/* Each scenario enters Landlock in a process of its own, as root if the test is: not even root gets
 * past it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "child.h"
#include "priv/landlock.h"

static char top[] = "/tmp/dovetap-landlock-XXXXXX";
static bool present;

static const char *at(const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool denied(int ret)
{
	return ret < 0 && errno == EACCES;
}

/* "read" and what is below may be read, "write" written; the file "one" beside "two" as well. */
static int enter(uint16_t port)
{
	struct landlock *landlock;

	EXPECT(landlock_new(port, &landlock, NULL) == 0 && landlock);
	EXPECT(landlock_allow(landlock, at("read"), LANDLOCK_READ, NULL) == 0);
	EXPECT(landlock_allow(landlock, at("write"), LANDLOCK_WRITE, NULL) == 0);
	EXPECT(landlock_allow(landlock, at("one"), LANDLOCK_WRITE, NULL) == 0);
	EXPECT(landlock_allow(landlock, at("missing"), LANDLOCK_READ, NULL) == 0);
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	EXPECT(landlock_enter(landlock, NULL) > 0);
	landlock_free(&landlock);
	return 0;
}

static int reads_where_it_may(void)
{
	EXPECT(enter(0) == 0);
	EXPECT(can_open(at("read/file"), O_RDONLY));
	EXPECT(can_open(at("read"), O_RDONLY | O_DIRECTORY));
	EXPECT(!can_open(at("read/file"), O_WRONLY) && errno == EACCES);
	EXPECT(!can_open(at("read/new"), O_WRONLY | O_CREAT) && errno == EACCES);
	EXPECT(!can_open(at("two"), O_RDONLY) && errno == EACCES);
	EXPECT(!can_open("/etc/passwd", O_RDONLY) && errno == EACCES);
	EXPECT(!can_open(top, O_RDONLY | O_DIRECTORY) && errno == EACCES);
	EXPECT(can_open(at("write/link-to-read"), O_RDONLY)); /* where it leads counts */
	EXPECT(!can_open(at("write/link-to-two"), O_RDONLY) && errno == EACCES);
	return 0;
}

static int writes_where_it_may(void)
{
	EXPECT(enter(0) == 0);
	EXPECT(can_open(at("write/new"), O_RDWR | O_CREAT | O_TRUNC));
	EXPECT(rename(at("write/new"), at("write/renamed")) == 0);
	EXPECT(mkdir(at("write/directory"), 0700) == 0);
	EXPECT(can_open(at("write/directory/deep"), O_RDWR | O_CREAT));
	EXPECT(rename(at("write/renamed"), at("write/directory/moved")) == 0);
	EXPECT(unlink(at("write/directory/moved")) == 0);
	EXPECT(can_open(at("one"), O_RDWR));
	EXPECT(denied(unlink(at("one")))); /* the file, not its directory */
	EXPECT(denied(rename(at("write/directory/deep"), at("read/deep"))));
	EXPECT(denied(mkdir(at("read/directory"), 0700)));
	EXPECT(denied(mknod(at("write/fifo"), S_IFIFO | 0600, 0)));
	EXPECT(denied(symlink("/etc/passwd", at("write/symlink"))));
	return 0;
}

static int executes_nothing(void)
{
	char *const arguments[] = {(char *)"true", NULL};

	EXPECT(enter(0) == 0);
	EXPECT(denied(execv(at("read/true"), arguments)));
	return 0;
}

static int bind_to(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ret = bind(fd, (const struct sockaddr *)&address, sizeof(address));

	close(fd);
	return ret;
}

static int listens_where_it_may(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	EXPECT(enter(19190) == 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("write/socket"));
	EXPECT(bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0);
	EXPECT(unlink(address.sun_path) == 0);
	close(fd);
	EXPECT(denied(bind_to(19191)));
	EXPECT(bind_to(19190) == 0 || errno == EADDRINUSE);
	return 0;
}

static int the_directory_of_a_file(void)
{
	struct landlock *landlock;

	EXPECT(landlock_new(0, &landlock, NULL) == 0 && landlock);
	/* Neither file is there yet; of the second not even the directory. */
	EXPECT(landlock_allow_parent(landlock, at("write/db"), LANDLOCK_WRITE, NULL) == 0);
	EXPECT(landlock_allow_parent(landlock, at("read/later/db"), LANDLOCK_WRITE, NULL) == 0);
	EXPECT(landlock_allow_parent(landlock, at("read/linked-db"), LANDLOCK_WRITE, NULL) == 0);
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && landlock_enter(landlock, NULL) > 0);
	EXPECT(can_open(at("write/db-wal"), O_RDWR | O_CREAT));
	EXPECT(mkdir(at("read/later"), 0700) == 0);
	EXPECT(can_open(at("read/later/db"), O_RDWR | O_CREAT));
	EXPECT(can_open(at("behind/db-wal"), O_RDWR | O_CREAT)); /* where SQLite has its journal */
	EXPECT(!can_open(at("two"), O_RDONLY) && errno == EACCES);
	return 0;
}

#define SCENARIO(name)                                                                             \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		(void)state;                                                                       \
		if (!present)                                                                      \
			skip();                                                                    \
		run_in_child(name);                                                                \
	}
SCENARIO(reads_where_it_may)
SCENARIO(writes_where_it_may)
SCENARIO(executes_nothing)
SCENARIO(listens_where_it_may)
SCENARIO(the_directory_of_a_file)

static void test_a_kernel_without_it_is_no_error(void **state)
{
	(void)state;
	assert_int_equal(landlock_allow(NULL, "/", LANDLOCK_READ, NULL), 0);
	assert_int_equal(landlock_allow_parent(NULL, "/x/y", LANDLOCK_WRITE, NULL), 0);
	assert_int_equal(landlock_enter(NULL, NULL), 0);
}

static int make_files(void **state)
{
	struct landlock *landlock;
	char command[512];

	(void)state;
	if (!mkdtemp(top) || landlock_new(0, &landlock, NULL) < 0)
		return -1;
	present = landlock != NULL;
	landlock_free(&landlock);
	snprintf(command, sizeof(command),
		 "cd %s && mkdir read write behind && touch read/file one two behind/db && "
		 "cp /bin/true read && ln -s ../read/file write/link-to-read && "
		 "ln -s ../two write/link-to-two && ln -s ../behind/db read/linked-db",
		 top);
	return system(command);
}

static int remove_files(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_where_it_may),
		cmocka_unit_test(test_writes_where_it_may),
		cmocka_unit_test(test_executes_nothing),
		cmocka_unit_test(test_listens_where_it_may),
		cmocka_unit_test(test_the_directory_of_a_file),
		cmocka_unit_test(test_a_kernel_without_it_is_no_error),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
