/* SPDX-License-Identifier: MIT */
/*
 * "redis:host=H:port=N:path=P:prefix=T:db=N:password=S:expire_secs=N:timeout_msecs=N", all of them
 * optional, as in Dovecot; and of our own username=, tls, tls_ca=, tls_cert=, tls_key=,
 * tls_insecure, host names and [IPv6 addresses].
 *
 * The value under a key is the plugin's digits. A script in the server compares them as times, so
 * that the newest wins among any number of writers; a value that is not a time, or of another
 * type, is overwritten, as the plugin would. Strict mode sends MULTI, SET, EXPIRE, EXEC instead.
 * A batch is pipelined over one connection, which stays open.
 */
#include "base/clock.h"
#include "store/drivers/drivers.h"
#include "store/drivers/resp.h"
#include "store/option.h"
#include "store/stamp.h"
#include "store/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_MAX	   (512UL << 20)
#define CHUNK_SIZE (1UL << 20) /* sent before the next commands are built */
#define ARGUMENTS  6
#define SHA_HEX	   (2 * SHA_DIGEST_LENGTH)

/* Values are made comparable as 11 digits of seconds and 9 of nanoseconds: Lua's numbers are
 * doubles, which do not hold them. store/stamp.h has the rule for their length. */
static const char script[] =
	"local function ns(v)\n"
	"local n = #v\n"
	"if n > 20 or not string.find(v, '^%d+$') then return nil end\n"
	"local cut = n <= 11 and n or n <= 14 and n - 3 or n <= 17 and n - 6 or n - 9\n"
	"local frac = string.sub(v, cut + 1)\n"
	"return string.rep('0', 11 - cut) .. string.sub(v, 1, cut) .. frac\n"
	".. string.rep('0', 9 - #frac)\n"
	"end\n"
	"local old = redis.pcall('GET', KEYS[1])\n"
	"local old_ns = type(old) == 'string' and ns(old)\n"
	"local new_ns = ns(ARGV[1])\n"
	"if old_ns and new_ns and new_ns <= old_ns then return 0 end\n"
	"if ARGV[2] then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
	"else redis.call('SET', KEYS[1], ARGV[1]) end\n"
	"return 1\n";

struct settings {
	char *host, *path, *prefix, *username, *password;
	char *tls_ca, *tls_cert, *tls_key;
	int64_t port, db, expire_secs, timeout_msecs;
	bool tls, tls_insecure;
};

struct redis {
	struct dict dict;
	struct settings settings;
	struct stream_target target;
	struct stream stream;
	redisReader *reader;
	struct buf out;
	char sha[SHA_HEX + 1];
	char expire[24]; /* expire_secs as text, "" for none */
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{"host", "redis_host", OPTION_STRING, AT(host), .fallback = "127.0.0.1"},
	{"port", "redis_port", OPTION_NUMBER, AT(port), .min = 1, .max = 65535, .fallback = "6379",
	 .invalid = "Invalid port", .expected = "1 to 65535"},
	{"path", "redis_socket_path", OPTION_STRING, AT(path), .fallback = ""},
	{"prefix", "redis_key_prefix", OPTION_STRING, AT(prefix), .fallback = ""},
	{"db", "redis_db_id", OPTION_NUMBER, AT(db), .max = INT32_MAX, .fallback = "0",
	 .invalid = "Invalid db number", .expected = "0 or more"},
	{"password", "redis_password", OPTION_SECRET, AT(password), .fallback = ""},
	{"expire_secs", "redis_expire", OPTION_SECS, AT(expire_secs), .min = 1, .max = INT32_MAX,
	 .invalid = "Invalid expire_secs", .expected = "seconds, 1 or more"},
	{"timeout_msecs", "redis_request_timeout", OPTION_MSECS, AT(timeout_msecs), .min = 1,
	 .max = INT32_MAX, .fallback = "30000", .invalid = "Invalid timeout_msecs",
	 .expected = "milliseconds"},
	{"username", "redis_username", OPTION_STRING, AT(username), .fallback = "",
	 .extension = true},
	{"tls", "redis_tls", OPTION_FLAG, AT(tls), .extension = true},
	{"tls_insecure", "redis_tls_insecure", OPTION_FLAG, AT(tls_insecure), .extension = true},
	{"tls_ca", "redis_tls_ca_file", OPTION_STRING, AT(tls_ca), .extension = true},
	{"tls_cert", "redis_tls_cert_file", OPTION_STRING, AT(tls_cert), .extension = true},
	{"tls_key", "redis_tls_key_file", OPTION_STRING, AT(tls_key), .extension = true},
	{0},
};

