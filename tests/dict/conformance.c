/* SPDX-License-Identifier: MIT */
/*
 * The same scenarios for every driver: conformance [SUBJECT...]. The drivers and their stores are
 * in subjects.c.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "../hostile.h"
#include "../unit/cmocka_all.h"
#include "base/clock.h"
#include "history.h"
#include "subject.h"

#define BASE_SECS  1795337984LL
#define TIME_LIMIT (20 * NS_PER_SEC) /* for stores that work */
#define IMPATIENT  (300 * NS_PER_MSEC)
#define USER_MAX   700

/* --- records ------------------------------------------------------------------------------- */

/* "shared/last-login/SERVICE/USER/IP" with its parts. */
struct login {
	char key[USER_MAX + 128];
	char value[32];
	struct key_part parts[3];
	struct slice user, service;
};

static uint32_t append_part(struct login *login, size_t *len, struct key_part *part,
			    const char *variable, struct slice text)
{
	memcpy(login->key + *len, text.ptr, text.len);
	*part = (struct key_part){variable, (uint32_t)*len, (uint32_t)text.len};
	*len += text.len;
	login->key[(*len)++] = '/';
	return part->offset;
}

static struct dict_entry make_entry(struct login *login, struct slice user, const char *service,
				    const char *ip, int64_t time_ns)
{
	size_t len = strlen("shared/last-login/");

	memcpy(login->key, "shared/last-login/", len);
	append_part(login, &len, &login->parts[0], "service", slice_str(service));
	login->user = (struct slice){login->key + len, user.len};
	append_part(login, &len, &login->parts[1], "user", user);
	append_part(login, &len, &login->parts[2], "remote_ip", slice_str(ip));
	login->service = (struct slice){login->key + login->parts[0].offset, strlen(service)};
	snprintf(login->value, sizeof(login->value), "%lld", (long long)(time_ns / NS_PER_MSEC));
	return (struct dict_entry){.key = {login->key, len - 1},
				   .value = slice_str(login->value),
				   .time_ns = time_ns,
				   .parts = login->parts,
				   .part_count = 3};
}

static int64_t at_secs(int64_t secs)
{
	return (BASE_SECS + secs) * NS_PER_SEC;
}

static int64_t limit(void)
{
	return clock_monotonic_ns() + TIME_LIMIT;
}

static void write_ok(struct harness *harness, struct dict_entry *entries, size_t count)
{
	struct error error = {0};

	if (dict_write(harness->dict, entries, count, limit(), &error) < 0)
		fail_msg("%s: %s", harness->subject->name, error.text);
}

static enum dict_outcome put(struct harness *harness, const char *user, const char *ip,
			     int64_t secs)
{
	struct login login;
	struct dict_entry entry = make_entry(&login, slice_str(user), "imap", ip, at_secs(secs));

	write_ok(harness, &entry, 1);
	return entry.outcome;
}

struct found {
	struct slice service;
	char value[4096];
	size_t value_len;
	char ip[64];
	int count;
};

static void take(const struct dict_record *record, void *context)
{
	struct found *found = context;

	if (record->service.len > 0 && !slice_equal(record->service, found->service))
		return;
	assert_true(record->value.len <= sizeof(found->value));
	if (record->value.len > 0)
		memcpy(found->value, record->value.ptr, record->value.len);
	found->value_len = record->value.len;
	snprintf(found->ip, sizeof(found->ip), "%.*s", (int)record->remote_ip.len,
		 record->remote_ip.ptr ? record->remote_ip.ptr : "");
	found->count++;
}

static struct found find(struct harness *harness, const struct login *login,
			 const struct dict_entry *entry)
{
	struct found found = {.service = login->service};
	struct error error = {0};

	if (dict_lookup(harness->dict, login->user, &entry->key, 1, limit(), take, &found, &error) <
	    0)
		fail_msg("%s: %s", harness->subject->name, error.text);
	return found;
}

/* A store that compares in silence calls every write stored. */
static void expect_outcome(const struct harness *harness, enum dict_outcome outcome,
			   enum dict_outcome expected)
{
	if (expected == DICT_UNCHANGED && harness->subject->traits & TRAIT_BLIND)
		expected = DICT_STORED;
	assert_int_equal(outcome, expected);
}

