/* SPDX-License-Identifier: MIT */
#include "store/stream_tls.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
	struct stream_tls base; /* first */
	SSL_CTX *context;
};

/* --- one connection ------------------------------------------------------------------------ */

static int tls_error(struct error *error_r, int code, const char *what)
{
	char reason[160];

	ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
	ERR_clear_error();
	return error_set(error_r, code, "%s: %s", what, reason);
}

static bool is_address(const char *host)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *list = NULL;
	bool numeric = getaddrinfo(host, NULL, &hints, &list) == 0;

	if (list)
		freeaddrinfo(list);
	return numeric;
}

static int expect_name(SSL *ssl, const struct stream_target *target)
{
	if (!target->tls_verify || (target->path && *target->path))
		return 1;
	if (is_address(target->host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), target->host);
	return SSL_set1_host(ssl, target->host) == 1 &&
	       SSL_set_tlsext_host_name(ssl, target->host) == 1;
}

/* Translates the outcome of an SSL call: 0 for "again after waiting for *events_r". */
static int tls_again(SSL *ssl, int result, short *events_r, struct error *error_r)
{
	int why = SSL_get_error(ssl, result);

	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
		*events_r = why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return 0;
	}
	if (why == SSL_ERROR_ZERO_RETURN || (why == SSL_ERROR_SYSCALL && errno == 0))
		return error_set(error_r, ECONNRESET, "the server closed the connection");
	if (why == SSL_ERROR_SYSCALL)
		return error_set(error_r, errno, "%s", strerrordesc_np(errno));
	return tls_error(error_r, EPROTO, "TLS");
}

static int handshake(struct stream *stream, const struct stream_target *target, int64_t deadline_ns,
		     struct error *error_r)
{
	int result, ret;
	short events = 0;

	stream->tls = target->tls->ops;
	stream->ssl = SSL_new(((const struct tls_context *)target->tls)->context);
	if (!stream->ssl || SSL_set_fd(stream->ssl, stream->fd) != 1 ||
	    expect_name(stream->ssl, target) != 1)
		return tls_error(error_r, ENOMEM, "TLS");
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

static SSL_CTX *new_context(bool verify)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return context;
}

static int load_files(SSL_CTX *tls, const char *ca, const char *certificate, const char *key,
		      struct error *error_r)
{
	if (ca && SSL_CTX_load_verify_locations(tls, ca, NULL) != 1)
		return tls_error(error_r, EINVAL, ca);
	if (!ca && SSL_CTX_set_default_verify_paths(tls) != 1)
		return tls_error(error_r, EINVAL, "the system's certificates");
	if (certificate && SSL_CTX_use_certificate_chain_file(tls, certificate) != 1)
		return tls_error(error_r, EINVAL, certificate);
	if (key && SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1)
		return tls_error(error_r, EINVAL, key);
	return 0;
}

int stream_tls_new(const char *ca, const char *certificate, const char *key, bool verify,
		   struct stream_tls **tls_r, struct error *error_r)
{
	struct tls_context *tls = calloc(1, sizeof(*tls));
	struct stream_tls *base = &tls->base;
	int ret;

	if (!tls)
		return error_set(error_r, ENOMEM, "out of memory");
	tls->base.ops = &ops;
	tls->context = new_context(verify);
	ret = tls->context ? load_files(tls->context, ca, certificate, key, error_r)
			   : tls_error(error_r, ENOMEM, "TLS");
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
