/* SPDX-License-Identifier: MIT */
/* What is Redis' own: passwords, expiry, replicas, full memory, TLS. With real servers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/cmocka_all.h"
#include "../server.h"
#include "base/clock.h"
#include "store/dict.h"

#define KEY    "shared/last-login/u@example.com"
#define NAME   "last-login/u@example.com" /* of the key in Redis */
#define MINUTE (60 * NS_PER_SEC)

struct harness {
	char dir[64];
	struct server server;
	struct dict *dict;
	struct dict_entry entry;
	struct error error;
};

static int harness_setup(void **state)
{
	struct harness *harness = calloc(1, sizeof(*harness));

	snprintf(harness->dir, sizeof(harness->dir), "/tmp/dovetap-redis.XXXXXX");
	assert_non_null(mkdtemp(harness->dir));
	snprintf(harness->server.socket, sizeof(harness->server.socket), "%s/redis.sock",
		 harness->dir);
	*state = harness;
	return 0;
}

static int harness_teardown(void **state)
{
	struct harness *harness = *state;
	char command[96];

	dict_close(&harness->dict);
	server_kill(&harness->server);
	snprintf(command, sizeof(command), "rm -rf %s", harness->dir);
	assert_int_equal(system(command), 0);
	free(harness);
	return 0;
}

/* Up to a dozen more arguments for the server; ends with NULL. */
static void start(struct harness *harness, const char *const *more)
{
	const char *arguments[SERVER_ARGUMENTS] = {"redis-server",
						   "--port",
						   "0",
						   "--save",
						   "",
						   "--dir",
						   harness->dir,
						   "--unixsocket",
						   harness->server.socket};
	size_t count = 9;

	while (*more)
		arguments[count++] = *more++;
	memcpy(harness->server.arguments, arguments, sizeof(arguments));
	server_start(&harness->server);
}

#define ARGUMENTS(...)                                                                             \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__ __VA_OPT__(, ) NULL                                                    \
	}

/* Opens the dict at the socket with these options behind it. */
static void open_dict(struct harness *harness, const char *options, bool strict)
{
	char uri[256];
	const struct dict_config config = {.uri = uri, .strict = strict};

	dict_close(&harness->dict);
	snprintf(uri, sizeof(uri), "redis:path=%s%s", harness->server.socket, options);
	if (dict_open(&config, &harness->dict, &harness->error) < 0)
		fail_msg("%s", harness->error.text);
}

static int put(struct harness *harness, const char *value)
{
	harness->entry = (struct dict_entry){.key = slice_str(KEY),
					     .value = slice_str(value),
					     .time_ns = strtoll(value, NULL, 10) * NS_PER_SEC};
	harness->error = (struct error){0};
	return dict_write(harness->dict, &harness->entry, 1, clock_monotonic_ns() + MINUTE,
			  &harness->error);
}

static void expect_put(struct harness *harness, const char *value, enum dict_outcome outcome)
{
	if (put(harness, value) < 0)
		fail_msg("%s", harness->error.text);
	assert_int_equal(harness->entry.outcome, outcome);
}

/* The first line that redis-cli prints for the command. */
static const char *ask(const struct harness *harness, const char *command)
{
	static char line[256];
	char shell[512];
	FILE *pipe;

	snprintf(shell, sizeof(shell), "redis-cli -s %s --no-auth-warning %s 2>&1",
		 harness->server.socket, command);
	pipe = popen(shell, "r");
	assert_non_null(pipe);
	if (!fgets(line, sizeof(line), pipe))
		line[0] = '\0';
	while (fgetc(pipe) != EOF)
		continue;
	pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

static void expect_answer(const struct harness *harness, const char *command, const char *expected)
{
	assert_string_equal(ask(harness, command), expected);
}

/* --- scenarios ------------------------------------------------------------------------------- */

static void a_wrong_password_is_reported_and_a_right_one_works(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS("--requirepass", "sekret"));
	open_dict(harness, "", false);
	assert_true(put(harness, "1795337984") < 0);
	assert_string_equal(harness->error.text, "NOAUTH Authentication required. (set password=)");
	open_dict(harness, ":password=wrong", false);
	assert_true(put(harness, "1795337984") < 0);
	assert_memory_equal(harness->error.text, "WRONGPASS ", 10);
	assert_null(strstr(harness->error.text, "wrong"));
	assert_int_equal(harness->entry.outcome, DICT_RETRY);
	open_dict(harness, ":password=sekret", false);
	expect_put(harness, "1795337984", DICT_STORED);
	expect_answer(harness, "-a sekret get " NAME, "1795337984");
}

