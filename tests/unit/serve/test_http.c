/* SPDX-License-Identifier: MIT */
/* The pages, over a socket, with requests that come whole, in pieces and several at a time. */
#include <dlfcn.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "../conf/folder.h"
#include "base/clock.h"
#include "serve/connections.h"
#include "serve/http.h"
#include "serve/http_log.h"
#include "serve/listen.h"

struct world {
	struct loop *loop;
	struct http *http;
	char path[200];
	bool ready;
	int summary_error;
	unsigned int timeout_seconds;
};

static const struct metric number = {"n", "N.", METRIC_GAUGE, {NULL}};

static void collect(struct metrics *metrics, void *context)
{
	(void)context;
	metrics_add(metrics, &number, NULL, NULL, 7);
}

static void collect_without_memory(struct metrics *metrics, void *context)
{
	collect(metrics, context);
	metrics->failed = -ENOMEM;
}

static int summarize(struct buf *out, void *context)
{
	struct world *world = context;

	return world->summary_error < 0 ? world->summary_error : buf_append_str(out, "sum\n");
}

static bool is_ready(void *context)
{
	return ((struct world *)context)->ready;
}

static int more_page(struct buf *out, void *context)
{
	(void)context;
	return buf_append_str(out, "more\n");
}

static int broken_page(struct buf *out, void *context)
{
	(void)context;
	buf_append_str(out, "half");
	return -ENOMEM;
}

static const struct http_page more[] = {
	{"/more", "text/x-more", more_page},
	{"/broken", "text/x-more", broken_page},
	{NULL, NULL, NULL},
};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	struct error error;

	snprintf(world->path, sizeof(world->path), "%s/http", folder);
	assert_int_equal(loop_new(&world->loop, &error), 0);
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	http_close(&world->http);
	assert_null(world->http);
	http_close(&world->http);
	assert_int_equal(access(world->path, F_OK), -1); /* it takes its socket with it */
	loop_free(&world->loop);
	free(world);
	return 0;
}

static int repeat(struct slice argument, struct buf *out, const char *word)
{
	if (argument.len == 0)
		return -EINVAL;
	return buf_appendf(out, "%s %.*s\n", word, (int)argument.len, argument.ptr);
}

static int act_get(struct slice argument, struct buf *out, void *context)
{
	(void)context;
	return repeat(argument, out, "got");
}

static int act_post(struct slice argument, struct buf *out, void *context)
{
	(void)context;
	return repeat(argument, out, "posted");
}

static int act_last(struct slice argument, struct buf *out, void *context)
{
	(void)context;
	return repeat(argument, out, "last");
}

/* The same path twice, by its method, and one that goes by GET alone. */
static const struct http_action actions[] = {
	{"/do", true, false, act_post},
	{"/do", false, false, act_get},
	{"/last", false, false, act_last},
	{NULL, false, false, NULL},
};

static void open_with(struct world *world, const struct http_page *pages,
		      void (*metrics_collect)(struct metrics *, void *))
{
	const struct http_config config = {
		.listen = world->path,
		.metrics_collect = metrics_collect,
		.summary = summarize,
		.ready = is_ready,
		.more = pages,
		.actions = actions,
		.timeout_seconds = world->timeout_seconds,
		.context = world,
	};
	struct error error = {0};

	if (http_open(world->loop, &config, &world->http, &error) < 0)
		fail_msg("%s", error.text);
}

/* --- a client in a process of its own, while the loop runs here ------------------------------ */

struct request {
	const char *text;
	size_t split; /* sent in two pieces, with a moment between; 0: whole */
};

static void on_client_end(struct loop *loop, void *context)
{
	(void)context;
	loop_stop(loop);
}

