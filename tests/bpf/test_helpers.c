/* SPDX-License-Identifier: MIT */
/*
 * The helpers that read Dovecot's memory, run in the kernel on made-up input. A text lands in its
 * own slot and touches nothing else of the record: all of it is looked at.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dovetap/event.h"
#include "helper_args.h"
#include "skel/helpers.skel.h"
#include "unit/cmocka_all.h"

#define PATTERN 0xa5

static struct helpers_bpf *skel;

/* The two record sizes as one thing: where the slot under test lies in it. */
struct shape {
	struct bpf_map *record;
	struct bpf_program *program;
	size_t size, slot, slot_size;
};

static struct shape ordinary(void)
{
	return (struct shape){skel->maps.record, skel->progs.run_read_text,
			      sizeof(struct dovetap_event),
			      offsetof(struct dovetap_event, auth_user), 64};
}

static struct shape longer(void)
{
	return (struct shape){skel->maps.long_record, skel->progs.run_read_long_text,
			      sizeof(struct dovetap_event_long),
			      offsetof(struct dovetap_event_long, auth_user), 520};
}

static int setup(void **state)
{
	(void)state;
	skel = helpers_bpf__open_and_load();
	assert_non_null(skel);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	helpers_bpf__destroy(skel);
	return 0;
}

/* The kernel writes what the program changed back to where the arguments came from. */
static void run(struct bpf_program *program, void *arguments, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = arguments,
		    .ctx_size_in = (unsigned int)size);

	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(program), &opts), 0);
}

/* Fills the record with the pattern but for the bits that the helper adds to, reads a text into it,
 * and returns it. Freed by the caller. */
static unsigned char *read_text(const struct shape *shape, const void *text)
{
	struct text_arguments arguments = {.address = (uintptr_t)text};
	unsigned char *record = malloc(shape->size);
	struct dovetap_event_head *head = (struct dovetap_event_head *)record;
	const __u32 zero = 0;

	assert_non_null(record);
	memset(record, PATTERN, shape->size);
	head->present = head->truncated = head->failed = 0;
	head->length[DOVETAP_FIELD_AUTH_USER] = 0;
	assert_int_equal(
		bpf_map__update_elem(shape->record, &zero, sizeof(zero), record, shape->size, 0),
		0);
	run(shape->program, &arguments, sizeof(arguments));
	assert_int_equal(
		bpf_map__lookup_elem(shape->record, &zero, sizeof(zero), record, shape->size, 0),
		0);
	return record;
}

/* Bit by bit, whether everything else still has the pattern; then the record is freed. */
static void expect_rest_untouched(const struct shape *shape, unsigned char *record)
{
	struct dovetap_event_head *head = (struct dovetap_event_head *)record;

	memset(&head->present, PATTERN, sizeof(head->present));
	memset(&head->truncated, PATTERN, sizeof(head->truncated));
	memset(&head->failed, PATTERN, sizeof(head->failed));
	memset(&head->length[DOVETAP_FIELD_AUTH_USER], PATTERN, sizeof(head->length[0]));
	memset(record + shape->slot, PATTERN, shape->slot_size);
	for (size_t i = 0; i < shape->size; i++)
		assert_int_equal(record[i], PATTERN);
	free(record);
}

static void try_length(const struct shape *shape, size_t len)
{
	size_t kept = len < shape->slot_size ? len : shape->slot_size - 1;
	struct dovetap_event_head *head;
	unsigned char *record;
	char text[1024];

	memset(text, 'x', len);
	text[len] = '\0';
	record = read_text(shape, text);
	head = (struct dovetap_event_head *)record;
	assert_int_equal(head->present, DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER));
	assert_int_equal(head->truncated, kept < len ? DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER) : 0);
	assert_int_equal(head->failed, 0);
	assert_int_equal(head->length[DOVETAP_FIELD_AUTH_USER], kept);
	assert_memory_equal(record + shape->slot, text, kept);
	assert_int_equal(record[shape->slot + kept], '\0');
	expect_rest_untouched(shape, record);
}

static void test_every_length_stays_in_its_slot(void **state)
{
	const struct shape shapes[] = {ordinary(), longer()};

	(void)state;
	for (size_t len = 0; len < 70; len++)
		try_length(&shapes[0], len);
	for (size_t len = 500; len < 530; len++)
		try_length(&shapes[1], len);
}

static void test_no_text_leaves_an_empty_slot(void **state)
{
	const struct shape shape = ordinary();
	unsigned char *record = read_text(&shape, NULL);

	(void)state;
	assert_int_equal(((struct dovetap_event_head *)record)->present, 0);
	assert_int_equal(((struct dovetap_event_head *)record)->failed, 0);
	assert_int_equal(record[shape.slot], '\0');
	expect_rest_untouched(&shape, record);
}

static void test_unreadable_text_is_marked(void **state)
{
	const struct shape shape = ordinary();
	unsigned char *record = read_text(&shape, (void *)8);

	(void)state;
	assert_int_equal(((struct dovetap_event_head *)record)->present, 0);
	assert_int_equal(((struct dovetap_event_head *)record)->failed,
			 DOVETAP_BIT(DOVETAP_FIELD_AUTH_USER));
	assert_int_equal(record[shape.slot], '\0');
	expect_rest_untouched(&shape, record);
}

static void test_words_of_every_width(void **state)
{
	struct number_arguments arguments = {.value = 0xfedcba9876543210};

	(void)state;
	run(skel->progs.run_numbers, &arguments, sizeof(arguments));
	assert_int_equal(arguments.words[0], 0x10);
	assert_int_equal(arguments.words[1], 0x3210);
	assert_int_equal(arguments.words[2], 0x76543210);
	assert_true(arguments.words[3] == 0xfedcba9876543210);
}

static void test_flag_is_set_for_any_value_but_zero(void **state)
{
	static const __u64 values[] = {1, 2, 3, 0x80, 0xffffffff, 1ULL << 40, ~0ULL >> 1};
	struct number_arguments arguments = {.flag = DOVETAP_FLAG_SECURED, .flags = 77};

	(void)state;
	run(skel->progs.run_numbers, &arguments, sizeof(arguments));
	assert_int_equal(arguments.flags, 0);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		arguments.value = values[i];
		run(skel->progs.run_numbers, &arguments, sizeof(arguments));
		assert_int_equal(arguments.flags, DOVETAP_FLAG_SECURED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_stays_in_its_slot),
		cmocka_unit_test(test_no_text_leaves_an_empty_slot),
		cmocka_unit_test(test_unreadable_text_is_marked),
		cmocka_unit_test(test_words_of_every_width),
		cmocka_unit_test(test_flag_is_set_for_any_value_but_zero),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
