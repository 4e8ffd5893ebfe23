/* SPDX-License-Identifier: MIT */
/*
 * "proxy:[idle_msecs=N:][warn_slow_msecs=N:][SOCKET]:NAME": a dict of Dovecot's dict server.
 *
 * Which major the server speaks follows from the Dovecot that was found, else it is tried: a
 * lookup behind the greeting shows whether the server stays. Batches are pipelined as one
 * transaction for each record. idle_msecs= keeps the connection (a process of the server's) that
 * long; by default it is closed behind each batch. warn_slow_msecs= is accepted and unused: the
 * metrics show how long writes take.
 *
 * Times are compared by dict.c, with a lookup of the same key. That is as good as the server's
 * own dict: a map whose rows lack a part of the key is overwritten in the order of arrival. To
 * Cassandra each write carries the login's time as its timestamp, so there the newest wins.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/drivers/drivers.h"
#include "store/drivers/proxy/dict_proto.h"
#include "store/option.h"
#include "store/stamp.h"
#include "store/stream.h"

#define BUFFER_MAX   (64UL << 20)
#define CHUNK	     500 /* commands under way at a time */
#define DEFAULT_BASE "/run/dovecot"
#define PROBE_KEY    "shared/dovetap-probe"
#define CONNECT_NS   (5 * NS_PER_SEC) /* for one major, when they are tried */

struct settings {
	char *socket, *name;
	int64_t idle_msecs, warn_slow_msecs;
};

struct proxy {
	struct dict dict;
	struct settings settings;
	char *path;
	struct stream_target target;
	struct stream stream;
	unsigned int major; /* 0 until known */
	uint64_t last_id, last_number;
	int64_t used_ns;
	struct buf out, in;
};

#define AT(field) offsetof(struct settings, field)

static const struct option options[] = {
	{NULL, "dict_proxy_socket_path", OPTION_STRING, AT(socket), .fallback = ""},
	{NULL, "socket_path", OPTION_STRING, AT(socket), .fallback = NULL},
	{NULL, "dict_proxy_name", OPTION_STRING, AT(name), .fallback = ""},
	{NULL, "name", OPTION_STRING, AT(name), .fallback = NULL},
	{"idle_msecs", "dict_proxy_idle_timeout", OPTION_MSECS, AT(idle_msecs), .max = INT32_MAX,
	 .invalid = "Invalid idle_msecs", .expected = "milliseconds"},
	{NULL, "idle_timeout", OPTION_MSECS, AT(idle_msecs), .max = INT32_MAX},
	{"warn_slow_msecs", "dict_proxy_slow_warn", OPTION_MSECS, AT(warn_slow_msecs),
	 .max = INT32_MAX, .fallback = "5000", .invalid = "Invalid warn_slow_msecs",
	 .expected = "milliseconds"},
	{NULL, "slow_warn", OPTION_MSECS, AT(warn_slow_msecs), .max = INT32_MAX},
	{0},
};

/* --- settings ------------------------------------------------------------------------------ */

/* Takes "idle_msecs=N:" and the like off the front of *rest. */
static int read_options(struct proxy *proxy, const char **rest, struct error *error_r)
{
	int ret = 0;

	while (ret == 0 && (strncmp(*rest, "idle_msecs=", 11) == 0 ||
			    strncmp(*rest, "warn_slow_msecs=", 16) == 0)) {
		size_t len = strcspn(*rest, ":");
		char *one = strndup(*rest, len);

		if (!one)
			return error_set(error_r, ENOMEM, "out of memory");
		ret = option_from_uri(options, &proxy->settings, one, true, error_r);
		free(one);
		*rest += len + ((*rest)[len] == ':');
	}
	return ret;
}

