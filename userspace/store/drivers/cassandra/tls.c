/* SPDX-License-Identifier: MIT */
#include "store/drivers/cassandra/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/ssl.h>

#include "store/drivers/cassandra/cql_settings.h"
#include "store/tls_client.h"

struct cql_tls {
	SSL_CTX *context;
	enum cql_verify verify;
};

int cql_tls_new(const struct cql_settings *settings, struct cql_tls **tls_r, struct error *error_r)
{
	const struct tls_files files = {
		.ca = settings->ca_file,
		.certificate = settings->cert_file,
		.key = settings->key_file,
		.password = settings->key_password,
	};
	struct cql_tls *tls = calloc(1, sizeof(*tls));
	int ret;

	if (!tls)
		return error_set(error_r, ENOMEM, "out of memory");
	tls->verify = (enum cql_verify)settings->verify;
	ret = tls_client_new(&files, tls->verify != CQL_VERIFY_NONE, &tls->context, error_r);
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
	return tls_client_expect(ssl, name, error_r);
}

int cql_tls_client(struct cql_tls *tls, int fd, const struct cql_address *address,
		   struct ssl_st **ssl_r, struct error *error_r)
{
	SSL *ssl = SSL_new(tls->context);
	int ret;

	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		return error_set(error_r, ENOMEM, "out of memory");
	}
	SSL_set_connect_state(ssl);
	ret = set_host_check(ssl, tls->verify, address, error_r);
	if (ret < 0)
		SSL_free(ssl);
	else
		*ssl_r = ssl;
	return ret;
}
