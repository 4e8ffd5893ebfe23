/* SPDX-License-Identifier: MIT */
#include "sql_fixture.h"
#include "store/drivers/sql/words.h"

/* --- loading ----------------------------------------------------------------------------------*/

static void columns_stand_in_the_order_of_the_pattern(void **state)
{
	struct sql_map_set set;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.maps[0].pattern, "shared/last-login/$/$/$");
	assert_string_equal(set.maps[0].table, "last_login");
	assert_int_equal(set.maps[0].column_count, 4);
	assert_string_equal(set.maps[0].columns[0].name, "last_access");
	assert_int_equal(set.maps[0].columns[0].type, SQL_TYPE_UINT);
	assert_string_equal(set.maps[0].columns[1].name, "service");
	assert_string_equal(set.maps[0].columns[2].name, "userid");
	assert_string_equal(set.maps[0].columns[3].name, "last_ip");
	assert_int_equal(sql_map_role(&set.maps[0], SQL_ROLE_USER), 2);
	assert_int_equal(sql_map_role(&set.maps[0], SQL_ROLE_SERVICE), 1);
	assert_int_equal(sql_map_role(&set.maps[0], SQL_ROLE_REMOTE_IP), 3);
	sql_map_set_release(&set);
}

static void a_literal_word_names_the_service(void **state)
{
	struct sql_map_set set;

	(void)state;
	load_maps(&set, USERS_MAP);
	assert_string_equal(set.maps[0].service, "imap");
	assert_int_equal(sql_map_role(&set.maps[0], SQL_ROLE_SERVICE), 0);
	sql_map_set_release(&set);
}

static void only_the_first_value_column_is_written(void **state)
{
	struct sql_map_set set;

	(void)state;
	load_maps(&set, "connect = x\nmap {\n pattern = shared/k/$u\n table = t\n"
			" value_field = a, b\n value_type = uint, string\n"
			" fields {\n  k = ${hexblob:u}\n }\n}\n");
	assert_int_equal(set.maps[0].column_count, 2);
	assert_string_equal(set.maps[0].columns[0].name, "a");
	assert_int_equal(set.maps[0].columns[0].type, SQL_TYPE_UINT);
	assert_int_equal(set.maps[0].columns[1].type, SQL_TYPE_HEXBLOB);
	sql_map_set_release(&set);
}

static void value_hexblob_is_the_old_word(void **state)
{
	struct sql_map_set set;

	(void)state;
	load_maps(&set, "connect = x\nmap {\n pattern = shared/k/${u}\n table = t\n"
			" value_field = v\n value_hexblob = yes\n fields {\n  k = ${u}\n }\n}\n");
	assert_int_equal(set.maps[0].columns[0].type, SQL_TYPE_HEXBLOB);
	sql_map_set_release(&set);
}

#define MAP(inside) "connect = x\nmap {\n" inside "}\n"
#define P	    " pattern = shared/k/$u\n"
#define T	    " table = t\n"
#define V	    " value_field = v\n"
#define F	    " fields {\n  k = $u\n }\n"

