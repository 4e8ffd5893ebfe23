/* SPDX-License-Identifier: MIT */
#include "plan_case.h"

static void without_a_file_the_embedded_dict_takes_imap_and_pop3(void **state)
{
	struct plan *plan = plan_of("");
	const struct login_event event = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event lmtp = event_of(LOGIN_EVENT_LOGIN, "lmtp");

	(void)state;
	assert_int_equal(plan_route_count(plan), 1);
	assert_int_equal(plan_dict_count(plan), 1);
	assert_int_equal(plan_mirror_count(plan), 0);
	assert_int_equal(plan_match(plan, &event, DELIVER_LOGIN), 0);
	assert_int_equal(plan_match(plan, &lmtp, DELIVER_LOGIN), -1);
	expect_key(plan, 0, &event, "last-login/imap/u@example.com/192.0.2.7");
	assert_true(plan_route_uses(plan, 0, 0));
	assert_null(plan_doveconf_error(plan));
	plan_free(&plan);
	assert_null(plan);
	plan_free(&plan);
}

static void each_purpose_has_a_route_of_its_own(void **state)
{
	struct plan *plan = plan_of("last_auth_key = auth/%{user}\n"
				    "last_failure_key = failure/%{user}\n"
				    "dovetap {\n template_version = 2.4\n services = imap\n}\n"
				    "plugin {\n last_login_dict = memory:\n}\n");
	const struct login_event login = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event auth = event_of(LOGIN_EVENT_AUTH, "imap");
	struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "imap");

	(void)state;
	expect_key(plan, plan_match(plan, &login, DELIVER_LOGIN), &login,
		   "last-login/u@example.com");
	expect_key(plan, plan_match(plan, &auth, DELIVER_AUTH), &auth, "auth/u@example.com");
	expect_key(plan, plan_match(plan, &failure, DELIVER_FAILURE), &failure,
		   "failure/u@example.com");
	assert_int_equal(plan_match(plan, &login, DELIVER_AUTH), -1);
	assert_int_equal(plan_match(plan, &login, DELIVER_FAILURE), -1);
	assert_int_equal(plan_match(plan, &auth, DELIVER_LOGIN), -1);
	assert_int_equal(plan_match(plan, &auth, DELIVER_FAILURE), -1);
	assert_int_equal(plan_match(plan, &failure, DELIVER_AUTH), -1);
	assert_int_equal(plan_match(plan, &login, DELIVER_PURPOSES), -1);
	failure.login.text[DOVETAP_FIELD_USERNAME].len = 0;
	assert_int_equal(plan_match(plan, &failure, DELIVER_FAILURE), -1);
	plan_free(&plan);
}

static void without_a_key_there_is_no_auth_or_failure_route(void **state)
{
	struct plan *plan = plan_of("");
	const struct login_event auth = event_of(LOGIN_EVENT_AUTH, "imap");
	const struct login_event failure = event_of(LOGIN_EVENT_FAILURE, "imap");

	(void)state;
	assert_int_equal(plan_match(plan, &auth, DELIVER_AUTH), -1);
	assert_int_equal(plan_match(plan, &failure, DELIVER_FAILURE), -1);
	plan_free(&plan);
}

/* A block for networks decides by the client's address, one for local_name by the name of TLS. */
static void a_route_is_chosen_by_address_and_name(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = memory:\n}\n"
				    "remote 198.51.100.0/24 {\n plugin {\n"
				    "  last_login_key = far/%u\n }\n}\n"
				    "local 203.0.113.1 {\n plugin {\n"
				    "  last_login_key = near/%u\n }\n}\n"
				    "local_name imap.example.com {\n plugin {\n"
				    "  last_login_key = named/%u\n }\n}\n");
	struct login_event event = event_of(LOGIN_EVENT_LOGIN, "imap");

	(void)state;
	expect_key(plan, plan_match(plan, &event, DELIVER_LOGIN), &event,
		   "last-login/u@example.com");
	event.login.remote_ip = (struct login_ip){AF_INET, {198, 51, 100, 9}};
	expect_key(plan, plan_match(plan, &event, DELIVER_LOGIN), &event, "far/u@example.com");
	event = event_of(LOGIN_EVENT_LOGIN, "imap");
	event.login.local_ip = (struct login_ip){AF_INET, {203, 0, 113, 1}};
	expect_key(plan, plan_match(plan, &event, DELIVER_LOGIN), &event, "near/u@example.com");
	event = event_of(LOGIN_EVENT_LOGIN, "imap");
	set_text(&event, DOVETAP_FIELD_LOCAL_NAME, "imap.example.com");
	expect_key(plan, plan_match(plan, &event, DELIVER_LOGIN), &event, "named/u@example.com");
	plan_free(&plan);
}

