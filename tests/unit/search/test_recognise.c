/* SPDX-License-Identifier: MIT */
/* What a file is, by what stands in it. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "make_elf.h"
#include "search/elf.h"
#include "search/recognise.h"

static const unsigned char text[] = {0x55, 0xc3};

static int file_of(const struct made_elf *elf, size_t cut)
{
	struct made_file made;
	int fd = memfd_create("file", MFD_CLOEXEC);

	make_elf(elf, &made);
	assert_true(fd >= 0 && cut <= made.len);
	made.len -= cut;
	assert_int_equal(write(fd, made.bytes, made.len), made.len);
	return fd;
}

/* A copy, to be looked at after all is released. */
static struct recognised recognised(struct made_elf elf)
{
	struct recogniser recogniser = {0};
	struct recognised is;
	int fd;

	elf.text = text;
	elf.text_len = sizeof(text);
	fd = file_of(&elf, 0);
	is = *recognise(&recogniser, fd);
	assert_int_equal(is.dovecot, is.dynamic != NULL);
	recogniser_release(&recogniser);
	close(fd);
	return is;
}

static void test_the_dynamic_section_is_read(void **state)
{
	struct made_elf elf = {
		.soname = "libdovecot-storage.so.0",
		.runpath = "/usr/lib/dovecot/modules:/usr/lib/dovecot",
		.needed = {"libc.so.6", "libdovecot.so.0", "libz.so.1", "libdovecot-x.so.7"},
	};
	struct elf_dynamic dynamic;
	int fd = file_of(&elf, 0);

	(void)state;
	assert_int_equal(elf_dynamic_read(fd, "libdovecot", &dynamic), 0);
	assert_string_equal(dynamic.soname, elf.soname);
	assert_string_equal(dynamic.runpath, elf.runpath);
	assert_int_equal(dynamic.needed_count, 2);
	assert_string_equal(dynamic.needed[0], "libdovecot.so.0");
	assert_string_equal(dynamic.needed[1], "libdovecot-x.so.7");
	close(fd);
}

