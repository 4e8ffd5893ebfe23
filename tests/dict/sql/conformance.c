/* SPDX-License-Identifier: MIT */
/*
 * The mysql, pgsql and sqlite drivers against real servers, which the test starts for itself. Every
 * story runs on each of them; what the tables hold is read back by the server's own client.
 */
#include "hold.h"
#include "stand.h"

#include "base/clock.h"
#include "store/drivers/sql/sql.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static struct sql_stand stands[] = {
	{.name = "mysql",
	 .driver = &sql_mysql_driver,
	 .script = "mariadb",
	 .connect = {"host=", "/socket dbname=mails user=dovetap password=sekret"},
	 .hex = {"LOWER(HEX(", "))"}},
	{.name = "pgsql",
	 .driver = &sql_pgsql_driver,
	 .script = "pgsql",
	 .connect = {"host=", " dbname=mails user=dovetap password=sekret"},
	 .hex = {"encode(convert_to(", ",'UTF8'),'hex')"}},
	{.name = "sqlite",
	 .driver = &sql_sqlite_driver,
	 .script = "sqlite",
	 .connect = {"", "/db"},
	 .hex = {"LOWER(HEX(", "))"}},
};

static bool is_sqlite(const struct sql_stand *stand)
{
	return stand->driver == &sql_sqlite_driver;
}

static bool is_mysql(const struct sql_stand *stand)
{
	return stand->driver == &sql_mysql_driver;
}

/* The plugin's document, word for word. */
static const char documented_schema[] = "CREATE TABLE last_login (\n"
					"  userid VARCHAR(255) NOT NULL,\n"
					"  service VARCHAR(10) NOT NULL,\n"
					"  last_access BIGINT NOT NULL,\n"
					"  last_ip VARCHAR(40) NOT NULL,\n"
					"  PRIMARY KEY (userid, service)\n"
					");\n";

static const char documented_map[] = "map {\n"
				     "  pattern = shared/last-login/$service/$user/$remote_ip\n"
				     "  table = last_login\n"
				     "  value_field = last_access\n"
				     "  value_type = uint\n"
				     "\n"
				     "  fields {\n"
				     "    userid = $user\n"
				     "    service = $service\n"
				     "    last_ip = $remote_ip\n"
				     "  }\n"
				     "}\n";

/* The document's third example is for Cassandra; the types are those of SQL. */
static const char users_schema[] = "CREATE TABLE users (\n"
				   "  userid VARCHAR(255) NOT NULL,\n"
				   "  last_imap_access BIGINT,\n"
				   "  last_pop3_access BIGINT,\n"
				   "  last_lmtp_access BIGINT,\n"
				   "  last_imap_ip VARCHAR(40),\n"
				   "  last_pop3_ip VARCHAR(40),\n"
				   "  last_lmtp_ip VARCHAR(40),\n"
				   "  PRIMARY KEY (userid)\n"
				   ");\n";

#define USERS_MAP(service)                                                                         \
	"map {\n"                                                                                  \
	"  pattern = shared/last-login/" service "/$user/$remote_ip\n"                             \
	"  table = users\n"                                                                        \
	"  value_field = last_" service "_access\n"                                                \
	"  value_type = uint\n"                                                                    \
	"\n"                                                                                       \
	"  fields {\n"                                                                             \
	"    userid = $user\n"                                                                     \
	"    last_" service "_ip = $remote_ip\n"                                                   \
	"  }\n"                                                                                    \
	"}\n"

static const char users_map[] = USERS_MAP("imap") USERS_MAP("pop3") USERS_MAP("lmtp");

static int drop_tables(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_close(stand);
	if (!is_sqlite(stand)) /* a story that failed may have left it paused */
		sql_stand_do(stand, "resume");
	sql_stand_ask(stand, "DROP TABLE IF EXISTS last_login; DROP TABLE IF EXISTS users;");
	return 0;
}

static void open_documented(struct sql_stand *stand)
{
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, NULL);
}

static const char *all_rows(const struct sql_stand *stand)
{
	return sql_stand_ask(stand, "SELECT userid, service, last_access, last_ip FROM last_login "
				    "ORDER BY userid, service;");
}

/* --- newest wins ------------------------------------------------------------------------------*/

static void the_address_follows_the_time(void **state)
{
	struct sql_stand *stand = *state;

	open_documented(stand);
	sql_stand_expect(stand,
			 (struct login){"imap", "u1@example.com", "127.0.0.1", 1795338302210},
			 DICT_STORED);
	sql_stand_expect(stand,
			 (struct login){"imap", "u1@example.com", "127.0.0.7", 1795338303664},
			 DICT_STORED);
	assert_string_equal(all_rows(stand), "u1@example.com\timap\t1795338303664\t127.0.0.7\n");
}

