/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "plan_case.h"

#define BIT(field) (UINT64_C(1) << AUDIT_FIELD_##field)

static struct plan *load(const char *conf)
{
	struct plan *plan = plan_of(conf);
	struct error error = {0};

	assert_null(plan_audit(plan)); /* not before it is loaded */
	if (plan_load_audit(plan, &error) != 0)
		fail_msg("%s", error.text);
	return plan;
}

static void without_audit_log_there_is_a_policy_but_no_stream(void **state)
{
	struct plan *plan = load("dovetap {\n audit_mask_ip = yes\n}\n");

	(void)state;
	assert_null(plan_audit(plan));
	assert_int_equal(plan_audit_policy(plan)->policy.mask.v4, 24);
	plan_free(&plan);
}

static void the_stream_is_what_the_settings_say(void **state)
{
	struct plan *plan = load("dovetap {\n audit_log = /l\n audit_events = failure login\n"
				 " audit_fields = user pod asn\n audit_mask_ip = /16 /32\n"
				 " audit_queue_size = 1M\n}\n");
	const struct audit_config *audit = plan_audit(plan);

	(void)state;
	assert_string_equal(audit->target, "/l");
	assert_int_equal(audit->events, 1U << LOGIN_EVENT_LOGIN | 1U << LOGIN_EVENT_FAILURE);
	assert_true(audit->policy.fields == (BIT(USER) | BIT(POD) | BIT(ASN)));
	assert_int_equal(audit->policy.mask.v4, 16);
	assert_int_equal(audit->policy.mask.v6, 32);
	assert_int_equal(audit->queue_size, 1 << 20);
	assert_null(audit->policy.pseudonym);
	plan_free(&plan);
}

/* All events; all fields but those that take looking for containers. */
static void the_default_is_everything_that_costs_nothing(void **state)
{
	struct plan *plan;
	const struct audit_config *audit;

	(void)state;
	setenv("DOVETAP_NODE", "n7", 1);
	plan = load("dovetap {\n audit_log = stdout\n}\n");
	audit = plan_audit(plan);
	for (unsigned int i = 0; i < LOGIN_EVENT_KINDS; i++)
		assert_true(audit->events & 1U << i);
	assert_true(audit->policy.fields & BIT(USER));
	assert_true(audit->policy.fields & BIT(NODE));
	assert_true(audit->policy.fields & BIT(TRUNCATED));
	assert_false(audit->policy.fields & (BIT(POD) | BIT(CONTAINER) | BIT(POD_NAMESPACE) |
					     BIT(POD_UID) | BIT(CONTAINER_ID)));
	assert_int_equal(audit->policy.mask.v4, 32);
	assert_int_equal(audit->policy.mask.v6, 128);
	assert_true(slice_is(audit->policy.node, "n7"));
	plan_free(&plan);
	unsetenv("DOVETAP_NODE");
}

/* --- the key of the user names -------------------------------------------------------------- */

#define WITH_KEY "dovetap {\n audit_user_key = key\n}\n"

static void expect_key_error(int expected, const char *text)
{
	struct plan *plan = plan_of(WITH_KEY);
	struct error error = {0};

	assert_int_equal(plan_load_audit(plan, &error), expected);
	assert_string_equal(error.text, text);
	plan_free(&plan);
}

static int open_files(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd; /* the lowest that is free */
}

static void the_name_of(struct plan *plan, const char *user, char text[PSEUDONYM_TEXT_MAX])
{
	struct pseudonym *pseudonym = plan_audit_policy(plan)->policy.pseudonym;

	assert_non_null(pseudonym);
	assert_true(pseudonym_of(pseudonym, slice_str(user), text) > 0);
}

static void the_name_of_the_file_may_have_one_letter(void **state)
{
	struct plan *plan;

	(void)state;
	write_file("k", "0123456789abcdef", 0600);
	plan = load("dovetap {\n audit_log = stdout\n audit_user_key = k\n}\n");
	assert_non_null(plan_audit_policy(plan)->policy.pseudonym);
	plan_free(&plan);
}

