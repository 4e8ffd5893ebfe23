/* SPDX-License-Identifier: MIT */
/*
 * What a row of the history costs next to the record of the same login, on each store that keeps
 * one: at most 2 times as much. Users have all the rows that are kept, so that each row makes one
 * too many, and come in no order, as logins do. Rounds of both take turns, so that a busy machine
 * slows both; the median of their ratios counts. Arguments pick subjects of tests/dict:
 * bench_history [sqlite] ["redis cluster"]...
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../dict/subject.h"
#include "base/clock.h"

#define KEPT   20
#define ACTIVE 5000 /* users, all over the table of SPREAD times as many */
#define SPREAD 5
#define BATCH  1000 /* the writer's */
#define ROUNDS 9
#define LIMIT  2.0

struct entries {
	struct dict_entry list[BATCH];
	struct key_part parts[BATCH][3];
	char keys[BATCH][128], values[BATCH][256];
};

static struct entries records, rows;

static void die(const char *subject, const char *what)
{
	fprintf(stderr, "bench_history: %s: %s\n", subject, what);
	exit(1);
}

static int64_t login_time(int round, int i)
{
	return (1795337984LL + round * BATCH + i) * NS_PER_SEC;
}

/* Active users in turn, as if by chance; before, all of them in their order. */
static int user_of(int number)
{
	return (int)((int64_t)number * 7919 % ACTIVE) * SPREAD;
}

/* The user's login of that round; the parts are where the texts are. */
static void make_record(int i, int round, int user_number)
{
	struct dict_entry *entry = &records.list[i];
	char *key = records.keys[i];
	int user = snprintf(key, sizeof(records.keys[i]), "shared/last-login/imap/");
	int end = user + snprintf(key + user, 40, "user%06d@example.com", user_number);

	snprintf(key + end, 20, "/192.0.2.1");
	records.parts[i][0] = (struct key_part){"service", 18, 4};
	records.parts[i][1] = (struct key_part){"user", (uint32_t)user, (uint32_t)(end - user)};
	records.parts[i][2] = (struct key_part){"remote_ip", (uint32_t)end + 1, 9};
	snprintf(records.values[i], sizeof(records.values[i]), "%lld",
		 (long long)(login_time(round, i) / NS_PER_SEC));
	*entry = (struct dict_entry){.key = slice_str(key),
				     .value = slice_str(records.values[i]),
				     .time_ns = login_time(round, i),
				     .parts = records.parts[i],
				     .part_count = 3};
}

static void make_row(int i, int round, int user_number)
{
	struct dict_entry *entry = &rows.list[i];
	char *key = rows.keys[i];
	int user = snprintf(key, sizeof(rows.keys[i]), "shared/login-history/");
	int end = user + snprintf(key + user, 40, "user%06d@example.com", user_number);

	snprintf(key + end, 32, "/%016x", round * BATCH + i);
	rows.parts[i][0] = (struct key_part){"user", (uint32_t)user, (uint32_t)(end - user)};
	snprintf(rows.values[i], sizeof(rows.values[i]),
		 "id=%016x\tservice=imap\tremote_ip=192.0.2.1\tcountry=DE\tasn=64496\tmech=PLAIN\t"
		 "tls=yes\tnode=mail1.example.com\tsession=%016x",
		 round * BATCH + i, round * BATCH + i);
	*entry = (struct dict_entry){.key = slice_str(key),
				     .value = slice_str(rows.values[i]),
				     .time_ns = login_time(round, i),
				     .parts = rows.parts[i],
				     .part_count = 1};
}

static struct dict *open_dict(const struct harness *harness, const char *table)
{
	struct dict_config config = harness->config;
	struct dict *dict = NULL;
	struct error error = {0};

	config.table = table;
	config.history = table ? KEPT : 0;
	config.history_where = table ? "history (bench)" : NULL;
	if (dict_open(&config, &dict, &error) < 0)
		die(harness->subject->name, error.text);
	return dict;
}

/* Seconds. */
static double write_all(const struct subject *subject, struct dict *dict, struct entries *entries)
{
	int64_t begin = clock_monotonic_ns();
	struct error error = {0};

	if (dict_write(dict, entries->list, BATCH, begin + 60 * NS_PER_SEC, &error) < 0)
		die(subject->name, error.text);
	for (int i = 0; i < BATCH; i++) {
		if (entries->list[i].outcome != DICT_STORED)
			die(subject->name, entries->list[i].reason);
	}
	return (double)(clock_monotonic_ns() - begin) / (double)NS_PER_SEC;
}

static int compare(const void *a, const void *b)
{
	return *(const double *)a < *(const double *)b ? -1 : 1;
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static void fill(const struct subject *subject, struct dict *newest, struct dict *history)
{
	for (int round = 0; round < SPREAD * ACTIVE / BATCH; round++) {
		for (int i = 0; i < BATCH; i++)
			make_record(i, 0, round * BATCH + i);
		write_all(subject, newest, &records);
	}
	for (int round = 0; round < KEPT * ACTIVE / BATCH; round++) {
		for (int i = 0; i < BATCH; i++)
			make_row(i, round, user_of(round * BATCH + i));
		write_all(subject, history, &rows);
	}
}

static bool measure(const struct subject *subject, struct dict *newest, struct dict *history)
{
	double record_s[ROUNDS], row_s[ROUNDS], ratios[ROUNDS], ratio;

	fill(subject, newest, history);
	for (int at = 0; at < ROUNDS; at++) {
		int round = KEPT * ACTIVE / BATCH + at;

		for (int i = 0; i < BATCH; i++) {
			make_record(i, round, user_of(round * BATCH + i));
			make_row(i, round, user_of(round * BATCH + i));
		}
		record_s[at] = write_all(subject, newest, &records);
		row_s[at] = write_all(subject, history, &rows);
		ratios[at] = row_s[at] / record_s[at];
	}
	ratio = median(ratios);
	printf("%s: %.0f records/s, %.0f rows of the history/s, a row costs %.2f records (at most "
	       "%.2f)\n",
	       subject->name, BATCH / median(record_s), BATCH / median(row_s), ratio, LIMIT);
	return ratio <= LIMIT;
}

static bool bench(const struct subject *subject)
{
	struct harness harness = {.subject = subject, .dir = "/tmp/bench_history.XXXXXX"};
	struct dict *newest, *history;
	const char *why;
	char command[96];
	bool good;

	if (!mkdtemp(harness.dir))
		die(subject->name, "no temporary directory");
	why = subject->start(&harness);
	if (why)
		die(subject->name, why);
	harness.config.uri = harness.config.uri ? harness.config.uri : harness.uri;
	harness.config.where = "bench";
	newest = open_dict(&harness, NULL);
	history = open_dict(&harness, HISTORY_LOGINS);
	good = measure(subject, newest, history);
	dict_close(&newest);
	dict_close(&history);
	if (subject->stop)
		subject->stop(&harness);
	server_kill(&harness.server);
	snprintf(command, sizeof(command), "rm -rf %s", harness.dir);
	return system(command) == 0 && good;
}

static bool wanted(const struct subject *subject, int argc, char **argv)
{
	bool found = argc == 1;

	for (int i = 1; i < argc; i++)
		found |= strcmp(argv[i], subject->name) == 0;
	return found && subject->traits & TRAIT_HISTORY;
}

int main(int argc, char **argv)
{
	bool good = true;
	int count = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; subjects[i]; i++) {
		if (!wanted(subjects[i], argc, argv))
			continue;
		good &= bench(subjects[i]);
		count++;
	}
	if (count == 0)
		die("none", "no such store keeps a history");
	return good ? 0 : 1;
}
