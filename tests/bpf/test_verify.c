/* SPDX-License-Identifier: MIT */
/*
 * An attacher whose searcher is taken over: it speaks the protocol and names whatever it likes. A
 * probe is set only where the file itself has the function. This program is all processes, by exec:
 *
 *	test ── fork ── attacher ──┬─ exec ── collect	only lives
 *	                           ├─ exec ── search	lies, once for each element of lies[]
 *	                           └─ exec ── verify	the real one
 *
 * What became of each is in the log of the attacher.
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "attach/attacher.h"
#include "base/log.h"
#include "base/memfile.h"
#include "priv/fd_message.h"
#include "priv/handover.h"
#include "priv/proto.h"
#include "priv/start.h"
#include "scenario_root.h"
#include "search/search_wire.h"
#include "search/verify.h"

#define SEARCHER 2  /* user and group */
#define PATIENCE 60 /* seconds until a scenario that hangs is killed */

/* --- in the searcher ------------------------------------------------------------------------ */

static void lie_offset(struct search_answer *answer)
{
	answer->offset += 4;
}

static void lie_code(struct search_answer *answer)
{
	answer->code[0] ^= 1;
}

static void lie_build_id(struct search_answer *answer)
{
	answer->id.build_id[0] ^= 1;
}

static void lie_abi(struct search_answer *answer)
{
	(void)snprintf(answer->abi, sizeof(answer->abi), "2.3.ABIv16(2.3.16)");
}

static void lie_inode(struct search_answer *answer)
{
	answer->id.ino++;
}

/* That of a fallback, of which the file has none at that place. */
static void lie_function(struct search_answer *answer)
{
	for (uint64_t i = 0; i < probe_count; i++) {
		if (probe_table[i].role == (enum priv_role)answer->role && i != answer->probe &&
		    strcmp(probe_table[i].symbol, probe_table[answer->probe].symbol) != 0)
			answer->probe = i;
	}
}

static void lie_companion(struct search_answer *answer)
{
	answer->companion = answer->probe;
	answer->companion_offset = answer->offset + 1;
}

static void tell_the_truth(struct search_answer *answer)
{
	(void)answer;
}

/* file: NULL is Dovecot's. reason: of the refusal; NULL: there is none. */
static const struct lie {
	void (*tell)(struct search_answer *answer);
	const char *file, *reason;
} lies[] = {
	{lie_offset, NULL, "is not at that place"},
	{lie_code, NULL, "is not at that place"},
	{lie_build_id, NULL, "it has another build id"},
	{lie_abi, NULL, "its ABI string is"},
	{lie_inode, NULL, "it is another file"},
	{lie_function, NULL, ""},
	{lie_companion, NULL, "is not at that place"},
	{tell_the_truth, "/proc/self/exe", "another build id"},
	{tell_the_truth, "/etc/passwd", "ELF"},
	{tell_the_truth, "/", "it is no regular file"},
	{tell_the_truth, "/dev/null", "it is no regular file"},
	{tell_the_truth, NULL, NULL},
};
#define LIES (sizeof(lies) / sizeof(lies[0]))

static const char *library(void)
{
	return getenv("SCENARIO_LIBRARY");
}

/* What an honest searcher would say of Dovecot's library. */
static void describe(struct search_answer *answer)
{
	struct binary binary;

	if (binary_examine(open(library(), O_RDONLY | O_CLOEXEC), library(), PRIV_ROLE_MAIL_USER,
			   NULL, NULL, &binary, NULL) < 0 ||
	    !binary.probe)
		_exit(90);
	*answer = (struct search_answer){
		.type = SEARCH_FOUND,
		.role = binary.role,
		.id = binary.id,
		.probe = (uint64_t)(binary.probe - probe_table),
		.companion = probe_count,
		.offset = binary.offset,
	};
	memcpy(answer->code, binary.code, sizeof(answer->code));
	memcpy(answer->abi, binary.abi, sizeof(answer->abi));
}

/* Another inode number for each, or the attacher would know the file already. */
static void send_lie(size_t index)
{
	const struct lie *lie = &lies[index];
	const char *file = lie->file ? lie->file : library();
	struct search_answer answer;
	struct stat st;
	int fd = open(file, O_PATH | O_CLOEXEC);

	describe(&answer);
	if (fd < 0 || fstat(fd, &st) < 0)
		_exit(91);
	answer.id.dev = st.st_dev;
	answer.id.ino = st.st_ino;
	answer.id.size = 1000 + index;
	(void)snprintf(answer.path, sizeof(answer.path), "lie %zu", index);
	lie->tell(&answer);
	if (fd_message_send(START_CHANNEL_FD, &answer, sizeof(answer), &fd, 1) < 0)
		_exit(92);
	close(fd);
}

