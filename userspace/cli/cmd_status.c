/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/log.h"
#include "cli/cmds.h"
#include "serve/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define DEFAULT_CONTROL "/run/dovetap/control.sock"
#define ANSWER_MAX	(2U << 20)

struct status_options {
	const char *control;
	bool json;
};

enum { OPTION_CONTROL = 256 };

static const struct argp_option options[] = {
	{"control", OPTION_CONTROL, "SOCKET", 0,
	 "Where the collector answers (" DEFAULT_CONTROL ")", 0},
	{"json", 'j', NULL, 0, "Print JSON, not the Prometheus text", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct status_options *status = state->input;

	switch (key) {
	case OPTION_CONTROL:
		status->control = arg;
		return 0;
	case 'j':
		status->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Prints every counter of the running collector.",
};

static int ask(int fd, const char *path)
{
	return dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path) < 0 ? -errno : 0;
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

static int print_body(const struct buf *answer, const char *control, struct error *error_r)
{
	static const char ok[] = "HTTP/1.0 200 ", ok11[] = "HTTP/1.1 200 ", blank[] = "\r\n\r\n";
	const char *text = buf_str(answer), *body = strstr(text, blank);

	if (!body || (strncmp(text, ok, strlen(ok)) != 0 && strncmp(text, ok11, strlen(ok11)) != 0))
		return error_set(error_r, EPROTO, "%s: this is not dovetap's answer", control);
	return fputs(body + strlen(blank), stdout) < 0 ? error_set(error_r, EIO, "output: %m") : 0;
}

static int show(const struct status_options *status, struct error *error_r)
{
	struct buf answer;
	int fd = listen_connect(status->control, error_r), ret;

	if (fd < 0)
		return error_prefix(error_r, "no running collector answers");
	buf_init(&answer, ANSWER_MAX);
	ret = ask(fd, status->json ? "/status" : "/metrics");
	if (ret == 0)
		ret = read_all(fd, &answer);
	close(fd);
	ret = ret < 0 ? error_set(error_r, -ret, "%s: %s", status->control, strerror(-ret))
		      : print_body(&answer, status->control, error_r);
	buf_release(&answer);
	return ret;
}

int cmd_status(int argc, char **argv)
{
	struct status_options status = {.control = DEFAULT_CONTROL};
	struct error error = {0};

	argp_parse(&argp, argc, argv, 0, NULL, &status);
	if (show(&status, &error) == 0)
		return EX_OK;
	log_error("%s", error.text);
	return EX_UNAVAILABLE;
}
