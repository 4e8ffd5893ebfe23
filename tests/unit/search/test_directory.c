/* SPDX-License-Identifier: MIT */
/* What is held for a directory is given back with it. */
#include <errno.h>

#include "directories_case.h"

static void each_is_held_once_and_given_back(void **state)
{
	size_t before = open_descriptors();
	struct directories dirs;
	int root = open_root();

	(void)state;
	assert_int_equal(directories_init(&dirs), 0);
	assert_true(dirs.inotify_fd >= 0);
	assert_int_equal(directories_add(&dirs, root, "/r", "/a", 1), 0);
	assert_int_equal(directories_add(&dirs, root, "/r", "/b", 1), 1);
	assert_int_equal(directories_add(&dirs, root, "/r", "/a", 2), 0); /* known */
	assert_int_equal(directories_add(&dirs, root, "/r", "/../a/.", 2), 0);
	assert_int_equal(directories_add(&dirs, root, "/r", "/nosuch", 2), -ENOENT);
	assert_int_equal(dirs.count, 2);
	assert_int_equal(dirs.list[0].seen, 2);
	assert_string_equal(dirs.list[1].path, "/b");
	assert_string_equal(dirs.list[1].prefix, "/r");
	assert_int_equal(watches_of(dirs.inotify_fd), 2);
	assert_int_equal(directories_find_watch(&dirs, dirs.list[1].watch), 1);
	assert_int_equal(directories_find_watch(&dirs, 1000), -1);
	/* The root's two, its own, inotify's. */
	assert_int_equal(open_descriptors(), before + 4);
	directories_remove(&dirs, 0);
	assert_int_equal(dirs.count, 1);
	assert_string_equal(dirs.list[0].path, "/b");
	assert_int_equal(watches_of(dirs.inotify_fd), 1);
	assert_int_equal(open_descriptors(), before + 3);
	directories_release(&dirs);
	close(root);
	assert_int_equal(open_descriptors(), before);
}

static void what_no_search_leads_to_goes(void **state)
{
	size_t before = open_descriptors();
	struct directories dirs;
	int root = open_root();

	(void)state;
	assert_int_equal(directories_init(&dirs), 0);
	assert_int_equal(directories_add(&dirs, root, "", "/a", 1), 0);
	assert_int_equal(directories_add(&dirs, root, "", "/b", 2), 1);
	assert_int_equal(directories_add(&dirs, root, "", "/c", 1), 2);
	dirs.list[2].fixed = true;
	directories_sweep(&dirs, 2);
	assert_int_equal(dirs.count, 2);
	assert_string_equal(dirs.list[0].path, "/b");
	assert_string_equal(dirs.list[1].path, "/c");
	assert_int_equal(watches_of(dirs.inotify_fd), 2);
	directories_release(&dirs);
	close(root);
	assert_int_equal(open_descriptors(), before);
}

static void a_runpath_leads_to_its_elements(void **state)
{
	struct directories dirs;
	int root = open_root();

	(void)state;
	assert_int_equal(directories_init(&dirs), 0);
	directories_add_runpath(&dirs, root, "", "$ORIGIN/../lib:relative::/b:${ORIGIN}/./:/nosuch",
				"/a", 3);
	assert_int_equal(dirs.count, 3);
	assert_string_equal(dirs.list[0].path, "/a/../lib");
	assert_string_equal(dirs.list[1].path, "/b");
	assert_string_equal(dirs.list[2].path, "/a/./");
	directories_release(&dirs);
	close(root);
}

/* A list of any length is no work without end: 16 of its elements are looked at. */
static void a_runpath_has_a_limit(void **state)
{
	char runpath[200] = "";
	struct directories dirs;
	int root = open_root();

	(void)state;
	for (int with = 0; with < 2; with++) {
		runpath[0] = '\0';
		for (int i = 0; i < 15 + with; i++)
			(void)memcpy(runpath + strlen(runpath), "/x:", 4);
		(void)memcpy(runpath + strlen(runpath), "/a", 3);
		assert_int_equal(directories_init(&dirs), 0);
		directories_add_runpath(&dirs, root, "", runpath, "/", 1);
		assert_int_equal(dirs.count, with ? 0 : 1);
		directories_release(&dirs);
	}
	close(root);
}

static void an_importer_is_news_once(void **state)
{
	struct directories dirs;
	int root = open_root();

	(void)state;
	assert_int_equal(directories_init(&dirs), 0);
	assert_int_equal(directories_add(&dirs, root, "", "/a", 1), 0);
	dirs.list[0].touched = false;
	assert_false(directory_imports(&dirs, &dirs.list[0], "-login", "client_init"));
	assert_true(directories_note_importer(&dirs, root));
	assert_true(dirs.list[0].touched);
	assert_false(directories_note_importer(&dirs, root));
	assert_true(directory_imports(&dirs, &dirs.list[0], "-login", "client_init"));
	directories_release(&dirs);
	close(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_held_once_and_given_back),
		cmocka_unit_test(what_no_search_leads_to_goes),
		cmocka_unit_test(a_runpath_leads_to_its_elements),
		cmocka_unit_test(a_runpath_has_a_limit),
		cmocka_unit_test(an_importer_is_news_once),
	};

	return cmocka_run_group_tests(tests, make_directories, leave_folder);
}
