/* SPDX-License-Identifier: MIT */
/* Mistakes in maps that made-up logins show before there is a real one. */
#include "plan_case.h"

#define MAP(pattern, type, fields)                                                                 \
	"connect = /nowhere.db\nmap {\n pattern = " pattern "\n table = t\n value_field = v\n"     \
	" value_type = " type "\n fields {\n" fields " }\n}\n"

#define ALL "service = $service\nuserid = $user\nlast_ip = $remote_ip\n"

static int open_with(const char *map, const char *more, struct plan **plan_r, struct dict **dict_r,
		     struct error *error_r)
{
	char text[1024];

	write_file("map", map, 0600);
	snprintf(text, sizeof(text),
		 "plugin {\n last_login_dict = sqlite:map\n last_login_key = "
		 "last-login/%%s/%%u/%%r\n}\n%s",
		 more);
	*plan_r = plan_of(text);
	return plan_dict_open(*plan_r, 0, dict_r, error_r);
}

static void fails_with(const char *map, const char *expected)
{
	struct plan *plan;
	struct dict *dict = NULL;
	struct error error = {0};

	assert_int_equal(open_with(map, "", &plan, &dict, &error), -EINVAL);
	if (!strstr(error.text, expected))
		fail_msg("'%s' is not in '%s'", expected, error.text);
	assert_null(dict);
	plan_free(&plan);
}

static void a_key_that_no_map_takes_is_an_error(void **state)
{
	(void)state;
	fails_with(
		MAP("last-login/$service/$user/$remote_ip", "uint", ALL),
		"map:2: no map has a pattern for the key "
		"shared/last-login/imap/user@example.com/192.0.2.1, so it would be stored nowhere; "
		"pattern = shared/last-login/$service/$user/$remote_ip would be right");
	fails_with("connect = /nowhere.db\n", "the map file: no map has a pattern for");
}

static void a_user_made_of_more_is_an_error(void **state)
{
	(void)state;
	fails_with(
		MAP("shared/last-login/$user", "uint", "userid = $user\n"),
		"would put \"imap/user@example.com/192.0.2.1\" into column userid, which is that "
		"of the user; pattern = shared/last-login/$service/$user/$remote_ip");
	fails_with(MAP("shared/last-login/$user/$service/$remote_ip", "uint", ALL),
		   "would put \"imap\" into column userid, which is that of the user");
}

static void a_value_of_another_type_is_an_error(void **state)
{
	(void)state;
	fails_with(MAP("shared/last-login/$service/$user/$remote_ip", "hexblob",
		       "service = $service\nuserid = ${uint:user}\nlast_ip = $remote_ip\n"),
		   "column userid is uint, and \"user@example.com\" isn't 64bit unsigned integer");
}

static void count(void *context, const char *text)
{
	size_t *notes = context;

	if (!strstr(text, "/lda/") && !strstr(text, "/lmtp/"))
		fail_msg("%s", text);
	++*notes;
}

/* As Dovecot: it logs an error for each, and the others are stored. */
static void services_without_a_map_are_noted(void **state)
{
	struct plan *plan;
	struct dict *dict = NULL;
	struct error error = {0};
	size_t notes = 0;

	(void)state;
	if (open_with(MAP("shared/last-login/imap/$user/$remote_ip", "uint",
			  "userid = $user\nlast_ip = $remote_ip\n"),
		      "dovetap {\n services = imap lmtp lda\n}\n", &plan, &dict, &error) < 0)
		fail_msg("%s", error.text);
	plan_dict_notes(plan, 0, dict, count, &notes);
	assert_int_equal(notes, 2);
	dict_close(&dict);
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_no_map_takes_is_an_error),
		cmocka_unit_test(a_user_made_of_more_is_an_error),
		cmocka_unit_test(a_value_of_another_type_is_an_error),
		cmocka_unit_test(services_without_a_map_are_noted),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
