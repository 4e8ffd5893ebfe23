/* SPDX-License-Identifier: MIT */
/* In a file: dict, whose format is Dovecot's: a line for each key, a line for its value. */
#include <sysexits.h>

#include "cli/dict_search.h"
#include "plan_of.h"

#define CONFIG                                                                                     \
	"plugin {\n last_login_dict = file:%s/dict\n last_login_key = last/%%s/%%u\n}\n"           \
	"dovetap {\n services = imap,pop3\n}\n"

#define RECORDS                                                                                    \
	"shared/last/imap/u@x\n1795338170\nshared/last/pop3/u@x\n1795338171\n"                     \
	"shared/last/imap/v@x\n1795338172\nshared/other/imap/u@x\n1795338173\n"

static struct plan *plan_with(const char *config)
{
	char text[1000];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), config, folder);
#pragma GCC diagnostic pop
	write_file("dict", RECORDS, 0600);
	return plan_of(text);
}

static const struct logins_row *row_of(const struct search *search, const char *user,
				       const char *service)
{
	for (size_t i = 0; i < search->logins.count; i++) {
		const struct logins_row *row = &search->logins.rows[i];

		if (strcmp(row->user.ptr, user) == 0 && strcmp(row->service.ptr, service) == 0)
			return row;
	}
	return NULL;
}

static void records_of_the_users_are_found(void **state)
{
	static const char *const users[] = {"v@x", "u@x", "nobody@x"};
	struct plan *plan = plan_with(CONFIG);
	struct search search = {.users = users, .user_count = 3};
	struct error error = {0};

	(void)state;
	assert_int_equal(search_dict(&search, plan, 0, &error), 0);
	assert_int_equal(search.logins.count, 3);
	assert_true(row_of(&search, "u@x", "imap")->time_ns == 1795338170000000000);
	assert_true(row_of(&search, "u@x", "pop3")->time_ns == 1795338171000000000);
	assert_string_equal(row_of(&search, "v@x", "imap")->value.ptr, "1795338172");
	logins_release(&search.logins);
	plan_free(&plan);
}

static void a_store_that_cannot_list_is_an_error(void **state)
{
	struct plan *plan = plan_with(CONFIG);
	struct search search = {.list_all = true};
	struct error error = {0};
	int ret = search_dict(&search, plan, 0, &error);

	(void)state;
	if (ret == 0) { /* it can */
		assert_non_null(row_of(&search, "u@x", "imap"));
		assert_non_null(row_of(&search, "v@x", "imap"));
	} else {
		assert_int_equal(ret, -EOPNOTSUPP);
	}
	logins_release(&search.logins);
	plan_free(&plan);
}

/* The embedded dicts of a folder of their own, for logins and for failures. */
static struct plan *plan_of_tables(void)
{
	char text[500];

	(void)snprintf(text, sizeof(text),
		       "last_failure_key = failed/%%{user}\n"
		       "dovetap {\n state_dir = %s\n services = imap\n}\n",
		       folder);
	return plan_of(text);
}

static size_t dict_of(const struct plan *plan, enum deliver_purpose purpose)
{
	for (size_t i = 0; i < plan_route_count(plan); i++) {
		if (plan_route(plan, i)->purpose == purpose)
			return plan_route(plan, i)->dict;
	}
	fail_msg("no dict for %d", (int)purpose);
	return 0;
}

static void store(const struct plan *plan, size_t index, const char *key, uint32_t user_at)
{
	const struct key_part part = {"user", user_at, (uint32_t)strlen(key + user_at)};
	struct dict_entry entry = {.key = slice_str(key),
				   .value = slice_str("1795338170"),
				   .time_ns = 1795338170000000000,
				   .parts = &part,
				   .part_count = 1};
	struct error error = {0};
	struct dict *dict;

	if (plan_dict_open(plan, index, &dict, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(dict_write(dict, &entry, 1, INT64_MAX, &error), 0);
	assert_int_equal(entry.outcome, DICT_STORED);
	dict_close(&dict);
}

static void all_users_of_a_table_are_listed(void **state)
{
	struct plan *plan = plan_of_tables();
	struct search search = {.list_all = true};
	struct error error = {0};

	(void)state;
	store(plan, dict_of(plan, DELIVER_LOGIN), "shared/last-login/w@x", 18);
	if (search_dict(&search, plan, dict_of(plan, DELIVER_LOGIN), &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(search.logins.count, 1);
	assert_string_equal(search.logins.rows[0].user.ptr, "w@x");
	logins_release(&search.logins);
	plan_free(&plan);
}

static void a_table_of_failures_is_left_out(void **state)
{
	struct plan *plan = plan_of_tables();
	struct search search = {.list_all = true};
	struct error error = {0};

	(void)state;
	store(plan, dict_of(plan, DELIVER_FAILURE), "shared/failed/z@x", 14);
	assert_int_equal(search_dict(&search, plan, dict_of(plan, DELIVER_FAILURE), &error), 0);
	assert_int_equal(search.logins.count, 0);
	plan_free(&plan);
}

static void a_store_that_does_not_answer_is_an_error(void **state)
{
	static const char *const users[] = {"u@x"};
	struct plan *plan =
		plan_of("plugin {\n last_login_dict = memcached_ascii:host=127.0.0.1:port=1\n}\n"
			"dovetap {\n services = imap\n}\n");
	struct search search = {.users = users, .user_count = 1};
	struct error error = {0};
	int ret = search_dict(&search, plan, 0, &error);

	(void)state;
	assert_true(ret < 0);
	assert_int_not_equal(error.text[0], '\0');
	logins_release(&search.logins);
	plan_free(&plan);
}

static void settings_and_stores_have_their_status(void **state)
{
	(void)state;
	assert_int_equal(search_status(-EINVAL), EX_CONFIG);
	assert_int_equal(search_status(-EOPNOTSUPP), EX_CONFIG);
	assert_int_equal(search_status(-ECONNREFUSED), EX_UNAVAILABLE);
	assert_int_equal(search_status(-ETIMEDOUT), EX_UNAVAILABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_of_the_users_are_found),
		cmocka_unit_test(a_store_that_cannot_list_is_an_error),
		cmocka_unit_test(all_users_of_a_table_are_listed),
		cmocka_unit_test(a_table_of_failures_is_left_out),
		cmocka_unit_test(a_store_that_does_not_answer_is_an_error),
		cmocka_unit_test(settings_and_stores_have_their_status),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
