/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "hold.h"
#include "scenarios.h"

static void a_killed_server_loses_nothing(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(harness);
	batch_add(batch, &(struct login){"imap", "a", "::1", 1795338300001});
	assert_int_equal(sql_harness_write(harness, batch), 0);
	sql_harness_do(harness, "kill");
	batch_add(batch, &(struct login){"imap", "b", "::2", 1795338300002});
	assert_true(sql_harness_write(harness, batch) < 0);
	for (size_t i = 0; i < 2; i++) {
		assert_true(batch->entries[i].outcome == DICT_RETRY ||
			    batch->entries[i].outcome == DICT_UNCERTAIN);
		assert_true(batch->entries[i].reason[0] != '\0');
	}
	assert_true(sql_harness_write(harness, batch) < 0);
	assert_int_equal(batch->entries[1].outcome, DICT_RETRY);
	sql_harness_do(harness, "start");
	assert_int_equal(sql_harness_write(harness, batch), 0);
	assert_string_equal(all_rows(harness), "a\timap\t1795338300001\t::1\n"
					       "b\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
}

/* The plugin loses the next login when an idle connection was closed. */
static void a_closed_connection_is_made_anew(void **state)
{
	struct sql_harness *harness = *state;

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	if (is_mysql(harness))
		sql_harness_ask(harness, "KILL USER dovetap@localhost;");
	else
		sql_harness_ask(harness,
				"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
				"usename='dovetap';");
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338300002\t::2\n");
}

static void a_hung_server_costs_the_deadline(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(harness);
	batch_add(batch, &(struct login){"imap", "u", "::1", 1795338300001});
	assert_int_equal(sql_harness_write(harness, batch), 0);
	batch_clear(batch);
	batch_add(batch, &(struct login){"imap", "u", "::2", 1795338300002});
	sql_harness_do(harness, "pause");
	assert_int_equal(sql_harness_write_until(harness, batch, 300), -ETIMEDOUT);
	assert_outcome(batch->entries[0].outcome, DICT_UNCERTAIN, batch->entries[0].reason);
	assert_true(sql_harness_write_until(harness, batch, 300) < 0);
	assert_outcome(batch->entries[0].outcome, DICT_RETRY, batch->entries[0].reason);
	sql_harness_do(harness, "resume");
	assert_int_equal(sql_harness_write(harness, batch), 0);
	assert_string_equal(all_rows(harness), "u\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
}

#define LOCK(user) "UPDATE last_login SET last_ip='x' WHERE userid='" user "'"

static void a_locked_row_is_tried_again(void **state)
{
	struct sql_harness *harness = *state;
	struct hold hold;

	if (is_mysql(harness))
		sql_harness_ask(harness, "SET GLOBAL innodb_lock_wait_timeout=1;");
	else
		sql_harness_ask(harness, "ALTER ROLE dovetap SET lock_timeout='100ms';");
	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, harness);
	hold_do(&hold, LOCK("u"));
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338300002}, DICT_RETRY);
	hold_end(&hold);
	if (is_mysql(harness))
		sql_harness_ask(harness, "SET GLOBAL innodb_lock_wait_timeout=50;");
	else
		sql_harness_ask(harness, "ALTER ROLE dovetap RESET lock_timeout;");
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338300002\t::2\n");
}

struct writing {
	struct sql_harness *harness;
	struct batch *batch;
	pthread_t thread;
	int ret;
};

static void *run_write(void *context)
{
	struct writing *writing = context;

	writing->ret = sql_harness_write(writing->harness, writing->batch);
	return NULL;
}

/* Writes in a thread, and returns once the server has it waiting for somebody's lock. */
static void write_into_lock(struct writing *writing)
{
	const char *question =
		is_mysql(writing->harness)
			? "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state='LOCK "
			  "WAIT';"
			: "SELECT count(*) FROM pg_locks WHERE NOT granted;";

	assert_int_equal(pthread_create(&writing->thread, NULL, run_write, writing), 0);
	for (int tries = 0; sql_harness_ask(writing->harness, "%s", question)[0] == '0'; tries++) {
		assert_true(tries < 2000);
		usleep(10000);
	}
}

