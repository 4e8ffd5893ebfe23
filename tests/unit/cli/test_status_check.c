/* SPDX-License-Identifier: MIT */
/* The metrics as one line. */
#include "../cmocka_all.h"
#include "cli/status_check.h"

#define UP(value) "dovetap_dict_up{dict=\"redis (a b:3)\"} " value "\n"
#define LOST(value)                                                                                \
	"dovetap_events_lost_total{stage=\"a\",reason=\"b\"} " value "\n"                          \
	"dovetap_events_lost_total{stage=\"c\",reason=\"d\"} 0\n"

static void expect(const char *metrics, bool ready, enum status_verdict verdict, const char *line)
{
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(status_check(metrics, ready, &out), verdict);
	assert_string_equal(buf_str(&out), line);
	buf_release(&out);
}

static void all_is_well(void **state)
{
	(void)state;
	expect("# HELP x\n" UP("1") LOST("0") "dovetap_logins_total{result=\"passed\"} 7\n", true,
	       STATUS_OK, "DOVETAP OK - every dict takes records | logins=7c lost=0c spooled=0\n");
}

static void a_dict_that_is_down_is_critical(void **state)
{
	(void)state;
	expect(UP("0") LOST("3"), true, STATUS_CRITICAL,
	       "DOVETAP CRITICAL - down: redis (a b:3); 3 logins lost"
	       " | logins=0c lost=3c spooled=0\n");
}

static void losses_are_a_warning(void **state)
{
	(void)state;
	expect(UP("1") LOST("2") "dovetap_builds_refused 1\n", true, STATUS_WARNING,
	       "DOVETAP WARNING - 2 logins lost; 1 files of Dovecot cannot be watched"
	       " | logins=0c lost=2c spooled=0\n");
}

static void who_is_not_ready_is_critical(void **state)
{
	(void)state;
	expect(UP("1"), false, STATUS_CRITICAL,
	       "DOVETAP CRITICAL - not every Dovecot is watched yet"
	       " | logins=0c lost=0c spooled=0\n");
}

static void nobody_answers(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(status_check_failed(STATUS_CRITICAL, "no", &out), STATUS_CRITICAL);
	assert_string_equal(buf_str(&out), "DOVETAP CRITICAL - no\n");
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_well),
		cmocka_unit_test(a_dict_that_is_down_is_critical),
		cmocka_unit_test(losses_are_a_warning),
		cmocka_unit_test(who_is_not_ready_is_critical),
		cmocka_unit_test(nobody_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
