/* SPDX-License-Identifier: MIT */
/*
 * Records per second of the embedded dict and of dict redis, each next to the best that its store
 * does with the same work in the same run:
 *
 *	sqlite   a plain loop over the same prepared upsert, with as many rows in a transaction
 *	redis    redis-benchmark with the same command, payload and pipeline depth
 *	spool    what a backlog of 100,000 users costs in memory, and how fast it is drained
 *
 * Rounds take turns, so that a busy machine slows both; the median of their ratios counts. Fails
 * below 0.9, 0.7 and 50,000 records/s. Arguments pick: bench_store [sqlite] [redis] [spool]
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/dict.h"
#include "store/spool/spool.h"
#include "store/writer/writer.h"

#define USERS  100000
#define BATCH  1000
#define ROUNDS 7
#define ROWS   100000 /* in a round */

static char dir[] = "/tmp/bench_store.XXXXXX";

struct record {
	char key[96], value[24];
	struct key_part parts[3];
};

static struct record records[BATCH];
static struct dict_entry entries[BATCH];

static void die(const char *what)
{
	fprintf(stderr, "bench_store: %s\n", what);
	exit(1);
}

static int64_t login_time(long number)
{
	return (1795337984000LL + number) * NS_PER_MSEC;
}

/* The number-th login of the run: users come round again and again, each time later. */
static void make_entry(struct record *record, struct dict_entry *entry, long number)
{
	int64_t time_ns = login_time(number);
	int user_len =
		snprintf(record->key, sizeof(record->key),
			 "shared/last-login/imap/user%012ld@example.com/192.0.2.1", number % USERS);

	snprintf(record->value, sizeof(record->value), "%lld", (long long)(time_ns / NS_PER_MSEC));
	record->parts[0] = (struct key_part){"service", 18, 4};
	record->parts[1] = (struct key_part){"user", 23, (uint32_t)user_len - 23 - 10};
	record->parts[2] = (struct key_part){"remote_ip", (uint32_t)user_len - 9, 9};
	*entry = (struct dict_entry){.key = {record->key, (size_t)user_len},
				     .value = slice_str(record->value),
				     .time_ns = time_ns,
				     .parts = record->parts,
				     .part_count = 3};
}

static void make_batch(long first)
{
	for (int i = 0; i < BATCH; i++)
		make_entry(&records[i], &entries[i], first + i);
}

static double per_second(long count, int64_t ns)
{
	return (double)count * 1e9 / (double)ns;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), by_size);
	return values[ROUNDS / 2];
}

/* Prints a verdict; true when it is met. */
static bool report(const char *name, double *ours, double *peer, double *ratios,
		   const char *peer_name, double limit)
{
	double ratio = median(ratios);

	printf("%s: %.0f records/s, %s %.0f, ratio %.2f (at least %.2f)\n", name, median(ours),
	       peer_name, median(peer), ratio, limit);
	return ratio >= limit;
}

static struct dict *open_dict(const char *uri)
{
	const struct dict_config config = {.uri = uri};
	struct dict *dict = NULL;
	struct error error = {0};

	if (dict_open(&config, &dict, &error) < 0)
		die(error.text);
	return dict;
}

/* One round through the dict: ROWS records from first on, in batches. */
static double run_dict(struct dict *dict, long first)
{
	struct error error = {0};
	int64_t spent = 0;

	for (long done = 0; done < ROWS; done += BATCH) {
		int64_t start;

		make_batch(first + done);
		start = clock_monotonic_ns();
		if (dict_write(dict, entries, BATCH, start + 60 * NS_PER_SEC, &error) < 0)
			die(error.text);
		spent += clock_monotonic_ns() - start;
		if (entries[0].outcome != DICT_STORED)
			die("a newer record was not stored");
	}
	return per_second(ROWS, spent);
}

/* --- sqlite -------------------------------------------------------------------------------- */

static const char plain_sql[] =
	"INSERT INTO last_login (userid, service, last_access, last_ip, time_ns) "
	"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (userid, service) DO UPDATE SET "
	"last_access = excluded.last_access, last_ip = excluded.last_ip, time_ns = excluded.time_ns "
	"WHERE excluded.time_ns > time_ns";

static sqlite3 *open_plain(sqlite3_stmt **upsert)
{
	static const char setup[] =
		"PRAGMA journal_mode = wal; PRAGMA synchronous = normal;"
		"CREATE TABLE last_login (userid, service, last_access INTEGER, last_ip, time_ns "
		"INTEGER, PRIMARY KEY (userid, service)) WITHOUT ROWID";
	char path[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/plain.db", dir);
	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, setup, NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, plain_sql, -1, upsert, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(db));
	return db;
}

