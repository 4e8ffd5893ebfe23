/* SPDX-License-Identifier: MIT */
/*
 * The two processes of "dovetap run" with a collector that only reports what happens to it:
 *
 *	test ── fork ── attacher ── fork ── collector ── reports by a pipe ──▶ test
 */
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "attach/attacher.h"
#include "attach/multi.h"
#include "base/log.h"
#include "priv/drop.h"
#include "scenario_root.h"

#define COLLECTOR_STATUS 5  /* with which it ends when it is told to */
#define PATIENCE	 60 /* seconds until a scenario that hangs is killed */

enum report_type { STARTED = 1, MESSAGE, TERMINATED, RELOADING };

struct report {
	enum report_type type;
	pid_t pid;
	int failed; /* STARTED: line of the first right that is still there, 0: none */
	unsigned long long count; /* STARTED: what the probes had counted by then */
	struct priv_message message;
};

struct scenario {
	char root[64];
	int reports; /* read end */
	int report;  /* write end, the collector's */
	bool reload_refused;
	int end_at_once; /* the collector's status when it shall end by itself, else -1 */
	pid_t attacher;
	enum attach_method method;
};

static int report_fd, peer_fd = -1; /* for the signal handler */

static void send_report(const struct report *report)
{
	if (write(report_fd, report, sizeof(*report)) != (ssize_t)sizeof(*report))
		_exit(99);
}

/* What was said before the signal is reported before it. */
static void report_waiting_messages(void)
{
	struct report report = {.type = MESSAGE, .pid = getpid()};

	(void)fcntl(peer_fd, F_SETFL, O_NONBLOCK);
	while (priv_receive(peer_fd, &report.message) == 1)
		send_report(&report);
}

static void on_signal(int number)
{
	const struct report report = {.type = TERMINATED, .pid = getpid()};

	(void)number;
	report_waiting_messages();
	send_report(&report);
	_exit(COLLECTOR_STATUS);
}

/* --- in the collector ---------------------------------------------------------------------------
 */

static int count_open_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Line of the first expectation that does not hold, or 0. */
static int rights_left(const struct collector_fds *fds)
{
	union bpf_attr map = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getgroups(0, NULL) != 0)
		return __LINE__;
	if (syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map)) >= 0 || errno != EPERM)
		return __LINE__;
	if (open("/etc/shadow", O_RDONLY | O_CLOEXEC) >= 0 || kill(1, 0) == 0)
		return __LINE__;
	if (execl("/bin/true", "true", NULL) == 0 || errno != EPERM)
		return __LINE__;
	if (count_open_fds() != 7 || fds->ring == fds->counters) /* 0 1 2, three, the report pipe */
		return __LINE__;
	return 0;
}

static unsigned long long read_count(const struct collector_fds *fds)
{
	size_t size = DOVETAP_COUNTER_STRIDE * (1 + (size_t)libbpf_num_possible_cpus());
	const uint64_t *values =
		mmap(NULL, size * sizeof(*values), PROT_READ, MAP_SHARED, fds->counters, 0);
	unsigned long long sum = 0;

	if (values == MAP_FAILED)
		return ~0ULL;
	for (size_t i = DOVETAP_COUNTER_STRIDE; i < size; i += DOVETAP_COUNTER_STRIDE)
		sum += values[i + DOVETAP_COUNT_NO_OBJECT];
	return sum;
}

static int collector_main(void *ctx, const struct collector_fds *fds)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	struct pollfd readable = {.fd = fds->peer, .events = POLLIN};
	struct report report = {.type = STARTED, .pid = getpid()};
	sigset_t all, waiting;
	struct scenario *scenario = ctx;

	peer_fd = fds->peer;
	signal(SIGTERM, on_signal);
	report.failed = rights_left(fds);
	report.count = read_count(fds);
	send_report(&report);
	if (scenario->end_at_once >= 0)
		return scenario->end_at_once;
	(void)priv_send(fds->peer, &ready);
	report.type = MESSAGE;
	/* Signals come in while waiting, not between taking a message and reporting it. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &waiting);
	while (ppoll(&readable, 1, NULL, &waiting) < 0 ||
	       priv_receive(fds->peer, &report.message) == 1) {
		if (readable.revents)
			send_report(&report);
		readable.revents = 0;
	}
	return COLLECTOR_STATUS; /* the attacher has gone */
}

