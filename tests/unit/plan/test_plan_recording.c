/* SPDX-License-Identifier: MIT */
/* Marks of what is recorded where. */
#include "plan/plan_recording.h"
#include "plan_case.h"

#define DICT(uri, key) "plugin {\n last_login_dict = " uri "\n last_login_key = " key "\n}\n"

struct seen {
	uint64_t mark;
	char services[128];
};

static int note(const struct plan_recording *recording, void *context)
{
	struct seen *seen = context;

	seen->mark = recording->mark;
	snprintf(seen->services + strlen(seen->services),
		 sizeof(seen->services) - strlen(seen->services), "%s;", recording->service);
	return 0;
}

static struct seen see(const char *conf)
{
	struct plan *plan = plan_of(conf);
	struct seen seen = {.mark = 0};

	assert_int_equal(plan_each_recording(plan, note, &seen), 0);
	plan_free(&plan);
	return seen;
}

static void each_service_is_told(void **state)
{
	(void)state;
	assert_string_equal(see(DICT("memory:", "l/%u")).services, "imap;pop3;");
	assert_string_equal(
		see(DICT("memory:", "l/%u") "dovetap {\n services = imap lmtp\n}\n").services,
		"imap;lmtp;");
}

static void another_place_or_key_is_another_mark(void **state)
{
	uint64_t mark = see(DICT("redis:host=h:db=1", "l/%u")).mark;

	(void)state;
	assert_true(mark != see(DICT("redis:host=h:db=2", "l/%u")).mark);
	assert_true(mark != see(DICT("redis:host=g:db=1", "l/%u")).mark);
	assert_true(mark != see(DICT("redis:host=h:db=1:prefix=p", "l/%u")).mark);
	assert_true(mark != see(DICT("redis:host=h:db=1", "m/%u")).mark);
	assert_true(mark == see(DICT("redis:host=h:db=1", "l/%u")).mark);
}

static void passwords_and_limits_are_no_place(void **state)
{
	uint64_t mark = see(DICT("redis:host=h", "l/%u")).mark;

	(void)state;
	assert_true(mark == see(DICT("redis:host=h:password=s3cret", "l/%u")).mark);
	assert_true(mark == see(DICT("redis:host=h:timeout_msecs=5", "l/%u")).mark);
}

static uint64_t place(const char *conf)
{
	struct plan *plan = plan_of(conf);
	uint64_t mark = plan_dict_mark(plan, 0);

	plan_free(&plan);
	return mark;
}

/* What a store lets vanish vanishes for a while after that is over, too. */
static void how_long_records_stay_is_another_mark(void **state)
{
	uint64_t mark = see(DICT("redis:host=h", "l/%u")).mark;

	(void)state;
	assert_true(mark != see(DICT("redis:host=h:expire_secs=9", "l/%u")).mark);
	assert_true(mark !=
		    see(DICT("redis:host=h", "l/%u") "dovetap {\n expire_after = 9d\n}\n").mark);
	assert_true(see(DICT("sqlite:path=/x", "l/%u")).mark ==
		    see(DICT("sqlite:path=/x", "l/%u") "dovetap {\n expire_after = 9d\n}\n").mark);
}

static void a_place_has_no_key_and_no_lifetime(void **state)
{
	uint64_t mark = place(DICT("redis:host=h", "l/%u"));

	(void)state;
	assert_true(mark == place(DICT("redis:host=h", "m/%u")));
	assert_true(mark == place(DICT("redis:host=h:expire_secs=9:password=x", "l/%u")));
	assert_true(mark ==
		    place(DICT("redis:host=h", "l/%u") "dovetap {\n expire_after = 9d\n}\n"));
	assert_true(mark != place(DICT("redis:host=g", "l/%u")));
}

static void a_block_is_a_place_as_well(void **state)
{
	static const char text[] =
		"dovecot_config_version = 2.4.1\nlast_login {\n dict redis {\n"
		"  redis_host = h\n  redis_db_id = %d\n  redis_password = %s\n }\n}\n";
	char conf[3][512];

	(void)state;
	snprintf(conf[0], sizeof(conf[0]), text, 1, "a");
	snprintf(conf[1], sizeof(conf[1]), text, 1, "b");
	snprintf(conf[2], sizeof(conf[2]), text, 2, "a");
	assert_true(see(conf[0]).mark == see(conf[1]).mark);
	assert_true(see(conf[0]).mark != see(conf[2]).mark);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_service_is_told),
		cmocka_unit_test(another_place_or_key_is_another_mark),
		cmocka_unit_test(passwords_and_limits_are_no_place),
		cmocka_unit_test(how_long_records_stay_is_another_mark),
		cmocka_unit_test(a_place_has_no_key_and_no_lifetime),
		cmocka_unit_test(a_block_is_a_place_as_well),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
