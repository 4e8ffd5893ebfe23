/* SPDX-License-Identifier: MIT */
/*
 * "memcached_ascii:host=H:port=N:prefix=T:timeout_msecs=N", all of them optional.
 *
 * The newest wins through memcached's own compare-and-swap: read the value with its version, then
 * replace just that version, three times at most. Strict mode sends plain "set" commands, as the
 * plugin does. Keys with blanks or control bytes, or of more than 250 bytes, are refused in both:
 * memcached would refuse them, or take what follows for a command.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/drivers/drivers.h"
#include "store/drivers/memcache_proto.h"
#include "store/option.h"
#include "store/stamp.h"
#include "store/stream.h"

#define OUT_MAX		  (64UL << 20)
#define IN_MAX		  (64UL << 20)
#define CHUNK		  1000 /* entries under way at a time */
#define ROUNDS		  3
#define RELATIVE_MAX_SECS (INT64_C(30) * 86400)

#define ABSENT UINT64_MAX /* a version: there is no such key */

struct settings {
	char *host, *prefix;
	int64_t port, timeout_msecs, expire_secs;
};

struct memcached {
	struct dict dict;
	struct settings settings;
	struct stream_target target;
	struct stream stream;
	struct buf out, in, key;
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{"host", NULL, OPTION_STRING, AT(host), .fallback = "127.0.0.1"},
	{"port", NULL, OPTION_NUMBER, AT(port), .min = 1, .max = 65535, .fallback = "11211",
	 .invalid = "Invalid port", .expected = "1 to 65535"},
	{"prefix", NULL, OPTION_STRING, AT(prefix), .fallback = ""},
	{"timeout_msecs", NULL, OPTION_MSECS, AT(timeout_msecs), .min = 1, .max = INT32_MAX,
	 .fallback = "30000", .invalid = "Invalid timeout_msecs", .expected = "milliseconds"},
	{"expire_secs", NULL, OPTION_SECS, AT(expire_secs), .min = 1, .max = INT32_MAX,
	 .invalid = "Invalid expire_secs", .expected = "seconds, 1 or more"},
	{0},
};

/* --- opening ------------------------------------------------------------------------------- */

static void memcached_close(struct dict *dict)
{
	struct memcached *memcached = (struct memcached *)dict;

	stream_close(&memcached->stream);
	buf_release(&memcached->out);
	buf_release(&memcached->in);
	buf_release(&memcached->key);
	option_release(options, &memcached->settings);
	free(memcached);
}

static int memcached_open(const struct dict_config *config, struct dict **dict_r,
			  struct error *error_r)
{
	struct memcached *memcached = calloc(1, sizeof(*memcached));
	int ret;

	if (!memcached)
		return error_set(error_r, ENOMEM, "out of memory");
	memcached->stream = (struct stream)STREAM_INIT;
	buf_init(&memcached->out, OUT_MAX);
	buf_init(&memcached->in, IN_MAX);
	buf_init(&memcached->key, IN_MAX);
	ret = option_defaults(options, &memcached->settings, error_r);
	if (ret == 0 && config->block)
		ret = error_set(error_r, EINVAL, "has no block form; use memcached_ascii:host=...");
	else if (ret == 0)
		ret = option_from_uri(options, &memcached->settings, strchr(config->uri, ':') + 1,
				      config->strict, error_r);
	if (memcached->settings.expire_secs == 0 && !config->strict)
		memcached->settings.expire_secs = config->expire_secs;
	memcached->target.host = memcached->settings.host;
	memcached->target.port = memcached->settings.port;
	if (ret < 0)
		memcached_close(&memcached->dict);
	else
		*dict_r = &memcached->dict;
	return ret;
}

/* --- exchange ------------------------------------------------------------------------------ */

/* Gets each reply; returns true when it was the last of a request. */
typedef bool reply_cb(const struct memcache_reply *reply, size_t index, void *context);

