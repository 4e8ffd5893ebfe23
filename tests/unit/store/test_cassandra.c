/* SPDX-License-Identifier: MIT */
/* The Cassandra driver against scripted servers: refusals, failures, and servers that are broken.
 */
#include "base/clock.h"
#include "conf/parse.h"
#include "fake_cql.h"
#include "store/dict.h"

#define COUNT	200
#define KEY_MAX 96

/* A dict on one or two fake nodes, and COUNT logins for it. */
struct harness {
	char path[32];
	struct dict *dict;
	struct error error;
	struct dict_entry entries[COUNT];
	struct key_part parts[COUNT][3];
	char keys[COUNT][KEY_MAX];
};

static void make_entry(struct harness *harness, size_t i, const char *user)
{
	char *key = harness->keys[i];
	struct key_part *parts = harness->parts[i];

	snprintf(key, KEY_MAX, "shared/last-login/imap/%s/192.0.2.1", user);
	parts[0] = (struct key_part){"service", 18, 4};
	parts[1] = (struct key_part){"user", 23, (uint32_t)strlen(user)};
	parts[2] = (struct key_part){"remote_ip", 24 + (uint32_t)strlen(user), 9};
	harness->entries[i] = (struct dict_entry){.key = slice_str(key),
						  .value = slice_str("1795338302210"),
						  .time_ns = 1795338302210123456,
						  .parts = parts,
						  .part_count = 3};
}

static bool strict; /* of the next harness */

static void harness_up(struct harness *harness, const struct fake_cql *fake, const char *more)
{
	char uri[64], user[32];
	struct dict_config config = {.uri = uri, .where = "test", .strict = strict};
	FILE *file;
	size_t i;

	memset(harness, 0, sizeof(*harness));
	snprintf(harness->path, sizeof(harness->path), "/tmp/test_cassandra.XXXXXX");
	file = fdopen(mkstemp(harness->path), "w");
	assert_non_null(file);
	fprintf(file,
		"connect = host=127.0.0.1 port=%u dbname=mails %s\n"
		"map {\n"
		"  pattern = shared/last-login/$service/$user/$remote_ip\n"
		"  table = last_login\n"
		"  value_field = last_access\n"
		"  value_type = uint\n"
		"  fields {\n"
		"    userid = $user\n"
		"    service = $service\n"
		"    last_ip = $remote_ip\n"
		"  }\n"
		"}\n",
		fake->port, more);
	fclose(file);
	snprintf(uri, sizeof(uri), "cassandra:%s", harness->path);
	if (dict_open(&config, &harness->dict, &harness->error) < 0)
		fail_msg("%s", harness->error.text);
	for (i = 0; i < COUNT; i++) {
		snprintf(user, sizeof(user), "u%zu@example.com", i);
		make_entry(harness, i, user);
	}
}

static void tear_down(struct harness *harness)
{
	dict_close(&harness->dict);
	unlink(harness->path);
}

static int write_some(struct harness *harness, size_t count, int64_t seconds)
{
	return dict_write(harness->dict, harness->entries, count,
			  clock_monotonic_ns() + seconds * NS_PER_SEC, &harness->error);
}

static int ping(struct harness *harness)
{
	return dict_ping(harness->dict, clock_monotonic_ns() + 30 * NS_PER_SEC, &harness->error);
}

static void check_all(const struct harness *harness, size_t count, enum dict_outcome outcome)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (harness->entries[i].outcome != outcome)
			fail_msg("%zu: %s: %s", i, dict_outcome_name(harness->entries[i].outcome),
				 harness->entries[i].reason);
	}
}

static void check_reason(const struct harness *harness, const char *reason)
{
	if (!strstr(harness->entries[0].reason, reason))
		fail_msg("%s, not %s", harness->entries[0].reason, reason);
}

static void check_error(const struct harness *harness, const char *text)
{
	if (!strstr(harness->error.text, text))
		fail_msg("%s, not %s", harness->error.text, text);
}

/* --- what works ------------------------------------------------------------------------------ */

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

/* --- the schema ------------------------------------------------------------------------------ */

static void a_column_of_the_wrong_type_is_named_at_start(void **state)
{
	struct fake_cql fake = {.value_type = CQL_TYPE_VARCHAR};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), -EINVAL);
	check_error(&harness,
		    "column last_access of last_login has the type text, which cannot hold "
		    "a uint; change value_type or the column");
	assert_int_not_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_RETRY);
	tear_down(&harness);
	fake_stop(&fake);
}

