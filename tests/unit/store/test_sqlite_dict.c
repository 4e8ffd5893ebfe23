/* SPDX-License-Identifier: MIT */
/* The embedded dict: its table, and its file in trouble. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "store/dict.h"

#define MINUTE (60 * NS_PER_SEC)

struct place {
	char dir[64], file[96];
	struct dict *dict;
	struct dict_entry entry;
	struct error error;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));
	char uri[128];
	const struct dict_config config = {.uri = uri};

	umask(022);
	snprintf(place->dir, sizeof(place->dir), "/tmp/test_sqlite.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->file, sizeof(place->file), "%s/made/last-login.db", place->dir);
	snprintf(uri, sizeof(uri), "sqlite:path=%s", place->file);
	assert_int_equal(dict_open(&config, &place->dict, NULL), 0);
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

static int put_user(struct place *place, struct slice user, const char *value, int64_t patience_ns)
{
	const struct key_part part = {"user", 0, (uint32_t)user.len};

	place->entry = (struct dict_entry){.key = user,
					   .value = slice_str(value),
					   .time_ns = strtoll(value, NULL, 10) * NS_PER_SEC,
					   .parts = &part,
					   .part_count = 1};
	return dict_write(place->dict, &place->entry, 1, clock_monotonic_ns() + patience_ns,
			  &place->error);
}

static void expect_put(struct place *place, const char *user, const char *value)
{
	if (put_user(place, slice_str(user), value, MINUTE) < 0)
		fail_msg("%s", place->error.text);
	assert_int_equal(place->entry.outcome, DICT_STORED);
}

static sqlite3 *open_beside(struct place *place)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
	return db;
}

static void expect_query(struct place *place, const char *query, const char *expected)
{
	sqlite3 *db = open_beside(place);
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void the_table_looks_like_this(void **state)
{
	struct place *place = *state;

	expect_put(place, "u@example.com", "1795337984");
	expect_query(place, "SELECT sql FROM sqlite_master WHERE name = 'last_login'",
		     "CREATE TABLE last_login (userid, service, last_access INTEGER, last_ip, "
		     "time_ns INTEGER, PRIMARY KEY (userid, service)) WITHOUT ROWID");
	expect_query(place, "PRAGMA journal_mode", "wal");
	expect_query(place,
		     "SELECT userid || '|' || service || '|' || last_access || '|' || last_ip || "
		     "'|' || time_ns FROM last_login",
		     "u@example.com||1795337984||1795337984000000000");
}

/* A person can read and compare names that are text; any others are there byte for byte. */
static void names_are_text_when_they_can(void **state)
{
	struct place *place = *state;

	expect_put(place, "\xc3\xa4@example.com", "1795337984");
	assert_int_equal(put_user(place, (struct slice){"a\0b", 3}, "1795337984", MINUTE), 0);
	assert_int_equal(put_user(place, slice_str("\xff"), "1795337984", MINUTE), 0);
	expect_query(place, "SELECT group_concat(typeof(userid)) FROM last_login",
		     "text,blob,blob");
	expect_query(place, "SELECT hex(userid) FROM last_login WHERE userid = x'610062'",
		     "610062");
	expect_query(place, "SELECT typeof(last_access) FROM last_login", "integer");
}

static void only_the_group_may_read_the_file(void **state)
{
	struct place *place = *state;
	struct stat st;

	expect_put(place, "u", "1795337984");
	assert_int_equal(stat(place->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
}

static void ignore_record(const struct dict_record *record, void *context)
{
	(void)record;
	(void)context;
	fail();
}

/* The file belongs to who writes first: not to a person who looks too early. */
static void looking_does_not_make_the_file(void **state)
{
	struct place *place = *state;
	int64_t deadline_ns = clock_monotonic_ns() + MINUTE;

	assert_int_equal(dict_lookup(place->dict, slice_str("u"), NULL, 0, deadline_ns,
				     ignore_record, NULL, NULL),
			 0);
	assert_int_equal(dict_ping(place->dict, deadline_ns, NULL), 0);
	assert_int_equal(access(place->file, F_OK), -1);
}

static void a_locked_file_is_waited_for_until_the_deadline(void **state)
{
	struct place *place = *state;
	sqlite3 *other;

	expect_put(place, "u", "1795337984");
	other = open_beside(place);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(put_user(place, slice_str("u"), "1795337985", 20 * NS_PER_MSEC), -EBUSY);
	assert_int_equal(place->entry.outcome, DICT_RETRY);
	sqlite3_close(other);
	expect_put(place, "u", "1795337985");
}

static void a_removed_file_is_made_anew(void **state)
{
	struct place *place = *state;

	expect_put(place, "u", "1795337984");
	assert_int_equal(unlink(place->file), 0);
	expect_put(place, "v", "1795337984");
	expect_query(place, "SELECT group_concat(userid) FROM last_login", "v");
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_keeps_the_record_for_later(void **state)
{
	struct place *place = *state;
	char *name = calloc(1, 1 << 20);

	memset(name, 'n', (1 << 20) - 1);
	expect_put(place, "u", "1795337984");
	limit_file_size(100 << 10);
	assert_true(put_user(place, slice_str(name), "1795337984", MINUTE) < 0);
	assert_int_equal(place->entry.outcome, DICT_RETRY);
	limit_file_size(RLIM_INFINITY);
	expect_put(place, name, "1795337984");
	free(name);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	struct place *place = *state;
	FILE *file;

	assert_int_equal(put_user(place, slice_str("u"), "1795337984", MINUTE), 0);
	unlink(place->file);
	file = fopen(place->file, "w");
	for (int i = 0; i < 500; i++)
		fputs("somebody's text\n", file);
	fclose(file);
	assert_true(put_user(place, slice_str("u"), "1795337985", MINUTE) < 0);
	assert_int_equal(place->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(place->error.text, "not a database"));
}

static void a_key_without_a_user_is_refused(void **state)
{
	struct place *place = *state;

	place->entry =
		(struct dict_entry){.key = slice_str("shared/x"), .value = slice_str("1795337984")};
	assert_int_equal(
		dict_write(place->dict, &place->entry, 1, clock_monotonic_ns() + MINUTE, NULL), 0);
	assert_int_equal(place->entry.outcome, DICT_REFUSED);
	assert_string_equal(place->entry.reason, "the key has no user variable");
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(the_table_looks_like_this),
		scenario(names_are_text_when_they_can),
		scenario(only_the_group_may_read_the_file),
		scenario(looking_does_not_make_the_file),
		scenario(a_locked_file_is_waited_for_until_the_deadline),
		scenario(a_removed_file_is_made_anew),
		scenario(a_full_disk_keeps_the_record_for_later),
		scenario(a_file_that_is_no_database_is_refused_and_left_alone),
		scenario(a_key_without_a_user_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
