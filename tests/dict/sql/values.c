/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "scenarios.h"

static const char *const hostile_names[] = {
	"o'brien@d",
	"\"quoted\"@d",
	"back\\slash@d",
	"trail\\",
	"a/b@c",
	"/lead//and/trail/",
	"100%s%n@d",
	"semi;DROP TABLE last_login;--@d",
	"{curly},comma,NULL",
	"NULL",
	"ctl\001\002\037\177@d",
	"tab\tnew\nline\r@d",
	"\xc3\xa4\xc3\xb6\xc3\xbc@d",
	"\xf0\x9f\x93\xac@d",
	"$user ${user} ? :x @y",
	"",
};

static void append_hex(char *out, const char *text)
{
	out += strlen(out);
	for (; *text != '\0'; text++, out += 2)
		snprintf(out, 3, "%02x", (unsigned int)(unsigned char)*text);
	memcpy(out, "\n", 2);
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void every_name_is_stored_byte_for_byte(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	char hex[32][256] = {{0}}, *lines[32], expected[4096], column[128];
	size_t len = 0;
	size_t count = 0;

	open_documented(harness);
	for (; hostile_names[count][0] != '\0'; count++) {
		batch_add(batch,
			  &(struct login){"imap", hostile_names[count], "::1", 1795338300000});
		append_hex(hex[count], hostile_names[count]);
		lines[count] = hex[count];
	}
	assert_int_equal(sql_harness_write(harness, batch), 0);
	for (size_t i = 0; i < count; i++)
		assert_outcome(batch->entries[i].outcome, DICT_STORED, batch->entries[i].reason);
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s", lines[i]);
	snprintf(column, sizeof(column), "%suserid%s", harness->hex[0], harness->hex[1]);
	assert_string_equal(
		sql_harness_ask(harness, "SELECT %s FROM last_login ORDER BY 1;", column),
		expected);
	batch_clear(batch);
	free(batch);
}

/* SQLite takes any bytes of any length; the others refuse what is not theirs, and that alone. */
static void a_bad_name_does_not_hurt_the_others(void **state)
{
	struct sql_harness *harness = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	enum dict_outcome bad = is_sqlite(harness) ? DICT_STORED : DICT_REFUSED;
	char names[200][32], longest[301] = "", expected[16];

	open_documented(harness);
	memset(longest, 'x', 300);
	for (int i = 0; i < 200; i++) {
		struct login login = {"imap", names[i], "::1", 1795338300000};

		snprintf(names[i], sizeof(names[i]), "user%d", i);
		if (i == 17)
			login.user = longest;
		else if (i == 80)
			login.user = "inv\xff\xfe@d";
		else if (i == 199)
			login.service = "indexer-worker";
		batch_add(batch, &login);
	}
	assert_int_equal(sql_harness_write(harness, batch), 0);
	for (int i = 0; i < 200; i++)
		assert_outcome(batch->entries[i].outcome,
			       i == 17 || i == 80 || i == 199 ? bad : DICT_STORED,
			       batch->entries[i].reason);
	if (!is_sqlite(harness))
		assert_non_null(strstr(batch->entries[17].reason, "too long"));
	snprintf(expected, sizeof(expected), "%d\n", is_sqlite(harness) ? 200 : 197);
	assert_string_equal(sql_harness_ask(harness, "SELECT COUNT(*) FROM last_login;"), expected);
	batch_clear(batch);
	free(batch);
}

static void no_address_is_an_empty_text(void **state)
{
	struct sql_harness *harness = *state;

	open_documented(harness);
	sql_harness_expect(harness, (struct login){"lmtp", "u", "", 1795338300000}, DICT_STORED);
	assert_string_equal(all_rows(harness), "u\tlmtp\t1795338300000\t\n");
}

static void what_no_map_takes_is_refused_in_dovecots_words(void **state)
{
	struct sql_harness *harness = *state;
	const char *reason;

	sql_harness_ask(harness, "%s", users_schema);
	sql_harness_open(harness, users_map, NULL, NULL);
	reason =
		sql_harness_expect(harness, (struct login){"doveadm", "u", "::1", 1}, DICT_REFUSED);
	assert_string_equal(reason,
			    "sql dict set: Invalid/unmapped key: shared/last-login/doveadm/u/::1");
	reason = sql_harness_expect(harness, (struct login){"imap", "u", "::1", -1}, DICT_REFUSED);
	assert_string_equal(
		reason, "dict-sql: Failed to set 1 fields (first shared/last-login/imap/u/::1): "
			"value field's value isn't 64bit unsigned integer: -1 (in pattern: "
			"shared/last-login/imap");
}

const struct sql_scenario sql_values[] = {
	SCENARIO(every_name_is_stored_byte_for_byte, ON_ALL),
	SCENARIO(a_bad_name_does_not_hurt_the_others, ON_ALL),
	SCENARIO(no_address_is_an_empty_text, ON_ALL),
	SCENARIO(what_no_map_takes_is_refused_in_dovecots_words, ON_ALL),
	{0},
};
