/* SPDX-License-Identifier: MIT */
/* Which modules are loaded and which are refused. Those that are loaded here (sample_module.c) are
 * in the folder "modules" beside this program. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/module.h"
#include "modules/dir.h"

#define STRANGER 4242 /* neither root nor we */

MODULE_DECLARE(nosuch);

struct place {
	char samples[PATH_MAX], dir[64], path[PATH_MAX + 64];
	struct error error;
	const struct module *module;
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	ssize_t len = readlink("/proc/self/exe", place->samples, sizeof(place->samples) - 16);

	assert_true(len > 0);
	snprintf(strrchr(place->samples, '/'), 16, "/modules");
	snprintf(place->dir, sizeof(place->dir), "/tmp/test-module.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	(void)unlink(place->path);
	(void)rmdir(place->path);
	assert_int_equal(rmdir(place->dir), 0);
	free(place);
	return 0;
}

/* A sample under another name in a folder of its own. */
static void copy(struct place *place, const char *sample, const char *name)
{
	char command[3 * PATH_MAX];

	snprintf(place->path, sizeof(place->path), "%s/%s.so", place->dir, name);
	snprintf(command, sizeof(command), "install -m 0644 '%s/%s.so' '%s'", place->samples,
		 sample, place->path);
	assert_int_equal(system(command), 0);
}

static int load(struct place *place, const char *name)
{
	place->module = NULL;
	return module_load_from(place->dir, name, geteuid(), &place->module, &place->error);
}

/* Refused, and the text names the file and says that. */
static void expect_refused(struct place *place, const char *name, const char *text)
{
	assert_int_equal(load(place, name), -EINVAL);
	assert_null(place->module);
	if (!strstr(place->error.text, place->dir) || !strstr(place->error.text, text))
		fail_msg("%s", place->error.text);
}

static void test_beside(void **state)
{
	struct place *place = *state;
	const struct module *again = NULL;

	assert_int_equal(module_load("good", NULL, "x", &place->module, &place->error), 0);
	assert_string_equal(place->module->name, "good");
	assert_string_equal(place->module->interface, "sample");
	assert_int_equal(module_load("good", NULL, "x", &again, NULL), 0);
	assert_ptr_equal(again, place->module);
}

static void test_linked(void **state)
{
	static const struct module linked = {.name = "linked"};
	struct place *place = *state;

	assert_int_equal(module_load("linked", &linked, "x", &place->module, NULL), 0);
	assert_ptr_equal(place->module, &linked);
	assert_null(&dovetap_module_nosuch);
}

static void test_missing(void **state)
{
	struct place *place = *state;

	assert_int_equal(module_load("nosuch", NULL, "dict nosuch", &place->module, &place->error),
			 -EINVAL);
	assert_string_equal(place->error.text, "dict nosuch needs the module " DOVETAP_MODULE_DIR
					       "/nosuch.so, which is not installed: apt-get "
					       "install dovetap-nosuch");
	assert_int_equal(load(place, "nosuch"), -ENOENT);
	assert_int_equal(module_load_from("/nonexistent", "good", 0, &place->module, NULL),
			 -ENOENT);
}

/* What is refused beside the program is not looked for elsewhere. */
static void test_beside_refused(void **state)
{
	struct place *place = *state;

	assert_int_equal(module_load("stale", NULL, "dict stale", &place->module, &place->error),
			 -EINVAL);
	assert_memory_equal(place->error.text, "dict stale: ", 12);
	assert_non_null(strstr(place->error.text, place->samples));
}

static void test_versions(void **state)
{
	struct place *place = *state;

	copy(place, "stale", "stale");
	expect_refused(place, "stale", "its interface has version 9999, this one ");
	copy(place, "older", "stale");
	expect_refused(place, "stale", "no module of dovetap: it has no dovetap_module_stale");
	(void)unlink(place->path);
	copy(place, "older", "older");
	expect_refused(place, "older", "is of dovetap 0.0.0-older, this is " DOVETAP_VERSION);
}

static void test_rights(void **state)
{
	static const struct {
		mode_t mode;
		const char *text;
	} cases[] = {{0664, "(mode 0664)"}, {0646, "(mode 0646)"}, {0777, "(mode 0777)"}};
	struct place *place = *state;

	copy(place, "good", "good");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chmod(place->path, cases[i].mode), 0);
		expect_refused(place, "good", cases[i].text);
	}
	assert_int_equal(chmod(place->path, 0644), 0);
	assert_int_equal(chmod(place->dir, 01777), 0);
	expect_refused(place, "good", "can be written by others than its owner (mode 1777)");
	assert_int_equal(chmod(place->dir, 0755), 0);
	assert_int_equal(load(place, "good"), 0);
}

/* Needs root, as all tests do that are run in order. */
static void test_owner(void **state)
{
	struct place *place = *state;

	if (geteuid() != 0)
		skip();
	copy(place, "good", "good");
	assert_int_equal(chown(place->path, STRANGER, STRANGER), 0);
	expect_refused(place, "good", "belongs to user 4242");
	assert_int_equal(module_load_from(place->dir, "good", STRANGER, &place->module, NULL), 0);
	assert_int_equal(chown(place->path, 0, 0), 0);
	assert_int_equal(chown(place->dir, STRANGER, STRANGER), 0);
	expect_refused(place, "good", "belongs to user 4242");
}

static void test_no_file(void **state)
{
	struct place *place = *state;
	char target[PATH_MAX + 16];

	snprintf(place->path, sizeof(place->path), "%s/good.so", place->dir);
	snprintf(target, sizeof(target), "%s/good.so", place->samples);
	assert_int_equal(symlink(target, place->path), 0);
	expect_refused(place, "good", "is not a regular file");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(mkdir(place->path, 0755), 0);
	expect_refused(place, "good", "is not a regular file");
}

static void test_no_module(void **state)
{
	struct place *place = *state;

	copy(place, "good", "good");
	assert_int_equal(truncate(place->path, 0), 0);
	expect_refused(place, "good", "cannot load ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_beside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_linked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_missing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_beside_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_versions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rights, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_module, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
