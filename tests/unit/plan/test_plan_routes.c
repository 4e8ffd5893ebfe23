/* SPDX-License-Identifier: MIT */
/* From the targets of the configuration to routes. */
#include "plan_case.h"

static const struct plan_route *route_of(const struct plan *plan, enum login_event_kind kind,
					 enum deliver_purpose purpose)
{
	const struct login_event event = event_of(kind, "imap");
	int index = plan_match(plan, &event, purpose);

	assert_in_range(index, 0, plan_route_count(plan) - 1);
	return plan_route(plan, (size_t)index);
}

static void a_route_has_what_its_block_says(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n last_login_key = k/%u\n"
				    " last_login_precision = us\n}\n"
				    "last_login_source = any\nlast_failure_key = f/%{user}\n");
	const struct plan_route *route = route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_LOGIN);

	(void)state;
	assert_string_equal(route->key_text, "k/%u");
	assert_int_equal(route->precision, PRECISION_US);
	assert_int_equal(route->purpose, DELIVER_LOGIN);
	assert_int_equal(route->source, LAST_LOGIN_ANY);
	assert_int_equal(route->field_count, 0);
	assert_int_equal(route->dict, 0);
	route = route_of(plan, LOGIN_EVENT_FAILURE, DELIVER_FAILURE);
	assert_string_equal(route->key_text, "f/%{user}");
	assert_int_equal(route->precision, PRECISION_US);
	assert_int_equal(route->purpose, DELIVER_FAILURE);
	plan_free(&plan);
}

/* A dict of its own: its writer holds up no record, and records hold up none of its rows. */
static void a_history_has_a_dict_of_its_own(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = sqlite:path=/x.db\n}\n"
				    "dovetap {\n history = 20\n history_failures = 7\n"
				    " mirror_dicts = memory:\n}\n");
	const struct plan_route *login = route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_LOGIN);
	const struct plan_route *row = route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_HISTORY);
	const struct plan_route *failure =
		route_of(plan, LOGIN_EVENT_FAILURE, DELIVER_FAILURE_HISTORY);
	const struct login_event imap = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event lmtp = event_of(LOGIN_EVENT_LOGIN, "lmtp");

	(void)state;
	assert_int_equal(plan_dict_count(plan), 4);
	assert_int_equal(plan_dict(plan, login->dict)->history, 0);
	assert_int_equal(plan_dict(plan, row->dict)->history, 20);
	assert_string_equal(plan_dict(plan, row->dict)->table, "login_history");
	assert_string_equal(plan_dict(plan, row->dict)->history_where, "history (t.conf:5)");
	assert_string_equal(plan_dict_id(plan, row->dict), "sqlite-login_history");
	assert_int_equal(plan_dict(plan, failure->dict)->history, 7);
	assert_string_equal(plan_dict(plan, failure->dict)->table, "failure_history");
	assert_int_equal(row->precision, PRECISION_NS);
	assert_false(plan_route_uses(plan, (size_t)(row - plan_route(plan, 0)), 3));
	expect_key(plan, plan_match(plan, &imap, DELIVER_HISTORY), &imap,
		   "login-history/u@example.com");
	assert_int_equal(plan_match(plan, &lmtp, DELIVER_HISTORY), -1);
	assert_int_equal(plan_match(plan, &imap, DELIVER_FAILURE_HISTORY), -1);
	plan_free(&plan);
}

static struct plan *plan_with_past(const char *text)
{
	const struct config_options options = {.path = "t.conf", .doveconf = ""};
	struct plan *plan = NULL;
	struct error error = {0};

	write_file("t.conf", text, 0600);
	if (plan_new_with_past(&options, &plan, &error) < 0)
		fail_msg("%s", error.text);
	return plan;
}

