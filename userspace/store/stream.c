/* SPDX-License-Identifier: MIT */
#include "store/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/stream_tls.h"

/* --- waiting ------------------------------------------------------------------------------- */

int stream_wait_all(struct pollfd *polls, size_t count, int64_t deadline_ns)
{
	int64_t left;
	int n;

	do {
		left = deadline_ns - clock_monotonic_ns();
		left = left < 0 ? 0 : left;
		n = poll(polls, count, (int)(left / NS_PER_MSEC) + (left > 0));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	return n < 0 ? -errno : n;
}

int stream_wait(int fd, short events, int64_t deadline_ns)
{
	struct pollfd pollfd = {.fd = fd, .events = events};

	return stream_wait_all(&pollfd, 1, deadline_ns);
}

/* --- connecting ---------------------------------------------------------------------------- */

static int finish_connect(int fd, int64_t deadline_ns)
{
	socklen_t len = sizeof(int);
	int code = 0, ret = stream_wait(fd, POLLOUT, deadline_ns);

	if (ret < 0)
		return ret;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		return -errno;
	return -code;
}

static int connect_address(struct stream *stream, const struct sockaddr *address, socklen_t len,
			   int64_t deadline_ns)
{
	int on = 1, ret = 0;

	stream->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->fd < 0)
		return -errno;
	if (address->sa_family != AF_UNIX)
		(void)setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(stream->fd, address, len) < 0)
		ret = errno == EINPROGRESS ? finish_connect(stream->fd, deadline_ns) : -errno;
	if (ret < 0)
		stream_close(stream);
	return ret;
}

static int connect_unix(struct stream *stream, const char *path, int64_t deadline_ns,
			struct error *error_r)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(path);
	int ret;

	if (len >= sizeof(address.sun_path))
		return error_set(error_r, ENAMETOOLONG, "connect(%s) failed: the path is too long",
				 path);
	memcpy(address.sun_path, path, len);
	ret = connect_address(stream, (const struct sockaddr *)&address, sizeof(address),
			      deadline_ns);
	/* A full backlog: the server is there and does not accept. */
	if (ret == -EAGAIN)
		ret = -ETIMEDOUT;
	if (ret < 0)
		return error_set(error_r, -ret, "connect(%s) failed: %s", path,
				 strerrordesc_np(-ret));
	return 0;
}

static int resolve(const struct stream_target *target, struct addrinfo **list_r,
		   struct error *error_r)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	char port[8];
	int code;

	snprintf(port, sizeof(port), "%u", (unsigned int)(uint16_t)target->port);
	code = getaddrinfo(target->host, port, &hints, list_r);
	if (code != 0)
		return error_set(error_r, EHOSTUNREACH, "cannot find host %s: %s", target->host,
				 gai_strerror(code));
	return 0;
}

/* Each address of a name gets its share of the time, so that a dead first one leaves some. */
static int connect_tcp(struct stream *stream, const struct stream_target *target,
		       int64_t deadline_ns, struct error *error_r)
{
	struct addrinfo *list = NULL;
	int left = 0, ret = resolve(target, &list, error_r);

	if (ret < 0)
		return ret;
	for (const struct addrinfo *a = list; a; a = a->ai_next)
		left++;
	ret = -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && ret < 0; a = a->ai_next) {
		int64_t now = clock_monotonic_ns();

		ret = connect_address(stream, a->ai_addr, a->ai_addrlen,
				      now + (deadline_ns - now) / left--);
	}
	freeaddrinfo(list);
	if (ret < 0)
		return error_set(error_r, -ret, "connect(%s:%lld) failed: %s", target->host,
				 (long long)target->port, strerrordesc_np(-ret));
	return 0;
}

int stream_connect(struct stream *stream, const struct stream_target *target, int64_t deadline_ns,
		   struct error *error_r)
{
	int ret;

	stream_close(stream);
	if (target->path && *target->path)
		ret = connect_unix(stream, target->path, deadline_ns, error_r);
	else
		ret = connect_tcp(stream, target, deadline_ns, error_r);
	if (ret == 0 && target->tls) {
		ret = target->tls->ops->start(stream, target, deadline_ns, error_r);
		if (ret < 0) {
			error_prefix(error_r, "%s:%lld", target->host, (long long)target->port);
			stream_close(stream);
		}
	}
	return ret;
}

void stream_close(struct stream *stream)
{
	if (stream->ssl)
		stream->tls->stop(stream);
	if (stream->fd >= 0)
		close(stream->fd);
	*stream = (struct stream)STREAM_INIT;
}

bool stream_is_fresh(const struct stream *stream)
{
	char byte;

	return stream->fd >= 0 && recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN;
}
