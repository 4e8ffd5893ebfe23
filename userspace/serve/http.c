/* SPDX-License-Identifier: MIT */
#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "serve/accept.h"
#include "serve/connections.h"
#include "serve/http_log.h"
#include "serve/listen.h"

#define PAGE_MAX	(1U << 20)
#define TIMEOUT_SECONDS 10

struct http {
	struct http_config config;
	struct MHD_Daemon *daemon;
	struct connections connections;
	struct http_log log;
	struct security *security; /* NULL: all who reach it may ask */
	struct loop_watch *watch, *timer;
	char *path; /* of a unix socket, to be removed */
};

struct page {
	const char *path;
	const char *type;
	unsigned int (*make)(const struct http *http, struct buf *out); /* HTTP status */
};

static unsigned int make_metrics(const struct http *http, struct buf *out,
				 int (*print)(const struct metrics *, struct buf *))
{
	struct metrics metrics;
	int ret;

	metrics_init(&metrics);
	http->config.metrics_collect(&metrics, http->config.context);
	ret = print(&metrics, out);
	if (metrics.failed < 0)
		ret = metrics.failed;
	metrics_release(&metrics);
	return ret < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK;
}

static unsigned int make_prometheus(const struct http *http, struct buf *out)
{
	return make_metrics(http, out, metrics_print_prometheus);
}

static unsigned int make_openmetrics(const struct http *http, struct buf *out)
{
	return make_metrics(http, out, metrics_print_openmetrics);
}

static unsigned int make_status(const struct http *http, struct buf *out)
{
	return make_metrics(http, out, metrics_print_json);
}

static unsigned int make_summary(const struct http *http, struct buf *out)
{
	return http->config.summary(out, http->config.context) < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR
								   : MHD_HTTP_OK;
}

static unsigned int make_livez(const struct http *http, struct buf *out)
{
	(void)http;
	buf_append_str(out, "ok\n");
	return MHD_HTTP_OK;
}

static unsigned int make_readyz(const struct http *http, struct buf *out)
{
	bool ready = http->config.ready(http->config.context);

	buf_append_str(out, ready ? "ok\n" : "not ready\n");
	return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

static unsigned int make_not_found(const struct http *http, struct buf *out)
{
	(void)http;
	buf_append_str(out, "/metrics, /status, /summary, /livez, /readyz\n");
	return MHD_HTTP_NOT_FOUND;
}

static const struct page pages[] = {
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", make_prometheus},
	{"/status", "application/json", make_status},
	{"/summary", "text/plain; charset=utf-8", make_summary},
	{"/livez", "text/plain", make_livez},
	{"/readyz", "text/plain", make_readyz},
	{NULL, "text/plain", make_not_found},
};

/* /metrics, for those who ask for it. */
static const struct page openmetrics_page = {
	"/metrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", make_openmetrics};

static const struct page *find_page(const char *path, const char *accept)
{
	const struct page *page = pages;

	while (page->path && strcmp(page->path, path) != 0)
		page++;
	return page == pages && accept_openmetrics(accept) ? &openmetrics_page : page;
}

static const struct http_page *find_more(const struct http *http, const char *path)
{
	const struct http_page *page = http->config.more;

	while (page && page->path && strcmp(page->path, path) != 0)
		page++;
	return page && page->path ? page : NULL;
}

/* Returns the HTTP status and sets the type. */
static unsigned int make_page(const struct http *http, struct MHD_Connection *connection,
			      const char *path, struct buf *out, const char **type_r)
{
	const struct http_page *more = find_more(http, path);
	const struct page *page =
		find_page(path, MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							    MHD_HTTP_HEADER_ACCEPT));

	*type_r = more ? more->type : page->type;
	if (!more)
		return page->make(http, out);
	return more->make(out, http->config.context) < 0 ? MHD_HTTP_INTERNAL_SERVER_ERROR
							 : MHD_HTTP_OK;
}

static const struct http_action *find_action(const struct http *http, const char *path, bool post)
{
	const struct http_action *action = http->config.actions;

	while (action && action->path && (strcmp(action->path, path) != 0 || action->post != post))
		action++;
	return action && action->path ? action : NULL;
}

/* Percent signs of the argument are undone. */
static unsigned int run_action(const struct http *http, const struct http_action *action,
			       struct MHD_Connection *connection, struct buf *out)
{
	struct slice argument = {0};

	(void)MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "of", 2,
					    &argument.ptr, &argument.len);
	return action->run(argument, out, http->config.context) < 0 ? MHD_HTTP_BAD_REQUEST
								    : MHD_HTTP_OK;
}

static struct MHD_Response *make_response(const struct buf *body, const char *type)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body->len, (void *)(uintptr_t)buf_str(body), MHD_RESPMEM_MUST_COPY);

	if (!response)
		return NULL;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT);
	return response;
}

static enum MHD_Result queue(struct MHD_Connection *connection, unsigned int status,
			     struct MHD_Response *response)
{
	enum MHD_Result result = MHD_queue_response(connection, status, response);

	MHD_destroy_response(response);
	return result;
}

/* There is no page for them: not even whether it would be there. */
static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned int status)
{
	const struct buf nothing = {0};
	struct MHD_Response *response = make_response(&nothing, "text/plain");

	if (!response)
		return MHD_NO;
	if (status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Bearer realm=\"dovetap\"");
	return queue(connection, status, response);
}

