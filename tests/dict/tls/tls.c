/* SPDX-License-Identifier: MIT */
/*
 * Servers that ask for a client's certificate: redis, mysql and pgsql as real ones, Cassandra's
 * protocol behind a real TLS (front). Each is named by a URI of 2.3 and by a block of 2.4.
 */
#include <stdlib.h>
#include <unistd.h>

#include "../../unit/cmocka_all.h"
#include "../../unit/store/fake_cql.h"
#include "../server.h"
#include "../sql/harness.h"
#include "base/clock.h"
#include "conf/parse.h"
#include "store/drivers/sql/sql.h"

#define LIMIT  (20 * NS_PER_SEC)
#define FOLDER "/tmp/dovetap-tls.XXXXXX"

static char folder[sizeof(FOLDER)];

/* What the client shows and trusts: base names of "certificates"; client may be NULL. */
struct identity {
	const char *ca, *client;
};

static const struct identity ours = {"ours", "ours-client"}, without = {"ours", NULL},
			     strangers = {"ours", "theirs-client"},
			     misled = {"theirs", "ours-client"};

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void run(const char *fmt, ...)
{
	char command[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("%s failed", command);
}

static void put_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* --- configurations -------------------------------------------------------------------------- */

#define FIELDS                                                                                     \
	"map {\n  pattern = shared/last-login/$service/$user/$remote_ip\n  table = last_login\n"   \
	"  value_field = last_access\n  value_type = uint\n  fields {\n    userid = $user\n"       \
	"    service = $service\n    last_ip = $remote_ip\n  }\n}\n"

#define DICT_MAP                                                                                   \
	"dict_map shared/last-login/$service/$user/$remote_ip {\n  sql_table = last_login\n"       \
	"  value_field last_access {\n    type = uint\n  }\n"                                      \
	"  key_field userid {\n    value = $user\n  }\n"                                           \
	"  key_field service {\n    value = $service\n  }\n"                                       \
	"  key_field last_ip {\n    value = $remote_ip\n  }\n}\n"

/* What stands in front of a file's path, and behind it. */
static void word(struct buf *out, const char *before, const char *base, const char *suffix,
		 const char *after)
{
	if (base)
		buf_appendf(out, "%s%s/%s.%s%s", before, folder, base, suffix, after);
}

static void words(struct buf *out, const struct identity *id, const char *const names[3],
		  const char *after)
{
	word(out, names[0], id->ca, "crt", after);
	word(out, names[1], id->client, "crt", after);
	word(out, names[2], id->client, "key", after);
}

#define WORDS(out, id, ca, cert, key, after)                                                       \
	words(out, id, (const char *const[]){ca, cert, key}, after)

static void ssl_client_words(struct buf *out, const struct identity *id)
{
	WORDS(out, id,
	      "ssl_client_ca_file = ", "ssl_client_cert_file = ", "ssl_client_key_file = ", "\n");
}

/* --- the stores ------------------------------------------------------------------------------ */

struct store {
	const char *name;
	int (*start)(void); /* returns its port */
	void (*stop)(void);
	/* One ends up in a map file with FIELDS, unless it is a whole URI. */
	void (*connect)(struct buf *out, const struct identity *id, int port);
	void (*block)(struct buf *out, const struct identity *id, int port);
};

static struct server redis;

static int redis_start(void)
{
	static char tls_port[8], cert[96], key[96], ca[96];
	const char *const arguments[] = {"redis-server",
					 "--port",
					 "0",
					 "--save",
					 "",
					 "--appendonly",
					 "no",
					 "--dir",
					 folder,
					 "--tls-port",
					 tls_port,
					 "--tls-cert-file",
					 cert,
					 "--tls-key-file",
					 key,
					 "--tls-ca-cert-file",
					 ca,
					 "--tls-auth-clients",
					 "yes",
					 NULL};

	redis.port = server_free_port();
	snprintf(tls_port, sizeof(tls_port), "%d", redis.port);
	snprintf(cert, sizeof(cert), "%s/ours-server.crt", folder);
	snprintf(key, sizeof(key), "%s/ours-server.key", folder);
	snprintf(ca, sizeof(ca), "%s/ours.crt", folder);
	memcpy(redis.arguments, arguments, sizeof(arguments));
	server_start(&redis);
	return redis.port;
}

static void redis_stop(void)
{
	server_kill(&redis);
}

static void redis_uri(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out, "redis:port=%d:tls", port);
	WORDS(out, id, ":tls_ca=", ":tls_cert=", ":tls_key=", "");
}