static void expect_record(struct harness *harness, const struct login *login,
			  const struct dict_entry *entry, struct slice value)
{
	struct found found = find(harness, login, entry);

	if (found.count != 1)
		fail_msg("%d records of '%.*s'", found.count, (int)entry->key.len, entry->key.ptr);
	assert_int_equal(found.value_len, value.len);
	assert_memory_equal(found.value, value.ptr, value.len);
}

static void expect_secs(struct harness *harness, const char *user, const char *ip, int64_t secs)
{
	struct login login;
	struct dict_entry entry = make_entry(&login, slice_str(user), "imap", ip, at_secs(secs));

	expect_record(harness, &login, &entry, entry.value);
	if (harness->subject->traits & TRAIT_ROW)
		assert_string_equal(find(harness, &login, &entry).ip, ip);
}

/* --- scenarios ------------------------------------------------------------------------------- */

static void a_record_is_stored_and_found(void **state)
{
	assert_int_equal(put(*state, "u@example.com", "192.0.2.1", 1), DICT_STORED);
	expect_secs(*state, "u@example.com", "192.0.2.1", 1);
}

static void nobody_is_not_found(void **state)
{
	struct login login;
	struct dict_entry entry = make_entry(&login, slice_str("nobody"), "imap", "::1", 0);

	assert_int_equal(find(*state, &login, &entry).count, 0);
}

static void the_newest_wins_in_any_order(void **state)
{
	static const int orders[][3] = {{1, 2, 3}, {1, 3, 2}, {2, 1, 3},
					{2, 3, 1}, {3, 1, 2}, {3, 2, 1}};

	for (int i = 0; i < 6; i++) {
		char user[16];
		int newest = 0;

		snprintf(user, sizeof(user), "order%d", i);
		for (int k = 0; k < 3; k++) {
			int secs = orders[i][k];

			expect_outcome(*state, put(*state, user, "192.0.2.1", secs),
				       secs > newest ? DICT_STORED : DICT_UNCHANGED);
			newest = secs > newest ? secs : newest;
		}
		expect_secs(*state, user, "192.0.2.1", 3);
	}
}

static void a_replay_changes_nothing(void **state)
{
	assert_int_equal(put(*state, "u", "192.0.2.1", 5), DICT_STORED);
	expect_outcome(*state, put(*state, "u", "192.0.2.1", 5), DICT_UNCHANGED);
	expect_secs(*state, "u", "192.0.2.1", 5);
}

static void time_and_address_move_together(void **state)
{
	struct harness *harness = *state;

	put(harness, "u", "192.0.2.1", 1);
	put(harness, "u", "2001:db8::2", 3);
	put(harness, "u", "192.0.2.3", 2);
	expect_secs(harness, "u", "2001:db8::2", 3);
}

static void services_are_kept_apart(void **state)
{
	struct login imap, pop3;
	struct dict_entry entries[] = {
		make_entry(&imap, slice_str("u"), "imap", "192.0.2.1", at_secs(1)),
		make_entry(&pop3, slice_str("u"), "pop3", "192.0.2.1", at_secs(2)),
	};

	write_ok(*state, entries, 2);
	expect_record(*state, &imap, &entries[0], entries[0].value);
	expect_record(*state, &pop3, &entries[1], entries[1].value);
}

/* Which of four entries were handed out, each with its own value. */
struct many {
	const struct dict_entry *entries;
	int count;
	unsigned int found;
};

static bool is_record_of(const struct dict_record *record, const struct dict_entry *entry)
{
	struct slice service = {0};

	if (record->key.len > 0)
		return slice_equal(record->key, entry->key);
	return dict_entry_part(entry, "service", &service) && slice_equal(record->service, service);
}

static void take_many(const struct dict_record *record, void *context)
{
	struct many *many = context;

	many->count++;
	for (int i = 0; i < 4; i++) {
		if (is_record_of(record, &many->entries[i]) &&
		    slice_equal(record->value, many->entries[i].value))
			many->found |= 1U << i;
	}
}

