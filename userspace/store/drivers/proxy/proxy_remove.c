/* SPDX-License-Identifier: MIT */
/* Removes keys that a lookup has found, one transaction each. */
#include <errno.h>

#include "store/drivers/proxy/proxy_private.h"

struct removing {
	int removed;
	struct error failure; /* of the first that failed */
};

static void on_commit(const struct dict_proto_reply *reply, size_t command, void *context)
{
	struct removing *removing = context;

	(void)command;
	removing->removed += reply->result == 'O';
	if ((reply->result == 'F' || reply->result == 'W') && !removing->failure.code)
		error_set(&removing->failure, EIO, "the dict server cannot remove a key: %.*s",
			  (int)reply->second.len, reply->second.len ? reply->second.ptr : "");
}

/* Dovecot's server takes several transactions on one connection; another may not. */
static int remove_chunk(struct proxy *proxy, const struct slice *keys, size_t count,
			struct removing *removing, int64_t deadline_ns, struct error *error_r)
{
	int ret = proxy_connect(proxy, (struct slice){0}, deadline_ns, error_r);

	for (size_t i = 0; i < count && ret == 0; i++)
		dict_proto_unset(&proxy->out, proxy->major, ++proxy->last_id, keys[i]);
	if (ret == 0)
		ret = proxy_transact(proxy, count, on_commit, removing, deadline_ns, NULL, error_r);
	if (!proxy_keeps_connection(proxy))
		proxy_disconnect(proxy);
	return ret < 0 ? error_prefix(error_r, "%s", proxy->path) : 0;
}

int proxy_unset(struct dict *dict, const struct slice *keys, size_t key_count, int64_t deadline_ns,
		struct error *error_r)
{
	struct proxy *proxy = (struct proxy *)dict;
	size_t chunk = proxy->dovecots ? PROXY_CHUNK : 1;
	struct removing removing = {.removed = 0};
	int ret = 0;

	for (size_t done = 0; done < key_count && ret == 0; done += chunk) {
		size_t left = key_count - done;

		ret = remove_chunk(proxy, keys + done, left < chunk ? left : chunk, &removing,
				   deadline_ns, error_r);
	}
	if (ret == 0 && removing.failure.code)
		ret = error_set(error_r, removing.failure.code, "%s", removing.failure.text);
	return ret < 0 ? ret : removing.removed;
}