/* Who forgets a user wants the rows of a history that is not kept any more; nothing is added. */
static void rows_from_before_can_be_reached(void **state)
{
	const struct login_event imap = event_of(LOGIN_EVENT_LOGIN, "imap");
	struct plan *plan = plan_with_past("plugin {\n last_login_dict = sqlite:path=/x.db\n}\n"
					   "dovetap {\n history_failures = 7\n}\n");

	(void)state;
	assert_int_equal(plan_dict_count(plan), 3);
	assert_false(plan_dict_is_past(plan, 0));
	assert_true(plan_dict_is_past(plan, 1));
	assert_string_equal(plan_dict_id(plan, 1), "sqlite-login_history");
	assert_int_equal(plan_dict(plan, 1)->history, HISTORY_MAX);
	assert_false(plan_dict_is_past(plan, 2));
	assert_int_equal(plan_dict(plan, 2)->history, 7);
	assert_int_equal(plan_match(plan, &imap, DELIVER_HISTORY), -1);
	plan_free(&plan);
	/* A store that keeps none has none. */
	plan = plan_with_past("plugin {\n last_login_dict = memory:\n}\n");
	assert_int_equal(plan_dict_count(plan), 1);
	assert_int_equal(plan_route_count(plan), 1);
	plan_free(&plan);
}

static void expect_default_key(const char *conf, const char *expected)
{
	struct plan *plan = plan_of(conf);

	assert_string_equal(route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_LOGIN)->key_text, expected);
	assert_int_equal(route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_LOGIN)->precision, PRECISION_S);
	plan_free(&plan);
}

/* The embedded dict has columns for service and address; another dict gets the plugin's key. */
static void the_default_key_is_the_dicts(void **state)
{
	(void)state;
	expect_default_key("", "last-login/%{service}/%{user}/%{remote_ip}");
	expect_default_key("plugin {\n last_login_dict = sqlite:path=/x.db\n}\n",
			   "last-login/%{service}/%{user}/%{remote_ip}");
	expect_default_key("plugin {\n last_login_dict = memory:\n}\n", "last-login/%{user}");
	/* Somebody who writes the same by hand means it. */
	expect_default_key("plugin {\n last_login_key = last-login/%{user}\n}\n",
			   "last-login/%{user}");
}

static void keys_are_in_the_language_of_their_syntax(void **state)
{
	struct plan *plan =
		plan_of("plugin {\n last_login_dict = memory:\n last_login_key = 3/%u\n}\n"
			"last_failure_key = 4/%{user | domain}\n");
	const struct login_event login = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "imap");

	(void)state;
	expect_key(plan, plan_match(plan, &login, DELIVER_LOGIN), &login, "3/u@example.com");
	expect_key(plan, plan_match(plan, &failure, DELIVER_FAILURE), &failure, "4/example.com");
	plan_free(&plan);
	plan = plan_of("plugin {\n last_login_dict = memory:\n last_login_key = %u/%{user}\n}\n"
		       "dovetap {\n template_version = 2.4\n}\n");
	expect_key(plan, plan_match(plan, &login, DELIVER_LOGIN), &login, "%u/u@example.com");
	plan_free(&plan);
}

static void a_key_that_all_users_share_is_an_error(void **state)
{
	(void)state;
	plan_fails(
		"plugin {\n last_login_key = all\n}\n",
		"t.conf:2: last_login_key: \"all\" names no user in the language of Dovecot 2.3");
	plan_fails("plugin {\n last_login_key = last-login/%s\n}\n",
		   "t.conf:2: last_login_key: \"last-login/%s\" names no user");
	plan_fails(
		"last_failure_key = f/%u\n",
		"t.conf:1: last_failure_key: \"f/%u\" names no user in the language of Dovecot 2.4");
}

static void fields_belong_to_logins(void **state)
{
	struct plan *plan = plan_of("dovecot_config_version = 2.4.0\n"
				    "plugin {\n last_login_dict = memory:\n}\n"
				    "last_failure_key = f/%{user}\n"
				    "last_login_dict_fields {\n ip/%{user} = %{remote_ip}\n"
				    " svc/%{user} = %{service}\n}\n");
	const struct plan_route *route = route_of(plan, LOGIN_EVENT_LOGIN, DELIVER_LOGIN);

	(void)state;
	assert_int_equal(route->field_count, 2);
	assert_string_equal(template_variables(route->fields[0].value)[0], "remote_ip");
	assert_string_equal(template_variables(route->fields[1].value)[0], "service");
	assert_string_equal(template_variables(route->fields[1].key)[0], "user");
	assert_int_equal(route_of(plan, LOGIN_EVENT_FAILURE, DELIVER_FAILURE)->field_count, 0);
	plan_free(&plan);
}