static int search(void)
{
	struct search_answer scanned = {.type = SEARCH_SCANNED};
	struct searcher_hello hello;
	struct search_request request;
	int fds[FD_MESSAGE_MAX];
	size_t count;

	if (fd_message_receive(START_CHANNEL_FD, &hello, sizeof(hello), fds, &count) <= 0)
		return 93;
	while (recv(START_CHANNEL_FD, &request, sizeof(request), 0) > 0) {
		if (request.type != SEARCH_SCAN)
			continue;
		for (size_t i = 0; i < LIES; i++)
			send_lie(i);
		(void)send(START_CHANNEL_FD, &scanned, sizeof(scanned), 0);
	}
	return 0;
}

/* --- in the collector and the attacher ------------------------------------------------------ */

static void end(int number)
{
	(void)number;
	_exit(0);
}

static int collect(void)
{
	const struct priv_message ready = {.version = PRIV_PROTO_VERSION, .type = PRIV_READY};
	struct priv_message message;
	struct handover handover;

	if (handover_receive(START_CHANNEL_FD, &handover, NULL) < 0 ||
	    handover_drop_rights(&handover, NULL) < 0)
		return 95;
	(void)signal(SIGTERM, end);
	(void)priv_send(handover.fds.peer, &ready);
	while (priv_receive(handover.fds.peer, &message) == 1)
		;
	return 0;
}

static int make_configuration(void)
{
	const struct resolution resolution = {.pin = "", .configuration = {"x", 1}};
	struct buf bytes;
	int fd;

	buf_init(&bytes, RESOLUTION_MAX);
	resolution_pack(&resolution, &bytes);
	fd = memfile_make("test", buf_slice(&bytes), NULL);
	buf_release(&bytes);
	return fd;
}

static void on_ready(unsigned int links)
{
	fprintf(stderr, "ready with %u\n", links);
}

/* Its log goes to the pipe. */
static int attach(const char *root, int log)
{
	const char *roots[] = {root, NULL};
	struct attacher_options options = {
		.discover = {.roots = roots, .roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER)},
		.ready = on_ready,
		.program = start_open_self(NULL),
		.search = start_open_self(NULL),
		.search_user = {.name = "searcher", .uid = SEARCHER, .gid = SEARCHER},
		.configuration = make_configuration(),
		.lock = -1,
	};
	struct attacher *attacher;
	struct error error;
	int status;

	if (priv_user_find(NULL, &options.user, NULL) < 0 || dup2(log, STDERR_FILENO) < 0)
		return 94;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nobody behind */
	log_init(LOG_SINK_STDERR, LOG_LEVEL_INFO, "attacher");
	if (attacher_new(&options, &attacher, &error) < 0)
		return 98;
	status = attacher_run(attacher, &error);
	attacher_free(&attacher);
	return status < 0 ? 97 : status;
}

/* --- in the test ---------------------------------------------------------------------------- */

/* Until the attacher is ready; then it is stopped. */
static void read_log(int log, pid_t attacher, char *text, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while ((n = read(log, text + len, size - 1 - len)) > 0) {
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, "ready with"))
			(void)kill(attacher, SIGTERM);
	}
}

static void expect_refused(const char *log, size_t index)
{
	char begin[64];
	const char *line;

	(void)snprintf(begin, sizeof(begin), "lie %zu: not attached: ", index);
	line = strstr(log, begin);
	if (!line)
		fail_msg("no '%s' in\n%s", begin, log);
	line = strndup(line, strcspn(line, "\n"));
	if (!strstr(line, lies[index].reason))
		fail_msg("no '%s' in '%s'", lies[index].reason, line);
	free((char *)line);
}

static unsigned int count(const char *log, const char *text)
{
	unsigned int found = 0;

	for (const char *at = log; (at = strstr(at, text)); at++)
		found++;
	return found;
}

