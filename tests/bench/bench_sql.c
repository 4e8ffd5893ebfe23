/* SPDX-License-Identifier: MIT */
/*
 * Rows per second of the mysql and sqlite drivers next to a plain loop that sends the same
 * statement with the same rows: at least 0.8 and 0.9 of it. Both take turns in one run, on the same
 * server, so that the ratio says something on a busy machine; the fastest quarter of the rounds
 * counts.
 */
#include <mysql.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "../dict/sql/harness.h"
#include "base/clock.h"
#include "store/drivers/sql/sql.h"

#define ROWS   1000 /* the writer's batch */
#define USERS  20000
#define ROUNDS 61
#define WARMUP 3

static const char schema[] = "CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service "
			     "VARCHAR(10) NOT NULL, last_access BIGINT NOT NULL, last_ip "
			     "VARCHAR(40) NOT NULL, PRIMARY KEY (userid, service));";

static const char map[] = "map {\n pattern = shared/last-login/$service/$user/$remote_ip\n"
			  " table = last_login\n value_field = last_access\n value_type = uint\n"
			  " fields {\n  userid = $user\n  service = $service\n"
			  "  last_ip = $remote_ip\n }\n}\n";

/* --- the rows ---------------------------------------------------------------------------------*/

struct row {
	char user[40], ip[20];
	long long ms;
	unsigned long user_len, ip_len;
};

static struct row rows[ROWS];

/* Every batch is newer than the one before, for users all over the table in the order in which
 * they happen to log in, each once. */
static void make_rows(void)
{
	static long long now = 1795338300000;
	static unsigned int seed = 1;
	unsigned int first;

	seed = seed * 1103515245 + 12345;
	first = (seed >> 8) % USERS;
	for (int i = 0; i < ROWS; i++) {
		struct row *row = &rows[i];

		row->user_len = (unsigned long)snprintf(row->user, sizeof(row->user),
							"user%05u@mail.example.com",
							(first + (unsigned int)i * 7919) % USERS);
		row->ip_len = (unsigned long)snprintf(row->ip, sizeof(row->ip), "10.1.%d.%d",
						      i / 250, i % 250);
		row->ms = ++now;
	}
}

/* --- ours -------------------------------------------------------------------------------------*/

static int64_t time_ours(struct sql_harness *harness, struct batch *batch)
{
	int64_t start;

	for (int i = 0; i < ROWS; i++)
		batch_add(batch, &(struct login){"imap", rows[i].user, rows[i].ip, rows[i].ms});
	start = clock_monotonic_ns();
	if (sql_harness_write(harness, batch) < 0)
		fail_msg("%s", batch->error.text);
	start = clock_monotonic_ns() - start;
	assert_outcome(batch->entries[ROWS - 1].outcome, DICT_STORED, "");
	batch_clear(batch);
	return start;
}

/* --- the plain loops --------------------------------------------------------------------------*/

static MYSQL *mysql;
static MYSQL_STMT *mysql_stmt;

static void open_mysql(const struct sql_harness *harness)
{
	static const char update[] =
		" ON DUPLICATE KEY UPDATE last_ip=IF(RPAD(last_access,19,'0')>"
		"RPAD(VALUES(last_access),19,'0'),last_ip,VALUES(last_ip)),last_access=IF("
		"RPAD(last_access,19,'0')>RPAD(VALUES(last_access),19,'0'),last_access,"
		"VALUES(last_access))";
	static char text[ROWS * 10 + 1024];
	char path[96];
	int len = snprintf(text, sizeof(text),
			   "INSERT INTO last_login (last_access,service,userid,last_ip) VALUES ");

	for (int i = 0; i < ROWS; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s(?,?,?,?)",
				i ? "," : "");
	len += snprintf(text + len, sizeof(text) - (size_t)len, "%s", update);
	snprintf(path, sizeof(path), "%s/socket", harness->dir);
	mysql = mysql_init(NULL);
	assert_non_null(mysql_real_connect(mysql, NULL, "dovetap", "sekret", "mails", 0, path, 0));
	mysql_stmt = mysql_stmt_init(mysql);
	assert_int_equal(mysql_stmt_prepare(mysql_stmt, text, (unsigned long)len), 0);
}

static MYSQL_BIND text_bind(char *text, unsigned long len)
{
	return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = len};
}