/* --- in the attacher ----------------------------------------------------------------------------
 */

static void on_ready(void *ctx, unsigned int links)
{
	const struct report report = {
		.type = MESSAGE, .pid = getpid(), .message = {.type = PRIV_READY, .links = links}};

	(void)ctx;
	send_report(&report);
}

static int on_reload(void *ctx)
{
	const struct report report = {.type = RELOADING, .pid = getpid()};
	const struct scenario *scenario = ctx;

	send_report(&report);
	return scenario->reload_refused ? -EINVAL : 0;
}

static int run_attacher(struct scenario *scenario)
{
	const char *roots[] = {scenario->root, NULL};
	struct attacher_options options = {
		.discover = {.roots = roots, .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)},
		.method = scenario->method,
		.ready = on_ready,
		.reload = on_reload,
		.keep_fds = &scenario->report,
		.keep_fd_count = 1,
	};
	struct attacher *attacher;
	struct error error;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nobody behind */
	log_init(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "# attacher");
	if (attacher_new(&options, &attacher, &error) < 0)
		return 98;
	status = attacher_run(attacher, collector_main, scenario, &error);
	attacher_free(&attacher);
	return status < 0 ? 97 : status;
}

/* --- in the test --------------------------------------------------------------------------------
 */

static void scenario_prepare(struct scenario *scenario)
{
	*scenario = (struct scenario){.end_at_once = -1};
	scenario_make_root(scenario->root);
	scenario_install(scenario->root, "libtarget.so");
}

static void scenario_start(struct scenario *scenario)
{
	int channel[2];

	alarm(PATIENCE);
	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	scenario->reports = channel[0];
	scenario->report = report_fd = channel[1];
	scenario->attacher = fork();
	if (scenario->attacher == 0)
		_exit(run_attacher(scenario));
	close(channel[1]);
}

/* The next report of this type (and, of messages, with this one); others before it are passed. */
static struct report await(const struct scenario *scenario, enum report_type type, uint32_t message)
{
	struct report report;

	do
		assert_int_equal(read(scenario->reports, &report, sizeof(report)), sizeof(report));
	while (report.type != type || (type == MESSAGE && report.message.type != message));
	return report;
}

static int attacher_status(struct scenario *scenario)
{
	int status;

	assert_int_equal(waitpid(scenario->attacher, &status, 0), scenario->attacher);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Everybody is gone when the pipe has no writer any more. */
static void scenario_end(struct scenario *scenario)
{
	struct report report;

	while (read(scenario->reports, &report, sizeof(report)) > 0)
		;
	close(scenario->reports);
	scenario_remove_root(scenario->root);
	alarm(0);
}

static void scenario_stop(struct scenario *scenario)
{
	assert_int_equal(kill(scenario->attacher, SIGTERM), 0);
	await(scenario, TERMINATED, 0);
	assert_int_equal(attacher_status(scenario), COLLECTOR_STATUS);
	scenario_end(scenario);
}

static void collector_has_no_rights(enum attach_method method)
{
	struct scenario scenario;

	scenario_prepare(&scenario);
	scenario.method = method;
	scenario_start(&scenario);
	assert_int_equal(await(&scenario, STARTED, 0).failed, 0);
	await(&scenario, MESSAGE, PRIV_ATTACHED); /* with what the attacher has kept for itself */
	scenario_stop(&scenario);
}

static void test_the_collector_has_no_rights(void **state)
{
	(void)state;
	if (multi_supported())
		collector_has_no_rights(ATTACH_MULTI);
	collector_has_no_rights(ATTACH_PERF);
}

static void test_the_collector_is_told_what_is_attached(void **state)
{
	struct priv_message message;
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	message = await(&scenario, MESSAGE, PRIV_ATTACHED).message;
	assert_int_equal(message.role, PRIV_ROLE_MAIL_USER);
	assert_int_equal(message.links, 1);
	assert_string_equal(message.abi, "2.3.ABIv19(2.3.19.1)");
	assert_string_equal(message.symbol, "hook_mail_user_created");
	assert_string_equal(message.path + strlen(scenario.root), "/" SCENARIO_LIBRARY);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	scenario_stop(&scenario);
}

static void test_readiness_is_told_once_both_are_ready(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_READY).message.links, 1);
	scenario_stop(&scenario);
}