static void plain_upsert(sqlite3_stmt *upsert, const struct dict_entry *entry)
{
	const struct key_part *p = entry->parts;

	sqlite3_bind_text(upsert, 1, entry->key.ptr + p[1].offset, (int)p[1].len, SQLITE_STATIC);
	sqlite3_bind_text(upsert, 2, entry->key.ptr + p[0].offset, (int)p[0].len, SQLITE_STATIC);
	sqlite3_bind_int64(upsert, 3, entry->time_ns / NS_PER_MSEC);
	sqlite3_bind_text(upsert, 4, entry->key.ptr + p[2].offset, (int)p[2].len, SQLITE_STATIC);
	sqlite3_bind_int64(upsert, 5, entry->time_ns);
	if (sqlite3_step(upsert) != SQLITE_DONE)
		die("the plain loop failed");
	sqlite3_reset(upsert);
}

static double run_plain(sqlite3 *db, sqlite3_stmt *upsert, long first)
{
	int64_t spent = 0;

	for (long done = 0; done < ROWS; done += BATCH) {
		int64_t start;

		make_batch(first + done);
		start = clock_monotonic_ns();
		sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
		for (int i = 0; i < BATCH; i++)
			plain_upsert(upsert, &entries[i]);
		sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		spent += clock_monotonic_ns() - start;
	}
	return per_second(ROWS, spent);
}

static bool bench_sqlite(void)
{
	double ours[ROUNDS], plain[ROUNDS], ratios[ROUNDS];
	sqlite3_stmt *upsert;
	sqlite3 *db = open_plain(&upsert);
	struct dict *dict;
	char uri[96];

	snprintf(uri, sizeof(uri), "sqlite:path=%s/dict.db", dir);
	dict = open_dict(uri);
	run_dict(dict, 0);
	run_plain(db, upsert, 0);
	for (int i = 0; i < ROUNDS; i++) {
		plain[i] = run_plain(db, upsert, (i + 1L) * ROWS);
		ours[i] = run_dict(dict, (i + 1L) * ROWS);
		ratios[i] = ours[i] / plain[i];
	}
	sqlite3_finalize(upsert);
	sqlite3_close(db);
	dict_close(&dict);
	return report("sqlite", ours, plain, ratios, "plain prepared upserts", 0.9);
}

/* --- redis --------------------------------------------------------------------------------- */

static pid_t start_redis(char *socket, size_t size)
{
	char command[128];
	pid_t pid;

	snprintf(socket, size, "%s/redis.sock", dir);
	pid = fork();
	if (pid == 0) {
		execlp("redis-server", "redis-server", "--port", "0", "--save", "", "--appendonly",
		       "no", "--unixsocket", socket, "--loglevel", "warning", "--dir", dir, NULL);
		_exit(127);
	}
	snprintf(command, sizeof(command), "redis-cli -s %s --no-raw ping > /dev/null 2>&1",
		 socket);
	for (int i = 0; i < 500 && system(command) != 0; i++)
		usleep(10000);
	return pid;
}

/* The script that the dict put there, by the name that the slow log has for it. */
static void find_script(const char *socket, char *sha, size_t size)
{
	char command[192];
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "redis-cli -s %s slowlog get 1000 | grep -A1 -m1 EVALSHA | tail -1", socket);
	pipe = popen(command, "r");
	if (!pipe || !fgets(sha, (int)size, pipe))
		die("the script was not found");
	pclose(pipe);
	sha[strcspn(sha, "\n")] = '\0';
}

static double run_redis_benchmark(const char *socket, const char *sha, long first)
{
	char command[512], line[256];
	double rate = 0;
	FILE *pipe;

	/* The same key but for its digits, which redis-benchmark picks; the same newer time. */
	snprintf(command, sizeof(command),
		 "redis-benchmark -s %s -n %d -c 1 -P %d -r %d --csv EVALSHA %s 1 "
		 "last-login/imap/user__rand_int__@example.com/192.0.2.1 %lld 2> /dev/null",
		 socket, ROWS, BATCH, USERS, sha, (long long)(login_time(first) / NS_PER_MSEC));
	pipe = popen(command, "r");
	while (pipe && fgets(line, sizeof(line), pipe)) {
		const char *comma = strstr(line, "\",\""); /* "EVALSHA ...","RATE",... */

		if (comma && line[1] == 'E')
			rate = strtod(comma + 3, NULL);
	}
	if (!pipe || pclose(pipe) != 0 || rate == 0)
		die("redis-benchmark failed");
	return rate;
}

