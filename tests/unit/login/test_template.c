/* SPDX-License-Identifier: MIT */
#include "template_case.h"

#define USER "u1@example.com"

static void plain_variables_of_2_3(void **state)
{
	static const struct template_case table[] = {
		{USER, "last-login/%u", "last-login/u1@example.com"},
		{USER, "last-login/%{service}/%{user}/%{remote_ip}",
		 "last-login/imap/u1@example.com/192.0.2.7"},
		{USER, "%n %d %s %h %l %r %p %i",
		 "u1 example.com imap /home/u1 2001:db8::ff 192.0.2.7 20076 999"},
		{USER, "%{rip} %{lip} %{local_ip} %{gid} %{uid} %{pid} %{session}",
		 "192.0.2.7 2001:db8::ff 2001:db8::ff 998 999 20076 unKgtdlgXMZ/AAAB"},
		{USER, "%{auth_user} %{auth_username} %{auth_domain} %{hostname} %{node}",
		 "u1@example.com u1 example.com mx.example.com n1"},
		{"a@b@c", "%n/%d", "a/b@c"},
		{"plain", "%n/%d/", "plain//"},
		{USER, "100%% %%u $user %", "100% %u $user "},
		{USER, "", ""},
	};

	(void)state;
	check_cases(table, TEMPLATE_V23);
}

static void plain_variables_of_2_4(void **state)
{
	static const struct template_case table[] = {
		{USER, "last-login/%{user}", "last-login/u1@example.com"},
		{USER, "%{protocol}/%{ service }/%{local_port}/%{remote_port}/%{master_user}",
		 "imap/imap/993/50143/"},
		{USER, "%{process:pid} %{process:uid} %{process:gid} %{system:hostname}",
		 "20076 997 998 n1"},
		{USER, "%{owner_user} %{auth_user} %{home} %{owner_home} %{local_name}",
		 "u1@example.com u1@example.com /home/u1 /home/u1 "},
		{USER, "%u 100% a%%b", "%u 100% a%%b"},
		{USER, "%%{user} %%%{user} %{}", "%{user} %%{user} "},
		{USER, "%{time:us}", "123456"},
	};

	(void)state;
	check_cases(table, TEMPLATE_V24);
}

static void parts_say_where_each_variable_went(void **state)
{
	struct template *template =
		compile_ok("last-login/%{service}/%u%%/%{rip}", TEMPLATE_V23, NULL);
	struct login login = make_login("a/b");
	struct key_part parts[3];
	struct buf out;
	size_t count = 0;

	(void)state;
	buf_init(&out, 200);
	buf_append_str(&out, "shared/");
	assert_int_equal(template_part_count(template), 3);
	assert_int_equal(template_expand(template, &login, NULL, &out, parts, 3, &count, NULL), 0);
	assert_string_equal(buf_str(&out), "shared/last-login/imap/a/b%/192.0.2.7");
	assert_int_equal(count, 3);
	assert_string_equal(parts[0].variable, "service");
	assert_memory_equal(out.data + parts[0].offset, "imap/", parts[0].len + 1);
	assert_string_equal(parts[1].variable, "user");
	assert_memory_equal(out.data + parts[1].offset, "a/b%", parts[1].len + 1);
	assert_string_equal(parts[2].variable, "remote_ip");
	assert_string_equal(out.data + parts[2].offset, "192.0.2.7");
	buf_release(&out);
	template_free(&template);
}

/* The parts of the key that the template makes of a login of that user. */
static size_t parts_of(const char *text, enum template_language language, const char *user)
{
	struct template *template = compile_ok(text, language, NULL);
	struct login login = make_login(user);
	struct key_part parts[3];
	struct buf out;
	size_t count = 0;

	buf_init(&out, 300);
	assert_int_equal(template_expand(template, &login, NULL, &out, parts, 3, &count, NULL), 0);
	buf_release(&out);
	template_free(&template);
	return count;
}

/* "mail/alice" of a function is two words of the key, as the plugin takes it, unless a user with a
 * "/" in the name could make more of it; a hash in base64 is one, whatever bytes it has. */