static void a_user_with_few_rights_is_enough(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS("--user", "tap", "on", ">sekret", "~last-login/*", "+get", "+set",
				 "+eval", "+evalsha"));
	open_dict(harness, ":username=tap:password=sekret", false);
	expect_put(harness, "1795337984", DICT_STORED);
	ask(harness, "acl setuser tap -set");
	assert_true(put(harness, "1795337985") < 0);
	assert_int_equal(harness->entry.outcome, DICT_RETRY);
}

static void records_go_to_the_database_that_was_asked_for(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, ":db=3:prefix=p/", false);
	expect_put(harness, "1795337984", DICT_STORED);
	expect_answer(harness, "-n 3 get p/" NAME, "1795337984");
	expect_answer(harness, "dbsize", "0");
}

static void only_what_is_written_starts_to_expire_anew(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, ":expire_secs=1000", false);
	expect_put(harness, "1795337984", DICT_STORED);
	assert_in_range(strtol(ask(harness, "ttl " NAME), NULL, 10), 900, 1000);
	ask(harness, "expire " NAME " 500");
	expect_put(harness, "1795337984", DICT_UNCHANGED);
	assert_in_range(strtol(ask(harness, "ttl " NAME), NULL, 10), 400, 500);
	open_dict(harness, "", false);
	expect_put(harness, "1795337985", DICT_STORED);
	expect_answer(harness, "ttl " NAME, "-1");
}

static void strict_mode_leaves_what_the_plugin_leaves(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, ":expire_secs=1000", true);
	expect_put(harness, "1795337984", DICT_STORED);
	expect_put(harness, "1795337983", DICT_STORED); /* the last one wins */
	expect_answer(harness, "get " NAME, "1795337983");
	assert_in_range(strtol(ask(harness, "ttl " NAME), NULL, 10), 900, 1000);
}

static void foreign_values_are_overwritten_as_by_the_plugin(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, "", false);
	ask(harness, "set " NAME " never");
	expect_put(harness, "1795337984", DICT_STORED);
	ask(harness, "del " NAME);
	ask(harness, "rpush " NAME " a b");
	expect_put(harness, "1795337984", DICT_STORED);
	expect_answer(harness, "get " NAME, "1795337984");
}

/* Doubles would call these two equal. */
static void nanoseconds_are_compared_exactly(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, "", false);
	ask(harness, "set " NAME " 1795337984000000002");
	harness->entry = (struct dict_entry){.key = slice_str(KEY),
					     .value = slice_str("1795337984000000001"),
					     .time_ns = 1795337984000000001};
	assert_int_equal(
		dict_write(harness->dict, &harness->entry, 1, clock_monotonic_ns() + MINUTE, NULL),
		0);
	assert_int_equal(harness->entry.outcome, DICT_UNCHANGED);
	harness->entry.value = slice_str("1795337984000000003");
	harness->entry.time_ns = 1795337984000000003;
	dict_write(harness->dict, &harness->entry, 1, clock_monotonic_ns() + MINUTE, NULL);
	assert_int_equal(harness->entry.outcome, DICT_STORED);
}

/* What is no time of a login has nothing to be compared with: a port may get smaller. */
static void fields_are_overwritten(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, ":expire_secs=1000", false);
	ask(harness, "set " NAME " 50000");
	harness->entry = (struct dict_entry){
		.key = slice_str(KEY), .value = slice_str("99"), .time_ns = 1795337984000000001};
	assert_int_equal(
		dict_write(harness->dict, &harness->entry, 1, clock_monotonic_ns() + MINUTE, NULL),
		0);
	assert_int_equal(harness->entry.outcome, DICT_STORED);
	expect_answer(harness, "get " NAME, "99");
	assert_in_range(strtol(ask(harness, "ttl " NAME), NULL, 10), 900, 1000);
}

static void a_server_that_forgot_the_script_gets_it_again(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, "", false);
	expect_put(harness, "1795337984", DICT_STORED);
	expect_answer(harness, "script flush", "OK");
	expect_put(harness, "1795337985", DICT_STORED);
}