static const struct {
	const char *text, *error;
} bad_files[] = {
	{MAP(T V F), "map.conf:2: Missing setting: pattern"},
	{MAP(P V F), "map.conf:2: Missing setting: table"},
	{MAP(P T F), "map.conf:2: Missing setting: value_field"},
	{"map {\n" P T V F "}\n", "map.conf: Missing connect setting"},
	{"driver = mysql\n" MAP(P T V F), "map.conf:1: Unknown setting: driver"},
	{MAP(P T V F " expire_field = x\n"), "map.conf:9: Unknown setting: expire_field"},
	{MAP(P T V F " bar {\n }\n"), "map.conf:9: Unknown section: bar"},
	{MAP(" pattern = shared/$a/$u\n" T V F), "map.conf:3: Missing SQL field for variable: a"},
	{MAP(" pattern = shared/$u/$u\n" T V F), "map.conf:3: Missing SQL field for variable: u"},
	{MAP(P T V " fields {\n  k = $u\n  x = $y\n }\n"), "map.conf:8: Unused variable: y"},
	{MAP(P T V " fields {\n  k = $u\n  x = $u\n }\n"), "map.conf:8: Unused variable: u"},
	{MAP(P T V " fields {\n  k = u\n }\n"), "map.conf:7: Value is missing '$' for field: k"},
	{MAP(P T V), "map.conf:3: Missing fields for pattern variables"},
	{MAP(P T V " value_type = double\n" F),
	 "map.conf:6: Invalid value in value_type: 'double' is none of string, int, uint, hexblob"},
	{MAP(P T V " value_type = uuid\n" F),
	 "map.conf:6: Invalid value in value_type: 'uuid' is none of string, int, uint, hexblob"},
	{MAP(P T V " value_type = uint,uint\n" F),
	 "map.conf:6: Number of fields in value_fields doesn't match value_type"},
	{MAP(P " table = t?\n" V F), "map.conf:4: Invalid table name: t?"},
	{MAP(P " table = t (a) VALUES (1) --\n" V F),
	 "map.conf:4: Invalid table name: t (a) VALUES (1) --"},
	{MAP(P T " value_field = v=1;\n" F), "map.conf:5: Invalid column name: v=1;"},
	{MAP(P T V " fields {\n  a.b = $u\n }\n"), "map.conf:7: Invalid column name: a.b"},
};

static void every_bad_file_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(*bad_files); i++) {
		struct conf_section *root = parse_text(bad_files[i].text, CONF_PARSE_MAP);
		struct error error = {0};
		struct sql_map_set set;

		assert_true(sql_map_set_load_file(&set, root, &error) < 0);
		assert_string_equal(error.text, bad_files[i].error);
		conf_free(&root);
	}
}

#define BLOCK(inside)                                                                              \
	"dovecot_config_version = 2.4.1\ndict_server {\n dict sql {\n  driver = sql\n"             \
	"  sql_driver = mysql\n" inside " }\n}\n"

static struct conf_section *parse_block(const char *text, const struct conf_section **dict_r)
{
	struct conf_section *root = parse_text(text, 0);
	const struct conf_section *server = conf_section_find(root, "dict_server", NULL);

	*dict_r = conf_section_find(server ? server : root, "dict", "sql");
	assert_non_null(*dict_r);
	return root;
}

static void the_block_of_2_4_gives_the_same_map(void **state)
{
	const struct conf_section *dict;
	struct conf_section *root = parse_block(
		BLOCK("  dict_map shared/last-login/$service/$user/$remote_ip {\n"
		      "   sql_table = last_login\n"
		      "   value_field last_access {\n    type = uint\n   }\n"
		      "   key_field userid {\n    value = $user\n   }\n"
		      "   dict_map_key_field service {\n    value = $service\n   }\n"
		      "   key_field last_ip {\n    value = $remote_ip\n    type = string\n   }\n"
		      "  }\n"),
		&dict);
	struct sql_map_set set;
	struct error error = {0};

	(void)state;
	if (sql_map_set_load_block(&set, dict, &error) < 0)
		fail_msg("%s", error.text);
	assert_int_equal(set.count, 1);
	assert_string_equal(set.maps[0].pattern, "shared/last-login/$/$/$");
	assert_string_equal(set.maps[0].table, "last_login");
	assert_string_equal(set.maps[0].columns[0].name, "last_access");
	assert_int_equal(set.maps[0].columns[0].type, SQL_TYPE_UINT);
	assert_string_equal(set.maps[0].columns[1].name, "service");
	assert_string_equal(set.maps[0].columns[2].name, "userid");
	assert_string_equal(set.maps[0].columns[3].name, "last_ip");
	sql_map_set_release(&set);
	conf_free(&root);
}