static void test_what_is_no_such_file_is_refused(void **state)
{
	struct elf_dynamic dynamic;
	int fd = memfd_create("empty", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(elf_dynamic_read(fd, "", &dynamic), -ENOEXEC);
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	assert_int_equal(elf_dynamic_read(fd, "", &dynamic), -ENOEXEC);
	close(fd);
}

/* Of a name that does not fit, or does not end, nothing is known. */
static void test_a_name_that_is_too_long_is_none(void **state)
{
	char name[ELF_DYNAMIC_NAME_MAX + 1];
	struct elf_dynamic dynamic;
	int fd;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	fd = file_of(&(struct made_elf){.soname = name, .needed = {name}}, 0);
	assert_int_equal(elf_dynamic_read(fd, "x", &dynamic), 0);
	assert_string_equal(dynamic.soname, "");
	assert_int_equal(dynamic.needed_count, 0);
	close(fd);
}

static void test_survives_every_truncation(void **state)
{
	struct made_elf elf = {.soname = "libdovecot.so.0", .needed = {"a", "b", "c", "d"}};
	struct elf_dynamic dynamic;
	struct made_file made;

	(void)state;
	make_elf(&elf, &made);
	for (size_t cut = 1; cut < made.len; cut++) {
		int fd = file_of(&elf, cut);

		(void)elf_dynamic_read(fd, "", &dynamic);
		assert_true(dynamic.needed_count <= ELF_DYNAMIC_NEEDED_MAX);
		close(fd);
	}
}

static void test_libraries_are_recognised_by_their_soname(void **state)
{
	struct recognised is;

	(void)state;
	is = recognised((struct made_elf){.soname = "libdovecot-storage.so.0"});
	assert_true(is.dovecot && is.library && !is.importer);
	assert_int_equal(is.role, PRIV_ROLE_MAIL_USER);
	is = recognised((struct made_elf){.soname = "libdovecot-login.so.13"});
	assert_int_equal(is.role, PRIV_ROLE_PROXY);
	is = recognised((struct made_elf){.soname = "libdovecot.so.0"});
	assert_true(is.dovecot && is.library);
	assert_int_equal(is.role, 0);
	is = recognised((struct made_elf){.soname = "libc.so.6"});
	assert_false(is.dovecot);
}

static void test_auth_is_recognised_by_its_functions(void **state)
{
	struct made_elf elf = {
		.symbols = {{"auth_request_finished_event", 0, 2, false, false}},
		.needed = {"libdovecot.so.0"},
	};

	(void)state;
	assert_int_equal(recognised(elf).role, PRIV_ROLE_AUTH);
	elf.needed[0] = "libc.so.6"; /* somebody else's function of this name */
	assert_false(recognised(elf).dovecot);
	elf.needed[0] = "libdovecot.so.0";
	elf.symbols[0].name = "main";
	assert_true(recognised(elf).dovecot);
	assert_int_equal(recognised(elf).role, 0);
}

static void test_a_library_without_soname_is_recognised_by_its_functions(void **state)
{
	struct made_elf elf = {
		.symbols = {{"hook_mail_user_created", 0, 2, false, true}},
		.needed = {"libdovecot.so.0"},
	};

	(void)state;
	assert_int_equal(recognised(elf).role, PRIV_ROLE_MAIL_USER);
}

static void test_a_login_process_is_recognised_by_what_it_takes(void **state)
{
	struct made_elf elf = {
		.symbols = {{"client_proxy_finish_destroy_client", 0, 0, true, true}},
		.needed = {"libdovecot-login.so.0", "libdovecot.so.0"},
	};
	struct recognised is = recognised(elf);

	(void)state;
	assert_true(is.importer);
	assert_int_equal(is.role, 0);
}

static void test_a_master_is_recognised_by_what_it_takes(void **state)
{
	struct made_elf elf = {
		.symbols = {{"master_instance_list_update", 0, 0, true, true}},
		.needed = {"libdovecot.so.0"},
	};

	(void)state;
	assert_true(recognised(elf).master);
	elf.symbols[0].name = "master_instance_list_remove"; /* doveadm does that */
	assert_false(recognised(elf).master);
	elf.symbols[0].name = "master_instance_list_update";
	elf.needed[0] = "libc.so.6";
	assert_false(recognised(elf).master);
}

static void test_an_answer_is_kept_while_the_file_is_the_same(void **state)
{
	struct made_elf elf = {.soname = "libdovecot-storage.so.0"};
	int fd = file_of(&elf, 0);
	struct recogniser recogniser = {0};
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	assert_null(recognise_known(&recogniser, &st));
	assert_true(recognise(&recogniser, fd)->dovecot);
	assert_non_null(recognise_known(&recogniser, &st));
	assert_ptr_equal(recognise(&recogniser, fd), recognise_known(&recogniser, &st));
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_false(recognise(&recogniser, fd)->dovecot);
	recogniser_release(&recogniser);
	close(fd);
}

/* Of what has to be read whole only so much is read at once; the rest is not taken for known. */
static void test_large_files_wait_for_the_budget(void **state)
{
	struct read_budget spent = {.all = {.used = 1LL << 50, .at_ns = clock_monotonic_ns()}};
	struct read_budget fresh = {0};
	struct recogniser recogniser = {.budget = &spent};
	int large = file_of(&(struct made_elf){.soname = "libdovecot-x.so.0"}, 0);
	int small = file_of(&(struct made_elf){.soname = "libdovecot-x.so.0"}, 0);

	(void)state;
	assert_int_equal(ftruncate(large, ELF_FILE_MAX), 0);
	assert_true(recognise(&recogniser, small)->dovecot);
	assert_true(recognise(&recogniser, large)->waits);
	assert_false(recognise(&recogniser, large)->dovecot);
	recogniser.budget = &fresh;
	assert_true(recognise(&recogniser, large)->dovecot);
	assert_true(fresh.all.used >= ELF_FILE_MAX);
	recogniser_release(&recogniser);
	close(large);
	close(small);
}

/* Somebody who makes files up pushes out the oldest answers of that kind, not Dovecot's. */
static void test_answers_have_a_ceiling(void **state)
{
	int dovecot = file_of(&(struct made_elf){.soname = "libdovecot.so.0"}, 0);
	int fd = file_of(&(struct made_elf){0}, 0);
	struct recogniser recogniser = {0};
	struct stat st;

	(void)state;
	assert_int_equal(fstat(dovecot, &st), 0);
	(void)recognise(&recogniser, dovecot);
	for (int i = 0; i < 9000; i++) {
		assert_int_equal(ftruncate(fd, 10000 + i), 0);
		assert_false(recognise(&recogniser, fd)->dovecot);
	}
	assert_int_equal(recogniser.count, 8192 + 1);
	assert_non_null(recognise_known(&recogniser, &st));
	recogniser_release(&recogniser);
	assert_int_equal(recogniser.count, 0);
	close(dovecot);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_dynamic_section_is_read),
		cmocka_unit_test(test_what_is_no_such_file_is_refused),
		cmocka_unit_test(test_a_name_that_is_too_long_is_none),
		cmocka_unit_test(test_survives_every_truncation),
		cmocka_unit_test(test_libraries_are_recognised_by_their_soname),
		cmocka_unit_test(test_auth_is_recognised_by_its_functions),
		cmocka_unit_test(test_a_library_without_soname_is_recognised_by_its_functions),
		cmocka_unit_test(test_a_login_process_is_recognised_by_what_it_takes),
		cmocka_unit_test(test_a_master_is_recognised_by_what_it_takes),
		cmocka_unit_test(test_an_answer_is_kept_while_the_file_is_the_same),
		cmocka_unit_test(test_large_files_wait_for_the_budget),
		cmocka_unit_test(test_answers_have_a_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