static int send_all(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Writes all that comes until the end to the pipe. */
static int be_client(const struct world *world, const struct request *request, int pipe_fd)
{
	int fd = listen_connect(world->path, NULL);
	size_t len = strlen(request->text);
	char piece[4096];
	ssize_t n;

	if (fd < 0 || send_all(fd, request->text, request->split) < 0)
		return 1;
	if (request->split > 0)
		usleep(2000);
	if (send_all(fd, request->text + request->split, len - request->split) < 0)
		return 2;
	while ((n = read(fd, piece, sizeof(piece))) > 0) {
		if (write(pipe_fd, piece, (size_t)n) != n)
			return 3;
	}
	return n < 0 ? 4 : 0;
}

static char answer[16384];

static const char *ask_with(struct world *world, const struct request *request)
{
	struct loop_watch *watch = NULL;
	struct error error;
	int fds[2], status, pid_fd;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0)
		_exit(be_client(world, request, fds[1]));
	close(fds[1]);
	pid_fd = pidfd_open(pid, 0);
	assert_int_equal(loop_add_fd(world->loop, pid_fd, on_client_end, NULL, &watch, &error), 0);
	assert_int_equal(loop_run(world->loop, &error), 0);
	loop_remove(&watch);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	n = read(fds[0], answer, sizeof(answer) - 1);
	assert_true(n >= 0);
	answer[n] = '\0';
	close(fds[0]);
	close(pid_fd);
	return answer;
}

static void expect_page(struct world *world, const char *path, int status, const char *type,
			const char *body)
{
	char text[200], line[200];
	const char *end;

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 path);
	ask_with(world, &(struct request){.text = text});
	snprintf(line, sizeof(line), "HTTP/1.1 %d ", status);
	if (strncmp(answer, line, strlen(line)) != 0)
		fail_msg("%s: '%s'", path, answer);
	snprintf(line, sizeof(line), "\r\nContent-Type: %s\r\n", type);
	if (!strstr(answer, line))
		fail_msg("%s: '%s' lacks '%s'", path, answer, line);
	end = strstr(answer, "\r\n\r\n");
	assert_non_null(end);
	if (body)
		assert_string_equal(end + 4, body);
}

#define PROMETHEUS "text/plain; version=0.0.4; charset=utf-8"

static void each_page_is_there(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	expect_page(world, "/metrics", 200, PROMETHEUS, "# HELP n N.\n# TYPE n gauge\nn 7\n");
	expect_page(world, "/status", 200, "application/json", "{\n\"n\":[{\"value\":7}]\n}\n");
	expect_page(world, "/summary", 200, "text/plain; charset=utf-8", "sum\n");
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
	expect_page(world, "/readyz", 503, "text/plain", "not ready\n");
	world->ready = true;
	expect_page(world, "/readyz", 200, "text/plain", "ok\n");
	expect_page(world, "/", 404, "text/plain", NULL);
	expect_page(world, "/more", 404, "text/plain", NULL);
	expect_page(world, "/metricsx", 404, "text/plain", NULL);
}

static void openmetrics_is_for_those_who_ask_for_it(void **state)
{
	static const char text[] = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
				   "accept: application/openmetrics-text;version=1.0.0\r\n\r\n";
	struct world *world = *state;

	open_with(world, NULL, collect);
	ask_with(world, &(struct request){.text = text});
	assert_non_null(strstr(answer, "\r\nContent-Type: application/openmetrics-text; "
				       "version=1.0.0; charset=utf-8\r\n"));
	assert_non_null(strstr(answer, "\r\nVary: Accept\r\n"));
	assert_non_null(strstr(answer, "\r\n\r\n# HELP n N.\n# TYPE n gauge\nn 7\n# EOF\n"));
}

static void the_callers_pages_come_first(void **state)
{
	struct world *world = *state;

	open_with(world, more, collect);
	expect_page(world, "/more", 200, "text/x-more", "more\n");
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
	expect_page(world, "/nosuch", 404, "text/plain", NULL);
}

