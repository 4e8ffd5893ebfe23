/* SPDX-License-Identifier: MIT */
/* Questions to a server that answers as the case wants it. */
#include "answer.h"
#include "cli/control.h"

static struct answer server;

static int ask(const char *text, size_t padding, struct buf *out, struct error *error)
{
	int ret;

	answer_begin(&server, text, padding);
	ret = control_get(server.path, "/status", out, error);
	answer_end(&server);
	return ret;
}

static void the_body_is_appended(void **state)
{
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, CONTROL_ANSWER_MAX);
	buf_append_str(&out, "before ");
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nA: b\r\n\r\n{\"a\":1}\r\n\r\nz", 0, &out, &error),
			 0);
	assert_string_equal(buf_str(&out), "before {\"a\":1}\r\n\r\nz");
	assert_string_equal(server.request, "GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n");
	buf_reset(&out);
	assert_int_equal(ask("HTTP/1.0 200 OK\r\n\r\n", 9000, &out, &error), 0);
	assert_int_equal(out.len, 9000);
	buf_release(&out);
}

static void another_answer_is_an_error(void **state)
{
	static const char *const wrong[] = {"", "HTTP/1.1 404 Not Found\r\n\r\nno",
					    "SSH-2.0\r\n\r\n", "HTTP/1.1 200 OK\r\nnever ends"};
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, CONTROL_ANSWER_MAX);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(ask(wrong[i], 0, &out, &error), -EPROTO);
		assert_non_null(strstr(error.text, server.path));
		assert_int_equal(out.len, 0);
	}
	buf_release(&out);
}

static void an_endless_answer_is_an_error(void **state)
{
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, CONTROL_ANSWER_MAX);
	assert_true(ask("HTTP/1.0 200 OK\r\n\r\n", CONTROL_ANSWER_MAX, &out, &error) < 0);
	buf_release(&out);
}

static void without_a_collector_the_error_has_the_socket(void **state)
{
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, CONTROL_ANSWER_MAX);
	assert_int_equal(control_get("/nowhere/control.sock", "/status", &out, &error), -ENOENT);
	assert_non_null(strstr(error.text, "no running collector answers"));
	assert_non_null(strstr(error.text, "/nowhere/control.sock"));
	buf_release(&out);
}

static void a_metric_is_found_by_its_whole_name(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 1000);
	assert_true(control_metric(&text, "a", 7) == 7);
	buf_append_str(&text, "first 4\n# HELP a b\na_total 3\nxa 9\na{l=\"x\"} 5\na 2.5\nlast 6");
	assert_true(control_metric(&text, "a", 7) == 2.5);
	assert_true(control_metric(&text, "first", 7) == 4);
	assert_true(control_metric(&text, "last", 7) == 6);
	assert_true(control_metric(&text, "las", 7) == 7);
	buf_release(&text);
}

static void an_action_takes_any_bytes(void **state)
{
	struct error error = {0};
	struct buf out;

	(void)state;
	buf_init(&out, CONTROL_ANSWER_MAX);
	answer_begin(&server, "HTTP/1.0 200 OK\r\n\r\n7\n", 0);
	assert_int_equal(
		control_act(server.path, true, "/forget", slice_str("a b&\n"), &out, &error), 0);
	answer_end(&server);
	assert_string_equal(buf_str(&out), "7\n");
	assert_string_equal(server.request,
			    "POST /forget?of=%61%20%62%26%0a HTTP/1.0\r\nHost: localhost\r\n"
			    "Content-Length: 0\r\n\r\n");
	buf_release(&out);
}

static const char *write_config(const char *text)
{
	static char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/test_control.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static void the_socket_is_that_of_the_file(void **state)
{
	const char *path = write_config("dovetap {\n  control_socket = /x/y\n}\n");
	const char *control = NULL;
	struct error error = {0};

	(void)state;
	assert_int_equal(control_find(NULL, path, &control, &error), 0);
	assert_string_equal(control, "/x/y");
	free((void *)(uintptr_t)control);
	assert_int_equal(control_find("/given", path, &control, &error), 0);
	assert_string_equal(control, "/given");
	unlink(path);
	assert_int_equal(control_find(NULL, path, &control, &error), -ENOENT);
	assert_non_null(strstr(error.text, path));
}

static void a_file_without_one_is_an_error(void **state)
{
	static const char *const wrong[] = {"dovetap {\n  control_socket =\n}\n",
					    "dovetap {\n  control_socket\n", "dovetap {\n"};
	const char *control;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *path = write_config(wrong[i]);
		struct error error = {0};

		assert_int_equal(control_find(NULL, path, &control, &error), -EINVAL);
		assert_non_null(strstr(error.text, path));
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_body_is_appended),
		cmocka_unit_test(another_answer_is_an_error),
		cmocka_unit_test(an_endless_answer_is_an_error),
		cmocka_unit_test(without_a_collector_the_error_has_the_socket),
		cmocka_unit_test(an_action_takes_any_bytes),
		cmocka_unit_test(the_socket_is_that_of_the_file),
		cmocka_unit_test(a_file_without_one_is_an_error),
		cmocka_unit_test(a_metric_is_found_by_its_whole_name),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