static enum fake_action no_table(struct fake_cql *fake, const struct fake_frame *frame,
				 struct buf *out)
{
	(void)fake;
	if (frame->opcode != CQL_PREPARE)
		return FAKE_DEFAULT;
	fake_error(out, frame, CQL_E_INVALID, "table last_login does not exist", (struct slice){0});
	return FAKE_DONE;
}

static void a_missing_table_is_named_at_start(void **state)
{
	struct fake_cql fake = {.twist = no_table};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), -EINVAL);
	check_error(&harness, ":2: invalid: table last_login does not exist");
	tear_down(&harness);
	fake_stop(&fake);
}

static void keys_and_values_that_do_not_fit_are_refused_one_by_one(void **state)
{
	struct fake_cql fake = {0};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	make_entry(&harness, 0, "u\xff@example.com");
	harness.entries[1].key = slice_str("shared/elsewhere");
	assert_int_equal(write_some(&harness, 3, 30), 0);
	check_all(&harness, 2, DICT_REFUSED);
	check_reason(&harness, "column userid: byte 2 is not UTF-8");
	assert_non_null(strstr(harness.entries[1].reason, "unmapped key"));
	assert_int_equal(harness.entries[2].outcome, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
}

/* --- errors of single writes ----------------------------------------------------------------- */

static enum fake_action forget_statement(struct fake_cql *fake, const struct fake_frame *frame,
					 struct buf *out)
{
	if (frame->opcode != CQL_EXECUTE || fake->count[CQL_PREPARE] > 1)
		return FAKE_DEFAULT;
	fake_error(out, frame, CQL_E_UNPREPARED, "no such statement",
		   (struct slice){"\0\020"
				  "0123456789abcdef",
				  18});
	return FAKE_DONE;
}

static void a_forgotten_statement_is_prepared_again(void **state)
{
	struct fake_cql fake = {.twist = forget_statement};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.count[CQL_PREPARE], 2);
}

#define UNAVAILABLE ((struct slice){"\0\6\0\0\0\2\0\0\0\1", 10})
#define TIMEOUT	    ((struct slice){"\0\6\0\0\0\1\0\0\0\2\0\6SIMPLE", 18})

/* Answers the first knob EXECUTEs with an error. */
static enum fake_action fail_writes(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out, int32_t code, struct slice rest)
{
	if (frame->opcode != CQL_EXECUTE || frame->nth > (unsigned int)fake->knob)
		return FAKE_DEFAULT;
	fake_error(out, frame, code, "scripted", rest);
	return FAKE_DONE;
}

static enum fake_action unavailable(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_UNAVAILABLE, UNAVAILABLE);
}

static enum fake_action write_timeout(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_WRITE_TIMEOUT, TIMEOUT);
}

static enum fake_action overloaded(struct fake_cql *fake, const struct fake_frame *frame,
				   struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_OVERLOADED, (struct slice){0});
}

static enum fake_action invalid(struct fake_cql *fake, const struct fake_frame *frame,
				struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_INVALID, (struct slice){0});
}

static enum fake_action unauthorized(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	return fail_writes(fake, frame, out, CQL_E_UNAUTHORIZED, (struct slice){0});
}

static void missing_replicas_lead_to_the_fallback_consistency_once(void **state)
{
	struct fake_cql fake = {.twist = unavailable, .knob = 1};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "write_fallback_consistency=local-one");
	assert_int_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.consistency[0], CQL_LOCAL_QUORUM);
	assert_int_equal(fake.consistency[1], CQL_LOCAL_ONE);
}

static void errors_of_the_server_decide_the_outcome(void **state)
{
	static const struct {
		enum fake_action (*twist)(struct fake_cql *, const struct fake_frame *,
					  struct buf *);
		enum dict_outcome outcome;
		unsigned int executes;
		const char *reason;
	} cases[] = {
		{unavailable, DICT_RETRY, 2, "unavailable: 1 of 2 replicas at local-quorum"},
		{write_timeout, DICT_UNCERTAIN, 2, "write_timeout: 1 of 2 replicas"},
		{overloaded, DICT_RETRY, 2, "overloaded: scripted"},
		{invalid, DICT_REFUSED, 1, "invalid: scripted"},
		{unauthorized, DICT_RETRY, 1, "unauthorized: scripted"},
	};
	struct harness harness;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fake_cql fake = {.twist = cases[i].twist, .knob = 1000};

		fake_start(&fake);
		harness_up(&harness, &fake, "");
		assert_int_equal(write_some(&harness, 1, 30), 0);
		check_all(&harness, 1, cases[i].outcome);
		check_reason(&harness, cases[i].reason);
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], cases[i].executes);
	}
}

