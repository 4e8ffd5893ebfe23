/* SPDX-License-Identifier: MIT */
#include "priv/reload.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "priv/fd_message.h"

#define RELOAD_VERSION 1

enum type { RELOAD = 1, RELOADED };

struct message {
	uint32_t version, type;
	struct error error; /* code 0: a configuration goes with it */
};

static int send_message(int channel, enum type type, int fd, const struct error *error)
{
	struct message message = {.version = RELOAD_VERSION, .type = type};

	if (fd < 0 && error)
		message.error = *error;
	return fd_message_send(channel, &message, sizeof(message), &fd, fd >= 0);
}

static void close_all(const int *fds, size_t count)
{
	while (count > 0)
		close(fds[--count]);
}

static int receive_message(int channel, enum type type, struct message *message_r, int *fd_r)
{
	int fds[FD_MESSAGE_MAX];
	size_t count = 0, want;
	int ret = fd_message_receive(channel, message_r, sizeof(*message_r), fds, &count);

	if (ret <= 0)
		return ret < 0 ? ret : -EPIPE;
	message_r->error.text[sizeof(message_r->error.text) - 1] = '\0';
	want = message_r->error.code == 0;
	if (message_r->version != RELOAD_VERSION || message_r->type != type || count != want ||
	    message_r->error.code < 0) {
		close_all(fds, count);
		return -EPROTO;
	}
	*fd_r = want ? fds[0] : -1;
	return 0;
}

int reload_request(int channel, int configuration)
{
	return send_message(channel, RELOAD, configuration, NULL);
}

int reload_take_answer(int channel, struct error *error_r)
{
	struct message message;
	int fd, ret = receive_message(channel, RELOADED, &message, &fd);

	if (ret == -EAGAIN)
		return ret;
	if (ret == -EPIPE)
		return error_set(error_r, EPIPE, "the resolver ended without an answer");
	if (ret < 0)
		return error_set(error_r, -ret, "the resolver's answer: %s", strerror(-ret));
	return fd >= 0 ? fd : error_set(error_r, message.error.code, "%s", message.error.text);
}

int reload_take_request(int channel, struct error *error_r)
{
	struct message message;
	int fd = -1, ret = receive_message(channel, RELOAD, &message, &fd);

	if (ret == 0 && fd < 0)
		ret = -EPROTO;
	return ret < 0 ? error_set(error_r, -ret, "no request of the attacher: %s", strerror(-ret))
		       : fd;
}

int reload_answer(int channel, int configuration, const struct error *error)
{
	return send_message(channel, RELOADED, configuration, error);
}