static void an_older_login_changes_nothing(void **state)
{
	struct sql_stand *stand = *state;
	struct login newer = {"imap", "u1@example.com", "::1", 1795338303664};
	struct login older = {"imap", "u1@example.com", "::2", 1795338303663};

	open_documented(stand);
	sql_stand_expect(stand, newer, DICT_STORED);
	sql_stand_expect(stand, older, DICT_UNCHANGED);
	sql_stand_expect(stand, newer, DICT_UNCHANGED);
	assert_string_equal(all_rows(stand), "u1@example.com\timap\t1795338303664\t::1\n");
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
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(stand);
	for (size_t i = 0; i < 5; i++)
		batch_add(batch, &logins[i]);
	assert_int_equal(sql_stand_write(stand, batch), 0);
	for (size_t i = 0; i < 5; i++)
		assert_outcome(batch->entries[i].outcome, outcomes[i], batch->entries[i].reason);
	assert_string_equal(all_rows(stand), "a\timap\t1795338300003\t::3\n"
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
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	int64_t newest[USERS] = {0};
	char users[USERS][16], ips[USERS * ROUNDS][16], expected[1024];
	unsigned int seed = 20261122;
	int len = 0;

	open_documented(stand);
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
			assert_int_equal(sql_stand_write(stand, batch), 0);
			batch_clear(batch);
		}
	}
	for (int i = 0; i < USERS; i++)
		len += snprintf(expected + len, sizeof(expected) - (size_t)len,
				"user%d\timap\t%lld\t10.0.0.%lld\n", i, (long long)newest[i],
				(long long)newest[i] - 1795338300000);
	assert_string_equal(all_rows(stand), expected);
	free(batch);
}

static void two_logins_within_a_second_keep_the_later_address(void **state)
{
	struct sql_stand *stand = *state;

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338303}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338303}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338303}, DICT_UNCHANGED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338303\t::2\n");
}

static void times_of_another_precision_compare(void **state)
{
	struct sql_stand *stand = *state;

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338303664}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338303}, DICT_UNCHANGED);
	sql_stand_expect(stand, (struct login){"imap", "u", "::3", 1795338304}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u", "::4", 1795338303999999999},
			 DICT_UNCHANGED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338304\t::3\n");
}

static void the_alternative_schema_has_columns_per_service(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_ask(stand, "%s INSERT INTO users (userid) VALUES ('u1');", users_schema);
	sql_stand_open(stand, users_map, NULL, NULL);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1795338300001}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"pop3", "u1", "::2", 1795338300000}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u2", "::3", 1795338300002}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::4", 1795338300000}, DICT_UNCHANGED);
	assert_string_equal(
		sql_stand_ask(stand, "SELECT userid, last_imap_access, last_imap_ip, "
				     "COALESCE(last_pop3_access,0), COALESCE(last_pop3_ip,'none'), "
				     "COALESCE(last_lmtp_ip,'none') FROM users ORDER BY userid;"),
		"u1\t1795338300001\t::1\t1795338300000\t::2\tnone\n"
		"u2\t1795338300002\t::3\t0\tnone\tnone\n");
}

/* --- hostile values ---------------------------------------------------------------------------*/

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
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	char hex[32][256] = {{0}}, *lines[32], expected[4096], column[128];
	size_t len = 0;
	size_t count = 0;

	open_documented(stand);
	for (; hostile_names[count][0] != '\0'; count++) {
		batch_add(batch,
			  &(struct login){"imap", hostile_names[count], "::1", 1795338300000});
		append_hex(hex[count], hostile_names[count]);
		lines[count] = hex[count];
	}
	assert_int_equal(sql_stand_write(stand, batch), 0);
	for (size_t i = 0; i < count; i++)
		assert_outcome(batch->entries[i].outcome, DICT_STORED, batch->entries[i].reason);
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len, "%s", lines[i]);
	snprintf(column, sizeof(column), "%suserid%s", stand->hex[0], stand->hex[1]);
	assert_string_equal(sql_stand_ask(stand, "SELECT %s FROM last_login ORDER BY 1;", column),
			    expected);
	batch_clear(batch);
	free(batch);
}

