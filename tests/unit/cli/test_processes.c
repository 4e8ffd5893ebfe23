/* SPDX-License-Identifier: MIT */
/* Programs that wait, under dovetap's names and with the rights of the case (as root). */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "answer.h"
#include "cli/processes.h"
#include "priv/drop.h"

enum right { NOBODY = 1, SANDBOX = 2, FEW = 4 };

/* A list of system calls that has all of them. */
static void enter_sandbox(void)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	const struct sock_fprog program = {1, &all};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(3);
}

/* cat(1) waits to open the FIFO of the argument's name. */
static void become(const char *name, const char *argument, unsigned int rights)
{
	const char *const argv[] = {name, argument, NULL};
	struct priv_user nobody;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((rights & FEW) && priv_keep(PRIV_KEEP_SEARCH, NULL) < 0)
		_exit(1);
	if ((rights & NOBODY) &&
	    (priv_user_find("nobody", &nobody, NULL) < 0 || priv_drop(&nobody, NULL) < 0))
		_exit(2);
	if (rights & SANDBOX)
		enter_sandbox();
	execv("/bin/cat", (char *const *)argv);
	_exit(4);
}

static bool has_become(pid_t pid, const char *name)
{
	char path[64], line[300] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "r");
	if (file) {
		(void)!fgets(line, sizeof(line), file);
		(void)fclose(file);
	}
	return strcmp(line, name) == 0;
}

static pid_t start(const char *name, const char *argument, unsigned int rights)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		become(name, argument, rights);
	while (!has_become(pid, name)) {
		assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
		usleep(1000);
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* Other dovetaps may run on the machine. */
static const struct finding *of(const struct findings *findings, const char *kind, pid_t pid)
{
	char subject[64];

	(void)snprintf(subject, sizeof(subject), "%s %d", kind, (int)pid);
	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(findings->items[i].subject, subject) == 0)
			return &findings->items[i];
	}
	return NULL;
}

static void check(const char *name, const char *argument, unsigned int rights, const char *kind,
		  const char *landlock, struct finding *finding_r)
{
	struct findings findings = {0};
	struct answer server;
	char text[300];
	pid_t pid = start(name, argument, rights);

	(void)snprintf(text, sizeof(text), "HTTP/1.0 200 OK\r\n\r\n%s", landlock);
	answer_begin(&server, text, 0);
	processes_check(&findings, server.path);
	answer_end(&server);
	assert_string_equal(strncmp(server.request, "GET /metrics ", 13) ? "" : "yes", "yes");
	end(pid);
	if (!of(&findings, kind, pid))
		fail_msg("no finding about the %s", kind);
	*finding_r = *of(&findings, kind, pid);
	findings_release(&findings);
}

static void a_collector_without_rights_is_right(void **state)
{
	struct finding finding;

	(void)state;
	check("/usr/bin/dovetap", "collect", NOBODY | SANDBOX, "collector",
	      "dovetap_landlock_version 5\n", &finding);
	assert_int_equal(finding.state, FINDING_OK);
	assert_string_equal(finding.area, "process");
	assert_string_equal(finding.text, "uid 65534, capabilities: none, no_new_privs, seccomp "
					  "(1), Landlock version 5");
	assert_string_equal(finding.advice, "");
	check("dovetap", "collect", NOBODY | SANDBOX, "collector", "dovetap_landlock_version 0\n",
	      &finding);
	assert_non_null(strstr(finding.text, ", no Landlock in this kernel"));
	check("dovetap", "collect", NOBODY | SANDBOX, "collector", "other 1\n", &finding);
	assert_non_null(strstr(finding.text, ", Landlock unknown (it does not answer)"));
}

static void each_right_too_many_is_a_warning(void **state)
{
	struct finding finding;

	(void)state;
	check("/x/dovetap", "collect", SANDBOX, "collector", "", &finding);
	assert_int_equal(finding.state, FINDING_WARNING);
	assert_string_equal(finding.advice, "the collector must not be root");
	check("/x/dovetap-attacher", "run", SANDBOX, "attacher", "", &finding);
	assert_string_equal(finding.advice, "it has capabilities that it does not need");
	assert_null(strstr(finding.text, "Landlock"));
	check("/x/dovetap-attacher", "search", FEW, "searcher", "", &finding);
	assert_int_equal(finding.state, FINDING_WARNING);
	assert_non_null(strstr(finding.advice, "not in its sandbox"));
	assert_non_null(strstr(finding.text, "new privileges possible, no seccomp"));
}

static void a_searcher_keeps_the_rights_to_look(void **state)
{
	struct finding finding;

	(void)state;
	check("/x/dovetap-attacher", "search", FEW | SANDBOX, "searcher", "", &finding);
	assert_int_equal(finding.state, FINDING_OK);
	assert_non_null(strstr(finding.text, "dac_read_search, sys_ptrace"));
}

static void others_are_none_of_them(void **state)
{
	struct findings findings = {0};
	pid_t pids[] = {start("dovetap-other", "collect", 0), start("dovetap", "resolve", 0),
			start("other", "search", 0)};

	(void)state;
	processes_check(&findings, "/nowhere");
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		end(pids[i]);
		assert_null(of(&findings, "collector", pids[i]));
		assert_null(of(&findings, "attacher", pids[i]));
		assert_null(of(&findings, "searcher", pids[i]));
	}
	findings_release(&findings);
}

static int setup(void **state)
{
	static const char *const names[] = {"collect", "run", "search", "resolve"};

	if (enter_folder(state) < 0 || chmod(".", 0755) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (mkfifo(names[i], 0644) < 0)
			return -1;
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_collector_without_rights_is_right),
		cmocka_unit_test(each_right_too_many_is_a_warning),
		cmocka_unit_test(a_searcher_keeps_the_rights_to_look),
		cmocka_unit_test(others_are_none_of_them),
	};

	return cmocka_run_group_tests(tests, setup, leave_folder);
}
