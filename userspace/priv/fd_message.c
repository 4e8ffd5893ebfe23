/* SPDX-License-Identifier: MIT */
#include "priv/fd_message.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	char bytes[CMSG_SPACE(FD_MESSAGE_MAX * sizeof(int))];
	struct cmsghdr header;
};

int fd_message_send(int socket, const void *message, size_t size, const int *fds, size_t count)
{
	struct iovec text = {.iov_base = (void *)message, .iov_len = size};
	struct msghdr header = {.msg_iov = &text, .msg_iovlen = 1};
	union control control = {0};
	ssize_t n;

	assert(count <= FD_MESSAGE_MAX);
	if (count > 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, count * sizeof(int));
	}
	do
		n = sendmsg(socket, &header, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static size_t take_fds(struct msghdr *header, int fds_r[FD_MESSAGE_MAX])
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	size_t count;

	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds_r, CMSG_DATA(control), count * sizeof(int));
	return count;
}

int fd_message_receive(int socket, void *message_r, size_t size, int fds_r[FD_MESSAGE_MAX],
		       size_t *count_r)
{
	union control control;
	struct iovec text = {.iov_base = message_r, .iov_len = size};
	struct msghdr header = {
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	size_t count;
	ssize_t n;

	do
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -errno;
	count = take_fds(&header, fds_r);
	if ((size_t)n == size && !(header.msg_flags & MSG_CTRUNC)) {
		*count_r = count;
		return 1;
	}
	while (count > 0)
		close(fds_r[--count]);
	return -EPROTO;
}