/* The keys of a user, as "lookup" and "check" ask for them: some are there, one is not. */
static void a_lookup_of_several_keys_finds_each(void **state)
{
	static const char *const services[] = {"imap", "pop3", "none", "lmtp"};
	struct harness *harness = *state;
	struct login logins[4];
	struct dict_entry entries[4];
	struct slice keys[4];
	struct many many = {.entries = entries};
	struct error error = {0};

	for (int i = 0; i < 4; i++) {
		entries[i] = make_entry(&logins[i], slice_str("u"), services[i], "192.0.2.1",
					at_secs(i + 1));
		keys[i] = entries[i].key;
	}
	write_ok(harness, entries, 2);
	write_ok(harness, &entries[3], 1);
	put(harness, "another", "192.0.2.1", 9);
	if (dict_lookup(harness->dict, logins[0].user, keys, 4, limit(), take_many, &many, &error) <
	    0)
		fail_msg("%s: %s", harness->subject->name, error.text);
	assert_int_equal(many.count, 3);
	assert_int_equal(many.found, 1 << 0 | 1 << 1 | 1 << 3);
}

static void another_precision_still_compares(void **state)
{
	struct harness *harness = *state;
	struct login login;
	struct dict_entry entry = make_entry(&login, slice_str("u"), "imap", "::1", at_secs(9));

	entry.value = slice_str("1795337993000000000");
	write_ok(harness, &entry, 1);
	entry.time_ns = at_secs(8);
	entry.value = slice_str("1795337992");
	write_ok(harness, &entry, 1);
	assert_int_equal(entry.outcome, DICT_UNCHANGED);
	entry.time_ns = at_secs(10);
	entry.value = slice_str("1795337994");
	write_ok(harness, &entry, 1);
	assert_int_equal(entry.outcome, DICT_STORED);
	expect_record(harness, &login, &entry, entry.value);
}

static void check_hostile(struct harness *harness, struct slice user)
{
	struct login login;
	struct dict_entry entry = make_entry(&login, user, "imap", "192.0.2.1", at_secs(1));

	write_ok(harness, &entry, 1);
	if (harness->subject->refuses && harness->subject->refuses(entry.key)) {
		assert_int_equal(entry.outcome, DICT_REFUSED);
		return;
	}
	if (entry.outcome != DICT_STORED)
		fail_msg("'%.*s': %s: %s", (int)user.len, user.ptr,
			 dict_outcome_name(entry.outcome), entry.reason);
	expect_record(harness, &login, &entry, entry.value);
}

static void check_name(struct slice name, void *context)
{
	check_hostile(context, name);
}

static void hostile_names_are_stored_exactly_or_refused(void **state)
{
	char all_bytes[256];

	assert_true(hostile_each(check_name, *state) > 50);
	for (int i = 0; i < 256; i++) {
		all_bytes[i] = (char)i;
		check_hostile(*state, (struct slice){&all_bytes[i], 1});
	}
	check_hostile(*state, (struct slice){all_bytes, sizeof(all_bytes)});
}

/* Two names that a careless store would take for one, or cut in the same place. */
static void names_that_look_alike_stay_two(void **state)
{
	static const char *const pairs[][2] = {
		{"user", "USER"},
		{"\xc3\xa9", "e\xcc\x81"},
		{"u", "u "},
		{"1", "01"},
		{"a", "\xe2\x80\x8b"
		      "a"},
	};

	int compared = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct harness *harness = *state;
		struct login login;
		struct dict_entry entry =
			make_entry(&login, slice_str(pairs[i][1]), "imap", "::1", 0);

		if (harness->subject->refuses && harness->subject->refuses(entry.key))
			continue;
		put(harness, pairs[i][0], "::1", 5);
		put(harness, pairs[i][1], "::1", 3);
		expect_secs(harness, pairs[i][0], "::1", 5);
		expect_secs(harness, pairs[i][1], "::1", 3);
		compared++;
	}
	assert_true(compared > 0);
}

static void hostile_values_are_stored_exactly(void **state)
{
	struct harness *harness = *state;
	struct login login;
	struct dict_entry entry;
	char all_bytes[256];

	for (int i = 0; i < 256; i++)
		all_bytes[i] = (char)i;
	entry = make_entry(&login, slice_str("u"), "imap", "192.0.2.1", at_secs(1));
	entry.value = (struct slice){all_bytes, sizeof(all_bytes)};
	write_ok(harness, &entry, 1);
	expect_record(harness, &login, &entry, entry.value);
	entry = make_entry(&login, slice_str("zeros"), "imap", "192.0.2.1", at_secs(1));
	entry.value = slice_str("0017");
	write_ok(harness, &entry, 1);
	expect_record(harness, &login, &entry, entry.value);
}

