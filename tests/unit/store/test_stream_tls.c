/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "store/stream_tls.h"
#include "tls_world.h"

#define LONG_NS (60 * NS_PER_SEC)

static const struct tls_files ca = {.ca = "ca.pem"};

struct client {
	struct stream_tls *tls;
	struct stream_target target;
	struct stream stream;
	struct error error;
};

static void begin(struct client *client, const char *host, int port)
{
	*client = (struct client){.stream = STREAM_INIT};
	if (stream_tls_new(&ca, true, &client->tls, &client->error) < 0)
		fail_msg("%s", client->error.text);
	client->target = (struct stream_target){
		.host = host, .port = port, .tls = client->tls, .tls_verify = true};
}

static int connect_for(struct client *client, int64_t ns)
{
	return stream_connect(&client->stream, &client->target, clock_monotonic_ns() + ns,
			      &client->error);
}

static void end(struct client *client)
{
	stream_close(&client->stream);
	assert_int_equal(client->stream.fd, -1);
	assert_null(client->stream.ssl);
	stream_tls_free(&client->tls);
	assert_null(client->tls);
	stream_tls_free(&client->tls);
}

struct echo {
	const char *sent;
	size_t len, want;
};

static int compare(struct slice data, void *context, struct error *error_r)
{
	struct echo *echo = context;

	(void)error_r;
	assert_true(data.len <= echo->want - echo->len);
	assert_memory_equal(data.ptr, echo->sent + echo->len, data.len);
	echo->len += data.len;
	return echo->len == echo->want;
}

static int exchange(struct client *client, const char *text, size_t len)
{
	struct echo echo = {.sent = text, .want = len};

	return stream_exchange(&client->stream, (struct slice){text, len}, compare, &echo,
			       clock_monotonic_ns() + LONG_NS, NULL, &client->error);
}

/* More than the buffers of both sockets take: writing waits for reading, and it for that. */
static void bytes_go_both_ways_at_once(void **state)
{
	const size_t size = 8 << 20;
	struct tls_server server = {.asks = false};
	struct client client;
	char *bytes = malloc(size);

	(void)state;
	for (size_t i = 0; i < size; i++)
		bytes[i] = (char)(i * 7919 >> 3);
	tls_server_begin(&server);
	begin(&client, "127.0.0.1", server.port);
	if (connect_for(&client, LONG_NS) < 0)
		fail_msg("%s", client.error.text);
	assert_int_equal(exchange(&client, "hello", 5), 0);
	assert_true(stream_is_fresh(&client.stream));
	if (exchange(&client, bytes, size) < 0)
		fail_msg("%s", client.error.text);
	end(&client);
	tls_server_end(&server);
	free(bytes);
}

/* It is for localhost and 127.0.0.1. */
static void the_certificate_must_be_for_the_host(void **state)
{
	struct tls_server server = {.address = inet_addr("127.0.0.2")};
	struct client client;

	(void)state;
	tls_server_begin(&server);
	begin(&client, "127.0.0.2", server.port);
	assert_int_equal(connect_for(&client, LONG_NS), -EACCES);
	assert_non_null(strstr(client.error.text, "IP address mismatch"));
	assert_int_equal(client.stream.fd, -1);
	end(&client);
	tls_server_end(&server);
	tls_server_begin(&server);
	begin(&client, "127.0.0.2", server.port);
	client.target.tls_verify = false;
	if (connect_for(&client, LONG_NS) < 0)
		fail_msg("%s", client.error.text);
	end(&client);
	tls_server_end(&server);
}

static void a_silent_server_costs_the_deadline(void **state)
{
	struct tls_server server = {.silent = true};
	struct client client;
	int64_t before = clock_monotonic_ns();

	(void)state;
	tls_server_begin(&server);
	begin(&client, "127.0.0.1", server.port);
	assert_int_equal(connect_for(&client, 50 * NS_PER_MSEC), -ETIMEDOUT);
	assert_non_null(strstr(client.error.text, "TLS handshake"));
	assert_true(clock_monotonic_ns() - before >= 50 * NS_PER_MSEC);
	assert_int_equal(client.stream.fd, -1);
	end(&client);
	tls_server_end(&server);
}

static void a_server_without_tls_is_an_error(void **state)
{
	struct tls_server server = {.plain = true};
	struct client client;

	(void)state;
	tls_server_begin(&server);
	begin(&client, "127.0.0.1", server.port);
	assert_int_equal(connect_for(&client, LONG_NS), -EPROTO);
	end(&client);
	tls_server_end(&server);
}

static void the_end_of_the_server_is_an_error(void **state)
{
	struct tls_server server = {.leaves = true};
	struct client client;

	(void)state;
	tls_server_begin(&server);
	begin(&client, "127.0.0.1", server.port);
	if (connect_for(&client, LONG_NS) < 0)
		fail_msg("%s", client.error.text);
	assert_true(exchange(&client, "hello", 5) < 0);
	assert_int_equal(client.stream.fd, -1);
	end(&client);
	tls_server_end(&server);
}

static void files_are_checked_at_once(void **state)
{
	const struct tls_files none = {.ca = "none.pem"};
	struct stream_tls *tls = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(stream_tls_new(&none, true, &tls, &error), -EINVAL);
	assert_null(tls);
	assert_int_equal(strncmp(error.text, "none.pem: ", 10), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_go_both_ways_at_once),
		cmocka_unit_test(the_certificate_must_be_for_the_host),
		cmocka_unit_test(a_silent_server_costs_the_deadline),
		cmocka_unit_test(a_server_without_tls_is_an_error),
		cmocka_unit_test(the_end_of_the_server_is_an_error),
		cmocka_unit_test(files_are_checked_at_once),
	};

	return cmocka_run_group_tests(tests, tls_folder, leave_folder);
}