static int read_uri(struct proxy *proxy, const char *rest, struct error *error_r)
{
	struct settings *settings = &proxy->settings;
	int ret = read_options(proxy, &rest, error_r);
	const char *colon = strchr(rest, ':');

	if (ret < 0)
		return ret;
	if (!colon)
		return error_set(error_r, EINVAL,
				 "Invalid URI: %s (expected SOCKET:NAME, or :NAME for the default)",
				 rest);
	free(settings->socket);
	free(settings->name);
	settings->socket = strndup(rest, (size_t)(colon - rest));
	settings->name = strdup(colon + 1);
	return settings->socket && settings->name ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

static int make_path(struct proxy *proxy, const char *base_dir, struct error *error_r)
{
	const char *socket = proxy->settings.socket;

	if (socket[0] == '/')
		proxy->path = strdup(socket);
	else if (asprintf(&proxy->path, "%s/%s", base_dir ? base_dir : DEFAULT_BASE,
			  socket[0] ? socket : "dict") < 0)
		proxy->path = NULL;
	proxy->target.path = proxy->path;
	return proxy->path ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

/* "2.3.16" and older speak 2, "2.3.17" and on 3, "2.4" and on 4; 0 when unknown. */
static unsigned int major_of(const char *version)
{
	unsigned int major, minor, patch = 0;

	if (!version || sscanf(version, "%u.%u.%u", &major, &minor, &patch) < 2 || major != 2)
		return 0;
	if (minor >= 4)
		return 4;
	return minor == 3 && patch >= 17 ? 3 : 2;
}

static void proxy_close(struct dict *dict)
{
	struct proxy *proxy = (struct proxy *)dict;

	stream_close(&proxy->stream);
	buf_release(&proxy->out);
	buf_release(&proxy->in);
	option_release(options, &proxy->settings);
	free(proxy->path);
	free(proxy);
}

static int proxy_open(const struct dict_config *config, struct dict **dict_r, struct error *error_r)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));
	int ret;

	if (!proxy)
		return error_set(error_r, ENOMEM, "out of memory");
	proxy->stream = (struct stream)STREAM_INIT;
	buf_init(&proxy->out, BUFFER_MAX);
	buf_init(&proxy->in, BUFFER_MAX);
	proxy->major = major_of(config->dovecot_version);
	ret = option_defaults(options, &proxy->settings, error_r);
	if (ret == 0 && config->block)
		ret = option_from_block(options, &proxy->settings, config->block, error_r);
	else if (ret == 0)
		ret = read_uri(proxy, strchr(config->uri, ':') + 1, error_r);
	if (ret == 0)
		ret = make_path(proxy, config->base_dir, error_r);
	if (ret < 0)
		proxy_close(&proxy->dict);
	else
		*dict_r = &proxy->dict;
	return ret;
}

/* --- exchange ------------------------------------------------------------------------------ */

typedef void reply_cb(const struct dict_proto_reply *reply, size_t command, void *context);

struct exchange {
	struct proxy *proxy;
	size_t expected, count;
	reply_cb *cb;
	void *context;
	uint64_t first_number; /* the server numbers the commands of a connection 1, 2, 3... */
};

static int take_reply(struct exchange *exchange, const struct dict_proto_reply *reply,
		      struct error *error_r)
{
	size_t command = exchange->count;

	if (reply->numbering)
		return 0;
	if (reply->number > 0)
		command = reply->number - exchange->first_number;
	if (command >= exchange->expected)
		return error_set(error_r, EPROTO, "a reply to no command");
	exchange->cb(reply, command, exchange->context);
	exchange->count++;
	return 0;
}

static int feed(struct slice data, void *context, struct error *error_r)
{
	struct exchange *exchange = context;
	struct buf *in = &exchange->proxy->in;
	struct dict_proto_reply reply;
	size_t done = 0;
	ssize_t n;

	if (buf_append_slice(in, data) < 0)
		return error_set(error_r, -in->failed, "a reply that is too long");
	while ((n = dict_proto_parse(in->data + done, in->len - done, &reply)) > 0) {
		done += (size_t)n;
		n = take_reply(exchange, &reply, error_r);
		if (n < 0)
			return (int)n;
	}
	if (n < 0)
		return error_set(error_r, EPROTO, "unexpected input");
	/* UNSAFE: the rest moves to the front. */
	memmove(in->data, in->data + done, in->len - done);
	in->len -= done;
	return exchange->count == exchange->expected;
}

/* Sends out, in which there are so many commands that are answered. */
static int transact(struct proxy *proxy, size_t commands, reply_cb *cb, void *context,
		    int64_t deadline_ns, bool *sent_r, struct error *error_r)
{
	struct exchange exchange = {proxy, commands, 0, cb, context, proxy->last_number + 1};
	int ret;

	if (proxy->out.failed < 0)
		return error_set(error_r, -proxy->out.failed, "cannot build a request");
	proxy->last_number += commands;
	buf_reset(&proxy->in);
	ret = stream_exchange(&proxy->stream, buf_slice(&proxy->out), feed, &exchange, deadline_ns,
			      sent_r, error_r);
	buf_reset(&proxy->out);
	proxy->used_ns = clock_monotonic_ns();
	return ret;
}

/* --- connection ---------------------------------------------------------------------------- */

static void ignore_reply(const struct dict_proto_reply *reply, size_t command, void *context)
{
	(void)reply;
	(void)command;
	(void)context;
}

