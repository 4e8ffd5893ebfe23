/* SPDX-License-Identifier: MIT */
/* Stores, spool and writer without memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc_failure.h"
#include "base/clock.h"
#include "store/dict.h"
#include "store/spool/spool.h"
#include "store/writer/writer.h"

#define MINUTE	(60 * NS_PER_SEC)
#define ENTRIES 3

/* --- opening ------------------------------------------------------------------------------- */

static int open_and_close(void *context)
{
	const struct dict_config config = {.uri = context, .where = "test", .home = "/nonexistent"};
	struct dict *dict = NULL;
	struct error error;
	int ret = dict_open(&config, &dict, &error);

	dict_close(&dict);
	return ret;
}

static void dicts_are_opened(void **state)
{
	static char uris[][96] = {
		"memory:",
		"debug:memory:",
		"sqlite:path=/nonexistent:busy_msecs=1:synchronous=full",
		"redis:host=127.0.0.1:path=x:prefix=x:password=x:username=x",
		"redis:host=a,b:7000,[::1]:7001:cluster",
		"file:x:lock=flock",
		"fs:posix:prefix=x:mode=auto",
		"memcached_ascii:host=x:prefix=x",
		"proxy:idle_msecs=1:dict-async:sql",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++)
		assert_true(each_failure(open_and_close, uris[i]) > 0);
}

/* --- writing and reading ------------------------------------------------------------------- */

struct place {
	char dir[64];
	struct dict *dict;
	struct dict_entry entries[ENTRIES];
	char keys[ENTRIES][64], values[ENTRIES][24];
	struct key_part part;
	int64_t time_ns;
};

static int place_setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->dir, sizeof(place->dir), "/tmp/test_alloc.XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	place->time_ns = 1795337984 * NS_PER_SEC;
	*state = place;
	return 0;
}

static int place_teardown(void **state)
{
	struct place *place = *state;
	char command[96];

	countdown = -1;
	dict_close(&place->dict);
	snprintf(command, sizeof(command), "rm -rf %s", place->dir);
	assert_int_equal(system(command), 0);
	free(place);
	return 0;
}

/* Newer than all before, so that each must be stored. */
static void make_entries(struct place *place)
{
	place->part = (struct key_part){"user", 7, 2};
	for (int i = 0; i < ENTRIES; i++) {
		place->time_ns += NS_PER_SEC;
		snprintf(place->keys[i], sizeof(place->keys[i]), "shared/u%d", i);
		snprintf(place->values[i], sizeof(place->values[i]), "%lld",
			 (long long)(place->time_ns / NS_PER_SEC));
		place->entries[i] = (struct dict_entry){.key = slice_str(place->keys[i]),
							.value = slice_str(place->values[i]),
							.time_ns = place->time_ns,
							.parts = &place->part,
							.part_count = 1};
	}
}

static int write_entries(void *context)
{
	struct place *place = context;
	struct error error;
	int ret;

	make_entries(place);
	ret = dict_write(place->dict, place->entries, ENTRIES, clock_monotonic_ns() + MINUTE,
			 &error);
	for (int i = 0; i < ENTRIES; i++) {
		enum dict_outcome outcome = place->entries[i].outcome;

		assert_true(outcome == DICT_STORED || (ret < 0 && outcome == DICT_RETRY));
	}
	return ret;
}

static void ignore_record(const struct dict_record *record, void *context)
{
	(void)record;
	(void)context;
}

static int look_up_entries(void *context)
{
	struct place *place = context;
	struct error error;
	int ret = dict_lookup(place->dict, slice_str("u1"), &place->entries[1].key, 1,
			      clock_monotonic_ns() + MINUTE, ignore_record, NULL, &error);

	if (ret >= 0)
		assert_int_equal(ret, 1);
	return ret < 0 ? ret : 0;
}

static void records_are_written_and_read(void **state)
{
	static const char *const uris[] = {"memory:", "file:%s/dict", "file:%s/dict2:lock=flock",
					   "fs:posix:prefix=%s/d/:no-fsync", "sqlite:path=%s/db"};
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		char uri[128];
		const struct dict_config config = {.uri = uri};
		const char *cut = strstr(uris[i], "%s");
		int len = cut ? (int)(cut - uris[i]) : (int)strlen(uris[i]);

		snprintf(uri, sizeof(uri), "%.*s%s%s", len, uris[i], cut ? place->dir : "",
			 cut ? cut + 2 : "");
		assert_int_equal(dict_open(&config, &place->dict, NULL), 0);
		(void)each_failure(write_entries, place);
		(void)each_failure(look_up_entries, place);
		dict_close(&place->dict);
	}
}

/* --- spool and writer ---------------------------------------------------------------------- */

static int use_spool(void *context)
{
	struct place *place = context;
	const struct spool_options options = {.dir = place->dir, .name = "s"};
	struct spool *spool = NULL;
	struct spool_batch batch = {0};
	struct error error;
	int ret;

	make_entries(place);
	ret = spool_open(&options, &spool, &error);
	if (ret > 0)
		ret = -error.code;
	if (ret == 0)
		ret = spool_apply_outcomes(spool, place->entries, ENTRIES, &error);
	if (ret == 0)
		ret = spool_read(spool, 10, &batch, &error);
	if (ret == 0)
		assert_int_equal(batch.count, ENTRIES);
	spool_batch_release(&batch);
	spool_close(&spool);
	return ret;
}

static void the_spool_is_used(void **state)
{
	assert_true(each_failure(use_spool, *state) > 3);
}

/* The writer owns the dict from the call on, also when it fails. */
static int start_and_submit(void *context)
{
	static const struct dict_config config = {.uri = "memory:"};
	const struct writer_options options = {.name = "test"};
	const struct writer_record record = {.key = slice_str("k"), .value = slice_str("1")};
	struct writer *writer = NULL;
	struct writer_stats stats;
	struct dict *dict;
	struct error error;
	int ret = dict_open(&config, &dict, &error);

	(void)context;
	if (ret == 0)
		ret = writer_new(dict, &options, &writer, &error);
	if (ret < 0)
		return ret;
	ret = writer_submit(writer, &record, 1);
	writer_stats(writer, &stats);
	assert_int_equal(stats.lost[WRITER_LOST_NOMEM], ret == -ENOMEM);
	writer_free(&writer);
	return ret;
}

static void a_writer_is_started_and_takes_records(void **state)
{
	assert_true(each_failure(start_and_submit, *state) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dicts_are_opened),
		cmocka_unit_test_setup_teardown(records_are_written_and_read, place_setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(the_spool_is_used, place_setup, place_teardown),
		cmocka_unit_test(a_writer_is_started_and_takes_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
