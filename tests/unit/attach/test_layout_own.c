/* SPDX-License-Identifier: MIT */
/* Layouts read from BTF, and those of the operator's own. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "attach/attach.h"
#include "dovecot/layout_files.h"
#include "dovecot/layout_own.h"
#include "dovecot/layout_print.h"
#include "dovecot/layout_read.h"

#define ABI "2.9.ABIv1"

static char dir[] = "/tmp/dovetap-layouts-XXXXXX";

static struct layout_table empty_table(void)
{
	struct layout_table table = {.structs = calloc(LAYOUT_STRUCTS_MAX, sizeof(*table.structs))};

	assert_non_null(table.structs);
	return table;
}

static struct layout_table table_of(const struct layout *layout, const char *abi)
{
	struct layout_table table = empty_table();
	struct btf *btf = btf__new(layout->btf, (unsigned int)layout->btf_size);
	struct bpf_object *programs = loader_open_programs();
	struct error error;

	assert_non_null(btf);
	assert_non_null(programs);
	if (layout_read_btf(bpf_object__btf(programs), btf, abi, &table, &error) < 3)
		fail_msg("%s: %s", layout->abi, error.text);
	bpf_object__close(programs);
	btf__free(btf);
	return table;
}

static void test_every_embedded_layout_has_what_is_needed(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < layouts_embedded_count; i++) {
		const struct layout *layout = &layouts_embedded[i];
		struct layout_table table = table_of(layout, layout->abi);

		if (layout_read_check(&table, layout->abi, &error) < 0)
			fail_msg("%s: %s", layout->abi, error.text);
		layout_table_release(&table);
	}
}

static void write_file(const char *name, const char *text)
{
	char path[64];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_layout(const char *name, const char *of, const char *abi)
{
	struct layout_table table = table_of(layout_find(of), abi);
	struct buf text;

	buf_init(&text, 1U << 20);
	layout_table_print(&text, &table);
	write_file(name, buf_str(&text));
	buf_release(&text);
	layout_table_release(&table);
}

static void test_own_layouts_are_found(void **state)
{
	struct error error;

	(void)state;
	write_layout("a.layouts", "2.4.ABIv5", ABI);
	write_file("not-one.txt", "anything");
	assert_null(layout_find(ABI));
	assert_int_equal(layout_files_load(dir, &error), 1);
	assert_non_null(layout_find(ABI));
	assert_non_null(strstr(layout_find(ABI)->name, "/a.layouts"));
	assert_ptr_equal(layouts_own_get(0), layout_find(ABI));
	assert_null(layouts_own_get(1));
}

static void test_own_layouts_come_before_embedded_ones(void **state)
{
	const struct layout *embedded = layout_find("2.4.ABIv1");
	struct error error;

	(void)state;
	write_layout("a.layouts", "2.4.ABIv5", "2.4.ABIv1");
	assert_int_equal(layout_files_load(dir, &error), 1);
	assert_ptr_not_equal(layout_find("2.4.ABIv1"), embedded);
	layouts_own_unload();
	assert_ptr_equal(layout_find("2.4.ABIv1"), embedded);
}

static void expect_refused(const char *text)
{
	struct error error;

	assert_true(layout_files_load(dir, &error) < 0);
	if (!strstr(error.text, text))
		fail_msg("\"%s\" is not in: %s", text, error.text);
}

static void test_two_for_one_abi_are_refused(void **state)
{
	(void)state;
	write_layout("a.layouts", "2.4.ABIv5", ABI);
	write_layout("b.layouts", "2.4.ABIv1", ABI);
	expect_refused("a.layouts already");
}

static void test_mistakes_are_named_by_line(void **state)
{
	(void)state;
	write_file("a.layouts", "# fine\nstruct mail_user many\n");
	expect_refused("a.layouts:2:");
}

static void test_half_a_layout_is_refused(void **state)
{
	(void)state;
	write_file("a.layouts", "struct ip_addr 24\nabi " ABI "\n\tfamily 0 u16\n");
	expect_refused("no layout of struct mail_user");
}

static void test_no_folder_is_no_mistake(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(layout_files_load("/nonexistent", &error), 0);
}

static int begin(void **state)
{
	(void)state;
	memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
	return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
	static const char *const names[] = {"a.layouts", "b.layouts", "not-one.txt"};
	char path[64];

	(void)state;
	layouts_own_unload();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	return rmdir(dir);
}

#define SCENARIO(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		SCENARIO(test_every_embedded_layout_has_what_is_needed),
		SCENARIO(test_own_layouts_are_found),
		SCENARIO(test_own_layouts_come_before_embedded_ones),
		SCENARIO(test_two_for_one_abi_are_refused),
		SCENARIO(test_mistakes_are_named_by_line),
		SCENARIO(test_half_a_layout_is_refused),
		SCENARIO(test_no_folder_is_no_mistake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