static void a_replica_is_distinguished_from_a_master(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS());
	open_dict(harness, "", false);
	expect_put(harness, "1795337984", DICT_STORED);
	ask(harness, "replicaof 127.0.0.1 1");
	assert_true(put(harness, "1795337985") < 0);
	assert_int_equal(harness->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(harness->error.text, "connect to the master"));
	ask(harness, "replicaof no one");
	expect_put(harness, "1795337985", DICT_STORED);
}

static void a_full_memory_passes(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS("--maxmemory", "1"));
	open_dict(harness, "", false);
	assert_true(put(harness, "1795337984") < 0);
	assert_int_equal(harness->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(harness->error.text, "maxmemory is reached"));
	ask(harness, "config set maxmemory 0");
	expect_put(harness, "1795337984", DICT_STORED);
}

static void a_node_of_a_cluster_is_reported(void **state)
{
	struct harness *harness = *state;

	start(harness, ARGUMENTS("--cluster-enabled", "yes"));
	open_dict(harness, "", false);
	assert_true(put(harness, "1795337984") < 0);
	assert_non_null(strstr(harness->error.text, "Redis Cluster"));
}

/* --- TLS ----------------------------------------------------------------------------------- */

/* A certificate for 127.0.0.1 that signs itself, and one of somebody else. */
static void make_certificates(const struct harness *harness)
{
	static const char *const names[] = {"server", "other"};
	char command[512];

	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			 "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=%s "
			 "-addext subjectAltName=IP:127.0.0.1 -keyout %s/%s.key -out %s/%s.crt "
			 "2> /dev/null",
			 names[i], harness->dir, names[i], harness->dir, names[i]);
		assert_int_equal(system(command), 0);
	}
}

static void start_tls(struct harness *harness, char *port, size_t size)
{
	char certificate[96], key[96];

	make_certificates(harness);
	snprintf(certificate, sizeof(certificate), "%s/server.crt", harness->dir);
	snprintf(key, sizeof(key), "%s/server.key", harness->dir);
	snprintf(port, size, "%d", server_free_port());
	start(harness,
	      ARGUMENTS("--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
			"--tls-ca-cert-file", certificate, "--tls-auth-clients", "optional"));
}

static int put_tls(struct harness *harness, const char *uri)
{
	const struct dict_config config = {.uri = uri};

	dict_close(&harness->dict);
	if (dict_open(&config, &harness->dict, &harness->error) < 0)
		fail_msg("%s", harness->error.text);
	return put(harness, "1795337984");
}

static long count_connections(const struct harness *harness)
{
	const char *line = ask(harness, "info stats | grep total_connections_received");
	const char *colon = strchr(line, ':');

	assert_non_null(colon);
	return strtol(colon + 1, NULL, 10);
}

static void tls_takes_only_the_right_server(void **state)
{
	struct harness *harness = *state;
	long before;
	char port[8], uri[256];

	start_tls(harness, port, sizeof(port));
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_ca=%s/other.crt", port, harness->dir);
	assert_int_equal(put_tls(harness, uri), -EACCES);
	assert_int_equal(harness->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(harness->error.text, "the server's certificate is refused"));
	snprintf(uri, sizeof(uri), "redis:host=localhost:port=%s:tls:tls_ca=%s/server.crt", port,
		 harness->dir);
	assert_int_equal(put_tls(harness, uri), -EACCES); /* it is for 127.0.0.1 */
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_ca=%s/server.crt", port, harness->dir);
	assert_int_equal(put_tls(harness, uri), 0);
	assert_int_equal(harness->entry.outcome, DICT_STORED);
	before = count_connections(harness);
	expect_put(harness, "1795337985", DICT_STORED);
	expect_put(harness, "1795337986", DICT_STORED);
	assert_int_equal(count_connections(harness), before + 1); /* that of redis-cli */
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_insecure", port);
	assert_int_equal(put_tls(harness, uri), 0);
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(a_wrong_password_is_reported_and_a_right_one_works),
		scenario(a_user_with_few_rights_is_enough),
		scenario(records_go_to_the_database_that_was_asked_for),
		scenario(only_what_is_written_starts_to_expire_anew),
		scenario(strict_mode_leaves_what_the_plugin_leaves),
		scenario(foreign_values_are_overwritten_as_by_the_plugin),
		scenario(nanoseconds_are_compared_exactly),
		scenario(fields_are_overwritten),
		scenario(a_server_that_forgot_the_script_gets_it_again),
		scenario(a_replica_is_distinguished_from_a_master),
		scenario(a_full_memory_passes),
		scenario(a_node_of_a_cluster_is_reported),
		scenario(tls_takes_only_the_right_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
