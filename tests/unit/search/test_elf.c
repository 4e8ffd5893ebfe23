/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "make_elf.h"
#include "search/elf.h"

static struct made_file made;

static struct elf_file *parse(const struct made_elf *elf)
{
	struct elf_file *file;
	struct error error;

	make_elf(elf, &made);
	if (elf_file_parse((struct slice){(char *)made.bytes, made.len}, &file, &error) < 0)
		fail_msg("%s", error.text);
	return file;
}

static struct elf_function function_of(const struct made_elf *elf, const char *name)
{
	struct elf_file *file = parse(elf);
	struct elf_function function;

	assert_int_equal(elf_file_function(file, name, &function, NULL), 0);
	elf_file_free(&file);
	return function;
}

static void test_reads_identity(void **state)
{
	struct made_elf elf = {
		.build_id = "0123456789abcdefghij",
	};
	struct elf_file *file = parse(&elf);

	(void)state;
	assert_true(slice_is(elf_file_build_id(file), "0123456789abcdefghij"));
	elf_file_free(&file);

	file = parse(&(struct made_elf){0});
	assert_int_equal(elf_file_build_id(file).len, 0);
	elf_file_free(&file);
}

static void check_abi(const char *rodata, size_t len, int expected_err, const char *expected)
{
	struct made_elf elf = {.rodata = rodata, .rodata_len = len};
	struct elf_file *file = parse(&elf);
	char abi[ABI_MAX] = "";
	struct error error;

	assert_int_equal(elf_file_abi(file, abi, &error), expected_err);
	assert_string_equal(abi, expected);
	elf_file_free(&file);
}

#define CHECK_ABI(rodata, err, expected) check_abi(rodata, sizeof(rodata), err, expected)

static void test_reads_the_abi_string(void **state)
{
	(void)state;
	CHECK_ABI("\0one\0"
		  "2.3.ABIv19(2.3.19.1)\0"
		  "two",
		  0, "2.3.ABIv19(2.3.19.1)");
	CHECK_ABI("2.4.ABIv1", 0, "2.4.ABIv1");
	CHECK_ABI("2.4.ABIv1\0"
		  "2.4.ABIv1",
		  0, "2.4.ABIv1");
	CHECK_ABI("2.4.ABIv1\0"
		  "2.4.ABIv2",
		  -EEXIST, "");
	CHECK_ABI("2.4.1 (7d8c0e5759)", -ENOENT, "");
	check_abi("", 0, -ENOENT, "");
}

/* Offsets of a probe: at the function, or behind endbr64, never beyond the file. */
static void test_gives_the_offset_behind_endbr64(void **state)
{
	static const unsigned char text[] = {0x90, 0x55, 0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0xc3};
	struct made_elf elf = {
		.text = text,
		.text_len = sizeof(text),
		.symbols = {{"plain", 1, 1, false, true}, {"landing", 2, 6, false, true}},
	};
	struct elf_function function = function_of(&elf, "plain");

	(void)state;
	assert_int_equal(function.offset, MADE_ELF_TEXT + 1);
	assert_false(function.behind_landing);
	function = function_of(&elf, "landing");
	assert_int_equal(function.offset, MADE_ELF_TEXT + 6);
	assert_true(function.behind_landing);
}

static void test_counts_relocations_of_the_file_itself(void **state)
{
	static const unsigned char text[] = {0x55, 0xc3, 0x55, 0xc3};
	struct made_elf elf = {
		.text = text,
		.text_len = sizeof(text),
		.symbols = {{"through_plt", 0, 2, false, true},
			    {"dead", 2, 2, false, false},
			    {"foreign", 0, 0, true, true}},
	};
	struct elf_file *file;
	struct elf_function function = function_of(&elf, "through_plt");

	(void)state;
	assert_int_equal(function.imports, 1);
	assert_int_equal(function.calls, 0);
	function = function_of(&elf, "dead");
	assert_int_equal(function.imports + function.calls, 0);

	file = parse(&elf);
	assert_int_equal(elf_file_function(file, "foreign", &function, NULL), -ENOENT);
	assert_int_equal(elf_file_function(file, "through_pl", &function, NULL), -ENOENT);
	assert_true(elf_file_imports(file, "foreign"));
	assert_false(elf_file_imports(file, "through_plt"));
	elf_file_free(&file);
}

