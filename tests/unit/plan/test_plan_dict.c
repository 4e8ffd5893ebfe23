/* SPDX-License-Identifier: MIT */
/* From what the configuration says to what a driver is opened with. */
#include "conf/tree.h"
#include "plan_case.h"

static const struct dict_config *expect_dict(const struct plan *plan, size_t index, const char *uri,
					     const char *where, const char *name, const char *id)
{
	const struct dict_config *dict = plan_dict(plan, index);

	assert_string_equal(dict->uri, uri);
	assert_string_equal(dict->where, where);
	assert_string_equal(plan_dict_name(plan, index), name);
	assert_string_equal(plan_dict_id(plan, index), id);
	return dict;
}

static void the_embedded_dict_is_in_the_state_directory(void **state)
{
	struct plan *plan = plan_of("dovetap {\n state_dir = /s\n}\n");
	const struct dict_config *dict = expect_dict(plan, 0, "sqlite:path=/s/last-login.db",
						     "default", "sqlite (default)", "sqlite");

	(void)state;
	assert_null(dict->block);
	assert_null(dict->table);
	assert_null(dict->map);
	assert_null(dict->dovecot_version);
	assert_string_equal(dict->base_dir, "/run/dovecot");
	assert_int_equal(dict->expire_secs, 0);
	assert_false(dict->strict);
	plan_free(&plan);
}

static void settings_reach_every_dict(void **state)
{
	struct plan *plan = plan_of("base_dir = /b\n"
				    "dovetap {\n compat = strict\n dovecot_version = 2.3.19\n"
				    " expire_after = 90 days\n mirror_dicts = memory:\n}\n");

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct dict_config *dict = plan_dict(plan, i);

		assert_string_equal(dict->base_dir, "/b");
		assert_string_equal(dict->dovecot_version, "2.3.19");
		assert_int_equal(dict->expire_secs, 90 * 24 * 3600);
		assert_true(dict->strict);
		assert_non_null(dict->root);
	}
	plan_free(&plan);
}

/* The embedded dict has a table, and is another dict, for each purpose. */
static void purposes_have_tables_in_the_embedded_dict_only(void **state)
{
	struct plan *plan = plan_of("last_auth_key = a/%{user}\nlast_failure_key = f/%{user}\n"
				    "dovetap {\n state_dir = /s\n}\n");

	(void)state;
	assert_int_equal(plan_dict_count(plan), 3);
	assert_null(plan_dict(plan, 0)->table);
	assert_string_equal(expect_dict(plan, 1, "sqlite:path=/s/last-login.db", "default",
					"sqlite (default, last_auth)", "sqlite-last_auth")
				    ->table,
			    "last_auth");
	assert_string_equal(expect_dict(plan, 2, "sqlite:path=/s/last-login.db", "default",
					"sqlite (default, last_failure)", "sqlite-last_failure")
				    ->table,
			    "last_failure");
	plan_free(&plan);
	plan = plan_of("last_auth_key = a/%{user}\nlast_failure_key = f/%{user}\n"
		       "plugin {\n last_login_dict = file:/f\n}\n");
	assert_int_equal(plan_route_count(plan), 5); /* two of all other services */
	assert_int_equal(plan_dict_count(plan), 1);
	assert_null(expect_dict(plan, 0, "file:/f", "t.conf:4", "file (t.conf:4)", "file")->table);
	plan_free(&plan);
}

static void ids_distinguish_dicts_of_a_driver(void **state)
{
	struct plan *plan = plan_of("plugin {\n last_login_dict = redis:host=a\n}\n"
				    "protocol pop3 {\n plugin {\n"
				    "  last_login_dict = redis:host=b\n }\n}\n"
				    "dovetap {\n mirror_dicts = file:/x redis:host=c\n}\n");

	(void)state;
	assert_int_equal(plan_dict_count(plan), 4);
	assert_int_equal(plan_mirror_count(plan), 2);
	for (size_t i = 0; i < 2; i++) { /* in whatever order the services come */
		const struct dict_config *dict = plan_dict(plan, i);
		bool first = strcmp(dict->uri, "redis:host=a") == 0;

		assert_string_equal(dict->where, first ? "t.conf:2" : "t.conf:6");
		assert_string_equal(plan_dict_id(plan, i), i == 0 ? "redis" : "redis-2");
	}
	assert_string_not_equal(plan_dict(plan, 0)->uri, plan_dict(plan, 1)->uri);
	expect_dict(plan, 2, "file:/x", "mirror_dicts", "file (mirror_dicts)", "file");
	expect_dict(plan, 3, "redis:host=c", "mirror_dicts", "redis (mirror_dicts)", "redis-3");
	plan_free(&plan);
}

static void there_is_room_for_any_number_of_mirrors(void **state)
{
	struct plan *plan = plan_of("dovetap {\n mirror_dicts = memory: memory: memory: memory: "
				    "memory: memory: memory: memory: memory:\n}\n");

	(void)state;
	assert_int_equal(plan_dict_count(plan), 10);
	assert_string_equal(plan_dict_id(plan, 9), "memory-9");
	plan_free(&plan);
}

