/* SPDX-License-Identifier: MIT */
#include "priv/proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

const char *priv_role_name(enum priv_role role)
{
	static const char *const names[PRIV_ROLE_END] = {
		[PRIV_ROLE_MAIL_USER] = "mail_user",
		[PRIV_ROLE_AUTH] = "auth",
		[PRIV_ROLE_PROXY] = "proxy",
	};

	return role > 0 && role < PRIV_ROLE_END ? names[role] : "unknown";
}

const char *priv_refusal_name(enum priv_refusal refusal)
{
	static const char *const names[PRIV_REFUSAL_COUNT] = {
		[PRIV_REFUSAL_UNKNOWN_ABI] = "unknown_abi",
		[PRIV_REFUSAL_UNREADABLE] = "unreadable",
		[PRIV_REFUSAL_NO_FUNCTION] = "no_function",
		[PRIV_REFUSAL_FUSE] = "fuse",
		[PRIV_REFUSAL_ATTACH] = "attach",
		[PRIV_REFUSAL_LAYOUT_REFUSED] = "layout_refused",
	};

	return names[refusal];
}

int priv_send(int fd, const struct priv_message *message)
{
	ssize_t n;

	do
		n = send(fd, message, sizeof(*message), MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The other side may be hostile by now. */
static void terminate(struct priv_message *message)
{
	message->abi[sizeof(message->abi) - 1] = '\0';
	message->symbol[sizeof(message->symbol) - 1] = '\0';
	message->path[sizeof(message->path) - 1] = '\0';
	message->reason[sizeof(message->reason) - 1] = '\0';
}

int priv_receive(int fd, struct priv_message *message_r)
{
	struct priv_message message;
	ssize_t n;

	do
		n = recv(fd, &message, sizeof(message), MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -errno;
	if (n != (ssize_t)sizeof(message) || message.version != PRIV_PROTO_VERSION)
		return -EPROTO;
	terminate(&message);
	*message_r = message;
	return 1;
}
