/* SPDX-License-Identifier: MIT */
/*
 * The processes of "dovetap run", with a collector that only reports what happens to it and a
 * resolver that reads nothing. This program is all of them, by exec:
 *
 *	test ── fork ── attacher ──┬─ exec ── collect ─┬─ reports by a FIFO ──▶ test
 *	                           ├─ exec ── resolve ─┘
 *	                           └─ exec ── search
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
#include "base/memfile.h"
#include "priv/drop.h"
#include "priv/handover.h"
#include "priv/reload.h"
#include "priv/start.h"
#include "scenario_root.h"
#include "search/search.h"
#include "search/verify.h"

#define COLLECTOR_STATUS 5  /* with which it ends when it is asked to */
#define SEARCHER	 2  /* its user and group */
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
	char fifo[80]; /* for reports */
	int reports;   /* read end */
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
	/* 0 1 2, ring, counters, accounts, peer, the configuration and what reports */
	if (count_open_fds() != 9 || fds->ring == fds->counters)
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

/* In an environment that the attacher inherits: what the processes are to do. */
static bool is_wanted(const char *name)
{
	const char *value = getenv(name);

	return value && value[0];
}

static void open_report(void)
{
	report_fd = open(getenv("SCENARIO_REPORT"), O_WRONLY | O_CLOEXEC);
	if (report_fd < 0)
		_exit(96);
}

static int watch(const struct collector_fds *fds)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	struct pollfd readable = {.fd = fds->peer, .events = POLLIN};
	struct report report = {.type = MESSAGE, .pid = getpid()};
	sigset_t all, waiting;

	(void)priv_send(fds->peer, &ready);
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

static int collect(void)
{
	struct report report = {.type = STARTED, .pid = getpid()};
	struct handover handover;
	struct error error;

	open_report();
	if (handover_receive(START_CHANNEL_FD, &handover, &error) < 0 ||
	    handover_drop_rights(&handover, &error) < 0)
		return 95;
	peer_fd = handover.fds.peer;
	(void)signal(SIGTERM, on_signal);
	report.failed = rights_left(&handover.fds);
	report.count = read_count(&handover.fds);
	send_report(&report);
	return is_wanted("SCENARIO_END") ? (int)strtol(getenv("SCENARIO_END"), NULL, 10)
					 : watch(&handover.fds);
}

/* --- in the resolver ----------------------------------------------------------------------------
 */

static int make_configuration(void)
{
	const struct resolution resolution = {
		.settings = {.uid = 1,
			     .gid = 1,
			     .search_uid = SEARCHER,
			     .search_gid = SEARCHER,
			     .ring_bytes = 4096},
		.pin = "",
		.configuration = {"x", 1},
	};
	struct buf bytes;
	int fd;

	buf_init(&bytes, RESOLUTION_MAX);
	resolution_pack(&resolution, &bytes);
	fd = memfile_make("test", buf_slice(&bytes), NULL);
	buf_release(&bytes);
	return fd;
}

static int resolve(void)
{
	const struct report report = {.type = RELOADING, .pid = getpid()};
	struct error error;
	int fd;

	open_report();
	if (reload_take_request(START_CHANNEL_FD, &error) < 0)
		return 94;
	send_report(&report);
	fd = is_wanted("SCENARIO_REFUSE") ? error_set(&error, EINVAL, "refused")
					  : make_configuration();
	return reload_answer(START_CHANNEL_FD, fd, &error) == 0 ? 0 : 93;
}

/* --- in the attacher ----------------------------------------------------------------------------
 */

static void on_ready(unsigned int links)
{
	const struct report report = {
		.type = MESSAGE, .pid = getpid(), .message = {.type = PRIV_READY, .links = links}};

	send_report(&report);
}

static int run_attacher(struct scenario *scenario)
{
	const char *roots[] = {scenario->root, NULL};
	struct attacher_options options = {
		.discover = {.roots = roots, .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)},
		.method = scenario->method,
		.ready = on_ready,
		.program = start_open_self(NULL),
		.search_user = {.name = "searcher", .uid = SEARCHER, .gid = SEARCHER},
		.search = start_open_self(NULL),
		.configuration = make_configuration(),
		.lock = -1,
	};
	struct attacher *attacher;
	struct error error;
	int status;

	if (priv_user_find(NULL, &options.user, NULL) < 0)
		return 92;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nobody behind */
	log_init(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "# attacher");
	if (attacher_new(&options, &attacher, &error) < 0)
		return 98;
	status = attacher_run(attacher, &error);
	attacher_free(&attacher);
	return status < 0 ? 97 : status;
}

/* --- in the test --------------------------------------------------------------------------------
 */

