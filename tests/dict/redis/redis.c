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

struct stand {
	char dir[64];
	struct server server;
	struct dict *dict;
	struct dict_entry entry;
	struct error error;
};

static int stand_setup(void **state)
{
	struct stand *stand = calloc(1, sizeof(*stand));

	snprintf(stand->dir, sizeof(stand->dir), "/tmp/dovetap-redis.XXXXXX");
	assert_non_null(mkdtemp(stand->dir));
	snprintf(stand->server.socket, sizeof(stand->server.socket), "%s/redis.sock", stand->dir);
	*state = stand;
	return 0;
}

static int stand_teardown(void **state)
{
	struct stand *stand = *state;
	char command[96];

	dict_close(&stand->dict);
	server_kill(&stand->server);
	snprintf(command, sizeof(command), "rm -rf %s", stand->dir);
	assert_int_equal(system(command), 0);
	free(stand);
	return 0;
}

/* Up to a dozen more arguments for the server; ends with NULL. */
static void start(struct stand *stand, const char *const *more)
{
	const char *arguments[SERVER_ARGUMENTS] = {"redis-server",
						   "--port",
						   "0",
						   "--save",
						   "",
						   "--dir",
						   stand->dir,
						   "--unixsocket",
						   stand->server.socket};
	size_t count = 9;

	while (*more)
		arguments[count++] = *more++;
	memcpy(stand->server.arguments, arguments, sizeof(arguments));
	server_start(&stand->server);
}

#define ARGUMENTS(...)                                                                             \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__ __VA_OPT__(, ) NULL                                                    \
	}

/* Opens the dict at the socket with these options behind it. */
static void open_dict(struct stand *stand, const char *options, bool strict)
{
	char uri[256];
	const struct dict_config config = {.uri = uri, .strict = strict};

	dict_close(&stand->dict);
	snprintf(uri, sizeof(uri), "redis:path=%s%s", stand->server.socket, options);
	if (dict_open(&config, &stand->dict, &stand->error) < 0)
		fail_msg("%s", stand->error.text);
}

static int put(struct stand *stand, const char *value)
{
	stand->entry = (struct dict_entry){.key = slice_str(KEY),
					   .value = slice_str(value),
					   .time_ns = strtoll(value, NULL, 10) * NS_PER_SEC};
	stand->error = (struct error){0};
	return dict_write(stand->dict, &stand->entry, 1, clock_monotonic_ns() + MINUTE,
			  &stand->error);
}

static void expect_put(struct stand *stand, const char *value, enum dict_outcome outcome)
{
	if (put(stand, value) < 0)
		fail_msg("%s", stand->error.text);
	assert_int_equal(stand->entry.outcome, outcome);
}

/* The first line that redis-cli prints for the command. */
static const char *ask(const struct stand *stand, const char *command)
{
	static char line[256];
	char shell[512];
	FILE *pipe;

	snprintf(shell, sizeof(shell), "redis-cli -s %s --no-auth-warning %s 2>&1",
		 stand->server.socket, command);
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

static void expect_answer(const struct stand *stand, const char *command, const char *expected)
{
	assert_string_equal(ask(stand, command), expected);
}

/* --- stories ------------------------------------------------------------------------------- */

static void a_wrong_password_is_told_and_a_right_one_works(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS("--requirepass", "sekret"));
	open_dict(stand, "", false);
	assert_true(put(stand, "1795337984") < 0);
	assert_string_equal(stand->error.text, "NOAUTH Authentication required. (set password=)");
	open_dict(stand, ":password=wrong", false);
	assert_true(put(stand, "1795337984") < 0);
	assert_memory_equal(stand->error.text, "WRONGPASS ", 10);
	assert_null(strstr(stand->error.text, "wrong"));
	assert_int_equal(stand->entry.outcome, DICT_RETRY);
	open_dict(stand, ":password=sekret", false);
	expect_put(stand, "1795337984", DICT_STORED);
	expect_answer(stand, "-a sekret get " NAME, "1795337984");
}

static void a_user_with_few_rights_is_enough(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS("--user", "tap", "on", ">sekret", "~last-login/*", "+get", "+set",
			       "+eval", "+evalsha"));
	open_dict(stand, ":username=tap:password=sekret", false);
	expect_put(stand, "1795337984", DICT_STORED);
	ask(stand, "acl setuser tap -set");
	assert_true(put(stand, "1795337985") < 0);
	assert_int_equal(stand->entry.outcome, DICT_RETRY);
}

