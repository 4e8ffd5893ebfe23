/* SPDX-License-Identifier: MIT */
#include <errno.h>

#include "store/drivers/proxy/proxy_private.h"
#include "store/stamp.h"

#define PROBE_KEY  "shared/dovetap-probe"
#define MAJOR_WAIT (NS_PER_SEC / 2)

struct reading {
	const struct slice *keys;
	dict_record_cb *cb;
	void *context;
	int found;
	struct error failure; /* of the first lookup that failed */
};

static void on_lookup(const struct dict_proto_reply *reply, size_t command, void *context)
{
	struct reading *reading = context;
	struct dict_record record = {.key = reading->keys[command]};

	if (reply->result == 'F' && !reading->failure.code)
		error_set(&reading->failure, EIO, "the dict server cannot look up %.*s: %.*s",
			  (int)record.key.len, record.key.ptr, (int)reply->first.len,
			  reply->first.len ? reply->first.ptr : "");
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
	int ret = proxy_connect(proxy, (struct slice){0}, deadline_ns, error_r);

	for (size_t i = 0; i < count && ret == 0; i++) {
		struct dict_entry entry = {.key = reading->keys[i]};

		/* A key that must not be sent asks for one that is not there. */
		dict_proto_lookup(&proxy->out, proxy->major,
				  proxy_can_send(proxy, &entry) ? entry.key : slice_str(PROBE_KEY));
	}
	return ret < 0 ? ret
		       : proxy_transact(proxy, count, on_lookup, reading, deadline_ns, NULL,
					error_r);
}

/* A server of another major closes the connection without a word. */
static int lookup_or_find_major(struct proxy *proxy, size_t count, struct reading *reading,
				int64_t deadline_ns, struct error *error_r)
{
	int found = reading->found;
	int ret = lookup_chunk(proxy, count, reading, deadline_ns, error_r);

	if (!proxy_was_closed(ret) || reading->found > found)
		return ret;
	ret = proxy_find_major(proxy, MAJOR_WAIT, deadline_ns, error_r);
	return ret < 0 ? ret : lookup_chunk(proxy, count, reading, deadline_ns, error_r);
}

static int read_all(struct proxy *proxy, struct reading *reading, size_t key_count,
		    int64_t deadline_ns, struct error *error_r)
{
	const struct slice *keys = reading->keys;
	int ret = 0;

	for (size_t done = 0; done < key_count && ret == 0; done += PROXY_CHUNK) {
		size_t left = key_count - done;

		reading->keys = keys + done;
		ret = lookup_or_find_major(proxy, left < PROXY_CHUNK ? left : PROXY_CHUNK, reading,
					   deadline_ns, error_r);
	}
	if (!proxy_keeps_connection(proxy))
		proxy_disconnect(proxy);
	if (proxy_was_closed(ret))
		error_prefix(error_r, "%s", proxy->path);
	return ret;
}

int proxy_read(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
	       int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct reading reading = {.keys = keys, .cb = cb, .context = context};
	int ret = read_all((struct proxy *)dict, &reading, key_count, deadline_ns, error_r);

	(void)user;
	return ret < 0 ? ret : reading.found;
}

int proxy_lookup(struct dict *dict, struct slice user, const struct slice *keys, size_t key_count,
		 int64_t deadline_ns, dict_record_cb *cb, void *context, struct error *error_r)
{
	struct reading reading = {.keys = keys, .cb = cb, .context = context};
	int ret = read_all((struct proxy *)dict, &reading, key_count, deadline_ns, error_r);

	(void)user;
	if (ret == 0 && reading.failure.code)
		ret = error_set(error_r, reading.failure.code, "%s", reading.failure.text);
	return ret < 0 ? ret : reading.found;
}
