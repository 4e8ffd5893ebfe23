/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cmocka_all.h"
#include "store/spool/spool.h"
#include "store/spool/spool_parts.h"

struct place {
	char dir[64], file[96];
	struct spool *spool;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->dir, sizeof(place->dir), "/tmp/test_spool.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->file, sizeof(place->file), "%s/redis.spool", place->dir);
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;
	char command[96];

	spool_close(&place->spool);
	snprintf(command, sizeof(command), "rm -rf %s", place->dir);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

static int reopen_limited(struct place *place, size_t dead_letters_max)
{
	const struct spool_options options = {
		.dir = place->dir, .name = "redis", .dead_letters_max = dead_letters_max};
	struct error error = {0};
	int ret;

	spool_close(&place->spool);
	ret = spool_open(&options, &place->spool, &error);
	if (ret < 0)
		fail_msg("%s", error.text);
	return ret;
}

static int reopen(struct place *place)
{
	return reopen_limited(place, 0);
}

static struct dict_entry entry_of(const char *key, const char *value, int64_t time_ns)
{
	return (struct dict_entry){
		.key = slice_str(key), .value = slice_str(value), .time_ns = time_ns};
}

static void settle(struct place *place, struct dict_entry entry, enum dict_outcome outcome)
{
	struct error error = {0};

	dict_entry_set(&entry, outcome, "%s", outcome == DICT_REFUSED ? "too long" : "");
	if (spool_apply_outcomes(place->spool, &entry, 1, &error) < 0)
		fail_msg("%s", error.text);
}

static void put(struct place *place, const char *key, const char *value, int64_t time_ns)
{
	settle(place, entry_of(key, value, time_ns), DICT_PENDING);
}

/* What a statement returns as one text, as sqlite3(1) would show it. */
static void expect_query(struct place *place, const char *query, const char *expected)
{
	sqlite3_stmt *statement;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

/* The keys in the order of reading, with a blank behind each. */
static void expect_order(struct place *place, const char *expected)
{
	struct spool_batch batch = {0};
	char order[256] = "", oldest[32];

	assert_int_equal(spool_read(place->spool, 100, &batch, NULL), 0);
	for (size_t i = 0; i < batch.count; i++) {
		size_t len = strlen(order);

		snprintf(order + len, sizeof(order) - len, "%.*s ", (int)batch.entries[i].key.len,
			 batch.entries[i].key.ptr);
	}
	assert_string_equal(order, expected);
	assert_int_equal(spool_count(place->spool), batch.count);
	spool_batch_release(&batch);
	(void)snprintf(oldest, sizeof(oldest), "%lld", (long long)spool_oldest_ns(place->spool));
	expect_query(place,
		     "SELECT coalesce((SELECT CASE WHEN queued < time_ns THEN queued ELSE time_ns "
		     "END FROM pending ORDER BY seq), 0)",
		     oldest);
}

static int count_damaged(struct place *place)
{
	DIR *dir = opendir(place->dir);
	struct dirent *file;
	int found = 0;

	while ((file = readdir(dir)))
		found += strstr(file->d_name, ".damaged-") && !strstr(file->d_name, "-wal") &&
			 !strstr(file->d_name, "-shm");
	closedir(dir);
	return found;
}

/* --- rows ---------------------------------------------------------------------------------- */

static int64_t test_now_ns;

static int64_t test_now(void)
{
	return test_now_ns;
}

/* A row that is brought up to date goes on waiting since it came. */
static void the_first_row_shows_since_when_it_waits(void **state)
{
	struct place *place = *state;
	const struct spool_options options = {.dir = place->dir, .name = "aged", .now = test_now};
	struct spool *aged = NULL;
	struct dict_entry entry = entry_of("shared/k", "1", 90);

	assert_int_equal(spool_open(&options, &aged, NULL), 0);
	assert_int_equal(spool_oldest_ns(aged), 0);
	test_now_ns = 100;
	dict_entry_set(&entry, DICT_PENDING, "%s", "");
	assert_int_equal(spool_apply_outcomes(aged, &entry, 1, NULL), 0);
	assert_int_equal(spool_oldest_ns(aged), 90);
	test_now_ns = 200;
	entry.time_ns = 150;
	assert_int_equal(spool_apply_outcomes(aged, &entry, 1, NULL), 0);
	assert_int_equal(spool_oldest_ns(aged), 100);
	spool_close(&aged);
	assert_int_equal(spool_open(&options, &aged, NULL), 0);
	assert_int_equal(spool_oldest_ns(aged), 100);
	dict_entry_set(&entry, DICT_STORED, "%s", "");
	assert_int_equal(spool_apply_outcomes(aged, &entry, 1, NULL), 0);
	assert_int_equal(spool_oldest_ns(aged), 0);
	spool_close(&aged);
}

static void entries_come_back_in_order_and_whole(void **state)
{
	struct place *place = *state;
	const struct key_part parts[] = {{"service", 2, 1}, {"user", 0, 3}, {"", 1, 0}};
	struct dict_entry odd = {.key = {"\0\xff'", 3},
				 .value = {"\1\n", 2},
				 .time_ns = 7,
				 .parts = parts,
				 .part_count = 3};
	struct spool_batch batch;

	assert_int_equal(reopen(place), 0);
	settle(place, odd, DICT_PENDING);
	put(place, "b", "2", 1);
	assert_int_equal(spool_read(place->spool, 10, &batch, NULL), 0);
	assert_int_equal(batch.count, 2);
	assert_true(slice_equal(batch.entries[0].key, odd.key));
	assert_true(slice_equal(batch.entries[0].value, odd.value));
	assert_int_equal(batch.entries[0].time_ns, 7);
	assert_int_equal(batch.entries[0].part_count, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(batch.entries[0].parts[i].variable, parts[i].variable);
		assert_int_equal(batch.entries[0].parts[i].offset, parts[i].offset);
		assert_int_equal(batch.entries[0].parts[i].len, parts[i].len);
	}
	assert_true(slice_is(batch.entries[1].key, "b"));
	spool_batch_release(&batch);
}

static void a_newer_login_takes_the_place_of_an_older_one(void **state)
{
	struct place *place = *state;

	reopen(place);
	put(place, "a", "5", 5);
	put(place, "b", "6", 6);
	put(place, "a", "9", 9);
	put(place, "a", "7", 7);
	expect_order(place, "a b ");
	expect_query(place, "SELECT value FROM pending WHERE key = 'a'", "9");
}

static void what_is_stored_goes_unless_a_newer_one_came(void **state)
{
	struct place *place = *state;

	reopen(place);
	put(place, "a", "5", 5);
	put(place, "b", "9", 9);
	settle(place, entry_of("a", "5", 5), DICT_STORED);
	settle(place, entry_of("b", "6", 6), DICT_STORED);
	settle(place, entry_of("c", "1", 1), DICT_UNCHANGED);
	expect_order(place, "b ");
}

static void what_is_put_off_goes_behind_the_others(void **state)
{
	struct place *place = *state;

	reopen(place);
	put(place, "a", "1", 1);
	put(place, "b", "2", 2);
	settle(place, entry_of("a", "1", 1), DICT_RETRY);
	expect_order(place, "b a ");
	settle(place, entry_of("b", "2", 2), DICT_UNCERTAIN);
	expect_order(place, "a b ");
}

static void what_is_refused_becomes_a_dead_letter(void **state)
{
	struct place *place = *state;

	reopen(place);
	put(place, "a", "5", 5);
	settle(place, entry_of("a", "5", 5), DICT_REFUSED);
	expect_order(place, "");
	expect_query(place, "SELECT key || value || time_ns || reason FROM dead_letter",
		     "a55too long");
}

static void dead_letters_have_a_ceiling(void **state)
{
	struct place *place = *state;
	char key[16];

	reopen_limited(place, 10);
	for (int i = 0; i < 30; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		settle(place, entry_of(key, "1", 1), DICT_REFUSED);
	}
	expect_query(place, "SELECT count(*) || min(key) || max(key) FROM dead_letter", "10k20k29");
}

static void everything_survives_closing(void **state)
{
	struct place *place = *state;

	reopen(place);
	put(place, "a", "1", 1);
	put(place, "b", "2", 2);
	assert_int_equal(reopen(place), 0);
	assert_int_equal(spool_count(place->spool), 2);
	expect_order(place, "a b ");
}

/* A change of the tables must come with a new user_version. */
static void version_1_looks_like_this(void **state)
{
	struct place *place = *state;

	reopen(place);
	expect_query(place, "PRAGMA user_version", "1");
	expect_query(place, "PRAGMA application_id", "1146377040");
	expect_query(place, "PRAGMA journal_mode", "wal");
	expect_query(place, "SELECT sql FROM sqlite_master WHERE name = 'pending'",
		     "CREATE TABLE pending (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value "
		     "NOT NULL, time_ns INTEGER NOT NULL, parts TEXT NOT NULL, queued INTEGER NOT "
		     "NULL)");
	expect_query(
		place, "SELECT sql FROM sqlite_master WHERE name = 'dead_letter'",
		"CREATE TABLE dead_letter (seq INTEGER PRIMARY KEY, key UNIQUE NOT NULL, value "
		"NOT NULL, time_ns INTEGER NOT NULL, parts TEXT NOT NULL, refused_ns INTEGER "
		"NOT NULL, reason TEXT NOT NULL)");
}

/* Somebody else drained it. */
static void the_count_follows_what_others_take(void **state)
{
	struct place *place = *state;
	sqlite3 *db;

	reopen(place);
	put(place, "a", "1", 1);
	put(place, "b", "1", 1);
	assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
	sqlite3_exec(db, "DELETE FROM pending WHERE key = 'a'", NULL, NULL, NULL);
	sqlite3_close(db);
	expect_order(place, "b ");
}

/* --- trouble ------------------------------------------------------------------------------- */

static void write_file(struct place *place, const char *content, size_t len, off_t offset)
{
	int fd = open(place->file, O_WRONLY | O_CREAT, 0600);

	assert_int_equal(pwrite(fd, content, len, offset), len);
	close(fd);
}

static void a_file_that_is_no_database_is_moved_aside(void **state)
{
	struct place *place = *state;
	char garbage[8192];

	memset(garbage, 'x', sizeof(garbage));
	write_file(place, garbage, sizeof(garbage), 0);
	assert_int_equal(reopen(place), 1);
	assert_int_equal(spool_stats(place->spool)->damaged, 1);
	assert_int_equal(count_damaged(place), 1);
	put(place, "a", "1", 1);
	expect_order(place, "a ");
}

static void a_file_of_another_version_is_moved_aside(void **state)
{
	struct place *place = *state;

	reopen(place);
	spool_close(&place->spool);
	{
		sqlite3 *db;

		assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
		sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
		sqlite3_close(db);
	}
	assert_int_equal(reopen(place), 1);
	assert_int_equal(count_damaged(place), 1);
}

/* Pages destroyed under a running spool: the call fails, the next one has a new file. */
static void damage_is_noticed_while_running(void **state)
{
	struct place *place = *state;
	struct dict_entry entry = entry_of("again", "1", 1);
	struct error error = {0};
	char garbage[4096], key[32];

	reopen(place);
	for (int i = 0; i < 2000; i++) {
		snprintf(key, sizeof(key), "key-number-%d", i);
		put(place, key, "1", 1);
	}
	reopen(place); /* the log has gone into the file */
	memset(garbage, 0xa5, sizeof(garbage));
	for (off_t page = 1; page < 20; page++)
		write_file(place, garbage, sizeof(garbage), page * 4096);
	assert_int_equal(spool_apply_outcomes(place->spool, &entry, 1, &error), -EILSEQ);
	assert_int_equal(spool_apply_outcomes(place->spool, &entry, 1, &error), 0);
	assert_int_equal(spool_stats(place->spool)->damaged, 1);
	assert_int_equal(spool_stats(place->spool)->lost, 2000);
	expect_order(place, "again ");
}

static void limit_file_size(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_full_disk_changes_nothing_and_passes(void **state)
{
	struct place *place = *state;
	struct dict_entry large = entry_of("large", NULL, 1);
	struct error error = {0};
	char *value = calloc(1, 4 << 20);

	memset(value, 'v', 4 << 20);
	large.value = (struct slice){value, 4 << 20};
	reopen(place);
	put(place, "a", "1", 1);
	limit_file_size(256 << 10);
	assert_true(spool_apply_outcomes(place->spool, &large, 1, &error) < 0);
	assert_int_equal(spool_count(place->spool), 1);
	limit_file_size(RLIM_INFINITY);
	assert_int_equal(spool_apply_outcomes(place->spool, &large, 1, &error), 0);
	expect_order(place, "a large ");
	free(value);
}

static void a_place_that_cannot_be_used_is_tried_again(void **state)
{
	struct place *place = *state;
	struct dict_entry entry = entry_of("a", "1", 1);
	char sub[96];
	const struct spool_options options = {.dir = sub, .name = "redis"};
	struct error error = {0};

	snprintf(sub, sizeof(sub), "%s/not/there", place->dir);
	assert_int_equal(spool_open(&options, &place->spool, &error), 1);
	assert_non_null(strstr(error.text, "not/there"));
	assert_false(spool_ready(place->spool));
	assert_true(spool_apply_outcomes(place->spool, &entry, 1, &error) < 0);
	sub[strlen(sub) - strlen("/there")] = '\0';
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(spool_apply_outcomes(place->spool, &entry, 1, &error), 0);
	assert_true(spool_ready(place->spool));
}

static void bad_options_are_reported(void **state)
{
	struct place *place = *state;
	const struct spool_options slash = {.dir = place->dir, .name = "../x"};
	const struct spool_options level = {.dir = place->dir, .name = "x", .synchronous = "very"};
	struct error error = {0};

	assert_int_equal(spool_open(&slash, &place->spool, &error), -EINVAL);
	assert_int_equal(spool_open(&level, &place->spool, &error), -EINVAL);
	assert_string_equal(error.text, "Invalid synchronous: very (full, normal or off)");
}

/* --- parts as text ------------------------------------------------------------------------- */

static int parse(const char *text, size_t key_len)
{
	struct key_part parts[4];
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", text);
	return spool_parts_parse(copy, key_len, parts, 4);
}

static void parts_that_make_no_sense_are_refused(void **state)
{
	(void)state;
	assert_int_equal(parse("", 0), 0);
	assert_int_equal(parse("user:0:3;service:3:1", 4), 2);
	assert_int_equal(parse("user:0:5", 4), -EILSEQ);
	assert_int_equal(parse("user:4294967295:1", 4), -EILSEQ);
	assert_int_equal(parse("user:4294967296:0", 4), -EILSEQ);
	assert_int_equal(parse("user:1", 4), -EILSEQ);
	assert_int_equal(parse("user:-1:1", 4), -EILSEQ);
	assert_int_equal(parse("user:1:1x", 4), -EILSEQ);
	assert_int_equal(parse("user", 4), -EILSEQ);
	assert_int_equal(parse("a:0:0;b:0:0;c:0:0;d:0:0;e:0:0", 4), -EILSEQ);
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, place_setup, place_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(entries_come_back_in_order_and_whole),
		scenario(the_first_row_shows_since_when_it_waits),
		scenario(a_newer_login_takes_the_place_of_an_older_one),
		scenario(what_is_stored_goes_unless_a_newer_one_came),
		scenario(what_is_put_off_goes_behind_the_others),
		scenario(what_is_refused_becomes_a_dead_letter),
		scenario(dead_letters_have_a_ceiling),
		scenario(everything_survives_closing),
		scenario(version_1_looks_like_this),
		scenario(the_count_follows_what_others_take),
		scenario(a_file_that_is_no_database_is_moved_aside),
		scenario(a_file_of_another_version_is_moved_aside),
		scenario(damage_is_noticed_while_running),
		scenario(a_full_disk_changes_nothing_and_passes),
		scenario(a_place_that_cannot_be_used_is_tried_again),
		scenario(bad_options_are_reported),
		cmocka_unit_test(parts_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
