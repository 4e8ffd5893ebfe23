/* SPDX-License-Identifier: MIT */
/* A history that keeps three rows of each user. Their sessions distinguish the rows. */
#include "history.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "../hostile.h"
#include "../unit/cmocka_all.h"
#include "base/clock.h"
#include "subject.h"

#define BASE_SECS      1795337984LL
#define KEEP	       3
#define NAME_MAX_BYTES 700
#define FOUND_MAX      8

/* --- rows ------------------------------------------------------------------------------------ */

struct made {
	char key[NAME_MAX_BYTES + 64], value[512];
	struct key_part part;
};

/* The row of that second; number makes its id and session. */
static struct dict_entry make_at(const char *prefix, struct made *made, struct slice user,
				 int number, int64_t secs)
{
	int at = snprintf(made->key, sizeof(made->key), "shared/%s", prefix), len;

	/* UNSAFE: hostile names are no longer than NAME_MAX_BYTES. */
	memcpy(made->key + at, user.ptr, user.len);
	made->part = (struct key_part){"user", (uint32_t)at, (uint32_t)user.len};
	len = at + (int)user.len;
	len += snprintf(made->key + len, 32, "/%016x", (unsigned int)number);
	snprintf(made->value, sizeof(made->value),
		 "id=%016x\tservice=imap\tremote_ip=192.0.2.1\tcountry=DE\tasn=64496\t"
		 "client_id=a\001tb\tmech=PLAIN\ttls=yes\tnode=n1\tsession=s%d",
		 (unsigned int)number, number);
	return (struct dict_entry){.key = {made->key, (size_t)len},
				   .value = slice_str(made->value),
				   .time_ns = (BASE_SECS + secs) * NS_PER_SEC,
				   .parts = &made->part,
				   .part_count = 1};
}

static struct dict_entry make(struct made *made, struct slice user, int number, int64_t secs)
{
	return make_at(HISTORY_LOGINS_PREFIX, made, user, number, secs);
}

static int64_t limit(void)
{
	return clock_monotonic_ns() + 20 * NS_PER_SEC;
}

static struct dict *open_to_keep(const struct harness *harness, const char *table, size_t kept)
{
	struct dict_config config = harness->config;
	struct error error = {0};
	struct dict *dict = NULL;

	config.history = kept;
	config.table = table;
	config.history_where = "history (t.conf:1)";
	if (dict_open(&config, &dict, &error) < 0 || dict_ping(dict, limit(), &error) < 0)
		fail_msg("%s: %s", harness->subject->name, error.text);
	return dict;
}

static struct dict *open_table(const struct harness *harness, const char *table)
{
	return open_to_keep(harness, table, KEEP);
}

static enum dict_outcome store(struct dict *dict, struct dict_entry entry)
{
	struct error error = {0};

	if (dict_write(dict, &entry, 1, limit(), &error) < 0)
		fail_msg("%s", error.text);
	if (entry.outcome != DICT_STORED && entry.outcome != DICT_UNCHANGED)
		fail_msg("%s: %s", dict_outcome_name(entry.outcome), entry.reason);
	return entry.outcome;
}

static enum dict_outcome put(struct dict *dict, const char *user, int number, int64_t secs)
{
	struct made made;

	return store(dict, make(&made, slice_str(user), number, secs));
}

static void put_failure(struct dict *dict, const char *user, int number, int64_t secs)
{
	struct made made;

	store(dict, make_at(HISTORY_FAILURES_PREFIX, &made, slice_str(user), number, secs));
}

struct found {
	char text[1024];   /* "3 2 1 ": numbers of sessions, in the order in which they came */
	struct slice user; /* of all, unless empty */
	int64_t first_ns;
	int count;
};

static void take(const struct history_row *row, void *context)
{
	struct found *found = context;
	size_t len = strlen(found->text);

	if (found->user.len > 0)
		assert_true(slice_equal(row->user, found->user));
	found->first_ns = found->count == 0 ? row->time_ns : found->first_ns;
	snprintf(found->text + len, sizeof(found->text) - len, "%.*s ",
		 (int)row->field[HISTORY_SESSION].len, row->field[HISTORY_SESSION].ptr);
	found->count++;
}

static struct found find(struct dict *dict, struct slice user)
{
	struct found found = {.user = user};
	struct error error = {0};
	int count = dict_history(dict, user, FOUND_MAX, limit(), take, &found, &error);