static void batch_of(struct harness *harness, size_t count)
{
	struct login *logins = calloc(count, sizeof(*logins));
	struct dict_entry *entries = calloc(count, sizeof(*entries));
	char user[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(user, sizeof(user), "batch%zu-%zu@example.com", count, i);
		entries[i] = make_entry(&logins[i], slice_str(user), "imap", "192.0.2.1",
					at_secs((int64_t)i));
	}
	write_ok(harness, entries, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(entries[i].outcome, DICT_STORED);
	for (size_t i = 0; i < count; i += 1 + count / 7)
		expect_record(harness, &logins[i], &entries[i], entries[i].value);
	write_ok(harness, entries, count);
	for (size_t i = 0; i < count; i++)
		expect_outcome(harness, entries[i].outcome, DICT_UNCHANGED);
	free(entries);
	free(logins);
}

static void batches_of_any_size_give_every_entry_its_outcome(void **state)
{
	static const size_t sizes[] = {1, 2, 3, 100, 1000, 5000};
	struct harness *harness = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (sizes[i] <= 1000 || !(harness->subject->traits & TRAIT_SLOW))
			batch_of(harness, sizes[i]);
	}
	assert_int_equal(dict_write(harness->dict, NULL, 0, limit(), NULL), 0);
}

static void a_key_may_stand_twice_in_a_batch(void **state)
{
	static const int64_t orders[][2] = {{1, 2}, {2, 1}};
	char user[8];

	for (int i = 0; i < 2; i++) {
		struct login a, b;
		struct dict_entry entries[2];

		snprintf(user, sizeof(user), "twice%d", i);
		entries[0] = make_entry(&a, slice_str(user), "imap", "::1", at_secs(orders[i][0]));
		entries[1] = make_entry(&b, slice_str(user), "imap", "::1", at_secs(orders[i][1]));
		write_ok(*state, entries, 2);
		expect_secs(*state, user, "::1", 2);
		assert_int_equal(entries[i == 0].outcome, DICT_STORED);
	}
}

static void records_survive_closing(void **state)
{
	struct harness *harness = *state;

	put(harness, "u", "192.0.2.1", 4);
	dict_close(&harness->dict);
	assert_int_equal(dict_open(&harness->config, &harness->dict, NULL), 0);
	expect_secs(harness, "u", "192.0.2.1", 4);
	expect_outcome(harness, put(harness, "u", "192.0.2.1", 3), DICT_UNCHANGED);
}

static void old_records_expire(void **state)
{
	const struct slice ours = slice_str("shared/last-login/imap/x/x");
	const struct dict_expiry expiry = {
		.older_than_ns = at_secs(5), .limit = 3, .keys = &ours, .key_count = 1};
	struct harness *harness = *state;
	char name[16];

	for (int64_t secs = 1; secs <= 4; secs++) {
		(void)snprintf(name, sizeof(name), "old%d", (int)secs);
		put(harness, name, "192.0.2.1", secs);
	}
	put(harness, "new", "192.0.2.1", 9);
	assert_int_equal(dict_expire(harness->dict, &expiry, limit(), NULL), 3);
	assert_int_equal(dict_expire(harness->dict, &expiry, limit(), NULL), 1);
	assert_int_equal(dict_expire(harness->dict, &expiry, limit(), NULL), 0);
	expect_secs(harness, "new", "192.0.2.1", 9);
}

static int remove_user(struct harness *harness, const char *user, bool dry_run)
{
	static const char *const services[] = {"imap", "pop3"};
	struct login logins[2];
	struct dict_key keys[2];
	struct dict_removal what = {
		.keys = keys, .key_count = 2, .until_ns = at_secs(100), .dry_run = dry_run};
	struct error error = {0};
	int ret;

	for (int i = 0; i < 2; i++) {
		struct dict_entry entry = make_entry(&logins[i], slice_str(user), services[i],
						     "192.0.2.1", at_secs(0));

		keys[i] = (struct dict_key){
			.text = entry.key, .parts = entry.parts, .part_count = 3, .of_user = 2};
		what.user = logins[i].user;
	}
	ret = dict_remove(harness->dict, &what, limit(), &error);
	if (ret < 0)
		fail_msg("%s: %s", harness->subject->name, error.text);
	return ret;
}