struct exchange {
	struct memcached *memcached;
	size_t expected, count;
	reply_cb *cb;
	void *context;
};

static int feed(struct slice data, void *context, struct error *error_r)
{
	struct exchange *exchange = context;
	struct buf *in = &exchange->memcached->in;
	struct memcache_reply reply;
	size_t done = 0;
	ssize_t n = 1;

	if (buf_append_slice(in, data) < 0)
		return error_set(error_r, -in->failed, "a reply that is too long");
	while (exchange->count < exchange->expected && n > 0) {
		n = memcache_parse((struct slice){in->data + done, in->len - done}, &reply);
		if (n < 0)
			return error_set(error_r, EPROTO, "unexpected input");
		done += (size_t)n;
		if (n > 0 && exchange->cb(&reply, exchange->count, exchange->context))
			exchange->count++;
	}
	/* UNSAFE: the rest moves to the front. */
	memmove(in->data, in->data + done, in->len - done);
	in->len -= done;
	return exchange->count == exchange->expected;
}

static int transact(struct memcached *memcached, size_t expected, reply_cb *cb, void *context,
		    int64_t deadline_ns, bool *sent_r, struct error *error_r)
{
	struct exchange exchange = {memcached, expected, 0, cb, context};

	if (expected == 0)
		return 0;
	if (memcached->out.failed < 0)
		return error_set(error_r, -memcached->out.failed, "cannot build a request");
	buf_reset(&memcached->in);
	return stream_exchange(&memcached->stream, buf_slice(&memcached->out), feed, &exchange,
			       deadline_ns, sent_r, error_r);
}

static int connect_server(struct memcached *memcached, int64_t *deadline_ns, struct error *error_r)
{
	int64_t own = clock_monotonic_ns() + memcached->settings.timeout_msecs * NS_PER_MSEC;

	*deadline_ns = own < *deadline_ns ? own : *deadline_ns;
	if (stream_is_fresh(&memcached->stream))
		return 0;
	return stream_connect(&memcached->stream, &memcached->target, *deadline_ns, error_r);
}

static struct slice full_key(struct memcached *memcached, struct slice key)
{
	buf_reset(&memcached->key);
	buf_append_str(&memcached->key, memcached->settings.prefix);
	buf_append_slice(&memcached->key, dict_key_name(key));
	return buf_slice(&memcached->key);
}

/* --- writing ------------------------------------------------------------------------------- */

struct round {
	struct dict_entry *asked[CHUNK]; /* by number of request */
	uint64_t version[CHUNK];
	size_t count;
	int ret;
	struct error *error_r;
};

static void refuse_bad_keys(struct memcached *memcached, struct dict_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!memcache_key_ok(full_key(memcached, entries[i].key)))
			dict_entry_set(&entries[i], DICT_REFUSED,
				       "memcached takes keys of 1 to 250 bytes without blanks and "
				       "control bytes");
	}
}

static bool on_version(const struct memcache_reply *reply, size_t index, void *context)
{
	struct round *round = context;
	struct dict_entry *entry = round->asked[index];

	if (reply->type == MEMCACHE_VALUE) {
		round->version[index] = reply->cas;
		if (!dict_entry_newer(entry, reply->value))
			dict_entry_set(entry, DICT_UNCHANGED, "%s", "");
		return false;
	}
	if (reply->type != MEMCACHE_END)
		round->ret = error_set(round->error_r, EAGAIN, "%.*s", (int)reply->line.len,
				       reply->line.ptr);
	return true;
}

/* "gets" for each entry that is still open. */
static int read_versions(struct memcached *memcached, struct dict_entry *entries, size_t count,
			 struct round *round, int64_t deadline_ns, struct error *error_r)
{
	int ret;