/* SQLite takes any bytes of any length; the others refuse what is not theirs, and that alone. */
static void a_bad_name_does_not_hurt_the_others(void **state)
{
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	enum dict_outcome bad = is_sqlite(stand) ? DICT_STORED : DICT_REFUSED;
	char names[200][32], longest[301] = "", expected[16];

	open_documented(stand);
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
	assert_int_equal(sql_stand_write(stand, batch), 0);
	for (int i = 0; i < 200; i++)
		assert_outcome(batch->entries[i].outcome,
			       i == 17 || i == 80 || i == 199 ? bad : DICT_STORED,
			       batch->entries[i].reason);
	if (!is_sqlite(stand))
		assert_non_null(strstr(batch->entries[17].reason, "too long"));
	snprintf(expected, sizeof(expected), "%d\n", is_sqlite(stand) ? 200 : 197);
	assert_string_equal(sql_stand_ask(stand, "SELECT COUNT(*) FROM last_login;"), expected);
	batch_clear(batch);
	free(batch);
}

static void no_address_is_an_empty_text(void **state)
{
	struct sql_stand *stand = *state;

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"lmtp", "u", "", 1795338300000}, DICT_STORED);
	assert_string_equal(all_rows(stand), "u\tlmtp\t1795338300000\t\n");
}

static void what_no_map_takes_is_refused_in_dovecots_words(void **state)
{
	struct sql_stand *stand = *state;
	const char *reason;

	sql_stand_ask(stand, "%s", users_schema);
	sql_stand_open(stand, users_map, NULL, NULL);
	reason = sql_stand_expect(stand, (struct login){"doveadm", "u", "::1", 1}, DICT_REFUSED);
	assert_string_equal(reason,
			    "sql dict set: Invalid/unmapped key: shared/last-login/doveadm/u/::1");
	reason = sql_stand_expect(stand, (struct login){"imap", "u", "::1", -1}, DICT_REFUSED);
	assert_string_equal(
		reason, "dict-sql: Failed to set 1 fields (first shared/last-login/imap/u/::1): "
			"value field's value isn't 64bit unsigned integer: -1 (in pattern: "
			"shared/last-login/imap");
}

/* --- schema -----------------------------------------------------------------------------------*/

static int ping(struct sql_stand *stand, struct error *error_r)
{
	return stand->driver->ping(stand->dict, clock_monotonic_ns() + 30 * NS_PER_SEC, error_r);
}

static void a_missing_table_is_waited_for(void **state)
{
	struct sql_stand *stand = *state;
	struct login login = {"imap", "u", "::1", 1795338300000};
	struct error error = {0};

	sql_stand_open(stand, documented_map, NULL, NULL);
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "there is no table last_login"));
	sql_stand_expect(stand, login, DICT_RETRY);
	sql_stand_ask(stand, "%s", documented_schema);
	assert_int_equal(ping(stand, &error), 0);
	sql_stand_expect(stand, login, DICT_STORED);
	sql_stand_ask(stand, "DROP TABLE last_login;");
	login.value++;
	sql_stand_expect(stand, login, DICT_RETRY);
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_expect(stand, login, DICT_STORED);
}

static void a_column_that_is_too_small_is_told_at_once(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};

	sql_stand_ask(stand, "CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service "
			     "VARCHAR(10) NOT NULL, last_access INT NOT NULL, last_ip VARCHAR(40), "
			     "PRIMARY KEY (userid, service));");
	sql_stand_open(stand, documented_map, NULL, NULL);
	if (is_sqlite(stand)) { /* its INT has 64 bits */
		assert_int_equal(ping(stand, &error), 0);
		return;
	}
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "column last_access is int"));
	assert_non_null(strstr(error.text, "BIGINT"));
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300000}, DICT_RETRY);
}

static void a_table_without_a_key_is_told_at_once(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};

	sql_stand_ask(stand, "CREATE TABLE last_login (userid VARCHAR(255), service VARCHAR(10), "
			     "last_access BIGINT, last_ip VARCHAR(40));");
	sql_stand_open(stand, documented_map, NULL, NULL);
	assert_true(ping(stand, &error) < 0);
	assert_non_null(strstr(error.text, "add PRIMARY KEY (userid, service)"));
}

/* --- reading ----------------------------------------------------------------------------------*/

static void note_record(const struct dict_record *record, void *context)
{
	char *text = context;

	snprintf(text + strlen(text), 512 - strlen(text), "%.*s %.*s %.*s %lld;",
		 (int)record->user.len, record->user.ptr, (int)record->service.len,
		 record->service.ptr, (int)record->remote_ip.len, record->remote_ip.ptr,
		 (long long)(record->time_ns / NS_PER_MSEC));
}

static int look_up(struct sql_stand *stand, const char *user, char text[512])
{
	struct error error = {0};
	int ret;

	text[0] = '\0';
	ret = stand->driver->lookup(stand->dict, slice_str(user), NULL, 0,
				    clock_monotonic_ns() + 30 * NS_PER_SEC, note_record, text,
				    &error);
	if (ret < 0)
		fail_msg("%s", error.text);
	return ret;
}