/* --- servers that are broken ----------------------------------------------------------------- */

enum breakage {
	OVERSIZED,
	WRONG_STREAM,
	NEGATIVE_STREAM,
	UNKNOWN_OPCODE,
	REQUEST_OPCODE,
	TRUNCATED,
	GARBAGE,
	MALFORMED,
	COMPRESSED,
	EVENT_ON_STREAM,
	ANSWER_TWICE,
	HANG_UP,
	SILENCE,
	BREAKAGE_COUNT
};

static enum fake_action break_at(struct fake_cql *fake, const struct fake_frame *frame,
				 struct buf *out, uint8_t opcode)
{
	if (frame->opcode != opcode)
		return FAKE_DEFAULT;
	switch ((enum breakage)fake->knob) {
	case OVERSIZED:
		buf_append(out, "\x84\0\0\0\x08\x7f\xff\xff\xff", 9);
		return FAKE_DONE;
	case WRONG_STREAM:
		fake_put(out, 4, CQL_READY, (int16_t)(frame->stream + 77), (struct slice){0});
		return FAKE_DONE;
	case NEGATIVE_STREAM:
		fake_put(out, 4, CQL_READY, -2, (struct slice){0});
		return FAKE_DONE;
	case UNKNOWN_OPCODE:
		fake_put(out, 4, 0x66, frame->stream, (struct slice){0});
		return FAKE_DONE;
	case REQUEST_OPCODE:
		fake_put(out, 4, CQL_EXECUTE, frame->stream, (struct slice){0});
		return FAKE_DONE;
	case TRUNCATED:
		buf_append(out, "\x84\0\0\0\x08\0\0\0\x20half of it", 19);
		return FAKE_CLOSE;
	case GARBAGE:
		buf_append(out, "\x15\x03\x01\x00\x02\x02\x50HTTP/1.1 400 Bad Request\r\n", 33);
		return FAKE_DONE;
	case MALFORMED:
		fake_put(out, 4, CQL_RESULT, frame->stream, (struct slice){"\0\0\0\4\xff\xff", 6});
		return FAKE_DONE;
	case COMPRESSED:
		buf_append(out, "\x84\x01\0\0\x08\0\0\0\0", 9);
		return FAKE_DONE;
	case EVENT_ON_STREAM:
		fake_put(out, 4, CQL_EVENT, frame->stream, (struct slice){"\0\1x\0\1y", 6});
		return FAKE_DONE;
	case ANSWER_TWICE:
		fake_answer(fake, frame, out);
		fake_answer(fake, frame, out);
		return FAKE_DONE;
	case HANG_UP:
		return FAKE_CLOSE;
	default:
		return FAKE_DONE;
	}
}

static enum fake_action break_options(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_OPTIONS);
}

static enum fake_action break_prepare(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_PREPARE);
}

static enum fake_action break_execute(struct fake_cql *fake, const struct fake_frame *frame,
				      struct buf *out)
{
	return break_at(fake, frame, out, CQL_EXECUTE);
}

static void a_broken_start_ends_with_a_reason(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_options, .knob = knob};
		struct harness harness;

		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		assert_true(write_some(&harness, 5, 30) < 0);
		check_all(&harness, 5, DICT_RETRY);
		check_error(&harness, "no Cassandra node can be used: 127.0.0.1:");
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], 0);
	}
}

static void a_broken_prepare_ends_with_a_reason(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_prepare, .knob = knob};
		struct harness harness;

		if (knob == ANSWER_TWICE) /* by then the next request may be under way */
			continue;
		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		assert_true(write_some(&harness, 5, 30) < 0);
		check_all(&harness, 5, DICT_RETRY);
		tear_down(&harness);
		fake_stop(&fake);
		assert_int_equal(fake.count[CQL_EXECUTE], 0);
	}
}

