/* SPDX-License-Identifier: MIT */
/*
 * Real searchers, as copies of this process and by exec of this program, which is a searcher when
 * its argument says so (as root). They search a root folder of the scenario's.
 */
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "discover_scenario.h"
#include "priv/start.h"
#include "priv/status.h"
#include "search_case.h"

#define LONG_NS (30 * NS_PER_SEC)

struct world {
	struct scenario files;
	struct search_case *it;
	const char *roots[2];
	int program;
};

static int world_set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	void *it = NULL;

	(void)snprintf(world->files.root, sizeof(world->files.root), "/tmp/dovetap-test.XXXXXX");
	if (!mkdtemp(world->files.root) || chmod(world->files.root, 0755) < 0 ||
	    case_set_up(&it) < 0)
		return -1;
	world->it = it;
	world->roots[0] = world->files.root;
	world->it->options.roots = world->roots;
	world->it->options.roles = PRIV_ROLES_ALL;
	close(world->it->search->channel);
	world->it->search->channel = -1;
	world->program = start_open_self(NULL);
	*state = world;
	return world->program < 0 ? -1 : 0;
}

static int world_tear_down(void **state)
{
	struct world *world = *state;
	void *it = world->it;
	char command[128];

	(void)case_tear_down(&it);
	close(world->program);
	(void)snprintf(command, sizeof(command), "rm -rf %s", world->files.root);
	(void)!system(command); /* NOLINT */
	free(world);
	return 0;
}

/* As a loop does it, until *count is that much. */
static void serve_until(struct world *world, const unsigned int *count, unsigned int want)
{
	int64_t deadline = clock_monotonic_ns() + LONG_NS;

	while (*count < want) {
		struct pollfd fd = {.fd = search_fd(world->it->search), .events = POLLIN};

		assert_true(clock_monotonic_ns() < deadline);
		if (poll(&fd, 1, 10) > 0)
			search_receive(world->it->search);
		search_due(world->it->search);
	}
}

static void start(struct world *world, enum search_rights rights, const struct priv_user *user,
		  int program)
{
	struct error error = {0};

	if (search_start(world->it->search, rights, user, program, &error) < 0)
		fail_msg("%s", error.text);
}

static void begin(struct world *world, enum search_rights rights, const struct priv_user *user,
		  int program)
{
	start(world, rights, user, program);
	search_scan(world->it->search);
}

static void expect_the_library(struct world *world)
{
	char path[256];

	serve_until(world, &world->it->scanned, 1);
	if (world->it->error.code != 0)
		fail_msg("%s", world->it->error.text);
	make_path(&world->files, STORAGE, path);
	assert_int_equal(world->it->found, 1);
	assert_string_equal(world->it->path, path);
	assert_string_equal(world->it->last->abi, "2.4.ABIv1");
	assert_true(fcntl(world->it->last->fd, F_GETFL) & O_PATH);
}

static void a_copy_finds_what_is_there(void **state)
{
	struct world *world = *state;

	write_storage(&world->files, STORAGE, "2.4.ABIv1");
	begin(world, SEARCH_AS_WE_ARE, NULL, -1);
	expect_the_library(world);
}

static void an_executed_one_finds_it_as_well(void **state)
{
	struct world *world = *state;

	write_storage(&world->files, STORAGE, "2.4.ABIv1");
	begin(world, SEARCH_AS_WE_ARE, NULL, world->program);
	expect_the_library(world);
}

static void it_has_few_rights_and_the_user(void **state)
{
	struct world *world = *state;
	struct priv_user nobody;
	struct priv_status status;

	assert_int_equal(priv_user_find("nobody", &nobody, NULL), 0);
	write_storage(&world->files, STORAGE, "2.4.ABIv1");
	begin(world, SEARCH_NO_SANDBOX, &nobody, world->program);
	expect_the_library(world);
	assert_int_equal(priv_status_read(world->it->search->pid, &status), 0);
	assert_int_equal(status.uid, nobody.uid);
	assert_int_equal(status.capabilities & ~priv_keep_mask(PRIV_KEEP_SEARCH), 0);
	assert_string_equal(status.name, SEARCH_NAME);
}