static void a_probe_is_set_only_where_the_file_has_the_function(void **state)
{
	char root[64], path[SCENARIO_PATH], log[65536] = "", truth[64];
	int ends[2], status;
	pid_t attacher;

	(void)state;
	alarm(PATIENCE);
	scenario_make_root(root);
	scenario_install(root, "libtarget.so");
	scenario_path(root, SCENARIO_LIBRARY, path);
	setenv("SCENARIO_LIBRARY", path, 1);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	attacher = fork();
	if (attacher == 0)
		_exit(attach(root, ends[1]));
	close(ends[1]);
	read_log(ends[0], attacher, log, sizeof(log));
	assert_int_equal(waitpid(attacher, &status, 0), attacher);
	assert_int_equal(status, 0);
	for (size_t i = 0; i + 1 < LIES; i++)
		expect_refused(log, i);
	(void)snprintf(truth, sizeof(truth), "lie %zu: attached to", LIES - 1);
	if (!strstr(log, truth))
		fail_msg("no '%s' in\n%s", truth, log);
	assert_int_equal(count(log, ": attached to"), 1);
	assert_non_null(strstr(log, "ready with 1\n"));
	scenario_remove_root(root);
	alarm(0);
}

static void is_verified(struct verify *verify, const struct binary *binary)
{
	struct error error = {0};

	if (verify_binary(verify, binary, &error) < 0)
		fail_msg("%s", error.text);
}

/* Each for one file; the next is there before it is needed, as long as files come. */
static void a_verifier_is_started_ahead(void **state)
{
	struct verify verify = {.program = start_open_self(NULL), .rights = SEARCH_AS_WE_ARE};
	struct binary binary;
	char root[64], path[SCENARIO_PATH];
	pid_t first, next;

	(void)state;
	alarm(PATIENCE);
	scenario_make_root(root);
	scenario_install(root, "libtarget.so");
	scenario_path(root, SCENARIO_LIBRARY, path);
	assert_int_equal(binary_examine(open(path, O_RDONLY | O_CLOEXEC), path, PRIV_ROLE_MAIL_USER,
					NULL, NULL, &binary, NULL),
			 0);
	is_verified(&verify, &binary); /* none was expected */
	first = verify.spare.pid;
	assert_true(first > 0);
	is_verified(&verify, &binary);
	next = verify.spare.pid;
	assert_int_not_equal(next, first);
	assert_int_equal(kill(next, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)next, NULL, WEXITED | WNOWAIT), 0);
	is_verified(&verify, &binary);
	assert_true(verify_due_ns(&verify) < INT64_MAX);
	verify_due(&verify);
	assert_true(verify.spare.pid > 0);
	verify.spare_until_ns = 1;
	verify_due(&verify);
	assert_int_equal(verify.spare.pid, 0);
	assert_int_equal(verify_due_ns(&verify), INT64_MAX);
	while (waitid(P_ALL, 0, NULL, WEXITED | WNOWAIT) == 0)
		verify_due(&verify); /* all are taken note of */
	verify_release(&verify);
	close(verify.program);
	binary_release(&binary);
	scenario_remove_root(root);
	alarm(0);
}

static int master_code(struct verify *verify, const char *name)
{
	char path[SCENARIO_PATH];
	struct error error = {0};
	int fd, ret;

	(void)snprintf(path, sizeof(path), ".output/tests/target/%s", name);
	fd = open(path, O_PATH | O_CLOEXEC);
	assert_true(fd >= 0);
	ret = verify_master(verify, fd, &error);
	close(fd);
	return ret;
}

static void a_master_has_to_be_one(void **state)
{
	struct verify verify = {.program = start_open_self(NULL), .rights = SEARCH_AS_WE_ARE};

	(void)state;
	alarm(PATIENCE);
	assert_int_equal(master_code(&verify, "false-master"), 0); /* by its contents it is */
	assert_int_equal(master_code(&verify, "libtarget.so"), -EBADMSG);
	assert_int_equal(master_code(&verify, "forger"), -EBADMSG);
	assert_int_equal(master_code(&verify, ""), -EBADMSG); /* a directory */
	verify_release(&verify);
	while (waitpid(-1, NULL, 0) > 0)
		;
	close(verify.program);
	alarm(0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_master_has_to_be_one),
		cmocka_unit_test(a_verifier_is_started_ahead),
		cmocka_unit_test(a_probe_is_set_only_where_the_file_has_the_function),
	};

	if (argc == 2 && strcmp(argv[1], "collect") == 0)
		return collect();
	if (argc == 2 && strcmp(argv[1], "search") == 0)
		return search();
	if (argc == 2 && strcmp(argv[1], "verify") == 0)
		verifier_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