static void put_service(struct harness *harness, const char *user, const char *service)
{
	struct login login;
	struct dict_entry entry =
		make_entry(&login, slice_str(user), service, "192.0.2.1", at_secs(1));

	write_ok(harness, &entry, 1);
}

static int count_of(struct harness *harness, const char *user, const char *service)
{
	struct login login;
	const struct dict_entry entry =
		make_entry(&login, slice_str(user), service, "192.0.2.1", at_secs(1));

	return find(harness, &login, &entry).count;
}

static void a_user_is_removed_and_nobody_else(void **state)
{
	struct harness *harness = *state;
	int was;

	put_service(harness, "gone", "imap");
	put_service(harness, "gone", "pop3");
	put_service(harness, "gone2", "imap");
	was = remove_user(harness, "gone", true);
	assert_true(was >= 1);
	assert_int_equal(count_of(harness, "gone", "imap"), 1);
	assert_int_equal(remove_user(harness, "gone", false), was);
	assert_int_equal(count_of(harness, "gone", "imap"), 0);
	assert_int_equal(count_of(harness, "gone", "pop3"), 0);
	assert_int_equal(count_of(harness, "gone2", "imap"), 1);
	assert_int_equal(remove_user(harness, "gone", false), 0);
	put(harness, "gone", "192.0.2.1", 200);
	expect_secs(harness, "gone", "192.0.2.1", 200);
}

static void a_store_that_is_there_answers_a_ping(void **state)
{
	struct harness *harness = *state;
	struct error error = {0};

	if (dict_ping(harness->dict, limit(), &error) < 0)
		fail_msg("%s: %s", harness->subject->name, error.text);
}

/* --- servers in trouble -------------------------------------------------------------------- */

static bool is_kept(enum dict_outcome outcome)
{
	return outcome == DICT_RETRY || outcome == DICT_UNCERTAIN;
}

static void expect_failure(struct harness *harness, const char *user)
{
	struct login login;
	struct dict_entry entry = make_entry(&login, slice_str(user), "imap", "::1", at_secs(1));
	struct error error = {0};

	assert_true(dict_write(harness->dict, &entry, 1, clock_monotonic_ns() + IMPATIENT, &error) <
		    0);
	assert_true(is_kept(entry.outcome));
	assert_true(error.text[0] != '\0' && entry.reason[0] != '\0');
}

static void a_hung_server_costs_no_more_than_the_deadline(void **state)
{
	struct harness *harness = *state;

	put(harness, "before", "::1", 1);
	server_pause(&harness->server);
	expect_failure(harness, "hung");
	expect_failure(harness, "hung");
	assert_true(dict_ping(harness->dict, clock_monotonic_ns() + IMPATIENT, NULL) < 0);
	server_resume(&harness->server);
	assert_true(!is_kept(put(harness, "hung", "::1", 1)));
	expect_secs(harness, "hung", "::1", 1);
}

static void a_dead_server_is_reported_and_its_return_noticed(void **state)
{
	struct harness *harness = *state;

	put(harness, "before", "::1", 1);
	server_kill(&harness->server);
	expect_failure(harness, "dead");
	server_start(&harness->server);
	put(harness, "back", "::1", 1);
	expect_secs(harness, "back", "::1", 1);
}

/* Between two batches nobody should notice. */
static void a_restart_between_batches_goes_unnoticed(void **state)
{
	struct harness *harness = *state;

	put(harness, "before", "::1", 2);
	server_kill(&harness->server);
	server_start(&harness->server);
	assert_int_equal(put(harness, "before", "::1", 3), DICT_STORED);
	expect_secs(harness, "before", "::1", 3);
}

static void a_store_that_starts_later_is_no_error_when_opening(void **state)
{
	struct harness *harness = *state;

	dict_close(&harness->dict);
	server_kill(&harness->server);
	assert_int_equal(dict_open(&harness->config, &harness->dict, NULL), 0);
	expect_failure(harness, "early");
	server_start(&harness->server);
	put(harness, "early", "::1", 1);
	expect_secs(harness, "early", "::1", 1);
}