static void expect_retry_then_stored(struct writing *writing, const char *word)
{
	struct batch *batch = writing->batch;

	for (size_t i = 0; i < batch->count; i++)
		assert_outcome(batch->entries[i].outcome, DICT_RETRY, batch->entries[i].reason);
	if (!strcasestr(batch->entries[0].reason, word))
		fail_msg("%s", batch->entries[0].reason);
	assert_int_equal(sql_harness_write(writing->harness, batch), 0);
	for (size_t i = 0; i < batch->count; i++)
		assert_outcome(batch->entries[i].outcome, DICT_STORED, batch->entries[i].reason);
	batch_clear(batch);
	free(batch);
}

/* We hold a's row and wait for b's; the other one holds b's, and much else that is dear to undo,
 * and comes to want a's. */
static void a_deadlock_is_tried_again(void **state)
{
	struct sql_harness *harness = *state;
	struct writing writing = {.harness = harness, .batch = calloc(1, sizeof(struct batch))};
	struct hold hold;

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "a", "::1", 1795338300001}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "b", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, harness);
	hold_do(&hold, LOCK("b"));
	for (int i = 0; i < 50; i++) {
		char insert[96];

		snprintf(insert, sizeof(insert),
			 "INSERT INTO last_login VALUES ('z%d', 'imap', 1, 'x')", i);
		hold_do(&hold, insert);
	}
	batch_add(writing.batch, &(struct login){"imap", "a", "::2", 1795338300002});
	batch_add(writing.batch, &(struct login){"imap", "b", "::2", 1795338300002});
	write_into_lock(&writing);
	hold_do(&hold, LOCK("a"));
	pthread_join(writing.thread, NULL);
	hold_end(&hold);
	expect_retry_then_stored(&writing, "deadlock");
	assert_string_equal(all_rows(harness), "a\timap\t1795338300002\t::2\n"
					       "b\timap\t1795338300002\t::2\n");
}

static void a_serialization_failure_is_tried_again(void **state)
{
	struct sql_harness *harness = *state;
	struct writing writing = {.harness = harness, .batch = calloc(1, sizeof(struct batch))};
	struct hold hold;

	sql_harness_ask(harness,
			"ALTER ROLE dovetap SET default_transaction_isolation='serializable';");
	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "a", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, harness);
	hold_do(&hold, LOCK("a"));
	batch_add(writing.batch, &(struct login){"imap", "a", "::2", 1795338300002});
	write_into_lock(&writing);
	hold_do(&hold, "COMMIT");
	pthread_join(writing.thread, NULL);
	hold_end(&hold);
	sql_harness_ask(harness, "ALTER ROLE dovetap RESET default_transaction_isolation;");
	expect_retry_then_stored(&writing, "could not serialize");
}

static void a_wrong_password_is_reported_without_it(void **state)
{
	struct sql_harness *harness = *state;
	char connect[256];
	struct error error = {0};

	snprintf(connect, sizeof(connect), "host=%s%s dbname=mails user=dovetap password=hush",
		 harness->dir, is_mysql(harness) ? "/socket" : "");
	sql_harness_open(harness, documented_map, connect, NULL);
	assert_int_equal(ping(harness, &error), -EACCES);
	assert_null(strstr(error.text, "hush"));
	assert_null(strchr(error.text, '\n'));
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1}, DICT_RETRY);
}

static void set_read_only(struct sql_harness *harness, bool on)
{
	if (is_mysql(harness))
		sql_harness_ask(harness, "SET GLOBAL read_only=%d;", on);
	else
		sql_harness_ask(harness, "ALTER ROLE dovetap SET default_transaction_read_only=%s;",
				on ? "on" : "off");
}

