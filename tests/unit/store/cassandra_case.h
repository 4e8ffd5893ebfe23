/* SPDX-License-Identifier: MIT */
/* The Cassandra driver against scripted servers. */
#ifndef DOVETAP_CASSANDRA_CASE_H
#define DOVETAP_CASSANDRA_CASE_H

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

static inline void make_entry(struct harness *harness, size_t i, const char *user)
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

static inline void harness_up(struct harness *harness, const struct fake_cql *fake,
			      const char *more)
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

static inline void tear_down(struct harness *harness)
{
	dict_close(&harness->dict);
	unlink(harness->path);
}

static inline int write_some(struct harness *harness, size_t count, int64_t seconds)
{
	return dict_write(harness->dict, harness->entries, count,
			  clock_monotonic_ns() + seconds * NS_PER_SEC, &harness->error);
}

static inline int ping(struct harness *harness)
{
	return dict_ping(harness->dict, clock_monotonic_ns() + 30 * NS_PER_SEC, &harness->error);
}

static inline void check_all(const struct harness *harness, size_t count, enum dict_outcome outcome)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (harness->entries[i].outcome != outcome)
			fail_msg("%zu: %s: %s", i, dict_outcome_name(harness->entries[i].outcome),
				 harness->entries[i].reason);
	}
}

static inline void check_reason(const struct harness *harness, const char *reason)
{
	if (!strstr(harness->entries[0].reason, reason))
		fail_msg("%s, not %s", harness->entries[0].reason, reason);
}

static inline void check_error(const struct harness *harness, const char *text)
{
	if (!strstr(harness->error.text, text))
		fail_msg("%s, not %s", harness->error.text, text);
}

#endif