static const struct {
	const char *text, *error;
} bad_blocks[] = {
	{BLOCK(""), "map.conf:3: dict_map { .. } named list filter is missing"},
	{BLOCK("dict_map shared/k/$u {\n value_field v {\n }\n}\n"),
	 "map.conf:6: Missing setting: sql_table"},
	{BLOCK("dict_map shared/k {\n sql_table = t\n}\n"),
	 "map.conf:6: dict_map_value_field { .. } named list filter is missing"},
	{BLOCK("dict_map shared/k {\n sql_table = t\n value_field v {\n  type = text\n }\n}\n"),
	 "map.conf:9: dict_map_value_field_type: Invalid value: text (string, int, uint, double, "
	 "hexblob or uuid)"},
	{BLOCK("dict_map shared/k/$u {\n sql_table = t\n value_field v {\n }\n key_field k {\n"
	       "  value = u\n }\n}\n"),
	 "map.conf:11: Value is missing '$' for field: k"},
};

static void every_bad_block_is_refused_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_blocks) / sizeof(*bad_blocks); i++) {
		const struct conf_section *dict;
		struct conf_section *root = parse_block(bad_blocks[i].text, &dict);
		struct error error = {0};
		struct sql_map_set set;

		assert_true(sql_map_set_load_block(&set, dict, &error) < 0);
		assert_string_equal(error.text, bad_blocks[i].error);
		conf_free(&root);
	}
}

/* --- matching ---------------------------------------------------------------------------------*/

static void load_pattern(struct sql_map_set *set, const char *pattern, const char *fields)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "connect = x\nmap {\n pattern = %s\n table = t\n value_field = v\n fields {\n"
		 "%s }\n}\n",
		 pattern, fields);
	load_maps(set, text);
}

/* The table of dict-semantics 6.2; NULL: no match. */
static const struct {
	const char *pattern, *fields, *key, *first, *second;
} text_rule[] = {
	{"shared/k/$u", "  u = $u\n", "shared/k/u/extra/more", "u/extra/more", NULL},
	{"shared/k/$a/$b", "  a = $a\n  b = $b\n", "shared/k//bb", "", "bb"},
	{"shared/k/$a/$b", "  a = $a\n  b = $b\n", "shared/k/aa/", NULL, NULL},
	{"shared/k/$a/$b", "  a = $a\n  b = $b\n", "shared/k/aa", NULL, NULL},
	{"shared/k/$u/x", "  u = $u\n", "shared/k/u/x", "u", NULL},
	{"shared/k/u-$u", "  u = $u\n", "shared/k/u-me", "me", NULL},
	{"shared/k/${u}-x", "  u = $u\n", "shared/k/me-x", NULL, NULL},
	{"shared/k/$a-$b", "  a = $a\n  b = $b\n", "shared/k/aa-bb", NULL, NULL},
	{"shared/k/$u", "  u = $u\n", "shared/K/u", NULL, NULL},
	{"shared/k/$u", "  u = $u\n", "shared/k/", NULL, NULL},
	{"shared/k/$u", "  u = $u\n", "shared/k", NULL, NULL},
	{"shared/k/$a/$b", "  a = $a\n  b = $b\n", "shared/k/aa/$b", "aa", "$b"},
	{"shared/k/$u/", "  u = $u\n", "shared/k/me", "me", NULL}, /* Dovecot's step too far */
};

static void strict_mode_matches_as_dovecot_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(text_rule) / sizeof(*text_rule); i++) {
		struct sql_key key = {slice_str(text_rule[i].key), NULL, 0};
		struct slice values[SQL_COLUMNS_MAX];
		struct sql_map_set set;
		const struct sql_map *map;

		load_pattern(&set, text_rule[i].pattern, text_rule[i].fields);
		map = sql_map_set_find(&set, &key, true, values);
		assert_int_equal(map != NULL, text_rule[i].first != NULL);
		if (map)
			assert_slice(values[1], text_rule[i].first);
		if (map && text_rule[i].second)
			assert_slice(values[2], text_rule[i].second);
		sql_map_set_release(&set);
	}
}