static void a_history_is_refused_when_opening(void **state)
{
	const struct harness *harness = *state;
	struct dict_config config = harness->config;
	struct error error = {0};
	struct dict *dict;

	config.history = 20;
	config.table = HISTORY_LOGINS;
	config.where = "t.conf:1";
	config.history_where = "history (t.conf:7)";
	assert_int_equal(dict_open(&config, &dict, &error), -EINVAL);
	assert_int_equal(strncmp(error.text, "t.conf:1: dict ", 15), 0);
	assert_non_null(strstr(error.text, "which history (t.conf:7) asks for"));
}

/* --- running ------------------------------------------------------------------------------- */

static int harness_setup(void **state)
{
	const struct subject *subject = *state;
	struct harness *harness = calloc(1, sizeof(*harness));
	struct error error = {0};
	const char *why;

	harness->subject = subject;
	snprintf(harness->dir, sizeof(harness->dir), "/tmp/dovetap-dict.XXXXXX");
	assert_non_null(mkdtemp(harness->dir));
	harness->config.uri = harness->uri;
	why = subject->start(harness);
	if (why)
		fail_msg("%s: %s", subject->name, why);
	if (dict_open(&harness->config, &harness->dict, &error) < 0)
		fail_msg("%s: %s", subject->name, error.text);
	assert_int_equal((subject->traits & TRAIT_EXPIRES) != 0,
			 (harness->dict->driver->caps & DICT_CAP_EXPIRE) != 0);
	*state = harness;
	return 0;
}

/* The last processes of a server may still be writing there. */
static void remove_dir(const char *dir)
{
	char command[96];
	int tries = 500;

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	while (system(command) != 0 && --tries > 0)
		usleep(10000);
	assert_true(tries > 0);
}

static int harness_teardown(void **state)
{
	struct harness *harness = *state;

	dict_close(&harness->dict);
	if (harness->subject->stop)
		harness->subject->stop(harness);
	server_kill(&harness->server);
	remove_dir(harness->dir);
	free(harness);
	return 0;
}

#define SCENARIO(function)                                                                         \
	{                                                                                          \
#function, function, 0, 0                                                          \
	}
#define SCENARIO_OF(function, needs)                                                               \
	{                                                                                          \
#function, function, needs, 0                                                      \
	}
#define SCENARIO_UNLESS(function, lacks)                                                           \
	{                                                                                          \
#function, function, 0, lacks                                                      \
	}
#define SERVER_SCENARIO(function)                                                                  \
	{                                                                                          \
#function, function, TRAIT_SERVER, 0                                               \
	}