static unsigned int refuse_role(const struct http *http, enum peer_role role, struct buf *out)
{
	if (role == PEER_OUTSIDER)
		buf_appendf(out, "only root and members of the group \"%s\" may ask dovetap\n",
			    http->config.readers);
	else
		buf_append_str(out, "only root may have this done\n");
	return MHD_HTTP_FORBIDDEN;
}

/* Returns the HTTP status and sets the type. */
static unsigned int make_answer(const struct http *http, struct MHD_Connection *connection,
				const struct http_action *action, const char *path, struct buf *out,
				const char **type_r)
{
	enum peer_role role = connections_role(&http->connections, connection);

	if (role < (action && !action->readers ? PEER_OWNER : PEER_READER))
		return refuse_role(http, role, out);
	return action ? run_action(http, action, connection, out)
		      : make_page(http, connection, path, out, type_r);
}

static enum MHD_Result answer(struct MHD_Connection *connection, const char *path, bool post,
			      const struct http *http)
{
	const struct http_action *action = find_action(http, path, post);
	struct MHD_Response *response;
	const char *type = "text/plain; charset=utf-8";
	unsigned int status;
	struct buf out;

	if (post && !action)
		return MHD_NO;
	buf_init(&out, PAGE_MAX);
	status = make_answer(http, connection, action, path, &out, &type);
	response = make_response(&out, type);
	buf_release(&out);
	return response ? queue(connection, status, response) : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *data_size, void **request)
{
	bool post = strcmp(method, MHD_HTTP_METHOD_POST) == 0;
	const struct http *http = context;
	unsigned int refused;

	(void)version;
	(void)data;
	if (!post && strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return MHD_NO;
	/* The first call is for the header alone. Whoever answers it there ends the connection. */
	if (!*request) {
		connections_used(&((struct http *)context)->connections, connection);
		*request = context;
		return MHD_YES;
	}
	if (*data_size > 0) { /* nobody wants a body */
		*data_size = 0;
		return MHD_YES;
	}
	refused = security_refuses(http->security, connection);
	return refused ? refuse(connection, refused) : answer(connection, url, post, http);
}

/* Its descriptor is not readable for a request that it has read already, nor when it is time to
 * give a silent client up: it sets a time to run again. */
static void on_turn(struct loop *loop, void *context)
{
	const struct http *http = context;
	MHD_UNSIGNED_LONG_LONG ms;

	(void)loop;
	(void)MHD_run(http->daemon);
	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
		loop_timer_set(http->timer, ms > 0 ? (int64_t)ms * NS_PER_MSEC : 1, 0);
	else
		loop_timer_set(http->timer, 0, 0);
}

static int watch(struct http *http, struct loop *loop, struct error *error_r)
{
	int fd = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	int ret = loop_add_timer(loop, on_turn, http, &http->timer, error_r);

	return ret < 0 ? ret : loop_add_fd(loop, fd, on_turn, http, &http->watch, error_r);
}

static int start(struct http *http, int fd, struct error *error_r)
{
	struct MHD_OptionItem options[SECURITY_OPTIONS];

	security_options(http->security, options);
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_ERROR_LOG | security_flags(http->security), 0, NULL, NULL,
		on_request, http, MHD_OPTION_EXTERNAL_LOGGER, http_log_line, &http->log,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_ARRAY, options,
		MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_ACCEPTED, MHD_OPTION_NOTIFY_CONNECTION,
		connections_notify, &http->connections, MHD_OPTION_CONNECTION_TIMEOUT,
		http->config.timeout_seconds, MHD_OPTION_END);
	if (http->daemon)
		return 0;
	close(fd);
	return error_set(error_r, EIO, "%s: cannot start the HTTP server", http->config.listen);
}

static int open_socket(const struct http_config *config, struct http *http, struct error *error_r)
{
	bool anywhere = config->security && security_is_complete(config->security);
	int ret = listen_check(config->listen, anywhere, error_r);

	if (ret == 0 && config->security)
		ret = security_new(config->security, &http->security, error_r);
	return ret < 0 ? ret : listen_open(config->listen, anywhere, error_r);
}

int http_open(struct loop *loop, const struct http_config *config, struct http **http_r,
	      struct error *error_r)
{
	struct http *http = calloc(1, sizeof(*http));
	int fd, ret;

	if (!http)
		return error_set(error_r, ENOMEM, "out of memory for the HTTP server");
	http->config = *config;
	http->log.listen = config->listen;
	if (http->config.timeout_seconds == 0)
		http->config.timeout_seconds = TIMEOUT_SECONDS;
	http->connections.by_group = config->readers != NULL;
	http->connections.readers = config->readers_gid;
	fd = open_socket(config, http, error_r);
	if (fd >= 0 && config->readers)
		(void)chmod(config->listen, 0666); /* outsiders learn why from us */
	ret = fd < 0 ? fd : start(http, fd, error_r);
	if (ret == 0 && config->listen[0] == '/')
		http->path = strdup(config->listen);
	if (ret == 0)
		ret = watch(http, loop, error_r);
	if (ret < 0)
		http_close(&http);
	else
		*http_r = http;
	return ret;
}

void http_close(struct http **http_p)
{
	struct http *http = *http_p;

	if (!http)
		return;
	loop_remove(&http->watch);
	loop_remove(&http->timer);
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	if (http->path)
		(void)unlink(http->path);
	security_free(&http->security);
	free(http->path);
	free(http);
	*http_p = NULL;
}
