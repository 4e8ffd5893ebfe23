/* SPDX-License-Identifier: MIT */
#include "store/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static bool is_given(const char *file)
{
	return file && *file;
}

static int file_error(const char *file, struct error *error_r)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	error_set(error_r, EINVAL, "%s: %s", file, reason ? reason : "cannot be used");
	ERR_clear_error();
	return -EINVAL;
}

static int load_ca(SSL_CTX *context, const char *ca, struct error *error_r)
{
	if (!is_given(ca))
		return SSL_CTX_set_default_verify_paths(context) == 1
			       ? 0
			       : file_error("the system's certificates", error_r);
	return SSL_CTX_load_verify_file(context, ca) == 1 ? 0 : file_error(ca, error_r);
}

static int give_password(char *buf, int size, int writing, void *context)
{
	const char *password = context;
	int len;

	(void)writing;
	len = snprintf(buf, (size_t)size, "%s", password ? password : "");
	return len < size ? len : 0;
}

static int load_own(SSL_CTX *context, const struct tls_files *files, struct error *error_r)
{
	const char *key = is_given(files->key) ? files->key : files->certificate;

	if (!is_given(files->certificate))
		return 0;
	SSL_CTX_set_default_passwd_cb(context, give_password);
	SSL_CTX_set_default_passwd_cb_userdata(context, (void *)(uintptr_t)files->password);
	if (SSL_CTX_use_certificate_chain_file(context, files->certificate) != 1)
		return file_error(files->certificate, error_r);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		return file_error(key, error_r);
	return 0;
}

int tls_client_new(const struct tls_files *files, bool verify, SSL_CTX **context_r,
		   struct error *error_r)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int ret;

	if (!context)
		return error_set(error_r, ENOMEM, "out of memory");
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_mode(context,
			 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	ret = verify ? load_ca(context, files->ca, error_r) : 0;
	if (ret == 0)
		ret = load_own(context, files, error_r);
	if (ret < 0)
		SSL_CTX_free(context);
	else
		*context_r = context;
	return ret;
}

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

int tls_client_expect(SSL *ssl, const char *name, struct error *error_r)
{
	int done = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name)
				    : SSL_set1_host(ssl, name) == 1 &&
					      SSL_set_tlsext_host_name(ssl, name) == 1;

	return done == 1 ? 0 : error_set(error_r, EINVAL, "\"%s\" is no host to verify", name);
}

int tls_client_error(SSL *ssl, int code, const char *what, struct error *error_r)
{
	long verified = SSL_get_verify_result(ssl);
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	int saved = errno;

	ERR_clear_error();
	if (verified != X509_V_OK && SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE)
		return error_set(error_r, EACCES, "the server's certificate is refused: %s",
				 X509_verify_cert_error_string(verified));
	if (code == SSL_ERROR_SYSCALL && saved != 0)
		return error_set(error_r, saved, "%s: %s", what, strerror(saved));
	if (code == SSL_ERROR_SSL && reason)
		return error_set(error_r, EPROTO, "%s: TLS: %s", what, reason);
	return error_set(error_r, ECONNRESET, "%s: the server closed the connection", what);
}