static void a_block_is_named_by_its_driver(void **state)
{
	struct plan *plan = plan_of("dovecot_config_version = 2.4.0\n"
				    "last_login {\n dict file {\n  path = /f\n }\n}\n");

	(void)state;
	assert_null(plan_dict(plan, 0)->uri);
	assert_string_equal(plan_dict(plan, 0)->block->name, "file");
	assert_string_equal(plan_dict_name(plan, 0), "file (t.conf:3)");
	assert_string_equal(plan_dict_id(plan, 0), "file");
	plan_free(&plan);
}

/* --- maps and the dict server -------------------------------------------------------------- */

#define MAP                                                                                        \
	"connect = host=localhost dbname=mails password=secret\n"                                  \
	"map {\n pattern = shared/last-login/$user\n table = t\n username_field = u\n"             \
	" value_field = v\n fields {\n  u = $user\n }\n}\n"

static void map_files_are_read_at_once(void **state)
{
	struct plan *plan;
	struct error error;

	(void)state;
	write_file("map.ext", MAP, 0600);
	plan = plan_of("plugin {\n last_login_dict = mysql:map.ext\n}\n");
	assert_non_null(plan_dict(plan, 0)->map);
	assert_string_equal(conf_setting_find(plan_dict(plan, 0)->map, "connect")->value,
			    "host=localhost dbname=mails password=secret");
	assert_null(strstr(plan_dict_name(plan, 0), "secret"));
	plan_free(&plan);
	assert_int_equal(
		plan_try("plugin {\n last_login_dict = mysql:nosuch.ext\n}\n", &plan, &error),
		-EINVAL);
	assert_null(plan);
	assert_non_null(strstr(error.text, "nosuch.ext"));
}

static void expect_target(const char *conf, const char *uri, const char *where)
{
	struct plan *plan = plan_of(conf);

	assert_string_equal(plan_dict(plan, 0)->uri, uri);
	assert_string_equal(plan_dict(plan, 0)->where, where);
	plan_free(&plan);
}

#define PROXY "plugin {\n last_login_dict = proxy:/run/dict:lastlogin\n}\n"

static void behind_the_dict_server_the_store_itself_is_taken(void **state)
{
	(void)state;
	expect_target(PROXY, "proxy:/run/dict:lastlogin", "t.conf:2");
	expect_target(PROXY "dict {\n lastlogin = file:/f\n}\n", "file:/f", "t.conf:5");
	expect_target(PROXY "dict {\n lastlogin = file:/f\n}\ndovetap {\n dict_via = proxy\n}\n",
		      "proxy:/run/dict:lastlogin", "t.conf:2");
	expect_target(PROXY "dict {\n other = file:/f\n}\n", "proxy:/run/dict:lastlogin",
		      "t.conf:2");
	write_file("map.ext", MAP, 0600);
	expect_target(PROXY "dict {\n lastlogin = mysql:map.ext\n}\n", "mysql:map.ext", "t.conf:5");
	plan_fails(PROXY "dict {\n lastlogin = mysql:nosuch.ext\n}\n",
		   "t.conf:5: cannot read nosuch.ext: No such file or directory");
	expect_target(PROXY "dict {\n lastlogin = mysql:nosuch.ext\n}\n"
			    "dovetap {\n dict_via = proxy\n}\n",
		      "proxy:/run/dict:lastlogin", "t.conf:2");
}

/* Only where the file with the server's dicts was read, and the socket is Dovecot's. */
static void a_dict_that_the_server_has_not_is_an_error(void **state)
{
	(void)state;
	plan_fails("plugin {\n last_login_dict = proxy::nosuch\n}\n"
		   "dict {\n sql = file:/f\n}\n",
		   "t.conf:2: there is no dict \"nosuch\": Dovecot's dict server would refuse it");
	plan_fails("plugin {\n last_login_dict = proxy:dict-async:nosuch\n}\n"
		   "dict {\n sql = file:/f\n}\n",
		   "t.conf:2: there is no dict \"nosuch\"");
	expect_target("plugin {\n last_login_dict = proxy::nosuch\n}\n", "proxy::nosuch",
		      "t.conf:2");
	expect_target("plugin {\n last_login_dict = proxy:/run/own:nosuch\n}\n"
		      "dict {\n sql = file:/f\n}\n",
		      "proxy:/run/own:nosuch", "t.conf:2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_embedded_dict_is_in_the_state_directory),
		cmocka_unit_test(settings_reach_every_dict),
		cmocka_unit_test(purposes_have_tables_in_the_embedded_dict_only),
		cmocka_unit_test(ids_distinguish_dicts_of_a_driver),
		cmocka_unit_test(a_dict_that_the_server_has_not_is_an_error),
		cmocka_unit_test(there_is_room_for_any_number_of_mirrors),
		cmocka_unit_test(a_block_is_named_by_its_driver),
		cmocka_unit_test(map_files_are_read_at_once),
		cmocka_unit_test(behind_the_dict_server_the_store_itself_is_taken),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
