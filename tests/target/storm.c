/* SPDX-License-Identifier: MIT */
/*
 * storm: hits a probed function of libtarget.so with logins, as fast as it can or at a rate, and
 * prints how many and how long it took. SIGTERM ends it early. For benchmarks and fault tests;
 * needs no root.
 *
 * --log adds a line to a file for the newest login of every user: "SERVICE/USER BEGIN END", in
 * nanoseconds since 1970 around the call of the probed function. --shuffle takes users at random,
 * as they come in life, so that a store's neighbours are not each other's.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "target/functions.h"
#include "target/login_image.h"

#define NAME_LENGTH_MAX 4096U
#define THREADS_MAX	256U

struct options {
	const char *abi, *table, *role, *service;
	const char *log;	   /* NULL: none */
	unsigned long events;	   /* of all threads together */
	unsigned long rate;	   /* a second, of all threads together; 0 = full speed */
	unsigned long users;	   /* names to choose from, in turn */
	bool shuffle;		   /* not in turn */
	unsigned long first;	   /* number of the first of them */
	unsigned long name_length; /* shorter names are filled up to this */
	unsigned long threads;
};

static struct options options = {
	.abi = "2.3.ABIv19(2.3.19.1)",
	.table = "layouts/dovecot.layouts",
	.role = "mail_user",
	.service = "imap",
	.events = 1000,
	.users = 1000,
	.name_length = 16,
	.threads = 1,
};

static struct layout_table table;

/* The newest login of a user; end 0: none. */
struct newest {
	uint64_t begin, end;
};

static atomic_bool enough; /* SIGTERM: end early, and tell what was done */
static atomic_ulong done;

static struct newest *newest; /* options.users for each thread; NULL without --log */

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* One role: makes the argument, calls the function with it, releases it. */
static void hit_mail_user(const struct target_login *login, unsigned long times)
{
	struct mail_user_image image;

	mail_user_image_init(&image, &table, options.abi, 0, login);
	while (times-- > 0)
		hook_mail_user_created(image.user.bytes);
	mail_user_image_release(&image);
}

static void hit_auth(const struct target_login *login, unsigned long times)
{
	struct image image;

	auth_request_image_init(&image, &table, options.abi, 0, login);
	while (times-- > 0)
		auth_request_finished_event(image.bytes);
	image_release(&image);
}

static void hit_proxy(const struct target_login *login, unsigned long times)
{
	struct image image;

	client_image_init(&image, &table, options.abi, 0, login);
	while (times-- > 0)
		client_proxy_finish_destroy_client(image.bytes);
	image_release(&image);
}

static const struct role {
	const char *name;
	void (*hit)(const struct target_login *login, unsigned long times);
} roles[] = {
	{"mail_user", hit_mail_user},
	{"auth", hit_auth},
	{"proxy", hit_proxy},
};

static const struct role *role_find(const char *name)
{
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i];
	}
	return NULL;
}

/* Sleeps until event number "number" of a thread is due. */
static void wait_for_turn(uint64_t start, unsigned long number)
{
	uint64_t due = start + number * options.threads * 1000000000U / options.rate;
	uint64_t now = now_ns();
	struct timespec pause;

	if (now >= due)
		return;
	pause.tv_sec = (time_t)((due - now) / 1000000000U);
	pause.tv_nsec = (long)((due - now) % 1000000000U);
	nanosleep(&pause, NULL);
}

static void make_name(char name[NAME_LENGTH_MAX + 64], unsigned long user)
{
	size_t len = (size_t)snprintf(name, 64, "user%lu", options.first + user);

	for (; len < options.name_length; len++)
		name[len] = 'x';
	name[len] = '\0';
}

static void hit(const struct role *role, const struct target_login *login, struct newest *log)
{
	if (log)
		log->begin = clock_ns(CLOCK_REALTIME);
	role->hit(login, 1);
	if (log)
		log->end = clock_ns(CLOCK_REALTIME);
}

/* Scattered evenly, and the same in every run (the finalizer of splitmix64). */
static uint64_t scatter(uint64_t number)
{
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
	return number ^ (number >> 31);
}

static unsigned long user_of(unsigned long number)
{
	return (options.shuffle ? scatter(number) : number) % options.users;
}

static void *thread_run(void *context)
{
	const struct role *role = role_find(options.role);
	unsigned long thread = (unsigned long)(uintptr_t)context;
	unsigned long share = options.events / options.threads;
	struct target_login login = target_login_plain;
	char name[NAME_LENGTH_MAX + 64], id[64];
	uint64_t start = now_ns();

	login.username = name;
	login.session_id = id;
	login.service = options.service;
	for (unsigned long i = 0; i < share && !atomic_load(&enough); i++) {
		unsigned long user = user_of(thread * share + i);

		make_name(name, user);
		snprintf(id, sizeof(id), "storm/%08lx/%08lx", thread, i);
		if (options.rate > 0)
			wait_for_turn(start, i);
		atomic_fetch_add(&done, 1);
		hit(role, &login, newest ? &newest[thread * options.users + user] : NULL);
	}
	return NULL;
}

