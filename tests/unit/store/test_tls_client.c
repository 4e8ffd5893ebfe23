/* SPDX-License-Identifier: MIT */
#include <openssl/err.h>

#include "store/tls_client.h"
#include "tls_world.h"

/* A handshake as a driver makes it; 0, or what tls_client_error() makes of its failure. */
static int shake_hands(struct tls_server *server, const struct tls_files *files, bool verify,
		       const char *name, struct error *error)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ret, result;
	SSL_CTX *context;
	char byte = 'x';
	SSL *ssl;

	if (tls_client_new(files, verify, &context, error) < 0)
		fail_msg("%s", error->text);
	tls_server_begin(server);
	address.sin_port = htons((uint16_t)server->port);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, fd);
	ret = name ? tls_client_expect(ssl, name, error) : 0;
	assert_int_equal(ret, 0);
	errno = 0;
	result = SSL_connect(ssl);
	if (result == 1) /* TLS 1.3: a refusal of our certificate comes behind the handshake */
		result = SSL_write(ssl, &byte, 1) == 1 ? SSL_read(ssl, &byte, 1) : -1;
	if (result != 1)
		ret = tls_client_error(ssl, SSL_get_error(ssl, result), "it", error);
	SSL_free(ssl);
	close(fd);
	SSL_CTX_free(context);
	tls_server_end(server);
	return ret;
}

static const struct tls_files none, ca = {.ca = "ca.pem"}, other = {.ca = "other.pem"};

static void a_certificate_of_the_ca_is_taken(void **state)
{
	struct tls_server server = {.asks = false};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &ca, true, NULL, &error), 0);
	assert_int_equal(shake_hands(&server, &ca, true, "localhost", &error), 0);
	assert_int_equal(shake_hands(&server, &ca, true, "127.0.0.1", &error), 0);
}

static void one_of_somebody_else_is_refused(void **state)
{
	struct tls_server server = {.asks = false};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &other, true, NULL, &error), -EACCES);
	assert_non_null(strstr(error.text, "certificate is refused: "));
	assert_int_equal(shake_hands(&server, &none, true, NULL, &error), -EACCES); /* the system */
}

static void one_for_another_name_is_refused(void **state)
{
	struct tls_server server = {.asks = false};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &ca, true, "mail.example.com", &error), -EACCES);
	assert_non_null(strstr(error.text, "refused: hostname mismatch"));
	assert_int_equal(shake_hands(&server, &ca, true, "127.0.0.2", &error), -EACCES);
	assert_non_null(strstr(error.text, "refused: IP address mismatch"));
}

static void without_verify_any_is_taken(void **state)
{
	struct tls_server server = {.asks = false};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &other, false, NULL, &error), 0);
	assert_int_equal(shake_hands(&server, &none, false, NULL, &error), 0);
}

static void a_server_that_asks_gets_the_clients(void **state)
{
	const struct tls_files two = {"ca.pem", "client.pem", "client.key", "open"};
	const struct tls_files one = {"ca.pem", "both.pem", NULL, "open"};
	struct tls_server server = {.asks = true};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &two, true, NULL, &error), 0);
	assert_string_equal(server.subject, "/CN=client");
	assert_int_equal(shake_hands(&server, &one, true, NULL, &error), 0);
	assert_string_equal(server.subject, "/CN=client");
	assert_true(shake_hands(&server, &ca, true, NULL, &error) < 0);
	assert_string_equal(server.subject, "");
	assert_int_equal(strncmp(error.text, "it: ", 4), 0);
}

static void old_versions_are_refused(void **state)
{
	struct tls_server server = {.max_version = TLS1_1_VERSION};
	struct error error = {0};

	(void)state;
	assert_int_equal(shake_hands(&server, &none, false, NULL, &error), -EPROTO);
	assert_int_equal(strncmp(error.text, "it: TLS: ", 9), 0);
	server.max_version = TLS1_2_VERSION;
	assert_int_equal(shake_hands(&server, &none, false, NULL, &error), 0);
}

static void another_protocol_and_an_end_are_errors(void **state)
{
	struct tls_server plain = {.plain = true}, leaves = {.leaves = true};
	struct error error = {0};
	int ret;

	(void)state;
	assert_int_equal(shake_hands(&plain, &none, false, NULL, &error), -EPROTO);
	assert_non_null(strstr(error.text, "it: TLS: wrong version number"));
	ret = shake_hands(&leaves, &none, false, NULL, &error); /* in whichever call it is seen */
	assert_true(ret == -EPROTO || ret == -ECONNRESET || ret == -EPIPE);
	assert_int_equal(strncmp(error.text, "it: ", 4), 0);
	assert_int_equal(ERR_peek_error(), 0); /* nothing is left for the next call */
}

static void expect_refused(const struct tls_files *files, bool verify, const char *file)
{
	SSL_CTX *context = NULL;
	struct error error = {0};

	assert_int_equal(tls_client_new(files, verify, &context, &error), -EINVAL);
	assert_null(context);
	assert_int_equal(strncmp(error.text, file, strlen(file)), 0);
	assert_int_equal(error.text[strlen(file)], ':');
	assert_int_equal(ERR_peek_error(), 0);
}

static void files_that_cannot_be_used_are_named(void **state)
{
	const struct tls_files no_ca = {.ca = "none.pem"}, bad_ca = {.ca = "log"};
	const struct tls_files no_certificate = {NULL, "none.pem", "client.key", "open"};
	const struct tls_files no_key = {NULL, "client.pem", "none.key", "open"};
	const struct tls_files wrong = {NULL, "client.pem", "client.key", "shut"};
	const struct tls_files no_password = {NULL, "client.pem", "client.key", NULL};
	const struct tls_files anothers = {NULL, "client.pem", "server.key", NULL};
	SSL_CTX *context;

	(void)state;
	write_file("log", "no PEM", 0600);
	expect_refused(&no_ca, true, "none.pem");
	expect_refused(&bad_ca, true, "log");
	expect_refused(&no_certificate, false, "none.pem");
	expect_refused(&no_key, false, "none.key");
	expect_refused(&wrong, false, "client.key");
	expect_refused(&no_password, false, "client.key"); /* and no terminal is asked */
	expect_refused(&anothers, false, "server.key");
	assert_int_equal(tls_client_new(&no_ca, false, &context, NULL), 0); /* it is not needed */
	SSL_CTX_free(context);
}

static void a_name_that_cannot_be_one_is_refused(void **state)
{
	SSL_CTX *context;
	struct error error = {0};
	char name[400];
	SSL *ssl;

	(void)state;
	memset(name, 'x', sizeof(name) - 1); /* longer than a name in TLS is */
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(tls_client_new(&none, true, &context, NULL), 0);
	ssl = SSL_new(context);
	assert_int_equal(tls_client_expect(ssl, name, &error), -EINVAL);
	SSL_free(ssl);
	SSL_CTX_free(context);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_of_the_ca_is_taken),
		cmocka_unit_test(one_of_somebody_else_is_refused),
		cmocka_unit_test(one_for_another_name_is_refused),
		cmocka_unit_test(without_verify_any_is_taken),
		cmocka_unit_test(a_server_that_asks_gets_the_clients),
		cmocka_unit_test(old_versions_are_refused),
		cmocka_unit_test(another_protocol_and_an_end_are_errors),
		cmocka_unit_test(files_that_cannot_be_used_are_named),
		cmocka_unit_test(a_name_that_cannot_be_one_is_refused),
	};

	return cmocka_run_group_tests(tests, tls_folder, leave_folder);
}