/* --- opening ------------------------------------------------------------------------------- */

/* "[::1]" -> "::1", in place. */
static void strip_brackets(char *host)
{
	size_t len = strlen(host);

	if (len < 2 || host[0] != '[' || host[len - 1] != ']')
		return;
	memmove(host, host + 1, len - 2);
	host[len - 2] = '\0';
}

static bool is_ip(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static int read_settings(struct redis *redis, const struct dict_config *config,
			 struct error *error_r)
{
	struct settings *settings = &redis->settings;
	int ret = option_defaults(options, settings, error_r);

	if (ret == 0 && config->block)
		ret = option_from_block(options, settings, config->block, error_r);
	else if (ret == 0)
		ret = option_from_uri(options, settings, strchr(config->uri, ':') + 1,
				      config->strict, error_r);
	if (ret < 0)
		return ret;
	if (!config->strict)
		strip_brackets(settings->host);
	if (config->strict && !is_ip(settings->host))
		return error_set(error_r, EINVAL, "Invalid IP: %s", settings->host);
	if (settings->expire_secs > 0)
		snprintf(redis->expire, sizeof(redis->expire), "%lld",
			 (long long)settings->expire_secs);
	redis->target = (struct stream_target){.path = settings->path,
					       .host = settings->host,
					       .port = settings->port,
					       .tls_verify = !settings->tls_insecure};
	if (!settings->tls)
		return 0;
	return stream_tls_new(settings->tls_ca, settings->tls_cert, settings->tls_key,
			      !settings->tls_insecure, &redis->target.tls, error_r);
}

static void hash_script(char *sha)
{
	unsigned char digest[SHA_DIGEST_LENGTH];

	SHA1((const unsigned char *)script, sizeof(script) - 1, digest);
	for (size_t i = 0; i < SHA_DIGEST_LENGTH; i++)
		snprintf(sha + 2 * i, 3, "%02x", digest[i]);
}

static void disconnect(struct redis *redis)
{
	stream_close(&redis->stream);
	if (redis->reader)
		redisReaderFree(redis->reader);
	redis->reader = NULL;
}

static void redis_close(struct dict *dict)
{
	struct redis *redis = (struct redis *)dict;

	disconnect(redis);
	stream_tls_free(&redis->target.tls);
	buf_release(&redis->out);
	option_release(options, &redis->settings);
	free(redis);
}

static int redis_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct redis *redis = calloc(1, sizeof(*redis));
	int ret;

	if (!redis)
		return error_set(error_r, ENOMEM, "out of memory");
	redis->stream = (struct stream)STREAM_INIT;
	redis->dict.strict = config->strict;
	buf_init(&redis->out, OUT_MAX);
	hash_script(redis->sha);
	ret = read_settings(redis, config, error_r);
	if (ret < 0)
		redis_close(&redis->dict);
	else
		*dict_r = &redis->dict;
	return ret;
}

/* --- requests and replies ------------------------------------------------------------------ */

typedef void reply_cb(const redisReply *reply, size_t index, void *context);

struct replies {
	redisReader *reader;
	size_t expected, count;
	reply_cb *cb;
	void *context;
};

static int feed_replies(struct slice data, void *context, struct error *error_r)
{
	struct replies *replies = context;
	void *reply = NULL;

	if (redisReaderFeed(replies->reader, data.ptr, data.len) != REDIS_OK)
		return error_set(error_r, EPROTO, "unexpected input: %s", replies->reader->errstr);
	while (replies->count < replies->expected) {
		if (redisReaderGetReply(replies->reader, &reply) != REDIS_OK)
			return error_set(error_r, EPROTO, "unexpected input: %s",
					 replies->reader->errstr);
		if (!reply)
			return 0;
		replies->cb(reply, replies->count++, replies->context);
		freeReplyObject(reply);
	}
	return 1;
}