static void a_lookup_tells_service_address_and_time(void **state)
{
	struct sql_stand *stand = *state;
	char text[512];

	sql_stand_ask(stand, "%s", users_schema);
	sql_stand_open(stand, users_map, NULL, NULL);
	sql_stand_expect(stand, (struct login){"imap", "u'1", "::1", 1795338300001}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"pop3", "u'1", "::2", 1795338300002}, DICT_STORED);
	assert_int_equal(look_up(stand, "u'1", text), 2);
	assert_string_equal(text, "u'1 imap ::1 1795338300001;u'1 pop3 ::2 1795338300002;");
	assert_int_equal(look_up(stand, "nobody", text), 0);

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1795338300001}, DICT_STORED);
	assert_int_equal(look_up(stand, "u1", text), 1);
	assert_string_equal(text, "u1 imap ::1 1795338300001;");
}

static void everybody_can_be_listed(void **state)
{
	const struct slice logins = slice_str("shared/last-login/x/x/x");
	struct sql_stand *stand = *state;
	char text[512] = "";

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1795338300001}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u2", "::2", 1795338300002}, DICT_STORED);
	assert_int_equal(dict_lookup(stand->dict, (struct slice){NULL, 0}, &logins, 1,
				     clock_monotonic_ns() + 30 * NS_PER_SEC, note_record, text,
				     NULL),
			 2);
	assert_non_null(strstr(text, "u1 imap ::1 1795338300001;"));
	assert_non_null(strstr(text, "u2 imap ::2 1795338300002;"));
}

/* --- removing ---------------------------------------------------------------------------------*/

#define THEN_NS (INT64_C(1700000000) * NS_PER_SEC)

static int expire(struct sql_stand *stand, size_t limit, struct error *error_r)
{
	const struct slice keys[] = {slice_str("shared/last-login/imap/x/x"),
				     slice_str("shared/last-login/pop3/x/x")};
	const struct dict_expiry expiry = {THEN_NS, limit, keys, 2};

	return dict_expire(stand->dict, &expiry, clock_monotonic_ns() + 30 * NS_PER_SEC, error_r);
}

static void old_rows_are_removed_some_at_a_time(void **state)
{
	struct sql_stand *stand = *state;
	struct error error;

	open_documented(stand);
	sql_stand_ask(stand, "INSERT INTO last_login VALUES "
			     "('old-s', 'imap', 1699999999, '::1'), "
			     "('old-ms', 'imap', 1699999999999, '::1'), "
			     "('old-us', 'imap', 1699999999999999, '::1'), "
			     "('old-ns', 'imap', 1699999999999999999, '::1'), "
			     "('new-s', 'imap', 1700000000, '::1'), "
			     "('new-ms', 'imap', 1700000000000, '::1'), "
			     "('new-us', 'imap', 1700000000000000, '::1'), "
			     "('new-ns', 'imap', 1700000000000000000, '::1'), "
			     "('zero', 'imap', 0, '::1'), "
			     "('no-time', 'imap', 123456789, '::1'), "
			     "('none-either', 'imap', 12345678901, '::1');");
	assert_int_equal(expire(stand, 3, &error), 3);
	assert_int_equal(expire(stand, 3, &error), 1);
	assert_int_equal(expire(stand, 3, &error), 0);
	assert_string_equal(sql_stand_ask(stand, "SELECT userid FROM last_login ORDER BY userid;"),
			    "new-ms\nnew-ns\nnew-s\nnew-us\nno-time\nnone-either\nzero\n");
}

/* A login of any service keeps the row; a user without a login has one all the same. */
static void a_row_with_several_times_is_as_old_as_the_newest(void **state)
{
	struct sql_stand *stand = *state;
	struct error error;

	sql_stand_ask(stand,
		      "%s INSERT INTO users (userid, last_imap_access, last_pop3_access) VALUES "
		      "('both-old', 1600000000, 1600000001), ('one-old', 1600000000, NULL), "
		      "('one-new', 1600000000, 1800000000), ('never', NULL, NULL);",
		      users_schema);
	sql_stand_open(stand, users_map, NULL, NULL);
	assert_int_equal(expire(stand, 100, &error), 2);
	assert_string_equal(sql_stand_ask(stand, "SELECT userid FROM users ORDER BY userid;"),
			    "never\none-new\n");
}

static const char quota_map[] = "map {\n"
				"  pattern = priv/quota/storage\n"
				"  table = users\n"
				"  username_field = userid\n"
				"  value_field = bytes\n"
				"  value_type = uint\n"
				"}\n";