/* Nothing is lost from sight: what was sent and not answered is uncertain. */
static void a_broken_answer_leaves_writes_uncertain(void **state)
{
	int knob;

	(void)state;
	for (knob = 0; knob < BREAKAGE_COUNT; knob++) {
		struct fake_cql fake = {.twist = break_execute, .knob = knob};
		struct harness harness;
		size_t i;

		fake_start(&fake);
		harness_up(&harness, &fake, "connect_timeout=200ms");
		(void)write_some(&harness, 5, 30);
		for (i = 0; i < 5; i++) {
			enum dict_outcome outcome = harness.entries[i].outcome;

			if (outcome != DICT_UNCERTAIN && outcome != DICT_RETRY &&
			    (outcome != DICT_STORED || knob != ANSWER_TWICE))
				fail_msg("%d: %s", knob, dict_outcome_name(outcome));
		}
		tear_down(&harness);
		fake_stop(&fake);
		assert_true(fake.count[CQL_EXECUTE] > 0);
	}
}

static enum fake_action answer_late(struct fake_cql *fake, const struct fake_frame *frame,
				    struct buf *out)
{
	(void)out;
	if (frame->opcode != CQL_EXECUTE)
		return FAKE_DEFAULT;
	/* The first is answered when the second comes. */
	if (frame->nth == 1) {
		fake->knob = frame->stream;
		return FAKE_DONE;
	}
	if (frame->nth == 2) {
		struct fake_frame first = *frame;

		first.stream = (int16_t)fake->knob;
		fake_void(&first, out);
	}
	return FAKE_DEFAULT;
}

static void an_answer_behind_the_deadline_disturbs_nobody(void **state)
{
	struct fake_cql fake = {.twist = answer_late};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(ping(&harness), 0);
	assert_int_equal(write_some(&harness, 1, 1), -ETIMEDOUT);
	check_all(&harness, 1, DICT_UNCERTAIN);
	assert_int_equal(write_some(&harness, 1, 30), 0);
	check_all(&harness, 1, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
	assert_int_equal(fake.connections, 1);
}

static enum fake_action flood_events(struct fake_cql *fake, const struct fake_frame *frame,
				     struct buf *out)
{
	static const char schema[] = "\0\x0dSCHEMA_CHANGE\0\7UPDATED\0\5TABLE\0\5mails\0\1t";
	static const char status[] = "\0\x0dSTATUS_CHANGE\0\2UP\4\x7f\0\0\1\0\0\x23\x52";
	int i;

	(void)fake;
	if (frame->opcode == CQL_EXECUTE || frame->opcode == CQL_PREPARE) {
		for (i = 0; i < 100; i++) {
			fake_put(out, 4, CQL_EVENT, -1, (struct slice){schema, sizeof(schema) - 1});
			fake_put(out, 4, CQL_EVENT, -1, (struct slice){status, sizeof(status) - 1});
		}
	}
	return FAKE_DEFAULT;
}

static void a_flood_of_events_does_not_stop_writes(void **state)
{
	struct fake_cql fake = {.twist = flood_events};
	struct harness harness;

	(void)state;
	fake_start(&fake);
	harness_up(&harness, &fake, "");
	assert_int_equal(write_some(&harness, COUNT, 30), 0);
	check_all(&harness, COUNT, DICT_STORED);
	tear_down(&harness);
	fake_stop(&fake);
}

/* --- two nodes ------------------------------------------------------------------------------- */

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
		cmocka_unit_test(a_column_of_the_wrong_type_is_named_at_start),
		cmocka_unit_test(a_missing_table_is_named_at_start),
		cmocka_unit_test(keys_and_values_that_do_not_fit_are_refused_one_by_one),
		cmocka_unit_test(a_forgotten_statement_is_prepared_again),
		cmocka_unit_test(missing_replicas_lead_to_the_fallback_consistency_once),
		cmocka_unit_test(errors_of_the_server_decide_the_outcome),
		cmocka_unit_test(a_broken_start_ends_with_a_reason),
		cmocka_unit_test(a_broken_prepare_ends_with_a_reason),
		cmocka_unit_test(a_broken_answer_leaves_writes_uncertain),
		cmocka_unit_test(an_answer_behind_the_deadline_disturbs_nobody),
		cmocka_unit_test(a_flood_of_events_does_not_stop_writes),
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