static void command(struct redis *redis, size_t count, const struct slice *arguments)
{
	resp_append(&redis->out, arguments, count);
}

#define COMMAND(redis, ...)                                                                        \
	command(redis, sizeof((struct slice[]){__VA_ARGS__}) / sizeof(struct slice),               \
		(struct slice[]){__VA_ARGS__})

/* Sends redis->out and hands the replies to cb. */
static int transact(struct redis *redis, size_t expected, reply_cb *cb, void *context,
		    int64_t deadline_ns, bool *sent_r, struct error *error_r)
{
	struct replies replies = {redis->reader, expected, 0, cb, context};
	int ret;

	if (redis->out.failed < 0)
		return error_set(error_r, -redis->out.failed, "cannot build a request: %s",
				 strerrordesc_np(-redis->out.failed));
	ret = stream_exchange(&redis->stream, buf_slice(&redis->out), feed_replies, &replies,
			      deadline_ns, sent_r, error_r);
	buf_reset(&redis->out);
	if (ret < 0)
		disconnect(redis);
	return ret;
}

/* An error reply as text. Some servers repeat the arguments of a command they do not know. */
static const char *show(const struct redis *redis, const char *reply)
{
	const char *password = redis->settings.password;

	return *password && strstr(reply, password) ? "ERR (hidden: it repeats the password)"
						    : reply;
}

/* --- connection ---------------------------------------------------------------------------- */

struct greeting {
	const struct redis *redis;
	struct error *error_r;
	int ret;
};

static void on_greeting(const redisReply *reply, size_t index, void *context)
{
	struct greeting *greeting = context;

	(void)index;
	if (reply->type == REDIS_REPLY_ERROR && greeting->ret == 0)
		greeting->ret = error_set(greeting->error_r, EACCES, "%s%s",
					  show(greeting->redis, reply->str),
					  resp_error_find(reply->str)->hint);
}

static int greet(struct redis *redis, int64_t deadline_ns, struct error *error_r)
{
	const struct settings *settings = &redis->settings;
	struct greeting greeting = {redis, error_r, 0};
	size_t expected = 0;
	char db[24];
	int ret;

	buf_reset(&redis->out);
	if (*settings->password && *settings->username)
		COMMAND(redis, slice_str("AUTH"), slice_str(settings->username),
			slice_str(settings->password));
	else if (*settings->password)
		COMMAND(redis, slice_str("AUTH"), slice_str(settings->password));
	expected += *settings->password != '\0';
	snprintf(db, sizeof(db), "%lld", (long long)settings->db);
	if (settings->db != 0)
		COMMAND(redis, slice_str("SELECT"), slice_str(db));
	expected += settings->db != 0;
	if (expected == 0)
		return 0;
	ret = transact(redis, expected, on_greeting, &greeting, deadline_ns, NULL, error_r);
	return ret < 0 ? ret : greeting.ret;
}