static void test_a_refusal_is_told_with_its_reason(void **state)
{
	struct priv_message message;
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_install(scenario.root, "libtarget-unknown.so");
	scenario_start(&scenario);
	message = await(&scenario, MESSAGE, PRIV_REFUSED).message;
	assert_string_equal(message.abi, "2.9.ABIv0");
	assert_non_null(strstr(message.reason, "dovetap layout"));
	scenario_stop(&scenario);
}

static void test_an_upgrade_is_attached_at_once(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	scenario_install(scenario.root, "libtarget-cet.so");
	assert_int_equal(await(&scenario, MESSAGE, PRIV_ATTACHED).message.links, 2);
	scenario_stop(&scenario);
}

/* As "cp" does it: the file keeps its inode. */
static void overwrite_in_place(const struct scenario *scenario, const char *source)
{
	char path[SCENARIO_PATH];

	scenario_path(scenario->root, SCENARIO_LIBRARY, path);
	scenario_copy(source, path);
}

#ifdef __x86_64__ /* elsewhere the landing of libtarget-cet.so is another instruction */
static void test_an_overwritten_file_is_never_without_a_probe(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	overwrite_in_place(&scenario, "libtarget-cet.so");
	assert_int_equal(await(&scenario, MESSAGE, PRIV_ATTACHED).message.links, 2);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_DETACHED).message.links, 1);
	scenario_stop(&scenario);
}
#endif

/* The kernel would execute what stood there before. */
static void test_not_if_another_instruction_stands_there(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	overwrite_in_place(&scenario, "libtarget-moved.so");
	assert_int_equal(await(&scenario, MESSAGE, PRIV_DETACHED).message.links, 0);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_ATTACHED).message.links, 1);
	scenario_stop(&scenario);
}

static void test_a_refusal_is_told_to_each_collector_and_ends(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_install(scenario.root, "libtarget-unknown.so");
	scenario_start(&scenario);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_REFUSED).message.refused, 1);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGHUP), 0);
	await(&scenario, RELOADING, 0);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_REFUSED).message.refused, 1);
	overwrite_in_place(&scenario, "libtarget.so");
	assert_int_equal(await(&scenario, MESSAGE, PRIV_DETACHED).message.refused, 0);
	scenario_stop(&scenario);
}

/* The ring and the probes are the attacher's: what happens meanwhile is there for the successor. */
static void test_probes_outlive_a_killed_collector(void **state)
{
	struct scenario_user user;
	struct scenario scenario;
	struct report first, second;

	(void)state;
	scenario_prepare(&scenario);
	user = scenario_user_open(scenario.root);
	scenario_start(&scenario);
	first = await(&scenario, STARTED, 0);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(first.pid, SIGKILL), 0);
	user.hook_mail_user_created(NULL);
	second = await(&scenario, STARTED, 0);
	assert_int_not_equal(first.pid, second.pid);
	assert_int_equal(second.failed, 0);
	assert_int_equal(second.count, 1);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_ATTACHED).message.links, 1);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	scenario_user_close(&user);
	scenario_stop(&scenario);
}

static void test_the_collector_ends_with_the_attacher(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGKILL), 0);
	assert_int_equal(attacher_status(&scenario), -SIGKILL);
	scenario_end(&scenario); /* ends when the collector has */
}

