/* SPDX-License-Identifier: MIT */
/* Files that Dovecot shares with us: their format, modes, locks and names. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/dict.h"
#include "store/drivers/fs_path.h"

#define MINUTE (60 * NS_PER_SEC)

struct place {
	char dir[64], path[128];
	struct dict *dict;
	struct dict_entry entry;
	struct error error;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	umask(022);
	snprintf(place->dir, sizeof(place->dir), "/tmp/test_file.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;
	char command[96];

	dict_close(&place->dict);
	snprintf(command, sizeof(command), "rm -rf %s", place->dir);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

__attribute__((format(printf, 2, 3))) static void open_dict(struct place *place, const char *format,
							    ...)
{
	char uri[256];
	const struct dict_config config = {.uri = uri};
	va_list args;

	va_start(args, format);
	vsnprintf(uri, sizeof(uri), format, args);
	va_end(args);
	dict_close(&place->dict);
	if (dict_open(&config, &place->dict, &place->error) < 0)
		fail_msg("%s", place->error.text);
}

static int put(struct place *place, struct slice key, const char *value, int64_t patience_ns)
{
	place->entry = (struct dict_entry){.key = key,
					   .value = slice_str(value),
					   .time_ns = strtoll(value, NULL, 10) * NS_PER_SEC};
	return dict_write(place->dict, &place->entry, 1, clock_monotonic_ns() + patience_ns,
			  &place->error);
}

static void expect_put(struct place *place, const char *key, const char *value)
{
	if (put(place, slice_str(key), value, MINUTE) < 0)
		fail_msg("%s", place->error.text);
	assert_int_equal(place->entry.outcome, DICT_STORED);
}

static const char *path_of(struct place *place, const char *name)
{
	snprintf(place->path, sizeof(place->path), "%s/%s", place->dir, name);
	return place->path;
}

static void expect_content(struct place *place, const char *name, const char *expected)
{
	char content[512] = "";
	int fd = open(path_of(place, name), O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, content, sizeof(content) - 1) >= 0);
	close(fd);
	assert_string_equal(content, expected);
}

static void write_file(struct place *place, const char *name, const char *content)
{
	int fd = open(path_of(place, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	close(fd);
}

static unsigned int mode_of(struct place *place, const char *name)
{
	struct stat st;

	assert_int_equal(stat(path_of(place, name), &st), 0);
	return st.st_mode & 07777;
}

/* --- file ---------------------------------------------------------------------------------- */

static void a_file_has_two_lines_for_each_record(void **state)
{
	struct place *place = *state;

	open_dict(place, "file:%s/dict", place->dir);
	expect_put(place, "shared/k/plain", "1795339628");
	expect_content(place, "dict", "shared/k/plain\n1795339628\n");
	assert_int_equal(put(place, (struct slice){"shared/\0\1\t\r\n/", 13}, "1795339629", MINUTE),
			 0);
	expect_content(place, "dict",
		       "shared/k/plain\n1795339628\n"
		       "shared/\1"
		       "0\1"
		       "1\1t\1r\1n/\n1795339629\n");
}

static void what_dovecot_wrote_is_read_and_kept(void **state)
{
	struct place *place = *state;

	write_file(place, "dict", "shared/old\n1795339628\npriv/other\nany text\n");
	open_dict(place, "file:%s/dict", place->dir);
	assert_int_equal(put(place, slice_str("shared/old"), "1795339627", MINUTE), 0);
	assert_int_equal(place->entry.outcome, DICT_UNCHANGED);
	expect_put(place, "shared/old", "1795339629");
	expect_content(place, "dict", "priv/other\nany text\nshared/old\n1795339629\n");
}