	if (count < 0)
		fail_msg("%s", error.text);
	assert_int_equal(count, found.count);
	return found;
}

static void expect(struct dict *dict, const char *user, const char *sessions)
{
	assert_string_equal(find(dict, slice_str(user)).text, sessions);
}

/* --- scenarios ------------------------------------------------------------------------------- */

static void take_whole(const struct history_row *row, void *context)
{
	static const char *const expected[HISTORY_FIELDS] = {"0000000000000007",
							     "imap",
							     "192.0.2.1",
							     "DE",
							     "64496",
							     "a\tb",
							     "PLAIN",
							     "yes",
							     "n1",
							     "s7",
							     ""};
	int *count = context;

	assert_true(slice_is(row->user, "u@x"));
	assert_int_equal(row->time_ns, (BASE_SECS + 5) * NS_PER_SEC);
	for (unsigned int i = 0; i < HISTORY_FIELDS; i++)
		assert_true(slice_is(row->field[i], expected[i]));
	(*count)++;
}

void a_row_comes_back_as_it_was(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	int count = 0;

	expect(dict, "u@x", "");
	assert_int_equal(put(dict, "u@x", 7, 5), DICT_STORED);
	assert_int_equal(
		dict_history(dict, slice_str("u@x"), FOUND_MAX, limit(), take_whole, &count, NULL),
		1);
	assert_int_equal(count, 1);
	dict_close(&dict);
}

void the_same_row_again_changes_nothing(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	struct made made[3];
	struct dict_entry batch[3] = {make(&made[0], slice_str("u"), 1, 1),
				      make(&made[1], slice_str("u"), 2, 2),
				      make(&made[2], slice_str("u"), 1, 1)};

	assert_int_equal(put(dict, "u", 1, 1), DICT_STORED);
	assert_int_equal(put(dict, "u", 1, 1), DICT_UNCHANGED);
	assert_int_equal(dict_write(dict, batch, 3, limit(), NULL), 0);
	for (int i = 0; i < 3; i++) /* some stores say of a batch as a whole what became of it */
		assert_true(batch[i].outcome == DICT_STORED || batch[i].outcome == DICT_UNCHANGED);
	assert_int_equal(batch[1].outcome, DICT_STORED);
	expect(dict, "u", "s2 s1 ");
	dict_close(&dict);
	dict = open_table(*state, HISTORY_LOGINS);
	assert_int_equal(put(dict, "u", 2, 2), DICT_UNCHANGED);
	expect(dict, "u", "s2 s1 ");
	dict_close(&dict);
}

/* The clock was read anew meanwhile. */
void a_replay_at_another_time_is_the_same_row(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	struct made made;
	struct dict_entry entry = make(&made, slice_str("u"), 1, 1);

	put(dict, "u", 1, 1);
	entry.time_ns += 1234;
	assert_int_equal(dict_write(dict, &entry, 1, limit(), NULL), 0);
	expect(dict, "u", "s1 ");
	dict_close(&dict);
}

/* What the capture had joined is not joined again by a collector that starts in between. */
void a_replay_that_knows_less_is_the_same_row(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	struct made made;
	struct dict_entry entry = make(&made, slice_str("u"), 1, 1);

	put(dict, "u", 1, 1);
	entry.value = slice_str("id=0000000000000001\tservice=imap\tsession=s1");
	entry.time_ns += NS_PER_SEC;
	store(dict, entry);
	expect(dict, "u", "s1 ");
	dict_close(&dict);
}

static int removed(struct dict *dict, const char *user, int64_t until_ns, bool dry_run)
{
	const struct dict_key key = {.text = slice_str("shared/login-history/x")};
	const struct dict_removal what = {.user = slice_str(user),
					  .keys = &key,
					  .key_count = 1,
					  .until_ns = until_ns,
					  .dry_run = dry_run};
	struct error error = {0};
	int ret = dict_remove(dict, &what, limit(), &error);

	if (ret < 0)
		fail_msg("%s", error.text);
	return ret;
}