	*round = (struct round){.error_r = error_r};
	buf_reset(&memcached->out);
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome != DICT_PENDING)
			continue;
		round->version[round->count] = ABSENT;
		round->asked[round->count++] = &entries[i];
		buf_append_str(&memcached->out, "gets ");
		buf_append_slice(&memcached->out, full_key(memcached, entries[i].key));
		buf_append_str(&memcached->out, "\r\n");
	}
	ret = transact(memcached, round->count, on_version, round, deadline_ns, NULL, error_r);
	return ret < 0 ? ret : round->ret;
}

/* memcached takes more than 30 days for seconds since 1970. */
static int64_t expiry_of(const struct memcached *memcached)
{
	int64_t secs = memcached->settings.expire_secs;

	return secs <= RELATIVE_MAX_SECS ? secs : clock_wall_ns() / NS_PER_SEC + secs;
}

static void append_store(struct memcached *memcached, const struct dict_entry *entry,
			 const char *command, uint64_t version)
{
	struct buf *out = &memcached->out;

	buf_appendf(out, "%s ", command);
	buf_append_slice(out, full_key(memcached, entry->key));
	buf_appendf(out, " 0 %" PRId64 " %zu", expiry_of(memcached), entry->value.len);
	if (version != ABSENT)
		buf_appendf(out, " %" PRIu64, version);
	buf_append_str(out, "\r\n");
	buf_append_slice(out, entry->value);
	buf_append_str(out, "\r\n");
}

static bool on_stored(const struct memcache_reply *reply, size_t index, void *context)
{
	struct round *round = context;
	struct dict_entry *entry = round->asked[index];

	if (reply->type == MEMCACHE_STORED)
		dict_entry_set(entry, DICT_STORED, "%s", "");
	else if (reply->type == MEMCACHE_REFUSED)
		dict_entry_set(entry, DICT_REFUSED, "%.*s", (int)reply->line.len, reply->line.ptr);
	else if (reply->type != MEMCACHE_NOT_STORED)
		round->ret = error_set(round->error_r, EAGAIN, "%.*s", (int)reply->line.len,
				       reply->line.ptr);
	return true;
}

static int store_round(struct memcached *memcached, struct round *round, int64_t deadline_ns,
		       struct error *error_r)
{
	bool sent = false;
	size_t count = 0;
	int ret;

	buf_reset(&memcached->out);
	for (size_t i = 0; i < round->count; i++) {
		struct dict_entry *entry = round->asked[i];
		const char *command = memcached->dict.strict	    ? "set"
				      : round->version[i] == ABSENT ? "add"
								    : "cas";

		if (entry->outcome != DICT_PENDING)
			continue;
		append_store(memcached, entry, command, round->version[i]);
		round->asked[count++] = entry;
	}
	ret = transact(memcached, count, on_stored, round, deadline_ns, &sent, error_r);
	for (size_t i = 0; i < count && ret < 0 && sent; i++)
		dict_entries_set(round->asked[i], 1, DICT_UNCERTAIN, "sent, no answer");
	return ret < 0 ? ret : round->ret;
}

/* Strict mode asks nothing and sets everything. */
static void ask_nothing(struct dict_entry *entries, size_t count, struct round *round,
			struct error *error_r)
{
	*round = (struct round){.error_r = error_r};
	for (size_t i = 0; i < count; i++) {
		if (entries[i].outcome != DICT_PENDING)
			continue;
		round->version[round->count] = ABSENT;
		round->asked[round->count++] = &entries[i];
	}
}

static int write_chunk(struct memcached *memcached, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct round *round = malloc(sizeof(*round));
	int ret = 0;

	if (!round)
		return error_set(error_r, ENOMEM, "out of memory");
	for (int i = 0; i < ROUNDS && ret == 0; i++) {
		if (memcached->dict.strict)
			ask_nothing(entries, count, round, error_r);
		else
			ret = read_versions(memcached, entries, count, round, deadline_ns, error_r);
		if (ret == 0)
			ret = store_round(memcached, round, deadline_ns, error_r);
	}
	if (ret == 0)
		dict_entries_set(entries, count, DICT_RETRY, "others kept changing the key");
	free(round);
	return ret;
}

