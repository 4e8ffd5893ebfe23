/* SPDX-License-Identifier: MIT */
/*
 * Discovery by running processes: this program, copied to where a Dovecot service would be, maps
 * the library and waits. Other Dovecots may run on the machine; only files of the scenario count.
 */
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "scenario_root.h"
#include "search/discover.h"
#include "search/process.h"

#define SERVICE	      "usr/lib/dovecot/imap"
#define OTHER_SERVICE "usr/lib/other/imap"
#define OTHER_LIBRARY "usr/lib/other/libdovecot-storage.so.0"

struct scenario {
	char root[64];
	ino_t libraries[2]; /* inodes of the library, the first and its successor */
	struct discover *discover;
	pid_t service;
	unsigned int found, lost;
	char path[SCENARIO_PATH]; /* of the last one found */
};

static bool is_ours(const struct scenario *scenario, const struct binary *binary)
{
	return binary->id.ino == scenario->libraries[0] || binary->id.ino == scenario->libraries[1];
}

static void on_found(void *ctx, const struct binary *binary, const struct binary *replaced)
{
	struct scenario *scenario = ctx;

	(void)replaced;
	if (!is_ours(scenario, binary))
		return;
	scenario->found++;
	snprintf(scenario->path, sizeof(scenario->path), "%s", binary->path);
}

static void on_lost(void *ctx, const struct binary *binary)
{
	struct scenario *scenario = ctx;

	if (is_ours(scenario, binary))
		scenario->lost++;
}

static void install(struct scenario *scenario, int which)
{
	char path[SCENARIO_PATH];
	struct stat st;

	scenario_install(scenario->root, "libtarget.so");
	scenario_path(scenario->root, SCENARIO_LIBRARY, path);
	assert_int_equal(stat(path, &st), 0);
	scenario->libraries[which] = st.st_ino;
}

static int set_up(void **state)
{
	static const char *const nowhere[] = {NULL};
	struct discover_options options = {
		.roots = nowhere,
		.processes = true,
		.roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER),
	};
	struct scenario *scenario = calloc(1, sizeof(*scenario));
	char path[SCENARIO_PATH];

	scenario_make_root(scenario->root);
	install(scenario, 0);
	scenario_path(scenario->root, SERVICE, path);
	scenario_copy("../bpf/test_processes", path);
	assert_int_equal(discover_new(&options, on_found, scenario, &scenario->discover, NULL), 0);
	discover_on_lost(scenario->discover, on_lost);
	*state = scenario;
	return 0;
}

static void end_service(struct scenario *scenario)
{
	if (scenario->service == 0)
		return;
	assert_true(scenario->service > 0); /* -1 would be everybody */
	assert_int_equal(kill(scenario->service, SIGKILL), 0);
	assert_int_equal(waitpid(scenario->service, NULL, 0), scenario->service);
	scenario->service = 0;
}

static int tear_down(void **state)
{
	struct scenario *scenario = *state;

	end_service(scenario);
	discover_free(&scenario->discover);
	scenario_remove_root(scenario->root);
	free(scenario);
	return 0;
}

/* Where this program's own library is: the copy elsewhere must find it as well. */
static void own_library_path(char environment_r[SCENARIO_PATH])
{
	char self[SCENARIO_PATH - 64];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(environment_r, SCENARIO_PATH, "LD_LIBRARY_PATH=%s/../target", self);
}

/* As fork(), but never fails; the child gets this number, which must be free, or (0) any. */
static pid_t fork_as(pid_t number)
{
	const struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = number != 0 ? (uintptr_t)&number : 0,
		.set_tid_size = number != 0,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	assert_true(pid >= 0);
	return pid;
}

/* Starts a service of the root, which changes its root to NEW_ROOT, and waits until it has. */
static void start_as(struct scenario *scenario, pid_t number, const char *service, const char *name,
		     const char *new_root)
{
	char path[SCENARIO_PATH], library[SCENARIO_PATH], environment[SCENARIO_PATH], ready;
	char *const arguments[] = {(char *)"imap", library, (char *)new_root, NULL};
	char *const variables[] = {environment, NULL};
	int channel[2];

	scenario_path(scenario->root, service, path);
	scenario_path(scenario->root, name, library);
	own_library_path(environment);
	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	scenario->service = fork_as(number);
	if (scenario->service == 0) {
		dup2(channel[1], STDOUT_FILENO);
		execve(path, arguments, variables);
		_exit(1);
	}
	close(channel[1]);
	assert_int_equal(read(channel[0], &ready, 1), 1);
	close(channel[0]);
}