void the_rows_of_a_user_can_be_removed(void **state)
{
	static const char *const users[] = {"u", "u/", "u/0", "U", "u%", "u_", "v"};
	struct dict *dict = open_table(*state, HISTORY_LOGINS);

	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		put(dict, users[i], 1, 1);
		put(dict, users[i], 2, 2);
	}
	assert_int_equal(removed(dict, "nobody", INT64_MAX, false), 0);
	assert_int_equal(removed(dict, "u", INT64_MAX, true), 2);
	expect(dict, "u", "s2 s1 ");
	assert_int_equal(removed(dict, "u", INT64_MAX, false), 2);
	assert_int_equal(removed(dict, "u", INT64_MAX, false), 0);
	expect(dict, "u", "");
	for (size_t i = 1; i < sizeof(users) / sizeof(users[0]); i++)
		expect(dict, users[i], "s2 s1 ");
	dict_close(&dict);
}

/* A client gives itself any name. */
void a_row_with_any_client_id_is_stored(void **state)
{
	static const char *const names[] = {"\xff", "\xed\xa0\x80", "a\0010b", "\xc3", "'\"\\"};
	struct dict *dict = open_table(*state, HISTORY_LOGINS);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct made made;
		struct dict_entry entry = make(&made, slice_str("u"), (int)i, (int64_t)i);
		char value[64];

		snprintf(value, sizeof(value), "id=%016zx\tclient_id=%s\tsession=s%zu", i, names[i],
			 i);
		entry.value = slice_str(value);
		assert_int_equal(store(dict, entry), DICT_STORED);
	}
	expect(dict, "u", "s4 s3 s2 ");
	dict_close(&dict);
}

void the_newest_rows_stay_in_any_order(void **state)
{
	struct dict *all = open_to_keep(*state, HISTORY_LOGINS, FOUND_MAX);
	static const int orders[][5] = {{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {3, 5, 1, 4, 2}};
	struct dict *dict = open_table(*state, HISTORY_LOGINS);

	for (int i = 0; i < 3; i++) {
		char user[8];

		snprintf(user, sizeof(user), "u%d", i);
		for (int k = 0; k < 5; k++)
			put(dict, user, orders[i][k], orders[i][k]);
		expect(dict, user, "s5 s4 s3 ");
		put(dict, user, 1, 1);
		expect(dict, user, "s5 s4 s3 ");
		expect(all, user, "s5 s4 s3 ");
	}
	/* Of one moment: the number of rows is exact. */
	for (int k = 0; k < 5; k++)
		put(dict, "same", 10 + k, 1);
	assert_int_equal(find(dict, slice_str("same")).count, KEEP);
	dict_close(&dict);
	dict_close(&all);
}

#define WRITERS 3
#define ROWS	60

struct writing {
	struct dict *dict;
	int first;
	pthread_t thread;
};

/* Odd and even numbers, upwards and downwards; a writer's rows are also those of the next. */
static void *write_rows(void *context)
{
	const struct writing *writing = context;

	for (int i = 0; i < ROWS; i++) {
		int number = 1 + (writing->first + i * 7) % ROWS;
		struct made made;
		struct dict_entry entry = make(&made, slice_str("u"), number, number);

		do
			dict_write(writing->dict, &entry, 1, limit(), NULL);
		while (entry.outcome == DICT_RETRY || entry.outcome == DICT_UNCERTAIN);
	}
	return NULL;
}

void several_writers_keep_the_newest(void **state)
{
	struct writing writing[WRITERS];
	char expected[64];

	for (int i = 0; i < WRITERS; i++)
		writing[i] = (struct writing){.dict = open_table(*state, HISTORY_LOGINS),
					      .first = i * 20};
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&writing[i].thread, NULL, write_rows, &writing[i]),
				 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(writing[i].thread, NULL);
	snprintf(expected, sizeof(expected), "s%d s%d s%d ", ROWS, ROWS - 1, ROWS - 2);
	expect(writing[0].dict, "u", expected);
	for (int i = 0; i < WRITERS; i++)
		dict_close(&writing[i].dict);
}

struct hostile {
	const struct harness *harness;
	struct dict *dict;
	int number;
};