static void records_go_to_the_database_that_was_asked_for(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, ":db=3:prefix=p/", false);
	expect_put(stand, "1795337984", DICT_STORED);
	expect_answer(stand, "-n 3 get p/" NAME, "1795337984");
	expect_answer(stand, "dbsize", "0");
}

static void only_what_is_written_starts_to_expire_anew(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, ":expire_secs=1000", false);
	expect_put(stand, "1795337984", DICT_STORED);
	assert_in_range(strtol(ask(stand, "ttl " NAME), NULL, 10), 900, 1000);
	ask(stand, "expire " NAME " 500");
	expect_put(stand, "1795337984", DICT_UNCHANGED);
	assert_in_range(strtol(ask(stand, "ttl " NAME), NULL, 10), 400, 500);
	open_dict(stand, "", false);
	expect_put(stand, "1795337985", DICT_STORED);
	expect_answer(stand, "ttl " NAME, "-1");
}

static void strict_mode_leaves_what_the_plugin_leaves(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, ":expire_secs=1000", true);
	expect_put(stand, "1795337984", DICT_STORED);
	expect_put(stand, "1795337983", DICT_STORED); /* the last one wins */
	expect_answer(stand, "get " NAME, "1795337983");
	assert_in_range(strtol(ask(stand, "ttl " NAME), NULL, 10), 900, 1000);
}

static void foreign_values_are_overwritten_as_by_the_plugin(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, "", false);
	ask(stand, "set " NAME " never");
	expect_put(stand, "1795337984", DICT_STORED);
	ask(stand, "del " NAME);
	ask(stand, "rpush " NAME " a b");
	expect_put(stand, "1795337984", DICT_STORED);
	expect_answer(stand, "get " NAME, "1795337984");
}

/* Doubles would call these two equal. */
static void nanoseconds_are_compared_exactly(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, "", false);
	ask(stand, "set " NAME " 1795337984000000002");
	stand->entry = (struct dict_entry){.key = slice_str(KEY),
					   .value = slice_str("1795337984000000001"),
					   .time_ns = 1795337984000000001};
	assert_int_equal(
		dict_write(stand->dict, &stand->entry, 1, clock_monotonic_ns() + MINUTE, NULL), 0);
	assert_int_equal(stand->entry.outcome, DICT_UNCHANGED);
	stand->entry.value = slice_str("1795337984000000003");
	stand->entry.time_ns = 1795337984000000003;
	dict_write(stand->dict, &stand->entry, 1, clock_monotonic_ns() + MINUTE, NULL);
	assert_int_equal(stand->entry.outcome, DICT_STORED);
}

/* What is no time of a login has nothing to be compared with: a port may get smaller. */
static void fields_are_overwritten(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, ":expire_secs=1000", false);
	ask(stand, "set " NAME " 50000");
	stand->entry = (struct dict_entry){
		.key = slice_str(KEY), .value = slice_str("99"), .time_ns = 1795337984000000001};
	assert_int_equal(
		dict_write(stand->dict, &stand->entry, 1, clock_monotonic_ns() + MINUTE, NULL), 0);
	assert_int_equal(stand->entry.outcome, DICT_STORED);
	expect_answer(stand, "get " NAME, "99");
	assert_in_range(strtol(ask(stand, "ttl " NAME), NULL, 10), 900, 1000);
}

static void a_server_that_forgot_the_script_gets_it_again(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, "", false);
	expect_put(stand, "1795337984", DICT_STORED);
	expect_answer(stand, "script flush", "OK");
	expect_put(stand, "1795337985", DICT_STORED);
}

static void a_replica_is_told_from_a_master(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS());
	open_dict(stand, "", false);
	expect_put(stand, "1795337984", DICT_STORED);
	ask(stand, "replicaof 127.0.0.1 1");
	assert_true(put(stand, "1795337985") < 0);
	assert_int_equal(stand->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(stand->error.text, "connect to the master"));
	ask(stand, "replicaof no one");
	expect_put(stand, "1795337985", DICT_STORED);
}

