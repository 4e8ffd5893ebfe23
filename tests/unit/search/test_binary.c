/* SPDX-License-Identifier: MIT */
#include "search/binary.h"

#include "../cmocka_all.h"
#include "make_elf.h"

#include "dovecot/layout.h"

#include <sys/mman.h>
#include <unistd.h>

#define PUSH 0x55

static const unsigned char text[] = {PUSH, 0xc3, PUSH, 0xc3};

static int memory_file(const struct made_elf *elf)
{
	struct made_file made;
	int fd = memfd_create("made", MFD_CLOEXEC);

	make_elf(elf, &made);
	assert_int_equal(write(fd, made.bytes, made.len), made.len);
	return fd;
}

static struct build examine(const struct made_elf *elf, enum priv_role role,
			    build_importer_fn *importer)
{
	struct build build;
	struct error error;

	assert_int_equal(
		build_examine(memory_file(elf), "/lib/x", role, importer, NULL, &build, &error), 0);
	return build;
}

static struct made_elf storage(const char *abi, bool alive)
{
	return (struct made_elf){
		.text = text,
		.text_len = sizeof(text),
		.rodata = abi,
		.rodata_len = strlen(abi) + 1,
		.symbols = {{"hook_mail_user_created", 2, 2, false, alive},
			    {"mail_user_init", 0, 2, false, true}},
		.build_id = "12345678",
	};
}

static void test_chooses_the_best_living_function(void **state)
{
	struct made_elf elf = storage("2.3.ABIv19(2.3.19.1)", true);
	struct build build = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_string_equal(build.abi, "2.3.ABIv19(2.3.19.1)");
	assert_ptr_equal(build.layout, layout_find(build.abi));
	assert_string_equal(build.probe->symbol, "hook_mail_user_created");
	assert_int_equal(build.offset, MADE_ELF_TEXT + 2);
	assert_memory_equal(build.id.build_id, "12345678", 8);
	build_release(&build);
}

static void test_a_dead_function_gives_way_to_the_next(void **state)
{
	struct made_elf elf = storage("2.3.ABIv19(2.3.19.1)", false);
	struct build build = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_string_equal(build.probe->symbol, "mail_user_init");
	build_release(&build);
}

static void test_nothing_alive_is_refused_by_name(void **state)
{
	struct made_elf elf = storage("2.4.ABIv1", false);
	struct build build;

	(void)state;
	elf.symbols[1].slot = false;
	build = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);
	assert_null(build.probe);
	assert_non_null(strstr(build.refusal.text, "hook_mail_user_created is never called"));
	build_release(&build);
}

static void test_an_unknown_abi_is_refused_by_name(void **state)
{
	struct made_elf elf = storage("2.9.ABIv9", true);
	struct build build = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_null(build.layout);
	assert_null(build.probe);
	assert_string_equal(build.abi, "2.9.ABIv9");
	assert_non_null(strstr(build.refusal.text, "2.9.ABIv9"));
	assert_non_null(strstr(build.refusal.text, "dovetap layout"));
	build_release(&build);
}

/* A build in which the function for both outcomes has been inlined: one for each is taken. */
static void test_failures_have_a_probe_beside_the_fallback(void **state)
{
	struct made_elf elf = storage("2.3.ABIv19(2.3.19.1)", true);
	struct build build;

	(void)state;
	elf.symbols[0].name = "auth_request_proxy_finish";
	elf.symbols[1].name = "auth_request_fail";
	build = examine(&elf, PRIV_ROLE_AUTH, NULL);
	assert_string_equal(build.probe->symbol, "auth_request_proxy_finish");
	assert_string_equal(build.beside->symbol, "auth_request_fail");
	assert_int_equal(build.offset, MADE_ELF_TEXT + 2);
	assert_int_equal(build.beside_offset, MADE_ELF_TEXT);
	assert_null(build_blind_spot(&build));
	build_release(&build);
	elf.symbols[1].slot = false; /* nobody calls it */
	build = examine(&elf, PRIV_ROLE_AUTH, NULL);
	assert_string_equal(build.probe->symbol, "auth_request_proxy_finish");
	assert_null(build.beside);
	assert_string_equal(build_blind_spot(&build), "refused authentications");
	build_release(&build);
}

static void test_a_file_without_the_function_is_refused(void **state)
{
	struct made_elf elf = storage("2.4.ABIv1", true);
	struct build build = examine(&elf, PRIV_ROLE_AUTH, NULL);

	(void)state;
	assert_null(build.probe);
	assert_string_equal(build.refusal.text, "it has no function auth_request_finished_event");
	build_release(&build);
}

static void test_no_elf_file_is_refused_not_an_error(void **state)
{
	int fd = memfd_create("script", MFD_CLOEXEC);
	struct build build;

	(void)state;
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	assert_int_equal(build_examine(fd, "/lib/x", PRIV_ROLE_AUTH, NULL, NULL, &build, NULL), 0);
	assert_null(build.probe);
	assert_string_equal(build.refusal.text, "it is no ELF file");
	build_release(&build);
}

static bool login_process_imports(void *ctx, const char *suffix, const char *symbol)
{
	(void)ctx;
	return strcmp(suffix, "-login") == 0 &&
	       strcmp(symbol, "client_proxy_finish_destroy_client") == 0;
}

static void test_a_library_function_lives_by_its_importers(void **state)
{
	struct made_elf elf = {
		.text = text,
		.text_len = sizeof(text),
		.rodata = "2.4.ABIv1",
		.rodata_len = 10,
		.symbols = {{"client_proxy_finish_destroy_client", 0, 2, false, false}},
	};
	struct build build = examine(&elf, PRIV_ROLE_PROXY, login_process_imports);

	(void)state;
	assert_string_equal(build.probe->program, "proxy_established");
	build_release(&build);
	build = examine(&elf, PRIV_ROLE_PROXY, NULL);
	assert_null(build.probe);
	build_release(&build);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chooses_the_best_living_function),
		cmocka_unit_test(test_a_dead_function_gives_way_to_the_next),
		cmocka_unit_test(test_nothing_alive_is_refused_by_name),
		cmocka_unit_test(test_an_unknown_abi_is_refused_by_name),
		cmocka_unit_test(test_failures_have_a_probe_beside_the_fallback),
		cmocka_unit_test(test_a_file_without_the_function_is_refused),
		cmocka_unit_test(test_no_elf_file_is_refused_not_an_error),
		cmocka_unit_test(test_a_library_function_lives_by_its_importers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
