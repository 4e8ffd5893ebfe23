/* SPDX-License-Identifier: MIT */
/*
 * A connection to a server, with deadlines: TCP or a unix socket, optionally TLS.
 *
 * Everything may block until its deadline (on clock_monotonic_ns()), and no longer; only the
 * system's resolver, asked when the host is a name, keeps its own time.
 */
#ifndef DOVETAP_STREAM_H
#define DOVETAP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

struct pollfd;
struct ssl_st;
struct stream_tls;

/* Where to. Nothing is copied: it must outlive the stream. */
struct stream_target {
	const char *path; /* of a unix socket; NULL or "" for TCP */
	const char *host; /* an address, without brackets, or a name */
	int64_t port;
	struct stream_tls *tls; /* stream_tls.h; NULL for plain text */
	bool tls_verify;	/* the certificate must be for host */
};

struct stream {
	int fd; /* -1 when not connected */
	const struct stream_tls_ops *tls;
	struct ssl_st *ssl; /* NULL for plain text; else tls is set */
};

#define STREAM_INIT                                                                                \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/* Errors: -ETIMEDOUT, those of connect(2), -EHOSTUNREACH for a name that is not found, -EPROTO
 * from TLS. The text names the target. */
int stream_connect(struct stream *stream, const struct stream_target *target, int64_t deadline_ns,
		   struct error *error_r);
void stream_close(struct stream *stream);

/* Is it connected, and nothing came in that nobody asked for, such as the end? Costs one
 * recv(2): a server that closed an idle connection shows here, before anything is sent on it. */
bool stream_is_fresh(const struct stream *stream);

/* Gets what arrives. Returns 1 when that was all, 0 for more, or a negative errno. */
typedef int stream_feed(struct slice data, void *context, struct error *error_r);

/* Something to send and what is to come back. */
struct stream_exchange {
	/* Set by the caller. */
	struct stream *stream;
	struct slice out; /* may be empty; what was not sent is left in it */
	stream_feed *feed;
	void *context;

	/* Set by stream_exchange_all(). */
	int ret;   /* 0, or -ETIMEDOUT, -ECONNRESET, -EPIPE, -EPROTO, or feed's */
	bool sent; /* may any byte of out have left? */
	struct error error;
	bool running;
};

/*
 * Sends and feeds what comes back, on all streams at the same time, until each feed has all; one
 * that fails does not disturb the others, and its stream is closed. polls is scratch for count.
 */
void stream_exchange_all(struct stream_exchange *exchanges, size_t count, struct pollfd *polls,
			 int64_t deadline_ns);

/* The same for one. *sent_r may be NULL. */
int stream_exchange(struct stream *stream, struct slice out, stream_feed *feed, void *context,
		    int64_t deadline_ns, bool *sent_r, struct error *error_r);

/* Waits for poll(2)'s events on fd. Returns 1, -ETIMEDOUT, or poll's negative errno. */
int stream_wait(int fd, short events, int64_t deadline_ns);

/* The same for several. Returns how many are ready, -ETIMEDOUT, or poll's negative errno. */
int stream_wait_all(struct pollfd *polls, size_t count, int64_t deadline_ns);

#endif