static void a_full_memory_passes(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS("--maxmemory", "1"));
	open_dict(stand, "", false);
	assert_true(put(stand, "1795337984") < 0);
	assert_int_equal(stand->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(stand->error.text, "maxmemory is reached"));
	ask(stand, "config set maxmemory 0");
	expect_put(stand, "1795337984", DICT_STORED);
}

static void a_node_of_a_cluster_is_told(void **state)
{
	struct stand *stand = *state;

	start(stand, ARGUMENTS("--cluster-enabled", "yes"));
	open_dict(stand, "", false);
	assert_true(put(stand, "1795337984") < 0);
	assert_non_null(strstr(stand->error.text, "Redis Cluster"));
}

/* --- TLS ----------------------------------------------------------------------------------- */

/* A certificate for 127.0.0.1 that signs itself, and one of somebody else. */
static void make_certificates(const struct stand *stand)
{
	static const char *const names[] = {"server", "other"};
	char command[512];

	for (int i = 0; i < 2; i++) {
		snprintf(command, sizeof(command),
			 "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=%s "
			 "-addext subjectAltName=IP:127.0.0.1 -keyout %s/%s.key -out %s/%s.crt "
			 "2> /dev/null",
			 names[i], stand->dir, names[i], stand->dir, names[i]);
		assert_int_equal(system(command), 0);
	}
}

static void start_tls(struct stand *stand, char *port, size_t size)
{
	char certificate[96], key[96];

	make_certificates(stand);
	snprintf(certificate, sizeof(certificate), "%s/server.crt", stand->dir);
	snprintf(key, sizeof(key), "%s/server.key", stand->dir);
	snprintf(port, size, "%d", server_free_port());
	start(stand,
	      ARGUMENTS("--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", key,
			"--tls-ca-cert-file", certificate, "--tls-auth-clients", "optional"));
}

static int put_tls(struct stand *stand, const char *uri)
{
	const struct dict_config config = {.uri = uri};

	dict_close(&stand->dict);
	if (dict_open(&config, &stand->dict, &stand->error) < 0)
		fail_msg("%s", stand->error.text);
	return put(stand, "1795337984");
}

static long count_connections(const struct stand *stand)
{
	const char *line = ask(stand, "info stats | grep total_connections_received");
	const char *colon = strchr(line, ':');

	assert_non_null(colon);
	return strtol(colon + 1, NULL, 10);
}

static void tls_takes_only_the_right_server(void **state)
{
	struct stand *stand = *state;
	long before;
	char port[8], uri[256];

	start_tls(stand, port, sizeof(port));
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_ca=%s/other.crt", port, stand->dir);
	assert_int_equal(put_tls(stand, uri), -EPROTO);
	assert_int_equal(stand->entry.outcome, DICT_RETRY);
	assert_non_null(strstr(stand->error.text, "certificate verify failed"));
	snprintf(uri, sizeof(uri), "redis:host=localhost:port=%s:tls:tls_ca=%s/server.crt", port,
		 stand->dir);
	assert_int_equal(put_tls(stand, uri), -EPROTO); /* it is for 127.0.0.1 */
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_ca=%s/server.crt", port, stand->dir);
	assert_int_equal(put_tls(stand, uri), 0);
	assert_int_equal(stand->entry.outcome, DICT_STORED);
	before = count_connections(stand);
	expect_put(stand, "1795337985", DICT_STORED);
	expect_put(stand, "1795337986", DICT_STORED);
	assert_int_equal(count_connections(stand), before + 1); /* that of redis-cli */
	snprintf(uri, sizeof(uri), "redis:port=%s:tls:tls_insecure", port);
	assert_int_equal(put_tls(stand, uri), 0);
}

#define story(name) cmocka_unit_test_setup_teardown(name, stand_setup, stand_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(a_wrong_password_is_told_and_a_right_one_works),
		story(a_user_with_few_rights_is_enough),
		story(records_go_to_the_database_that_was_asked_for),
		story(only_what_is_written_starts_to_expire_anew),
		story(strict_mode_leaves_what_the_plugin_leaves),
		story(foreign_values_are_overwritten_as_by_the_plugin),
		story(nanoseconds_are_compared_exactly),
		story(fields_are_overwritten),
		story(a_server_that_forgot_the_script_gets_it_again),
		story(a_replica_is_told_from_a_master),
		story(a_full_memory_passes),
		story(a_node_of_a_cluster_is_told),
		story(tls_takes_only_the_right_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
