/* SPDX-License-Identifier: MIT */
/* Rows that a spool has written, and what sqlite3(1) makes of the file. */
#include <fcntl.h>
#include <string.h>

#include "../conf/folder.h"
#include "store/spool/spool.h"
#include "store/spool/spool_remove.h"
#include "store/spool/spool_view.h"

#define SECOND INT64_C(1000000000)
#define NOW    (1795338170 * SECOND)

static int64_t now(void)
{
	return NOW;
}

static struct spool *open_spool(int64_t min_interval_ns)
{
	const struct spool_options options = {
		.dir = "spool", .name = "redis", .min_interval_ns = min_interval_ns, .now = now};
	struct spool *spool = NULL;

	assert_int_equal(spool_open(&options, &spool, NULL), 0);
	return spool;
}

static void put(struct spool *spool, const char *key, int64_t time_ns, enum dict_outcome outcome)
{
	struct dict_entry entry = {.key = slice_str(key),
				   .value = slice_str("17"),
				   .time_ns = time_ns,
				   .outcome = outcome};

	if (outcome == DICT_REFUSED)
		dict_entry_set(&entry, DICT_REFUSED, "too long");
	assert_int_equal(spool_apply_outcomes(spool, &entry, 1, NULL), 0);
}

struct rows {
	char text[1000];
};

static void note(const struct spool_row *row, void *context)
{
	struct rows *rows = context;
	size_t len = strlen(rows->text);

	(void)snprintf(rows->text + len, sizeof(rows->text) - len,
		       "%.*s=%.*s %lld %lld %lld %.*s\n", (int)row->key.len, row->key.ptr,
		       (int)row->value.len, row->value.ptr, (long long)(row->time_ns / SECOND),
		       (long long)(row->since_ns / SECOND), (long long)(row->due_ns / SECOND),
		       (int)row->reason.len, row->reason.ptr);
}

static struct spool_view *open_view(void)
{
	struct spool_view *view = NULL;
	struct error error = {0};

	if (spool_view_open("spool", "redis", &view, &error) < 0)
		fail_msg("%s", error.text);
	return view;
}

static void rows_come_in_their_order_while_the_writer_has_the_file(void **state)
{
	struct spool *spool = open_spool(0);
	struct spool_view *view;
	struct rows pending = {""}, dead = {""};

	(void)state;
	put(spool, "k2", 2 * SECOND, DICT_RETRY);
	put(spool, "k1", 1 * SECOND, DICT_UNCERTAIN);
	put(spool, "bad", 3 * SECOND, DICT_REFUSED);
	view = open_view();
	assert_int_equal(spool_view_pending(view, note, &pending, NULL), 2);
	assert_string_equal(pending.text, "k2=17 2 1795338170 0 \nk1=17 1 1795338170 0 \n");
	assert_int_equal(spool_view_dead_letters(view, note, &dead, NULL), 1);
	assert_string_equal(dead.text, "bad=17 3 1795338170 0 too long\n");
	assert_int_equal(spool_view_held(view, note, &dead, NULL), 0);
	assert_int_equal(spool_view_check(view, NULL), 0);
	put(spool, "k3", 4 * SECOND, DICT_RETRY); /* nothing is locked */
	assert_int_equal(spool_view_pending(view, note, &pending, NULL), 3);
	spool_view_close(&view);
	assert_null(view);
	spool_view_close(&view);
	spool_close(&spool);
	assert_int_equal(unlink("spool/redis.spool"), 0);
}

static void a_held_row_has_the_time_when_it_is_due(void **state)
{
	struct spool *spool = open_spool(60 * SECOND);
	struct dict_entry entry = {
		.key = slice_str("k"), .value = slice_str("18"), .time_ns = 5 * SECOND};
	struct spool_view *view;
	struct rows held = {""};

	(void)state;
	put(spool, "k", 1 * SECOND, DICT_STORED);
	assert_int_equal(spool_hold(spool, &entry, 1, NULL), 0);
	view = open_view();
	assert_int_equal(spool_view_held(view, note, &held, NULL), 1);
	assert_string_equal(held.text, "k=18 5 0 1795338230 \n");
	spool_view_close(&view);
	spool_close(&spool);
	assert_int_equal(unlink("spool/redis.spool"), 0);
}

static void what_is_no_spool_is_an_error(void **state)
{
	struct spool_view *view = NULL;
	struct rows rows = {""};
	struct error error = {0};

	(void)state;
	assert_int_equal(spool_view_open("spool", "none", &view, &error), -ENOENT);
	assert_non_null(strstr(error.text, "spool/none.spool"));
	assert_null(view);
	write_file("spool/redis.spool", "this is no database, whatever its name may be", 0600);
	if (spool_view_open("spool", "redis", &view, &error) == 0) {
		assert_true(spool_view_pending(view, note, &rows, &error) < 0);
		assert_true(spool_view_check(view, &error) < 0);
		assert_non_null(strstr(error.text, "spool/redis.spool"));
		spool_view_close(&view);
	}
	assert_int_equal(unlink("spool/redis.spool"), 0);
}