static int memcached_write(struct dict *dict, struct dict_entry *entries, size_t count,
			   int64_t deadline_ns, struct error *error_r)
{
	struct memcached *memcached = (struct memcached *)dict;
	int ret = connect_server(memcached, &deadline_ns, error_r);

	refuse_bad_keys(memcached, entries, count);
	for (size_t done = 0; done < count && ret == 0; done += CHUNK) {
		size_t n = count - done < CHUNK ? count - done : CHUNK;

		ret = write_chunk(memcached, entries + done, n, deadline_ns, error_r);
	}
	return ret;
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	const struct slice *keys;
	dict_record_cb *cb;
	void *context;
	int found;
};

static bool on_value(const struct memcache_reply *reply, size_t index, void *context)
{
	struct reading *reading = context;
	struct dict_record record = {.key = reading->keys[index]};

	if (reply->type != MEMCACHE_VALUE)
		return true;
	record.value = reply->value;
	record.time_ns = stamp_to_ns(reply->value);
	reading->cb(&record, reading->context);
	reading->found++;
	return false;
}

/* A key that cannot be there asks for one that is not, so that replies stay in step. */
static void append_get(struct memcached *memcached, struct slice key)
{
	struct slice name = full_key(memcached, key);

	buf_append_str(&memcached->out, "get ");
	buf_append_slice(&memcached->out, memcache_key_ok(name) ? name : slice_str("\"none\""));
	buf_append_str(&memcached->out, "\r\n");
}

static int memcached_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			    size_t key_count, int64_t deadline_ns, dict_record_cb *cb,
			    void *context, struct error *error_r)
{
	struct memcached *memcached = (struct memcached *)dict;
	struct reading reading = {keys, cb, context, 0};
	int ret = connect_server(memcached, &deadline_ns, error_r);

	(void)user;
	if (ret < 0)
		return ret;
	buf_reset(&memcached->out);
	for (size_t i = 0; i < key_count; i++)
		append_get(memcached, keys[i]);
	ret = transact(memcached, key_count, on_value, &reading, deadline_ns, NULL, error_r);
	return ret < 0 ? ret : reading.found;
}

/* --- removing ------------------------------------------------------------------------------ */

struct removing {
	int removed, ret;
	struct error *error_r;
};

static bool on_deleted(const struct memcache_reply *reply, size_t index, void *context)
{
	struct removing *removing = context;

	(void)index;
	removing->removed += reply->type == MEMCACHE_DELETED;
	if (reply->type != MEMCACHE_DELETED && reply->type != MEMCACHE_NOT_STORED)
		removing->ret = error_set(removing->error_r, EAGAIN, "%.*s", (int)reply->line.len,
					  reply->line.ptr);
	return true;
}

/* A key that cannot be sent is not there. */
static int memcached_unset(struct dict *dict, const struct slice *keys, size_t key_count,
			   int64_t deadline_ns, struct error *error_r)
{
	struct memcached *memcached = (struct memcached *)dict;
	struct removing removing = {.error_r = error_r};
	int ret = connect_server(memcached, &deadline_ns, error_r);
	size_t sent = 0;

	buf_reset(&memcached->out);
	for (size_t i = 0; i < key_count; i++) {
		struct slice name = full_key(memcached, keys[i]);

		if (!memcache_key_ok(name))
			continue;
		buf_append_str(&memcached->out, "delete ");
		buf_append_slice(&memcached->out, name);
		buf_append_str(&memcached->out, "\r\n");
		sent++;
	}
	if (ret == 0)
		ret = transact(memcached, sent, on_deleted, &removing, deadline_ns, NULL, error_r);
	if (ret == 0)
		ret = removing.ret;
	return ret < 0 ? ret : removing.removed;
}

static bool on_any(const struct memcache_reply *reply, size_t index, void *context)
{
	(void)reply;
	(void)index;
	(void)context;
	return true;
}

