/* SPDX-License-Identifier: MIT */
/*
 * Discovery by running processes: this program, copied to where a Dovecot service would be, maps
 * the library and waits. Other Dovecots may run on the machine; only files of the story count.
 */
#include "attach/discover.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "story_root.h"

#define SERVICE "usr/lib/dovecot/imap"

struct story {
	char root[64];
	ino_t libraries[2]; /* inodes of the library, the first and its successor */
	struct discover *discover;
	pid_t service;
	unsigned int found, lost;
	char path[STORY_PATH]; /* of the last one found */
};

static bool is_ours(const struct story *story, const struct build *build)
{
	return build->id.ino == story->libraries[0] || build->id.ino == story->libraries[1];
}

static void on_found(void *ctx, const struct build *build, const struct build *replaced)
{
	struct story *story = ctx;

	(void)replaced;
	if (!is_ours(story, build))
		return;
	story->found++;
	snprintf(story->path, sizeof(story->path), "%s", build->path);
}

static void on_lost(void *ctx, const struct build *build)
{
	struct story *story = ctx;

	if (is_ours(story, build))
		story->lost++;
}

static void install(struct story *story, int which)
{
	char path[STORY_PATH];
	struct stat st;

	story_install(story->root, "libtarget.so");
	story_path(story->root, STORY_LIBRARY, path);
	assert_int_equal(stat(path, &st), 0);
	story->libraries[which] = st.st_ino;
}

static int set_up(void **state)
{
	static const char *const nowhere[] = {NULL};
	struct discover_options options = {
		.roots = nowhere,
		.processes = true,
		.roles = PRIV_ROLE_BIT(PRIV_ROLE_MAIL_USER),
	};
	struct story *story = calloc(1, sizeof(*story));
	char path[STORY_PATH];

	story_make_root(story->root);
	install(story, 0);
	story_path(story->root, SERVICE, path);
	story_copy("../bpf/test_processes", path);
	assert_int_equal(discover_new(&options, on_found, story, &story->discover, NULL), 0);
	discover_on_lost(story->discover, on_lost);
	*state = story;
	return 0;
}

static void end_service(struct story *story)
{
	if (story->service == 0)
		return;
	assert_int_equal(kill(story->service, SIGKILL), 0);
	assert_int_equal(waitpid(story->service, NULL, 0), story->service);
	story->service = 0;
}

static int tear_down(void **state)
{
	struct story *story = *state;

	end_service(story);
	discover_free(&story->discover);
	story_remove_root(story->root);
	free(story);
	return 0;
}

/* Where this program's own library is: the copy elsewhere must find it as well. */
static void own_library_path(char environment_r[STORY_PATH])
{
	char self[STORY_PATH - 64];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(len > 0);
	self[len] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(environment_r, STORY_PATH, "LD_LIBRARY_PATH=%s/../target", self);
}

/* Starts the service, which changes its root to NEW_ROOT, and waits until it has. */
static void start_service(struct story *story, const char *new_root)
{
	char path[STORY_PATH], library[STORY_PATH], environment[STORY_PATH], ready;
	char *const arguments[] = {(char *)"imap", library, (char *)new_root, NULL};
	char *const variables[] = {environment, NULL};
	posix_spawn_file_actions_t actions;
	int channel[2];

	story_path(story->root, SERVICE, path);
	story_path(story->root, STORY_LIBRARY, library);
	own_library_path(environment);
	assert_int_equal(pipe2(channel, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, channel[1], STDOUT_FILENO);
	assert_int_equal(posix_spawn(&story->service, path, &actions, NULL, arguments, variables),
			 0);
	posix_spawn_file_actions_destroy(&actions);
	close(channel[1]);
	assert_int_equal(read(channel[0], &ready, 1), 1);
	close(channel[0]);
}

/* The service: main() of the copy. */
static int serve(const char *library, const char *new_root)
{
	if (!dlopen(library, RTLD_NOW) || chroot(new_root) < 0 || write(STDOUT_FILENO, "r", 1) != 1)
		return 1;
	pause();
	return 0;
}

static void scan(struct story *story)
{
	(void)discover_scan(story->discover,
			    NULL); /* of others' processes some may end meanwhile */
}

static void assert_found(const struct story *story, const char *prefix, const char *suffix)
{
	char expected[STORY_PATH];

	assert_int_equal(story->found, 1);
	assert_true(snprintf(expected, sizeof(expected), "%s/%s%s", prefix, STORY_LIBRARY, suffix) <
		    (int)sizeof(expected));
	assert_string_equal(story->path, expected);
}

static void test_a_running_service_leads_to_its_library(void **state)
{
	struct story *story = *state;

	start_service(story, "/");
	scan(story);
	scan(story);
	assert_found(story, story->root, "");
}

static void test_the_start_of_a_service_leads_to_it_as_well(void **state)
{
	struct story *story = *state;

	start_service(story, "/");
	discover_exec(story->discover, story->service);
	discover_exec(story->discover, story->service);
	assert_found(story, story->root, "");
}

static void test_a_changed_root_is_looked_into(void **state)
{
	struct story *story = *state;
	char prefix[64];

	start_service(story, story->root);
	scan(story);
	snprintf(prefix, sizeof(prefix), "/proc/%d/root", (int)story->service);
	assert_found(story, prefix, "");
}

/* As Dovecot's login processes do: their own file is out of their reach. */
static void test_a_service_in_an_empty_root_leads_to_its_library(void **state)
{
	struct story *story = *state;
	char empty[STORY_PATH];

	story_path(story->root, "empty", empty);
	assert_int_equal(mkdir(empty, 0755), 0);
	start_service(story, empty);
	scan(story);
	assert_found(story, story->root, "");
}

static void test_a_replaced_library_that_is_still_mapped_is_found(void **state)
{
	struct story *story = *state;

	start_service(story, "/");
	install(story, 1);
	scan(story);
	assert_int_equal(story->found, 2);
}

static void test_a_file_is_kept_while_a_process_maps_it(void **state)
{
	struct story *story = *state;
	char path[STORY_PATH];

	start_service(story, "/");
	scan(story);
	story_path(story->root, STORY_LIBRARY, path);
	assert_int_equal(unlink(path), 0);
	for (int i = 0; i < 4; i++)
		scan(story);
	assert_int_equal(story->found, 1);
	assert_int_equal(story->lost, 0);
}

static void test_all_is_lost_with_the_last_process(void **state)
{
	struct story *story = *state;

	start_service(story, "/");
	scan(story);
	end_service(story);
	scan(story);
	scan(story);
	assert_int_equal(story->found, 1);
	assert_int_equal(story->lost, 1);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORY(test_a_running_service_leads_to_its_library),
		STORY(test_the_start_of_a_service_leads_to_it_as_well),
		STORY(test_a_changed_root_is_looked_into),
		STORY(test_a_service_in_an_empty_root_leads_to_its_library),
		STORY(test_a_replaced_library_that_is_still_mapped_is_found),
		STORY(test_a_file_is_kept_while_a_process_maps_it),
		STORY(test_all_is_lost_with_the_last_process),
	};

	if (argc == 3)
		return serve(argv[1], argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