static void redis_block(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out, "dict x {\n driver = redis\n redis_port = %d\n redis_tls = yes\n", port);
	WORDS(out, id,
	      " redis_tls_ca_file = ", " redis_tls_cert_file = ", " redis_tls_key_file = ", "\n");
	buf_append_str(out, "}\n");
}

#define TABLE                                                                                      \
	"CREATE TABLE last_login (userid VARCHAR(255) NOT NULL, service VARCHAR(20) NOT NULL,"     \
	" last_access BIGINT NOT NULL, last_ip VARCHAR(40) NOT NULL,"                              \
	" PRIMARY KEY (userid, service));"

static struct sql_harness mysql = {.script = "mariadb", .driver = &sql_mysql_driver};

/* It takes no client but the one that this certificate is of. */
static int mysql_start(void)
{
	int port = server_free_port();

	sql_harness_start(&mysql);
	sql_harness_ask(&mysql, TABLE "DROP USER dovetap@localhost;"
				      "CREATE USER dovetap@'127.0.0.1' IDENTIFIED BY 'sekret'"
				      " REQUIRE SUBJECT '/CN=dovetap';"
				      "GRANT ALL ON mails.* TO dovetap@'127.0.0.1';");
	sql_harness_do(&mysql, "stop");
	run("exec tests/servers/mariadb.sh start %s --skip-networking=0 --bind-address=127.0.0.1"
	    " --skip-name-resolve --port=%d --ssl-ca=%s/ours.crt --ssl-cert=%s/ours-server.crt"
	    " --ssl-key=%s/ours-server.key",
	    mysql.dir, port, folder, folder, folder);
	return port;
}

static void mysql_stop(void)
{
	sql_harness_stop(&mysql);
}

static void mysql_connect(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out, "host=127.0.0.1 port=%d dbname=mails user=dovetap password=sekret", port);
	WORDS(out, id, " ssl_ca=", " ssl_cert=", " ssl_key=", "");
}

static void mysql_block(struct buf *out, const struct identity *id, int port)
{
	ssl_client_words(out, id);
	buf_appendf(out,
		    "dict x {\n driver = sql\n sql_driver = mysql\n mysql 127.0.0.1 {\n"
		    "  port = %d\n  user = dovetap\n  password = sekret\n  dbname = mails\n"
		    "  ssl = yes\n }\n" DICT_MAP "}\n",
		    port);
}

static struct sql_harness pgsql = {.script = "pgsql", .driver = &sql_pgsql_driver};

/* The role is the name in the certificate. */
static int pgsql_start(void)
{
	int port = server_free_port();
	char text[16], path[96];

	sql_harness_start(&pgsql);
	sql_harness_ask(&pgsql, TABLE);
	sql_harness_do(&pgsql, "stop");
	snprintf(path, sizeof(path), "%s/data/pg_hba.conf", pgsql.dir);
	put_file(path, "local all root scram-sha-256\nhostssl mails dovetap 127.0.0.1/32 cert\n");
	snprintf(text, sizeof(text), "%d", port);
	setenv("PGPORT", text, 1); /* of its socket, for the script's client */
	run("exec tests/servers/pgsql.sh start %s -c listen_addresses=127.0.0.1 -c port=%d"
	    " -c ssl=on -c ssl_ca_file=%s/ours.crt -c ssl_cert_file=%s/ours-server.crt"
	    " -c ssl_key_file=%s/ours-server.key",
	    pgsql.dir, port, folder, folder, folder);
	return port;
}

