/* SPDX-License-Identifier: MIT */
/*
 * A writer in a process of its own is killed at any moment, while it writes to a dict that comes
 * and goes and to a spool: the next one on the same ledger and spool knows what became of each
 * record. The test looks at the dict, the spool and the source for itself.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../cmocka_all.h"
#include "base/clock.h"
#include "base/ledger.h"
#include "base/log.h"
#include "fake_dict.h"
#include "store/spool/spool.h"
#include "store/writer/writer.h"

#define KEYS   3000
#define ROUNDS 25
#define EXPOSE 97 /* every so many records */

/* What both processes see, and the test does after the kill. */
struct shared {
	struct fake_dict fake;
	uint64_t submitted; /* keys 1 to this were handed in, each with its number as position */
	uint64_t released;  /* the source has given back the records up to this one */
};

struct kill_case {
	bool spool, expose, down;
};

struct lives {
	struct shared *shared;
	struct ledger ledger;
	char dir[64]; /* of the spool */
	int ledger_fd;
};

static struct lives lives_begin(void)
{
	struct lives lives = {
		.shared = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		.ledger_fd = memfd_create("ledger", MFD_CLOEXEC),
	};
	struct error error;

	assert_ptr_not_equal(lives.shared, MAP_FAILED);
	assert_int_equal(ftruncate(lives.ledger_fd, LEDGER_BYTES), 0);
	assert_int_equal(ledger_map(lives.ledger_fd, &lives.ledger, &error), 0);
	lives.shared->fake.dict.driver = &fake_driver;
	snprintf(lives.dir, sizeof(lives.dir), "/tmp/test_ledger.XXXXXX");
	assert_non_null(mkdtemp(lives.dir));
	return lives;
}

static void lives_end(struct lives *lives)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", lives->dir);
	assert_int_equal(system(command), 0);
	ledger_unmap(&lives->ledger);
	close(lives->ledger_fd);
	munmap(lives->shared, sizeof(struct shared));
}

static struct writer *open_writer(struct lives *lives, bool spool)
{
	const struct spool_options spool_options = {
		.dir = lives->dir, .name = "fake", .synchronous = "off"};
	struct writer_options options = {
		.name = "fake",
		.batch_max = 20,
		.batch_wait_ns = 1,
		.spool_wait_ns = 1,
		.backoff_min_ns = NS_PER_MSEC,
		.backoff_max_ns = 2 * NS_PER_MSEC,
		.ledger = ledger_block(&lives->ledger, "dict"),
		.exposures = lives->shared->released / EXPOSE,
	};
	struct writer *writer = NULL;
	struct error error;

	if (spool)
		assert_int_equal(spool_open(&spool_options, &options.spool, &error), 0);
	assert_int_equal(writer_new(&lives->shared->fake.dict, &options, &writer, &error), 0);
	return writer;
}

static void submit_key(struct writer *writer, uint64_t number)
{
	char key[32];
	const struct writer_record record = {
		.key = {key, (size_t)snprintf(key, sizeof(key), "shared/%llu",
					      (unsigned long long)number)},
		.value = slice_str("1"),
		.time_ns = (int64_t)number,
	};

	(void)writer_submit(writer, &record, number);
}

/* As the collector does: gives back what is safe, or everything. */
static void live(struct lives *lives, const struct kill_case *kill_case)
{
	struct shared *shared = lives->shared;
	struct writer *writer = open_writer(lives, kill_case->spool);

	shared->fake.down = kill_case->down;
	shared->fake.pause = 200;
	for (uint64_t i = 1; i <= KEYS; i++) {
		submit_key(writer, i);
		shared->submitted = i;
		if (kill_case->expose && i % EXPOSE == 0) {
			writer_expose_begin(writer, i, i / EXPOSE);
			shared->released = i;
			writer_expose_end(writer);
		} else if (writer_acked(writer) > shared->released) {
			shared->released = writer_acked(writer);
		}
		if (i % 10 == 0)
			usleep(100);
	}
	for (;;)
		pause();
}

static bool in_spool(sqlite3_stmt *find, const char *key)
{
	bool found;

	if (!find)
		return false;
	sqlite3_reset(find);
	sqlite3_bind_text(find, 1, key, -1, SQLITE_STATIC);
	found = sqlite3_step(find) == SQLITE_ROW;
	sqlite3_reset(find);
	return found;
}