static void half_a_page_is_an_error(void **state)
{
	struct world *world = *state;

	open_with(world, more, collect_without_memory);
	world->summary_error = -ENOMEM;
	expect_page(world, "/metrics", 500, PROMETHEUS, NULL);
	expect_page(world, "/status", 500, "application/json", NULL);
	expect_page(world, "/summary", 500, "text/plain; charset=utf-8", NULL);
	expect_page(world, "/broken", 500, "text/x-more", NULL);
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
}

/* --- actions --------------------------------------------------------------------------------- */

static void expect_action(struct world *world, const char *request, const char *status,
			  const char *body)
{
	char text[200], line[40];

	snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		 request);
	ask_with(world, &(struct request){.text = text});
	snprintf(line, sizeof(line), "HTTP/1.1 %s ", status);
	if (strncmp(answer, line, strlen(line)) != 0)
		fail_msg("%s: '%s'", request, answer);
	assert_non_null(strstr(answer, "\r\nContent-Type: text/plain"));
	if (body)
		assert_string_equal(strstr(answer, "\r\n\r\n") + 4, body);
}

static void actions_go_by_path_and_method(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	expect_action(world, "GET /do?of=a", "200", "got a\n");
	expect_action(world, "POST /do?of=a", "200", "posted a\n");
	expect_action(world, "GET /last?of=a", "200", "last a\n");
	expect_action(world, "GET /last?of=a%20b%26c&of=d", "200", "last a b&c\n");
	expect_action(world, "GET /las?of=a", "404", NULL);
	expect_action(world, "GET /livez?of=a", "200", "ok\n");
}

static void an_action_that_fails_is_a_bad_request(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	expect_action(world, "GET /do", "400", "");
	expect_action(world, "GET /do?of=", "400", "");
	expect_action(world, "POST /do?off=a", "400", "");
}

static int count(const char *text, const char *word)
{
	int n = 0;

	while ((text = strstr(text, word))) {
		text += strlen(word);
		n++;
	}
	return n;
}

#define ONE  "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
#define LAST "GET /summary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void a_request_may_come_in_pieces(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	for (size_t split = 1; split < strlen(LAST); split++) {
		ask_with(world, &(struct request){.text = LAST, .split = split});
		assert_int_equal(count(answer, "HTTP/1.1 200 "), 1);
		assert_non_null(strstr(answer, "\r\n\r\nsum\n"));
	}
}

static void several_requests_may_come_at_once(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	for (size_t split = 0; split < strlen(ONE ONE LAST); split += 7) {
		ask_with(world, &(struct request){.text = ONE ONE LAST, .split = split});
		assert_int_equal(count(answer, "HTTP/1.1 200 "), 3);
		assert_int_equal(count(answer, "\r\n\r\nok\n"), 2);
		assert_int_equal(count(answer, "\r\n\r\nsum\n"), 1);
	}
}

/* As many silent clients as may be connected (16) keep others out no longer than their time. */
static void silent_clients_are_given_up(void **state)
{
	struct world *world = *state;
	int silent[16];

	world->timeout_seconds = 1;
	open_with(world, NULL, collect);
	for (size_t i = 0; i < 16; i++) {
		silent[i] = listen_connect(world->path, NULL);
		assert_true(silent[i] >= 0);
	}
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
	for (size_t i = 0; i < 16; i++)
		close(silent[i]);
}

/* Far more of them than may be connected, and they have an hour: each that comes is answered, and
 * somebody who asks again and again stays. */
static void idle_clients_are_dropped_for_others(void **state)
{
	struct world *world = *state;
	int idle[50], patient;
	char byte;

	world->timeout_seconds = 3600;
	open_with(world, NULL, collect);
	patient = listen_connect(world->path, NULL);
	for (size_t i = 0; i < 50; i++) {
		idle[i] = listen_connect(world->path, NULL);
		assert_true(idle[i] >= 0);
		if (i % 10 != 9)
			continue;
		assert_int_equal(send_all(patient, ONE, strlen(ONE)), 0);
		expect_page(world, "/livez", 200, "text/plain", "ok\n");
		assert_true(recv(patient, &byte, 1, 0) > 0);
	}
	assert_int_equal(recv(idle[0], &byte, 1, MSG_DONTWAIT), 0); /* ended */
	assert_int_equal(recv(idle[49], &byte, 1, MSG_DONTWAIT), -1);
	close(patient);
	for (size_t i = 0; i < 50; i++)
		close(idle[i]);
}