static void pgsql_stop(void)
{
	sql_harness_stop(&pgsql);
	unsetenv("PGPORT");
}

static void pgsql_connect(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out, "host=127.0.0.1 port=%d dbname=mails user=dovetap sslmode=verify-full",
		    port);
	WORDS(out, id, " sslrootcert=", " sslcert=", " sslkey=", "");
}

static void pgsql_block(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out,
		    "dict x {\n driver = sql\n sql_driver = pgsql\n pgsql 127.0.0.1 {\n"
		    "  parameters {\n   port = %d\n   user = dovetap\n   dbname = mails\n"
		    "   sslmode = verify-full\n",
		    port);
	WORDS(out, id, "   sslrootcert = ", "   sslcert = ", "   sslkey = ", "\n");
	buf_append_str(out, "  }\n }\n" DICT_MAP "}\n");
}

static struct fake_cql cassandra;
static struct server front;

static int cassandra_start(void)
{
	static char from[8], to[8];
	const char *const arguments[] = {"tests/dict/tls/front", folder, from, to, NULL};

	cassandra = (struct fake_cql){0};
	fake_start(&cassandra);
	front.port = server_free_port();
	snprintf(from, sizeof(from), "%d", front.port);
	snprintf(to, sizeof(to), "%u", cassandra.port);
	memcpy(front.arguments, arguments, sizeof(arguments));
	server_start(&front);
	return front.port;
}

static void cassandra_stop(void)
{
	server_kill(&front);
	fake_stop(&cassandra);
}

static void cassandra_connect(struct buf *out, const struct identity *id, int port)
{
	buf_appendf(out, "host=127.0.0.1 port=%d dbname=mails", port);
	WORDS(out, id, " ssl_ca=", " ssl_cert_file=", " ssl_private_key_file=", "");
}

static void cassandra_block(struct buf *out, const struct identity *id, int port)
{
	ssl_client_words(out, id);
	buf_appendf(out,
		    "dict x {\n driver = sql\n sql_driver = cassandra\n"
		    " cassandra_hosts = 127.0.0.1\n cassandra_port = %d\n"
		    " cassandra_keyspace = mails\n cassandra_ssl = cert-ip\n" DICT_MAP "}\n",
		    port);
}

#define STORES 4

static const struct store stores[STORES] = {
	{"redis", redis_start, redis_stop, redis_uri, redis_block},
	{"mysql", mysql_start, mysql_stop, mysql_connect, mysql_block},
	{"pgsql", pgsql_start, pgsql_stop, pgsql_connect, pgsql_block},
	{"cassandra", cassandra_start, cassandra_stop, cassandra_connect, cassandra_block},
};

static int ports[STORES];

/* --- a write --------------------------------------------------------------------------------- */

static struct dict *open_uri(const struct store *store, const struct identity *id,
			     struct error *error_r)
{
	char path[96], map_uri[128];
	struct dict_config config = {.where = "test"};
	struct dict *dict = NULL;
	struct buf text;

	buf_init(&text, 4096);
	if (store->start != redis_start)
		buf_append_str(&text, "connect = ");
	store->connect(&text, id, ports[store - stores]);
	buf_append_str(&text, store->start == redis_start ? "" : "\n" FIELDS);
	config.uri = buf_str(&text);
	if (store->start != redis_start) {
		snprintf(path, sizeof(path), "%s/map.conf", folder);
		put_file(path, buf_str(&text));
		snprintf(map_uri, sizeof(map_uri), "%s:%s", store->name, path);
		config.uri = map_uri;
	}
	(void)dict_open(&config, &dict, error_r);
	buf_release(&text);
	return dict;
}

static struct dict *open_block(const struct store *store, const struct identity *id,
			       struct error *error_r)
{
	struct dict_config config = {.where = "test"};
	struct conf_section *root = NULL;
	struct dict *dict = NULL;
	struct buf text;