static int memcached_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct memcached *memcached = (struct memcached *)dict;
	int ret = connect_server(memcached, &deadline_ns, error_r);

	buf_reset(&memcached->out);
	buf_append_str(&memcached->out, "version\r\n");
	return ret < 0 ? ret : transact(memcached, 1, on_any, NULL, deadline_ns, NULL, error_r);
}

/* --- what it has ---------------------------------------------------------------------------- */

enum { ITEMS, UPTIME, EVICTIONS, NUMBERS };

struct statistics {
	int64_t numbers[NUMBERS]; /* -1: the server does not have it */
	bool failed;
};

static void take_number(struct statistics *statistics, struct slice line)
{
	static const char *const names[NUMBERS] = {
		[ITEMS] = "STAT curr_items ",
		[UPTIME] = "STAT uptime ",
		[EVICTIONS] = "STAT evictions ",
	};
	char text[24];

	for (size_t i = 0; i < NUMBERS; i++) {
		size_t len = strlen(names[i]);

		if (line.len <= len || line.len - len >= sizeof(text) ||
		    memcmp(line.ptr, names[i], len) != 0)
			continue;
		memcpy(text, line.ptr + len, line.len - len);
		text[line.len - len] = '\0';
		statistics->numbers[i] = (int64_t)strtoll(text, NULL, 10);
	}
}

static bool on_statistic(const struct memcache_reply *reply, size_t index, void *context)
{
	struct statistics *statistics = context;

	(void)index;
	if (reply->type == MEMCACHE_STAT) {
		take_number(statistics, reply->line);
		return false;
	}
	statistics->failed = reply->type != MEMCACHE_END;
	return true;
}

/* It has nothing from before its start, and is a cache: what it once threw out may be anybody's. */
static void set_begin(const struct statistics *statistics, struct dict_presence *presence)
{
	int64_t evictions = statistics->numbers[EVICTIONS];
	const char *what = evictions > 0 ? "memcached has thrown records out since it was started"
					 : "memcached keeps nothing when it is started again";

	presence->from_ns = clock_wall_ns();
	if (evictions <= 0)
		presence->from_ns -= statistics->numbers[UPTIME] * NS_PER_SEC;
	(void)dict_presence_set(presence, DICT_UNSHOWN, "%s", what);
}

static int memcached_presence(struct dict *dict, const struct dict_key *keys, size_t key_count,
			      int64_t deadline_ns, struct dict_presence *presence_r,
			      struct error *error_r)
{
	struct memcached *memcached = (struct memcached *)dict;
	struct statistics statistics = {.numbers = {-1, -1, -1}};
	int ret = connect_server(memcached, &deadline_ns, error_r);

	(void)keys;
	(void)key_count;
	buf_reset(&memcached->out);
	buf_append_str(&memcached->out, "stats\r\n");
	if (ret == 0)
		ret = transact(memcached, 1, on_statistic, &statistics, deadline_ns, NULL, error_r);
	if (ret == 0 && (statistics.failed || statistics.numbers[UPTIME] < 0))
		ret = error_set(error_r, EPROTO, "memcached did not answer \"stats\"");
	if (ret < 0)
		return ret;
	set_begin(&statistics, presence_r);
	presence_r->keeps_ns = memcached->settings.expire_secs * NS_PER_SEC;
	return statistics.numbers[ITEMS] == 0
		       ? dict_presence_set(presence_r, DICT_EMPTY, "memcached has no item at all")
		       : 0;
}

const struct dict_driver memcached_ascii_driver = {
	.name = "memcached_ascii",
	.caps = DICT_CAP_NEWEST_WINS,
	.open = memcached_open,
	.write = memcached_write,
	.lookup = memcached_lookup,
	.unset = memcached_unset,
	.ping = memcached_ping,
	.presence = memcached_presence,
	.close = memcached_close,
};
