/* SPDX-License-Identifier: MIT */
/* Headers like those of dovecot-dev, and objects that the real compiler makes of them. */
#include <bpf/btf.h>
#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "../conf/folder.h"
#include "cli/layout_source.h"
#include "ended.h"

static const struct layout_source_options options = {.cc = "gcc", .pahole = "pahole"};

struct seen {
	char names[200]; /* of the structs, in their order */
	char abi[ABI_MAX];
	unsigned int calls;
	int ret;
};

static int note(const struct btf *btf, const char *abi, void *context, struct error *error_r)
{
	static const char *const structs[] = {"mail_user", "auth_request", "client", "other"};
	struct seen *seen = context;

	seen->calls++;
	(void)snprintf(seen->abi, sizeof(seen->abi), "%s", abi);
	for (size_t i = 0; i < sizeof(structs) / sizeof(structs[0]); i++) {
		if (btf__find_by_name_kind(btf, structs[i], BTF_KIND_STRUCT) > 0)
			(void)snprintf(seen->names + strlen(seen->names), 20, "%s ", structs[i]);
	}
	return seen->ret < 0 ? error_set(error_r, -seen->ret, "no more") : 0;
}

static void write_headers(const char *abi)
{
	char text[200];

	(void)mkdir("dev", 0755);
	(void)snprintf(text, sizeof(text), "#define DOVECOT_ABI_VERSION \"%s\"\n", abi);
	write_file("dev/config.h", text, 0644);
	write_file("dev/lib.h", "#include <stdint.h>\n", 0644);
	write_file("dev/mail-user.h", "struct mail_user { int a; };\n", 0644);
	write_file("dev/auth-request.h", "struct auth_request { int64_t b; };\n", 0644);
	write_file("dev/client-common.h", "struct client { char c; };\n", 0644);
}

static void headers_give_each_struct_with_the_abi(void **state)
{
	struct seen seen = {.calls = 0};
	struct error error = {0};

	(void)state;
	write_headers("2.4.ABIv1(2.4.1)");
	if (layout_source_read("dev", &options, note, &seen, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(seen.names, "mail_user auth_request client ");
	assert_string_equal(seen.abi, "2.4.ABIv1(2.4.1)");
	assert_int_equal(seen.calls, 3);
}

static void only_the_header_of_login_processes_may_be_missing(void **state)
{
	struct seen seen = {.calls = 0};
	struct error error = {0};

	(void)state;
	write_headers("2.4.ABIv1");
	assert_int_equal(unlink("dev/client-common.h"), 0);
	assert_int_equal(layout_source_read("dev", &options, note, &seen, &error), 0);
	assert_string_equal(seen.names, "mail_user auth_request ");
	assert_int_equal(unlink("dev/auth-request.h"), 0);
	assert_int_equal(layout_source_read("dev", &options, note, &seen, &error), -ENOENT);
	assert_string_equal(error.text, "dev: no auth-request.h: not the headers of dovecot-dev");
}

static void mistakes_name_the_directory(void **state)
{
	const struct layout_source_options no_compiler = {.cc = "no-such-cc", .pahole = "pahole"};
	struct seen seen = {.calls = 0};
	struct error error = {0};

	(void)state;
	write_headers("none");
	assert_int_equal(layout_source_read("dev", &options, note, &seen, &error), -ENOENT);
	assert_string_equal(error.text, "dev: config.h has no DOVECOT_ABI_VERSION");
	assert_int_equal(layout_source_read("dev", &no_compiler, note, &seen, &error), -ENOENT);
	assert_non_null(strstr(error.text, "dev: cannot run no-such-cc"));
	write_file("dev/mail-user.h", "syntax error;\n", 0644);
	assert_int_equal(layout_source_read("dev", &options, note, &seen, &error), -EINVAL);
	assert_string_equal(error.text, "dev: gcc has failed");
	assert_int_equal(layout_source_read("nothing", &options, note, &seen, &error), -ENOENT);
	assert_non_null(strstr(error.text, "nothing: "));
	assert_int_equal(seen.calls, 0);
}

static void a_negative_return_ends_the_reading(void **state)
{
	struct seen seen = {.ret = -EILSEQ};
	struct error error = {0};

	(void)state;
	write_headers("2.4.ABIv1");
	assert_int_equal(layout_source_read("dev", &options, note, &seen, &error), -EILSEQ);
	assert_int_equal(seen.calls, 1);
	assert_string_equal(error.text, "dev: no more");
}

static void compile(const char *flags)
{
	char command[200];

	write_file("o.c", "struct other { int a; } it;\n", 0644);
	(void)snprintf(command, sizeof(command), "gcc -c -O0 %s -o o.o o.c", flags);
	assert_int_equal(system(command), 0);
}

static void a_file_with_btf_is_read_as_it_is(void **state)
{
	const struct layout_source_options none = {.cc = "no", .pahole = "no"};
	struct seen seen = {.calls = 0};
	struct error error = {0};

	(void)state;
	compile("-gbtf");
	assert_int_equal(layout_source_read("o.o", &none, note, &seen, &error), 0);
	assert_string_equal(seen.names, "other ");
	assert_string_equal(seen.abi, "");
}

static void debug_symbols_are_converted(void **state)
{
	const struct layout_source_options none = {.cc = "no", .pahole = "no-such-pahole"};
	struct seen seen = {.calls = 0};
	struct error error = {0};

	(void)state;
	compile("-gdwarf-4");
	if (layout_source_read("o.o", &options, note, &seen, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(seen.names, "other ");
	assert_int_equal(layout_source_read("o.o", &none, note, &seen, &error), -ENOENT);
	assert_non_null(strstr(error.text, "o.o: cannot run no-such-pahole"));
}

static unsigned int entries_of(const char *path)
{
	const struct dirent *entry;
	unsigned int count = 0;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return count;
}

/* Where nobody else makes files. */
static void read_in_an_empty_tmp(const void *context)
{
	struct seen seen = {.calls = 0};
	int before, after, ret;

	(void)context;
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, NULL) < 0)
		_exit(1);
	before = layout_source_read("dev", &options, note, &seen, NULL);
	write_file("dev/config.h", "", 0644);
	ret = layout_source_read("dev", &options, note, &seen, NULL);
	after = (int)entries_of("/tmp");
	(void)printf("%d, %u calls, %d, %d files", before, seen.calls, ret < 0, after);
}

static void no_file_is_left_behind(void **state)
{
	char text[1000];

	(void)state;
	write_headers("2.4.ABIv1");
	assert_int_equal(status_of(read_in_an_empty_tmp, NULL, text, sizeof(text)), 0);
	expect_text(text, "0, 3 calls, 1, 0 files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_give_each_struct_with_the_abi),
		cmocka_unit_test(only_the_header_of_login_processes_may_be_missing),
		cmocka_unit_test(mistakes_name_the_directory),
		cmocka_unit_test(a_negative_return_ends_the_reading),
		cmocka_unit_test(a_file_with_btf_is_read_as_it_is),
		cmocka_unit_test(debug_symbols_are_converted),
		cmocka_unit_test(no_file_is_left_behind),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