static void check_name(struct slice name, void *context)
{
	struct hostile *hostile = context;
	const struct subject *subject = hostile->harness->subject;
	struct made made;
	struct dict_entry entry = make(&made, name, ++hostile->number, 1);
	struct found found;
	char expected[16];

	assert_int_equal(dict_write(hostile->dict, &entry, 1, limit(), NULL), 0);
	if (entry.outcome == DICT_REFUSED && subject->refuses && subject->refuses(entry.key))
		return;
	if (entry.outcome != DICT_STORED)
		fail_msg("'%.*s': %s: %s", (int)name.len, name.ptr,
			 dict_outcome_name(entry.outcome), entry.reason);
	found = find(hostile->dict, name);
	snprintf(expected, sizeof(expected), "s%d ", hostile->number);
	assert_string_equal(found.text, expected);
}

void rows_of_hostile_names_come_back(void **state)
{
	struct hostile hostile = {*state, open_table(*state, HISTORY_LOGINS), 0};

	assert_true(hostile_each(check_name, &hostile) > 50);
	dict_close(&hostile.dict);
}

void what_is_no_row_is_refused_alone(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	struct made made[3];
	struct dict_entry batch[3] = {make(&made[0], slice_str("u"), 1, 1),
				      make(&made[1], slice_str("u"), 2, 2),
				      make(&made[2], slice_str("u"), 3, 3)};

	batch[0].value = slice_str("1795337984");
	batch[1].part_count = 0;
	assert_int_equal(dict_write(dict, batch, 3, limit(), NULL), 0);
	assert_int_equal(batch[0].outcome, DICT_REFUSED);
	assert_int_equal(batch[1].outcome, DICT_REFUSED);
	assert_int_equal(batch[2].outcome, DICT_STORED);
	expect(dict, "u", "s3 ");
	dict_close(&dict);
}

void logins_and_failures_are_kept_apart(void **state)
{
	struct dict *logins = open_table(*state, HISTORY_LOGINS);
	struct dict *failures = open_table(*state, HISTORY_FAILURES);

	put(logins, "u", 1, 1);
	for (int i = 2; i < 9; i++)
		put_failure(failures, "u", i, i);
	expect(logins, "u", "s1 ");
	expect(failures, "u", "s8 s7 s6 ");
	dict_close(&logins);
	dict_close(&failures);
}

/* The key of a record has its user and service as parts; it is in the dict of conformance.c. */
void records_are_not_touched_by_rows(void **state)
{
	static const struct key_part parts[] = {
		{"service", 18, 4}, {"user", 23, 1}, {"remote_ip", 25, 3}};
	const struct harness *harness = *state;
	struct dict_entry record = {.key = slice_str("shared/last-login/imap/u/::1"),
				    .value = slice_str("1795337984000"),
				    .time_ns = BASE_SECS * NS_PER_SEC,
				    .parts = parts,
				    .part_count = 3};
	struct dict *dict = open_table(harness, HISTORY_LOGINS);

	assert_int_equal(dict_write(harness->dict, &record, 1, limit(), NULL), 0);
	assert_int_equal(record.outcome, DICT_STORED);
	for (int i = 1; i < 6; i++)
		put(dict, "u", i, i);
	assert_int_equal(dict_write(harness->dict, &record, 1, limit(), NULL), 0);
	expect(dict, "u", "s5 s4 s3 ");
	dict_close(&dict);
}

void the_newest_of_all_are_found(void **state)
{
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	struct found found = {.user = {NULL, 0}};

	for (int i = 1; i < 8; i++) {
		char user[8];

		snprintf(user, sizeof(user), "u%d", i % 3);
		put(dict, user, i, i);
	}
	assert_int_equal(dict_history(dict, found.user, 4, limit(), take, &found, NULL), 4);
	assert_string_equal(found.text, "s7 s6 s5 s4 ");
	dict_close(&dict);
}

void old_rows_expire(void **state)
{
	static const struct slice keys[] = {{"shared/login-history/x", 22}};
	struct dict *dict = open_table(*state, HISTORY_LOGINS);
	const struct dict_expiry expiry = {.older_than_ns = (BASE_SECS + 3) * NS_PER_SEC,
					   .limit = 100,
					   .keys = keys,
					   .key_count = 1};
	struct error error = {0};

	for (int i = 1; i < 5; i++)
		put(dict, i % 2 ? "u" : "v", i, i);
	if (dict_expire(dict, &expiry, limit(), &error) != 2)
		fail_msg("%s", error.text);
	expect(dict, "u", "s3 ");
	expect(dict, "v", "s4 ");
	dict_close(&dict);
}