static void test_a_final_status_is_passed_on(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario.end_at_once = EX_CONFIG;
	scenario_start(&scenario);
	assert_int_equal(attacher_status(&scenario), EX_CONFIG);
	scenario_end(&scenario);
}

static void test_a_passing_failure_starts_another(void **state)
{
	struct scenario scenario;
	struct report first;

	(void)state;
	scenario_prepare(&scenario);
	scenario.end_at_once = EX_TEMPFAIL;
	scenario_start(&scenario);
	first = await(&scenario, STARTED, 0);
	assert_int_not_equal(await(&scenario, STARTED, 0).pid, first.pid);
	assert_int_equal(kill(scenario.attacher, SIGTERM), 0);
	(void)attacher_status(&scenario);
	scenario_end(&scenario);
}

static void test_a_reload_brings_a_new_collector_at_once(void **state)
{
	struct report first, second;
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	first = await(&scenario, STARTED, 0);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGHUP), 0);
	await(&scenario, RELOADING, 0);
	assert_int_equal(await(&scenario, TERMINATED, 0).pid, first.pid);
	second = await(&scenario, STARTED, 0);
	assert_int_not_equal(second.pid, first.pid);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_ATTACHED).message.links, 1);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	scenario_stop(&scenario);
}

static void test_a_refused_reload_changes_nothing(void **state)
{
	struct scenario scenario;
	struct report first;

	(void)state;
	scenario_prepare(&scenario);
	scenario.reload_refused = true;
	scenario_start(&scenario);
	first = await(&scenario, STARTED, 0);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGHUP), 0);
	await(&scenario, RELOADING, 0);
	assert_int_equal(kill(scenario.attacher, SIGTERM), 0);
	assert_int_equal(await(&scenario, TERMINATED, 0).pid, first.pid);
	assert_int_equal(attacher_status(&scenario), COLLECTOR_STATUS);
	scenario_end(&scenario);
}

/* Detached first, so that the collector drains all there is. */
static void test_probes_are_gone_before_the_collector_stops(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGTERM), 0);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_DETACHED).message.links, 0);
	await(&scenario, TERMINATED, 0);
	assert_int_equal(attacher_status(&scenario), COLLECTOR_STATUS);
	scenario_end(&scenario);
}

static void test_missing_rights_are_named(void **state)
{
	struct attacher_options options = {0};
	struct attacher *attacher;
	struct priv_user nobody;
	struct error error;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (priv_user_find("nobody", &nobody, NULL) < 0 || priv_drop(&nobody, NULL) < 0)
			_exit(1);
		status = attacher_new(&options, &attacher, &error);
		_exit(status == -EPERM && strstr(error.text, "CAP_BPF") &&
				      strstr(error.text, "CAP_SYS_PTRACE")
			      ? 0
			      : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_collector_has_no_rights),
		cmocka_unit_test(test_the_collector_is_told_what_is_attached),
		cmocka_unit_test(test_readiness_is_told_once_both_are_ready),
		cmocka_unit_test(test_a_refusal_is_told_with_its_reason),
		cmocka_unit_test(test_an_upgrade_is_attached_at_once),
#ifdef __x86_64__
		cmocka_unit_test(test_an_overwritten_file_is_never_without_a_probe),
#endif
		cmocka_unit_test(test_not_if_another_instruction_stands_there),
		cmocka_unit_test(test_a_refusal_is_told_to_each_collector_and_ends),
		cmocka_unit_test(test_probes_outlive_a_killed_collector),
		cmocka_unit_test(test_the_collector_ends_with_the_attacher),
		cmocka_unit_test(test_a_final_status_is_passed_on),
		cmocka_unit_test(test_a_passing_failure_starts_another),
		cmocka_unit_test(test_a_reload_brings_a_new_collector_at_once),
		cmocka_unit_test(test_a_refused_reload_changes_nothing),
		cmocka_unit_test(test_probes_are_gone_before_the_collector_stops),
		cmocka_unit_test(test_missing_rights_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