static int64_t time_plain_mysql(void)
{
	static MYSQL_BIND binds[ROWS * 4];
	static char imap[] = "imap";
	int64_t start = clock_monotonic_ns();

	for (int i = 0; i < ROWS; i++) {
		binds[4 * i] =
			(MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &rows[i].ms};
		binds[4 * i + 1] = text_bind(imap, 4);
		binds[4 * i + 2] = text_bind(rows[i].user, rows[i].user_len);
		binds[4 * i + 3] = text_bind(rows[i].ip, rows[i].ip_len);
	}
	assert_int_equal(mysql_stmt_bind_param(mysql_stmt, binds), 0);
	assert_int_equal(mysql_stmt_execute(mysql_stmt), 0);
	return clock_monotonic_ns() - start;
}

static sqlite3 *lite;
static sqlite3_stmt *lite_stmt;

static void open_sqlite(const struct sql_harness *harness)
{
	static const char text[] =
		"INSERT INTO last_login AS kept (last_access,service,userid,last_ip) VALUES "
		"(?1,?2,?3,?4) ON CONFLICT (service,userid) DO UPDATE SET "
		"last_access=excluded.last_access,last_ip=excluded.last_ip WHERE "
		"substr(excluded.last_access||'000000000',1,19)>"
		"substr(kept.last_access||'000000000',1,19)";
	char path[96];

	snprintf(path, sizeof(path), "%s/db", harness->dir);
	assert_int_equal(sqlite3_open(path, &lite), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(lite, text, -1, &lite_stmt, NULL), SQLITE_OK);
}

static int64_t time_plain_sqlite(void)
{
	int64_t start = clock_monotonic_ns();

	assert_int_equal(sqlite3_exec(lite, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < ROWS; i++) {
		struct row *row = &rows[i];

		sqlite3_bind_int64(lite_stmt, 1, row->ms);
		sqlite3_bind_text(lite_stmt, 2, "imap", 4, SQLITE_STATIC);
		sqlite3_bind_text(lite_stmt, 3, row->user, (int)row->user_len, SQLITE_STATIC);
		sqlite3_bind_text(lite_stmt, 4, row->ip, (int)row->ip_len, SQLITE_STATIC);
		assert_int_equal(sqlite3_step(lite_stmt), SQLITE_DONE);
		sqlite3_reset(lite_stmt);
	}
	assert_int_equal(sqlite3_exec(lite, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	return clock_monotonic_ns() - start;
}

/* --- the comparison ---------------------------------------------------------------------------*/

struct contest {
	struct sql_harness harness;
	void (*open)(const struct sql_harness *harness);
	int64_t (*plain)(void);
	double goal;
};

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static double rows_per_second(int64_t times[ROUNDS])
{
	qsort(times, ROUNDS, sizeof(*times), compare);
	return (double)ROWS * NS_PER_SEC / (double)times[ROUNDS / 4];
}

static void contend(void **state)
{
	static int64_t ours[ROUNDS], plain[ROUNDS];
	struct contest *contest = *state;
	struct batch *batch = calloc(1, sizeof(*batch));
	double rate, floor;

	sql_harness_start(&contest->harness);
	sql_harness_ask(&contest->harness, "%s", schema);
	sql_harness_open(&contest->harness, map, NULL, NULL);
	contest->open(&contest->harness);
	for (int i = -WARMUP; i < ROUNDS; i++) {
		/* Who comes second finds the server warm: take turns in that, too. */
		for (int turn = 0; turn < 2; turn++) {
			make_rows();
			if ((i + turn) % 2 == 0)
				ours[i < 0 ? 0 : i] = time_ours(&contest->harness, batch);
			else
				plain[i < 0 ? 0 : i] = contest->plain();
		}
	}
	rate = rows_per_second(ours);
	floor = rows_per_second(plain);
	printf("# %s: %.0f rows/s, plain loop %.0f rows/s, ratio %.2f, goal %.2f\n",
	       contest->harness.name, rate, floor, rate / floor, contest->goal);
	free(batch);
	sql_harness_stop(&contest->harness);
	assert_true(rate / floor >= contest->goal);
}

static struct contest contests[] = {
	{.harness = {.name = "mysql",
		     .driver = &sql_mysql_driver,
		     .script = "mariadb",
		     .connect = {"host=", "/socket dbname=mails user=dovetap password=sekret"}},
	 .open = open_mysql,
	 .plain = time_plain_mysql,
	 .goal = 0.8},
	{.harness = {.name = "sqlite",
		     .driver = &sql_sqlite_driver,
		     .script = "sqlite",
		     .connect = {"", "/db"}},
	 .open = open_sqlite,
	 .plain = time_plain_sqlite,
	 .goal = 0.9},
};

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(contend, &contests[0]),
		cmocka_unit_test_prestate(contend, &contests[1]),
	};

	return cmocka_run_group_tests_name("bench-sql", tests, NULL, NULL);
}
