/* SPDX-License-Identifier: MIT */
/*
 * Puts made-up logins under a dict, as the writer would, and says what the dict must hold then.
 *
 *	load [--no-address] [--plugin] [--others] URI COUNT USERS BATCH [EXPECTED [PAUSE]]
 *
 * --no-address leaves the address out of the key, for stores in which it would make another key.
 * --plugin writes as Dovecot's plugin does (compat = strict).
 * --others are users that a load without it does not have.
 * PAUSE milliseconds lie between two batches; SIGTERM ends it early.
 * Logins come in an order that is not that of their times. What the dict does not take is sent
 * again until it does; only a refusal ends the program. EXPECTED gets one line for each row,
 * "user <tab> service <tab> milliseconds <tab> address": the newest login of all that were made.
 * Prints what it took: writes, seconds, writes per second, microseconds of CPU per write.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/dict.h"

#define TIMEOUT_NS (10 * NS_PER_SEC)
#define USER_MAX   64
#define KEY_MAX	   160

/* Of one user and service. */
struct newest {
	int64_t ms;
	unsigned int address;
};

struct record {
	char key[KEY_MAX], value[24];
	struct key_part parts[3];
	struct dict_entry entry;
};

struct load {
	struct dict *dict;
	size_t users, first; /* how many, and the number of the first */
	size_t batch, parts; /* of a key */
	useconds_t pause;
	struct newest *newest; /* users * 2 */
	struct record *records;
	uint64_t made, written, again, failures;
	int64_t base_ms;
	uint64_t random;
};

static volatile sig_atomic_t stopped;

static void stop(int signal_number)
{
	(void)signal_number;
	stopped = 1;
}

static const char *const services[] = {"imap", "pop3"};

/* xorshift: the same logins in each run. */
static uint64_t next_random(struct load *load)
{
	load->random ^= load->random << 13;
	load->random ^= load->random >> 7;
	load->random ^= load->random << 17;
	return load->random;
}

/* One in sixteen has what breaks careless code. */
static void user_name(size_t number, char name[USER_MAX])
{
	if (number % 16 == 7)
		snprintf(name, USER_MAX, "o'neil/%zu %%\xc3\xbc\"@example.com", number);
	else
		snprintf(name, USER_MAX, "user%zu@example.com", number);
}

static void address_text(unsigned int address, char text[24])
{
	snprintf(text, 24, "192.0.%u.%u", address >> 8 & 255, address & 255);
}

static void set_part(struct record *record, size_t index, size_t last, const char *variable,
		     int *at, const char *text)
{
	record->parts[index] = (struct key_part){variable, (uint32_t)*at, (uint32_t)strlen(text)};
	*at += snprintf(record->key + *at, KEY_MAX - (size_t)*at, "%s%s", text,
			index < last ? "/" : "");
}

static void make_login(struct load *load, struct record *record)
{
	uint64_t random = next_random(load);
	size_t user = random % load->users, service = random >> 40 & 1;
	struct newest *newest = &load->newest[user * 2 + service];
	unsigned int address = (unsigned int)(random >> 44 & 0xffff);
	/* Each time is used once; neighbours are out of order by up to 4096 ms. */
	int64_t ms = load->base_ms + (int64_t)(load->made ^ 0x5a5);
	int at = snprintf(record->key, KEY_MAX, "shared/last-login/");
	char name[USER_MAX], ip[24];

	load->made++;
	if (ms > newest->ms)
		*newest = (struct newest){ms, address};
	user_name(load->first + user, name);
	address_text(address, ip);
	set_part(record, 0, load->parts - 1, "service", &at, services[service]);
	set_part(record, 1, load->parts - 1, "user", &at, name);
	if (load->parts > 2)
		set_part(record, 2, load->parts - 1, "remote_ip", &at, ip);
	snprintf(record->value, sizeof(record->value), "%" PRId64, ms);
	record->entry = (struct dict_entry){.key = {record->key, (size_t)at},
					    .value = slice_str(record->value),
					    .time_ns = ms * NS_PER_MSEC,
					    .parts = record->parts,
					    .part_count = load->parts};
}