/* A column that is in no map, and a map of somebody else's in the same file. */
static void a_table_with_anything_else_in_it_is_left_alone(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};
	char maps[1024];

	sql_stand_ask(stand,
		      "%s ALTER TABLE last_login ADD COLUMN password VARCHAR(99); "
		      "INSERT INTO last_login VALUES ('old', 'imap', 1600000000, '::1', 'x');",
		      documented_schema);
	sql_stand_open(stand, documented_map, NULL, NULL);
	assert_int_equal(expire(stand, 100, &error), -EINVAL);
	assert_non_null(strstr(error.text, "table last_login has a column password that is in no "
					   "map"));
	assert_string_equal(sql_stand_ask(stand, "SELECT userid FROM last_login;"), "old\n");

	sql_stand_ask(stand,
		      "DROP TABLE last_login; %s CREATE TABLE users (userid VARCHAR(255), "
		      "bytes BIGINT, PRIMARY KEY (userid)); "
		      "INSERT INTO users VALUES ('big', 1600000000); "
		      "INSERT INTO last_login VALUES ('old', 'imap', 1600000000, '::1');",
		      documented_schema);
	(void)snprintf(maps, sizeof(maps), "%s%s", quota_map, documented_map);
	sql_stand_open(stand, maps, NULL, NULL);
	assert_int_equal(expire(stand, 100, &error), 1);
	assert_string_equal(sql_stand_ask(stand, "SELECT userid FROM users;"), "big\n");
}

static void text_columns_are_left_alone(void **state)
{
	struct sql_stand *stand = *state;
	struct error error = {0};

	sql_stand_ask(
		stand,
		"CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(10) NOT "
		"NULL, last_access VARCHAR(20) NOT NULL, last_ip VARCHAR(40) NOT NULL, "
		"PRIMARY KEY (userid, service)); "
		"INSERT INTO last_login VALUES ('old', 'imap', '1600000000', '::1');");
	sql_stand_open(stand, documented_map, NULL, NULL);
	/* SQLite takes any value in any column: there it is the value that is no number. */
	assert_int_equal(expire(stand, 100, &error), is_sqlite(stand) ? 0 : -EINVAL);
	assert_string_equal(sql_stand_ask(stand, "SELECT userid FROM last_login;"), "old\n");
}

/* --- trouble ----------------------------------------------------------------------------------*/

static void a_killed_server_loses_nothing(void **state)
{
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(stand);
	batch_add(batch, &(struct login){"imap", "a", "::1", 1795338300001});
	assert_int_equal(sql_stand_write(stand, batch), 0);
	sql_stand_do(stand, "kill");
	batch_add(batch, &(struct login){"imap", "b", "::2", 1795338300002});
	assert_true(sql_stand_write(stand, batch) < 0);
	for (size_t i = 0; i < 2; i++) {
		assert_true(batch->entries[i].outcome == DICT_RETRY ||
			    batch->entries[i].outcome == DICT_UNCERTAIN);
		assert_true(batch->entries[i].reason[0] != '\0');
	}
	assert_true(sql_stand_write(stand, batch) < 0);
	assert_int_equal(batch->entries[1].outcome, DICT_RETRY);
	sql_stand_do(stand, "start");
	assert_int_equal(sql_stand_write(stand, batch), 0);
	assert_string_equal(all_rows(stand), "a\timap\t1795338300001\t::1\n"
					     "b\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
}

/* The plugin loses the next login when an idle connection was closed. */
static void a_closed_connection_is_made_anew(void **state)
{
	struct sql_stand *stand = *state;

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	if (is_mysql(stand))
		sql_stand_ask(stand, "KILL USER dovetap@localhost;");
	else
		sql_stand_ask(stand, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
				     "usename='dovetap';");
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338300002\t::2\n");
}

static void a_hung_server_costs_the_deadline(void **state)
{
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(stand);
	batch_add(batch, &(struct login){"imap", "u", "::1", 1795338300001});
	assert_int_equal(sql_stand_write(stand, batch), 0);
	batch_clear(batch);
	batch_add(batch, &(struct login){"imap", "u", "::2", 1795338300002});
	sql_stand_do(stand, "pause");
	assert_int_equal(sql_stand_write_until(stand, batch, 300), -ETIMEDOUT);
	assert_outcome(batch->entries[0].outcome, DICT_UNCERTAIN, batch->entries[0].reason);
	assert_true(sql_stand_write_until(stand, batch, 300) < 0);
	assert_outcome(batch->entries[0].outcome, DICT_RETRY, batch->entries[0].reason);
	sql_stand_do(stand, "resume");
	assert_int_equal(sql_stand_write(stand, batch), 0);
	assert_string_equal(all_rows(stand), "u\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
}

#define LOCK(user) "UPDATE last_login SET last_ip='x' WHERE userid='" user "'"

static void a_locked_row_is_tried_again(void **state)
{
	struct sql_stand *stand = *state;
	struct hold hold;

	if (is_mysql(stand))
		sql_stand_ask(stand, "SET GLOBAL innodb_lock_wait_timeout=1;");
	else
		sql_stand_ask(stand, "ALTER ROLE dovetap SET lock_timeout='100ms';");
	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, stand);
	hold_do(&hold, LOCK("u"));
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338300002}, DICT_RETRY);
	hold_end(&hold);
	if (is_mysql(stand))
		sql_stand_ask(stand, "SET GLOBAL innodb_lock_wait_timeout=50;");
	else
		sql_stand_ask(stand, "ALTER ROLE dovetap RESET lock_timeout;");
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338300002\t::2\n");
}