static void errors_have_the_place_and_the_setting(void **state)
{
	(void)state;
	plan_fails("plugin {\n last_login_key = %{user\n}\n", "t.conf:2: last_login_key: ");
	plan_fails("\nlast_auth_key = %{nosuch}\n", "t.conf:2: last_auth_key: ");
	plan_fails("\n\nlast_failure_key = %{nosuch}\n", "t.conf:3: last_failure_key: ");
	plan_fails("dovecot_config_version = 2.4.0\nlast_login_dict_fields {\n %{nosuch} = x\n}\n",
		   "t.conf:3: last_login_dict_fields: ");
	plan_fails("dovecot_config_version = 2.4.0\nlast_login_dict_fields {\n x = %{nosuch}\n}\n",
		   "t.conf:3: last_login_dict_fields: ");
	plan_fails("plugin {\n last_login_precision = m\n}\n", "t.conf:2: last_login_precision");
}

/* A key with a variable that has no source would have the same hole in it for all. */
static void countries_need_their_database(void **state)
{
	static const char v24[] = "dovecot_config_version = 2.4.0\nlast_login_key = %{user}/";
	char conf[256];

	(void)state;
	snprintf(conf, sizeof(conf), "%s%%{country}\n", v24);
	plan_fails(conf, "t.conf:2: %{country} needs the setting geoip_country in dovetap { }");
	snprintf(conf, sizeof(conf), "%s%%{asn}\ndovetap {\n geoip_country = /x\n}\n", v24);
	plan_fails(conf, "t.conf:2: %{asn} needs the setting geoip_asn in dovetap { }");
	snprintf(conf, sizeof(conf),
		 "%s%%{country}%%{asn}\ndovetap {\n geoip_country = /x\n geoip_asn = /y\n}\n", v24);
	expect_default_key(conf, "%{user}/%{country}%{asn}");
	plan_fails("dovecot_config_version = 2.4.0\nlast_login_dict_fields {\n x = %{asn}\n}\n",
		   "t.conf:3: %{asn} needs the setting geoip_asn");
	plan_fails("dovecot_config_version = 2.4.0\nlast_login_dict_fields {\n %{asn} = x\n}\n",
		   "t.conf:3: %{asn} needs the setting geoip_asn");
}

/* Strict to a version: our own variables, and what it lacks, are refused in keys and fields. */
static void strict_plans_refuse_what_the_version_lacks(void **state)
{
	static const char strict[] = "dovecot_config_version = 2.4.0\n"
				     "dovetap {\n compat = strict\n dovecot_version = 2.4.0\n}\n";
	char conf[256];

	(void)state;
	snprintf(conf, sizeof(conf), "%slast_login_key = %%{node}\n", strict);
	plan_fails(conf, "t.conf:6: last_login_key: ");
	snprintf(conf, sizeof(conf), "%slast_login_dict_fields {\n x = %%{node}\n}\n", strict);
	plan_fails(conf, "t.conf:7: last_login_dict_fields: ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_has_what_its_block_says),
		cmocka_unit_test(a_history_has_a_dict_of_its_own),
		cmocka_unit_test(rows_from_before_can_be_reached),
		cmocka_unit_test(the_default_key_is_the_dicts),
		cmocka_unit_test(keys_are_in_the_language_of_their_syntax),
		cmocka_unit_test(a_key_that_all_users_share_is_an_error),
		cmocka_unit_test(fields_belong_to_logins),
		cmocka_unit_test(errors_have_the_place_and_the_setting),
		cmocka_unit_test(countries_need_their_database),
		cmocka_unit_test(strict_plans_refuse_what_the_version_lacks),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