/* Another process replaces the file between two of our writes. */
static void what_others_write_meanwhile_is_seen(void **state)
{
	struct place *place = *state;
	char to[160];

	open_dict(place, "file:%s/dict", place->dir);
	expect_put(place, "shared/a", "1795339628");
	write_file(place, "new", "shared/a\n1795339700\n");
	snprintf(to, sizeof(to), "%s/dict", place->dir);
	assert_int_equal(rename(path_of(place, "new"), to), 0);
	assert_int_equal(put(place, slice_str("shared/a"), "1795339650", MINUTE), 0);
	assert_int_equal(place->entry.outcome, DICT_UNCHANGED);
}

static void modes_come_from_the_old_file_or_the_directory(void **state)
{
	struct place *place = *state;

	open_dict(place, "file:%s/dict", place->dir);
	expect_put(place, "shared/a", "1795339628");
	assert_int_equal(mode_of(place, "dict"), 0600); /* the directory is 0700 */
	assert_int_equal(chmod(path_of(place, "dict"), 0640), 0);
	expect_put(place, "shared/a", "1795339629");
	assert_int_equal(mode_of(place, "dict"), 0640);
	assert_int_equal(chmod(place->dir, 0777), 0);
	open_dict(place, "file:%s/open", place->dir);
	expect_put(place, "shared/a", "1795339628");
	assert_int_equal(mode_of(place, "open"), 0666);
}

static void missing_directories_are_made(void **state)
{
	struct place *place = *state;

	open_dict(place, "file:%s/a/b/dict", place->dir);
	expect_put(place, "shared/a", "1795339628");
	assert_int_equal(mode_of(place, "a/b"), 0700);
	assert_int_equal(chmod(place->dir, 02775), 0);
	open_dict(place, "file:%s/group/dict", place->dir);
	expect_put(place, "shared/a", "1795339628");
	assert_int_equal(mode_of(place, "group"), 02775);
}

static void a_dotlock_of_another_process_is_waited_for(void **state)
{
	struct place *place = *state;

	write_file(place, "dict.lock", "");
	open_dict(place, "file:%s/dict", place->dir);
	assert_int_equal(put(place, slice_str("shared/a"), "1795339628", 20 * NS_PER_MSEC),
			 -ETIMEDOUT);
	assert_int_equal(place->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(place->error.text, "is locked by another process"));
	assert_int_equal(unlink(path_of(place, "dict.lock")), 0);
	expect_put(place, "shared/a", "1795339628");
	assert_int_equal(access(path_of(place, "dict.lock"), F_OK), -1);
}

static void a_dotlock_that_was_left_behind_is_taken_over(void **state)
{
	struct place *place = *state;
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	write_file(place, "dict.lock", "");
	assert_int_equal(utimensat(AT_FDCWD, path_of(place, "dict.lock"), long_ago, 0), 0);
	open_dict(place, "file:%s/dict", place->dir);
	expect_put(place, "shared/a", "1795339628");
}

static int lock_with(int fd, const char *method)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return strcmp(method, "flock") == 0 ? flock(fd, LOCK_EX) : fcntl(fd, F_OFD_SETLK, &whole);
}

static void other_locks_are_waited_for(void **state)
{
	static const char *const methods[] = {"flock", "fcntl"};
	struct place *place = *state;

	for (int i = 0; i < 2; i++) {
		int fd;

		write_file(place, methods[i], "");
		fd = open(path_of(place, methods[i]), O_RDWR);
		assert_int_equal(lock_with(fd, methods[i]), 0);
		open_dict(place, "file:%s/%s:lock=%s", place->dir, methods[i], methods[i]);
		assert_int_equal(put(place, slice_str("shared/a"), "1795339628", 20 * NS_PER_MSEC),
				 -ETIMEDOUT);
		close(fd);
		expect_put(place, "shared/a", "1795339628");
	}
}

/* -ETIMEDOUT would mean that it waited for the whole minute. */
static void expect_put_fails(struct place *place, int error)
{
	assert_int_equal(put(place, slice_str("shared/a"), "1795339628", MINUTE), error);
	assert_int_equal(place->entry.outcome, DICT_RETRY);
}