struct writing {
	struct sql_stand *stand;
	struct batch *batch;
	pthread_t thread;
	int ret;
};

static void *run_write(void *context)
{
	struct writing *writing = context;

	writing->ret = sql_stand_write(writing->stand, writing->batch);
	return NULL;
}

/* Writes in a thread, and returns once the server has it waiting for somebody's lock. */
static void write_into_lock(struct writing *writing)
{
	const char *question =
		is_mysql(writing->stand)
			? "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state='LOCK "
			  "WAIT';"
			: "SELECT count(*) FROM pg_locks WHERE NOT granted;";

	assert_int_equal(pthread_create(&writing->thread, NULL, run_write, writing), 0);
	for (int tries = 0; sql_stand_ask(writing->stand, "%s", question)[0] == '0'; tries++) {
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
	assert_int_equal(sql_stand_write(writing->stand, batch), 0);
	for (size_t i = 0; i < batch->count; i++)
		assert_outcome(batch->entries[i].outcome, DICT_STORED, batch->entries[i].reason);
	batch_clear(batch);
	free(batch);
}

/* We hold a's row and wait for b's; the other one holds b's, and much else that is dear to undo,
 * and comes to want a's. */
static void a_deadlock_is_tried_again(void **state)
{
	struct sql_stand *stand = *state;
	struct writing writing = {.stand = stand, .batch = calloc(1, sizeof(struct batch))};
	struct hold hold;

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "a", "::1", 1795338300001}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "b", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, stand);
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
	assert_string_equal(all_rows(stand), "a\timap\t1795338300002\t::2\n"
					     "b\timap\t1795338300002\t::2\n");
}

static void a_serialization_failure_is_tried_again(void **state)
{
	struct sql_stand *stand = *state;
	struct writing writing = {.stand = stand, .batch = calloc(1, sizeof(struct batch))};
	struct hold hold;

	sql_stand_ask(stand,
		      "ALTER ROLE dovetap SET default_transaction_isolation='serializable';");
	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "a", "::1", 1795338300001}, DICT_STORED);
	hold_start(&hold, stand);
	hold_do(&hold, LOCK("a"));
	batch_add(writing.batch, &(struct login){"imap", "a", "::2", 1795338300002});
	write_into_lock(&writing);
	hold_do(&hold, "COMMIT");
	pthread_join(writing.thread, NULL);
	hold_end(&hold);
	sql_stand_ask(stand, "ALTER ROLE dovetap RESET default_transaction_isolation;");
	expect_retry_then_stored(&writing, "could not serialize");
}

static void a_wrong_password_is_told_without_it(void **state)
{
	struct sql_stand *stand = *state;
	char connect[256];
	struct error error = {0};

	snprintf(connect, sizeof(connect), "host=%s%s dbname=mails user=dovetap password=hush",
		 stand->dir, is_mysql(stand) ? "/socket" : "");
	sql_stand_open(stand, documented_map, connect, NULL);
	assert_int_equal(ping(stand, &error), -EACCES);
	assert_null(strstr(error.text, "hush"));
	assert_null(strchr(error.text, '\n'));
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1}, DICT_RETRY);
}

static void set_read_only(struct sql_stand *stand, bool on)
{
	if (is_mysql(stand))
		sql_stand_ask(stand, "SET GLOBAL read_only=%d;", on);
	else
		sql_stand_ask(stand, "ALTER ROLE dovetap SET default_transaction_read_only=%s;",
			      on ? "on" : "off");
}

