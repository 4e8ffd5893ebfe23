/* SPDX-License-Identifier: MIT */
/* What is written and read, and how a connection begins. */
#include "cassandra_case.h"

static void logins_are_stored_with_their_time_as_timestamp(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.count[CQL_EXECUTE], 2 * COUNT);
	assert_int_equal(fake.timestamp, 1795338302210123);
	assert_int_equal(fake.consistency[0], CQL_LOCAL_QUORUM);
	assert_int_equal(fake.connections, 1);
	assert_int_equal(fake.count[CQL_PREPARE], 1);
}

static enum fake_action speak_3_only(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	struct fake_frame reply = *frame;

	(void)fake;
	if (frame->version == 3)
		return FAKE_DEFAULT;
	reply.version = 3;
	fake_error(out, &reply, CQL_E_PROTOCOL, "Invalid or unsupported protocol version (4)",
		   (struct slice){0});
	return FAKE_CLOSE;
}

static void rows_may_expire(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "ttl=90d");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	tear_down(&harness);
	fake_stop(&fake);
	assert_string_equal(fake.statement,
			    "INSERT INTO mails.last_login (last_access,service,userid,last_ip) "
			    "VALUES (?,?,?,?) USING TTL 7776000");
}

static void a_timestamp_column_gets_milliseconds_at_any_precision(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	harness.entries[0].value = slice_str("1795338302");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.value, 1795338302210);
}

/* What Dovecot's own driver does: the digits as they are, the time of sending as timestamp. */
static void strict_mode_writes_what_the_plugin_writes(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;
	int64_t before = clock_wall_ns() / NS_PER_USEC;

	(void)state;
	fake_start(&fake);
	strict = true;
	harness_up(&harness, &fake, "");
	strict = false;
	harness.entries[0].value = slice_str("1795338302");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.value, 1795338302);
	assert_true(fake.timestamp >= before);
	assert_true(fake.timestamp <= clock_wall_ns() / NS_PER_USEC);
}

static void a_block_of_2_4_leads_to_the_same_statement(void **state)
{
	struct fake_cql fake = {0};
	struct conf_section *root = NULL;
	struct dict_config config = {.where = "test"};
	struct dict_entry entry;
	struct harness harness;
	struct error error = {0};
	char text[1024];

	(void)state;
	fake_start(&fake);
	snprintf(text, sizeof(text),
		 "dovecot_config_version = 2.4.0\n"
		 "dict sql {\n"
		 "  driver = sql\n"
		 "  sql_driver = cassandra\n"
		 "  cassandra_hosts = 127.0.0.1\n"
		 "  cassandra_port = %u\n"
		 "  cassandra_keyspace = mails\n"
		 "  dict_map shared/last-login/$service/$user/$remote_ip {\n"
		 "    sql_table = last_login\n"
		 "    value_field last_access {\n"
		 "      type = uint\n"
		 "    }\n"
		 "    key_field userid {\n"
		 "      value = $user\n"
		 "    }\n"
		 "    key_field service {\n"
		 "      value = $service\n"
		 "    }\n"
		 "    key_field last_ip {\n"
		 "      value = $remote_ip\n"
		 "    }\n"
		 "  }\n"
		 "}\n",
		 fake.port);
	if (conf_parse_text(slice_str(text), "x.conf", 0, &root, &error) < 0)
		fail_msg("%s", error.text);
	config.block = conf_section_find(root, "dict", "sql");
	memset(&harness, 0, sizeof(harness));
	if (dict_open(&config, &harness.dict, &error) < 0)
		fail_msg("%s", error.text);
	conf_free(&root);
	make_entry(&harness, 0, "u@example.com");
	entry = harness.entries[0];
	assert_int_equal(
		dict_write(harness.dict, &entry, 1, clock_monotonic_ns() + 30 * NS_PER_SEC, &error),
		0);
	assert_int_equal(entry.outcome, DICT_STORED);
	dict_close(&harness.dict);
	fake_stop(&fake);
	assert_string_equal(fake.statement,
			    "INSERT INTO mails.last_login (last_access,service,userid,last_ip) "
			    "VALUES (?,?,?,?)");
}

static void an_older_protocol_is_spoken_when_the_server_asks(void **state)
{
	struct fake_cql fake = {.twist = speak_3_only};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.connections, 2);
}

static enum fake_action ask_password(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	static const char name[] = "\0\x2forg.apache.cassandra.auth.PasswordAuthenticator";

	if (frame->opcode == CQL_STARTUP) {
		fake_put(out, 4, CQL_AUTHENTICATE, frame->stream,
			 (struct slice){name, sizeof(name) - 1});
		return FAKE_DONE;
	}
	if (frame->opcode == CQL_AUTH_RESPONSE && fake->knob) {
		fake_error(out, frame, CQL_E_CREDENTIALS,
			   "Provided username dovecot and/or password are incorrect",
			   (struct slice){0});
		return FAKE_DONE;
	}
	return FAKE_DEFAULT;
}

static void a_password_is_given_when_asked(void **state)
{
	struct fake_cql fake = {.twist = ask_password};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "user=dovecot password=pass");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.auth_len, 4 + 13);
	assert_memory_equal(fake.auth, "\0\0\0\x0d\0dovecot\0pass", 4 + 13);
}

static void a_wrong_password_is_said_once_without_the_password(void **state)
{
	struct fake_cql fake = {.twist = ask_password, .knob = 1};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "user=dovecot password=wrong");
	assert_int_equal(ping(&harness), -EACCES);
	check_error(&harness, "user dovecot: bad_credentials");
	assert_null(strstr(harness.error.text, "wrong"));
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.connections, 1);
}

static void no_password_where_one_is_needed_is_said(void **state)
{
	struct fake_cql fake = {.twist = ask_password};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), -EACCES);
	check_error(&harness, "asks for a user and a password");
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.count[CQL_AUTH_RESPONSE], 0);
}

static enum fake_action ask_kerberos(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	(void)fake;
	if (frame->opcode != CQL_STARTUP)
		return FAKE_DEFAULT;
	fake_put(out, 4, CQL_AUTHENTICATE, frame->stream,
		 (struct slice){"\0\x0dKerberosThing", 15});
	return FAKE_DONE;
}

static void the_password_goes_to_no_other_authenticator(void **state)
{
	struct fake_cql fake = {.twist = ask_kerberos};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "user=dovecot password=pass");
	assert_int_equal(ping(&harness), -EACCES);
	check_error(&harness, "wants KerberosThing");
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.count[CQL_AUTH_RESPONSE], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logins_are_stored_with_their_time_as_timestamp),
		cmocka_unit_test(rows_may_expire),
		cmocka_unit_test(a_timestamp_column_gets_milliseconds_at_any_precision),
		cmocka_unit_test(strict_mode_writes_what_the_plugin_writes),
		cmocka_unit_test(a_block_of_2_4_leads_to_the_same_statement),
		cmocka_unit_test(an_older_protocol_is_spoken_when_the_server_asks),
		cmocka_unit_test(a_password_is_given_when_asked),
		cmocka_unit_test(a_wrong_password_is_said_once_without_the_password),
		cmocka_unit_test(no_password_where_one_is_needed_is_said),
		cmocka_unit_test(the_password_goes_to_no_other_authenticator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
