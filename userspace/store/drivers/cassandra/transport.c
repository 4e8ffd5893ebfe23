/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include "store/drivers/cassandra/tls.h"
#include "store/tls_client.h"

#define KEEPALIVE_PROBES 3
#define MSECS		 1000U

/* A peer that is gone is noticed by the kernel, also while nobody calls us; 0 seconds: not. */
static void set_options(int fd, int keepalive_secs)
{
	const struct {
		int level, option, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1}, /* the first; the others are for keep-alive */
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, keepalive_secs},
		{IPPROTO_TCP, TCP_KEEPINTVL, keepalive_secs},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES},
		{IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(MSECS * (unsigned int)keepalive_secs)},
	};
	size_t count = keepalive_secs > 0 ? sizeof(options) / sizeof(options[0]) : 1, i;

	/* Each only makes things better; a kernel that refuses one is no reason to stop. */
	for (i = 0; i < count; i++)
		(void)setsockopt(fd, options[i].level, options[i].option, &options[i].value,
				 sizeof(options[i].value));
}

int cql_transport_open(struct cql_transport *transport, const struct cql_address *address,
		       struct cql_tls *tls, int keepalive_secs, struct error *error_r)
{
	int fd = socket(address->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct ssl_st *ssl = NULL;
	int ret = 0;

	*transport = (struct cql_transport){.fd = -1};
	if (fd < 0)
		return error_set(error_r, errno, "socket: %s", strerror(errno));
	set_options(fd, keepalive_secs);
	if (tls)
		ret = cql_tls_client(tls, fd, address, &ssl, error_r);
	if (ret == 0 && connect(fd, (const struct sockaddr *)&address->addr, address->len) < 0 &&
	    errno != EINPROGRESS)
		ret = error_set(error_r, errno, "%s", strerror(errno));
	if (ret < 0) {
		SSL_free(ssl);
		close(fd);
		return ret;
	}
	*transport = (struct cql_transport){.fd = fd, .ssl = ssl, .wants = POLLOUT};
	return 0;
}

static int tcp_connected(struct cql_transport *transport, struct error *error_r)
{
	struct pollfd pollfd = {.fd = transport->fd, .events = POLLOUT};
	int code = 0;
	socklen_t len = sizeof(code);

	if (poll(&pollfd, 1, 0) < 1)
		return -EAGAIN;
	if (getsockopt(transport->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	if (code != 0)
		return error_set(error_r, code, "%s", strerror(code));
	transport->connected = 1;
	transport->wants = 0;
	return 0;
}

/* What an SSL function's result means for our caller. */
static int ssl_failed(struct cql_transport *transport, int result, const char *what,
		      struct error *error_r)
{
	int code = SSL_get_error(transport->ssl, result);

	if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) {
		transport->wants = code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
		return -EAGAIN;
	}
	return tls_client_error(transport->ssl, code, what, error_r);
}

int cql_transport_connect(struct cql_transport *transport, struct error *error_r)
{
	int ret = transport->connected ? 0 : tcp_connected(transport, error_r);

	if (ret < 0 || !transport->ssl)
		return ret < 0 ? ret : 1;
	ERR_clear_error();
	errno = 0;
	ret = SSL_do_handshake(transport->ssl);
	if (ret == 1)
		transport->wants = 0;
	return ret == 1 ? 1 : ssl_failed(transport, ret, "TLS handshake", error_r);
}

static ssize_t socket_failed(struct error *error_r, const char *what)
{
	if (errno == EAGAIN || errno == EINTR)
		return -EAGAIN;
	return error_set(error_r, errno, "%s: %s", what, strerror(errno));
}

ssize_t cql_transport_read(struct cql_transport *transport, void *data, size_t size,
			   struct error *error_r)
{
	size_t got = 0;
	ssize_t ret;

	transport->wants = 0;
	if (transport->ssl) {
		ERR_clear_error();
		errno = 0;
		ret = SSL_read_ex(transport->ssl, data, size, &got);
		return ret == 1 ? (ssize_t)got : ssl_failed(transport, (int)ret, "read", error_r);
	}
	ret = recv(transport->fd, data, size, 0);
	if (ret == 0)
		return error_set(error_r, ECONNRESET, "the server closed the connection");
	return ret > 0 ? ret : socket_failed(error_r, "read");
}

ssize_t cql_transport_write(struct cql_transport *transport, const void *data, size_t len,
			    struct error *error_r)
{
	size_t put = 0;
	ssize_t ret;

	if (transport->ssl) {
		ERR_clear_error();
		errno = 0;
		ret = SSL_write_ex(transport->ssl, data, len, &put);
		return ret == 1 ? (ssize_t)put : ssl_failed(transport, (int)ret, "write", error_r);
	}
	ret = send(transport->fd, data, len, MSG_NOSIGNAL);
	return ret >= 0 ? ret : socket_failed(error_r, "write");
}

void cql_transport_close(struct cql_transport *transport)
{
	SSL_free(transport->ssl);
	if (transport->fd >= 0)
		close(transport->fd);
	*transport = (struct cql_transport){.fd = -1};
}