static bool bench_redis(void)
{
	double ours[ROUNDS], peer[ROUNDS], ratios[ROUNDS];
	char socket[64], uri[96], sha[64], command[128];
	pid_t pid = start_redis(socket, sizeof(socket));
	struct dict *dict;

	snprintf(uri, sizeof(uri), "redis:path=%s", socket);
	dict = open_dict(uri);
	snprintf(command, sizeof(command),
		 "redis-cli -s %s config set slowlog-log-slower-than 0 > /dev/null", socket);
	if (system(command) != 0)
		die("redis-cli failed");
	make_batch(0);
	if (dict_write(dict, entries, 1, clock_monotonic_ns() + 10 * NS_PER_SEC, NULL) < 0)
		die("redis does not answer");
	find_script(socket, sha, sizeof(sha));
	snprintf(command, sizeof(command),
		 "redis-cli -s %s config set slowlog-log-slower-than -1 > /dev/null", socket);
	if (system(command) != 0)
		die("redis-cli failed");
	run_dict(dict, USERS);
	for (int i = 0; i < ROUNDS; i++) {
		peer[i] = run_redis_benchmark(socket, sha, (2 * i + 3L) * ROWS);
		ours[i] = run_dict(dict, (2 * i + 4L) * ROWS);
		ratios[i] = ours[i] / peer[i];
	}
	dict_close(&dict);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return report("redis", ours, peer, ratios, "redis-benchmark", 0.7);
}

/* --- spool --------------------------------------------------------------------------------- */

/* Peak resident memory of this process, KiB. */
static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void wait_until_spooled(struct writer *writer, uint64_t rows)
{
	struct writer_stats stats;

	do {
		usleep(2000);
		writer_stats(writer, &stats);
	} while (stats.pending > 0 || stats.spooled != rows);
}

static struct writer *start_writer(const char *uri)
{
	const struct spool_options spool = {.dir = dir, .name = "bench"};
	struct writer_options options = {.name = "bench"};
	struct writer *writer;
	struct error error = {0};

	if (spool_open(&spool, &options.spool, &error) != 0 ||
	    writer_new(open_dict(uri), &options, &writer, &error) < 0)
		die(error.text);
	return writer;
}

static void submit_users(struct writer *writer)
{
	for (long i = 0; i < USERS; i++) {
		struct writer_record record;

		make_entry(&records[0], &entries[0], i);
		record = (struct writer_record){entries[0].key, entries[0].value,
						entries[0].time_ns, entries[0].parts, 3};
		if (writer_submit(writer, &record, (uint64_t)i + 1) < 0)
			die("a record was lost");
	}
}

/* A dict that is down, then the same spool in front of one that works. */
static bool bench_spool(void)
{
	char uri[96];
	long before = peak_kib(), after;
	int64_t start;
	double rate;
	struct writer *writer = start_writer("redis:path=/nonexistent");

	start = clock_monotonic_ns();
	submit_users(writer);
	wait_until_spooled(writer, USERS);
	rate = per_second(USERS, clock_monotonic_ns() - start);
	writer_free(&writer);
	after = peak_kib();
	printf("spool: takes %.0f records/s of %d users, peak memory +%ld KiB\n", rate, USERS,
	       after - before);
	snprintf(uri, sizeof(uri), "sqlite:path=%s/drained.db", dir);
	start = clock_monotonic_ns();
	writer = start_writer(uri);
	wait_until_spooled(writer, 0);
	rate = per_second(USERS, clock_monotonic_ns() - start);
	writer_free(&writer);
	printf("spool: drains %.0f records/s to sqlite (at least 50000)\n", rate);
	return rate >= 50000 && after - before < 64 << 10;
}

/* --- all ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*run)(void);
} benches[] = {{"sqlite", bench_sqlite}, {"redis", bench_redis}, {"spool", bench_spool}};

static bool wanted(const char *name, int argc, char **argv)
{
	bool found = argc < 2;

	for (int i = 1; i < argc; i++)
		found |= strcmp(argv[i], name) == 0;
	return found;
}

int main(int argc, char **argv)
{
	bool good = true;
	char command[64];

	if (!mkdtemp(dir))
		die("no temporary directory");
	for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++) {
		if (wanted(benches[i].name, argc, argv))
			good &= benches[i].run();
	}
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		die("cannot remove the temporary directory");
	return good ? 0 : 1;
}
