/* SPDX-License-Identifier: MIT */
/* Configurations of the test's own, with and without passwords, in files of several modes. */
#include <string.h>
#include <sys/stat.h>

#include "../conf/folder.h"
#include "cli/check_secrets.h"
#include "conf/parse.h"

static struct findings findings;

static void check(const char *path)
{
	struct conf_section *root = NULL;
	struct error error = {0};

	findings_release(&findings);
	findings = (struct findings){0};
	if (conf_parse_file(path, 0, &root, &error) < 0)
		fail_msg("%s", error.text);
	check_secrets(root, &findings);
	conf_free(&root);
}

static void write_with_mode(const char *name, const char *text, mode_t mode)
{
	write_file(name, text, 0600);
	assert_int_equal(chmod(name, mode), 0);
}

#define URI	 "last_login_dict = redis:host=h:password=geheim\n"
#define PASSWORD "dovetap {\n  x = 1\n  redis_password = geheim\n}\n"

static void a_password_that_everybody_may_read_is_a_warning(void **state)
{
	(void)state;
	write_with_mode("a.conf", PASSWORD URI, 0644);
	check("a.conf");
	assert_int_equal(findings.count, 1); /* one a file */
	assert_int_equal(findings.items[0].state, FINDING_WARNING);
	assert_non_null(strstr(findings.items[0].subject, "a.conf"));
	assert_non_null(strstr(findings.items[0].text, "(mode 0644)"));
	assert_null(strstr(findings.items[0].text, "geheim"));
	write_with_mode("a.conf", "x = 1\n" URI, 0604);
	check("a.conf");
	assert_int_equal(findings.count, 1);
	assert_non_null(strstr(findings.items[0].text, "line 2 "));
}

static void what_others_may_not_read_is_none(void **state)
{
	(void)state;
	write_with_mode("a.conf", PASSWORD URI, 0640);
	check("a.conf");
	assert_int_equal(findings.count, 0);
}

static void a_file_without_a_password_is_none(void **state)
{
	(void)state;
	write_file("secret", "geheim\n", 0600);
	write_with_mode("a.conf", "dovetap {\n  redis_password = <secret\n}\nuser = u\n", 0644);
	check("a.conf");
	assert_int_equal(findings.count, 0);
	check_secrets(NULL, &findings);
	assert_int_equal(findings.count, 0);
}

static void an_included_file_is_looked_at(void **state)
{
	(void)state;
	write_with_mode("b.conf", URI, 0644);
	write_with_mode("a.conf", "!include b.conf\n" PASSWORD, 0600);
	check("a.conf");
	assert_int_equal(findings.count, 1);
	assert_non_null(strstr(findings.items[0].subject, "b.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_that_everybody_may_read_is_a_warning),
		cmocka_unit_test(what_others_may_not_read_is_none),
		cmocka_unit_test(a_file_without_a_password_is_none),
		cmocka_unit_test(an_included_file_is_looked_at),
	};
	int ret = cmocka_run_group_tests(tests, enter_folder, leave_folder);

	findings_release(&findings);
	return ret;
}