/* Gives the entries their outcome; those to be sent again come to stand in front. */
static size_t write_batch(struct load *load, struct dict_entry *entries, size_t count)
{
	struct error error = {0};
	size_t kept = 0, i;

	if (dict_write(load->dict, entries, count, clock_monotonic_ns() + TIMEOUT_NS, &error) < 0) {
		load->failures++;
		fprintf(stderr, "load: %s\n", error.text);
		usleep(200000);
	}
	for (i = 0; i < count; i++) {
		if (entries[i].outcome == DICT_REFUSED) {
			fprintf(stderr, "load: refused: %s\n", entries[i].reason);
			exit(EXIT_FAILURE);
		}
		if (entries[i].outcome == DICT_STORED || entries[i].outcome == DICT_UNCHANGED)
			load->written++;
		else
			entries[kept++] = entries[i];
	}
	load->again += kept;
	if (kept > 0)
		usleep(20000);
	return kept;
}

static void run(struct load *load, uint64_t count)
{
	struct dict_entry *entries = calloc(load->batch, sizeof(*entries));
	size_t i, left;

	if (!entries)
		abort();
	while (load->made < count && !stopped) {
		for (i = 0; i < load->batch; i++) {
			make_login(load, &load->records[i]);
			entries[i] = load->records[i].entry;
		}
		for (left = load->batch; left > 0;)
			left = write_batch(load, entries, left);
		usleep(load->pause);
	}
	free(entries);
}

static double cpu_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int save_expected(const struct load *load, const char *path)
{
	FILE *file = fopen(path, "w");
	char name[USER_MAX], ip[24];
	size_t i;

	if (!file)
		return -errno;
	for (i = 0; i < load->users * 2; i++) {
		if (load->newest[i].ms == 0)
			continue;
		user_name(load->first + i / 2, name);
		address_text(load->newest[i].address, ip);
		fprintf(file, "%s\t%s\t%" PRId64 "\t%s\n", name, services[i % 2],
			load->newest[i].ms, ip);
	}
	return fclose(file) == 0 ? 0 : -errno;
}

int main(int argc, char **argv)
{
	struct dict_config config = {.where = "load", .home = "/", .base_dir = "/run/dovecot"};
	struct load load = {.random = 88172645463325252ULL, .parts = 3};
	struct error error = {0};
	double seconds, cpu;
	int64_t start;

	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (strcmp(argv[1], "--no-address") == 0)
			load.parts = 2;
		if (strcmp(argv[1], "--others") == 0)
			load.first = 1000000;
		if (strcmp(argv[1], "--plugin") == 0)
			config.strict = true;
	}
	if (argc < 5) {
		fprintf(stderr,
			"usage: load [--no-address] [--plugin] [--others] URI COUNT USERS BATCH "
			"[EXPECTED [PAUSE]]\n");
		return 64;
	}
	signal(SIGTERM, stop);
	signal(SIGPIPE, SIG_IGN); /* as dovetap does: OpenSSL writes with write(2) */
	config.uri = argv[1];
	load.users = strtoul(argv[3], NULL, 10);
	load.batch = strtoul(argv[4], NULL, 10);
	load.pause = argc > 6 ? (useconds_t)strtoul(argv[6], NULL, 10) * 1000 : 0;
	load.newest = calloc(load.users * 2, sizeof(*load.newest));
	load.records = calloc(load.batch, sizeof(*load.records));
	load.base_ms = clock_wall_ns() / NS_PER_MSEC - 86400000;
	if (!load.newest || !load.records)
		abort();
	if (dict_open(&config, &load.dict, &error) < 0 ||
	    dict_ping(load.dict, clock_monotonic_ns() + TIMEOUT_NS, &error) < 0) {
		fprintf(stderr, "load: %s\n", error.text);
		return EXIT_FAILURE;
	}
	start = clock_monotonic_ns();
	cpu = cpu_seconds();
	run(&load, strtoull(argv[2], NULL, 10));
	seconds = (double)(clock_monotonic_ns() - start) / 1e9;
	cpu = cpu_seconds() - cpu;
	printf("writes %" PRIu64 " seconds %.2f rate %.0f cpu_us %.2f again %" PRIu64
	       " failures %" PRIu64 "\n",
	       load.written, seconds, (double)load.written / seconds,
	       cpu * 1e6 / (double)load.written, load.again, load.failures);
	if (argc > 5 && save_expected(&load, argv[5]) < 0)
		return EXIT_FAILURE;
	dict_close(&load.dict);
	free(load.newest);
	free(load.records);
	return EXIT_SUCCESS;
}
