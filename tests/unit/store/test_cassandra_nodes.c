/* SPDX-License-Identifier: MIT */
/* Several nodes, some of which are gone. */
#include "cassandra_case.h"

/* The first holds the tokens up to 0, the second those above. */
static void start_two(struct fake_cql *first, struct fake_cql *second)
{
	first->token = "0";
	first->peer = "127.0.0.2";
	first->peer_token = "9223372036854775807";
	first->peer_dc = first->peer_dc ? first->peer_dc : "dc1";
	fake_start(first);
	second->address = "127.0.0.2";
	second->port = first->port;
	second->token = first->peer_token;
	second->dc = first->peer_dc;
	second->peer = "127.0.0.1";
	second->peer_token = "0";
	second->peer_dc = "dc1";
	fake_start(second);
}

static void stop_two(struct fake_cql *first, struct fake_cql *second)
{
	fake_stop(first);
	fake_stop(second);
}

static void each_login_goes_to_the_node_that_holds_it(void **state)
{
	struct fake_cql first = {0}, second = {0};
	struct harness harness;
	unsigned int before;

	(void)state;
	start_two(&first, &second);
	harness_up(&harness, &first, "");
	/* The second node may not be connected yet when the first batch goes out. */
	while (second.count[CQL_EXECUTE] == 0)
		assert_int_equal(write_some(&harness, COUNT, 30), 0);
	before = first.foreign;
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	stop_two(&first, &second);
	assert_int_equal(first.foreign, before);
	assert_int_equal(second.foreign, 0);
	assert_true(first.count[CQL_EXECUTE] > 0);
}

static enum fake_action die(struct fake_cql *fake, const struct fake_frame *frame, struct buf *out)
{
	(void)out;
	if (frame->opcode == CQL_EXECUTE && frame->nth > 20)
		fake->knob = 1;
	return fake->knob ? FAKE_CLOSE : FAKE_DEFAULT;
}

static void a_node_that_dies_under_load_loses_nothing(void **state)
{
	struct fake_cql first = {.twist = die}, second = {0};
	struct harness harness;

	(void)state;
	start_two(&first, &second);
	harness_up(&harness, &first, "");
	while (second.count[CQL_EXECUTE] == 0)
		assert_int_equal(write_some(&harness, 10, 30), 0);
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	stop_two(&first, &second);
}

static enum fake_action keep_silent(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out)
{
	(void)fake, (void)out;
	return frame->opcode == CQL_EXECUTE ? FAKE_DONE : FAKE_DEFAULT;
}

static void a_silent_node_is_passed_over_when_the_settings_say_so(void **state)
{
	struct fake_cql first = {.twist = keep_silent}, second = {0};
	struct harness harness;

	(void)state;
	start_two(&first, &second);
	harness_up(&harness, &first, "execution_retry_interval=100ms execution_retry_times=1");
	/* Until the second node is connected there is nowhere else to go. */
	while (second.count[CQL_EXECUTE] == 0)
		(void)write_some(&harness, 10, 1);
	assert_int_equal(write_some(&harness, 50, 30), 0);
	check_all(&harness, 50, DICT_STORED);
	tear_down(&harness);
	stop_two(&first, &second);
	assert_int_equal(first.connections, 1);
}

static void a_dict_without_a_map_file_is_refused(void **state)
{
	struct dict_config config = {.uri = "cassandra:", .where = "test"};
	struct dict *dict = NULL;
	struct error error;

	(void)state;
	assert_int_equal(dict_open(&config, &dict, &error), -EINVAL);
	assert_non_null(strstr(error.text, "needs a map file: cassandra:/path/to/file"));
}

static void no_server_at_all_is_reported_with_its_address(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	fake_stop(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, 3, 30), -ECONNREFUSED);
	check_all(&harness, 3, DICT_RETRY);
	check_error(&harness, ": Connection refused");
	tear_down(&harness);
}

static void a_node_of_another_data_centre_gets_nothing(void **state)
{
	struct fake_cql first = {.peer_dc = "dc2"}, second = {0};
	struct harness harness;
	int i;

	(void)state;
	start_two(&first, &second);
	harness_up(&harness, &first, "");
	for (i = 0; i < 5; i++)
		assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	stop_two(&first, &second);
	assert_int_equal(second.count[CQL_EXECUTE], 0);
}

static void another_data_centre_steps_in_when_ours_is_gone(void **state)
{
	struct fake_cql first = {.peer_dc = "dc2", .twist = die}, second = {0};
	struct harness harness;

	(void)state;
	start_two(&first, &second);
	harness_up(&harness, &first, "write_consistency=quorum");
	while (second.count[CQL_EXECUTE] == 0)
		(void)write_some(&harness, COUNT, 5);
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	stop_two(&first, &second);
	assert_true(first.count[CQL_EXECUTE] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_login_goes_to_the_node_that_holds_it),
		cmocka_unit_test(a_node_that_dies_under_load_loses_nothing),
		cmocka_unit_test(a_silent_node_is_passed_over_when_the_settings_say_so),
		cmocka_unit_test(a_dict_without_a_map_file_is_refused),
		cmocka_unit_test(no_server_at_all_is_reported_with_its_address),
		cmocka_unit_test(a_node_of_another_data_centre_gets_nothing),
		cmocka_unit_test(another_data_centre_steps_in_when_ours_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
