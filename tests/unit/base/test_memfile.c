/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/memfile.h"

static int make(const char *content)
{
	struct error error = {0};
	int fd = memfile_make("test", slice_str(content), &error);

	if (fd < 0)
		fail_msg("%s", error.text);
	return fd;
}

static void map_fails(int fd, size_t max, int code, const char *text)
{
	struct slice content = {0};
	struct error error = {0};

	assert_int_equal(memfile_map(fd, max, &content, &error), -code);
	assert_int_equal(error.code, code);
	assert_string_equal(error.text, text);
	assert_null(content.ptr);
	close(fd);
}

static void its_content_is_there_when_it_is_closed(void **state)
{
	struct slice content;
	int fd = make("some words");

	(void)state;
	assert_int_equal(memfile_map(fd, 10, &content, NULL), 0);
	close(fd);
	assert_true(slice_is(content, "some words"));
	memfile_unmap(&content);
	assert_null(content.ptr);
	memfile_unmap(&content);
}

static void nobody_can_change_it(void **state)
{
	int fd = make("some words");

	(void)state;
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 1), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_ptr_equal(mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void one_that_might_change_is_refused(void **state)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	(void)state;
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL), 0);
	map_fails(fd, 10, EPERM, "the memory file is not sealed");
}

static void what_is_no_memory_file_is_refused(void **state)
{
	(void)state;
	map_fails(open("/dev/null", O_RDONLY | O_CLOEXEC), 10, EPERM,
		  "the memory file is not sealed");
}

static void one_that_is_empty_or_too_large_is_refused(void **state)
{
	(void)state;
	map_fails(make(""), 10, EINVAL, "the memory file is empty");
	map_fails(make("0123456789a"), 10, E2BIG, "the memory file is larger than 10 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_content_is_there_when_it_is_closed),
		cmocka_unit_test(nobody_can_change_it),
		cmocka_unit_test(one_that_might_change_is_refused),
		cmocka_unit_test(what_is_no_memory_file_is_refused),
		cmocka_unit_test(one_that_is_empty_or_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
