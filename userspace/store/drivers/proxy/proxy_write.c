/* SPDX-License-Identifier: MIT */
/*
 * Writes a batch. A record at which the server ends the connection is tried alone; when it does so
 * again, and keeps a connection open on which there is only a greeting, the record is at fault and
 * is refused: the others must not wait for it.
 */
#include <errno.h>

#include "store/compare.h"
#include "store/drivers/proxy/proxy_private.h"

#define GREETING_NS (NS_PER_SEC / 2) /* at least, and ten times what the record took */

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
	struct dict_entry *sent[PROXY_CHUNK];
	size_t count;
	size_t answered, failed;
};

static void on_commit(const struct dict_proto_reply *reply, size_t command, void *context)
{
	struct batch *batch = context;
	struct dict_entry *entry = batch->sent[command];
	struct slice error = reply->second;

	batch->answered++;
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

bool proxy_can_send(const struct proxy *proxy, struct dict_entry *entry)
{
	if (dict_key_name(entry->key).len == entry->key.len)
		dict_entry_set(entry, DICT_REFUSED, "the key does not begin with shared/");
	else if (2 * (entry->key.len + entry->value.len) > DICT_PROTO_LINE_MAX - 64)
		dict_entry_set(entry, DICT_REFUSED, "too long for a line of the dict protocol");
	else if (has_nul(entry->key) || has_nul(entry->value))
		dict_entry_set(entry, DICT_REFUSED, "the dict server takes no NUL");
	else if (!proxy->dict.strict && proxy->dovecots &&
		 !dict_proto_can_lookup(proxy->major, entry->key))
		dict_entry_set(entry, DICT_REFUSED,
			       "a dict server of this version can look up no key with a newline");
	return entry->outcome == DICT_PENDING;
}

static struct slice user_of(const struct dict_entry *entry)
{
	struct slice user = {0};

	(void)dict_entry_part(entry, "user", &user);
	return user;
}

static void append_entry(struct proxy *proxy, const struct dict_entry *entry)
{
	bool timed = proxy->dovecots && !proxy->dict.strict;

	dict_proto_set(&proxy->out, proxy->major, ++proxy->last_id, user_of(entry), entry->key,
		       entry->value, timed ? entry->time_ns : -1);
}

/* Those that are pending still, up to max. */
static void collect(struct proxy *proxy, struct dict_entry *entries, size_t count, size_t max,
		    struct batch *batch)
{
	*batch = (struct batch){0};
	for (size_t i = 0; i < count && batch->count < max; i++) {
		if (entries[i].outcome == DICT_PENDING && proxy_can_send(proxy, &entries[i]))
			batch->sent[batch->count++] = &entries[i];
	}
}

/* Sends what was collected. Records without an answer are pending after a connection that ended,
 * else UNCERTAIN when they may have arrived. */
static int send_batch(struct proxy *proxy, struct batch *batch, int64_t deadline_ns,
		      struct error *error_r)
{
	bool sent = false;
	int ret = proxy_connect(proxy, user_of(batch->sent[0]), deadline_ns, error_r);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < batch->count; i++)
		append_entry(proxy, batch->sent[i]);
	ret = proxy_transact(proxy, batch->count, on_commit, batch, deadline_ns, &sent, error_r);
	if (!proxy_keeps_connection(proxy))
		proxy_disconnect(proxy);
	for (size_t i = 0; i < batch->count && ret < 0 && sent && !proxy_was_closed(ret); i++)
		dict_entries_set(batch->sent[i], 1, DICT_UNCERTAIN, "sent, no answer");
	if (ret == 0 && batch->failed == batch->count)
		ret = error_set(error_r, EAGAIN, "%s", batch->sent[0]->reason);
	return ret;
}

/* --- records at which the server hangs up --------------------------------------------------- */

/* The server ended the connection at this record alone, took_ns after it. Does it keep one that has
 * only the greeting, and end that of the record again? */
static int try_again(struct proxy *proxy, struct batch *batch, int64_t took_ns, int64_t deadline_ns,
		     struct error *error_r)
{
	int64_t wait_ns = 10 * took_ns > GREETING_NS ? 10 * took_ns : GREETING_NS;
	int ret;

	proxy->dovecots = proxy->own;
	ret = proxy_find_major(proxy, wait_ns, deadline_ns, error_r);
	if (ret == 0)
		ret = send_batch(proxy, batch, deadline_ns, error_r);
	else if (proxy_was_closed(ret))
		dict_entries_set(batch->sent[0], 1, DICT_UNCERTAIN, "sent, no answer");
	if (ret == 0 || !proxy_was_closed(ret) || batch->sent[0]->outcome != DICT_PENDING)
		return ret;
	dict_entry_set(batch->sent[0], DICT_REFUSED,
		       "the dict server at %s ends the connection at this record", proxy->path);
	return 0;
}

static int send_alone(struct proxy *proxy, struct batch *batch, int64_t deadline_ns,
		      struct error *error_r)
{
	int64_t start_ns = clock_monotonic_ns();
	int ret;

	batch->count = 1;
	batch->answered = batch->failed = 0;
	ret = send_batch(proxy, batch, deadline_ns, error_r);
	if (!proxy_was_closed(ret))
		return ret;
	return try_again(proxy, batch, clock_monotonic_ns() - start_ns, deadline_ns, error_r);
}

/* Some answers may have come before the end: then the first record without one is the suspect. */
static int send_or_isolate(struct proxy *proxy, struct batch *batch, int64_t deadline_ns,
			   struct error *error_r)
{
	int ret = batch->count > 1 ? send_batch(proxy, batch, deadline_ns, error_r)
				   : send_alone(proxy, batch, deadline_ns, error_r);

	if (batch->count == 1 || !proxy_was_closed(ret))
		return ret;
	for (size_t i = 0; i < batch->count; i++) {
		if (batch->sent[i]->outcome != DICT_PENDING)
			continue;
		batch->sent[0] = batch->sent[i];
		return send_alone(proxy, batch, deadline_ns, error_r);
	}
	return 0;
}

static int send_all(struct dict *dict, struct dict_entry *entries, size_t count,
		    int64_t deadline_ns, struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;
	struct batch batch;
	int ret = 0;

	collect(proxy, entries, count, proxy->dovecots ? PROXY_CHUNK : 1, &batch);
	while (batch.count > 0 && ret == 0) {
		ret = send_or_isolate(proxy, &batch, deadline_ns, error_r);
		collect(proxy, entries, count, proxy->dovecots ? PROXY_CHUNK : 1, &batch);
	}
	if (proxy_was_closed(ret))
		error_prefix(error_r, "%s", proxy->path);
	return ret;
}

int proxy_write(struct dict *dict, struct dict_entry *entries, size_t count, int64_t deadline_ns,
		struct error *error_r)
{
	const struct compare_store store = {send_all, proxy_read};
	const struct proxy *proxy = (const struct proxy *)dict;

	if (proxy->dovecots && !dict->strict)
		return compare_write(dict, &store, entries, count, deadline_ns, error_r);
	return send_all(dict, entries, count, deadline_ns, error_r);
}