static void a_read_only_server_is_waited_for(void **state)
{
	struct sql_stand *stand = *state;
	struct batch *batch = calloc(1, sizeof(*batch));

	open_documented(stand);
	set_read_only(stand, true);
	batch_add(batch, &(struct login){"imap", "u", "::1", 1795338300001});
	assert_int_equal(sql_stand_write(stand, batch), -EROFS);
	assert_outcome(batch->entries[0].outcome, DICT_RETRY, batch->entries[0].reason);
	set_read_only(stand, false);
	assert_int_equal(sql_stand_write(stand, batch), 0);
	assert_outcome(batch->entries[0].outcome, DICT_STORED, batch->entries[0].reason);
	batch_clear(batch);
	free(batch);
}

/* The first host is not there, the second is a replica, the third takes writes. */
static void the_first_host_that_takes_writes_is_used(void **state)
{
	struct sql_stand *stand = *state;
	struct sql_stand replica = *stand;
	const char *socket = is_mysql(stand) ? "/socket" : "";
	char connect[512];

	replica.dict = NULL;
	sql_stand_start(&replica);
	set_read_only(&replica, true);
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_ask(&replica, "%s", documented_schema);
	snprintf(connect, sizeof(connect),
		 "host=/nonexistent%s host=%s%s host=%s%s dbname=mails user=dovetap "
		 "password=sekret maxconns=3",
		 socket, replica.dir, socket, stand->dir, socket);
	sql_stand_open(stand, documented_map, connect, NULL);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338300001\t::1\n");
	assert_string_equal(all_rows(&replica), "");
	sql_stand_stop(&replica);
}

/* Both take writes: the second from when the first is gone. */
static void the_next_host_takes_over(void **state)
{
	struct sql_stand *stand = *state;
	struct sql_stand first = *stand;
	const char *socket = is_mysql(stand) ? "/socket" : "";
	struct batch *batch = calloc(1, sizeof(*batch));
	char connect[512];

	first.dict = NULL;
	sql_stand_start(&first);
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_ask(&first, "%s", documented_schema);
	snprintf(connect, sizeof(connect),
		 "host=%s%s host=%s%s dbname=mails user=dovetap password=sekret", first.dir, socket,
		 stand->dir, socket);
	sql_stand_open(stand, documented_map, connect, NULL);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	assert_string_equal(all_rows(&first), "u\timap\t1795338300001\t::1\n");
	sql_stand_do(&first, "kill");
	batch_add(batch, &(struct login){"imap", "u", "::2", 1795338300002});
	for (int tries = 0; batch->entries[0].outcome != DICT_STORED; tries++) {
		assert_true(tries < 3);
		sql_stand_write(stand, batch);
	}
	assert_string_equal(all_rows(stand), "u\timap\t1795338300002\t::2\n");
	batch_clear(batch);
	free(batch);
	sql_stand_stop(&first);
}

static void a_replaced_file_is_opened_anew(void **state)
{
	struct sql_stand *stand = *state;
	char from[96], to[96];

	open_documented(stand);
	sql_stand_expect(stand, (struct login){"imap", "u", "::1", 1795338300001}, DICT_STORED);
	snprintf(from, sizeof(from), "%s/db", stand->dir);
	snprintf(to, sizeof(to), "%s/old", stand->dir);
	assert_int_equal(rename(from, to), 0);
	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_expect(stand, (struct login){"imap", "u", "::2", 1795338300002}, DICT_STORED);
	assert_string_equal(all_rows(stand), "u\timap\t1795338300002\t::2\n");
}

/* --- strict -----------------------------------------------------------------------------------*/

static void strict_mysql_keeps_the_first_address(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.19.1");
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.1", 1795338302210},
			 DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.7", 1795338303664},
			 DICT_STORED);
	assert_string_equal(all_rows(stand), "u1\timap\t1795338303664\t127.0.0.1\n");
	/* And it goes back in time, and splits a name. */
	sql_stand_expect(stand, (struct login){"imap", "u1", "127.0.0.7", 1795338300000},
			 DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "a/b@c", "127.0.0.1", 1795338300000},
			 DICT_STORED);
	assert_string_equal(all_rows(stand), "a\timap\t1795338300000\tb@c/127.0.0.1\n"
					     "u1\timap\t1795338300000\t127.0.0.1\n");
	sql_stand_expect(stand, (struct login){"lmtp", "u1", "", 1795338300000}, DICT_REFUSED);
}

static void strict_fails_with_the_documented_key(void **state)
{
	struct sql_stand *stand = *state;
	const char *reason;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.19.1");
	reason = sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1}, DICT_RETRY);
	assert_non_null(strstr(reason, is_sqlite(stand)
					       ? "does not match any PRIMARY KEY"
					       : "there is no unique or exclusion constraint"));
	assert_string_equal(all_rows(stand), "");
}

