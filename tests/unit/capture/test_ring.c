/* SPDX-License-Identifier: MIT */
/*
 * A real ring buffer of the kernel, into which a program writes records of any size up to half a
 * KiB (root): each comes out as it went in, wherever in the ring it lies.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "capture/ring.h"

#define RECORD_MAX 512U
#define LARGE_KIB  1024

struct input {
	uint64_t number, size;
};

#define MOV64_REG(to, from)	((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_X, to, from, 0, 0})
#define MOV64_IMM(to, value)	((struct bpf_insn){BPF_ALU64 | BPF_MOV | BPF_K, to, 0, 0, value})
#define LOAD(to, from, offset)	((struct bpf_insn){BPF_LDX | BPF_MEM | BPF_DW, to, from, offset, 0})
#define STORE(to, offset, from) ((struct bpf_insn){BPF_STX | BPF_MEM | BPF_DW, to, from, offset, 0})

static struct {
	int map, program;
	struct event_source *source;
	uint64_t written, read;
} ring;

/* The number of the record fills the stack, of which as many bytes are written as are asked for. */
static int load_program(int map)
{
	struct bpf_insn program[RECORD_MAX / 8 + 16], *at = program;

	*at++ = LOAD(BPF_REG_6, BPF_REG_1, 0);
	*at++ = LOAD(BPF_REG_3, BPF_REG_1, 8);
	for (int offset = 0; offset < (int)RECORD_MAX; offset += 8)
		*at++ = STORE(BPF_REG_10, (__s16)(offset - (int)RECORD_MAX), BPF_REG_6);
	*at++ = MOV64_IMM(BPF_REG_0, 1);
	*at++ = (struct bpf_insn){BPF_JMP | BPF_JGT | BPF_K, BPF_REG_3, 0, 6, RECORD_MAX};
	*at++ = (struct bpf_insn){BPF_LD | BPF_DW | BPF_IMM, BPF_REG_1, BPF_PSEUDO_MAP_FD, 0, map};
	*at++ = (struct bpf_insn){0};
	*at++ = MOV64_REG(BPF_REG_2, BPF_REG_10);
	*at++ = (struct bpf_insn){BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_2, 0, 0, -(int)RECORD_MAX};
	*at++ = MOV64_IMM(BPF_REG_4, 0);
	*at++ = (struct bpf_insn){BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_output};
	*at++ = (struct bpf_insn){BPF_JMP | BPF_EXIT, 0, 0, 0, 0};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .prog_flags = BPF_F_SLEEPABLE);
	return bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "write", "GPL", program, (size_t)(at - program),
			     &options);
}

static const struct source_mark unread = {.id = 5};

static void open_ring(unsigned int kib)
{
	struct error error;

	ring.written = ring.read = 0;
	ring.map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, kib << 10, NULL);
	assert_true(ring.map >= 0);
	ring.program = load_program(ring.map);
	assert_true(ring.program >= 0);
	if (ring_open(ring.map, unread, &ring.source, &error) < 0)
		fail_msg("%s", error.text);
}

static void close_ring(void)
{
	ring.source->ops->close(ring.source);
	close(ring.program);
	close(ring.map);
}

/* Of a record: never 0, and no multiple of anything for long. */
static size_t size_of(uint64_t number)
{
	return 1 + (number * 167) % RECORD_MAX;
}

/* False when the ring is full. */
static bool write_one(void)
{
	struct input input = {ring.written, size_of(ring.written)};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &input, .ctx_size_in = sizeof(input));

	assert_int_equal(bpf_prog_test_run_opts(ring.program, &run), 0);
	if (run.retval != 0)
		return false;
	ring.written++;
	return true;
}

/* The bytes are the machine's number, again and again. */
static void check(struct slice record)
{
	const char *number = (const char *)&ring.read;

	assert_int_equal(record.len, size_of(ring.read));
	for (size_t i = 0; i < record.len; i++)
		assert_int_equal(record.ptr[i], number[i % sizeof(ring.read)]);
}

static uint64_t read_all(void)
{
	struct slice record;
	uint64_t position;
	struct error error;

	while (ring.source->ops->peek(ring.source, &record, &position, &error) == 1) {
		check(record);
		ring.read++;
	}
	assert_int_equal(ring.read, ring.written);
	return position;
}

