/* SPDX-License-Identifier: MIT */
/* The owner's side: the searcher is the test's end of the channel, its process one that waits. */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "search_case.h"

static pid_t start(struct search_case *it)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	it->search->pid = pid;
	return pid;
}

static void answer(const struct search_case *it, const struct search_answer *answer, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec text = {(void *)(uintptr_t)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.bytes);
	}
	assert_int_equal(sendmsg(it->searcher, &message, 0), sizeof(*answer));
	if (fd >= 0)
		close(fd);
}

/* 0: nothing was asked. */
static uint32_t request(const struct search_case *it, struct search_request *request_r)
{
	ssize_t n = recv(it->searcher, request_r, sizeof(*request_r), MSG_DONTWAIT);

	return n == (ssize_t)sizeof(*request_r) ? request_r->type : 0;
}

static void scans_are_asked_for_one_ahead(void **state)
{
	struct search_case *it = *state;
	const struct search_answer scanned = {.type = SEARCH_SCANNED, .limited = 3, .dovecots = 5};
	struct search_request got;

	for (int i = 0; i < 5; i++)
		search_scan(it->search);
	assert_int_equal(request(it, &got), SEARCH_SCAN);
	assert_int_equal(request(it, &got), SEARCH_SCAN);
	assert_int_equal(request(it, &got), 0);
	answer(it, &scanned, -1);
	search_receive(it->search);
	assert_int_equal(it->scanned, 1);
	assert_int_equal(it->limited, 3);
	assert_int_equal(it->dovecots, 5);
	assert_int_equal(it->error.code, 0);
	search_scan(it->search);
	assert_int_equal(request(it, &got), SEARCH_SCAN);
}

static void the_error_of_a_scan_is_passed_on(void **state)
{
	struct search_case *it = *state;
	struct search_answer scanned = {.type = SEARCH_SCANNED, .error = {.code = EACCES}};

	memset(scanned.error.text, 'e', sizeof(scanned.error.text)); /* without an end */
	answer(it, &scanned, -1);
	search_receive(it->search);
	assert_int_equal(it->error.code, EACCES);
	assert_int_equal(strlen(it->error.text), sizeof(it->error.text) - 1);
}

static void an_exec_goes_to_the_searcher_and_its_answer_back(void **state)
{
	struct search_case *it = *state;
	struct search_answer unrelated = {.type = SEARCH_UNRELATED, .name = "bash"};
	struct search_request got;

	assert_true(search_exec(it->search, 77, "a-name-that-is-longer-than-it-may-be"));
	assert_true(search_exec(it->search, 78, NULL));
	assert_int_equal(request(it, &got), SEARCH_EXEC);
	assert_int_equal(got.pid, 77);
	assert_string_equal(got.name, "a-name-that-is-");
	assert_int_equal(request(it, &got), SEARCH_EXEC);
	assert_int_equal(got.pid, 78);
	assert_string_equal(got.name, "");
	answer(it, &unrelated, -1);
	search_receive(it->search);
	assert_int_equal(it->unrelated, 1);
	assert_string_equal(it->name, "bash");
}

static void a_full_channel_leaves_it_to_a_scan(void **state)
{
	struct search_case *it = *state;
	int i = 0;

	while (i < 100000 && search_exec(it->search, i, NULL))
		i++;
	assert_in_range(i, 1, 99999);
	search_scan(it->search); /* no room for it, either: it does not count as asked for */
	assert_int_equal(it->search->scans, 0);
}

static void a_file_comes_with_its_descriptor(void **state)
{
	struct search_case *it = *state;
	struct search_answer found = case_answer("/lib/a", 5), lost = found;
	int fd;

	answer(it, &found, -1); /* without one it is none */
	search_receive(it->search);
	assert_int_equal(it->found, 0);
	answer(it, &found, case_fd());
	search_receive(it->search);
	assert_int_equal(it->found, 1);
	fd = it->last->fd;
	assert_true(is_open(fd));
	lost.type = SEARCH_LOST;
	answer(it, &lost, case_fd()); /* nobody wants that descriptor */
	search_receive(it->search);
	assert_int_equal(it->lost, 1);
	assert_false(is_open(fd));
}

static void texts_without_an_end_are_cut(void **state)
{
	struct search_case *it = *state;
	struct search_answer found = case_answer("", 5);
	struct search_answer unrelated = {.type = SEARCH_UNRELATED};

	memset(found.path, 'p', sizeof(found.path));
	memset(found.abi, 'a', sizeof(found.abi));
	memset(unrelated.name, 'n', sizeof(unrelated.name));
	answer(it, &found, case_fd());
	answer(it, &unrelated, -1);
	search_receive(it->search);
	assert_int_equal(strlen(it->last->path), PATH_MAX - 1);
	assert_int_equal(strlen(it->last->abi), ABI_MAX - 1);
	assert_int_equal(strlen(it->name), SEARCH_NAME_MAX - 1);
}