static void strict_mode_shifts_columns_at_a_slash_in_the_user(void **state)
{
	struct slice values[SQL_COLUMNS_MAX];
	struct sql_map_set set;
	struct login_key login;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	login_key(&login, "imap", "a/b@c", "127.0.0.1");
	assert_non_null(sql_map_set_find(&set, &login.key, true, values));
	assert_slice(values[2], "a");
	assert_slice(values[3], "b@c/127.0.0.1");
	login_key(&login, "lmtp", "u1@example.com", "");
	assert_null(sql_map_set_find(&set, &login.key, true, values));
	sql_map_set_release(&set);
}

static void a_slash_in_the_user_shifts_nothing(void **state)
{
	struct slice values[SQL_COLUMNS_MAX];
	struct sql_map_set set;
	struct login_key login;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	login_key(&login, "imap", "a/b//c@d/", "127.0.0.1");
	assert_non_null(sql_map_set_find(&set, &login.key, false, values));
	assert_slice(values[1], "imap");
	assert_slice(values[2], "a/b//c@d/");
	assert_slice(values[3], "127.0.0.1");
	sql_map_set_release(&set);
}

static void a_user_cannot_name_another_service(void **state)
{
	static const char text[] = "shared/last-login/imap/bob";
	struct key_part part = {"user", sizeof("shared/last-login/") - 1, 8};
	struct sql_key key = {{text, sizeof(text) - 1}, &part, 1};
	struct slice values[SQL_COLUMNS_MAX];
	struct sql_map_set set;

	(void)state;
	load_pattern(&set, "shared/last-login/imap/$u", "  u = $u\n");
	assert_null(sql_map_set_find(&set, &key, false, values));
	assert_non_null(sql_map_set_find(&set, &key, true, values));
	sql_map_set_release(&set);
}

static void a_delivery_has_no_address_but_a_user_has_a_name(void **state)
{
	struct slice values[SQL_COLUMNS_MAX];
	struct sql_map_set set;
	struct login_key login;

	(void)state;
	load_maps(&set, DOCUMENTED_MAP);
	login_key(&login, "lmtp", "u1@example.com", "");
	assert_non_null(sql_map_set_find(&set, &login.key, false, values));
	assert_slice(values[2], "u1@example.com");
	assert_slice(values[3], "");
	sql_map_set_release(&set);

	load_pattern(&set, "shared/last-login/lmtp/$r/$u", "  u = $u\n  r = $r\n");
	login_key(&login, "lmtp", "x", "");
	login.parts[2].variable = "user";
	assert_null(sql_map_set_find(&set, &login.key, false, values));
	sql_map_set_release(&set);
}

static void the_first_map_that_matches_wins(void **state)
{
	struct slice values[SQL_COLUMNS_MAX];
	struct sql_map_set set;
	struct login_key login;

	(void)state;
	load_maps(&set, "connect = x\n"
			"map {\n pattern = shared/last-login/imap/$u\n table = a\n"
			" value_field = v\n fields {\n  u = $u\n }\n}\n"
			"map {\n pattern = shared/last-login/$u\n table = b\n"
			" value_field = v\n fields {\n  u = $u\n }\n}\n");
	login_key(&login, "imap", "u", "::1");
	assert_string_equal(sql_map_set_find(&set, &login.key, false, values)->table, "a");
	login_key(&login, "pop3", "u", "::1");
	assert_string_equal(sql_map_set_find(&set, &login.key, false, values)->table, "b");
	sql_map_set_release(&set);
}

/* --- values -----------------------------------------------------------------------------------*/