/* call, jmp and a conditional jump to "target" at 0; a call of itself that does not count. */
static void test_counts_calls_on_x86(void **state)
{
	static const unsigned char text[] = {
		0xe8, 0xfb, 0xff, 0xff, 0xff, 0xc3,	  /* target: call target; ret */
		0xe8, 0xf5, 0xff, 0xff, 0xff,		  /* 6: call target */
		0xe9, 0xf0, 0xff, 0xff, 0xff,		  /* 11: jmp target */
		0x0f, 0x85, 0xea, 0xff, 0xff, 0xff,	  /* 16: jne target */
		0xe8, 0xe6, 0xff, 0xff, 0xff, 0x90, 0x90, /* 22: call target + 1 */
		0xeb, 0x00, 0x90, 0x90, 0x90, 0x90,	  /* a short jump, elsewhere */
	};
	struct made_elf elf = {
		.text = text,
		.text_len = sizeof(text),
		.symbols = {{"target", 0, 6, false, false}, {"other", 6, 5, false, false}},
	};

	(void)state;
	assert_int_equal(function_of(&elf, "target").calls, 3);
	assert_int_equal(function_of(&elf, "other").calls, 0);
}

/* The last instruction may be the only caller: a compiler ends functions by a jump to another.
 * Half of one is none. */