/* One newline at the end does not count, as in "<file" of a configuration. */
static void a_key_is_read_from_its_file(void **state)
{
	char plain[PSEUDONYM_TEXT_MAX], newline[PSEUDONYM_TEXT_MAX], two[PSEUDONYM_TEXT_MAX];
	struct plan *plan;
	int before = open_files();

	(void)state;
	write_file("key", "0123456789abcdef0123456789abcdef", 0600);
	plan = load(WITH_KEY);
	the_name_of(plan, "u@x", plain);
	plan_free(&plan);
	write_file("key", "0123456789abcdef0123456789abcdef\n", 0640);
	plan = load(WITH_KEY);
	the_name_of(plan, "u@x", newline);
	plan_free(&plan);
	write_file("key", "0123456789abcdef0123456789abcdef\n\n", 0600);
	plan = load(WITH_KEY);
	the_name_of(plan, "u@x", two);
	plan_free(&plan);
	assert_string_equal(plain, newline);
	assert_string_not_equal(plain, two);
	assert_int_equal(open_files(), before);
}

static void a_key_that_everybody_may_read_is_refused(void **state)
{
	int before = open_files();

	(void)state;
	write_file("key", "0123456789abcdef0123456789abcdef", 0604);
	expect_key_error(-EINVAL, "audit_user_key: key: everybody may read this key; mode 0600 "
				  "would be right");
	assert_int_equal(open_files(), before);
}

static void errors_of_the_key_name_the_file(void **state)
{
	struct plan *plan;
	struct error error = {0};

	(void)state;
	unlink("key");
	expect_key_error(-ENOENT, "audit_user_key: key: No such file or directory");
	assert_int_equal(mkdir("key", 0700), 0);
	expect_key_error(-EISDIR, "audit_user_key: key: Is a directory");
	assert_int_equal(rmdir("key"), 0);
	write_file("key", "short", 0600);
	plan = plan_of(WITH_KEY);
	assert_int_equal(plan_load_audit(plan, &error), -EINVAL);
	assert_memory_equal(error.text, "audit_user_key: key: ", 21);
	plan_free(&plan);
}

static void write_long_key(size_t len)
{
	char key[PSEUDONYM_KEY_MAX + 3];

	memset(key, 'k', len);
	key[len] = '\n';
	key[len + 1] = '\0';
	write_file("key", key, 0600);
}

/* As long as the manual says, and not a byte more. */
static void the_longest_key_is_used_whole(void **state)
{
	struct plan *plan;
	struct error error = {0};

	(void)state;
	write_long_key(PSEUDONYM_KEY_MAX);
	plan = load(WITH_KEY);
	plan_free(&plan);
	write_long_key(PSEUDONYM_KEY_MAX + 1);
	plan = plan_of(WITH_KEY);
	assert_int_equal(plan_load_audit(plan, &error), -EINVAL);
	plan_free(&plan);
	write_file("key", "", 0600);
	plan = plan_of(WITH_KEY);
	assert_int_equal(plan_load_audit(plan, &error), -EINVAL);
	plan_free(&plan);
}

/* --- the rest ------------------------------------------------------------------------------- */

static void masks_are_those_of_the_setting(void **state)
{
	(void)state;
	assert_int_equal(plan_mask("no").v4, 32);
	assert_int_equal(plan_mask("no").v6, 128);
	assert_int_equal(plan_mask("yes").v4, 24);
	assert_int_equal(plan_mask("yes").v6, 48);
	assert_int_equal(plan_mask("/8 /16").v4, 8);
	assert_int_equal(plan_mask("/8 /16").v6, 16);
}

static void databases_are_opened_if_there_are_any(void **state)
{
	struct plan *plan = plan_of("");
	struct geo *geo = (struct geo *)1;
	struct error error = {0};

	(void)state;
	assert_int_equal(plan_open_geo(plan, &geo, &error), 0);
	assert_null(geo);
	plan_free(&plan);
	plan = plan_of("dovetap {\n geoip_country = /nosuch\n}\n");
	assert_int_equal(plan_open_geo(plan, &geo, &error), -ENOENT);
	plan_free(&plan);
	plan = plan_of("dovetap {\n geoip_asn = /nosuch-asn\n}\n");
	assert_int_equal(plan_open_geo(plan, &geo, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nosuch-asn"));
	plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_audit_log_there_is_a_policy_but_no_stream),
		cmocka_unit_test(the_stream_is_what_the_settings_say),
		cmocka_unit_test(the_default_is_everything_that_costs_nothing),
		cmocka_unit_test(the_name_of_the_file_may_have_one_letter),
		cmocka_unit_test(a_key_is_read_from_its_file),
		cmocka_unit_test(a_key_that_everybody_may_read_is_refused),
		cmocka_unit_test(errors_of_the_key_name_the_file),
		cmocka_unit_test(the_longest_key_is_used_whole),
		cmocka_unit_test(masks_are_those_of_the_setting),
		cmocka_unit_test(databases_are_opened_if_there_are_any),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