/* Leaves the greeting in out, to be sent with the first request. */
static int connect_socket(struct proxy *proxy, int64_t deadline_ns, struct error *error_r)
{
	int ret = stream_connect(&proxy->stream, &proxy->target, deadline_ns, error_r);

	proxy->last_id = proxy->last_number = 0;
	buf_reset(&proxy->out);
	return ret;
}

/* Does the server answer a lookup after a greeting of this major? */
static int try_major(struct proxy *proxy, unsigned int major, int64_t deadline_ns,
		     struct error *error_r)
{
	int64_t own = clock_monotonic_ns() + CONNECT_NS;
	int ret = connect_socket(proxy, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	dict_proto_hello(&proxy->out, major, proxy->settings.name);
	dict_proto_lookup(&proxy->out, major, slice_str(PROBE_KEY));
	ret = transact(proxy, 1, ignore_reply, NULL, own < deadline_ns ? own : deadline_ns, NULL,
		       error_r);
	if (ret == 0)
		proxy->major = major;
	return ret;
}

static bool was_closed(int ret)
{
	return ret == -ECONNRESET || ret == -EPIPE;
}

static int find_major(struct proxy *proxy, int64_t deadline_ns, struct error *error_r)
{
	static const unsigned int majors[] = {3, 4, 2};
	int ret = -ECONNRESET;

	for (size_t i = 0; i < 3 && was_closed(ret); i++)
		ret = try_major(proxy, majors[i], deadline_ns, error_r);
	if (was_closed(ret))
		ret = error_set(error_r, ECONNRESET,
				"the dict server at %s closes the connection: it may have no dict "
				"'%s' (see its log)",
				proxy->path, proxy->settings.name);
	return ret;
}

static int connect_server(struct proxy *proxy, int64_t deadline_ns, struct error *error_r)
{
	int64_t idle_ns = clock_monotonic_ns() - proxy->used_ns;
	int ret;

	buf_reset(&proxy->out);
	if (stream_is_fresh(&proxy->stream) && idle_ns < proxy->settings.idle_msecs * NS_PER_MSEC)
		return 0;
	if (proxy->major == 0)
		return find_major(proxy, deadline_ns, error_r);
	ret = connect_socket(proxy, deadline_ns, error_r);
	if (ret == 0)
		dict_proto_hello(&proxy->out, proxy->major, proxy->settings.name);
	return ret;
}

/* A server that closed without a word may have been replaced by one of another major. */
static int finish(struct proxy *proxy, int ret, struct error *error_r)
{
	if (was_closed(ret)) {
		proxy->major = 0;
		error_prefix(error_r, "%s", proxy->path);
	}
	if (proxy->settings.idle_msecs == 0)
		stream_close(&proxy->stream);
	return ret;
}

/* --- writing ------------------------------------------------------------------------------- */

/* What will fail again, by the words of Dovecot's dict-sql; the protocol has no codes. */
static bool is_final(struct slice error)
{
	static const char *const words[] = {"Invalid/unmapped key", "field's value isn't",
					    "Data too long", "Failed to bind column"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (error.len > 0 && memmem(error.ptr, error.len, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

struct batch {
	struct dict_entry *sent[CHUNK];
	size_t count;
	size_t failed;
};

static void on_commit(const struct dict_proto_reply *reply, size_t command, void *context)
{
	struct batch *batch = context;
	struct dict_entry *entry = batch->sent[command];
	struct slice error = reply->second;

	switch (reply->result) {
	case 'O':
		dict_entry_set(entry, DICT_STORED, "%s", "");
		return;
	case 'W':
		dict_entry_set(entry, DICT_UNCERTAIN, "%.*s", (int)error.len, error.ptr);
		break;
	default:
		dict_entry_set(entry, is_final(error) ? DICT_REFUSED : DICT_RETRY, "%.*s",
			       (int)error.len, error.ptr);
		break;
	}
	batch->failed += entry->outcome != DICT_REFUSED;
}

static bool has_nul(struct slice text)
{
	return text.len > 0 && memchr(text.ptr, '\0', text.len);
}

/* The server dies of keys outside its name spaces, cuts the connection for long lines, and takes
 * what stands in front of a NUL for the whole: another user's key. */
static bool can_send(const struct proxy *proxy, struct dict_entry *entry)
{
	if (dict_key_name(entry->key).len == entry->key.len)
		dict_entry_set(entry, DICT_REFUSED, "the key does not begin with shared/");
	else if (2 * (entry->key.len + entry->value.len) > DICT_PROTO_LINE_MAX - 64)
		dict_entry_set(entry, DICT_REFUSED, "too long for a line of the dict protocol");
	else if (has_nul(entry->key) || has_nul(entry->value))
		dict_entry_set(entry, DICT_REFUSED, "the dict server takes no NUL");
	else if (!proxy->dict.strict && !dict_proto_can_lookup(proxy->major, entry->key))
		dict_entry_set(entry, DICT_REFUSED,
			       "a dict server of this version can look up no key with a newline");
	return entry->outcome == DICT_PENDING;
}

static void append_entry(struct proxy *proxy, const struct dict_entry *entry)
{
	struct slice user = {0};

	(void)dict_entry_part(entry, "user", &user);
	dict_proto_set(&proxy->out, proxy->major, ++proxy->last_id, user, entry->key, entry->value,
		       proxy->dict.strict ? -1 : entry->time_ns);
}

static int write_chunk(struct proxy *proxy, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct batch batch = {0};
	bool sent = false;
	int ret;

	for (size_t i = 0; i < count; i++) {
		if (!can_send(proxy, &entries[i]))
			continue;
		append_entry(proxy, &entries[i]);
		batch.sent[batch.count++] = &entries[i];
	}
	if (batch.count == 0)
		return 0;
	ret = transact(proxy, batch.count, on_commit, &batch, deadline_ns, &sent, error_r);
	for (size_t i = 0; i < batch.count && ret < 0 && sent; i++)
		dict_entries_set(batch.sent[i], 1, DICT_UNCERTAIN, "sent, no answer");
	if (ret == 0 && batch.failed == batch.count)
		ret = error_set(error_r, EAGAIN, "%s", batch.sent[0]->reason);
	return ret;
}

static int proxy_write(struct dict *dict, struct dict_entry *entries, size_t count,
		       int64_t deadline_ns, struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;
	int ret = connect_server(proxy, deadline_ns, error_r);

	for (size_t done = 0; done < count && ret == 0; done += CHUNK)
		ret = write_chunk(proxy, entries + done,
				  count - done < CHUNK ? count - done : CHUNK, deadline_ns,
				  error_r);
	return finish(proxy, ret, error_r);
}

/* --- reading ------------------------------------------------------------------------------- */

struct reading {
	const struct slice *keys;
	dict_record_cb *cb;
	void *context;
	int found;
};

/* A lookup that fails finds nothing: what ails the server shows when it is written to, and many a
 * map can be written to but not be read. */
static void on_lookup(const struct dict_proto_reply *reply, size_t command, void *context)
{
	struct reading *reading = context;
	struct dict_record record = {.key = reading->keys[command]};

	if (reply->result != 'O' && reply->result != 'M')
		return;
	record.value = reply->first;
	record.time_ns = stamp_to_ns(record.value);
	reading->cb(&record, reading->context);
	reading->found++;
}

static int lookup_chunk(struct proxy *proxy, size_t count, struct reading *reading,
			int64_t deadline_ns, struct error *error_r)
{
	for (size_t i = 0; i < count; i++) {
		struct dict_entry entry = {.key = reading->keys[i]};

		/* A key that must not be sent asks for one that is not there. */
		dict_proto_lookup(&proxy->out, proxy->major,
				  can_send(proxy, &entry) ? entry.key : slice_str(PROBE_KEY));
	}
	return transact(proxy, count, on_lookup, reading, deadline_ns, NULL, error_r);
}

static int proxy_lookup(struct dict *dict, struct slice user, const struct slice *keys,
			size_t key_count, int64_t deadline_ns, dict_record_cb *cb, void *context,
			struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;
	struct reading reading = {keys, cb, context, 0};
	int ret = connect_server(proxy, deadline_ns, error_r);

	(void)user;
	for (size_t done = 0; done < key_count && ret == 0; done += CHUNK) {
		reading.keys = keys + done;
		ret = lookup_chunk(proxy, key_count - done < CHUNK ? key_count - done : CHUNK,
				   &reading, deadline_ns, error_r);
	}
	ret = finish(proxy, ret, error_r);
	return ret < 0 ? ret : reading.found;
}

static int proxy_ping(struct dict *dict, int64_t deadline_ns, struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;
	int ret;

	stream_close(&proxy->stream);
	if (proxy->major != 0)
		ret = try_major(proxy, proxy->major, deadline_ns, error_r);
	else
		ret = find_major(proxy, deadline_ns, error_r);
	return finish(proxy, ret, error_r);
}

const struct dict_driver proxy_driver = {
	.name = "proxy",
	.open = proxy_open,
	.write = proxy_write,
	.lookup = proxy_lookup,
	.ping = proxy_ping,
	.close = proxy_close,
};
