/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "scenarios.h"

static void the_address_follows_the_time(void **state)
{
	struct sql_harness *harness = *state;

	open_documented(harness);
	sql_harness_expect(harness,
			   (struct login){"imap", "u1@example.com", "127.0.0.1", 1795338302210},
			   DICT_STORED);
	sql_harness_expect(harness,
			   (struct login){"imap", "u1@example.com", "127.0.0.7", 1795338303664},
			   DICT_STORED);
	assert_string_equal(all_rows(harness), "u1@example.com\timap\t1795338303664\t127.0.0.7\n");
}

static void an_older_login_changes_nothing(void **state)
{
	struct sql_harness *harness = *state;
	struct login newer = {"imap", "u1@example.com", "::1", 1795338303664};
	struct login older = {"imap", "u1@example.com", "::2", 1795338303663};

	open_documented(harness);
	sql_harness_expect(harness, newer, DICT_STORED);
	sql_harness_expect(harness, older, DICT_UNCHANGED);
	sql_harness_expect(harness, newer, DICT_UNCHANGED);
	assert_string_equal(all_rows(harness), "u1@example.com\timap\t1795338303664\t::1\n");
}

static void the_newest_of_a_batch_is_written(void **state)
{
	static const struct login logins[] = {
		{"imap", "a", "::2", 1795338300002}, {"pop3", "a", "::4", 1795338300004},
		{"imap", "a", "::3", 1795338300003}, {"imap", "b", "::1", 1795338300001},
		{"imap", "a", "::1", 1795338300001},
	};
	static const enum dict_outcome outcomes[] = {DICT_UNCHANGED, DICT_STORED, DICT_STORED,
						     DICT_STORED, DICT_UNCHANGED};
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(harness);
	for (size_t i = 0; i < 5; i++)
		batch_add(batch, &logins[i]);
	assert_int_equal(sql_harness_write(harness, batch), 0);
	for (size_t i = 0; i < 5; i++)
		assert_outcome(batch->entries[i].outcome, outcomes[i], batch->entries[i].reason);
	assert_string_equal(all_rows(harness), "a\timap\t1795338300003\t::3\n"
					       "a\tpop3\t1795338300004\t::4\n"
					       "b\timap\t1795338300001\t::1\n");
	batch_clear(batch);
	free(batch);
}

#define USERS  7
#define ROUNDS 60

/* Logins of seven users, shuffled, in batches, all of it twice: as several nodes with full spools
 * would send them. */
static void the_order_of_writes_does_not_matter(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	int64_t newest[USERS] = {0};
	char users[USERS][16], ips[USERS * ROUNDS][16], expected[1024];
	unsigned int seed = 20261122;
	int len = 0;

	open_documented(harness);
	for (int i = 0; i < USERS; i++)
		snprintf(users[i], sizeof(users[i]), "user%d", i);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < USERS * ROUNDS; i++) {
			/* Neither number divides 420 in any factor: each login is visited once. */
			int login = i * (pass ? 187 : 223) % (USERS * ROUNDS);
			int user = login % USERS;
			int64_t ms = 1795338300000 + login;

			snprintf(ips[i], sizeof(ips[i]), "10.0.0.%d", login);
			batch_add(batch, &(struct login){"imap", users[user], ips[i], ms});
			newest[user] = ms > newest[user] ? ms : newest[user];
			seed = seed * 1103515245 + 12345;
			if (seed % 23 != 0 && i + 1 < USERS * ROUNDS)
				continue;
			assert_int_equal(sql_harness_write(harness, batch), 0);
			batch_clear(batch);
		}
	}
	for (int i = 0; i < USERS; i++)
		len += snprintf(expected + len, sizeof(expected) - (size_t)len,
				"user%d\timap\t%lld\t10.0.0.%lld\n", i, (long long)newest[i],
				(long long)newest[i] - 1795338300000);
	assert_string_equal(all_rows(harness), expected);
	free(batch);
}

