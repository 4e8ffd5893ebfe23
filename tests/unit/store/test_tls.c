/* SPDX-License-Identifier: MIT */
/* ssl_verify of cassandra: whom a node's certificate must name. It is for localhost, 127.0.0.1. */
#include "store/drivers/cassandra/cql_settings.h"
#include "store/drivers/cassandra/tls.h"
#include "tls_world.h"

/* A handshake with the node at address, which the settings know by name (or NULL). 0, or the errno
 * of what refused it: EPROTO is OpenSSL. */
static int shake_hands(const struct cql_settings *settings, const char *address, const char *name,
		       struct error *error)
{
	struct tls_server server = {.address = inet_addr(address)};
	struct cql_address node = {.name = name, .len = sizeof(struct sockaddr_in)};
	struct sockaddr_in *to = (struct sockaddr_in *)&node.addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ret;
	struct cql_tls *tls;
	SSL *ssl;

	if (cql_tls_new(settings, &tls, error) < 0)
		fail_msg("%s", error->text);
	tls_server_begin(&server);
	*to = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)server.port),
				   .sin_addr.s_addr = server.address};
	assert_int_equal(connect(fd, (struct sockaddr *)to, sizeof(*to)), 0);
	ret = cql_tls_client(tls, fd, &node, &ssl, error);
	if (ret == 0) {
		ret = SSL_do_handshake(ssl) == 1 ? 0 : -EPROTO;
		SSL_free(ssl);
	}
	close(fd);
	tls_server_end(&server);
	cql_tls_free(&tls);
	assert_null(tls);
	return ret;
}

static int with(enum cql_verify verify, const char *address, const char *name)
{
	const struct cql_settings settings = {.ca_file = (char *)"ca.pem", .verify = verify};
	struct error error;

	return shake_hands(&settings, address, name, &error);
}

static void none_takes_any_certificate(void **state)
{
	const struct cql_settings settings = {.ca_file = (char *)"other.pem",
					      .verify = CQL_VERIFY_NONE};
	struct error error;

	(void)state;
	assert_int_equal(shake_hands(&settings, "127.0.0.2", "x", &error), 0);
}

static void cert_takes_any_of_the_ca(void **state)
{
	const struct cql_settings others = {.ca_file = (char *)"other.pem",
					    .verify = CQL_VERIFY_CERT};
	struct error error;

	(void)state;
	assert_int_equal(with(CQL_VERIFY_CERT, "127.0.0.2", "x"), 0);
	assert_int_equal(shake_hands(&others, "127.0.0.1", "localhost", &error), -EPROTO);
}

static void cert_ip_wants_the_address_in_it(void **state)
{
	(void)state;
	assert_int_equal(with(CQL_VERIFY_IP, "127.0.0.1", NULL), 0);
	assert_int_equal(with(CQL_VERIFY_IP, "127.0.0.1", "another.name"), 0);
	assert_int_equal(with(CQL_VERIFY_IP, "127.0.0.2", NULL), -EPROTO);
	assert_int_equal(with(CQL_VERIFY_IP, "127.0.0.2", "localhost"), -EPROTO);
}

static void cert_dns_wants_the_name_in_it(void **state)
{
	(void)state;
	assert_int_equal(with(CQL_VERIFY_DNS, "127.0.0.1", "localhost"), 0);
	assert_int_equal(with(CQL_VERIFY_DNS, "127.0.0.1", "another.name"), -EPROTO);
	/* A node that is known by its address has the name that the system finds for it. */
	assert_int_equal(with(CQL_VERIFY_DNS, "127.0.0.1", "127.0.0.1"), 0);
	assert_int_equal(with(CQL_VERIFY_DNS, "127.0.0.1", NULL), 0);
}

static void host_wants_the_name_or_else_the_address(void **state)
{
	(void)state;
	assert_int_equal(with(CQL_VERIFY_HOST, "127.0.0.2", "localhost"), 0);
	assert_int_equal(with(CQL_VERIFY_HOST, "127.0.0.1", "another.name"), -EPROTO);
	assert_int_equal(with(CQL_VERIFY_HOST, "127.0.0.1", NULL), 0);
	assert_int_equal(with(CQL_VERIFY_HOST, "127.0.0.1", "127.0.0.1"), 0);
	assert_int_equal(with(CQL_VERIFY_HOST, "127.0.0.2", NULL), -EPROTO);
}

static void files_are_checked_at_once(void **state)
{
	const struct cql_settings settings = {.ca_file = (char *)"none.pem",
					      .verify = CQL_VERIFY_CERT};
	struct cql_tls *tls = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(cql_tls_new(&settings, &tls, &error), -EINVAL);
	assert_null(tls);
	assert_int_equal(strncmp(error.text, "none.pem: ", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_takes_any_certificate),
		cmocka_unit_test(cert_takes_any_of_the_ca),
		cmocka_unit_test(cert_ip_wants_the_address_in_it),
		cmocka_unit_test(cert_dns_wants_the_name_in_it),
		cmocka_unit_test(host_wants_the_name_or_else_the_address),
		cmocka_unit_test(files_are_checked_at_once),
	};

	return cmocka_run_group_tests(tests, tls_folder, leave_folder);
}