/* As many as may be: nobody is dropped. One more: the first is, and it alone. */
static void each_may_stay_until_there_are_too_many(void **state)
{
	struct world *world = *state;
	int idle[CONNECTIONS_MAX];
	char byte;

	world->timeout_seconds = 3600;
	open_with(world, NULL, collect);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		idle[i] = listen_connect(world->path, NULL);
		assert_true(idle[i] >= 0);
		if (i == CONNECTIONS_MAX - 2) {
			expect_page(world, "/livez", 200, "text/plain", "ok\n");
			assert_int_equal(recv(idle[0], &byte, 1, MSG_DONTWAIT), -1);
		}
	}
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
	assert_int_equal(recv(idle[0], &byte, 1, MSG_DONTWAIT), 0);
	for (size_t i = 1; i < CONNECTIONS_MAX; i++)
		assert_int_equal(recv(idle[i], &byte, 1, MSG_DONTWAIT), -1);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close(idle[i]);
}

/* The library's function, which counts. */
static unsigned int turns;

enum MHD_Result MHD_run(struct MHD_Daemon *daemon)
{
	enum MHD_Result (*run)(struct MHD_Daemon *) =
		(enum MHD_Result(*)(struct MHD_Daemon *))dlsym(RTLD_NEXT, "MHD_run");

	turns++;
	return run(daemon);
}

/* It runs when something comes or a client's time is over, not all the while. */
static void nothing_runs_while_nothing_happens(void **state)
{
	struct world *world = *state;
	struct loop_watch *timer = NULL;
	struct error error;
	int silent;

	world->timeout_seconds = 3600;
	open_with(world, NULL, collect);
	assert_int_equal(loop_add_timer(world->loop, on_client_end, NULL, &timer, &error), 0);
	for (int with_client = 0; with_client < 2; with_client++) {
		expect_page(world, "/livez", 200, "text/plain", "ok\n");
		silent = with_client ? listen_connect(world->path, NULL) : -1;
		turns = 0;
		loop_timer_set(timer, 100 * NS_PER_MSEC, 0);
		assert_int_equal(loop_run(world->loop, &error), 0);
		assert_in_range(turns, 0, 20);
		if (silent >= 0)
			close(silent);
	}
	loop_remove(&timer);
}

/* Of one byte, of some, and of more than is read at a time: each is thrown away. */
static void a_body_is_thrown_away(void **state)
{
	static const size_t sizes[] = {1, 2, 100, 70000};
	struct world *world = *state;

	open_with(world, NULL, collect);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *text = calloc(1, sizes[i] + 200);
		int head = snprintf(text, 200,
				    "POST /do?of=a HTTP/1.1\r\nHost: x\r\nContent-Length: "
				    "%zu\r\nConnection: close\r\n\r\n",
				    sizes[i]);

		memset(text + head, 'b', sizes[i]);
		ask_with(world, &(struct request){.text = text});
		assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
		assert_string_equal(strstr(answer, "\r\n\r\n") + 4, "posted a\n");
		free(text);
	}
}

static void nothing_but_get_is_answered(void **state)
{
	struct world *world = *state;

	open_with(world, NULL, collect);
	ask_with(world,
		 &(struct request){.text = "POST /livez HTTP/1.1\r\nHost: x\r\n"
					   "Content-Length: 0\r\nConnection: close\r\n\r\n"});
	assert_null(strstr(answer, "ok\n"));
	assert_int_equal(count(answer, " 200 "), 0);
	expect_page(world, "/livez", 200, "text/plain",
		    "ok\n"); /* the next one is none the worse */
}