static void slashes_in_a_function_are_the_templates(void **state)
{
	(void)state;
	assert_int_equal(parts_of("%{if;%s;eq;imap;mail/%u;web/%u}", TEMPLATE_V23, "a"), 0);
	assert_int_equal(parts_of("%{if;%s;eq;imap;mail/%u;web/%u}", TEMPLATE_V23, "a/b"), 1);
	assert_int_equal(parts_of("%{if;%s;eq;imap;mail;web}/%u", TEMPLATE_V23, "a/b"), 2);
	assert_int_equal(
		parts_of("%{if(service, 'eq', 'imap', 'mail/', 'web/')}%{user}", TEMPLATE_V24, "a"),
		1);
	assert_int_equal(parts_of("%{literal('\\xff\\xff\\xff') | base64}", TEMPLATE_V24, "a"), 1);
}

static void variables_are_listed_once(void **state)
{
	struct template *template = compile_ok("%u%{user}%{rip}%{remote_ip}%h", TEMPLATE_V23, NULL);
	const char *const *names = template_variables(template);

	(void)state;
	assert_string_equal(names[0], "user");
	assert_string_equal(names[1], "home");
	assert_string_equal(names[2], "remote_ip");
	assert_null(names[3]);
	template_free(&template);
}

static void what_a_login_brings_is_never_expanded_again(void **state)
{
	static const char *const users[] = {"%u",  "%{user}",	       "$user",		"%%", "%{",
					    "a}b", "\x01\x1f\x7f\xff", "%{if;1;==;1;x}"};
	char longest[513];

	(void)state;
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		check_case(&(struct template_case){users[i], "%u", users[i]}, TEMPLATE_V23);
		check_case(&(struct template_case){users[i], "%{user}", users[i]}, TEMPLATE_V24);
	}
	memset(longest, '%', 512);
	longest[512] = '\0';
	check_case(&(struct template_case){longest, "%u", longest}, TEMPLATE_V23);
	check_case(&(struct template_case){longest, "%{user}", longest}, TEMPLATE_V24);
}

static void what_cannot_be_answered_is_refused_by_name(void **state)
{
	const struct template_env old = {.dovecot_version = "2.3.13", .strict = true};
	const struct template_env strict = {.dovecot_version = "2.3.19.1", .strict = true};

	(void)state;
	check_refused("%a", TEMPLATE_V23, NULL, "%a is no variable of Dovecot 2.3; use one of: %u");
	check_refused("x%{userdb:quota}", TEMPLATE_V23, NULL,
		      "%{userdb:quota} is only known inside Dovecot; use one of");
	check_refused("%{lport}", TEMPLATE_V23, NULL, "%{lport} is no variable");
	check_refused("%{user", TEMPLATE_V23, NULL, "without its \"}\"");
	check_refused("%{}", TEMPLATE_V23, NULL, "%{} is no variable");
	check_refused("%\xff", TEMPLATE_V23, NULL, "% before byte 0xff");
	check_refused("%{uid}", TEMPLATE_V24, NULL, "%{uid} is no variable of Dovecot 2.4");
	check_refused("%{env:HOME}", TEMPLATE_V24, NULL, "only known inside Dovecot");
	check_refused("%{user", TEMPLATE_V24, NULL, "without its \"}\"");
	check_refused("%{remote_ip}", TEMPLATE_V23, &old, "unknown to Dovecot 2.3.13; use %{rip}");
	check_refused("%{node}", TEMPLATE_V23, &strict, "dovetap's own");
}

static void a_cut_name_makes_no_key(void **state)
{
	struct template *template = compile_ok("x/%n", TEMPLATE_V23, NULL);
	struct login login = make_login(USER);
	struct error error;
	struct buf out;

	(void)state;
	login.truncated = DOVETAP_BIT(DOVETAP_FIELD_USERNAME);
	buf_init(&out, 200);
	buf_append_str(&out, "shared/");
	assert_int_equal(template_expand(template, &login, NULL, &out, NULL, 0, NULL, &error),
			 -ENODATA);
	assert_string_equal(buf_str(&out), "shared/");
	buf_release(&out);
	template_free(&template);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_variables_of_2_3),
		cmocka_unit_test(plain_variables_of_2_4),
		cmocka_unit_test(parts_say_where_each_variable_went),
		cmocka_unit_test(slashes_in_a_function_are_the_templates),
		cmocka_unit_test(variables_are_listed_once),
		cmocka_unit_test(what_a_login_brings_is_never_expanded_again),
		cmocka_unit_test(what_cannot_be_answered_is_refused_by_name),
		cmocka_unit_test(a_cut_name_makes_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
