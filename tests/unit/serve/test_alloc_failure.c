/* SPDX-License-Identifier: MIT */
/* The HTTP server without memory: an error while it is opened, and no crash while it serves. */
#include <dirent.h>
#include <sys/socket.h>

#include "../alloc_failure.h"
#include "../conf/folder.h"
#include "serve/http.h"
#include "serve/listen.h"

static const struct metric number = {"n", "N.", METRIC_GAUGE, {NULL}};

static void collect(struct metrics *metrics, void *context)
{
	(void)context;
	metrics_add(metrics, &number, NULL, NULL, 7);
}

static int summarize(struct buf *out, void *context)
{
	(void)context;
	return buf_append_str(out, "sum\n");
}

static bool is_ready(void *context)
{
	(void)context;
	return true;
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void stop(struct loop *loop, void *context)
{
	(void)context;
	loop_stop(loop);
}

/* Until the client's end of the connection is readable. */
static void serve(struct loop *loop, int client)
{
	struct loop_watch *watch = NULL;
	struct error error;
	int kept = countdown; /* what belongs to the test succeeds */

	countdown = -1;
	assert_int_equal(loop_add_fd(loop, client, stop, NULL, &watch, &error), 0);
	countdown = kept;
	assert_int_equal(loop_run(loop, &error), 0);
	kept = countdown;
	countdown = -1;
	loop_remove(&watch);
	countdown = kept;
}

static void ask(struct loop *loop, const char *listen, const char *page)
{
	int client = listen_connect(listen, NULL);

	assert_true(client >= 0);
	assert_true(dprintf(client, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", page) > 0);
	serve(loop, client);
	close(client);
}

static int open_and_ask(void *context)
{
	struct http_config config = {.listen = context,
				     .metrics_collect = collect,
				     .summary = summarize,
				     .ready = is_ready};
	struct error error = {0};
	struct http *http = NULL;
	struct loop *loop = NULL;
	int ret = loop_new(&loop, &error);

	if (ret == 0)
		ret = http_open(loop, &config, &http, &error);
	if (ret < 0)
		assert_null(http);
	if (ret == 0) {
		ask(loop, context, "/metrics");
		ask(loop, context, "/status");
		ask(loop, context, "/summary");
	}
	http_close(&http);
	loop_free(&loop);
	return ret;
}

static void it_opens_or_reports_it(void **state)
{
	char path[200];
	size_t before;

	(void)state;
	snprintf(path, sizeof(path), "%s/http", folder);
	assert_int_equal(open_and_ask(path), 0);
	before = open_descriptors();
	assert_true(each_failure(open_and_ask, path) > 5);
	assert_int_equal(open_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_opens_or_reports_it),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