static const struct {
	enum sql_type type;
	const char *text;
	bool good;
} values_of_types[] = {
	{SQL_TYPE_STRING, "", true},
	{SQL_TYPE_INT, "-5", true},
	{SQL_TYPE_INT, "-9223372036854775808", true},
	{SQL_TYPE_INT, "-9223372036854775809", false},
	{SQL_TYPE_INT, "+5", false},
	{SQL_TYPE_INT, " 5", false},
	{SQL_TYPE_INT, "5 ", false},
	{SQL_TYPE_INT, "-", false},
	{SQL_TYPE_INT, "", false},
	{SQL_TYPE_UINT, "1795338302210", true},
	{SQL_TYPE_UINT, "9223372036854775807", true},
	{SQL_TYPE_UINT, "9223372036854775808", false},
	{SQL_TYPE_UINT, "-1", false},
	{SQL_TYPE_UINT, "0x10", false},
	{SQL_TYPE_DOUBLE, "1.5", true},
	{SQL_TYPE_DOUBLE, "1.5x", false},
	{SQL_TYPE_DOUBLE, "nan", false},
	{SQL_TYPE_HEXBLOB, "1795338375", true},
	{SQL_TYPE_HEXBLOB, "aF", true},
	{SQL_TYPE_HEXBLOB, "abc", false},
	{SQL_TYPE_HEXBLOB, "0g", false},
	{SQL_TYPE_UUID, "0F1d2c3b-4a59-4687-8796-a5b4c3d2e1f0", true},
	{SQL_TYPE_UUID, "0f1d2c3b4a5946878796a5b4c3d2e1f0", true},
	{SQL_TYPE_UUID, "{0f1d2c3b-4a59-4687-8796-a5b4c3d2e1f0}", true},
	{SQL_TYPE_UUID, "0f1d2c3b-4a59-4687-8796-a5b4c3d2e1f", false},
	{SQL_TYPE_UUID, "0f1d2c3b_4a59_4687_8796_a5b4c3d2e1f0", false},
};

static void values_have_dovecots_ranges(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(values_of_types) / sizeof(*values_of_types); i++) {
		struct sql_value value;

		assert_int_equal(sql_value_parse(values_of_types[i].type,
						 slice_str(values_of_types[i].text), &value),
				 values_of_types[i].good);
	}
}

static void a_uuid_is_kept_in_one_form(void **state)
{
	struct sql_value value;

	(void)state;
	assert_true(sql_value_parse(SQL_TYPE_UUID, slice_str("0F1D2C3B4A5946878796A5B4C3D2E1F0"),
				    &value));
	assert_string_equal(value.uuid, "0f1d2c3b-4a59-4687-8796-a5b4c3d2e1f0");
}

static void words_of_connect_have_no_quotes(void **state)
{
	const char *list = " host=/run/x  password=a'b flag \t";
	struct slice key, value;

	(void)state;
	assert_true(sql_words_next(&list, &key, &value));
	assert_slice(key, "host");
	assert_slice(value, "/run/x");
	assert_true(sql_words_next(&list, &key, &value));
	assert_slice(value, "a'b");
	assert_true(sql_words_next(&list, &key, &value));
	assert_slice(key, "flag");
	assert_null(value.ptr);
	assert_false(sql_words_next(&list, &key, &value));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_stand_in_the_order_of_the_pattern),
		cmocka_unit_test(a_literal_word_names_the_service),
		cmocka_unit_test(only_the_first_value_column_is_written),
		cmocka_unit_test(value_hexblob_is_the_old_word),
		cmocka_unit_test(every_bad_file_is_refused_with_its_line),
		cmocka_unit_test(the_block_of_2_4_gives_the_same_map),
		cmocka_unit_test(every_bad_block_is_refused_with_its_line),
		cmocka_unit_test(strict_mode_matches_as_dovecot_does),
		cmocka_unit_test(strict_mode_shifts_columns_at_a_slash_in_the_user),
		cmocka_unit_test(a_slash_in_the_user_shifts_nothing),
		cmocka_unit_test(a_user_cannot_name_another_service),
		cmocka_unit_test(a_delivery_has_no_address_but_a_user_has_a_name),
		cmocka_unit_test(the_first_map_that_matches_wins),
		cmocka_unit_test(values_have_dovecots_ranges),
		cmocka_unit_test(a_uuid_is_kept_in_one_form),
		cmocka_unit_test(words_of_connect_have_no_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
