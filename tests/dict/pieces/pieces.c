/* SPDX-License-Identifier: MIT */
/*
 * Replies as they may arrive: conformance-pieces [SUBJECT...]. Each driver with a protocol of its
 * own holds one conversation with a real server (Cassandra: with fake_cql.h) over and over:
 *
 * - all that is on its way is received at once, but for a cut: the first ends after byte 1, the
 *   next after byte 2, and so on through the whole conversation;
 * - every byte arrives alone.
 *
 * Outcomes and what is found are the same each time. recv() of this program cuts; the servers are
 * other processes or threads. A dict that waits to learn what its server speaks is opened once and
 * pinged in whole conversations only: its ping receives nothing that could be cut, which is held.
 */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../unit/cmocka_all.h"
#include "../../unit/store/fake_cql.h"
#include "../subject.h"
#include "base/clock.h"

#define BASE_SECS 1795337984LL
#define LIMIT	  (20 * NS_PER_SEC)
#define PAUSE_US  200 /* nothing more for so long: all is there that is on its way */
#define WHOLE	  SIZE_MAX

/* --- cutting --------------------------------------------------------------------------------- */

static struct {
	size_t received; /* in this conversation */
	size_t cut;	 /* nothing is received across this position */
	bool singly;
	size_t most; /* received at once */
} pieces;

static _Thread_local bool cutting; /* not in the threads of servers */

/* Until nothing more comes. */
static void gather(int fd)
{
	int before = -1, now = 0;

	while (ioctl(fd, FIONREAD, &now) == 0 && now > before) {
		before = now;
		usleep(PAUSE_US);
	}
}

static size_t allowed(size_t size)
{
	size_t left = pieces.cut - pieces.received;

	if (pieces.singly)
		return 1;
	return pieces.received < pieces.cut && left < size ? left : size;
}

/* Instead of the C library's, for the drivers and client libraries of this program. */
ssize_t recv(int fd, void *data, size_t size, int flags)
{
	bool ours = cutting && !(flags & MSG_PEEK);
	ssize_t n;

	if (ours && !pieces.singly)
		gather(fd);
	n = recvfrom(fd, data, ours ? allowed(size) : size, flags, NULL, NULL);
	if (ours && n > 0) {
		pieces.received += (size_t)n;
		pieces.most = (size_t)n > pieces.most ? (size_t)n : pieces.most;
	}
	return n;
}

/* --- the conversation ------------------------------------------------------------------------ */

struct login {
	char key[96], value[32];
	struct key_part parts[3];
};

static struct dict_entry make_entry(struct login *login, const char *user, const char *service,
				    int secs)
{
	uint32_t at = (uint32_t)strlen("shared/last-login/"), service_len, user_len;

	service_len = (uint32_t)strlen(service);
	user_len = (uint32_t)strlen(user);
	snprintf(login->key, sizeof(login->key), "shared/last-login/%s/%s/192.0.2.1", service,
		 user);
	snprintf(login->value, sizeof(login->value), "%lld", (BASE_SECS + secs) * 1000);
	login->parts[0] = (struct key_part){"service", at, service_len};
	login->parts[1] = (struct key_part){"user", at + service_len + 1, user_len};
	login->parts[2] = (struct key_part){"remote_ip", at + service_len + user_len + 2, 9};
	return (struct dict_entry){.key = slice_str(login->key),
				   .value = slice_str(login->value),
				   .time_ns = (BASE_SECS + secs) * NS_PER_SEC,
				   .parts = login->parts,
				   .part_count = 3};
}

static void complain(const struct harness *harness, const char *what)
{
	if (pieces.singly)
		fail_msg("%s: byte by byte: %s", harness->subject->name, what);
	fail_msg("%s: cut after byte %zu: %s", harness->subject->name, pieces.cut, what);
}

static void write_all(struct harness *harness, struct dict_entry *entries, size_t count)
{
	struct error error = {0};

	if (dict_write(harness->dict, entries, count, clock_monotonic_ns() + LIMIT, &error) < 0)
		complain(harness, error.text);
}

static void expect_outcome(const struct harness *harness, const struct dict_entry *entry,
			   enum dict_outcome expected)
{
	if (expected == DICT_UNCHANGED && harness->subject->traits & TRAIT_BLIND)
		expected = DICT_STORED;
	if (entry->outcome != expected)
		complain(harness,
			 entry->reason[0] ? entry->reason : dict_outcome_name(entry->outcome));
}

/* What a lookup of two keys finds. */
struct found {
	const struct dict_entry *entries; /* of the keys */
	char values[2][32];
	int records;
};

static void take(const struct dict_record *record, void *context)
{
	struct found *found = context;
	int i = record->key.len > 0 ? slice_equal(record->key, found->entries[1].key)
				    : slice_equal(record->service, slice_str("pop3"));

	snprintf(found->values[i], sizeof(found->values[i]), "%.*s", (int)record->value.len,
		 record->value.ptr);
	found->records++;
}