static void a_read_only_server_is_waited_for(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(harness);
	set_read_only(harness, true);
	batch_add(batch, &(struct login){"imap", "u", "::1", 1795338300001});
	assert_int_equal(sql_harness_write(harness, batch), -EROFS);
	assert_outcome(batch->entries[0].outcome, DICT_RETRY, batch->entries[0].reason);
	set_read_only(harness, false);
	assert_int_equal(sql_harness_write(harness, batch), 0);
	assert_outcome(batch->entries[0].outcome, DICT_STORED, batch->entries[0].reason);
	batch_clear(batch);
	free(batch);
}

/* The first host is not there, the second is a replica, the third takes writes. */
static void the_first_host_that_takes_writes_is_used(void **state)
{
	struct sql_harness *harness = *state;
	struct sql_harness replica = *harness;
	const char *socket = is_mysql(harness) ? "/socket" : "";
	char connect[512];

	replica.dict = NULL;
	sql_harness_start(&replica);
	set_read_only(&replica, true);
	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_ask(&replica, "%s", documented_schema);
	snprintf(connect, sizeof(connect),
		 "host=/nonexistent%s host=%s%s host=%s%s dbname=mails user=dovetap "
		 "password=sekret maxconns=3",
		 socket, replica.dir, socket, harness->dir, socket);
	sql_harness_open(harness, documented_map, connect, NULL);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338300001\t::1\n");
	assert_string_equal(all_rows(&replica), "");
	sql_harness_stop(&replica);
}

/* Both take writes: the second from when the first is gone. */
static void the_next_host_takes_over(void **state)
{
	struct sql_harness *harness = *state;
	struct sql_harness first = *harness;
	const char *socket = is_mysql(harness) ? "/socket" : "";
	struct batch *batch = calloc(1, sizeof(*batch));
	char connect[512];

	first.dict = NULL;
	sql_harness_start(&first);
	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_ask(&first, "%s", documented_schema);
	snprintf(connect, sizeof(connect),
		 "host=%s%s host=%s%s dbname=mails user=dovetap password=sekret", first.dir, socket,
		 harness->dir, socket);
	sql_harness_open(harness, documented_map, connect, NULL);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	assert_string_equal(all_rows(&first), "u\timap\t1795338300001\t::1\n");
	sql_harness_do(&first, "kill");
	batch_add(batch, &(struct login){"imap", "u", "::2", 1795338300002});
	for (int tries = 0; batch->entries[0].outcome != DICT_STORED; tries++) {
		assert_true(tries < 3);
		sql_harness_write(harness, batch);
	}
	assert_string_equal(all_rows(harness), "u\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
	sql_harness_stop(&first);
}

static void a_replaced_file_is_opened_anew(void **state)
{
	struct sql_harness *harness = *state;
	char from[96], to[96];

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	snprintf(from, sizeof(from), "%s/db", harness->dir);
	snprintf(to, sizeof(to), "%s/old", harness->dir);
	assert_int_equal(rename(from, to), 0);
	sql_harness_ask(harness, "%s", documented_schema);
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338300002\t::2\n");
}

const struct sql_scenario sql_trouble[] = {
	SCENARIO(a_killed_server_loses_nothing, ON_SERVERS),
	SCENARIO(a_closed_connection_is_made_anew, ON_SERVERS),
	SCENARIO(a_hung_server_costs_the_deadline, ON_SERVERS),
	SCENARIO(a_locked_row_is_tried_again, ON_SERVERS),
	SCENARIO(a_deadlock_is_tried_again, ON_SERVERS),
	SCENARIO(a_serialization_failure_is_tried_again, ON_PGSQL),
	SCENARIO(a_wrong_password_is_reported_without_it, ON_SERVERS),
	SCENARIO(a_read_only_server_is_waited_for, ON_SERVERS),
	SCENARIO(the_first_host_that_takes_writes_is_used, ON_SERVERS),
	SCENARIO(the_next_host_takes_over, ON_SERVERS),
	SCENARIO(a_replaced_file_is_opened_anew, ON_SQLITE),
	{0},
};