	buf_init(&text, 4096);
	buf_append_str(&text, "dovecot_config_version = 2.4.1\n");
	store->block(&text, id, ports[store - stores]);
	if (conf_parse_text(buf_slice(&text), "x.conf", 0, &root, error_r) < 0)
		fail_msg("%s", error_r->text);
	config.block = conf_section_find(root, "dict", "x");
	config.root = root;
	(void)dict_open(&config, &dict, error_r);
	conf_free(&root);
	buf_release(&text);
	return dict;
}

/* DICT_PENDING: the dict could not even be opened. */
static enum dict_outcome write_one(struct dict *dict, struct error *error_r)
{
	static const struct key_part parts[] = {
		{"service", 18, 4}, {"user", 23, 1}, {"remote_ip", 25, 9}};
	static int count;
	char value[32];
	struct dict_entry entry = {.key = slice_str("shared/last-login/imap/u/192.0.2.1"),
				   .value = slice_str(value),
				   .parts = parts,
				   .part_count = 3};

	entry.time_ns = (1795337984LL + ++count) * NS_PER_SEC;
	snprintf(value, sizeof(value), "%lld", (long long)(entry.time_ns / NS_PER_MSEC));
	entry.value = slice_str(value);
	if (!dict)
		return DICT_PENDING;
	(void)dict_write(dict, &entry, 1, clock_monotonic_ns() + LIMIT, error_r);
	return entry.outcome;
}

typedef struct dict *opening(const struct store *store, const struct identity *id,
			     struct error *error_r);

static void try_as(const struct store *store, const struct identity *id, bool let_in)
{
	opening *const forms[] = {open_uri, open_block};

	for (int i = 0; i < 2; i++) {
		struct error error = {0};
		struct dict *dict = forms[i](store, id, &error);
		enum dict_outcome outcome = write_one(dict, &error);

		if ((outcome == DICT_STORED) != let_in || (!let_in && error.text[0] == '\0'))
			fail_msg("%s, %s: %s: %s", store->name, i == 0 ? "2.3" : "2.4",
				 dict_outcome_name(outcome), error.text);
		dict_close(&dict);
	}
}

/* --- scenarios ------------------------------------------------------------------------------- */

static void the_certificate_lets_in(void **state)
{
	try_as(*state, &ours, true);
}

static void nobody_gets_in_without(void **state)
{
	try_as(*state, &without, false);
}

static void a_strangers_certificate_does_not_help(void **state)
{
	try_as(*state, &strangers, false);
}

static void a_server_of_a_stranger_gets_nothing(void **state)
{
	try_as(*state, &misled, false);
}

/* --- running --------------------------------------------------------------------------------- */

static int start_all(void **state)
{
	(void)state;
	memcpy(folder, FOLDER, sizeof(folder));
	assert_non_null(mkdtemp(folder));
	run("chmod 0755 %s && tests/dict/tls/certificates %s", folder, folder);
	for (size_t i = 0; i < STORES; i++)
		ports[i] = stores[i].start();
	return 0;
}

static int stop_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < STORES; i++)
		stores[i].stop();
	run("rm -rf %s", folder);
	return 0;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(the_certificate_lets_in),
		cmocka_unit_test(nobody_gets_in_without),
		cmocka_unit_test(a_strangers_certificate_does_not_help),
		cmocka_unit_test(a_server_of_a_stranger_gets_nothing),
	};
	struct CMUnitTest tests[STORES * 4];
	static char names[STORES * 4][96];

	for (size_t i = 0; i < STORES * 4; i++) {
		const struct store *store = &stores[i / 4];

		snprintf(names[i], sizeof(names[i]), "%s: %s", store->name, cases[i % 4].name);
		tests[i] = cases[i % 4];
		tests[i].name = names[i];
		tests[i].initial_state = (void *)(uintptr_t)store;
	}
	return _cmocka_run_group_tests("tls", tests, STORES * 4, start_all, stop_all);
}