static void a_directory_that_cannot_be_written_is_no_loss(void **state)
{
	static const char *const methods[] = {"", ":lock=fcntl", ":lock=flock"};
	struct place *place = *state;

	for (int i = 0; i < 3; i++) {
		open_dict(place, "file:/proc/dict%s", methods[i]);
		expect_put_fails(place, -ENOENT);
		open_dict(place, "file:/proc/a/dict%s", methods[i]);
		expect_put_fails(place, -ENOENT);
		write_file(place, "file", "");
		open_dict(place, "file:%s/file/dict%s", place->dir, methods[i]);
		expect_put_fails(place, -ENOTDIR);
	}
}

static void a_dotlock_that_cannot_be_removed_is_not_waited_for(void **state)
{
	struct place *place = *state;
	const struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

	assert_int_equal(mkdir(path_of(place, "dict.lock"), 0700), 0);
	assert_int_equal(utimensat(AT_FDCWD, place->path, long_ago, 0), 0);
	open_dict(place, "file:%s/dict", place->dir);
	expect_put_fails(place, -EISDIR);
}

/* --- fs ------------------------------------------------------------------------------------ */

static void a_key_has_a_file_of_its_own(void **state)
{
	struct place *place = *state;

	open_dict(place, "fs:posix:prefix=%s/d/", place->dir);
	expect_put(place, "shared/ll/u@x", "1795339628");
	expect_content(place, "d/ll/u@x", "1795339628");
	assert_int_equal(mode_of(place, "d/ll/u@x"), 0600);
	assert_int_equal(mode_of(place, "d/ll"), 0700);
	open_dict(place, "fs:posix:prefix=%s/d:mode=0644", place->dir);
	expect_put(place, "shared/ll/u", "1795339628");
	expect_content(place, "dll/u", "1795339628"); /* the prefix ends where it ends */
	assert_int_equal(mode_of(place, "dll/u"), 0644);
}

static void nothing_is_left_of_a_write_that_fails(void **state)
{
	struct place *place = *state;

	open_dict(place, "fs:posix:prefix=%s/", place->dir);
	assert_int_equal(mkdir(path_of(place, "taken"), 0700), 0);
	assert_int_equal(put(place, slice_str("shared/taken"), "1795339628", MINUTE), 0);
	assert_int_equal(place->entry.outcome, DICT_REFUSED);
	assert_int_equal(rmdir(path_of(place, "taken")), 0);
	assert_int_equal(rmdir(place->dir), 0); /* no temp.dovecot.* */
	assert_int_equal(mkdir(place->dir, 0700), 0);
}

static void names_of_dots_cannot_lead_out(void **state)
{
	static const char *const cases[][2] = {
		{"a/../../b", "P/a/..../..../b"},
		{"..", "P/...."},
		{".", "P/..."},
		{"...", "P/....."},
		{".hid", "P/.hid"},
		{"a/.b/..c", "P/a/.b/..c"},
		{"a//b", "P/a//b"},
		{"a/b//", "P/a/b"},
		{"/x", "P//x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf path;

		buf_init(&path, 1000);
		assert_int_equal(fs_path_append(&path, "P/", slice_str(cases[i][0])), 0);
		assert_string_equal(buf_str(&path), cases[i][1]);
		buf_release(&path);
	}
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(a_file_has_two_lines_for_each_record),
		scenario(what_dovecot_wrote_is_read_and_kept),
		scenario(what_others_write_meanwhile_is_seen),
		scenario(modes_come_from_the_old_file_or_the_directory),
		scenario(missing_directories_are_made),
		scenario(a_dotlock_of_another_process_is_waited_for),
		scenario(a_dotlock_that_was_left_behind_is_taken_over),
		scenario(other_locks_are_waited_for),
		scenario(a_directory_that_cannot_be_written_is_no_loss),
		scenario(a_dotlock_that_cannot_be_removed_is_not_waited_for),
		scenario(a_key_has_a_file_of_its_own),
		scenario(nothing_is_left_of_a_write_that_fails),
		cmocka_unit_test(names_of_dots_cannot_lead_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