static void expect_both(struct harness *harness, const char *user, struct dict_entry *entries)
{
	const struct slice keys[] = {entries[0].key, entries[1].key};
	struct found found = {.entries = entries};
	struct error error = {0};

	if (dict_lookup(harness->dict, slice_str(user), keys, 2, clock_monotonic_ns() + LIMIT, take,
			&found, &error) < 0)
		complain(harness, error.text);
	if (found.records != 2 || !slice_equal(slice_str(found.values[0]), entries[0].value) ||
	    !slice_equal(slice_str(found.values[1]), entries[1].value))
		complain(harness, "another value is found");
}

static bool learns(const struct harness *harness)
{
	return harness->subject->traits & TRAIT_LEARNS;
}

static void ping(struct harness *harness)
{
	size_t received = pieces.received;
	struct error error = {0};

	if (learns(harness) && pieces.cut != WHOLE)
		return;
	if (dict_ping(harness->dict, clock_monotonic_ns() + LIMIT, &error) < 0)
		complain(harness, error.text);
	if (learns(harness) && pieces.received != received)
		complain(harness, "a ping receives what is never cut");
}

/* Three logins in one batch, one that is older and one that is newer, a lookup, a ping. */
static void converse(struct harness *harness, const char *user, const char *other)
{
	struct login logins[3], older, newer;
	struct dict_entry first[] = {make_entry(&logins[0], user, "imap", 1),
				     make_entry(&logins[1], user, "pop3", 2),
				     make_entry(&logins[2], other, "imap", 3)};
	struct dict_entry second[] = {make_entry(&older, user, "imap", 0),
				      make_entry(&newer, other, "imap", 4)};

	write_all(harness, first, 3);
	for (int i = 0; i < 3; i++)
		expect_outcome(harness, &first[i], DICT_STORED);
	write_all(harness, second, 2);
	expect_outcome(harness, &second[0], DICT_UNCHANGED);
	expect_outcome(harness, &second[1], DICT_STORED);
	expect_both(harness, user, first);
	ping(harness);
}

/* With a dict of its own unless that learns, about users of its own. Returns how long it was. */
static size_t hold(struct harness *harness, size_t cut, bool singly)
{
	static unsigned int count;
	struct error error = {0};
	char user[32], other[32];

	snprintf(user, sizeof(user), "a%06u@example.com", ++count);
	snprintf(other, sizeof(other), "b%06u@example.com", count);
	pieces.received = 0;
	pieces.cut = cut;
	pieces.singly = singly;
	if (!harness->dict && dict_open(&harness->config, &harness->dict, &error) < 0)
		complain(harness, error.text);
	cutting = true;
	converse(harness, user, other);
	cutting = false;
	if (!learns(harness))
		dict_close(&harness->dict);
	return pieces.received;
}

static void replies_may_be_cut_anywhere(void **state)
{
	size_t len = hold(*state, WHOLE, false);

	assert_true(pieces.most > 1);
	for (size_t cut = 1; cut < len; cut++)
		len = hold(*state, cut, false);
}

static void replies_may_arrive_byte_by_byte(void **state)
{
	pieces.most = 0;
	assert_true(hold(*state, WHOLE, true) > 50);
	assert_int_equal(pieces.most, 1);
}

/* --- Cassandra, whose real server takes a minute to start ------------------------------------ */

static struct fake_cql fake;

static void put_row(struct buf *body, const char *service, int secs)
{
	struct buf time;

	buf_init(&time, 8);
	cql_put_long(&time, (BASE_SECS + secs) * 1000);
	cql_put_bytes(body, buf_slice(&time));
	cql_put_bytes(body, slice_str(service));
	cql_put_bytes(body, slice_str("somebody"));
	cql_put_bytes(body, slice_str("192.0.2.1"));
	buf_release(&time);
}

static void put_columns(struct buf *body, bool with_values)
{
	cql_put_string(body, slice_str("mails"));
	cql_put_string(body, slice_str("last_login"));
	if (with_values) {
		fake_column(body, "last_access", CQL_TYPE_TIMESTAMP);
		fake_column(body, "service", CQL_TYPE_VARCHAR);
	}
	fake_column(body, "userid", CQL_TYPE_VARCHAR);
	if (with_values)
		fake_column(body, "last_ip", CQL_TYPE_VARCHAR);
}

static void put_rows(struct buf *body)
{
	cql_put_int(body, CQL_RESULT_ROWS);
	cql_put_int(body, 1); /* one table for all columns */
	cql_put_int(body, 4);
	put_columns(body, true);
	cql_put_int(body, 2);
	put_row(body, "imap", 1);
	put_row(body, "pop3", 2);
}

static void put_prepared_select(struct buf *body)
{
	cql_put_int(body, CQL_RESULT_PREPARED);
	cql_put_string(body, slice_str("select"));
	cql_put_int(body, 1);
	cql_put_int(body, 1);
	cql_put_int(body, 1); /* the partition key */
	cql_put_short(body, 0);
	put_columns(body, false);
	cql_put_int(body, 1);
	cql_put_int(body, 4);
	put_columns(body, true);
}

