/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "store/drivers/cassandra/cql_settings.h"

struct cql_tls {
	SSL_CTX *context;
	BIO_METHOD *socket; /* OpenSSL's own writes with write(2), which may end in SIGPIPE */
	enum cql_verify verify;
};

/* --- the socket under TLS -------------------------------------------------------------------- */

static int socket_result(BIO *bio, ssize_t result, int retry_flag)
{
	BIO_clear_retry_flags(bio);
	if (result < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_flags(bio, retry_flag | BIO_FLAGS_SHOULD_RETRY);
	return (int)result;
}

static int socket_fd(BIO *bio)
{
	return (int)(intptr_t)BIO_get_data(bio);
}

static int socket_read(BIO *bio, char *data, int size)
{
	return socket_result(bio, recv(socket_fd(bio), data, (size_t)size, 0), BIO_FLAGS_READ);
}

static int socket_write(BIO *bio, const char *data, int len)
{
	return socket_result(bio, send(socket_fd(bio), data, (size_t)len, MSG_NOSIGNAL),
			     BIO_FLAGS_WRITE);
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio, (void)number, (void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int make_socket_method(struct cql_tls *tls)
{
	tls->socket = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_TYPE_DESCRIPTOR, "cql socket");
	return tls->socket && BIO_meth_set_read(tls->socket, socket_read) &&
	       BIO_meth_set_write(tls->socket, socket_write) &&
	       BIO_meth_set_ctrl(tls->socket, socket_control);
}

static BIO *socket_bio(const struct cql_tls *tls, int fd)
{
	BIO *bio = BIO_new(tls->socket);

	if (bio) {
		BIO_set_data(bio, (void *)(intptr_t)fd);
		BIO_set_init(bio, 1);
	}
	return bio;
}

/* --- certificates ---------------------------------------------------------------------------- */

static int library_error(struct error *error_r, const char *what, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	error_set(error_r, EINVAL, "%s %s: %s", what, file, reason ? reason : "cannot be used");
	ERR_clear_error();
	return -EINVAL;
}

static int load_ca(SSL_CTX *context, const char *file, struct error *error_r)
{
	if (file[0] == '\0') {
		if (SSL_CTX_set_default_verify_paths(context) != 1)
			return library_error(error_r, "the system's CA certificates", "");
		return 0;
	}
	if (SSL_CTX_load_verify_file(context, file) != 1)
		return library_error(error_r, "ssl_ca", file);
	return 0;
}

/* The password in a callback's context; never asked for on a terminal. */
static int give_password(char *buf, int size, int writing, void *context)
{
	const char *password = context;
	int len;

	(void)writing;
	len = snprintf(buf, (size_t)size, "%s", password);
	return len < size ? len : 0;
}

static int load_own(SSL_CTX *context, const struct cql_settings *settings, struct error *error_r)
{
	const char *key = settings->key_file[0] ? settings->key_file : settings->cert_file;

	if (settings->cert_file[0] == '\0')
		return 0;
	SSL_CTX_set_default_passwd_cb(context, give_password);
	SSL_CTX_set_default_passwd_cb_userdata(context, settings->key_password);
	if (SSL_CTX_use_certificate_chain_file(context, settings->cert_file) != 1)
		return library_error(error_r, "ssl_cert_file", settings->cert_file);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return library_error(error_r, "ssl_private_key_file", key);
	return 0;
}

int cql_tls_new(const struct cql_settings *settings, struct cql_tls **tls_r, struct error *error_r)
{
	struct cql_tls *tls = calloc(1, sizeof(*tls));
	int ret = 0;

	if (tls)
		tls->context = SSL_CTX_new(TLS_client_method());
	if (!tls || !tls->context || !make_socket_method(tls)) {
		ret = error_set(error_r, ENOMEM, "out of memory");
		goto out;
	}
	tls->verify = (enum cql_verify)settings->verify;
	SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION);
	SSL_CTX_set_mode(tls->context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (tls->verify != CQL_VERIFY_NONE) {
		SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
		ret = load_ca(tls->context, settings->ca_file, error_r);
	}
	if (ret == 0)
		ret = load_own(tls->context, settings, error_r);
out:
	if (ret == 0)
		*tls_r = tls;
	else
		cql_tls_free(&tls);
	return ret;
}

void cql_tls_free(struct cql_tls **tls)
{
	if (!*tls)
		return;
	SSL_CTX_free((*tls)->context);
	BIO_meth_free((*tls)->socket);
	free(*tls);
	*tls = NULL;
}

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* The name that the certificate must carry, or "" when the address must stand in it. */
static int expected_name(enum cql_verify verify, const struct cql_address *address,
			 char name[NI_MAXHOST], struct error *error_r)
{
	bool named = address->name && !is_address(address->name);

	name[0] = '\0';
	if (verify == CQL_VERIFY_IP || (verify == CQL_VERIFY_HOST && !named))
		return 0;
	if (named) {
		snprintf(name, NI_MAXHOST, "%s", address->name);
		return 0;
	}
	/* cert-dns and a node that we know by its address only. */
	if (getnameinfo((const struct sockaddr *)&address->addr, address->len, name, NI_MAXHOST,
			NULL, 0, NI_NAMEREQD) != 0)
		return error_set(error_r, EACCES,
				 "ssl_verify=cert-dns, but the node's address has no name in DNS");
	return 0;
}

static int set_host_check(SSL *ssl, enum cql_verify verify, const struct cql_address *address,
			  struct error *error_r)
{
	char name[NI_MAXHOST];
	int ret;

	if (verify == CQL_VERIFY_NONE || verify == CQL_VERIFY_CERT)
		return 0;
	ret = expected_name(verify, address, name, error_r);
	if (ret < 0)
		return ret;
	if (name[0] == '\0')
		getnameinfo((const struct sockaddr *)&address->addr, address->len, name,
			    sizeof(name), NULL, 0, NI_NUMERICHOST);
	if (is_address(name))
		ret = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
	else
		ret = SSL_set1_host(ssl, name) && SSL_set_tlsext_host_name(ssl, name);
	return ret == 1 ? 0 : error_set(error_r, EINVAL, "\"%s\" is no host to verify", name);
}

int cql_tls_client(struct cql_tls *tls, int fd, const struct cql_address *address,
		   struct ssl_st **ssl_r, struct error *error_r)
{
	SSL *ssl = SSL_new(tls->context);
	BIO *bio = socket_bio(tls, fd);
	int ret;

	if (!ssl || !bio) {
		SSL_free(ssl);
		BIO_free(bio);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	SSL_set_bio(ssl, bio, bio);
	SSL_set_connect_state(ssl);
	ret = set_host_check(ssl, tls->verify, address, error_r);
	if (ret < 0)
		SSL_free(ssl);
	else
		*ssl_r = ssl;
	return ret;
}

int cql_tls_error(struct ssl_st *ssl, int code, const char *what, struct error *error_r)
{
	long verified = SSL_get_verify_result(ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	int saved = errno;

	ERR_clear_error();
	if (verified != X509_V_OK)
		return error_set(error_r, EACCES, "the server's certificate is refused: %s",
				 X509_verify_cert_error_string(verified));
	if (code == SSL_ERROR_SYSCALL && saved != 0)
		return error_set(error_r, saved, "%s: %s", what, strerror(saved));
	if (code == SSL_ERROR_SSL && reason)
		return error_set(error_r, EPROTO, "%s: TLS: %s", what, reason);
	return error_set(error_r, ECONNRESET, "%s: the server closed the connection", what);
}