/* Filled to the brim and emptied, so often that it has gone round several times. */
static void goes_round(unsigned int kib)
{
	open_ring(kib);
	for (int i = 0; i < 4; i++) {
		while (write_one())
			;
		ring.source->ops->release(ring.source, read_all());
	}
	assert_true(ring.written * (RECORD_MAX / 2) > 3UL * (kib << 10));
	close_ring();
}

static void records_come_out_as_they_went_in(void **state)
{
	(void)state;
	goes_round(4); /* smaller than what is mapped at once */
	goes_round(64);
	goes_round(128);
	goes_round(LARGE_KIB);
}

/* What was not released is there for the next reader. */
static void a_record_stays_until_it_is_released(void **state)
{
	struct source_level level;
	uint64_t position;
	struct error error;

	(void)state;
	open_ring(LARGE_KIB);
	for (int i = 0; i < 3000; i++)
		assert_true(write_one());
	position = read_all();
	ring.source->ops->level(ring.source, &level);
	assert_int_equal(level.size, LARGE_KIB << 10);
	assert_int_equal(level.used, position);
	ring.source->ops->close(ring.source);
	assert_int_equal(ring_open(ring.map, unread, &ring.source, &error), 0);
	ring.read = 0;
	ring.source->ops->release(ring.source, read_all());
	ring.source->ops->level(ring.source, &level);
	assert_int_equal(level.used, 0);
	close_ring();
}

static void expect_marks(uint64_t position, uint64_t again, bool all_released)
{
	struct source_mark mark;

	assert_int_equal(ring.source->ops->marks(ring.source, &mark), again);
	assert_int_equal(mark.id, 5);
	assert_int_equal(mark.position, position);
	assert_int_equal(ring.source->ops->all_released(ring.source), all_released);
}

static void next_reader(uint64_t read_to)
{
	struct error error;

	ring.source->ops->close(ring.source);
	assert_int_equal(
		ring_open(ring.map, (struct source_mark){5, read_to}, &ring.source, &error), 0);
}

/* Ten are read, four of them released; a second reader ends in the midst of them. */
static void what_was_read_before_is_known(void **state)
{
	uint64_t position[11];
	struct slice record;
	struct error error;

	(void)state;
	open_ring(64);
	expect_marks(0, 0, true);
	for (int i = 1; i <= 10; i++) {
		assert_true(write_one());
		assert_int_equal(ring.source->ops->peek(ring.source, &record, &position[i], &error),
				 1);
	}
	ring.source->ops->release(ring.source, position[4]);
	expect_marks(position[10], 0, false);
	next_reader(position[10]);
	expect_marks(position[10], 0, false);
	for (int i = 5; i <= 7; i++)
		assert_int_equal(ring.source->ops->peek(ring.source, &record, &position[i], &error),
				 1);
	expect_marks(position[10], 3, false);
	next_reader(position[10]);
	assert_true(write_one());
	ring.read = 4;
	ring.source->ops->release(ring.source, read_all());
	assert_int_equal(ring.source->ops->marks(ring.source, &(struct source_mark){0, 0}), 6);
	assert_true(ring.source->ops->all_released(ring.source));
	close_ring();
}

static size_t resident_kib(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	size_t kib = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) && sscanf(line, "Rss: %zu", &kib) != 1)
		;
	(void)fclose(file);
	return kib;
}

/* A large ring is not all in the reader's memory. */
static void what_is_mapped_is_small(void **state)
{
	size_t before = resident_kib();

	(void)state;
	open_ring(16U << 10);
	for (int i = 0; i < 20000; i++)
		assert_true(write_one());
	(void)read_all();
	assert_in_range(resident_kib() - before, 0, 1024);
	close_ring();
}

static void anything_else_is_no_ring(void **state)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "array", 4, 8, 1, NULL);
	struct event_source *source;
	struct error error = {0};

	(void)state;
	assert_int_equal(ring_open(map, unread, &source, &error), -EINVAL);
	assert_non_null(strstr(error.text, "is no ring buffer"));
	close(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_out_as_they_went_in),
		cmocka_unit_test(a_record_stays_until_it_is_released),
		cmocka_unit_test(what_was_read_before_is_known),
		cmocka_unit_test(what_is_mapped_is_small),
		cmocka_unit_test(anything_else_is_no_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
