/* SPDX-License-Identifier: MIT */
/* In a file: dict, whose format is Dovecot's: a line for each key, a line for its value. */
#include <sysexits.h>

#include "cli/ask.h"
#include "plan_of.h"

#define CONFIG                                                                                     \
	"plugin {\n last_login_dict = file:%s/dict\n last_login_key = last/%%s/%%u\n}\n"           \
	"dovetap {\n services = imap,pop3\n state_dir = %s\n}\n"

#define RECORDS                                                                                    \
	"shared/last/imap/u@x\n1795338170\nshared/last/pop3/u@x\n1795338171\n"                     \
	"shared/last/lmtp/u@x\n1795338179\nshared/last/imap/v@x\n1795338172\n"                     \
	"shared/other/imap/u@x\n1795338173\nshared/last/imap/w@x\nyesterday\n"                     \
	"shared/last/imap/empty@x\n\nshared/last/imap/zero@x\n0\n"                                 \
	"shared/last/lmtp/mail@x\n\n"

static struct plan *plan_with_records(void)
{
	char text[1000];

	(void)snprintf(text, sizeof(text), CONFIG, folder, folder);
	write_file("dict", RECORDS, 0600);
	return plan_of(text);
}

static int show(const struct roster_record *record, void *context)
{
	buf_append_slice(context, record->user);
	buf_append_char(context, '/');
	buf_append_slice(context, record->service);
	buf_append_char(context, '=');
	buf_append_slice(context, record->value);
	buf_append_char(context, ' ');
	return 0;
}

/* Returns what ask_names() does; out has the records. */
static int ask(const char *user, struct buf *out, struct error *error_r)
{
	const struct names_options words = {.words = &user, .word_count = 1};
	const struct roster_query all = {.older_than_ns = INT64_MAX};
	struct plan *plan = plan_with_records();
	const struct ask_options options = {.plan = plan, .older_than_ns = INT64_MAX};
	struct roster *roster;
	struct names names;
	int ret;

	buf_init(out, 4096);
	assert_int_equal(roster_new(&roster, error_r), 0);
	names_init(&names, &words);
	ret = ask_names(&options, &names, roster, error_r);
	if (ret == 0)
		assert_int_equal(roster_each_record(roster, &all, show, out, error_r), 0);
	names_release(&names);
	roster_free(&roster);
	plan_free(&plan);
	return ret;
}

static void expect(const char *user, const char *records)
{
	struct error error;
	struct buf out;

	if (ask(user, &out, &error) < 0)
		fail_msg("%s", error.text);
	assert_string_equal(buf_str(&out), records);
	buf_release(&out);
}

static void records_of_a_user_are_found(void **state)
{
	(void)state;
	expect("u@x", "u@x/lmtp=1795338179 u@x/pop3=1795338171 u@x/imap=1795338170 ");
	expect("v@x", "v@x/imap=1795338172 ");
	expect("nobody@x", "nobody@x/= ");
}

static void names_are_asked_as_dovecot_has_them(void **state)
{
	(void)state;
	expect("V@X", "V@X/imap=1795338172 ");
}

/* Such a record may be of today. */
static void a_login_that_is_no_time_is_no_answer(void **state)
{
	struct error error;
	struct buf out;

	(void)state;
	assert_int_equal(ask("w@x", &out, &error), -EBADMSG);
	assert_non_null(strstr(error.text, "yesterday"));
	assert_int_equal(ask_status(-EBADMSG), EX_UNAVAILABLE);
	buf_release(&out);
}

/* Only a column has a value before somebody logs in. */
static void a_record_without_a_value_is_no_answer(void **state)
{
	static const char *const users[] = {"empty@x", "zero@x"};
	static const char *const said[] = {"of empty@x holds \"\"", "of zero@x holds \"0\""};
	struct error error;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ask(users[i], &out, &error), -EBADMSG);
		assert_non_null(strstr(error.text, said[i]));
		buf_release(&out);
	}
	expect("mail@x", "mail@x/= ");
}

static void a_file_cannot_list_everybody(void **state)
{
	struct plan *plan = plan_with_records();
	const struct ask_options options = {.plan = plan, .older_than_ns = INT64_MAX};
	struct roster *roster;
	struct error error;

	(void)state;
	assert_int_equal(roster_new(&roster, &error), 0);
	assert_int_equal(ask_everyone(&options, roster, &error), -EOPNOTSUPP);
	assert_int_equal(ask_status(-EOPNOTSUPP), EX_CONFIG);
	roster_free(&roster);
	plan_free(&plan);
}

/* The embedded dicts, for logins and for failures. */
static void store(const struct plan *plan, enum deliver_purpose purpose, const char *key)
{
	const struct key_part part = {"user", 9, 3};
	struct dict_entry entry = {.key = slice_str(key),
				   .value = slice_str("1795338170"),
				   .time_ns = 1795338170000000000,
				   .parts = &part,
				   .part_count = 1};
	struct error error = {0};
	struct dict *dict;
	size_t i = 0;

	while (plan_route(plan, i)->purpose != purpose)
		i++;
	if (plan_dict_open(plan, plan_route(plan, i)->dict, &dict, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(dict_write(dict, &entry, 1, INT64_MAX, &error), 0);
	dict_close(&dict);
}

static void everybody_of_a_table_but_failures_is_listed(void **state)
{
	const struct roster_query all = {.older_than_ns = INT64_MAX};
	struct ask_options options = {.older_than_ns = INT64_MAX};
	struct roster *roster;
	struct error error;
	struct plan *plan;
	char text[500];
	struct buf out;

	(void)state;
	(void)snprintf(text, sizeof(text),
		       "last_failure_key = f/%%{user}\ndovetap {\n state_dir = %s\n}\n", folder);
	options.plan = plan = plan_of(text);
	store(plan, DELIVER_LOGIN, "shared/l/w@x");
	store(plan, DELIVER_FAILURE, "shared/f/z@x");
	buf_init(&out, 4096);
	assert_int_equal(roster_new(&roster, &error), 0);
	if (ask_everyone(&options, roster, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(roster_each_record(roster, &all, show, &out, &error), 0);
	assert_string_equal(buf_str(&out), "w@x/=1795338170 ");
	buf_release(&out);
	roster_free(&roster);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_a_user_are_found),
		cmocka_unit_test(names_are_asked_as_dovecot_has_them),
		cmocka_unit_test(a_login_that_is_no_time_is_no_answer),
		cmocka_unit_test(a_record_without_a_value_is_no_answer),
		cmocka_unit_test(a_file_cannot_list_everybody),
		cmocka_unit_test(everybody_of_a_table_but_failures_is_listed),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