static void the_source_of_logins_is_the_settings(void **state)
{
	struct plan *plan = plan_of("protocol smtp {\n last_login_source = auth\n}\n");
	struct login_event event = event_of(LOGIN_EVENT_AUTH, "smtp");

	(void)state;
	assert_true(plan_match(plan, &event, DELIVER_LOGIN) >= 0);
	event.kind = LOGIN_EVENT_LOGIN;
	assert_int_equal(plan_match(plan, &event, DELIVER_LOGIN), -1);
	plan_free(&plan);
}

static void mirrors_get_the_logins_alone(void **state)
{
	struct plan *plan = plan_of("last_auth_key = auth/%{user}\n"
				    "dovetap {\n mirror_dicts = memory: file:/tmp/x\n}\n"
				    "plugin {\n last_login_dict = memory:\n}\n");
	const struct login_event login = event_of(LOGIN_EVENT_LOGIN, "imap");
	const struct login_event auth = event_of(LOGIN_EVENT_AUTH, "imap");
	size_t logins = (size_t)plan_match(plan, &login, DELIVER_LOGIN);
	size_t auths = (size_t)plan_match(plan, &auth, DELIVER_AUTH);

	(void)state;
	assert_int_equal(plan_dict_count(plan), 3);
	assert_int_equal(plan_mirror_count(plan), 2);
	assert_true(plan_route_uses(plan, logins, 0));
	assert_true(plan_route_uses(plan, logins, 1));
	assert_true(plan_route_uses(plan, logins, 2));
	assert_true(plan_route_uses(plan, auths, 0));
	assert_false(plan_route_uses(plan, auths, 1));
	assert_false(plan_route_uses(plan, auths, 2));
	plan_free(&plan);
}

/* --- opening ------------------------------------------------------------------------------- */

static void opens(const char *conf, size_t index)
{
	struct plan *plan = plan_of(conf);
	struct dict *dict = NULL;
	struct error error = {0};

	if (plan_dict_open(plan, index, &dict, &error) < 0)
		fail_msg("%s", error.text);
	assert_non_null(dict);
	dict_close(&dict);
	plan_free(&plan);
}

static void open_fails(const char *conf, size_t index, const char *words)
{
	struct plan *plan = plan_of(conf);
	struct dict *dict = NULL;
	struct error error = {0};

	assert_int_equal(plan_dict_open(plan, index, &dict, &error), -EINVAL);
	assert_null(dict);
	if (!strstr(error.text, words))
		fail_msg("'%s' lacks '%s'", error.text, words);
	plan_free(&plan);
}

/* The embedded dict keeps a row for each user: it refuses a key without one (dovetap(8)). */
static void a_dict_sees_the_keys_that_lead_to_it(void **state)
{
	(void)state;
	opens("dovetap {\n state_dir = /tmp\n}\n", 0);
	opens("plugin {\n last_login_dict = memory:\n last_login_key = %d\n}\n", 0);
	open_fails("plugin {\n last_login_key = %d\n}\n", 0, "the key template needs %{user}");
	opens("dovetap {\n mirror_dicts = memory:\n}\n", 1);
	open_fails("dovetap {\n mirror_dicts = sqlite:path=/tmp/x.db\n}\n"
		   "plugin {\n last_login_dict = memory:\n last_login_key = %d\n}\n",
		   1, "the key template needs %{user}");
}

#define FIELDS "last_login_dict_fields {\n seen/%{user} = %{service}\n}\n"
#define V24    "dovecot_config_version = 2.4.0\n"

static void fields_need_a_dict_that_takes_any_value(void **state)
{
	(void)state;
	opens(V24 FIELDS "plugin {\n last_login_dict = memory:\n}\n", 0);
	/* "TIMES_ONLY" stores compare numbers; the embedded one has columns for them alone. */
	open_fails(V24 FIELDS, 0, "last_login_dict_fields: this dict has columns for times");
	open_fails(V24 FIELDS, 0, "sqlite (");
	/* A mirror gets no fields. */
	opens(V24 FIELDS "dovetap {\n mirror_dicts = sqlite:path=/tmp/x.db\n}\n"
			 "plugin {\n last_login_dict = memory:\n}\n",
	      1);
}

