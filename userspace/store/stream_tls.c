/* SPDX-License-Identifier: MIT */
#include "store/stream_tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>

struct tls_context {
	struct stream_tls base; /* first */
	SSL_CTX *context;
};

/* --- one connection ------------------------------------------------------------------------ */

static int expect_name(SSL *ssl, const struct stream_target *target, struct error *error_r)
{
	if (!target->tls_verify || (target->path && *target->path))
		return 0;
	return tls_client_expect(ssl, target->host, error_r);
}

/* Translates the outcome of an SSL call: 0 for "again after waiting for *events_r". */
static int tls_again(SSL *ssl, int result, short *events_r, struct error *error_r)
{
	int why = SSL_get_error(ssl, result);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		*events_r = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return 0;
	}
	return tls_client_error(ssl, why, "TLS", error_r);
}

static int handshake(struct stream *stream, const struct stream_target *target, int64_t deadline_ns,
		     struct error *error_r)
{
	int result, ret;
	short events = 0;

	stream->tls = target->tls->ops;
	stream->ssl = SSL_new(((const struct tls_context *)target->tls)->context);
	if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = expect_name(stream->ssl, target, error_r);
	if (ret < 0)
		return ret;
	while ((result = SSL_connect(stream->ssl)) != 1) {
		ret = tls_again(stream->ssl, result, &events, error_r);
		if (ret < 0)
			return ret;
		if (stream_wait(stream->fd, events, deadline_ns) == -ETIMEDOUT)
			return error_set(error_r, ETIMEDOUT, "timeout in the TLS handshake");
	}
	return 0;
}

static ssize_t send_some(struct stream *stream, struct slice out, short *events_r,
			 struct error *error_r)
{
	int n = SSL_write(stream->ssl, out.ptr, out.len > INT32_MAX ? INT32_MAX : (int)out.len);

	return n > 0 ? n : tls_again(stream->ssl, n, events_r, error_r);
}

static ssize_t receive_some(struct stream *stream, char *data, size_t size, short *events_r,
			    struct error *error_r)
{
	int n = SSL_read(stream->ssl, data, (int)size);

	return n > 0 ? n : tls_again(stream->ssl, n, events_r, error_r);
}

static void stop(struct stream *stream)
{
	SSL_free(stream->ssl);
}

static const struct stream_tls_ops ops = {
	.start = handshake,
	.send = send_some,
	.receive = receive_some,
	.stop = stop,
};

/* --- contexts ------------------------------------------------------------------------------ */

int stream_tls_new(const struct tls_files *files, bool verify, struct stream_tls **tls_r,
		   struct error *error_r)
{
	struct tls_context *tls = calloc(1, sizeof(*tls));
	struct stream_tls *base = &tls->base;
	int ret;

	if (!tls)
		return error_set(error_r, ENOMEM, "out of memory");
	tls->base.ops = &ops;
	ret = tls_client_new(files, verify, &tls->context, error_r);
	if (ret < 0)
		stream_tls_free(&base);
	else
		*tls_r = base;
	return ret;
}

void stream_tls_free(struct stream_tls **tls)
{
	struct tls_context *context = (struct tls_context *)*tls;

	if (context)
		SSL_CTX_free(context->context);
	free(context);
	*tls = NULL;
}