/* How many records are in neither the dict nor the spool, and were given back by the source. */
static uint64_t count_missing(struct lives *lives, bool spool)
{
	sqlite3_stmt *find = NULL;
	sqlite3 *db = NULL;
	uint64_t missing = 0;
	char text[128];

	snprintf(text, sizeof(text), "%s/fake.spool", lives->dir);
	if (spool && sqlite3_open_v2(text, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
		sqlite3_prepare_v2(db, "SELECT 1 FROM pending WHERE key = ?1", -1, &find, NULL);
	for (uint64_t i = 1; i <= lives->shared->released; i++) {
		snprintf(text, sizeof(text), "shared/%llu", (unsigned long long)i);
		missing +=
			!fake_find(&lives->shared->fake, slice_str(text)) && !in_spool(find, text);
	}
	sqlite3_finalize(find);
	sqlite3_close(db);
	return missing;
}

static uint64_t count_durations(const struct durations *durations)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < DURATIONS_BUCKETS; i++)
		count += durations->counts[i];
	return count;
}

static void judge(struct lives *lives, const struct kill_case *kill_case)
{
	uint64_t missing = count_missing(lives, kill_case->spool), maybe;
	struct writer *writer = open_writer(lives, kill_case->spool);
	struct writer_stats stats;

	writer_stats(writer, &stats);
	assert_int_equal(writer_stats_difference(&stats), 0);
	assert_int_equal(count_durations(&stats.stored_after), stats.stored);
	assert_int_equal(stats.written_ns != 0, stats.stored + stats.unchanged > 0);
	maybe = stats.lost[WRITER_LOST_WRITING];
	if (missing < stats.lost[WRITER_LOST_KILLED] ||
	    missing > stats.lost[WRITER_LOST_KILLED] + maybe)
		fail_msg("%llu missing; %llu counted as lost, %llu as perhaps",
			 (unsigned long long)missing,
			 (unsigned long long)stats.lost[WRITER_LOST_KILLED],
			 (unsigned long long)maybe);
	if (!kill_case->expose)
		assert_int_equal(missing, 0);
	writer_free(&writer);
}

static uint64_t lost_in_ledger(struct lives *lives)
{
	struct writer *writer = open_writer(lives, false);
	struct writer_stats stats;

	writer_stats(writer, &stats);
	writer_free(&writer);
	return stats.lost[WRITER_LOST_KILLED] + stats.lost[WRITER_LOST_WRITING];
}

/* Returns how many were lost. */
static uint64_t kill_one(const struct kill_case *kill_case, unsigned int after_us)
{
	struct lives lives = lives_begin();
	uint64_t lost;
	pid_t pid = fork();

	if (pid == 0)
		live(&lives, kill_case);
	usleep(after_us);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	lives.shared->fake.down = true;
	lives.shared->fake.pause = 0;
	judge(&lives, kill_case);
	lost = lost_in_ledger(&lives);
	lives_end(&lives);
	return lost;
}

static uint64_t kill_many(const struct kill_case *kill_case)
{
	uint64_t lost = 0;

	for (unsigned int i = 0; i < ROUNDS; i++)
		lost += kill_one(kill_case, 3000 + 997 * i % 60000);
	return lost;
}

static void nothing_is_lost_while_the_source_has_it(void **state)
{
	(void)state;
	assert_int_equal(kill_many(&(struct kill_case){.spool = false}), 0);
	assert_int_equal(kill_many(&(struct kill_case){.spool = true, .down = true}), 0);
	assert_int_equal(kill_many(&(struct kill_case){.spool = true}), 0);
}

static void what_only_memory_had_is_counted(void **state)
{
	(void)state;
	assert_true(kill_many(&(struct kill_case){.expose = true, .down = true}) > 0);
	assert_true(kill_many(&(struct kill_case){.expose = true}) > 0);
}

static void what_reached_the_spool_is_not_lost(void **state)
{
	(void)state;
	(void)kill_many(&(struct kill_case){.spool = true, .expose = true, .down = true});
	(void)kill_many(&(struct kill_case){.spool = true, .expose = true});
}

