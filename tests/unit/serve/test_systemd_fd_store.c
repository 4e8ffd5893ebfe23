/* SPDX-License-Identifier: MIT */
#include <fcntl.h>

#include "manager.h"
#include "serve/systemd_fd_store.h"

static void a_descriptor_is_put_under_its_name(void **state)
{
	struct fd_store store = systemd_fd_store();
	struct error error = {0};
	struct stat sent, received;
	int fds[2], fd;

	(void)state;
	assert_true(systemd_fd_store_available());
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(store.put(store.ctx, "ring-1", fds[0], &error), 0);
	assert_string_equal(manager_hear(&fd), "FDSTORE=1\nFDPOLL=0\nFDNAME=ring-1");
	assert_true(fd >= 0);
	assert_int_equal(fstat(fds[0], &sent), 0);
	assert_int_equal(fstat(fd, &received), 0);
	assert_int_equal(sent.st_ino, received.st_ino);
	close(fd);
	close(fds[0]);
	close(fds[1]);
	store.drop(store.ctx, "ring-1");
	assert_string_equal(manager_hear(&fd), "FDSTOREREMOVE=1\nFDNAME=ring-1");
	assert_int_equal(fd, -1);
}

static void without_a_manager_nothing_is_kept(void **state)
{
	char *socket_path = strdup(getenv("NOTIFY_SOCKET"));
	struct fd_store store = systemd_fd_store();
	struct error error = {0};

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_false(systemd_fd_store_available());
	assert_int_equal(store.put(store.ctx, "ring", 0, &error), -ENOTCONN);
	assert_non_null(strstr(error.text, "does not keep ring: "));
	setenv("NOTIFY_SOCKET", "/no/such/socket", 1);
	assert_int_equal(store.put(store.ctx, "ring", 0, &error), -ENOENT);
	setenv("NOTIFY_SOCKET", socket_path, 1);
	free(socket_path);
}

struct found {
	char names[2][FD_STORE_NAME_MAX];
	int fds[2];
	size_t count;
};

static void note(void *context, const char *name, int fd)
{
	struct found *found = context;

	snprintf(found->names[found->count], FD_STORE_NAME_MAX, "%s", name);
	found->fds[found->count++] = fd;
}

/* sd_listen_fds(3): from 3 on, with names, for the process that is named. */
static void what_an_earlier_process_left_is_handed_over_once(void **state)
{
	struct fd_store store = systemd_fd_store();
	struct found found = {.count = 0};
	struct error error = {0};
	int old[2] = {fcntl(3, F_DUPFD_CLOEXEC, 10), fcntl(4, F_DUPFD_CLOEXEC, 10)};
	char pid[32];

	(void)state;
	assert_int_equal(store.each(store.ctx, note, &found, &error), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(dup2(2, 3), 3);
	assert_int_equal(dup2(2, 4), 4);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "ring:counters", 1);
	assert_int_equal(store.each(store.ctx, note, &found, &error), 0);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.names[0], "ring");
	assert_string_equal(found.names[1], "counters");
	assert_int_equal(found.fds[0], 3);
	assert_int_equal(found.fds[1], 4);
	assert_int_equal(fcntl(3, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_null(getenv("LISTEN_FDS")); /* for no child of ours */
	for (int i = 0; i < 2; i++) {
		if (old[i] < 0) {
			close(3 + i);
		} else {
			dup2(old[i], 3 + i);
			close(old[i]);
		}
	}
}

static void a_list_that_makes_no_sense_is_an_error(void **state)
{
	struct fd_store store = systemd_fd_store();
	struct error error = {0};
	char pid[32];

	(void)state;
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "x", 1);
	assert_int_equal(store.each(store.ctx, note, NULL, &error), -EINVAL);
	assert_non_null(strstr(error.text, "descriptors of the service manager"));
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_put_under_its_name),
		cmocka_unit_test(without_a_manager_nothing_is_kept),
		cmocka_unit_test(what_an_earlier_process_left_is_handed_over_once),
		cmocka_unit_test(a_list_that_makes_no_sense_is_an_error),
	};

	return cmocka_run_group_tests(tests, manager_start, manager_end);
}
