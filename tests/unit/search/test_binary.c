/* SPDX-License-Identifier: MIT */
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "dovecot/layout.h"
#include "make_elf.h"
#include "search/binary.h"

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

static struct binary examine(const struct made_elf *elf, enum priv_role role,
			     binary_importer_fn *importer)
{
	struct binary binary;
	struct error error;

	assert_int_equal(
		binary_examine(memory_file(elf), "/lib/x", role, importer, NULL, &binary, &error),
		0);
	return binary;
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
	struct binary binary = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_string_equal(binary.abi, "2.3.ABIv19(2.3.19.1)");
	assert_ptr_equal(binary.layout, layout_find(binary.abi));
	assert_string_equal(binary.probe->symbol, "hook_mail_user_created");
	assert_int_equal(binary.offset, MADE_ELF_TEXT + 2);
	assert_memory_equal(binary.id.build_id, "12345678", 8);
	binary_release(&binary);
}

static void test_a_dead_function_gives_way_to_the_next(void **state)
{
	struct made_elf elf = storage("2.3.ABIv19(2.3.19.1)", false);
	struct binary binary = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_string_equal(binary.probe->symbol, "mail_user_init");
	binary_release(&binary);
}

static void test_nothing_alive_is_refused_by_name(void **state)
{
	struct made_elf elf = storage("2.4.ABIv1", false);
	struct binary binary;

	(void)state;
	elf.symbols[1].slot = false;
	binary = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);
	assert_null(binary.probe);
	assert_non_null(strstr(binary.refusal.text, "hook_mail_user_created is never called"));
	binary_release(&binary);
}

static void test_an_unknown_abi_is_refused_by_name(void **state)
{
	struct made_elf elf = storage("2.9.ABIv9", true);
	struct binary binary = examine(&elf, PRIV_ROLE_MAIL_USER, NULL);

	(void)state;
	assert_null(binary.layout);
	assert_null(binary.probe);
	assert_string_equal(binary.abi, "2.9.ABIv9");
	assert_non_null(strstr(binary.refusal.text, "2.9.ABIv9"));
	assert_non_null(strstr(binary.refusal.text, "dovetap layout"));
	binary_release(&binary);
}

/* A build in which the function for both outcomes has been inlined: one for each is taken. */
static void test_failures_have_a_companion_of_the_fallback(void **state)
{
	struct made_elf elf = storage("2.3.ABIv19(2.3.19.1)", true);
	struct binary binary;

	(void)state;
	elf.symbols[0].name = "auth_request_proxy_finish";
	elf.symbols[1].name = "auth_request_fail";
	binary = examine(&elf, PRIV_ROLE_AUTH, NULL);
	assert_string_equal(binary.probe->symbol, "auth_request_proxy_finish");
	assert_string_equal(binary.companion->symbol, "auth_request_fail");
	assert_int_equal(binary.offset, MADE_ELF_TEXT + 2);
	assert_int_equal(binary.companion_offset, MADE_ELF_TEXT);
	assert_null(binary_blind_spot(&binary));
	binary_release(&binary);
	elf.symbols[1].slot = false; /* nobody calls it */
	binary = examine(&elf, PRIV_ROLE_AUTH, NULL);
	assert_string_equal(binary.probe->symbol, "auth_request_proxy_finish");
	assert_null(binary.companion);
	assert_string_equal(binary_blind_spot(&binary), "refused authentications");
	binary_release(&binary);
}

static void test_a_file_without_the_function_is_refused(void **state)
{
	struct made_elf elf = storage("2.4.ABIv1", true);
	struct binary binary = examine(&elf, PRIV_ROLE_AUTH, NULL);

	(void)state;
	assert_null(binary.probe);
	assert_string_equal(binary.refusal.text, "it has no function auth_request_finished_event");
	binary_release(&binary);
}

static void test_no_elf_file_is_refused_not_an_error(void **state)
{
	int fd = memfd_create("script", MFD_CLOEXEC);
	struct binary binary;

	(void)state;
	assert_int_equal(write(fd, "#!/bin/sh\n", 10), 10);
	assert_int_equal(binary_examine(fd, "/lib/x", PRIV_ROLE_AUTH, NULL, NULL, &binary, NULL),
			 0);
	assert_null(binary.probe);
	assert_string_equal(binary.refusal.text, "it is no ELF file");
	binary_release(&binary);
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
	struct binary binary = examine(&elf, PRIV_ROLE_PROXY, login_process_imports);

	(void)state;
	assert_string_equal(binary.probe->program, "proxy_established");
	binary_release(&binary);
	binary = examine(&elf, PRIV_ROLE_PROXY, NULL);
	assert_null(binary.probe);
	binary_release(&binary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chooses_the_best_living_function),
		cmocka_unit_test(test_a_dead_function_gives_way_to_the_next),
		cmocka_unit_test(test_nothing_alive_is_refused_by_name),
		cmocka_unit_test(test_an_unknown_abi_is_refused_by_name),
		cmocka_unit_test(test_failures_have_a_companion_of_the_fallback),
		cmocka_unit_test(test_a_file_without_the_function_is_refused),
		cmocka_unit_test(test_no_elf_file_is_refused_not_an_error),
		cmocka_unit_test(test_a_library_function_lives_by_its_importers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