static int connect_server(struct redis *redis, int64_t deadline_ns, struct error *error_r)
{
	int ret;

	if (redis->reader && stream_is_fresh(&redis->stream))
		return 0;
	disconnect(redis);
	ret = stream_connect(&redis->stream, &redis->target, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	redis->reader = redisReaderCreate();
	if (!redis->reader)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = greet(redis, deadline_ns, error_r);
	if (ret < 0)
		disconnect(redis);
	return ret;
}

static int64_t earlier(const struct redis *redis, int64_t deadline_ns)
{
	int64_t own = clock_monotonic_ns() + redis->settings.timeout_msecs * NS_PER_MSEC;

	return own < deadline_ns ? own : deadline_ns;
}

/* --- writing ------------------------------------------------------------------------------- */

struct batch {
	struct redis *redis;
	struct dict_entry *entries; /* those of this chunk */
	size_t per_entry;	    /* replies */
	int ret;		    /* of an error that concerns everything */
	bool reconnect;
	struct error *error_r;
};

static struct slice full_key(const struct redis *redis, const struct dict_entry *entry,
			     struct buf *key)
{
	struct slice name = dict_key_name(entry->key);

	if (*redis->settings.prefix == '\0')
		return name;
	buf_reset(key);
	buf_append_str(key, redis->settings.prefix);
	buf_append_slice(key, name);
	return buf_slice(key);
}

/* The text of the script goes with the first of a chunk only, for the server keeps it. */
static void append_script(struct redis *redis, const struct dict_entry *entry, struct slice key,
			  bool whole)
{
	const struct slice arguments[] = {
		slice_str(whole ? "EVAL" : "EVALSHA"),
		slice_str(whole ? script : redis->sha),
		slice_str("1"),
		key,
		entry->value,
		slice_str(redis->expire),
	};

	command(redis, ARGUMENTS - (redis->expire[0] == '\0'), arguments);
}

static void append_strict(struct redis *redis, const struct dict_entry *entry, struct slice key)
{
	COMMAND(redis, slice_str("MULTI"));
	COMMAND(redis, slice_str("SET"), key, entry->value);
	if (redis->expire[0] != '\0')
		COMMAND(redis, slice_str("EXPIRE"), key, slice_str(redis->expire));
	COMMAND(redis, slice_str("EXEC"));
}

static void on_error(struct batch *batch, struct dict_entry *entry, const char *reply)
{
	const struct resp_error *error = resp_error_find(reply);
	const char *shown = show(batch->redis, reply);

	if (entry->outcome == DICT_PENDING)
		dict_entry_set(entry, error->outcome, "%s%s", shown, error->hint);
	batch->reconnect |= error->reconnect;
	if (error->everything && batch->ret == 0)
		batch->ret = error_set(batch->error_r, EAGAIN, "%s%s", shown, error->hint);
}

/* The last of an entry's replies decides, unless one before was an error: 1 or 0 from the script,
 * an array from EXEC. */
static void on_written(const redisReply *reply, size_t index, void *context)
{
	struct batch *batch = context;
	struct dict_entry *entry = &batch->entries[index / batch->per_entry];
	bool last = (index + 1) % batch->per_entry == 0;
	bool unchanged = reply->type == REDIS_REPLY_INTEGER && reply->integer == 0;

	if (reply->type == REDIS_REPLY_ERROR)
		on_error(batch, entry, reply->str);
	else if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
		 reply->element[0]->type == REDIS_REPLY_ERROR)
		on_error(batch, entry, reply->element[0]->str);
	else if (last && entry->outcome == DICT_PENDING)
		dict_entry_set(entry, unchanged ? DICT_UNCHANGED : DICT_STORED, "%s", "");
}

/* Appends entries until the chunk is full. Returns how many. */
static size_t append_chunk(struct redis *redis, const struct dict_entry *entries, size_t count,
			   bool whole)
{
	struct buf key;
	size_t n = 0;

	buf_init(&key, OUT_MAX);
	buf_reset(&redis->out);
	for (; n < count && redis->out.len < CHUNK_SIZE; n++) {
		struct slice name = full_key(redis, &entries[n], &key);

		if (redis->dict.strict)
			append_strict(redis, &entries[n], name);
		else
			append_script(redis, &entries[n], name, whole && n == 0);
		redis->out.failed = key.failed ? key.failed : redis->out.failed;
	}
	buf_release(&key);
	return n;
}

static int write_chunk(struct redis *redis, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	size_t per_entry = redis->dict.strict ? 3 + (redis->expire[0] != '\0') : 1;
	struct batch batch = {redis, entries, per_entry, 0, false, error_r};
	bool sent = false;
	int ret =
		transact(redis, count * per_entry, on_written, &batch, deadline_ns, &sent, error_r);

	if (ret < 0 && sent)
		dict_entries_set(entries, count, DICT_UNCERTAIN, "sent, no answer");
	if (ret == 0 && batch.reconnect)
		disconnect(redis);
	return ret < 0 ? ret : batch.ret;
}