/* A page of the table is overwritten. */
static void a_damaged_page_is_found(void **state)
{
	struct spool *spool = open_spool(0);
	struct spool_view *view;
	struct error error = {0};
	char key[40], garbage[100];
	int fd;

	(void)state;
	for (int i = 0; i < 500; i++) {
		(void)snprintf(key, sizeof(key), "shared/last-login/u%d@example.com", i);
		put(spool, key, SECOND, DICT_RETRY);
	}
	spool_close(&spool); /* and the log is in the file */
	memset(garbage, 0x5a, sizeof(garbage));
	fd = open("spool/redis.spool", O_WRONLY);
	for (off_t page = 9; page < 12; page++)
		assert_int_equal(pwrite(fd, garbage, sizeof(garbage), page * 4096),
				 sizeof(garbage));
	close(fd);
	view = open_view();
	assert_int_equal(spool_view_check(view, &error), -EILSEQ);
	assert_non_null(strstr(error.text, "spool/redis.spool: "));
	spool_view_close(&view);
	assert_int_equal(unlink("spool/redis.spool"), 0);
}

/* --- somebody is forgotten -------------------------------------------------------------- */

static const struct dict_key keys_of_u[] = {{.text = {"u", 1}}, {.text = {"u2", 2}}};

static void expect_left(const char *pending, const char *held, const char *dead)
{
	struct rows rows[3] = {{""}, {""}, {""}};
	struct spool_view *view = open_view();

	assert_true(spool_view_pending(view, note, &rows[0], NULL) >= 0);
	assert_true(spool_view_held(view, note, &rows[1], NULL) >= 0);
	assert_true(spool_view_dead_letters(view, note, &rows[2], NULL) >= 0);
	assert_string_equal(rows[0].text, pending);
	assert_string_equal(rows[1].text, held);
	assert_string_equal(rows[2].text, dead);
	spool_view_close(&view);
}

static void remove_through_view(const struct dict_removal *what, struct spool_removed *removed)
{
	struct spool_view *view = open_view();

	assert_int_equal(spool_view_remove(view, what, removed, NULL), 0);
	spool_view_close(&view);
}

static void all_rows_of_a_user_go(void **state)
{
	struct dict_removal what = {
		.keys = keys_of_u, .key_count = 2, .until_ns = 5 * SECOND, .dry_run = true};
	struct spool *spool = open_spool(10 * SECOND);
	struct spool_removed removed;
	struct dict_entry again = {
		.key = slice_str("u"), .value = slice_str("17"), .time_ns = SECOND};

	(void)state;
	put(spool, "u", 1 * SECOND, DICT_RETRY);
	put(spool, "u2", 6 * SECOND, DICT_RETRY); /* later */
	put(spool, "v", 1 * SECOND, DICT_RETRY);
	put(spool, "u", 2 * SECOND, DICT_REFUSED);
	put(spool, "v", 2 * SECOND, DICT_REFUSED);
	put(spool, "u", 3 * SECOND, DICT_RETRY);
	put(spool, "u", 3 * SECOND, DICT_STORED); /* then it is held back for ten seconds */
	again.time_ns = 4 * SECOND;
	assert_int_equal(spool_hold(spool, &again, 1, NULL), 0);
	assert_int_equal(again.outcome, DICT_DONE);
	put(spool, "u", 1 * SECOND, DICT_RETRY);
	remove_through_view(&what, &removed);
	assert_int_equal(removed.waiting, 1);
	assert_int_equal(removed.held, 1);
	assert_int_equal(removed.refused, 1);
	what.dry_run = false;
	assert_int_equal(spool_remove(spool, &what, &removed, NULL), 0);
	assert_int_equal(removed.waiting, 1);
	assert_int_equal(removed.held, 1);
	assert_int_equal(removed.refused, 1);
	assert_int_equal(spool_count(spool), 1);
	assert_int_equal(spool_held(spool), 0);
	expect_left("u2=17 6 1795338170 0 \n", "", "v=17 2 1795338170 0 too long\n");
	again.outcome = DICT_PENDING;
	assert_int_equal(spool_hold(spool, &again, 1, NULL), 0);
	assert_int_equal(again.outcome, DICT_PENDING); /* nothing is known of an interval */
	remove_through_view(&what, &removed);
	assert_int_equal(removed.waiting + removed.held + removed.refused, 0);
	spool_close(&spool);
	assert_int_equal(unlink("spool/redis.spool"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_in_their_order_while_the_writer_has_the_file),
		cmocka_unit_test(a_held_row_has_the_time_when_it_is_due),
		cmocka_unit_test(all_rows_of_a_user_go),
		cmocka_unit_test(what_is_no_spool_is_an_error),
		cmocka_unit_test(a_damaged_page_is_found),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
