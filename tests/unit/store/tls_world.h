/* SPDX-License-Identifier: MIT */
/*
 * A folder with certificates that openssl(1) makes, and a TLS server of OpenSSL's that answers one
 * connection with what it was sent.
 */
#ifndef DOVETAP_TLS_WORLD_H
#define DOVETAP_TLS_WORLD_H

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "../conf/folder.h"

/* ca signs server (localhost, 127.0.0.1) and client, whose key has the password "open". */
static inline int tls_folder(void **state)
{
	static const char script[] =
		"exec > log 2>&1; set -e\n"
		"new='openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -days 2'\n"
		"for ca in ca other; do\n"
		"  $new -nodes -keyout $ca.key -out $ca.pem -subj /CN=$ca\n"
		"done\n"
		"$new -nodes -keyout server.key -out server.pem -subj /CN=x -CA ca.pem -CAkey ca.key"
		" -addext subjectAltName=DNS:localhost,IP:127.0.0.1\n"
		"$new -passout pass:open -keyout client.key -out client.pem -subj /CN=client"
		" -CA ca.pem -CAkey ca.key\n"
		"cat client.pem client.key > both.pem\n";

	signal(SIGPIPE, SIG_IGN);
	return enter_folder(state) < 0 ? -1 : system(script);
}

struct tls_server {
	pthread_t thread;
	SSL_CTX *context;
	int fd, port;
	in_addr_t address; /* 0: 127.0.0.1 */
	bool asks;	   /* for the client's certificate */
	bool silent;	   /* accepts, and that is all */
	bool leaves;	   /* closes after the handshake */
	bool plain;	   /* speaks something else */
	int max_version;
	int end[2];	   /* closed when it may end */
	char subject[100]; /* of the client's certificate */
};

static inline void tls_echo(struct tls_server *server, SSL *ssl)
{
	X509 *peer = SSL_get_peer_certificate(ssl);
	static char bytes[1 << 16];
	int got;

	if (peer)
		X509_NAME_oneline(X509_get_subject_name(peer), server->subject,
				  sizeof(server->subject));
	X509_free(peer);
	while (!server->leaves && (got = SSL_read(ssl, bytes, sizeof(bytes))) > 0)
		(void)SSL_write(ssl, bytes, got);
}

static inline void *tls_serve(void *context)
{
	struct tls_server *server = context;
	int fd = accept(server->fd, NULL, NULL);
	char byte;
	SSL *ssl = SSL_new(server->context);

	SSL_set_fd(ssl, fd);
	if (server->silent)
		(void)!read(server->end[0], &byte, 1);
	else if (server->plain)
		(void)!write(fd, "+OK this is no TLS\r\n", 20);
	else if (SSL_accept(ssl) == 1)
		tls_echo(server, ssl);
	SSL_free(ssl);
	close(fd);
	return context;
}

static inline void tls_server_begin(struct tls_server *server)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = server->address ? server->address
									 : htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	server->subject[0] = '\0';
	server->context = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate_chain_file(server->context, "server.pem"), 1);
	assert_int_equal(
		SSL_CTX_use_PrivateKey_file(server->context, "server.key", SSL_FILETYPE_PEM), 1);
	if (server->asks) {
		SSL_CTX_set_verify(server->context,
				   SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		assert_int_equal(SSL_CTX_load_verify_file(server->context, "ca.pem"), 1);
	}
	if (server->max_version) {
		SSL_CTX_set_security_level(server->context, 0);
		SSL_CTX_set_max_proto_version(server->context, server->max_version);
	}
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(listen(server->fd, 1), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
	server->port = ntohs(address.sin_port);
	assert_int_equal(pipe(server->end), 0);
	assert_int_equal(pthread_create(&server->thread, NULL, tls_serve, server), 0);
}

static inline void tls_server_end(struct tls_server *server)
{
	close(server->end[1]);
	assert_int_equal(pthread_join(server->thread, NULL), 0);
	close(server->end[0]);
	close(server->fd);
	SSL_CTX_free(server->context);
}

#endif
