/* SPDX-License-Identifier: MIT */
/*
 * TLS on a stream (stream.h). It is a file of its own that stream.c does not call by name, so that
 * a program whose dicts know no TLS does without OpenSSL's libssl.
 */
#ifndef DOVETAP_STREAM_TLS_H
#define DOVETAP_STREAM_TLS_H

#include <sys/types.h>

#include "store/stream.h"
#include "store/tls_client.h"

/* What stream.c does by way of it; the stream is connected, or being so. */
struct stream_tls_ops {
	/* The handshake. Errors as those of stream_connect(). */
	int (*start)(struct stream *stream, const struct stream_target *target, int64_t deadline_ns,
		     struct error *error_r);

	/* The number of bytes, 0 after setting *events_r to what is to be waited for, or a negative
	 * errno. errno is 0 when they are called. */
	ssize_t (*send)(struct stream *stream, struct slice out, short *events_r,
			struct error *error_r);
	ssize_t (*receive)(struct stream *stream, char *data, size_t size, short *events_r,
			   struct error *error_r);

	void (*stop)(struct stream *stream);
};

struct stream_tls {
	const struct stream_tls_ops *ops;
};

/* With a context as of tls_client_new(). */
int stream_tls_new(const struct tls_files *files, bool verify, struct stream_tls **tls_r,
		   struct error *error_r);
void stream_tls_free(struct stream_tls **tls); /* takes NULL, sets NULL */

#endif