/* What was found stays found when the next searcher has the list of it. */
static void the_next_one_knows_what_was_found(void **state)
{
	struct world *world = *state;

	write_storage(&world->files, STORAGE, "2.4.ABIv1");
	begin(world, SEARCH_AS_WE_ARE, NULL, world->program);
	expect_the_library(world);
	assert_int_equal(kill(world->it->search->pid, SIGKILL), 0);
	serve_until(world, &world->it->scanned, 2);
	assert_int_equal(world->it->found, 1);
	assert_int_equal(world->it->lost, 0);
	write_storage(&world->files, LIB "/libdovecot-storage.so.0.1", "2.3.ABIv19(2.3.19.1)");
	search_scan(world->it->search);
	serve_until(world, &world->it->scanned, 3);
	assert_int_equal(world->it->found, 2);
	assert_string_equal(world->it->last->abi, "2.3.ABIv19(2.3.19.1)");
}

static void an_exec_of_another_program_is_unrelated(void **state)
{
	struct world *world = *state;

	/* Nothing is searched first: on a mount of this machine that hangs the searcher would be
	 * ended, and what it was asked with it. */
	world->it->options.processes = true;
	start(world, SEARCH_AS_WE_ARE, NULL, world->program);
	assert_true(search_exec(world->it->search, getpid(), "test_search"));
	serve_until(world, &world->it->unrelated, 1);
	assert_string_equal(world->it->name, "test_search");
}

static void its_end_is_that_of_its_owner(void **state)
{
	struct world *world = *state;
	int status;
	pid_t pid;

	begin(world, SEARCH_AS_WE_ARE, NULL, world->program);
	serve_until(world, &world->it->scanned, 1);
	pid = world->it->search->pid;
	close(world->it->search->channel);
	world->it->search->channel = -1;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	world->it->search->pid = 0;
}

static void a_program_that_is_none_is_tried_again(void **state)
{
	struct world *world = *state;
	int none = open("/dev/null", O_PATH | O_CLOEXEC);

	assert_int_equal(search_start(world->it->search, SEARCH_AS_WE_ARE, NULL, none, NULL), 0);
	while (search_fd(world->it->search) >= 0) {
		struct pollfd fd = {.fd = search_fd(world->it->search), .events = POLLIN};

		assert_true(poll(&fd, 1, (int)(LONG_NS / NS_PER_MSEC)) > 0);
		search_receive(world->it->search);
	}
	assert_true(search_due_ns(world->it->search) < clock_monotonic_ns() + 2 * NS_PER_SEC);
	close(none);
}

/* --- search_once() ---------------------------------------------------------------------------- */

static void all_of_it_at_once(void **state)
{
	struct world *world = *state;
	struct error error = {0};

	write_storage(&world->files, STORAGE, "2.4.ABIv1");
	if (search_once(&world->it->options, &world->it->owner, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(world->it->found, 1);
	assert_int_equal(world->it->lost, 0);
}

static void at_once_a_missing_root_is_an_error(void **state)
{
	struct world *world = *state;
	struct error error = {0};

	world->roots[0] = "/nonexistent";
	assert_int_equal(search_once(&world->it->options, &world->it->owner, &error), -ENOENT);
	assert_string_equal(error.text, "/nonexistent: No such file or directory");
	assert_int_equal(search_once(&world->it->options, &world->it->owner, NULL), -ENOENT);
}

#define WORLD(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WORLD(a_copy_finds_what_is_there),
		WORLD(an_executed_one_finds_it_as_well),
		WORLD(it_has_few_rights_and_the_user),
		WORLD(the_next_one_knows_what_was_found),
		WORLD(an_exec_of_another_program_is_unrelated),
		WORLD(its_end_is_that_of_its_owner),
		WORLD(a_program_that_is_none_is_tried_again),
		WORLD(all_of_it_at_once),
		WORLD(at_once_a_missing_root_is_an_error),
	};

	if (argc == 2 && strcmp(argv[1], "search") == 0)
		searcher_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
