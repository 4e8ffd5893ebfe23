/* SPDX-License-Identifier: MIT */
/* The service manager's end of $NOTIFY_SOCKET (sd_notify(3)). */
#ifndef DOVETAP_SERVE_TEST_MANAGER_H
#define DOVETAP_SERVE_TEST_MANAGER_H

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../conf/folder.h"

static int manager_fd = -1;

static inline int manager_start(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (enter_folder(state) < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", folder);
	manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return bind(manager_fd, (struct sockaddr *)&address, sizeof(address));
}

static inline int manager_end(void **state)
{
	close(manager_fd);
	unsetenv("NOTIFY_SOCKET");
	return leave_folder(state);
}

/* The next message, and the descriptor that came with it (-1: none), which the caller closes. */
static inline const char *manager_hear(int *fd_r)
{
	static char text[1024];
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {text, sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(manager_fd, &message, MSG_DONTWAIT);
	const struct cmsghdr *header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;
	int fd = -1;

	text[n > 0 ? n : 0] = '\0';
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (fd_r)
		*fd_r = fd;
	else if (fd >= 0)
		close(fd);
	return text;
}

#endif