static void strict_2_3_13_never_updates_a_row(void **state)
{
	struct sql_stand *stand = *state;

	sql_stand_ask(stand, "%s", documented_schema);
	sql_stand_open(stand, documented_map, NULL, "2.3.13");
	sql_stand_expect(stand, (struct login){"imap", "u1", "::1", 1795338302210}, DICT_STORED);
	sql_stand_expect(stand, (struct login){"imap", "u1", "::2", 1795338302211}, DICT_REFUSED);
	assert_string_equal(all_rows(stand), "u1\timap\t1795338302210\t::1\n");
}

/* --- all of it --------------------------------------------------------------------------------*/

enum where { ON_MYSQL = 1, ON_PGSQL = 2, ON_SQLITE = 4, ON_SERVERS = 3, ON_ALL = 7 };

static const struct story {
	const char *name;
	CMUnitTestFunction run;
	enum where where;
} stories[] = {
#define STORY(name, where)                                                                         \
	{                                                                                          \
#name, name, where                                                                 \
	}
	STORY(the_address_follows_the_time, ON_ALL),
	STORY(an_older_login_changes_nothing, ON_ALL),
	STORY(the_newest_of_a_batch_is_written, ON_ALL),
	STORY(the_order_of_writes_does_not_matter, ON_ALL),
	STORY(two_logins_within_a_second_keep_the_later_address, ON_ALL),
	STORY(times_of_another_precision_compare, ON_ALL),
	STORY(the_alternative_schema_has_columns_per_service, ON_ALL),
	STORY(every_name_is_stored_byte_for_byte, ON_ALL),
	STORY(a_bad_name_does_not_hurt_the_others, ON_ALL),
	STORY(no_address_is_an_empty_text, ON_ALL),
	STORY(what_no_map_takes_is_refused_in_dovecots_words, ON_ALL),
	STORY(a_missing_table_is_waited_for, ON_ALL),
	STORY(a_column_that_is_too_small_is_told_at_once, ON_ALL),
	STORY(a_table_without_a_key_is_told_at_once, ON_ALL),
	STORY(a_lookup_tells_service_address_and_time, ON_ALL),
	STORY(everybody_can_be_listed, ON_ALL),
	STORY(old_rows_are_removed_some_at_a_time, ON_ALL),
	STORY(a_row_with_several_times_is_as_old_as_the_newest, ON_ALL),
	STORY(a_table_with_anything_else_in_it_is_left_alone, ON_ALL),
	STORY(text_columns_are_left_alone, ON_ALL),
	STORY(a_killed_server_loses_nothing, ON_SERVERS),
	STORY(a_closed_connection_is_made_anew, ON_SERVERS),
	STORY(a_hung_server_costs_the_deadline, ON_SERVERS),
	STORY(a_locked_row_is_tried_again, ON_SERVERS),
	STORY(a_deadlock_is_tried_again, ON_SERVERS),
	STORY(a_serialization_failure_is_tried_again, ON_PGSQL),
	STORY(a_wrong_password_is_told_without_it, ON_SERVERS),
	STORY(a_read_only_server_is_waited_for, ON_SERVERS),
	STORY(the_first_host_that_takes_writes_is_used, ON_SERVERS),
	STORY(the_next_host_takes_over, ON_SERVERS),
	STORY(a_replaced_file_is_opened_anew, ON_SQLITE),
	STORY(strict_mysql_keeps_the_first_address, ON_MYSQL),
	STORY(strict_fails_with_the_documented_key, ON_PGSQL | ON_SQLITE),
	STORY(strict_2_3_13_never_updates_a_row, ON_PGSQL | ON_SQLITE),
#undef STORY
};

#define STORY_COUNT (sizeof(stories) / sizeof(*stories))
#define STAND_COUNT (sizeof(stands) / sizeof(*stands))

static int start_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < STAND_COUNT; i++)
		sql_stand_start(&stands[i]);
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < STAND_COUNT; i++)
		sql_stand_stop(&stands[i]);
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[STAND_COUNT * STORY_COUNT];
	static char names[STAND_COUNT * STORY_COUNT][96];
	size_t count = 0;

	for (size_t stand = 0; stand < STAND_COUNT; stand++) {
		for (size_t i = 0; i < STORY_COUNT; i++) {
			if (!(stories[i].where & (1U << stand)))
				continue;
			snprintf(names[count], sizeof(names[count]), "%s: %s", stands[stand].name,
				 stories[i].name);
			tests[count] =
				(struct CMUnitTest){names[count], stories[i].run, drop_tables,
						    drop_tables, &stands[stand]};
			count++;
		}
	}
	return _cmocka_run_group_tests("sql", tests, count, start_all, stop_all);
}
