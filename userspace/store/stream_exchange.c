/* SPDX-License-Identifier: MIT */
/* Sending and receiving, on many streams at once. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "store/stream.h"
#include "store/stream_tls.h"

#define READ_SIZE 16384

/* Both return the number of bytes, 0 after setting *events_r, or a negative errno. */
static ssize_t send_some(struct stream *stream, struct slice out, short *events_r,
			 struct error *error_r)
{
	ssize_t n;

	errno = 0;
	if (stream->ssl)
		return stream->tls->send(stream, out, events_r, error_r);
	n = send(stream->fd, out.ptr, out.len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	*events_r = POLLOUT;
	return errno == EAGAIN || errno == EINTR
		       ? 0
		       : error_set(error_r, errno, "send() failed: %s", strerrordesc_np(errno));
}

static ssize_t receive_some(struct stream *stream, char *data, size_t size, short *events_r,
			    struct error *error_r)
{
	ssize_t n;

	errno = 0;
	if (stream->ssl)
		return stream->tls->receive(stream, data, size, events_r, error_r);
	n = recv(stream->fd, data, size, 0);
	if (n > 0)
		return n;
	*events_r = POLLIN;
	if (n == 0)
		return error_set(error_r, ECONNRESET, "the server closed the connection");
	return errno == EAGAIN || errno == EINTR
		       ? 0
		       : error_set(error_r, errno, "recv() failed: %s", strerrordesc_np(errno));
}

/* Sends what the socket takes. Returns 0 or a negative errno. */
static int push(struct stream_exchange *x, short *events)
{
	ssize_t n = 1;

	while (x->out.len > 0 && n > 0) {
		short wanted = 0;

		n = send_some(x->stream, x->out, &wanted, &x->error);
		*events = (short)(*events | wanted);
		if (n < 0)
			return (int)n;
		x->sent |= n > 0;
		x->out.ptr += n;
		x->out.len -= (size_t)n;
	}
	return 0;
}

/* Feeds what has arrived. Returns feed's value. A server that never pauses gets no longer than one
 * that never answers. */
static int pull(struct stream_exchange *x, int64_t deadline_ns, short *events)
{
	char data[READ_SIZE];
	int ret = 0;

	while (ret == 0) {
		short wanted = 0;
		ssize_t n = receive_some(x->stream, data, sizeof(data), &wanted, &x->error);

		*events = (short)(*events | wanted);
		if (n <= 0)
			return (int)n;
		ret = x->feed((struct slice){data, (size_t)n}, x->context, &x->error);
		if (ret == 0 && clock_monotonic_ns() > deadline_ns)
			ret = error_set(&x->error, ETIMEDOUT, "no end within the time limit");
	}
	return ret;
}

static void finish(struct stream_exchange *x, int ret)
{
	x->ret = ret < 0 ? ret : 0;
	x->running = false;
	if (ret < 0)
		stream_close(x->stream);
}

/* Does what can be done without waiting, and sets the events to poll(2) for. */
static void step(struct stream_exchange *x, struct pollfd *poll_r, int64_t deadline_ns)
{
	short events = 0;
	int ret = push(x, &events);

	if (ret == 0)
		ret = pull(x, deadline_ns, &events);
	if (ret != 0)
		finish(x, ret);
	*poll_r = (struct pollfd){.fd = x->running ? x->stream->fd : -1, .events = events};
}

static void give_up(struct stream_exchange *exchanges, size_t count, int ret)
{
	for (size_t i = 0; i < count; i++) {
		struct stream_exchange *x = &exchanges[i];

		if (!x->running)
			continue;
		if (ret == -ETIMEDOUT)
			error_set(&x->error, ETIMEDOUT, "no answer within the time limit");
		else
			error_set(&x->error, -ret, "poll() failed: %s", strerrordesc_np(-ret));
		finish(x, ret);
	}
}

static bool any_running(const struct stream_exchange *exchanges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (exchanges[i].running)
			return true;
	}
	return false;
}

void stream_exchange_all(struct stream_exchange *exchanges, size_t count, struct pollfd *polls,
			 int64_t deadline_ns)
{
	int ret;

	for (size_t i = 0; i < count; i++) {
		exchanges[i].running = true;
		exchanges[i].sent = false;
		step(&exchanges[i], &polls[i], deadline_ns);
	}
	while (any_running(exchanges, count)) {
		ret = stream_wait_all(polls, count, deadline_ns);
		if (ret < 0)
			give_up(exchanges, count, ret);
		for (size_t i = 0; ret >= 0 && i < count; i++) {
			if (exchanges[i].running && polls[i].revents != 0)
				step(&exchanges[i], &polls[i], deadline_ns);
		}
	}
}

int stream_exchange(struct stream *stream, struct slice out, stream_feed *feed, void *context,
		    int64_t deadline_ns, bool *sent_r, struct error *error_r)
{
	struct stream_exchange x = {.stream = stream, .out = out, .feed = feed, .context = context};
	struct pollfd pollfd;

	stream_exchange_all(&x, 1, &pollfd, deadline_ns);
	if (sent_r)
		*sent_r = x.sent;
	if (x.ret < 0 && error_r)
		*error_r = x.error;
	return x.ret;
}
