/* SPDX-License-Identifier: MIT */
/* Directories and what is known of files, without memory: nothing stays open, nothing is lost. */
#include "../alloc_failure.h"
#include "directories_case.h"
#include "search/recognise.h"

static int use_directories(void *context)
{
	struct directories dirs = {.inotify_fd = -1};
	int *root = context, ret = directories_init(&dirs);

	if (ret == 0)
		ret = directories_add(&dirs, *root, "/r", "/a", 1);
	if (ret >= 0)
		ret = directories_add(&dirs, *root, "/r", "/b", 1);
	if (ret >= 0)
		ret = 0;
	directories_release(&dirs);
	return ret;
}

static void directories_are_added(void **state)
{
	size_t before = open_descriptors();
	int root = open_root();

	(void)state;
	assert_true(each_failure(use_directories, &root) > 5);
	close(root);
	assert_int_equal(open_descriptors(), before);
}

/* Without memory for it the answer is made anew the next time. */
static int recognise_twice(void *context)
{
	struct recogniser recogniser = {0};
	const int *fd = context;

	for (int i = 0; i < 2; i++) {
		const struct recognised *is = recognise(&recogniser, *fd);

		assert_non_null(is);
		assert_false(is->dovecot);
	}
	recogniser_release(&recogniser);
	return 0;
}

static void files_are_recognised(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(each_failure(recognise_twice, &fd) > 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_are_added),
		cmocka_unit_test(files_are_recognised),
	};

	return cmocka_run_group_tests(tests, make_directories, leave_folder);
}