static void start_service(struct scenario *scenario, const char *new_root)
{
	start_as(scenario, 0, SERVICE, SCENARIO_LIBRARY, new_root);
}

/* The service ends, and another one, of another directory, gets its number. */
static void replace_service(struct scenario *scenario)
{
	char path[SCENARIO_PATH];
	pid_t number = scenario->service;
	struct stat st;

	scenario_path(scenario->root, "usr/lib/other", path);
	assert_int_equal(mkdir(path, 0755), 0);
	scenario_path(scenario->root, OTHER_SERVICE, path);
	scenario_copy("../bpf/test_processes", path);
	scenario_path(scenario->root, OTHER_LIBRARY, path);
	scenario_copy("libtarget.so", path);
	assert_int_equal(stat(path, &st), 0);
	scenario->libraries[1] = st.st_ino;
	end_service(scenario);
	start_as(scenario, number, OTHER_SERVICE, OTHER_LIBRARY, "/");
	assert_int_equal(scenario->service, number);
}

/* The service: main() of the copy. */
static int serve(const char *library, const char *new_root)
{
	if (!dlopen(library, RTLD_NOW) || chroot(new_root) < 0 || write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	pause();
	return 0;
}

static void scan(struct scenario *scenario)
{
	(void)discover_scan(scenario->discover,
			    NULL); /* of others' processes some may end meanwhile */
}

static void assert_found(const struct scenario *scenario, const char *prefix, const char *suffix)
{
	char expected[SCENARIO_PATH];

	assert_int_equal(scenario->found, 1);
	assert_true(snprintf(expected, sizeof(expected), "%s/%s%s", prefix, SCENARIO_LIBRARY,
			     suffix) < (int)sizeof(expected));
	assert_string_equal(scenario->path, expected);
}

static void test_a_running_service_leads_to_its_library(void **state)
{
	struct scenario *scenario = *state;

	start_service(scenario, "/");
	scan(scenario);
	scan(scenario);
	assert_found(scenario, scenario->root, "");
	assert_true(discover_dovecots(scenario->discover) >= 1);
}

static void test_the_start_of_a_service_leads_to_it_as_well(void **state)
{
	struct scenario *scenario = *state;

	start_service(scenario, "/");
	discover_exec(scenario->discover, scenario->service);
	discover_exec(scenario->discover, scenario->service);
	assert_found(scenario, scenario->root, "");
}

static void test_a_changed_root_is_looked_into(void **state)
{
	struct scenario *scenario = *state;
	char prefix[64];

	start_service(scenario, scenario->root);
	scan(scenario);
	snprintf(prefix, sizeof(prefix), "/proc/%d/root", (int)scenario->service);
	assert_found(scenario, prefix, "");
}

/* As Dovecot's login processes do: their own file is out of their reach. */
static void test_a_service_in_an_empty_root_leads_to_its_library(void **state)
{
	struct scenario *scenario = *state;
	char empty[SCENARIO_PATH];

	scenario_path(scenario->root, "empty", empty);
	assert_int_equal(mkdir(empty, 0755), 0);
	start_service(scenario, empty);
	scan(scenario);
	assert_found(scenario, scenario->root, "");
}

static void test_a_replaced_library_that_is_still_mapped_is_found(void **state)
{
	struct scenario *scenario = *state;

	start_service(scenario, "/");
	install(scenario, 1);
	scan(scenario);
	assert_int_equal(scenario->found, 2);
}

static void test_a_file_is_kept_while_a_process_maps_it(void **state)
{
	struct scenario *scenario = *state;
	char path[SCENARIO_PATH];

	start_service(scenario, "/");
	scan(scenario);
	scenario_path(scenario->root, SCENARIO_LIBRARY, path);
	assert_int_equal(unlink(path), 0);
	for (int i = 0; i < 4; i++)
		scan(scenario);
	assert_int_equal(scenario->found, 1);
	assert_int_equal(scenario->lost, 0);
}

static void test_all_is_lost_with_the_last_process(void **state)
{
	struct scenario *scenario = *state;

	start_service(scenario, "/");
	scan(scenario);
	end_service(scenario);
	scan(scenario);
	scan(scenario);
	assert_int_equal(scenario->found, 1);
	assert_int_equal(scenario->lost, 1);
}

/* The number was told, and by the time of the look it is somebody else's. */
static void test_a_reused_number_leads_nowhere(void **state)
{
	enum discover_exec what = DISCOVER_EXEC_GONE;
	struct scenario *scenario = *state;
	pid_t number;

	start_service(scenario, "/");
	number = scenario->service;
	end_service(scenario);
	assert_int_equal(discover_exec(scenario->discover, number), DISCOVER_EXEC_GONE);
	scenario->service = fork_as(number);
	if (scenario->service == 0) {
		execl("/bin/sleep", "sleep", "1000", (char *)NULL);
		_exit(1);
	}
	assert_int_equal(scenario->service, number);
	for (int i = 0; what != DISCOVER_EXEC_UNRELATED && i < 5000; i++) {
		poll(NULL, 0, 1); /* until it has executed that */
		what = discover_exec(scenario->discover, number);
	}
	assert_int_equal(what, DISCOVER_EXEC_UNRELATED);
	assert_int_equal(scenario->found, 0);
}

/* Nothing of the second one is taken for the first one's, which is looked at again after a while.
 */
static void test_a_number_that_is_taken_before_the_second_look_is_not_followed(void **state)
{
	struct scenario *scenario = *state;
	int64_t due;

	start_service(scenario, "/");
	assert_int_equal(discover_exec(scenario->discover, scenario->service),
			 DISCOVER_EXEC_DOVECOT);
	assert_int_equal(scenario->found, 1);
	due = discover_due_ns(scenario->discover);
	assert_true(due < INT64_MAX);
	replace_service(scenario);
	while (clock_monotonic_ns() < due)
		poll(NULL, 0, 1);
	discover_due(scenario->discover);
	assert_int_equal(discover_due_ns(scenario->discover), INT64_MAX);
	assert_int_equal(scenario->found, 1);
	/* Told of by itself it is found. */
	assert_int_equal(discover_exec(scenario->discover, scenario->service),
			 DISCOVER_EXEC_DOVECOT);
	assert_int_equal(scenario->found, 2);
}

static void fail_if_called(void *ctx, const struct process *process,
			   const struct process_library *library)
{
	(void)ctx;
	(void)process;
	fail_msg("%s", library->path);
}

/* Each step that is left fails. */
static void test_a_number_that_is_taken_in_the_middle_is_not_followed(void **state)
{
	struct scenario *scenario = *state;
	struct process process;

	start_service(scenario, "/");
	assert_int_equal(process_identify(scenario->service, &process), 0);
	assert_int_equal(process_stat_exe(&process), 0);
	replace_service(scenario);
	assert_true(process_stat_exe(&process) < 0);
	assert_true(process_open_exe(&process) < 0);
	assert_true(process_libraries(&process, fail_if_called, NULL) < 0);
	assert_true(process_open(&process) < 0);
	process_close(&process);
}

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENARIO(test_a_running_service_leads_to_its_library),
		SCENARIO(test_the_start_of_a_service_leads_to_it_as_well),
		SCENARIO(test_a_changed_root_is_looked_into),
		SCENARIO(test_a_service_in_an_empty_root_leads_to_its_library),
		SCENARIO(test_a_replaced_library_that_is_still_mapped_is_found),
		SCENARIO(test_a_file_is_kept_while_a_process_maps_it),
		SCENARIO(test_all_is_lost_with_the_last_process),
		SCENARIO(test_a_reused_number_leads_nowhere),
		SCENARIO(test_a_number_that_is_taken_before_the_second_look_is_not_followed),
		SCENARIO(test_a_number_that_is_taken_in_the_middle_is_not_followed),
	};

	if (argc == 3)
		return serve(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