/* Of 10 records in memory 4 were exposed; all ends in order, with a dict that is down. */
static void a_writer_that_ends_leaves_the_same_account(void **state)
{
	struct lives lives = lives_begin();
	struct writer *writer = open_writer(&lives, false);
	struct writer_stats stats;

	(void)state;
	fake_set_down(&lives.shared->fake, true);
	for (uint64_t i = 1; i <= 4; i++)
		submit_key(writer, i);
	writer_expose_begin(writer, 4, 1);
	lives.shared->released = EXPOSE;
	writer_expose_end(writer);
	for (uint64_t i = 5; i <= 10; i++)
		submit_key(writer, i);
	writer_free(&writer);
	writer = open_writer(&lives, false);
	writer_stats(writer, &stats);
	assert_int_equal(stats.submitted, 10);
	assert_int_equal(stats.lost[WRITER_LOST_KILLED] + stats.lost[WRITER_LOST_WRITING], 4);
	assert_int_equal(stats.again, 6);
	assert_int_equal(writer_stats_difference(&stats), 0);
	writer_free(&writer);
	lives_end(&lives);
}

/* --- at moments that a kill rarely meets: the ledger of then with what came after ----------- */

/* Writes nothing by itself: the batch of a writer waits for more. */
static struct writer *open_waiting(struct lives *lives, struct spool *spool)
{
	const struct writer_options options = {
		.name = "fake",
		.batch_wait_ns = 60 * NS_PER_SEC,
		.spool = spool,
		.ledger = ledger_block(&lives->ledger, "dict"),
		.exposures = lives->shared->released / EXPOSE,
	};
	struct writer *writer = NULL;
	struct error error;

	assert_int_equal(writer_new(&lives->shared->fake.dict, &options, &writer, &error), 0);
	return writer;
}

static void submit_keys(struct writer *writer, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		submit_key(writer, i);
}

static void next_has(struct lives *lives, bool spool, uint64_t lost, uint64_t again)
{
	struct writer *writer = open_writer(lives, spool);
	struct writer_stats stats;

	writer_stats(writer, &stats);
	writer_free(&writer);
	assert_int_equal(stats.lost[WRITER_LOST_KILLED], lost);
	assert_int_equal(stats.again, again);
	assert_int_equal(writer_stats_difference(&stats), 0);
}

/* The source has given nothing back yet. */
static void an_exposure_that_did_not_take_place_exposes_nothing(void **state)
{
	struct lives lives = lives_begin();
	struct ledger_area *then = malloc(LEDGER_BYTES);
	struct writer *writer = open_waiting(&lives, NULL);

	(void)state;
	fake_set_down(&lives.shared->fake, true);
	submit_keys(writer, 1, 3);
	writer_expose_begin(writer, 3, 1);
	lives.shared->released = EXPOSE;
	writer_expose_end(writer);
	submit_keys(writer, 4, 8);
	writer_expose_begin(writer, 8, 2);
	memcpy(then, lives.ledger.area, LEDGER_BYTES);
	writer_expose_end(writer);
	writer_free(&writer);
	memcpy(lives.ledger.area, then, LEDGER_BYTES);
	next_has(&lives, false, 3, 5);
	free(then);
	lives_end(&lives);
}

/* The spool's transaction took place, and the process ended before it noted so. */
static void what_the_last_transaction_saved_is_not_lost(void **state)
{
	struct lives lives = lives_begin();
	struct ledger_area *then = malloc(LEDGER_BYTES);
	const struct spool_options options = {.dir = lives.dir, .name = "fake"};
	struct spool *spool = NULL;
	struct writer *writer;

	(void)state;
	fake_set_down(&lives.shared->fake, true);
	assert_int_equal(spool_open(&options, &spool, NULL), 0);
	writer = open_waiting(&lives, spool);
	submit_keys(writer, 1, 4);
	writer_expose_begin(writer, 4, 1);
	lives.shared->released = EXPOSE;
	writer_expose_end(writer);
	memcpy(then, lives.ledger.area, LEDGER_BYTES);
	writer_free(&writer); /* to the spool */
	memcpy(lives.ledger.area, then, LEDGER_BYTES);
	next_has(&lives, true, 0, 0);
	free(then);
	lives_end(&lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_while_the_source_has_it),
		cmocka_unit_test(what_only_memory_had_is_counted),
		cmocka_unit_test(what_reached_the_spool_is_not_lost),
		cmocka_unit_test(a_writer_that_ends_leaves_the_same_account),
		cmocka_unit_test(an_exposure_that_did_not_take_place_exposes_nothing),
		cmocka_unit_test(what_the_last_transaction_saved_is_not_lost),
	};

	log_init(LOG_SINK_STDERR, LOG_LEVEL_ERROR, "test_writer_ledger");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
