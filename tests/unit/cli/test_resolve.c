/* SPDX-License-Identifier: MIT */
/* What one process has read is what the next one gets, without the files it was read from. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "../conf/folder.h"
#include "base/memfile.h"
#include "cli/resolve.h"
#include "dovecot/layout_own.h"
#include "priv/resolution.h"

#define MEMFILE_MAX (1U << 20)

static const struct priv_user user = {.name = "somebody", .uid = 99, .gid = 98};

/* With those words behind "dovetap run"; ends with NULL. Returns the memory file. */
static int make(const char *const *words, const char *const *environment)
{
	struct resolve_origin origin = {.argv = (char **)words,
					.environment = (char **)environment};
	struct run_options run;
	struct error error = {0};
	struct plan *plan;
	int fd;

	while (words[origin.argc])
		origin.argc++;
	run_options_parse(origin.argc, origin.argv, &run);
	if (resolve_read(&run, &plan, &error) < 0)
		fail_msg("%s", error.text);
	fd = resolve_make(&origin, &run, plan, &user, &error);
	if (fd < 0)
		fail_msg("%s", error.text);
	plan_free(&plan);
	return fd;
}

static void free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

static void all_comes_over(void **state)
{
	const char *const words[] = {"dovetap run", "--config=own.conf", "--pin=/pin", "--live",
				     "--root=/a",   "--root=/b",	 NULL};
	const char *const environment[] = {"SECRET=xyzzy", "NODE=7", NULL};
	char **before = environ;
	struct resolve_origin origin;
	struct run_options run;
	struct priv_user got;
	struct error error = {0};
	struct plan *plan;
	int fd;

	(void)state;
	write_file("key", "0123456789abcdef\n", 0600);
	write_file(
		"own.conf",
		"dovetap {\n  control_socket = /socket\n  ring_size = 64k\n  audit_log = stdout\n"
		"  audit_user_key = key\n}\nplugin {\n  last_login_dict = file:/x\n}\n",
		0600);
	fd = make(words, environment);
	assert_int_equal(unlink("key"), 0);
	assert_int_equal(unlink("own.conf"), 0);
	if (resolve_open(fd, &origin, &run, &got, &plan, &error) < 0)
		fail_msg("%s", error.text);
	close(fd);
	assert_string_equal(getenv("SECRET"), "xyzzy");
	assert_null(getenv("PATH"));
	environ = before;
	assert_int_equal(origin.argc, 6);
	assert_string_equal(origin.argv[2], "--pin=/pin");
	assert_true(run.live);
	assert_string_equal(run_options_control(&run, plan), "/socket");
	assert_string_equal(run_options_pin(&run, plan), "/pin");
	assert_string_equal(run.roots.dirs[1], "/b");
	assert_string_equal(got.name, "somebody");
	assert_int_equal(got.uid, 99);
	assert_int_equal(plan_settings(plan)->ring_size, 65536);
	assert_string_equal(plan_dict(plan, 0)->uri, "file:/x");
	assert_non_null(plan_audit(plan)->policy.pseudonym);
	plan_free(&plan);
	free_words(origin.argv);
	free_words(origin.environment);
}

static void the_attacher_gets_what_is_for_it(void **state)
{
	const char *const words[] = {"dovetap run", "--config=own.conf", "--pin=/pin",
				     "--root=/a",   "--attach=perf",	 NULL};
	const char *const environment[] = {NULL};
	struct resolution resolution;
	struct error error = {0};
	int fd;

	(void)state;
	write_file("own.conf",
		   "dovetap {\n  ring_size = 64k\n  attach_fuse = yes\n  capture_home = yes\n"
		   "  log_level = debug\n}\n",
		   0600);
	assert_int_equal(layouts_own_add("2.9.ABIv1", "/x", (struct slice){"btf", 3}, NULL), 0);
	fd = make(words, environment);
	layouts_own_unload();
	if (resolution_open_lists(fd, &resolution, &error) < 0)
		fail_msg("%s", error.text);
	close(fd);
	assert_int_equal(resolution.settings.ring_bytes, 65536);
	assert_int_equal(resolution.settings.uid, 99);
	assert_int_equal(resolution.settings.method, ATTACH_PERF);
	assert_int_equal(resolution.settings.log_level, LOG_LEVEL_DEBUG);
	assert_true(resolution.settings.fuse);
	assert_false(resolution.settings.processes); /* only below the root */
	assert_true(resolution.settings.wanted_texts != 0);
	assert_string_equal(resolution.pin, "/pin");
	assert_string_equal(resolution.roots[0], "/a");
	assert_string_equal(resolution.layouts[0].abi, "2.9.ABIv1");
	resolution_close(&resolution);
}

/* Each byte that is missing is noticed, whichever part it is of. */
static void each_cut_is_refused(void **state)
{
	const char *const words[] = {"dovetap run", "--config=own.conf", NULL};
	const char *const environment[] = {"A=b", NULL};
	char **before = environ;
	struct slice whole;
	int fd;

	(void)state;
	write_file("own.conf", "dovetap {\n  user = x\n}\n", 0600);
	fd = make(words, environment);
	assert_int_equal(memfile_map(fd, MEMFILE_MAX, &whole, NULL), 0);
	close(fd);
	for (size_t len = 1; len < whole.len; len += 7) {
		struct resolve_origin origin = {0};
		struct run_options run;
		struct error error = {0};
		struct plan *plan;

		fd = memfile_make("test", (struct slice){whole.ptr, len}, NULL);
		assert_int_equal(resolve_open(fd, &origin, &run, NULL, &plan, &error), -EINVAL);
		assert_non_null(strstr(error.text, "the resolved configuration"));
		close(fd);
		environ = before;
		free_words(origin.argv);
		free_words(origin.environment);
	}
	memfile_unmap(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_over),
		cmocka_unit_test(the_attacher_gets_what_is_for_it),
		cmocka_unit_test(each_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
