/* SPDX-License-Identifier: MIT */
/* A connection to a dict server: its greeting, and commands with their replies. */
#include <errno.h>
#include <poll.h>

#include "store/drivers/proxy/proxy_private.h"

/* --- exchange ------------------------------------------------------------------------------ */

struct exchange {
	struct proxy *proxy;
	size_t expected, count;
	proxy_reply_cb *cb;
	void *context;
	uint64_t first_number; /* the server numbers the commands of a connection 1, 2, 3... */
};

static int take_reply(struct exchange *exchange, const struct dict_proto_reply *reply,
		      struct error *error_r)
{
	size_t command = exchange->count;

	if (reply->numbering)
		return 0;
	exchange->proxy->dovecots |= reply->timed;
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

int proxy_transact(struct proxy *proxy, size_t commands, proxy_reply_cb *cb, void *context,
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

/* Until a server closed one: the plugin of today's Dovecot 2.3. */
#define MAJOR_DEFAULT 3

static int connect_socket(struct proxy *proxy, int64_t deadline_ns, struct error *error_r)
{
	int ret = stream_connect(&proxy->stream, &proxy->target, deadline_ns, error_r);

	proxy->last_id = proxy->last_number = 0;
	buf_reset(&proxy->out);
	return ret;
}

int proxy_connect(struct proxy *proxy, struct slice user, int64_t deadline_ns,
		  struct error *error_r)
{
	int64_t idle_ns = clock_monotonic_ns() - proxy->used_ns;
	int ret;

	buf_reset(&proxy->out);
	if (stream_is_fresh(&proxy->stream) && idle_ns < proxy->settings.idle_msecs * NS_PER_MSEC)
		return 0;
	if (proxy->major == 0)
		proxy->major = MAJOR_DEFAULT;
	ret = connect_socket(proxy, deadline_ns, error_r);
	if (ret == 0)
		dict_proto_hello(&proxy->out, proxy->major, user, proxy->settings.name);
	return ret;
}

bool proxy_keeps_connection(const struct proxy *proxy)
{
	return proxy->settings.idle_msecs > 0;
}

void proxy_disconnect(struct proxy *proxy)
{
	stream_close(&proxy->stream);
}

bool proxy_was_closed(int ret)
{
	return ret == -ECONNRESET || ret == -EPIPE;
}

/* --- majors -------------------------------------------------------------------------------- */

/* Nothing is to come: the end of the connection is the only thing that can. */
static int ignore(struct slice data, void *context, struct error *error_r)
{
	(void)data;
	(void)context;
	(void)error_r;
	return 0;
}

static int greet(struct proxy *proxy, unsigned int major, int64_t wait_ns, int64_t deadline_ns,
		 struct error *error_r)
{
	int64_t until = clock_monotonic_ns() + wait_ns;
	int ret = connect_socket(proxy, deadline_ns, error_r);

	if (ret < 0)
		return ret;
	dict_proto_hello(&proxy->out, major, (struct slice){0}, proxy->settings.name);
	ret = stream_exchange(&proxy->stream, buf_slice(&proxy->out), ignore, NULL,
			      until < deadline_ns ? until : deadline_ns, NULL, error_r);
	buf_reset(&proxy->out);
	stream_close(&proxy->stream);
	return ret == -ETIMEDOUT ? 0 : ret;
}

int proxy_find_major(struct proxy *proxy, int64_t wait_ns, int64_t deadline_ns,
		     struct error *error_r)
{
	const unsigned int majors[] = {proxy->major ? proxy->major : MAJOR_DEFAULT, 3, 4, 2};
	int ret = -ECONNRESET;

	stream_close(&proxy->stream);
	for (size_t i = 0; i < 4 && proxy_was_closed(ret); i++) {
		if (i > 0 && majors[i] == majors[0])
			continue;
		ret = greet(proxy, majors[i], wait_ns, deadline_ns, error_r);
		if (ret == 0)
			proxy->major = majors[i];
	}
	if (proxy_was_closed(ret))
		ret = error_set(error_r, ECONNRESET,
				"the dict server at %s closes the connection: it may have no dict "
				"'%s' (see its log)",
				proxy->path, proxy->settings.name);
	return ret;
}
