/* SPDX-License-Identifier: MIT */
/* Records put together by user. */
#include <string.h>

#include "../cmocka_all.h"
#include "base/buf.h"
#include "cli/roster.h"

static struct roster *roster;

static void add(const char *user, const char *service, int64_t time_ns)
{
	const struct roster_record record = {
		.user = slice_str(user),
		.service = slice_str(service),
		.remote_ip = slice_str("ip"),
		.value = slice_str("1"),
		.time_ns = time_ns,
		.class = service_class_of(slice_str(service), NULL),
	};
	struct error error;

	assert_int_equal(roster_add(roster, &record, &error), 0);
}

static int show_person(const struct roster_person *person, void *context)
{
	const struct roster_seen *login = &person->seen[SERVICE_LOGIN];

	buf_append_slice(context, person->user);
	buf_appendf(context, "=%lld", (long long)login->time_ns);
	buf_append_slice(context, login->service);
	buf_appendf(context, "/%lld ", (long long)person->seen[SERVICE_DELIVERY].time_ns);
	return 0;
}

static int show_record(const struct roster_record *record, void *context)
{
	buf_append_slice(context, record->user);
	buf_append_char(context, '=');
	buf_append_slice(context, record->service);
	buf_appendf(context, "%lld ", (long long)record->time_ns);
	return 0;
}

static void persons_are(struct roster_query query, const char *expected)
{
	struct error error;
	struct buf text;

	buf_init(&text, 4096);
	assert_int_equal(roster_each_person(roster, &query, show_person, &text, &error), 0);
	assert_string_equal(buf_str(&text), expected);
	buf_release(&text);
}

static void records_are(struct roster_query query, const char *expected)
{
	struct error error;
	struct buf text;

	buf_init(&text, 4096);
	assert_int_equal(roster_each_record(roster, &query, show_record, &text, &error), 0);
	assert_string_equal(buf_str(&text), expected);
	buf_release(&text);
}

#define ALL .older_than_ns = INT64_MAX

static void the_newest_of_each_class_counts(void **state)
{
	(void)state;
	add("a", "imap", 10);
	add("a", "pop3", 30);
	add("a", "lmtp", 99);
	add("b", "lda", 7);
	add("a", "pop3", 20); /* an older one changes nothing */
	persons_are((struct roster_query){ALL}, "a=30pop3/99 b=-1/7 ");
	persons_are((struct roster_query){.older_than_ns = 31}, "a=30pop3/99 b=-1/7 ");
	persons_are((struct roster_query){.older_than_ns = 30}, "b=-1/7 ");
	records_are((struct roster_query){ALL}, "a=lmtp99 a=pop330 a=imap10 b=lda7 ");
}

static void order_mask_and_limit(void **state)
{
	(void)state;
	add("x@a", "imap", 3);
	add("y@a", "imap", 1);
	add("z@b", "imap", 2);
	persons_are((struct roster_query){ALL, .order = ROSTER_BY_LOGIN},
		    "y@a=1imap/-1 z@b=2imap/-1 x@a=3imap/-1 ");
	persons_are(
		(struct roster_query){ALL, .order = ROSTER_BY_LOGIN, .reverse = true, .limit = 1},
		"x@a=3imap/-1 ");
	persons_are((struct roster_query){ALL, .mask = "*@a", .reverse = true},
		    "y@a=1imap/-1 x@a=3imap/-1 ");
	records_are((struct roster_query){ALL, .mask = "?@b"}, "z@b=imap2 ");
}

static void a_user_without_records_is_there(void **state)
{
	struct error error;

	(void)state;
	add("a", "imap", 10);
	assert_int_equal(roster_add_user(roster, slice_str("a"), &error), 0);
	assert_int_equal(roster_add_user(roster, slice_str("n"), &error), 0);
	persons_are((struct roster_query){ALL}, "a=10imap/-1 n=-1/-1 ");
	records_are((struct roster_query){ALL}, "a=imap10 n=-1 ");
}

static void what_waits_comes_when_it_is_asked_for(void **state)
{
	const struct roster_record record = {.user = slice_str("w"),
					     .service = slice_str("imap"),
					     .value = slice_str("1"),
					     .time_ns = 5};
	struct error error;

	(void)state;
	assert_int_equal(roster_add_waiting(roster, &record, &error), 0);
	persons_are((struct roster_query){ALL}, "");
	assert_int_equal(roster_take_waiting(roster, slice_str("w"), slice_str("W"), &error), 0);
	persons_are((struct roster_query){ALL}, "W=5imap/-1 ");
	assert_int_equal(roster_take_all_waiting(roster, &error), 0);
	persons_are((struct roster_query){ALL}, "W=5imap/-1 w=5imap/-1 ");
}

static int setup(void **state)
{
	struct error error;

	(void)state;
	return roster_new(&roster, &error);
}

static int teardown(void **state)
{
	(void)state;
	roster_free(&roster);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_newest_of_each_class_counts),
		TEST(order_mask_and_limit),
		TEST(a_user_without_records_is_there),
		TEST(what_waits_comes_when_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