static void test_the_last_instruction_counts(void **state)
{
	static const struct {
		unsigned char text[13];
		size_t len;
		unsigned int calls;
	} rows[] = {
		{{0x90, 0xc3, 0xe9, 0xf9, 0xff, 0xff, 0xff}, 7, 1},
		{{0x90, 0xc3, 0xe8, 0xf9, 0xff, 0xff, 0xff}, 7, 1},
		{{0x90, 0xc3, 0x0f, 0x84, 0xf8, 0xff, 0xff, 0xff}, 8, 1},
		{{0x90, 0xc3, 0xe9, 0xf9, 0xff, 0xff, 0xff}, 6, 0},
		{{0x90, 0xc3, 0x0f, 0x84, 0xf8, 0xff, 0xff, 0xff}, 7, 0},
		{{0x90, 0xc3}, 2, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct made_elf elf = {
			.text = rows[i].text,
			.text_len = rows[i].len,
			.symbols = {{"target", 0, 2, false, false}},
		};

		assert_int_equal(function_of(&elf, "target").calls, rows[i].calls);
	}
}

static void test_counts_calls_on_arm64(void **state)
{
	static const uint32_t text[] = {
		0xd65f03c0, /* target: ret */
		0x97ffffff, /* 4: bl target */
		0x17fffffe, /* 8: b target */
		0x94000002, /* 12: bl 20 */
		0x54ffffe0, /* 16: a conditional branch, never to another function */
		0xd65f03c0,
	};
	struct made_elf elf = {
		.machine = EM_AARCH64,
		.text = text,
		.text_len = sizeof(text),
		.symbols = {{"target", 0, 4, false, false}, {"ahead", 20, 4, false, false}},
	};

	(void)state;
	assert_int_equal(function_of(&elf, "target").calls, 2);
	assert_int_equal(function_of(&elf, "ahead").calls, 1);
}

static struct made_elf everything(void)
{
	static const unsigned char text[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0xc3,
					     0xe8, 0xf5, 0xff, 0xff, 0xff};

	return (struct made_elf){
		.text = text,
		.text_len = sizeof(text),
		.rodata = "2.4.ABIv1",
		.rodata_len = 10,
		.symbols = {{"f", 0, 6, false, true}, {"g", 0, 0, true, true}},
		.build_id = "abcdefgh",
		.soname = "lib.so",
		.runpath = "/lib",
	};
}

/* Asks all there is to ask; the sanitizers watch. */
static void ask_everything(const char *bytes, size_t len)
{
	/* A block of exactly this size, so that one byte too far is found. */
	char *copy = malloc(len ? len : 1);
	struct elf_function function;
	struct elf_file *file;
	char abi[ABI_MAX];

	memcpy(copy, bytes, len);
	if (elf_file_parse((struct slice){copy, len}, &file, NULL) == 0) {
		(void)elf_file_abi(file, abi, NULL);
		(void)elf_file_build_id(file);
		if (elf_file_function(file, "f", &function, NULL) == 0)
			assert_true(function.offset < len);
		(void)elf_file_imports(file, "g");
		elf_file_free(&file);
	}
	free(copy);
}

static void test_survives_every_truncation(void **state)
{
	struct made_elf elf = everything();

	(void)state;
	make_elf(&elf, &made);
	for (size_t len = 0; len <= made.len; len++)
		ask_everything((char *)made.bytes, len);
}

static void test_survives_every_changed_byte(void **state)
{
	static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
	struct made_elf elf = everything();

	(void)state;
	make_elf(&elf, &made);
	for (size_t i = 0; i < made.len; i++) {
		unsigned char was = made.bytes[i];

		for (size_t v = 0; v < sizeof(values); v++) {
			made.bytes[i] = values[v];
			ask_everything((char *)made.bytes, made.len);
		}
		made.bytes[i] = was;
	}
}

static void test_refuses_other_files_with_a_reason(void **state)
{
	struct made_elf elf = everything();
	struct elf_file *file = NULL;
	struct error error;

	(void)state;
	assert_int_equal(elf_file_parse(slice_str("#!/bin/sh\n"), &file, &error), -ENOEXEC);
	assert_string_equal(error.text, "it is no ELF file");
	elf.machine = EM_RISCV;
	make_elf(&elf, &made);
	assert_int_equal(
		elf_file_parse((struct slice){(char *)made.bytes, made.len}, &file, &error),
		-ENOEXEC);
	assert_string_equal(error.text, "it is for another processor (machine 243)");
	assert_null(file);
}

static void test_reads_regular_files_only(void **state)
{
	struct made_elf elf = everything();
	int memory = memfd_create("made", MFD_CLOEXEC), null = open("/dev/null", O_RDONLY);
	struct elf_file *file;
	struct error error;

	(void)state;
	make_elf(&elf, &made);
	assert_int_equal(elf_file_read(memory, &file, &error), -ENOEXEC); /* empty */
	assert_int_equal(write(memory, made.bytes, made.len), made.len);
	assert_int_equal(elf_file_read(memory, &file, &error), 0);
	assert_true(slice_is(elf_file_build_id(file), "abcdefgh"));
	elf_file_free(&file);
	assert_int_equal(elf_file_read(null, &file, &error), -ENOEXEC);
	assert_int_equal(elf_file_read(-1, &file, &error), -EBADF);
	close(memory);
	close(null);
}

/* Terabytes of nothing; and what may be read at most, of which all is a hole but the head. */
static void test_holes_cost_little(void **state)
{
	struct made_elf elf = everything();
	int memory = memfd_create("made", MFD_CLOEXEC);
	struct elf_file *file;
	struct error error;

	(void)state;
	make_elf(&elf, &made);
	assert_int_equal(write(memory, made.bytes, made.len), made.len);
	assert_int_equal(ftruncate(memory, 1LL << 42), 0);
	assert_int_equal(elf_file_read(memory, &file, &error), -ENOEXEC);
	assert_string_equal(error.text, "it is no regular file of 1 byte to 64 MiB");
	assert_int_equal(ftruncate(memory, ELF_FILE_MAX), 0);
	assert_int_equal(elf_file_read(memory, &file, &error), 0);
	assert_true(slice_is(elf_file_build_id(file), "abcdefgh"));
	elf_file_free(&file);
	assert_int_equal(pwrite(memory, "#!/bin", 6, 0), 6);
	assert_int_equal(elf_file_read(memory, &file, &error), -ENOEXEC);
	assert_string_equal(error.text, "it is no ELF file");
	close(memory);
}

/* Sections that say they are all of the file: no byte is read twice. */
static void test_notes_that_overlap_are_read_once(void **state)
{
	struct made_elf elf = everything();
	struct elf_file *file;
	Elf64_Ehdr header;
	Elf64_Shdr text;

	(void)state;
	make_elf(&elf, &made);
	memcpy(&header, made.bytes, sizeof(header));
	memcpy(&text, made.bytes + header.e_shoff + sizeof(text), sizeof(text));
	text.sh_type = SHT_NOTE;
	text.sh_offset = 0;
	text.sh_size = made.len;
	memcpy(made.bytes + header.e_shoff + sizeof(text), &text, sizeof(text));
	assert_int_equal(elf_file_parse((struct slice){(char *)made.bytes, made.len}, &file, NULL),
			 0);
	assert_int_equal(elf_file_build_id(file).len, 0);
	elf_file_free(&file);
}

struct changes {
	int fd;
	bool stop;
};

/* Cuts the file, makes it longer, writes over it. */
static void *change(void *context)
{
	struct changes *changes = context;

	for (unsigned int i = 1; !__atomic_load_n(&changes->stop, __ATOMIC_ACQUIRE); i++) {
		unsigned int at = i * 2654435761U % (unsigned int)made.len;

		assert_int_equal(ftruncate(changes->fd, at), 0);
		assert_int_equal(ftruncate(changes->fd, (off_t)made.len), 0);
		assert_true(pwrite(changes->fd, made.bytes, made.len, 0) > 0);
		assert_int_equal(pwrite(changes->fd, &i, sizeof(i), at), sizeof(i));
	}
	return NULL;
}

/* No mapping, so no SIGBUS; and what was read is checked, not what the file is by then. */
static void test_a_file_that_changes_meanwhile_does_no_harm(void **state)
{
	struct changes changes = {.fd = memfd_create("made", MFD_CLOEXEC)};
	struct made_elf elf = everything();
	struct elf_file *file = NULL;
	char abi[ABI_MAX];
	pthread_t thread;

	(void)state;
	make_elf(&elf, &made);
	assert_int_equal(write(changes.fd, made.bytes, made.len), made.len);
	assert_int_equal(pthread_create(&thread, NULL, change, &changes), 0);
	for (int i = 0; i < 3000; i++) {
		if (elf_file_read(changes.fd, &file, NULL) != 0)
			continue;
		(void)elf_file_abi(file, abi, NULL);
		elf_file_free(&file);
	}
	__atomic_store_n(&changes.stop, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(pwrite(changes.fd, made.bytes, made.len, 0), made.len);
	assert_int_equal(ftruncate(changes.fd, (off_t)made.len), 0);
	assert_int_equal(elf_file_read(changes.fd, &file, NULL), 0);
	elf_file_free(&file);
	close(changes.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_identity),
		cmocka_unit_test(test_reads_the_abi_string),
		cmocka_unit_test(test_gives_the_offset_behind_endbr64),
		cmocka_unit_test(test_counts_relocations_of_the_file_itself),
		cmocka_unit_test(test_counts_calls_on_x86),
		cmocka_unit_test(test_the_last_instruction_counts),
		cmocka_unit_test(test_counts_calls_on_arm64),
		cmocka_unit_test(test_survives_every_truncation),
		cmocka_unit_test(test_survives_every_changed_byte),
		cmocka_unit_test(test_refuses_other_files_with_a_reason),
		cmocka_unit_test(test_reads_regular_files_only),
		cmocka_unit_test(test_holes_cost_little),
		cmocka_unit_test(test_notes_that_overlap_are_read_once),
		cmocka_unit_test(test_a_file_that_changes_meanwhile_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
