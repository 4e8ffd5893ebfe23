/* SPDX-License-Identifier: MIT */
#include "cli/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "conf/config.h"
#include "conf/parse.h"
#include "serve/listen.h"

#define ANSWER_SECONDS 10

static int take_setting(const struct config *config, const char *path, const char **control_r,
			struct error *error_r)
{
	if (!config->settings.control_socket[0])
		return error_set(error_r, EINVAL,
				 "%s: control_socket is empty: no collector answers", path);
	*control_r = strdup(config->settings.control_socket);
	return *control_r ? 0 : error_set(error_r, ENOMEM, "out of memory");
}

/* Nothing else of the configuration matters, so nothing else can be wrong with it. */
static int read_control(const char *path, const char **control_r, struct error *error_r)
{
	struct config config = {.command_line = conf_new()};
	int ret = config.command_line ? conf_parse_file(path, 0, &config.own, error_r)
				      : error_set(error_r, ENOMEM, "out of memory");

	if (ret == 0)
		ret = config_read_settings(&config, error_r);
	if (ret == 0)
		ret = take_setting(&config, path, control_r, error_r);
	config_release(&config);
	return ret;
}

int control_find(const char *given, const char *config, const char **control_r,
		 struct error *error_r)
{
	struct error error;
	int ret;

	*control_r = given ? given : CONTROL_DEFAULT;
	if (given)
		return 0;
	ret = read_control(config ? config : CONFIG_DEFAULT_PATH, control_r, &error);
	if (ret == 0 || (!config && (ret == -ENOENT || ret == -EACCES)))
		return 0;
	*error_r = error;
	return ret;
}

static int ask(int fd, bool post, const char *page)
{
	return dprintf(fd, "%s %s HTTP/1.0\r\nHost: localhost\r\n%s\r\n", post ? "POST" : "GET",
		       page, post ? "Content-Length: 0\r\n" : "") < 0
		       ? -errno
		       : 0;
}

/* HTTP/1.0: the answer ends with the connection. */
static int read_all(int fd, struct buf *answer)
{
	char piece[4096];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) > 0)
		buf_append(answer, piece, (size_t)got);
	return got < 0 ? -errno : answer->failed;
}

static bool has_status(const char *text, const char *status)
{
	return (strncmp(text, "HTTP/1.0 ", 9) == 0 || strncmp(text, "HTTP/1.1 ", 9) == 0) &&
	       strncmp(text + 9, status, 3) == 0 && text[12] == ' ';
}

static int take_body(struct buf *answer, const char *control, struct buf *out,
		     struct error *error_r)
{
	static const char blank[] = "\r\n\r\n";
	const char *text = buf_str(answer), *body = strstr(text, blank);

	if (body && has_status(text, "403")) {
		body += strlen(blank);
		return error_set(error_r, EACCES, "%s: %.*s", control, (int)strcspn(body, "\n"),
				 body);
	}
	if (!body || !has_status(text, "200"))
		return error_set(error_r, EPROTO, "%s: this is not dovetap's answer", control);
	buf_append_str(out, body + strlen(blank));
	return out->failed ? error_set(error_r, ENOMEM, "out of memory") : 0;
}

/* A collector that does not get on is no reason to wait for ever. */
static void limit_waiting(int fd)
{
	const struct timeval time = {.tv_sec = ANSWER_SECONDS};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

static int request(const char *control, bool post, const char *page, struct buf *out,
		   struct error *error_r)
{
	int fd = listen_connect(control, error_r), ret;
	struct buf answer;

	if (fd == -EACCES)
		return error_set(error_r, EACCES, "%s: only root may ask this dovetap", control);
	if (fd < 0)
		return error_prefix(error_r, "no running collector answers");
	limit_waiting(fd);
	buf_init(&answer, CONTROL_ANSWER_MAX);
	ret = ask(fd, post, page);
	if (ret == 0)
		ret = read_all(fd, &answer);
	close(fd);
	ret = ret < 0 ? error_set(error_r, -ret, "%s: %s", control, strerror(-ret))
		      : take_body(&answer, control, out, error_r);
	buf_release(&answer);
	return ret;
}

int control_get(const char *control, const char *page, struct buf *out, struct error *error_r)
{
	return request(control, false, page, out, error_r);
}

int control_act(const char *control, bool post, const char *action, struct slice argument,
		struct buf *out, struct error *error_r)
{
	struct buf page;
	int ret;

	buf_init(&page, CONTROL_ANSWER_MAX);
	buf_appendf(&page, "%s?of=", action);
	for (size_t i = 0; i < argument.len; i++)
		buf_appendf(&page, "%%%02x", (unsigned char)argument.ptr[i]);
	ret = page.failed < 0 ? error_set(error_r, -page.failed, "the argument is too long")
			      : request(control, post, buf_str(&page), out, error_r);
	buf_release(&page);
	return ret;
}

int control_status(int ret)
{
	if (ret == -EACCES)
		return EX_NOPERM;
	return ret == -EAGAIN ? EX_TEMPFAIL : ask_status(ret);
}

double control_metric(const struct buf *text, const char *name, double fallback)
{
	size_t len = strlen(name);

	for (const char *line = buf_str(text); line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, name, len) == 0 && line[len] == ' ')
			return strtod(line + len, NULL);
	}
	return fallback;
}