static void scenario_prepare(struct scenario *scenario)
{
	*scenario = (struct scenario){.reports = -1};
	scenario_make_root(scenario->root);
	snprintf(scenario->fifo, sizeof(scenario->fifo), "%s.reports", scenario->root);
	assert_int_equal(mkfifo(scenario->fifo, 0600), 0);
	setenv("SCENARIO_REPORT", scenario->fifo, 1);
	unsetenv("SCENARIO_END");
	unsetenv("SCENARIO_REFUSE");
	scenario_install(scenario->root, "libtarget.so");
}

static void set_status(const char *name, int status)
{
	char text[12];

	snprintf(text, sizeof(text), "%d", status);
	setenv(name, text, 1);
}

static void scenario_start(struct scenario *scenario)
{
	alarm(PATIENCE);
	scenario->reports = open(scenario->fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(scenario->reports >= 0);
	open_report(); /* also the attacher's, so that there is a writer until it ends */
	assert_int_equal(fcntl(scenario->reports, F_SETFL, 0), 0);
	scenario->attacher = fork();
	if (scenario->attacher == 0)
		_exit(run_attacher(scenario));
	close(report_fd);
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

/* Everybody is gone when the FIFO has no writer any more. */
static void scenario_end(struct scenario *scenario)
{
	struct report report;

	while (read(scenario->reports, &report, sizeof(report)) > 0)
		;
	close(scenario->reports);
	assert_int_equal(unlink(scenario->fifo), 0);
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

static void test_what_is_attached_is_sent_to_the_collector(void **state)
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

static void test_readiness_is_reported_once_both_are_ready(void **state)
{
	struct scenario scenario;

	(void)state;
	scenario_prepare(&scenario);
	scenario_start(&scenario);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_READY).message.links, 1);
	scenario_stop(&scenario);
}

static void test_a_refusal_is_reported_with_its_reason(void **state)
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

static void test_a_refusal_is_sent_to_each_collector_and_ends(void **state)
{
	struct scenario scenario;
	struct priv_message message;

	(void)state;
	scenario_prepare(&scenario);
	scenario_install(scenario.root, "libtarget-unknown.so");
	scenario_start(&scenario);
	message = await(&scenario, MESSAGE, PRIV_REFUSED).message;
	assert_int_equal(message.refused, 1);
	assert_int_equal(message.refused_by[PRIV_REFUSAL_UNKNOWN_ABI], 1);
	await(&scenario, MESSAGE, PRIV_INITIAL_SCAN_DONE);
	assert_int_equal(kill(scenario.attacher, SIGHUP), 0);
	await(&scenario, RELOADING, 0);
	assert_int_equal(await(&scenario, MESSAGE, PRIV_REFUSED).message.refused, 1);
	overwrite_in_place(&scenario, "libtarget.so");
	message = await(&scenario, MESSAGE, PRIV_DETACHED).message;
	assert_int_equal(message.refused, 0);
	assert_int_equal(message.refused_by[PRIV_REFUSAL_UNKNOWN_ABI], 0);
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
	set_status("SCENARIO_END", EX_CONFIG);
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
	set_status("SCENARIO_END", EX_TEMPFAIL);
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
	setenv("SCENARIO_REFUSE", "yes", 1);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_collector_has_no_rights),
		cmocka_unit_test(test_what_is_attached_is_sent_to_the_collector),
		cmocka_unit_test(test_readiness_is_reported_once_both_are_ready),
		cmocka_unit_test(test_a_refusal_is_reported_with_its_reason),
		cmocka_unit_test(test_an_upgrade_is_attached_at_once),
#ifdef __x86_64__
		cmocka_unit_test(test_an_overwritten_file_is_never_without_a_probe),
#endif
		cmocka_unit_test(test_not_if_another_instruction_stands_there),
		cmocka_unit_test(test_a_refusal_is_sent_to_each_collector_and_ends),
		cmocka_unit_test(test_probes_outlive_a_killed_collector),
		cmocka_unit_test(test_the_collector_ends_with_the_attacher),
		cmocka_unit_test(test_a_final_status_is_passed_on),
		cmocka_unit_test(test_a_passing_failure_starts_another),
		cmocka_unit_test(test_a_reload_brings_a_new_collector_at_once),
		cmocka_unit_test(test_a_refused_reload_changes_nothing),
		cmocka_unit_test(test_probes_are_gone_before_the_collector_stops),
		cmocka_unit_test(test_missing_rights_are_named),
	};

	if (argc == 2 && strcmp(argv[1], "collect") == 0)
		return collect();
	if (argc == 2 && strcmp(argv[1], "resolve") == 0)
		return resolve();
	if (argc == 2 && strcmp(argv[1], "search") == 0)
		searcher_main();
	if (argc == 2 && strcmp(argv[1], "verify") == 0)
		verifier_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
