/* SPDX-License-Identifier: MIT */
#include "stats/summary.h"
#include "stats_case.h"

static char *summary_of(const struct world *world)
{
	struct buf out;
	char *text;

	buf_init(&out, 1 << 16);
	assert_int_equal(summary(&world->source, &out), 0);
	text = strdup(buf_str(&out));
	buf_release(&out);
	return text;
}

static void the_way_of_the_logins_is_printed_whole(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	struct dovetap_event pop3 =
		record_of(DOVETAP_EVENT_MAIL_USER, "p@x", "s4", STAMP + 5000000);
	struct dovetap_event made = record_of(DOVETAP_EVENT_MAIL_USER, "r@x", "s5", STAMP);
	char *text;

	(void)state;
	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 8;
	world->map[BLOCK + DOVETAP_COUNT_MAIL_USER_EMITTED] = 5;
	world->map[BLOCK + DOVETAP_COUNT_NO_HANDLER] = 1;
	world->map[2 * BLOCK + DOVETAP_COUNT_RING_FULL] = 2;
	world_map(world);
	made.head.flags = DOVETAP_FLAG_AUTOCREATED;
	SET(&pop3, service, SERVICE, "pop3");
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP));
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "v@x", "s2", STAMP + 1));
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "", "s3", STAMP + 2));
	source_add(&world->ring, pop3);
	source_add(&world->ring, made);
	world_drain(world);
	world->source.probes = (struct metrics_probes){.links = 3, .initial_scan_done = true};
	text = summary_of(world);
	assert_string_equal(text, "dovetap " DOVETAP_VERSION
				  ", collecting for 0 seconds: 3 probes attached\n"
				  "ring buffer: 1.5 of 4.0 MiB in use\n\n"
				  "seen by the probes                                  8\n"
				  "  no_handler                                        1\n"
				  "  LOST ring_full                                    2\n"
				  "taken by the collector                              5\n"
				  "  autocreated                                       1\n"
				  "  LOST no_username                                  1\n"
				  "  logins that are not recorded                      1\n"
				  "  logins that are recorded                          2\n"
				  "\ndict memory: takes records\n"
				  "handed to the dict's writer                         2\n"
				  "  stored                                            2\n"
				  "\ndict memory-2: takes records\n"
				  "handed to the dict's writer                         2\n"
				  "  stored                                            2\n"
				  "\n3 lost, 0 unexplained\n");
	free(text);
	world_close(world);
}

static void what_differs_from_the_usual_is_described(void **state)
{
	struct world *world = world_open(TWO_DICTS);
	char *text;

	(void)state;
	world->source.probes = (struct metrics_probes){
		.links = 1, .refused = 1, .stalled = 1, .limited = 1, .inherited = true};
	(void)snprintf(world->source.probes.last_refused, sizeof(world->source.probes.last_refused),
		       "/x\033[2J: no ABI");
	text = summary_of(world);
	assert_non_null(strstr(text,
			       ": 1 probe attached, still searching\n"
			       "1 file of Dovecot cannot be watched; the last: "
			       "/x\\x1b[2J: no ABI\n"
			       "1 place does not answer the search for Dovecot (see the log)\n"
			       "1 file or directories left out of the search at a limit"));
	assert_non_null(strstr(text, " MiB in use, taken over from before\n"));
	free(text);
	world->source.probes.refused = world->source.probes.stalled = 2;
	world->source.probes.limited = 2;
	text = summary_of(world);
	assert_non_null(strstr(text, "2 files of Dovecot cannot"));
	assert_non_null(strstr(text, "2 places do not answer"));
	assert_non_null(strstr(text, "2 files or directories left out"));
	free(text);
	world_close(world);
}

static void the_age_has_the_unit_that_fits(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} ages[] = {
		{119, "for 119 seconds:"}, {120, "for 2 minutes:"},   {7199, "for 119 minutes:"},
		{7200, "for 2 hours:"},	   {172799, "for 47 hours:"}, {172800, "for 2 days:"},
	};
	struct world *world = world_open(TWO_DICTS);

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		char *text;

		/* It may take half a second from here on. */
		world->source.started_ns =
			clock_wall_ns() - ages[i].seconds * NS_PER_SEC - NS_PER_SEC / 2;
		text = summary_of(world);
		if (!strstr(text, ages[i].text))
			fail_msg("no '%s' in %s", ages[i].text, text);
		free(text);
	}
	world_close(world);
}

/* Nobody can make a directory there. */
static void a_dict_that_is_down_has_its_reason(void **state)
{
	struct world *world = world_open("plugin {\n last_login_dict = file:/proc/none/f\n}\n"
					 "dovetap {\n services = imap\n}\n");
	int64_t deadline = clock_monotonic_ns() + LONG_NS;
	struct error error;
	char *text;

	(void)state;
	world->map[BLOCK + DOVETAP_COUNT_SEEN] = 1;
	world->map[BLOCK + DOVETAP_COUNT_MAIL_USER_EMITTED] = 1;
	world_map(world);
	source_add(&world->ring, record_of(DOVETAP_EVENT_MAIL_USER, "u@x", "s1", STAMP));
	assert_int_equal(pipeline_drain(world->pipeline, &error), 1);
	pipeline_flush(world->pipeline);
	while (targets_up(&world->targets) && clock_monotonic_ns() < deadline)
		usleep(1000);
	text = summary_of(world);
	assert_non_null(strstr(text, "\ndict file: DOWN\n  because: "));
	assert_non_null(strstr(text, "/proc/none/f"));
	expect_line(text, "  wait in memory                                    1");
	expect_line(text, "0 lost, 0 unexplained");
	free(text);
	world_close(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_way_of_the_logins_is_printed_whole),
		cmocka_unit_test(what_differs_from_the_usual_is_described),
		cmocka_unit_test(the_age_has_the_unit_that_fits),
		cmocka_unit_test(a_dict_that_is_down_has_its_reason),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