static size_t first_pending(const struct dict_entry *entries, size_t count)
{
	size_t i = 0;

	while (i < count && entries[i].outcome != DICT_PENDING)
		i++;
	return i;
}

/* Entries for which the server did not have the script are left PENDING: once more, with it. */
static int write_again(struct redis *redis, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	size_t first = first_pending(entries, count), n;
	int ret = 0;

	if (first == count)
		return 0;
	n = append_chunk(redis, entries + first, count - first, true);
	ret = write_chunk(redis, entries + first, n, deadline_ns, error_r);
	if (ret == 0)
		dict_entries_set(entries, count, DICT_RETRY, "the server forgot the script");
	return ret;
}

static int write_entries(struct redis *redis, struct dict_entry *entries, size_t count,
			 int64_t deadline_ns, struct error *error_r)
{
	int ret = 0;

	for (size_t done = 0, n; done < count && ret == 0; done += n) {
		n = append_chunk(redis, entries + done, count - done, false);
		ret = write_chunk(redis, entries + done, n, deadline_ns, error_r);
		if (ret == 0)
			ret = write_again(redis, entries + done, n, deadline_ns, error_r);
	}
	return ret;
}

static int redis_write(struct dict *dict, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	int ret;

	deadline_ns = earlier(redis, deadline_ns);
	ret = connect_server(redis, deadline_ns, error_r);
	if (ret == 0)
		ret = write_entries(redis, entries, count, deadline_ns, error_r);
	return ret;
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	const struct slice *keys;
	dict_record_cb *cb;
	void *context;
	struct redis *redis;
	int found;
	struct error *error_r;
};

static void on_read(const redisReply *reply, size_t index, void *context)
{
	struct reading *reading = context;
	struct dict_record record = {.key = reading->keys[index]};

	if (reply->type == REDIS_REPLY_ERROR && reading->found >= 0)
		reading->found =
			error_set(reading->error_r, EIO, "%s", show(reading->redis, reply->str));
	if (reply->type != REDIS_REPLY_STRING || reading->found < 0)
		return;
	record.value = (struct slice){reply->str, reply->len};
	record.time_ns = stamp_to_ns(record.value);
	reading->cb(&record, reading->context);
	reading->found++;
}

static int redis_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct reading reading = {keys, cb, context, redis, 0, error_r};
	struct buf name;
	int ret;

	(void)user;
	deadline_ns = earlier(redis, deadline_ns);
	ret = connect_server(redis, deadline_ns, error_r);
	if (ret < 0 || key_count == 0)
		return ret;
	buf_init(&name, OUT_MAX);
	buf_reset(&redis->out);
	for (size_t i = 0; i < key_count; i++) {
		const struct dict_entry entry = {.key = keys[i]};

		COMMAND(redis, slice_str("GET"), full_key(redis, &entry, &name));
	}
	buf_release(&name);
	ret = transact(redis, key_count, on_read, &reading, deadline_ns, NULL, error_r);
	return ret < 0 ? ret : reading.found;
}

static int redis_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct redis *redis = (struct redis *)dict;
	struct greeting greeting = {redis, error_r, 0};
	int ret;

	deadline_ns = earlier(redis, deadline_ns);
	ret = connect_server(redis, deadline_ns, error_r);
	if (ret < 0)
		return ret;
	buf_reset(&redis->out);
	COMMAND(redis, slice_str("PING"));
	ret = transact(redis, 1, on_greeting, &greeting, deadline_ns, NULL, error_r);
	return ret < 0 ? ret : greeting.ret;
}

static void redis_places(const struct dict *dict, dict_place_cb *cb, void *context)
{
	const struct settings *settings = &((const struct redis *)dict)->settings;
	const char *const files[] = {settings->tls_ca, settings->tls_cert, settings->tls_key};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (files[i])
			cb(context, files[i], DICT_PLACE_READ);
	}
}

const struct dict_driver redis_driver = {
	.name = "redis",
	.caps = DICT_CAP_NEWEST_WINS,
	.open = redis_open,
	.write = redis_write,
	.lookup = redis_lookup,
	.ping = redis_ping,
	.places = redis_places,
	.close = redis_close,
};