static const struct newest *newest_of(unsigned long user)
{
	const struct newest *best = &newest[user];

	for (unsigned long thread = 1; thread < options.threads; thread++) {
		const struct newest *other = &newest[thread * options.users + user];

		if (other->end > best->end)
			best = other;
	}
	return best;
}

static int write_log(struct error *error_r)
{
	FILE *file = fopen(options.log, "ae");
	char name[NAME_LENGTH_MAX + 64];

	if (!file)
		return error_set(error_r, errno, "%s: %s", options.log, strerror(errno));
	for (unsigned long user = 0; user < options.users; user++) {
		const struct newest *login = newest_of(user);

		make_name(name, user);
		if (login->end > 0)
			fprintf(file, "%s/%s %" PRIu64 " %" PRIu64 "\n", options.service, name,
				login->begin, login->end);
	}
	return fclose(file) == 0 ? 0 : error_set(error_r, errno, "%s: %m", options.log);
}

static void run(void)
{
	pthread_t threads[THREADS_MAX];
	uint64_t start = now_ns();
	uint64_t spent;

	for (unsigned long i = 0; i < options.threads; i++) {
		if (pthread_create(&threads[i], NULL, thread_run, (void *)(uintptr_t)i) != 0)
			abort();
	}
	for (unsigned long i = 0; i < options.threads; i++)
		pthread_join(threads[i], NULL);
	spent = now_ns() - start;
	printf("%lu events, %" PRIu64 ".%06" PRIu64 " s\n", atomic_load(&done), spent / 1000000000U,
	       spent % 1000000000U / 1000U);
}

static int read_table(struct error *error_r)
{
	FILE *file = fopen(options.table, "re");
	char chunk[4096];
	struct buf text;
	size_t len;
	int ret;

	if (!file)
		return error_set(error_r, errno, "%s: %s", options.table, strerror(errno));
	buf_init(&text, 1U << 20);
	while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
		buf_append(&text, chunk, len);
	fclose(file);
	ret = layout_table_parse(buf_slice(&text), options.table, &table, error_r);
	buf_release(&text);
	if (ret == 0 && !layout_table_find(&table, options.abi, "mail_user"))
		ret = error_set(error_r, ENOENT, "%s: no ABI %s", options.table, options.abi);
	return ret;
}

static const struct option long_options[] = {
	{"abi", required_argument, NULL, 'a'},
	{"table", required_argument, NULL, 't'},
	{"role", required_argument, NULL, 'r'},
	{"service", required_argument, NULL, 's'},
	{"events", required_argument, NULL, 'n'},
	{"rate", required_argument, NULL, 'R'},
	{"users", required_argument, NULL, 'u'},
	{"name-length", required_argument, NULL, 'l'},
	{"threads", required_argument, NULL, 'T'},
	{"log", required_argument, NULL, 'L'},
	{"first", required_argument, NULL, 'F'},
	{"shuffle", no_argument, NULL, 'S'},
	{NULL, 0, NULL, 0},
};

static int parse_options(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		unsigned long number = optarg ? strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case 'a':
			options.abi = optarg;
			break;
		case 't':
			options.table = optarg;
			break;
		case 'r':
			options.role = optarg;
			break;
		case 's':
			options.service = optarg;
			break;
		case 'n':
			options.events = number;
			break;
		case 'R':
			options.rate = number;
			break;
		case 'u':
			options.users = number;
			break;
		case 'l':
			options.name_length = number;
			break;
		case 'T':
			options.threads = number;
			break;
		case 'F':
			options.first = number;
			break;
		case 'S':
			options.shuffle = true;
			break;
		case 'L':
			options.log = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	if (optind != argc || !role_find(options.role) || options.users == 0 ||
	    options.threads == 0 || options.threads > THREADS_MAX ||
	    options.name_length > NAME_LENGTH_MAX)
		return -EINVAL;
	return 0;
}

static void on_term(int signal)
{
	(void)signal;
	atomic_store(&enough, true);
}

int main(int argc, char **argv)
{
	struct error error = {0};

	if (parse_options(argc, argv) < 0) {
		fprintf(stderr, "usage: storm [--abi STRING] [--table FILE]\n"
				"             [--role mail_user|auth|proxy] [--service NAME]\n"
				"             [--events N] [--rate PER_SECOND] [--threads N]\n"
				"             [--users N] [--first NUMBER] [--shuffle]\n"
				"             [--name-length BYTES] [--log FILE]\n");
		return 64;
	}
	if (read_table(&error) < 0) {
		fprintf(stderr, "storm: %s\n", error.text);
		return 66;
	}
	if (options.log)
		newest = calloc(options.threads * options.users, sizeof(*newest));
	if (options.log && !newest)
		abort();
	signal(SIGTERM, on_term);
	prctl(PR_SET_NAME, options.service); /* as the program of a service is called */
	run();
	if (options.log && write_log(&error) < 0)
		fprintf(stderr, "storm: %s\n", error.text);
	free(newest);
	layout_table_release(&table);
	return error.code ? 74 : 0;
}