static void two_logins_within_a_second_keep_the_later_address(void **state)
{
	struct sql_harness *harness = *state;

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338303}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338303}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338303}, DICT_UNCHANGED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338303\t::2\n");
}

static void times_of_another_precision_compare(void **state)
{
	struct sql_harness *harness = *state;

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338303664}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338303}, DICT_UNCHANGED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::3", 1795338304}, DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u", "::4", 1795338303999999999},
			   DICT_UNCHANGED);
	assert_string_equal(all_rows(harness), "u\timap\t1795338304\t::3\n");
}

static void the_alternative_schema_has_columns_per_service(void **state)
{
	struct sql_harness *harness = *state;

	sql_harness_ask(harness, "%s INSERT INTO users (userid) VALUES ('u1');", users_schema);
	sql_harness_open(harness, users_map, NULL, NULL);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::1", 1795338300001},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"pop3", "u1", "::2", 1795338300000},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u2", "::3", 1795338300002},
			   DICT_STORED);
	sql_harness_expect(harness, (struct login){"imap", "u1", "::4", 1795338300000},
			   DICT_UNCHANGED);
	assert_string_equal(
		sql_harness_ask(harness,
				"SELECT userid, last_imap_access, last_imap_ip, "
				"COALESCE(last_pop3_access,0), COALESCE(last_pop3_ip,'none'), "
				"COALESCE(last_lmtp_ip,'none') FROM users ORDER BY userid;"),
		"u1\t1795338300001\t::1\t1795338300000\t::2\tnone\n"
		"u2\t1795338300002\t::3\t0\tnone\tnone\n");
}

/* What stood there before there was a login: an operator's "never", 0, -1, an empty text. */
static void what_is_no_time_is_older_than_any(void **state)
{
	static const struct {
		const char *type, *before;
	} cases[] = {{"VARCHAR(20) NOT NULL DEFAULT 'never'", "'never'"},
		     {"VARCHAR(20) NOT NULL DEFAULT ''", "''"},
		     {"VARCHAR(20) DEFAULT NULL", "'9'"},
		     {"BIGINT NOT NULL DEFAULT 0", "0"},
		     {"BIGINT NOT NULL DEFAULT -1", "-1"},
		     {"BIGINT NOT NULL DEFAULT 9", "9"}};
	struct sql_harness *harness = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sql_harness_ask(harness,
				"DROP TABLE IF EXISTS last_login; CREATE TABLE last_login (userid "
				"VARCHAR(255) NOT NULL, service VARCHAR(10) NOT NULL, last_access "
				"%s, last_ip VARCHAR(40), PRIMARY KEY (userid, service)); "
				"INSERT INTO last_login VALUES ('u', 'imap', %s, 'none');",
				cases[i].type, cases[i].before);
		sql_harness_open(harness, documented_map, NULL, NULL);
		sql_harness_expect(harness, (struct login){"imap", "u", "::1", 1795338300},
				   DICT_STORED);
		sql_harness_expect(harness, (struct login){"imap", "u", "::2", 1795338299},
				   DICT_UNCHANGED);
		assert_string_equal(all_rows(harness), "u\timap\t1795338300\t::1\n");
	}
}

const struct sql_scenario sql_newest[] = {
	SCENARIO(what_is_no_time_is_older_than_any, ON_ALL),
	SCENARIO(the_address_follows_the_time, ON_ALL),
	SCENARIO(an_older_login_changes_nothing, ON_ALL),
	SCENARIO(the_newest_of_a_batch_is_written, ON_ALL),
	SCENARIO(the_order_of_writes_does_not_matter, ON_ALL),
	SCENARIO(two_logins_within_a_second_keep_the_later_address, ON_ALL),
	SCENARIO(times_of_another_precision_compare, ON_ALL),
	SCENARIO(the_alternative_schema_has_columns_per_service, ON_ALL),
	{0},
};
