/* SPDX-License-Identifier: MIT */
/* What files are taken, and when others than this machine may be served. Who is refused over TLS:
 * tests/integration/64-metrics-tls.sh. */
#include <stdbool.h>

#include "../store/tls_world.h"
#include "base/read_file.h"
#include "serve/http.h"
#include "serve/listen.h"

static struct buf contents[8];

/* Lives to the end of the test. */
static struct slice file(const char *name)
{
	static size_t next;
	struct buf *text = &contents[next++ % 8];

	buf_release(text);
	buf_init(text, 1 << 16);
	assert_int_equal(read_file(name, text), 0);
	return (struct slice){buf_str(text), text->len};
}

static const struct slice token = {"abcdefghijklmnop", 16};

static void all_of_it_is_wanted(void **state)
{
	const struct slice text = {"x", 1};
	const struct {
		bool complete;
		struct security_files files;
	} cases[] = {
		{false, {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}}},
		{false, {{NULL, 0}, {NULL, 0}, {NULL, 0}, text}},
		{false, {text, text, {NULL, 0}, {NULL, 0}}},
		{false, {text, {NULL, 0}, text, text}},
		{true, {text, text, text, {NULL, 0}}},
		{true, {text, text, {NULL, 0}, text}},
		{true, {text, text, text, text}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(security_is_complete(&cases[i].files), cases[i].complete);
}

static void refuses(const struct security_files *files, const char *text)
{
	struct security *security = NULL;
	struct error error = {0};

	assert_int_equal(security_new(files, &security, &error), -EINVAL);
	assert_null(security);
	if (!strstr(error.text, text))
		fail_msg("'%s' lacks '%s'", error.text, text);
}

static void files_that_are_none_are_refused(void **state)
{
	struct security_files files = {.certificate = file("server.pem")};

	(void)state;
	refuses(&files, "a certificate and its key go together");
	files.key = file("ca.key");
	refuses(&files, "no certificate with its key");
	files.key = slice_str("nothing");
	refuses(&files, "no certificate with its key");
	files.key = file("client.key"); /* it has a password */
	refuses(&files, "no certificate with its key");
	files.key = file("server.key");
	files.client_ca = file("server.key");
	refuses(&files, "no certificate of a CA");
	files.client_ca = slice_str("");
	refuses(&files, "no certificate of a CA");
	files.client_ca = file("ca.pem");
	files.tokens = slice_str("short");
	refuses(&files, "line 1: no token");
}

static void a_server_opens_elsewhere_with_all_of_it_alone(void **state)
{
	struct security_files files = {.certificate = file("server.pem"),
				       .key = file("server.key")};
	struct http_config config = {.listen = "0.0.0.0:0", .security = &files};
	struct http *http = NULL;
	struct error error;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, NULL), 0);
	assert_int_equal(http_open(loop, &config, &http, &error), -EINVAL);
	files.tokens = token;
	if (http_open(loop, &config, &http, &error) < 0)
		fail_msg("%s", error.text);
	http_close(&http);
	files.client_ca = file("ca.pem");
	assert_int_equal(http_open(loop, &config, &http, &error), 0);
	http_close(&http);
	files.key = file("ca.key");
	assert_int_equal(http_open(loop, &config, &http, &error), -EINVAL);
	assert_null(http);
	loop_free(&loop);
}

static int end(void **state)
{
	for (size_t i = 0; i < 8; i++)
		buf_release(&contents[i]);
	return leave_folder(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_is_wanted),
		cmocka_unit_test(files_that_are_none_are_refused),
		cmocka_unit_test(a_server_opens_elsewhere_with_all_of_it_alone),
	};

	return cmocka_run_group_tests_name("security", tests, tls_folder, end);
}