/* --- the log --------------------------------------------------------------------------------- */

/* From here on all that goes to standard error; what was there before is in old_r. */
static FILE *divert_stderr(int *old_r)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	*old_r = dup(STDERR_FILENO);
	assert_int_equal(dup2(fileno(file), STDERR_FILENO), STDERR_FILENO);
	return file;
}

/* What came since; returns its lines. */
static size_t restore_stderr(FILE *file, int old, char text_r[4096])
{
	size_t len, lines = 0;

	(void)fflush(stderr);
	assert_int_equal(dup2(old, STDERR_FILENO), STDERR_FILENO);
	close(old);
	rewind(file);
	len = fread(text_r, 1, 4095, file);
	text_r[len] = '\0';
	(void)fclose(file);
	for (const char *at = text_r; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

static void clients_cannot_fill_the_log(void **state)
{
	static const char *const texts[] = {
		"DELETE /livez HTTP/1.1\r\nHost: x\r\n\r\n",
		"x\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
		"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
	};
	struct world *world = *state;
	char text[4096];
	FILE *file;
	int old;

	open_with(world, NULL, collect);
	file = divert_stderr(&old);
	for (size_t i = 0; i < 20; i++)
		ask_with(world, &(struct request){.text = texts[i % 5]});
	assert_int_equal(restore_stderr(file, old, text), 1);
	assert_non_null(strstr(text, world->path));
}

static void log_one(struct http_log *log, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	http_log_line(log, format, arguments);
	va_end(arguments);
}

static void what_is_left_out_of_the_log_is_counted(void **state)
{
	struct http_log log = {.listen = "here"};
	char text[4096];
	FILE *file;
	int old;

	(void)state;
	file = divert_stderr(&old);
	for (int i = 0; i < 4; i++)
		log_one(&log, "bad %d\nmore\n", i);
	assert_true(log.next_ns > clock_monotonic_ns() + 50 * NS_PER_SEC);
	log.next_ns = 1;
	log_one(&log, "last\n");
	assert_int_equal(restore_stderr(file, old, text), 2);
	assert_non_null(strstr(text, "here: bad 0\n"));
	assert_non_null(strstr(text, "here: last (and 3 such lines before it)\n"));
	assert_int_equal(log.left_out, 0);
}

/* --- opening --------------------------------------------------------------------------------- */

static void errors_are_those_of_the_address(void **state)
{
	struct world *world = *state;
	struct http_config config = {.listen = "192.0.2.1:9", .context = world};
	struct http *second = NULL;
	struct error error = {0};

	assert_int_equal(http_open(world->loop, &config, &second, &error), -EINVAL);
	assert_null(second);
	open_with(world, NULL, collect);
	config.listen = world->path;
	assert_int_equal(http_open(world->loop, &config, &second, &error), -EADDRINUSE);
	assert_null(second);
	assert_int_equal(access(world->path, F_OK), 0); /* the first one's */
	expect_page(world, "/livez", 200, "text/plain", "ok\n");
}

#define scenario(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		scenario(each_page_is_there),
		scenario(openmetrics_is_for_those_who_ask_for_it),
		scenario(the_callers_pages_come_first),
		scenario(half_a_page_is_an_error),
		scenario(a_request_may_come_in_pieces),
		scenario(several_requests_may_come_at_once),
		scenario(silent_clients_are_given_up),
		scenario(idle_clients_are_dropped_for_others),
		scenario(each_may_stay_until_there_are_too_many),
		scenario(nothing_runs_while_nothing_happens),
		scenario(actions_go_by_path_and_method),
		scenario(an_action_that_fails_is_a_bad_request),
		scenario(a_body_is_thrown_away),
		scenario(nothing_but_get_is_answered),
		scenario(clients_cannot_fill_the_log),
		scenario(what_is_left_out_of_the_log_is_counted),
		scenario(errors_are_those_of_the_address),
	};

	return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
