/* SPDX-License-Identifier: MIT */
/* What is left after confine(), tried in a process of its own; as root: nothing else refuses it. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../conf/folder.h"
#include "collector/confine.h"

static struct plan *plan;
static struct confine_options options;
static char control[300], recording[300];

static int set_up(void **state)
{
	const struct config_options config = {.path = "t.conf", .doveconf = ""};
	char text[2000];

	if (enter_folder(state) < 0 || mkdir("dicts", 0755) < 0 || mkdir("state", 0755) < 0 ||
	    mkdir("spool", 0755) < 0 || mkdir("logs", 0755) < 0 || mkdir("run", 0755) < 0 ||
	    mkdir("other", 0755) < 0)
		return -1;
	(void)snprintf(text, sizeof(text),
		       "plugin {\n last_login_dict = file:%s/dicts/d\n}\n"
		       "dovetap {\n state_dir = %s/state\n spool_dir = %s/spool\n services = imap\n"
		       " audit_log = %s/logs/audit\n metrics_listen = 127.0.0.1:47111\n}\n",
		       folder, folder, folder, folder);
	write_file("t.conf", text, 0600);
	write_file("other/secret", "x", 0600);
	(void)snprintf(control, sizeof(control), "%s/run/control", folder);
	(void)snprintf(recording, sizeof(recording), "%s/events", folder);
	options = (struct confine_options){.control = control, .record = recording};
	if (plan_new(&config, &plan, NULL) < 0)
		return -1;
	options.plan = plan;
	return 0;
}

static int tear_down(void **state)
{
	plan_free(&plan);
	return leave_folder(state);
}

static bool can_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_listen(uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET,
					    .sin_port = htons(port),
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can = bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 ||
		   errno != EACCES;

	close(fd);
	return can;
}

/* The line of the first expectation that failed; 0: none. */
#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

static int try_all(int *version_r)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	*version_r = confine(&options, NULL);
	EXPECT(*version_r >= 0);
	EXPECT(can_make("dicts/d") && can_make("dicts/d.lock"));
	EXPECT(can_make("state/last-login.db") && can_make("spool/file.spool"));
	EXPECT(can_make("logs/audit") && can_make("run/control"));
	EXPECT(can_make("events"));
	EXPECT(can_read("/etc/passwd") && can_read("/proc/self/status"));
	EXPECT(can_make("/dev/null") && can_read("/usr/bin/env"));
	if (*version_r == 0)
		return 0;
	EXPECT(!can_make("other/new") && !can_read("other/secret"));
	EXPECT(!can_make("events2") && !can_read("t.conf"));
	EXPECT(!can_make("/etc/dovetap-test") && !can_make("/run/dovetap-test"));
	EXPECT(unlink("other/secret") < 0 && rename("dicts/d", "other/d") < 0);
	if (*version_r >= 4)
		EXPECT(can_listen(47111) && !can_listen(47112));
	return 0;
}

static void what_the_plan_names_is_left_and_what_programs_need(void **state)
{
	int answer[2] = {-1, -1}, fds[2];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		answer[0] = try_all(&answer[1]);
		(void)!write(fds[1], answer, sizeof(answer));
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], answer, sizeof(answer)), sizeof(answer));
	close(fds[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	if (answer[0] != 0)
		fail_msg("expectation in line %d failed", answer[0]);
	if (answer[1] == 0)
		print_message("# this kernel has no Landlock: nothing was refused\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_plan_names_is_left_and_what_programs_need),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