/* The loop has others to serve. */
static void only_some_messages_are_taken_at_once(void **state)
{
	struct search_case *it = *state;
	const struct search_answer unrelated = {.type = SEARCH_UNRELATED, .name = "x"};

	for (int i = 0; i < 20; i++)
		answer(it, &unrelated, -1);
	search_receive(it->search);
	assert_in_range(it->unrelated, 1, 19);
	search_receive(it->search);
	assert_int_equal(it->unrelated, 20);
}

static bool has_ended(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

/* A message of another size is no searcher's. */
static void a_searcher_that_talks_nonsense_is_replaced(void **state)
{
	struct search_case *it = *state;
	pid_t pid = start(it);
	int64_t before = clock_monotonic_ns();

	assert_int_equal(send(it->searcher, "x", 1, 0), 1);
	search_receive(it->search);
	assert_true(has_ended(pid));
	assert_int_equal(search_fd(it->search), -1);
	assert_false(search_exec(it->search, 1, NULL));
	/* The next one, after a while: it may be no better. */
	assert_true(search_due_ns(it->search) >= before + NS_PER_SEC);
}

static void a_searcher_that_ends_is_replaced(void **state)
{
	struct search_case *it = *state;
	pid_t pid = start(it);

	assert_int_equal(shutdown(it->searcher, SHUT_RDWR), 0);
	search_receive(it->search);
	assert_true(has_ended(pid));
	assert_int_equal(it->stalled, 0);
	assert_int_equal(it->search->pid, 0);
}

static void one_that_crashes_over_a_file_leaves_that_out(void **state)
{
	struct search_case *it = *state;

	start(it);
	(void)snprintf(it->search->shared->place, SEARCH_PLACE_MAX, "/hostile");
	atomic_store(&it->search->shared->since_ns, clock_monotonic_ns());
	assert_int_equal(shutdown(it->searcher, SHUT_RDWR), 0);
	search_receive(it->search);
	assert_int_equal(it->stalled, 1);
	assert_string_equal(it->place, "/hostile");
}

/* Since that long ago it looks at one thing. */
static void look_since(struct search_case *it, int64_t ns)
{
	(void)snprintf(it->search->shared->place, SEARCH_PLACE_MAX, "/fuse");
	atomic_store(&it->search->shared->since_ns, clock_monotonic_ns() - ns);
}

static void patience_has_an_end(void **state)
{
	struct search_case *it = *state;
	pid_t pid = start(it);

	look_since(it, SEARCH_PATIENCE_NS - NS_PER_SEC);
	search_due(it->search);
	assert_int_equal(it->stalled, 0);
	assert_int_equal(it->search->pid, pid);
	assert_true(search_due_ns(it->search) <= clock_monotonic_ns() + NS_PER_SEC);
	look_since(it, SEARCH_PATIENCE_NS + 1);
	search_due(it->search);
	assert_int_equal(it->stalled, 1);
	assert_string_equal(it->place, "/fuse");
	assert_int_not_equal(it->search->pid, pid); /* the next one runs already */
	assert_int_not_equal(it->search->pid, 0);
	assert_int_equal(it->search->scans, 1);
}

/* What it reported before is read first: the owner was slow, not the searcher. */
static void unread_messages_come_before_the_judgement(void **state)
{
	struct search_case *it = *state;
	const struct search_answer unrelated = {.type = SEARCH_UNRELATED, .name = "x"};
	pid_t pid = start(it);

	look_since(it, 2 * SEARCH_PATIENCE_NS);
	answer(it, &unrelated, -1);
	search_due(it->search);
	assert_int_equal(it->search->pid, pid);
	search_receive(it->search);
	search_due(it->search);
	assert_int_not_equal(it->search->pid, pid);
}

/* How far it has come is looked at once more, without any event. */
static void a_request_plans_a_look(void **state)
{
	struct search_case *it = *state;
	int64_t before = clock_monotonic_ns();

	assert_int_equal(search_due_ns(it->search), INT64_MAX);
	assert_true(search_exec(it->search, 1, NULL));
	assert_true(search_due_ns(it->search) >= before + SEARCH_PATIENCE_NS);
	assert_true(search_due_ns(it->search) <= clock_monotonic_ns() + 2 * SEARCH_PATIENCE_NS);
	it->search->judge_ns = 1;
	search_due(it->search);
	assert_int_equal(search_due_ns(it->search), INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(scans_are_asked_for_one_ahead),
		CASE(the_error_of_a_scan_is_passed_on),
		CASE(an_exec_goes_to_the_searcher_and_its_answer_back),
		CASE(a_full_channel_leaves_it_to_a_scan),
		CASE(a_file_comes_with_its_descriptor),
		CASE(texts_without_an_end_are_cut),
		CASE(only_some_messages_are_taken_at_once),
		CASE(a_searcher_that_talks_nonsense_is_replaced),
		CASE(a_searcher_that_ends_is_replaced),
		CASE(one_that_crashes_over_a_file_leaves_that_out),
		CASE(patience_has_an_end),
		CASE(unread_messages_come_before_the_judgement),
		CASE(a_request_plans_a_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