static const struct {
	const char *name;
	CMUnitTestFunction function;
	unsigned int needs,
		lacks; /* traits: where it would have nothing to assert it is left out */
} scenarios[] = {
	SCENARIO(a_record_is_stored_and_found),
	SCENARIO(nobody_is_not_found),
	SCENARIO(the_newest_wins_in_any_order),
	SCENARIO(a_replay_changes_nothing),
	SCENARIO_OF(time_and_address_move_together, TRAIT_ROW),
	SCENARIO(services_are_kept_apart),
	SCENARIO(a_lookup_of_several_keys_finds_each),
	SCENARIO_OF(another_precision_still_compares, TRAIT_PRECISION),
	SCENARIO(hostile_names_are_stored_exactly_or_refused),
	SCENARIO(names_that_look_alike_stay_two),
	SCENARIO_OF(hostile_values_are_stored_exactly, TRAIT_ANY_VALUE),
	SCENARIO(batches_of_any_size_give_every_entry_its_outcome),
	SCENARIO(a_key_may_stand_twice_in_a_batch),
	SCENARIO_UNLESS(records_survive_closing, TRAIT_VOLATILE),
	SCENARIO_OF(old_records_expire, TRAIT_EXPIRES),
	SCENARIO(a_user_is_removed_and_nobody_else),
	SCENARIO(a_store_that_is_there_answers_a_ping),
	SERVER_SCENARIO(a_hung_server_costs_no_more_than_the_deadline),
	SERVER_SCENARIO(a_dead_server_is_reported_and_its_return_noticed),
	SERVER_SCENARIO(a_restart_between_batches_goes_unnoticed),
	SERVER_SCENARIO(a_store_that_starts_later_is_no_error_when_opening),
	SCENARIO_UNLESS(a_history_is_refused_when_opening, TRAIT_HISTORY),
	SCENARIO_OF(a_row_comes_back_as_it_was, TRAIT_HISTORY),
	SCENARIO_OF(the_same_row_again_changes_nothing, TRAIT_HISTORY),
	SCENARIO_OF(a_replay_at_another_time_is_the_same_row, TRAIT_HISTORY),
	SCENARIO_OF(a_replay_that_knows_less_is_the_same_row, TRAIT_HISTORY),
	SCENARIO_OF(the_rows_of_a_user_can_be_removed, TRAIT_HISTORY),
	SCENARIO_OF(a_row_with_any_client_id_is_stored, TRAIT_HISTORY),
	SCENARIO_OF(the_newest_rows_stay_in_any_order, TRAIT_HISTORY),
	SCENARIO_OF(several_writers_keep_the_newest, TRAIT_HISTORY),
	SCENARIO_OF(rows_of_hostile_names_come_back, TRAIT_HISTORY),
	SCENARIO_OF(what_is_no_row_is_refused_alone, TRAIT_HISTORY),
	SCENARIO_OF(logins_and_failures_are_kept_apart, TRAIT_HISTORY),
	SCENARIO_OF(records_are_not_touched_by_rows, TRAIT_HISTORY),
	SCENARIO_OF(the_newest_of_all_are_found, TRAIT_HISTORY | TRAIT_RECENT),
	SCENARIO_OF(old_rows_expire, TRAIT_HISTORY | TRAIT_EXPIRES),
};

#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static bool wanted(const struct subject *subject, int argc, char **argv)
{
	bool found = argc < 2;

	for (int i = 1; i < argc && !found; i++)
		found = strcmp(argv[i], subject->name) == 0;
	return found;
}

static bool applies(const struct subject *subject, size_t scenario)
{
	return (scenarios[scenario].needs & ~subject->traits) == 0 &&
	       (scenarios[scenario].lacks & subject->traits) == 0;
}

static size_t add_subject(const struct subject *subject, struct CMUnitTest *tests)
{
	size_t count = 0;

	for (size_t i = 0; i < SCENARIOS; i++) {
		char *name = NULL;

		if (!applies(subject, i)) {
			printf("# not applicable: %s: %s\n", subject->name, scenarios[i].name);
			continue;
		}
		assert_true(asprintf(&name, "%s: %s", subject->name, scenarios[i].name) > 0);
		tests[count++] = (struct CMUnitTest){.name = name,
						     .test_func = scenarios[i].function,
						     .setup_func = harness_setup,
						     .teardown_func = harness_teardown,
						     .initial_state = (void *)(uintptr_t)subject};
	}
	return count;
}

/* Where a sanitizer reports; there is none of them in a build without. */
extern void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* What "debug:" prints would be taken for test results by some; reports of sanitizers must be
 * seen. */
static void mute_stderr(void)
{
	int null = open("/dev/null", O_WRONLY), report = dup(STDERR_FILENO);

	if (__sanitizer_set_report_fd)
		__sanitizer_set_report_fd((void *)(uintptr_t)report);
	dup2(null, STDERR_FILENO);
	close(null);
}

/* A name that is misspelt would run nothing and succeed. */
static bool all_known(int argc, char **argv)
{
	bool known = true;

	for (int i = 1; i < argc; i++) {
		size_t k = 0;

		while (subjects[k] && strcmp(argv[i], subjects[k]->name) != 0)
			k++;
		if (!subjects[k]) {
			fprintf(stderr, "%s: no subject is called so\n", argv[i]);
			known = false;
		}
	}
	return known;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[SCENARIOS * 32] = {0};
	size_t count = 0;
	int failed;

	if (!all_known(argc, argv))
		return EX_USAGE;
	mute_stderr();
	for (size_t i = 0; subjects[i]; i++) {
		if (wanted(subjects[i], argc, argv))
			count += add_subject(subjects[i], tests + count);
	}
	failed = _cmocka_run_group_tests("dict", tests, count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)tests[i].name);
	return failed != 0;
}