/* A lookup; the rest is fake_cql.h's. */
static enum fake_action answer_select(struct fake_cql *server, const struct fake_frame *frame,
				      struct buf *out)
{
	bool prepare = frame->opcode == CQL_PREPARE &&
		       memmem(frame->body.ptr, frame->body.len, "SELECT", 6);
	bool execute = frame->opcode == CQL_EXECUTE &&
		       memmem(frame->body.ptr, frame->body.len, "select", 6);
	struct buf body;

	(void)server;
	if (!prepare && !execute)
		return FAKE_DEFAULT;
	buf_init(&body, 4096);
	if (prepare)
		put_prepared_select(&body);
	else
		put_rows(&body);
	fake_put(out, frame->version, CQL_RESULT, frame->stream, buf_slice(&body));
	buf_release(&body);
	return FAKE_DONE;
}

static const char *fake_cassandra_start(struct harness *harness)
{
	char path[96];
	FILE *file;

	fake = (struct fake_cql){.twist = answer_select};
	fake_start(&fake);
	snprintf(path, sizeof(path), "%s/dovecot-dict-cql.conf.ext", harness->dir);
	snprintf(harness->uri, sizeof(harness->uri), "cassandra:%s", path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
		"connect = host=127.0.0.1 port=%u dbname=mails\n"
		"map {\n"
		"  pattern = shared/last-login/$service/$user/$remote_ip\n"
		"  table = last_login\n"
		"  value_field = last_access\n"
		"  value_type = uint\n"
		"  fields {\n"
		"    userid = $user\n"
		"    service = $service\n"
		"    last_ip = $remote_ip\n"
		"  }\n"
		"}\n",
		fake.port);
	fclose(file);
	return NULL;
}

static void fake_cassandra_stop(struct harness *harness)
{
	(void)harness;
	fake_stop(&fake);
}

static const struct subject fake_cassandra = {
	.name = "cassandra (fake)",
	.traits = TRAIT_BLIND,
	.start = fake_cassandra_start,
	.stop = fake_cassandra_stop,
};

/* --- running --------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct harness *harness = calloc(1, sizeof(*harness));
	const struct subject *subject = *state;
	const char *why;

	harness->subject = subject;
	snprintf(harness->dir, sizeof(harness->dir), "/tmp/dovetap-dict.XXXXXX");
	assert_non_null(mkdtemp(harness->dir));
	harness->config.uri = harness->uri;
	why = subject->start(harness);
	if (why)
		fail_msg("%s: %s", subject->name, why);
	*state = harness;
	return 0;
}

static int teardown(void **state)
{
	struct harness *harness = *state;
	char command[96];
	int tries = 500;

	cutting = false;
	dict_close(&harness->dict);
	if (harness->subject->stop)
		harness->subject->stop(harness);
	server_kill(&harness->server);
	snprintf(command, sizeof(command), "rm -rf %s", harness->dir);
	while (system(command) != 0 && --tries > 0) /* a server may still be ending */
		usleep(10000);
	free(harness);
	return 0;
}

static const char *const names[] = {"redis",
				    "memcached_ascii",
				    "proxy (2.3.13, file)",
				    "proxy (2.3.19.1, file)",
				    "proxy (2.4.1, file)",
				    "cassandra (fake)"};

static const struct subject *find_subject(const char *name)
{
	for (size_t i = 0; subjects[i]; i++) {
		if (strcmp(subjects[i]->name, name) == 0)
			return subjects[i];
	}
	return strcmp(name, fake_cassandra.name) == 0 ? &fake_cassandra : NULL;
}

static size_t add_subject(const struct subject *subject, struct CMUnitTest *tests)
{
	const struct CMUnitTest both[] = {
		cmocka_unit_test_setup_teardown(replies_may_be_cut_anywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(replies_may_arrive_byte_by_byte, setup, teardown),
	};

	for (size_t i = 0; i < 2; i++) {
		char *name = NULL;

		assert_true(asprintf(&name, "%s: %s", subject->name, both[i].name) > 0);
		tests[i] = both[i];
		tests[i].name = name;
		tests[i].initial_state = (void *)(uintptr_t)subject;
	}
	return 2;
}

int main(int argc, char **argv)
{
	const char *const *wanted = argc > 1 ? (const char *const *)argv + 1 : names;
	size_t subject_count = argc > 1 ? (size_t)argc - 1 : sizeof(names) / sizeof(names[0]);
	struct CMUnitTest tests[2 * 32] = {0};
	size_t count = 0;
	int failed;

	for (size_t i = 0; i < subject_count && i < 32; i++) {
		const struct subject *subject = find_subject(wanted[i]);

		if (!subject) {
			fprintf(stderr, "%s: no subject is called so\n", wanted[i]);
			return EX_USAGE;
		}
		count += add_subject(subject, tests + count);
	}
	failed = _cmocka_run_group_tests("pieces", tests, count, NULL, NULL);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)tests[i].name);
	return failed != 0;
}