static void an_unknown_driver_is_named(void **state)
{
	(void)state;
	open_fails("plugin {\n last_login_dict = nosuch:x\n}\n", 0, "t.conf:2: ");
	open_fails("plugin {\n last_login_dict = nosuch:x\n}\n", 0, "nosuch");
}

/* --- what must be found out ---------------------------------------------------------------- */

static void wants(const char *conf, bool home, bool container)
{
	struct plan *plan = plan_of(conf);
	struct error error = {0};

	assert_int_equal(plan_load_audit(plan, &error), 0);
	assert_int_equal(plan_wants_home(plan), home);
	assert_int_equal(plan_wants_container(plan), container);
	plan_free(&plan);
}

static void templates_want_what_they_name(void **state)
{
	(void)state;
	wants("", false, false);
	wants("plugin {\n last_login_key = %h/%u\n}\n", true, false);
	wants("last_auth_key = %{user}/%{home}\n" V24, true, false);
	wants("dovetap {\n capture_home = yes\n}\n", true, false);
	wants("last_login_key = %{user}%{pod}\n" V24, false, true);
	wants("last_login_key = %{user}%{container}\n" V24, false, true);
	wants("last_login_key = %{user}%{pod_namespace}\n" V24, false, true);
	wants("last_login_key = %{user}%{pod_uid}\n" V24, false, true);
	wants("last_login_key = %{user}%{container_id}\n" V24, false, true);
	wants(V24 "last_login_dict_fields {\n a/%{user} = x\n b/%{home} = x\n}\n", true, false);
	wants(V24 "last_login_dict_fields {\n a/%{user} = x\n b/%{user} = %{pod}\n}\n", false,
	      true);
}

static void the_audit_stream_wants_containers_if_it_names_them(void **state)
{
	(void)state;
	wants("dovetap {\n audit_log = stdout\n}\n", false, false);
	wants("dovetap {\n audit_log = stdout\n audit_fields = user pod\n}\n", false, true);
	wants("dovetap {\n audit_log = stdout\n audit_fields = user container_id\n}\n", false,
	      true);
	wants("dovetap {\n audit_log = stdout\n audit_fields = user node\n}\n", false, false);
	wants("dovetap {\n audit_fields = user pod\n}\n", false, false); /* no stream */
}

/* --- errors -------------------------------------------------------------------------------- */

static void errors_have_a_place(void **state)
{
	(void)state;
	plan_fails("\nplugin {\n last_login_key = %{nosuch}\n}\n",
		   "t.conf:3: last_login_key: %{nosuch} is no variable of Dovecot 2.3");
	plan_fails("dovetap {\n nosuch = 1\n}\n",
		   "t.conf:2: unknown setting \"nosuch\" in dovetap { }");
}

static void a_doveconf_that_fails_is_reported(void **state)
{
	const struct config_options options = {
		.path = "t.conf", .dovecot_config = "dovecot.conf", .doveconf = "/bin/false"};
	struct plan *plan = NULL;
	struct error error = {0};

	(void)state;
	write_file("t.conf", "", 0600);
	write_file("dovecot.conf", "protocols = imap\n", 0600);
	assert_int_equal(plan_new(&options, &plan, &error), 0);
	assert_non_null(plan_doveconf_error(plan));
	assert_non_null(strstr(plan_doveconf_error(plan), "/bin/false"));
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_the_embedded_dict_takes_imap_and_pop3),
		cmocka_unit_test(each_purpose_has_a_route_of_its_own),
		cmocka_unit_test(without_a_key_there_is_no_auth_or_failure_route),
		cmocka_unit_test(a_route_is_chosen_by_address_and_name),
		cmocka_unit_test(the_source_of_logins_is_the_settings),
		cmocka_unit_test(mirrors_get_the_logins_alone),
		cmocka_unit_test(a_dict_sees_the_keys_that_lead_to_it),
		cmocka_unit_test(fields_need_a_dict_that_takes_any_value),
		cmocka_unit_test(an_unknown_driver_is_named),
		cmocka_unit_test(templates_want_what_they_name),
		cmocka_unit_test(the_audit_stream_wants_containers_if_it_names_them),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(a_doveconf_that_fails_is_reported),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
